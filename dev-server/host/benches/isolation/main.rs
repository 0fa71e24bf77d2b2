//! What a block costs in process and in a process of its own: a gain, stereo, paced as a device
//! paces it.
//!
//! `cargo bench -p retake-host`; with `-- FRAMES SECONDS` other blocks, another length.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench reports, and one that cannot go on has failed"
)]

#[cfg(target_os = "linux")]
mod linux;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}
