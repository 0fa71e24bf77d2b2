//! The drift loop: two devices never run on the same clock, and yet the delay between them stays.
//!
//! Both callbacks are stamped on one clock (how many frames in all, when); a line is laid through
//! each side's stamps. The two lines say at any time how many frames capture has moved, as a number
//! with a fraction, although it moves whole blocks. The loop compares that with where the resampler
//! reads, and gives its speed: capture frames per engine frame.
//!
//! # Law
//!
//! 1. *Stamps → time* (`timeline.rs`): a delay-locked loop of second order on each side, after
//!    F. Adriaensen, "Using a DLL to filter time" (Linux Audio Conference 2005). Its bandwidth falls
//!    from 1 Hz as 0.4/age, like the memory of a least-squares line that grows with every stamp, down
//!    to a floor that follows the noise, as a Kalman filter's would: 0.012 Hz where the means of tenths
//!    of a second scatter by 0.02 ms, 0.003 Hz at 0.14 ms, 0.05 Hz at 0.003 ms. The slope is turned only
//!    as fast as the stamps say more about it than that devices keep their rate to 200 ppm. Late calls
//!    count as 4 × the mean error. When those means lean to one side by more than 2.3 × what chance
//!    explains, the clock has changed its rate: the floor grows with the cube of the lean, up to seven
//!    times, and falls again with it. Stamps that are more than 5 ms (or a block) off say nothing, until
//!    they have been so for 100 ms: then the line goes to them and keeps its slope.
//! 2. *Error*: e = written(now) − read − target, in capture frames, with written(now) from the
//!    capture line at the time that the playback line gives for this callback. That both sides are
//!    compared at a common time by extrapolating one of them is the idea of "Controlling adaptive
//!    resampling" (LAC 2012) by the same author. What is read is Σ frames × speed: the resampler's
//!    own place, to the rounding of f64.
//! 3. *Speed* = ratio of the two lines' slopes + ω·e/rate, smoothed by two poles at 8ω, with ω twice
//!    that of the quicker line. This is feed-forward with a proportional controller: the lines are the
//!    only integrators, so nothing can wind up, and a constant difference of the clocks leaves no
//!    error.
//!
//! The error decays as e^(−ωt), with ω falling from 12/s to 0.15/s; two poles at 8ω leave the loop
//! a phase margin of 76°. ω times a callback is held below 0.5, so blocks of any length are stable.
//!
//! # Units and limits
//!
//! Frames, seconds, and nanoseconds of the drivers' clock. The speed stays within ±0.5 % of the
//! nominal ratio ([`MAX_CORRECTION`]); a loop that needs more is *at limit*. An error beyond 5 ms or
//! a period is not steered away but re-seeded by the input that uses the loop. `tests/drift.rs` has
//! the plant, over twenty seeds: 0.05 ms at the worst in the third second and 0.02 ms after the first
//! minute, with 200 µs of jitter and late calls; 0.06 ms through a step of 20 ppm; locked within a second
//! on a quiet machine and within three on that one.
//!
//! # Real time
//!
//! Arithmetic only: no clock, no allocation, no wait.

mod figures;
mod stamps;
mod timeline;

pub use figures::{DriftFigures, DriftState};
pub use stamps::{Stamp, StampReader, StampWriter, stamps};
use timeline::Timeline;

/// Furthest that the speed goes from the nominal ratio, relatively.
pub const MAX_CORRECTION: f64 = 0.005;

/// ω of the proportional part, as a multiple of the quicker line's.
const EAGERNESS: f64 = 2.0;
/// Corner of the smoothing, as a multiple of that ω.
const SMOOTHNESS: f64 = 8.0;
/// Both lines have to be that old before anything is read by them, seconds.
const SETTLED: f64 = 0.15;
/// Age from which a loop can be locked, seconds.
const LOCKED_FROM: f64 = 0.5;
/// The delay error below which it is, and beyond which it no longer is, seconds.
const LOCKED_WITHIN: (f64, f64) = (5e-5, 2e-4);
/// An error beyond this (or a block) is not steered away, seconds.
const OUT_OF_REACH: f64 = 0.005;

/// Two lines and a speed; see the module's head.
#[derive(Debug, Clone)]
pub struct DriftLoop {
    capture: Timeline,
    playback: Timeline,
    rates: (f64, f64),
    /// The speed that is wanted, after one pole and after two.
    smooth: f64,
    smoother: f64,
    speed: f64,
    state: DriftState,
}

impl DriftLoop {
    /// A loop that knows nothing but the promised rates, Hz.
    pub fn new(capture_rate: u32, engine_rate: u32) -> Self {
        let rates = (f64::from(capture_rate), f64::from(engine_rate));
        Self {
            capture: Timeline::new(capture_rate),
            playback: Timeline::new(engine_rate),
            rates,
            smooth: rates.0 / rates.1,
            smoother: rates.0 / rates.1,
            speed: rates.0 / rates.1,
            state: DriftState::Locking,
        }
    }

