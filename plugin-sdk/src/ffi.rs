//! What clack leaves of C: the three functions behind the library's one symbol, and the number of
//! the calling thread.

#![allow(unsafe_code, reason = "CLAP is a C interface, and so is the system's thread number")]

use std::ffi::{CStr, c_char, c_void};

use clack_plugin::entry::{EntryDescriptor, EntryHolder, EntryLoadError};
use clack_plugin::utils::ClapVersion;

use crate::clap::{LibraryEntry, Registration};
use crate::export::Exported;

/// A library holds one plugin, so one place is enough.
static HOLDER: EntryHolder<LibraryEntry> = EntryHolder::new();

type Open = fn(Option<&CStr>) -> Result<LibraryEntry, EntryLoadError>;

/// The value of the symbol `clap_entry`.
#[must_use]
pub const fn entry<P: Exported>() -> EntryDescriptor {
    EntryDescriptor {
        clap_version: ClapVersion::CURRENT.to_raw(),
        init: Some(init::<P>),
        deinit: Some(deinit),
        get_factory: Some(get_factory::<P>),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clack asks for this form; opening cannot fail")]
fn open<P: Exported>(_path: Option<&CStr>) -> Result<LibraryEntry, EntryLoadError> {
    Ok(LibraryEntry::new(Registration::of::<P>(P::VERSION)))
}

unsafe extern "C" fn init<P: Exported>(path: *const c_char) -> bool {
    // SAFETY: CLAP has the host pass a valid path that ends with NUL.
    unsafe { init_with(path, open::<P>) }
}

unsafe extern "C" fn get_factory<P: Exported>(identifier: *const c_char) -> *const c_void {
    // SAFETY: CLAP has the host pass a valid identifier that ends with NUL, after `init`.
    unsafe { get_factory_with(identifier, open::<P>) }
}

unsafe extern "C" fn deinit() {
    // SAFETY: CLAP has the host call this last, once per successful `init`.
    unsafe { HOLDER.de_init() }
}

unsafe fn init_with(path: *const c_char, open: Open) -> bool {
    if path.is_null() {
        return false;
    }
    // SAFETY: the caller has promised a string that ends with NUL.
    unsafe { HOLDER.init_with(path, open) }
}

unsafe fn get_factory_with(identifier: *const c_char, open: Open) -> *const c_void {
    // SAFETY: the caller has promised a string that ends with NUL; null is answered with null.
    unsafe { HOLDER.get_factory_with(identifier, open) }
}

/// A number that no other living thread has; never 0.
///
/// # Real time
///
/// Reads a register: no call of the system, no thread-local of ours.
pub(crate) fn thread_number() -> usize {
    #[cfg(unix)]
    unsafe extern "C" {
        safe fn pthread_self() -> usize;
    }
    #[cfg(unix)]
    return pthread_self();

    #[cfg(windows)]
    unsafe extern "system" {
        safe fn GetCurrentThreadId() -> u32;
    }
    #[cfg(windows)]
    return GetCurrentThreadId() as usize;
}
