//! What everyone may know of a drift loop, written by the audio thread.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::probe::Counter;

/// Where a loop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriftState {
    /// Both ends share a clock: frames pass as they are.
    #[default]
    Shared,
    /// The clocks are not known well enough yet, or the delay is not back yet.
    Locking,
    /// The delay stays where it is meant to be.
    Locked,
    /// The clocks are further apart than the resampler may follow.
    AtLimit,
}

impl DriftState {
    const ALL: [Self; 4] = [Self::Shared, Self::Locking, Self::Locked, Self::AtLimit];

    /// The word that is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Locking => "locking",
            Self::Locked => "locked",
            Self::AtLimit => "at limit",
        }
    }
}

/// Figures of one input's loop.
#[derive(Debug, Default)]
pub struct DriftFigures {
    state: AtomicU32,
    ppm: AtomicU64,
    delay_error_ms: AtomicU64,
    /// Times that the delay was set anew while sound passed, or after it had run dry.
    pub reseeds: Counter,
}

impl DriftFigures {
    /// Where the loop is.
    pub fn state(&self) -> DriftState {
        DriftState::ALL[self.state.load(Relaxed) as usize % DriftState::ALL.len()]
    }

    /// By how much the capture clock is faster than the engine's, in parts per million of the
    /// ratio of their nominal rates.
    pub fn ppm(&self) -> f64 {
        f64::from_bits(self.ppm.load(Relaxed))
    }

    /// How much longer the delay is than it is meant to be, as far as the loop can tell, ms.
    pub fn delay_error_ms(&self) -> f64 {
        f64::from_bits(self.delay_error_ms.load(Relaxed))
    }

    /// # Real time
    /// Three relaxed stores.
    pub(crate) fn show(&self, state: DriftState, ppm: f64, delay_error_ms: f64) {
        self.state.store(state as u32, Relaxed);
        self.ppm.store(ppm.to_bits(), Relaxed);
        self.delay_error_ms.store(delay_error_ms.to_bits(), Relaxed);
    }
}
