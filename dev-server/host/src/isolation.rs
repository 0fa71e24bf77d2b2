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
//! A child that crashes marks the board as the first act of its signal handler; one that ends in
//! another way is seen by `watch`, by its process descriptor, which marks the board too. That wakes
//! the audio thread, which says [`Outcome::Gone`](retake_engine::Outcome::Gone) within that block;
//! then [`News::Crashed`](crate::News::Crashed) and [`News::Gone`](crate::News::Gone). A child
//! that hangs is ended first. A server that dies: the child's `leash` reads the end of the socket and
//! ends the process with all that it started. The library and all shared memory are memory files
//! without a name: the system frees them with their last user, however that one ends.

mod audio;
mod block_ring;
mod board;
mod child;
mod ffi;
mod link;
mod priority;
mod probe_words;
mod processor;
mod proxy;
mod shm;
mod watch;
mod wire;
mod words;

pub use child::plugin_host_main;
pub use processor::IsolatedProcessor;

pub(crate) use {
    board::Board,
    link::Link,
    proxy::{Mail, spawn},
};
