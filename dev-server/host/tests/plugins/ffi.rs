//! What a plugin must not do, done.
#![allow(unsafe_code, reason = "that is the point")]

/// Uses memory that is not there.
pub(crate) fn segfault() {
    let nowhere = std::ptr::without_provenance_mut::<u8>(8);
    // SAFETY: none; the process ends here.
    unsafe { nowhere.write_volatile(1) };
}

/// Closes all descriptors of the process beyond the first three.
#[cfg(target_os = "linux")]
pub(crate) fn close_all() {
    // SAFETY: none; they belong to others.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
}

/// Ends the process without any ceremony.
#[cfg(target_os = "linux")]
pub(crate) fn exit_now(code: i32) {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) };
}
