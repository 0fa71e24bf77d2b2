//! One input on virtual time from the start, a law at the wheel: what becomes of its delay.

use crate::{
    laws::{Law, Ours},
    plant::{Calls, Clock, Device, HARSH, Polls},
};

pub const RATE: u32 = 48_000;
const PERIOD: usize = 256;
/// Four inputs: block, ppm.
pub const INPUTS: [(usize, f64); 4] = [(64, -300.0), (441, 100.0), (512, -100.0), (960, 300.0)];
/// When the figures of a locked loop begin, seconds.
const LOCKED: f64 = 3.0;

/// What a run is like.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub seconds: f64,
    pub calls: Calls,
    pub seed: u64,
    /// When the capture clock gets 20 ppm faster.
    pub step_at: f64,
    /// Whether both devices are stamped with the latency that a sound server tells when it is asked.
    pub is_polled: bool,
    pub playback: usize,
    /// When reading begins at the earliest, seconds.
    pub begin: f64,
    /// When its figures begin, seconds.
    pub from: f64,
}

pub const RUN: Run = Run {
    seconds: 600.0,
    calls: HARSH,
    seed: 1,
    step_at: f64::INFINITY,
    is_polled: false,
    playback: PERIOD,
    begin: 0.0,
    from: LOCKED,
};

/// The clock changes its rate after a hundred seconds, when every law has settled.
pub const STEP: Run = Run { seconds: 180.0, step_at: 100.0, from: 60.0, ..RUN };
/// Stamps by a sound server that is asked, reading from when it has answered, judged from the second
/// minute on: a line through a minute of such stamps is certain to 0.02 ms.
pub const POLLED: Run = Run { is_polled: true, begin: 0.5, from: 60.0, ..RUN };

impl Run {
    fn polls(&self) -> (Polls, Polls) {
        if !self.is_polled {
            return (Polls::none(), Polls::none());
        }
        (Polls::capture(self.seed), Polls::playback(self.seed))
    }
}

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Report {
    /// The last moment of the first half minute with the delay off by more than 0.05 ms, seconds.
    pub lock: f64,
    /// Largest delay error once locked, ms.
    pub worst: f64,
    /// Mean delay error once locked, ms, and that of the last tenth.
    pub mean: f64,
    pub mean_at_end: f64,
    /// Root mean square of the speed's deviation from the clocks' ratio, ppm.
    pub wander: f64,
    pub underruns: usize,
    pub fill_max: f64,
}

impl Report {
    fn or_worse(self, other: Self) -> Self {
        Self {
            lock: self.lock.max(other.lock),
            worst: self.worst.max(other.worst),
            mean: self.mean.abs().max(other.mean.abs()),
            mean_at_end: self.mean_at_end.abs().max(other.mean_at_end.abs()),
            wander: self.wander.max(other.wander),
            underruns: self.underruns + other.underruns,
            fill_max: self.fill_max.max(other.fill_max),
        }
    }
}

/// Sums over the callbacks of a run.
#[derive(Debug, Default)]
struct Sums {
    n: f64,
    off: f64,
    squares: f64,
    late_n: f64,
    late_off: f64,
}

/// One input from the start, `law` at the wheel.
pub fn drive(law: &mut dyn Law, (block, ppm): (usize, f64), run: Run) -> Report {
    let clock = Clock { step_at: run.step_at, step_ppm: 20.0, ..Clock::steady(RATE, ppm) };
    let mut capture = Device::capture(clock, block, run.calls, run.seed);
    let still = Clock::steady(RATE, 0.0);
    let mut playback = Device::playback(still, run.playback, run.calls, run.seed);
    let (mut heard, mut played) = run.polls();
    // Both periods, late calls, and what a converter reads ahead.
    let target = (run.playback + block) as f64 + 0.0052 * f64::from(RATE) + 64.0;
    // By the stamps the delay has the servers' own buffers in it.
    let promised = target + (played.latency() - heard.latency()) * clock.hz(0.0);
    let mut read: Option<f64> = None;
    let (mut report, mut sums) = (Report::default(), Sums::default());
    while playback.nominal() < run.seconds {
        while capture.due() <= playback.due() {
            let due = capture.nominal();
            let at = heard.stamp(due, capture.call());
            law.captured(capture.frames(), at);
        }
        let (now, first) = (playback.nominal(), playback.frames());
        law.playing(first, played.stamp(now, playback.call()));
        let fill = |read: f64| capture.frames() as f64 - read;
        let first_read = || law.first_read(capture.frames(), promised).filter(|_| now >= run.begin);
        let Some(at) = read.or_else(first_read) else { continue };
        // On average a block is half delivered when somebody looks at the fill.
        let excess = fill(at) - (target - block as f64 / 2.0);
        let speed = law.speed(at, excess, run.playback, promised);
        note(
            &mut report,
            &mut sums,
            (now, clock.frame(now) - at - target, speed, clock.hz(now)),
            &run,
        );
        let next = at + speed * run.playback as f64;
        report.underruns += usize::from(fill(next) < 0.0);
        report.fill_max = report.fill_max.max(fill(at));
        read = Some(next);
    }
    report.mean = sums.off / sums.n;
    report.mean_at_end = sums.late_off / sums.late_n;
    report.wander = (sums.squares / sums.n).sqrt();
    report
}

fn note(
    report: &mut Report,
    sums: &mut Sums,
    (now, excess, speed, hz): (f64, f64, f64, f64),
    run: &Run,
) {
    let off = excess / f64::from(RATE) * 1e3;
    if off.abs() > 0.05 && now < 30.0 {
        report.lock = now;
    }
    if now < run.from {
        return;
    }
    report.worst = report.worst.max(off.abs());
    sums.n += 1.0;
    sums.off += off;
    sums.squares += ((speed * f64::from(RATE) / hz - 1.0) * 1e6).powi(2);
    if now > 0.9 * run.seconds {
        sums.late_n += 1.0;
        sums.late_off += off;
    }
}

pub type Make<'a> = &'a dyn Fn() -> Box<dyn Law>;

/// The worst of all four inputs.
pub fn all_four(run: Run, law: Make<'_>) -> Report {
    let reports = INPUTS.map(|input| drive(law().as_mut(), input, run));
    reports.into_iter().reduce(Report::or_worse).unwrap()
}

pub fn ours() -> Box<dyn Law> {
    Box::new(Ours::new(RATE))
}
