//! From a save to a finished build: which files count, what is a change, when to build.
//!
//! The `watch` thread owns the notify watcher, the content hashes and the save policy, and drives
//! the `build` thread. Control holds a [`Rebuilder`] and receives [`LoopEvent`]s. Nothing here
//! loads or plays what was built.

mod contents;
mod policy;
mod rebuilder;
mod scope;
mod signal;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use policy::{Action, Policy};
pub use rebuilder::Rebuilder;

use crate::build::BuildOutcome;

/// What the `watch` thread tells control, in this order for each build: `Changed` (any number),
/// `BuildStarted`, `BuildFinished` or `BuildCancelled`.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoopEvent {
    /// The content of these files changed.
    Changed {
        /// Absolute paths.
        files: Vec<PathBuf>,
        /// When the system told of the first of them.
        detected_at: Instant,
    },
    /// Cargo or the command runs. Not sent for a library that someone else builds.
    BuildStarted {
        /// What changed since the last build began; empty for the first and for a requested one.
        files: Vec<PathBuf>,
    },
    /// A line of progress for people, such as `Compiling foo v0.1.0`.
    Progress(String),
    /// The build ended by itself: `Built` or `Failed`.
    BuildFinished {
        /// What there is to load, or why there is nothing.
        outcome: BuildOutcome,
        /// How long the way here took.
        timing: Timing,
    },
    /// A newer save killed the build; another one follows.
    BuildCancelled,
    /// The system's watcher failed; saves may go unseen until a rebuild is asked for.
    WatchFailed(String),
}

/// The share of watching and building in the time from save to sound.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The save (its first event), or the request, that this build answers.
    pub detected_at: Instant,
    /// From there to the start of the child.
    pub detect: Duration,
    /// From the start of the child to its end.
    pub build: Duration,
}
