//! Counters that the audio threads bump and everyone may read. Every loss has one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::{drift::DriftFigures, load::LoadMeter};

/// One counter: bumped and read by any thread.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    ///
    /// # Real time
    /// One relaxed atomic operation; none when there is nothing to add.
    pub fn add(&self, n: u64) {
        if n > 0 {
            self.0.fetch_add(n, Relaxed);
        }
    }

    /// Shows `n` from now on (for levels such as a fill, not for losses).
    pub fn set(&self, n: u64) {
        self.0.store(n, Relaxed);
    }

    /// The value now.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// What the engine and its drivers know of their own health. Shared by `Arc`; lives as long as
/// the session, across stream rebuilds.
#[derive(Debug, Default)]
pub struct Probe {
    /// Frames rendered: the engine's clock.
    pub frames: Counter,
    /// Playback callbacks served.
    pub callbacks: Counter,
    /// Times the input ring ran dry after priming; a dry spell counts once.
    pub underruns: Counter,
    /// Times the input ring was full when the capture callback came.
    pub overruns: Counter,
    /// Playback callbacks that came after the device must have run dry: gaps that were heard, of a
    /// length that nobody knows.
    pub late_callbacks: Counter,
    /// Frames captured after priming and never rendered, plus frames rendered as silence for want
    /// of input; at the capture device's rate.
    pub lost_frames: Counter,
    /// Frames thrown away by priming to hold the target fill, at the capture device's rate; not
    /// lost.
    pub discarded_frames: Counter,
    /// Frames that the lossless recorder could not take in time.
    pub record_lost_frames: Counter,
    /// Non-finite samples that the plugin sent.
    pub non_finite: Counter,
    /// Blocks for which the plugin had no answer in time; they sounded as silence.
    pub missed_blocks: Counter,
    /// Blocks silenced by the output guard because a sample was not finite.
    pub guarded_blocks: Counter,
    /// Samples above −1 dBFS that the limiter held there.
    pub limited_samples: Counter,
    /// Events that found no room on their way: echoes to control, replies of a plugin, changes for
    /// a generation that is still waiting for its turn.
    pub events_lost: Counter,
    /// Input ring fill as of the last block, in frames of the engine's rate.
    pub fill_frames: Counter,
    /// Fill that the input ring is held at, in frames of the engine's rate.
    pub target_frames: Counter,
    /// Whether capture and playback have met: losses count from here.
    pub primed: AtomicBool,
    /// The live input's drift loop.
    pub drift: DriftFigures,
    /// Time per callback against its budget.
    pub load: LoadMeter,
}
