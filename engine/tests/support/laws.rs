//! Ways to hold a delay: ours, none, and two that others have published, derived anew here from
//! their published equations and constants; each says where those are from, and what is unverified.

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

/// `CamillaDSP`'s way. Its README ("Rate adjust") says that the mean level of the buffer is compared with
/// the target once per `adjust_interval_s`, 10 s unless set otherwise; the gains are those that its
/// `PIRateController` has by default: with r = (level − target) / frames per interval, the speed is
/// 1 + 0.2·r + 0.004·Σ(r·seconds), within ±0.5 %. At the start, and whenever the level is more than
/// a third of the target off, the target goes from the level to its place in 20 steps, as 1 − (1 − k/20)⁴.
/// Unverified: how its playback device measures the level; here it is the fill when playback calls.
pub struct ByAveragedFill {
    begun: Uncorrected,
    rate: f64,
    sum: f64,
    n: f64,
    passed: f64,
    integral: f64,
    /// Where the ramp began, and its steps so far.
    ramp: (f64, i32),
    speed: f64,
}

const ADJUST_PERIOD: f64 = 10.0;
const FILL_GAINS: (f64, f64) = (0.2, 0.004);
const RAMP_STEPS: i32 = 20;
const RAMP_FROM: f64 = 0.33;

impl ByAveragedFill {
    pub fn new(rate: u32) -> Self {
        Self {
            begun: Uncorrected::default(),
            rate: rate.into(),
            sum: 0.0,
            n: 0.0,
            passed: 0.0,
            integral: 0.0,
            ramp: (0.0, 0),
            speed: 1.0,
        }
    }

    /// The excess that is wanted for now, where it is `excess` on average.
    fn goal(&mut self, excess: f64, target: f64) -> f64 {
        if self.ramp.1 >= RAMP_STEPS && excess.abs() > RAMP_FROM * target {
            self.ramp.1 = 0;
        }
        if self.ramp.1 == 0 {
            self.ramp.0 = excess;
        }
        self.ramp.1 = (self.ramp.1 + 1).min(RAMP_STEPS + 1);
        let left = 1.0 - f64::from(self.ramp.1.min(RAMP_STEPS)) / f64::from(RAMP_STEPS);
        self.ramp.0 * left.powi(4)
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

    fn speed(&mut self, _read: f64, excess: f64, frames: usize, target: f64) -> f64 {
        (self.sum, self.n) = (self.sum + excess, self.n + 1.0);
        self.passed += frames as f64 / self.rate;
        if self.passed >= ADJUST_PERIOD {
            let mean = self.sum / self.n;
            let off = (mean - self.goal(mean, target)) / (ADJUST_PERIOD * self.rate);
            self.integral += off * ADJUST_PERIOD;
            let wanted = FILL_GAINS.0 * off + FILL_GAINS.1 * self.integral;
            self.speed = 1.0 + wanted.clamp(-0.005, 0.005);
            (self.sum, self.n, self.passed) = (0.0, 0.0, 0.0);
        }
        self.speed
    }
}

/// A delay-locked loop of fixed bandwidth B after F. Adriaensen, "Using a DLL to filter time" (Linux Audio
/// Conference 2005), with the factors that the documentation of `FFmpeg`'s `timefilter.h` gives for it:
/// √2·ωT of the error moves the time and (ωT)² turns the line, ω = 2πB.
struct Dll {
    frames: f64,
    at: f64,
    period: f64,
    is_known: bool,
}

/// Which B zita's programs have is unverified: with 0.05 to 0.5 Hz the law below is off by 0.07 to 0.10 ms
/// after the first minute, and a narrower one locks later.
const DLL_HZ: f64 = 0.1;

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

/// zita's way, after F. Adriaensen, "Controlling adaptive resampling" (Linux Audio Conference 2012): a DLL
/// on each side, the difference of the two in frames at one common time, and a loop filter. Of the
/// filter, question 72465 of the Signal Processing Stack Exchange quotes the equations from
/// zita-ajbridge: two poles at 20ω, then 1.6ω of the error and ω² of its sum, within ±5 %. Unverified:
/// the bandwidth, ω = 2π·0.05 Hz after 4 s at 0.5 Hz, which is what others who derive this law take.
pub struct SecondOrder {
    capture: Dll,
    playback: Dll,
    rate: f64,
    passed: f64,
    /// The error after one pole and after two, seconds.
    smooth: f64,
    smoother: f64,
    integral: f64,
}

impl SecondOrder {
    pub fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        let (capture, playback) = (Dll::new(rate), Dll::new(rate));
        Self { capture, playback, rate, passed: 0.0, smooth: 0.0, smoother: 0.0, integral: 0.0 }
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
        let share = 1.0 - (-20.0 * omega * span).exp();
        self.smooth += share * (error - self.smooth);
        self.smoother += share * (self.smooth - self.smoother);
        self.integral += omega * omega * self.smoother * span;
        (1.0 + 1.6 * omega * self.smoother + self.integral).clamp(0.95, 1.05)
    }
}
