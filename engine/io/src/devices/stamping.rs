//! When callbacks come, on one clock for all devices of a session.

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
