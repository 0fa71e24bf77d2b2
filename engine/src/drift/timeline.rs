//! A device's clock, read off its stamps: a second-order delay-locked loop.

use std::f64::consts::{SQRT_2, TAU};

use super::stamps::Stamp;

/// A straight line through stamps: when which frame was due, and how long a frame lasts.
///
/// Each stamp is compared with the time that the line predicts for it; a part of the error moves the
/// line, a smaller part turns it. With T seconds between two stamps and ω = 2πB these parts are √2·ωT
/// and (ωT)², which makes a low-pass of second order and bandwidth B that has no error at constant
/// speed.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    /// Seconds per frame that the device promises.
    nominal: f64,
    /// The last stamp's frame, and its time by the line, in seconds.
    frame: u64,
    at: f64,
    /// Seconds per frame by the line.
    period: f64,
    /// Seconds since the first stamp; `None` before it.
    age: Option<f64>,
    /// Seconds since the line began, or was moved to where stamps had gone.
    since_moved: f64,
    /// Seconds since a stamp was near the line.
    astray: f64,
    noise: Noise,
    /// 2π times the bandwidth, 1/s.
    omega: f64,
}

/// Bandwidth at the beginning, Hz.
const WIDEST: f64 = 1.0;
/// Bandwidth × age while it falls: about that of a least-squares line through all stamps so far.
const BY_AGE: f64 = 0.4;
/// Floor of the bandwidth, Hz, where the means of tenths of a second scatter by [`TYPICAL`].
const NARROWEST: f64 = 0.012;
/// That scatter, seconds: 50 callbacks a second of 0.2 ms of jitter.
const TYPICAL: f64 = 2e-5;
/// How the floor falls with more scatter: 1/2 suits a rate that always creeps, 1 one that never does.
const BY_CALM: f64 = 0.7;
/// What doubt raises that floor by at most.
const DOUBTFUL: f64 = 7.0;
/// Doubt beyond which a line is taken to be on its way elsewhere.
const LEANING: f64 = 1.5;
/// A stamp further away than this (or a block) does not belong to the line, seconds.
const FAR: f64 = 0.005;
/// So long may stamps be far away before the line goes to them, seconds.
const PATIENCE: f64 = 0.1;
/// Age of a line that was moved, seconds.
const REMEMBERED: f64 = 2.0;
/// So long a stamp that is far too early sets the line anew: callbacks come late, never early.
const YOUNG: f64 = 0.5;
/// What a device's rate is usually within, relatively.
const PROMISE: f64 = 2e-4;
/// Furthest that a device's clock is from its promise.
const MAX_DEVIATION: f64 = 0.01;

impl Timeline {
    pub(super) fn new(rate: u32) -> Self {
        let nominal = 1.0 / f64::from(rate.max(1));
        Self {
            nominal,
            frame: 0,
            at: 0.0,
            period: nominal,
            age: None,
            since_moved: 0.0,
            astray: 0.0,
            noise: Noise::default(),
            omega: TAU * WIDEST,
        }
    }

    /// Seconds since the first stamp; zero before it.
    pub(super) fn age(&self) -> f64 {
        self.age.unwrap_or(0.0)
    }

    /// When the last stamp's frame was due, in seconds.
    pub(super) fn at(&self) -> f64 {
        self.at
    }

    /// Seconds per frame.
    pub(super) fn period(&self) -> f64 {
        self.period
    }

    /// 2π times the bandwidth, 1/s.
    pub(super) fn omega(&self) -> f64 {
        self.omega
    }

    /// Whether the stamps lean to one side, so that the line is on its way.
    pub(super) fn leans(&self) -> bool {
        self.noise.doubt > LEANING
    }

    /// Standard deviation of the slope, relatively: a loop of this kind leaves ω³·T/√8 of the variance of
    /// errors that come every T seconds.
    pub(super) fn slope_deviation(&self) -> f64 {
        1.25 * self.noise.calm * (self.omega.powi(3) * STRETCH / 8_f64.sqrt()).sqrt()
    }

    /// Frames from `frame` on that are due at `seconds`.
    pub(super) fn frames_since(&self, frame: u64, seconds: f64) -> f64 {
        let counted = self.frame.wrapping_sub(frame).cast_signed() as f64;
        counted + (seconds - self.at) / self.period
    }

    /// The next stamp that is far away sets the line anew.
    pub(super) fn loosen(&mut self) {
        self.astray = PATIENCE;
    }

    /// Whether no stamp came since.
    pub(super) fn is_loose(&self) -> bool {
        self.astray >= PATIENCE
    }

    /// Takes the next stamp; one without new frames says nothing.
    pub(super) fn stamp(&mut self, stamp: Stamp) {
        let now = stamp.at_ns as f64 * 1e-9;
        let Some(age) = self.age else {
            (self.frame, self.at, self.age) = (stamp.frames, now, Some(0.0));
            return;
        };
        let frames = stamp.frames.saturating_sub(self.frame) as f64;
        if frames == 0.0 {
            return;
        }
        let span = frames * self.period;
        (self.age, self.since_moved) = (Some(age + span), self.since_moved + span);
        (self.frame, self.at) = (stamp.frames, self.at + span);
        let error = now - self.at;
        self.noise.see(error, span, age);
        let is_near = error.abs() <= FAR.max(span).max(self.noise.limit());
        self.astray = if is_near { 0.0 } else { self.astray + span };
        if self.astray > PATIENCE {
            self.set(now);
            self.since_moved = 0.0;
        } else if self.since_moved < YOUNG && error < -self.noise.limit() {
            // The line began with a stamp that was late.
            self.set(now);
        } else if is_near {
            self.follow(error, span, frames);
        }
    }

