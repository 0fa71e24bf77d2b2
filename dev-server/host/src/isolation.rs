//! A plugin in a process of its own: nothing that it does there stops the sound here.
//!
//! ```text
//! server                                         retake plugin-host (one per generation)
//!   audio thread ── IsolatedProcessor ══ ring of blocks (shared memory) ══ audio ── plugin
//!                                      (two futexes)
//!   plugin-g ── asks ▶ ───────────── socket ─────────────── leash ── asks ▶ main: Life, the
//!            ◀ news ── watch ◀──────────────────────────────────── news ◀── plugin's main thread
//! ```
//!
//! The child lives the same `Life` (`thread.rs`) as a thread in the server would; what differs is
//! only how asks come, how news go, and who holds the processor.
//!
//! # Order of ends
//!
//! Given back: `plugin-g` posts a halt behind the last block, the child's audio thread hands its
//! processor to the child's main thread, which takes the plugin apart, says so and ends.
//! A child that dies before: `watch` sees it by its process descriptor, marks the ring and wakes
//! the audio thread, which says [`Outcome::Gone`](retake_engine::Outcome::Gone) within that block;
//! then [`News::Crashed`](crate::News::Crashed) and [`News::Gone`](crate::News::Gone). A child
//! that hangs is ended first. A server that dies: the child's `leash` reads the end of the socket and
//! ends the process with all that it started. The library and all shared memory are memory files
//! without a name: the system frees them with their last user, however that one ends.

#[cfg(target_os = "linux")]
mod audio;
#[cfg(target_os = "linux")]
mod block_ring;
#[cfg(target_os = "linux")]
mod board;
#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod ffi;
#[cfg(target_os = "linux")]
mod link;
#[cfg(target_os = "linux")]
mod priority;
#[cfg(target_os = "linux")]
mod probe_words;
#[cfg(target_os = "linux")]
mod processor;
#[cfg(target_os = "linux")]
mod proxy;
#[cfg(target_os = "linux")]
mod shm;
#[cfg(target_os = "linux")]
mod watch;
#[cfg(target_os = "linux")]
mod wire;
#[cfg(target_os = "linux")]
mod words;

#[cfg(target_os = "linux")]
pub use child::plugin_host_main;
#[cfg(target_os = "linux")]
pub use processor::IsolatedProcessor;

#[cfg(target_os = "linux")]
pub(crate) use {
    board::Board,
    link::Link,
    proxy::{Mail, spawn},
};

/// Where a plugin's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// In the server: the least cost, and debuggers see it; a plugin that crashes ends all.
    #[default]
    InProcess,
    /// In a process of its own, on Linux; elsewhere that is refused.
    Process,
}

/// How long a block of an isolated plugin is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patience {
    /// Half as long as it sounds: on the clock of a device.
    #[default]
    HalfBlock,
    /// Ten seconds: on a clock that waits itself.
    Watchdog,
}
