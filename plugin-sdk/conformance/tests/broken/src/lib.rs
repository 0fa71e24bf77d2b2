//! A sound plugin – gain, sign, one echo, a hum for each held key – and one fault at a time.
//!
//! The environment variable `RETAKE_BROKEN` names the fault; without it the plugin is right in
//! all things. It is written against the C interface, because a wrapper would not let it be wrong.

mod audio;
mod entry;
mod extensions;
mod instance;
mod notes;
mod params;
mod state;

use std::sync::OnceLock;

/// Whether the plugin has this fault.
pub(crate) fn broken(fault: &str) -> bool {
    static FAULT: OnceLock<String> = OnceLock::new();
    FAULT.get_or_init(|| std::env::var("RETAKE_BROKEN").unwrap_or_default()) == fault
}

/// Copies a text into one of CLAP's arrays.
pub(crate) fn put(array: &mut [std::ffi::c_char], text: &str) {
    array.fill(0);
    for (place, byte) in array.iter_mut().zip(text.bytes()) {
        *place = byte as std::ffi::c_char;
    }
}
