//! Words in a file that two processes map.
#![allow(unsafe_code, clippy::unwrap_used, reason = "memory between processes is C; a test's")]

use std::{fs::File, os::fd::AsRawFd, path::Path, ptr};

use retake_host::audit::LastWords;

/// The words in that file, until this process ends.
pub(crate) fn words(path: &Path) -> &'static LastWords {
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
    let file = file.unwrap();
    let size = size_of::<LastWords>();
    file.set_len(size as u64).unwrap();
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping of a file that is long enough.
    let memory =
        unsafe { libc::mmap(ptr::null_mut(), size, access, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    // SAFETY: mapped for good, aligned to a page, and all zero or written by `LastWords` itself.
    unsafe { &*memory.cast::<LastWords>() }
}