    /// Goes where the stamps are with what it knows of its slope, and soon forgets how it came there.
    fn set(&mut self, now: f64) {
        (self.at, self.astray) = (now, 0.0);
        self.age = self.age.map(|age| age.min(REMEMBERED));
        self.noise.lean = 0.0;
    }

    fn follow(&mut self, error: f64, span: f64, frames: f64) {
        let age = self.age();
        let error = self.noise.clip(error);
        let doubt = self.noise.doubt(error, span, age);
        let quiet = (TYPICAL / self.noise.calm).powf(BY_CALM);
        let floor = (NARROWEST * quiet * doubt.powi(3).min(DOUBTFUL)).min(WIDEST);
        let bandwidth = (BY_AGE / age.max(1e-3)).clamp(floor, WIDEST);
        self.omega = (TAU * bandwidth).min(0.5 / span);
        self.at += SQRT_2 * self.omega * span * error;
        let slope = self.omega.min(TAU * BY_AGE / self.noise.outweighs(PROMISE, span));
        self.period += (slope * span).powi(2) * error / frames;
        let (least, most) = (1.0 - MAX_DEVIATION, 1.0 + MAX_DEVIATION);
        self.period = self.period.clamp(self.nominal * least, self.nominal * most);
    }
}

/// What the errors of a line are like.
#[derive(Debug, Clone)]
struct Noise {
    /// Mean of |error|, seconds.
    scatter: f64,
    /// Sum and seconds of the errors of this stretch.
    sum: f64,
    n: f64,
    seconds: f64,
    /// Mean of |mean error of a stretch|, seconds.
    calm: f64,
    /// Mean of the error, seconds: what the line has not followed.
    lean: f64,
    doubt: f64,
}

/// Over so many seconds scatter and lean are averaged.
const MEMORY: f64 = 1.0;
/// Over so many seconds that of stretches is averaged.
const CALM_MEMORY: f64 = 20.0;
/// Errors within so many seconds may have one cause: a latency is polled ten times a second.
const STRETCH: f64 = 0.1;
/// Errors beyond so many times the scatter count as that.
const CLIP: f64 = 4.0;
/// What the scatter is taken for at least, seconds.
const LEAST_SCATTER: f64 = 5e-6;
/// What that of stretches is taken for at least, seconds.
const LEAST_CALM: f64 = 2e-6;
/// Scatter before it is known, seconds.
const FIRST_SCATTER: f64 = 5e-4;
/// A lean of so many of its own standard deviations is not chance.
const CHANCE: f64 = 2.3;

impl Default for Noise {
    fn default() -> Self {
        Self {
            scatter: FIRST_SCATTER,
            sum: 0.0,
            n: 0.0,
            seconds: 0.0,
            calm: FIRST_SCATTER,
            lean: 0.0,
            doubt: 1.0,
        }
    }
}

impl Noise {
    /// Errors beyond this are late calls, seconds.
    fn limit(&self) -> f64 {
        CLIP * self.scatter
    }

    /// After so many seconds, stamps `span` seconds apart say more about a slope than that it is
    /// within `promise`: a line through stamps of scatter s, for t seconds, has a slope that is
    /// certain to √(12·s²·span/t³).
    fn outweighs(&self, promise: f64, span: f64) -> f64 {
        (12.0 * span * (self.scatter / promise).powi(2)).cbrt()
    }

    fn clip(&self, error: f64) -> f64 {
        error.clamp(-self.limit(), self.limit())
    }

    /// Any error of a line of that `age`, however far.
    fn see(&mut self, error: f64, span: f64, age: f64) {
        let share = (span / (MEMORY.min(age) + 0.1)).min(0.5);
        self.scatter += share * (self.clip(error).abs() - self.scatter);
        self.scatter = self.scatter.max(LEAST_SCATTER);
    }

    /// Takes a clipped error; gives how much more the errors lean to one side than by chance, at
    /// least 1.
    fn doubt(&mut self, error: f64, span: f64, age: f64) -> f64 {
        (self.sum, self.n) = (self.sum + error, self.n + 1.0);
        self.seconds += span;
        if self.seconds >= STRETCH {
            self.end_stretch(age);
        }
        self.doubt
    }

    /// The mean of n numbers of mean size s has a standard deviation of about 1.25·s/√n.
    fn end_stretch(&mut self, age: f64) {
        let mean = self.sum / self.n;
        let share = (self.seconds / (CALM_MEMORY.min(age) + STRETCH)).min(0.5);
        self.calm += share * (mean.abs() - self.calm);
        self.calm = self.calm.max(LEAST_CALM);
        let share = (self.seconds / MEMORY).min(0.5);
        self.lean += share * (mean - self.lean);
        let by_chance = 1.25 * self.calm * (share / 2.0).sqrt();
        self.doubt = (self.lean.abs() / (CHANCE * by_chance)).max(1.0);
        (self.sum, self.n, self.seconds) = (0.0, 0.0, 0.0);
    }
}
