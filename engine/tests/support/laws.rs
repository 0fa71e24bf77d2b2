//! Ways to hold a delay: ours, none, and two that others have published, derived here from what
//! their authors say of them.

use std::f64::consts::TAU;

use retake_engine::drift::{DriftLoop, Stamp};

use crate::plant::nanos;

/// Who says how fast an input is read.
pub trait Law {
    /// Capture has moved `frames` in all, says a callback at `at` seconds.
    fn captured(&mut self, frames: usize, at: f64);
    /// A playback callback that begins with frame `first` came at `at` seconds.
    fn playing(&mut self, first: usize, at: f64);
    /// Where reading begins so that the delay is `target`; `None` = not yet.
    fn first_read(&self, written: usize, target: f64) -> Option<f64>;
    /// Capture frames per engine frame for the next `frames`, read from `read` on; `excess` is the
    /// ring's fill beyond its mean at the target.
    fn speed(&mut self, read: f64, excess: f64, frames: usize, target: f64) -> f64;
}

/// The engine's loop.
pub struct Ours(DriftLoop);

impl Ours {
    pub fn new(rate: u32) -> Self {
        Self(DriftLoop::new(rate, rate))
    }
}

impl Law for Ours {
    fn captured(&mut self, frames: usize, at: f64) {
        self.0.captured(Stamp { frames: frames as u64, at_ns: nanos(at) });
    }

    fn playing(&mut self, first: usize, at: f64) {
        self.0.playing(Stamp { frames: first as u64, at_ns: nanos(at) });
    }

    fn first_read(&self, _written: usize, target: f64) -> Option<f64> {
        self.0.is_settled().then(|| (self.0.written_since(0) - target).round())
    }

    fn speed(&mut self, read: f64, _excess: f64, frames: usize, target: f64) -> f64 {
        self.0.steer(self.0.written_since(0) - read - target, frames)
    }
}

/// Frames pass one by one.
#[derive(Default)]
pub struct Uncorrected {
    has_begun: bool,
}

impl Law for Uncorrected {
    fn captured(&mut self, _frames: usize, _at: f64) {
        self.has_begun = true;
    }

    fn playing(&mut self, _first: usize, _at: f64) {}

    fn first_read(&self, written: usize, target: f64) -> Option<f64> {
        self.has_begun.then(|| (written as f64 - target).round())
    }

    fn speed(&mut self, _read: f64, _excess: f64, _frames: usize, _target: f64) -> f64 {
        1.0
    }
}

/// `CamillaDSP`'s way, after its documentation: the fill of the buffer is averaged over a period of
/// 10 s, and once per period a PI controller sets the speed that should bring the average back to
/// the target. The gains, half of the error and a quarter of its sum per period, settle within a few periods.
pub struct ByAveragedFill {
    begun: Uncorrected,
    rate: f64,
    sum: f64,
    n: f64,
    passed: f64,
    integral: f64,
    speed: f64,
}

const ADJUST_PERIOD: f64 = 10.0;

impl ByAveragedFill {
    pub fn new(rate: u32) -> Self {
        Self {
            begun: Uncorrected::default(),
            rate: rate.into(),
            sum: 0.0,
            n: 0.0,
            passed: 0.0,
            integral: 0.0,
            speed: 1.0,
        }
    }
}

impl Law for ByAveragedFill {
    fn captured(&mut self, frames: usize, at: f64) {
        self.begun.captured(frames, at);
    }

    fn playing(&mut self, _first: usize, _at: f64) {}

    fn first_read(&self, written: usize, target: f64) -> Option<f64> {
        self.begun.first_read(written, target)
    }

    fn speed(&mut self, _read: f64, excess: f64, frames: usize, _target: f64) -> f64 {
        (self.sum, self.n) = (self.sum + excess, self.n + 1.0);
        self.passed += frames as f64 / self.rate;
        if self.passed >= ADJUST_PERIOD {
            let off = self.sum / self.n / (ADJUST_PERIOD * self.rate);
            self.integral += 0.25 * off;
            self.speed = 1.0 + 0.5 * off + self.integral;
            (self.sum, self.n, self.passed) = (0.0, 0.0, 0.0);
        }
        self.speed
    }
}

/// A delay-locked loop of fixed bandwidth as in "Using a DLL to filter time" (2005): b = √2·ωT and
/// c = (ωT)² move time and period by the whole error.
struct Dll {
    frames: f64,
    at: f64,
    period: f64,
    is_known: bool,
}

const DLL_HZ: f64 = 0.2;

impl Dll {
    fn new(rate: f64) -> Self {
        Self { frames: 0.0, at: 0.0, period: 1.0 / rate, is_known: false }
    }

    fn stamp(&mut self, frames: usize, at: f64) {
        let frames = frames as f64;
        if !self.is_known {
            (self.frames, self.at, self.is_known) = (frames, at, true);
            return;
        }
        let n = frames - self.frames;
        let span = n * self.period;
        let omega = TAU * DLL_HZ * span;
        let error = at - (self.at + span);
        self.frames = frames;
        self.at += span + std::f64::consts::SQRT_2 * omega * error;
        self.period += omega * omega * error / n.max(1.0);
    }
}

/// zita's way, after "Controlling adaptive resampling" (2012): a DLL on each side, the difference of
/// the two in frames at one common time, and a second-order loop on it that begins at 0.5 Hz and goes
/// on at 0.05 Hz after 4 s.
pub struct SecondOrder {
    capture: Dll,
    playback: Dll,
    rate: f64,
    passed: f64,
    integral: f64,
}

impl SecondOrder {
    pub fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        let (capture, playback) = (Dll::new(rate), Dll::new(rate));
        Self { capture, playback, rate, passed: 0.0, integral: 0.0 }
    }

    fn written(&self) -> f64 {
        self.capture.frames + (self.playback.at - self.capture.at) / self.capture.period
    }
}

impl Law for SecondOrder {
    fn captured(&mut self, frames: usize, at: f64) {
        self.capture.stamp(frames, at);
    }

    fn playing(&mut self, first: usize, at: f64) {
        self.playback.stamp(first, at);
    }

    fn first_read(&self, _written: usize, target: f64) -> Option<f64> {
        self.capture.is_known.then(|| (self.written() - target).round())
    }

    fn speed(&mut self, read: f64, _excess: f64, frames: usize, target: f64) -> f64 {
        let span = frames as f64 / self.rate;
        self.passed += span;
        let omega = TAU * if self.passed < 4.0 { 0.5 } else { 0.05 };
        let error = (self.written() - read - target) / self.rate;
        self.integral += omega * omega * error * span;
        (1.0 + 2.0 * omega * error + self.integral).clamp(0.95, 1.05)
    }
}
