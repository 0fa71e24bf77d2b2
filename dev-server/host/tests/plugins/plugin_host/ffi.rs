//! An allocator that notes the heap calls of the thread `audio`: a byte each, in a file that the test
//! which started this process has made, or nowhere.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait, and must not allocate itself")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io::Write,
};

struct Noting;

#[global_allocator]
static NOTING: Noting = Noting;

fn note() {
    let mut name = [0_u8; 16];
    // SAFETY: the name of a thread has at most 16 bytes.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    if !name.starts_with(b"audio\0") {
        return;
    }
    let mut path = [0_u8; 64];
    let _ = write!(&mut path[..63], "/tmp/retake-heap-{}", std::os::unix::process::parent_id());
    // SAFETY: a text that ends with a zero.
    let file = unsafe { libc::open(path.as_ptr().cast(), libc::O_WRONLY | libc::O_APPEND) };
    // SAFETY: one byte that lives; a bad descriptor is an error.
    unsafe { libc::write(file, b"x".as_ptr().cast(), 1) };
    // SAFETY: as above.
    unsafe { libc::close(file) };
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}
