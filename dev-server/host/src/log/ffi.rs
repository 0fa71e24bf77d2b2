//! The host's side of `clap.log`.
//!
//! clack's own reads whatever pointer it is given to its end, and allocates for what is no UTF-8,
//! on whichever thread.
#![allow(unsafe_code, reason = "a function that C calls with pointers of its own")]

use std::{
    ffi::{CStr, c_char, c_void},
    slice,
};

use clack_extensions::log::LogSeverity;
use clack_host::extensions::prelude::*;

use crate::{audit, callbacks::Host, log::LINE_BYTES};

#[repr(C)]
#[derive(Clone, Copy)]
struct RawHost {
    log: unsafe extern "C" fn(*const c_void, i32, *const c_char),
}

/// The host's side of the extension.
#[derive(Clone, Copy)]
pub(crate) struct HostLog(
    #[expect(dead_code, reason = "the host never calls itself")]
    RawExtension<HostExtensionSide, RawHost>,
);

// SAFETY: the identifier is CLAP's, and `RawHost` is its `clap_host_log`.
unsafe impl Extension for HostLog {
    const IDENTIFIERS: &[&CStr] = &[c"clap.log"];
    type ExtensionSide = HostExtensionSide;

    unsafe fn from_raw(raw: RawExtension<HostExtensionSide>) -> Self {
        // SAFETY: the caller promises that the pointer is of this extension.
        Self(unsafe { raw.cast() })
    }
}

// SAFETY: `RawHost` is what the identifier stands for.
unsafe impl ExtensionImplementation<Host> for HostLog {
    const IMPLEMENTATION: RawExtensionImplementation =
        RawExtensionImplementation::new(&RawHost { log });
}

unsafe extern "C" fn log(host: *const c_void, severity: i32, message: *const c_char) {
    if message.is_null() {
        return;
    }
    // SAFETY: not null, and each byte is read only if the one before it was not the end.
    let is_end = |n: &usize| unsafe { message.wrapping_add(*n).read() } == 0;
    let len = (0..LINE_BYTES).find(is_end).unwrap_or(LINE_BYTES);
    // SAFETY: so many bytes were read just now.
    let message = unsafe { slice::from_raw_parts(message.cast::<u8>(), len) };
    let severity = LogSeverity::from_raw(severity).unwrap_or(LogSeverity::Warning);
    let take = |host: &HostWrapper<Host>| {
        host.shared().0.log(severity, message);
        Ok(())
    };
    // SAFETY: the plugin gives the host it was given.
    let _ = audit::as_host(|| unsafe { HostWrapper::<Host>::handle(host.cast(), take) });
}
