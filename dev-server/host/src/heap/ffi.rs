//! The one setting of glibc's heap.
#![allow(unsafe_code, reason = "the setting is C")]

/// From so many bytes on a piece is a mapping of its own; elsewhere than in glibc nothing.
pub(super) fn set_large(n_bytes: i32) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: takes two numbers; the heap locks itself.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, n_bytes)
    };
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = n_bytes;
}
