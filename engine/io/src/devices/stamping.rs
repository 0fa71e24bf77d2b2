//! When callbacks come, on one clock for all devices of a session.
//!
//! Not when their frames are in the air, though cpal has a latency for that. Corrected by it, stamps of
//! playback lie nearer to a straight line and those of capture further off, on `PulseAudio`, where cpal
//! asks the server in between and counts on from the last answer: 0.08 → 0.04 and 0.12 → 0.21 ms rms at
//! 256 frames, 0.08 → 0.03 and 0.07 → 0.14 at 1,024 (medians of lines of two seconds, a machine that does
//! nothing else). On JACK both are better (0.09 → 0.03, 0.04 → 0.03), and there the clock is one. The
//! lines average any of it away; what a queue in the server holds is steady, and a correction that jumps
//! with the answers is not. `cargo test -p retake-io --test stamps -- --ignored --nocapture` prints it.

use std::time::{Duration, Instant};

use cpal::StreamInstant;

/// The clock that callbacks are stamped with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stamping {
    /// The system's monotonic clock, from the session's epoch on: every host can be compared on it.
    Wall(Instant),
    /// The virtual card's own: on the fast clock the system's says nothing.
    Card,
}

impl Stamping {
    /// Nanoseconds at this moment, in a callback that says it came at `callback`.
    ///
    /// # Real time
    /// Reads the monotonic clock at most.
    pub(super) fn now_ns(self, callback: StreamInstant) -> u64 {
        let since = match self {
            Self::Wall(epoch) => epoch.elapsed(),
            Self::Card => callback.duration_since(StreamInstant::ZERO),
        };
        nanos(since)
    }
}

/// A duration in whole nanoseconds.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
