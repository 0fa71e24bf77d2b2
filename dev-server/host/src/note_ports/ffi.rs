//! The host's side of `clap.note-ports`.
//!
//! clack 0.2.0 has one, but hands out the address of a pointer to its table instead of the
//! table's: a plugin that calls it jumps into data.
#![allow(unsafe_code, reason = "functions that C calls")]

use std::ffi::{CStr, c_void};

use clack_extensions::note_ports::{NoteDialects, NotePortRescanFlags};
use clack_host::extensions::prelude::*;

use crate::{callbacks::Host, wishes::Wish};

#[repr(C)]
#[derive(Clone, Copy)]
struct RawHost {
    supported_dialects: unsafe extern "C" fn(*const c_void) -> u32,
    rescan: unsafe extern "C" fn(*const c_void, u32),
}

/// The host's side of the extension.
#[derive(Clone, Copy)]
pub(crate) struct HostNotePorts(
    #[expect(dead_code, reason = "the host never calls itself")]
    RawExtension<HostExtensionSide, RawHost>,
);

// SAFETY: the identifier is CLAP's, and `RawHost` is its `clap_host_note_ports`.
unsafe impl Extension for HostNotePorts {
    const IDENTIFIERS: &[&CStr] = &[c"clap.note-ports"];
    type ExtensionSide = HostExtensionSide;

    unsafe fn from_raw(raw: RawExtension<HostExtensionSide>) -> Self {
        // SAFETY: the caller promises that the pointer is of this extension.
        Self(unsafe { raw.cast() })
    }
}

// SAFETY: `RawHost` is what the identifier stands for.
unsafe impl ExtensionImplementation<Host> for HostNotePorts {
    const IMPLEMENTATION: RawExtensionImplementation =
        RawExtensionImplementation::new(&RawHost { supported_dialects, rescan });
}

unsafe extern "C" fn supported_dialects(_: *const c_void) -> u32 {
    (NoteDialects::CLAP | NoteDialects::MIDI).bits()
}

unsafe extern "C" fn rescan(host: *const c_void, flags: u32) {
    let only_names = flags & !NotePortRescanFlags::NAMES.bits() == 0;
    let ask = |host: &HostWrapper<Host>| {
        if !only_names {
            host.shared().0.ask_on_main(Wish::NotePortRescan);
        }
        Ok(())
    };
    // SAFETY: the plugin gives the host it was given.
    let _ = unsafe { HostWrapper::<Host>::handle(host.cast(), ask) };
}
