//! The list that a plugin pushes its events to: clack's own trusts the pointer it is given.
#![allow(unsafe_code, reason = "a function that C calls with pointers of its own")]

use std::{ffi::c_void, ptr};

use clack_host::events::{UnknownEvent, io::OutputEvents};

use crate::events::Heard;

/// As CLAP defines `clap_output_events`.
#[repr(C)]
struct RawList {
    heard: *mut c_void,
    try_push: Option<unsafe extern "C" fn(*const RawList, *const RawHeader) -> bool>,
}

/// As CLAP defines `clap_event_header`.
#[repr(C)]
struct RawHeader {
    size: u32,
    time: u32,
    space_id: u16,
    kind: u16,
    flags: u32,
}

/// Runs `process` with a list that pushes into `heard`.
///
/// # Real time
/// Nothing but moves.
pub(crate) fn listening<T>(
    heard: &mut Heard<'_>,
    process: impl FnOnce(&mut OutputEvents<'_>) -> T,
) -> T {
    let mut list = RawList { heard: ptr::from_mut(heard).cast(), try_push: Some(try_push) };
    let list = (&raw mut list).cast();
    // SAFETY: `RawList` has the layout of `clap_output_events` and lives until this returns.
    let list = unsafe { &mut *list };
    // SAFETY: it stays valid as long as `process` has it.
    process(unsafe { OutputEvents::from_raw_mut(list) })
}

unsafe extern "C" fn try_push(list: *const RawList, event: *const RawHeader) -> bool {
    // SAFETY: the plugin gives the list it was given, or null.
    let Some(list) = (unsafe { list.as_ref() }) else {
        return false;
    };
    // SAFETY: `listening` put a `Heard` there that nobody else uses while the plugin processes.
    let Some(heard) = (unsafe { list.heard.cast::<Heard<'_>>().as_mut() }) else {
        return false;
    };
    if !event.is_aligned() {
        return heard.push(None);
    }
    // SAFETY: null, or an event by CLAP.
    let header = unsafe { event.as_ref() };
    let is_whole = header.is_some_and(|header| header.size as usize >= size_of::<RawHeader>());
    // SAFETY: not null, and as many bytes as its own size says, which CLAP promises.
    let event = is_whole.then(|| unsafe { UnknownEvent::from_raw(event.cast()) });
    heard.push(event)
}