    /// The capture device has moved `stamp.frames` frames into the ring.
    ///
    /// # Real time
    /// Arithmetic only.
    pub fn captured(&mut self, stamp: Stamp) {
        self.capture.stamp(stamp);
    }

    /// A playback callback begins: its first frame is number `stamp.frames`.
    ///
    /// # Real time
    /// Arithmetic only.
    pub fn playing(&mut self, stamp: Stamp) {
        self.playback.stamp(stamp);
    }

    /// Nothing sounds: a stamp that is far away may move its line at once, and until the next stamp
    /// nobody knows whether it has to.
    ///
    /// # Real time
    /// Arithmetic only.
    pub fn loosen(&mut self) {
        self.capture.loosen();
        self.playback.loosen();
    }

    /// Seconds that both devices are known.
    pub fn age(&self) -> f64 {
        self.capture.age().min(self.playback.age())
    }

    /// Whether the lines are good enough to read by.
    pub fn is_settled(&self) -> bool {
        self.age() >= SETTLED && !self.capture.is_loose() && !self.playback.is_loose()
    }

    /// Capture frames per engine frame, by the promised rates.
    pub fn nominal(&self) -> f64 {
        self.rates.0 / self.rates.1
    }

    /// Capture frames from `frame` on that exist when this callback begins, by the lines.
    pub fn written_since(&self, frame: u64) -> f64 {
        self.capture.frames_since(frame, self.playback.at())
    }

    /// The speed for a callback or a part of it, of `frames` engine frames, when the delay is `error`
    /// capture frames too long: capture frames per engine frame.
    ///
    /// # Real time
    /// Arithmetic only.
    pub fn steer(&mut self, error: f64, frames: usize) -> f64 {
        let (capture_rate, engine_rate) = self.rates;
        let span = frames as f64 / engine_rate;
        let omega = EAGERNESS * self.capture.omega().max(self.playback.omega());
        let omega = omega.min(0.5 / span.max(1e-6));
        let wanted = self.follow() + omega * error / engine_rate;
        let share = 1.0 - (-SMOOTHNESS * omega * span).exp();
        self.smooth += share * (wanted - self.smooth);
        self.smoother += share * (self.smooth - self.smoother);
        let nominal = self.nominal();
        let most = MAX_CORRECTION * nominal;
        let wanted = self.smoother;
        self.speed = wanted.clamp(nominal - most, nominal + most);
        let is_at_limit = self.speed.to_bits() != wanted.to_bits();
        self.judge(error.abs() / capture_rate, is_at_limit);
        self.speed
    }

    /// The speed at which a delay would stay what it is.
    fn follow(&self) -> f64 {
        self.playback.period() / self.capture.period()
    }

    fn judge(&mut self, error: f64, is_at_limit: bool) {
        let is_old = self.age() >= LOCKED_FROM;
        self.state = match self.state {
            _ if is_at_limit => DriftState::AtLimit,
            DriftState::Locked if error <= LOCKED_WITHIN.1 => DriftState::Locked,
            _ if is_old && error <= LOCKED_WITHIN.0 => DriftState::Locked,
            _ => DriftState::Locking,
        };
    }

    /// Whether a delay that is `error` capture frames off has to be set anew, where the larger of
    /// both periods is `period` capture frames.
    pub fn is_out_of_reach(&self, error: f64, period: usize) -> bool {
        error.abs() > (OUT_OF_REACH * self.rates.0).max(period as f64)
    }

    /// Whether so many engine frames are more than `seconds`.
    pub fn is_longer(&self, frames: u64, seconds: f64) -> bool {
        frames as f64 > seconds * self.rates.1
    }

    /// Where the loop is.
    pub fn state(&self) -> DriftState {
        self.state
    }

    /// By how much the capture clock is faster than its promise, against the engine's.
    pub fn ppm(&self) -> f64 {
        (self.follow() * self.rates.1 / self.rates.0 - 1.0) * 1e6
    }

    /// Standard deviation of [`DriftLoop::ppm`], by the scatter of the stamps and the bandwidths.
    pub fn ppm_deviation(&self) -> f64 {
        self.capture.slope_deviation().hypot(self.playback.slope_deviation()) * 1e6
    }

    /// Whether neither line is on its way to where its stamps have gone.
    pub fn is_steady(&self) -> bool {
        !self.capture.leans() && !self.playback.leans()
    }

    /// An error in capture frames as milliseconds.
    pub fn as_ms(&self, error: f64) -> f64 {
        error / self.rates.0 * 1e3
    }
}
