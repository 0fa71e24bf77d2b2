//! The heap of this program and of the plugins in it.

mod ffi;

/// From this size on a piece of memory is a mapping of its own: glibc's own value to begin with.
const LARGE_BYTES: i32 = 128 << 10;

/// Has every large piece of memory go back to the system when it is freed; `main` calls it first.
///
/// By itself glibc takes the first large piece that is freed as a sign that there will be more, and
/// from then on cuts them out of pools that each thread has and that never shrink. A generation is
/// such pieces, on threads of its own: its library's bytes, its buffers, the past that it hears.
pub fn give_back_large() {
    ffi::set_large(LARGE_BYTES);
}
