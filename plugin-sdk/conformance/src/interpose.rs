//! Counts what a plugin asks of the heap while it processes: this program's own `malloc` stands
//! before the system's, for every library that is loaded after it.
//!
//! Only with glibc, which keeps its own functions under a second name. Elsewhere nothing is
//! counted, and [`SUPPORTED`] says so.

#![allow(unsafe_code, reason = "an allocator's symbols are C functions on raw memory")]

use std::cell::Cell;

/// Whether heap calls are counted on this system.
pub(crate) const SUPPORTED: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// Counts the heap calls of this thread while `work` runs.
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = CALLS.get();
    ARMED.set(true);
    let done = work();
    ARMED.set(false);
    (done, CALLS.get() - before)
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod symbols {
    use super::{ARMED, CALLS};
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn __libc_malloc(size: usize) -> *mut c_void;
        fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
        fn __libc_realloc(place: *mut c_void, size: usize) -> *mut c_void;
        fn __libc_free(place: *mut c_void);
        fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
    }

    fn count() {
        if ARMED.get() {
            CALLS.set(CALLS.get() + 1);
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
        count();
        // SAFETY: passed on as it came.
        unsafe { __libc_malloc(size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn calloc(count_of: usize, size: usize) -> *mut c_void {
        count();
        // SAFETY: passed on as it came.
        unsafe { __libc_calloc(count_of, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(place: *mut c_void, size: usize) -> *mut c_void {
        count();
        // SAFETY: passed on as it came.
        unsafe { __libc_realloc(place, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(place: *mut c_void) {
        count();
        // SAFETY: passed on as it came.
        unsafe { __libc_free(place) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
        count();
        // SAFETY: passed on as it came.
        unsafe { __libc_memalign(align, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
        const NO_MEMORY: c_int = 12;
        count();
        // SAFETY: passed on as it came.
        let place = unsafe { __libc_memalign(align, size) };
        if place.is_null() {
            return NO_MEMORY;
        }
        // SAFETY: the caller gives a place for the result.
        unsafe { out.write(place) };
        0
    }
}
