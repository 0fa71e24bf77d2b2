//! The two lists of events as C sees them.

#![allow(unsafe_code, reason = "CLAP is a C interface")]

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

use clap_sys::events::{clap_event_header, clap_input_events, clap_output_events};

use super::Event;

/// Events for one call.
pub(crate) struct Input<'e> {
    raw: clap_input_events,
    events: PhantomData<&'e [Event]>,
}

impl<'e> Input<'e> {
    pub(crate) fn new(events: &'e &'e [Event]) -> Self {
        let ctx = ptr::from_ref(events).cast_mut().cast::<c_void>();
        let raw = clap_input_events { ctx, size: Some(size), get: Some(get) };
        Self { raw, events: PhantomData }
    }

    pub(crate) fn raw(&self) -> *const clap_input_events {
        &raw const self.raw
    }
}

/// The slice behind an input list.
///
/// # Safety
///
/// The list is one of [`Input`]'s.
unsafe fn events_of<'e>(list: *const clap_input_events) -> &'e [Event] {
    // SAFETY: the caller passes the list that it was given.
    let list = unsafe { &*list };
    // SAFETY: `Input::new` has put a borrowed slice there.
    unsafe { *list.ctx.cast::<&[Event]>() }
}

unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
    // SAFETY: the plugin passes the list that it was given.
    u32::try_from(unsafe { events_of(list) }.len()).unwrap_or(u32::MAX)
}

unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: the plugin passes the list that it was given.
    let events = unsafe { events_of(list) };
    events.get(index as usize).map_or(ptr::null(), Event::raw)
}

/// The header of an event that a plugin has sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) time: u32,
    pub(crate) size: u32,
    pub(crate) space: u16,
    pub(crate) kind: u16,
}

/// Room for what a plugin sends in one call; beyond it, `try_push` says no. Never allocates after
/// it was made.
#[derive(Debug)]
pub(crate) struct Output {
    sent: Vec<Sent>,
}

impl Output {
    pub(crate) const CAPACITY: usize = 4096;

    pub(crate) fn new() -> Self {
        Self { sent: Vec::with_capacity(Self::CAPACITY) }
    }

    pub(crate) fn sent(&self) -> &[Sent] {
        &self.sent
    }

    pub(crate) fn clear(&mut self) {
        self.sent.clear();
    }

    pub(crate) fn raw(&mut self) -> clap_output_events {
        let ctx = ptr::from_mut(self).cast::<c_void>();
        clap_output_events { ctx, try_push: Some(try_push) }
    }
}

unsafe extern "C" fn try_push(
    list: *const clap_output_events,
    event: *const clap_event_header,
) -> bool {
    // SAFETY: the plugin passes the list that it was given.
    let list = unsafe { &*list };
    // SAFETY: `Output::raw` has put itself there.
    let output = unsafe { &mut *list.ctx.cast::<Output>() };
    // SAFETY: an event begins with its header.
    let Some(header) = (unsafe { event.as_ref() }) else {
        return false;
    };
    if output.sent.len() == Output::CAPACITY {
        return false;
    }
    output.sent.push(Sent {
        time: header.time,
        size: header.size,
        space: header.space_id,
        kind: header.type_,
    });
    true
}
