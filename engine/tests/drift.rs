//! The drift loop against its plant on virtual time: `cargo test --test drift -- --nocapture` prints
//! the table.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::disallowed_macros, clippy::print_stdout, reason = "the table is printed")]

#[path = "support/laws.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod laws;
#[path = "support/plant.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod plant;

use retake_engine::drift::{DriftLoop, Stamp};

use laws::{ByAveragedFill, Law, Ours, SecondOrder, Uncorrected};
use plant::{CLEAN, Calls, Chance, Clock, Device, HARSH};

const RATE: u32 = 48_000;
const PERIOD: usize = 256;
/// Four inputs: block, ppm.
const INPUTS: [(usize, f64); 4] = [(64, -300.0), (441, 100.0), (512, -100.0), (960, 300.0)];
/// When the figures of a locked loop begin, seconds.
const LOCKED: f64 = 3.0;

/// What a run is like.
#[derive(Debug, Clone, Copy)]
struct Run {
    seconds: f64,
    calls: Calls,
    seed: u64,
    /// When the capture clock gets 20 ppm faster.
    step_at: f64,
    /// Seconds by which stamps are off, anew every 100 ms: a latency that is polled.
    poll_error: f64,
    playback: usize,
    /// When its figures begin, seconds.
    from: f64,
}

const RUN: Run = Run {
    seconds: 600.0,
    calls: HARSH,
    seed: 1,
    step_at: f64::INFINITY,
    poll_error: 0.0,
    playback: PERIOD,
    from: LOCKED,
};

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
struct Report {
    /// The last moment of the first half minute with the delay off by more than 0.05 ms, seconds.
    lock: f64,
    /// Largest delay error once locked, ms.
    worst: f64,
    /// Mean delay error once locked, ms, and that of the last tenth.
    mean: f64,
    mean_at_end: f64,
    /// Root mean square of the speed's deviation from the clocks' ratio, ppm.
    wander: f64,
    underruns: usize,
    fill_max: f64,
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

/// Errors of polled latencies: constant for 100 ms, then another.
struct Polls {
    chance: Chance,
    error: f64,
    next: f64,
    size: f64,
}

impl Polls {
    fn new(size: f64, seed: u64) -> Self {
        Self { chance: Chance(seed), error: 0.0, next: 0.0, size }
    }

    fn at(&mut self, seconds: f64) -> f64 {
        if seconds >= self.next {
            self.next = seconds + 0.1;
            self.error = self.size * self.chance.roll();
        }
        seconds + self.error
    }
}

/// One input from the start, `law` at the wheel.
fn drive(law: &mut dyn Law, (block, ppm): (usize, f64), run: Run) -> Report {
    let clock = Clock { step_at: run.step_at, step_ppm: 20.0, ..Clock::steady(RATE, ppm) };
    let mut capture = Device::capture(clock, block, run.calls, run.seed);
    let still = Clock::steady(RATE, 0.0);
    let mut playback = Device::playback(still, run.playback, run.calls, run.seed);
    let (mut heard, mut played) =
        (Polls::new(run.poll_error, run.seed), Polls::new(run.poll_error, run.seed + 9));
    // Both periods, late calls, and what a converter reads ahead.
    let target = (run.playback + block) as f64 + 0.0052 * f64::from(RATE) + 64.0;
    let mut read: Option<f64> = None;
    let (mut report, mut sums) = (Report::default(), Sums::default());
    while playback.nominal() < run.seconds {
        while capture.due() <= playback.due() {
            let at = heard.at(capture.call());
            law.captured(capture.frames(), at);
        }
        let (now, first) = (playback.nominal(), playback.frames());
        law.playing(first, played.at(playback.call()));
        let fill = |read: f64| capture.frames() as f64 - read;
        let Some(at) = read.or_else(|| law.first_read(capture.frames(), target)) else {
            continue;
        };
        // On average a block is half delivered when somebody looks at the fill.
        let excess = fill(at) - (target - block as f64 / 2.0);
        let speed = law.speed(at, excess, run.playback, target);
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

/// The worst of all four inputs.
fn all_four(run: Run, law: Make<'_>) -> Report {
    let reports = INPUTS.map(|input| drive(law().as_mut(), input, run));
    reports.into_iter().reduce(Report::or_worse).unwrap()
}

fn ours() -> Box<dyn Law> {
    Box::new(Ours::new(RATE))
}

#[test]
fn the_delay_stays_for_ten_minutes() {
    for seed in 1..=5 {
        for (block, ppm) in INPUTS {
            let report = drive(&mut Ours::new(RATE), (block, ppm), Run { seed, ..RUN });
            let name = format!("blocks of {block}, {ppm} ppm, seed {seed}: {report:?}");
            assert!(report.worst <= 0.05, "{name}");
            assert!(report.wander <= 1.0, "{name}");
            assert!(report.lock <= 3.0, "{name}");
            assert!(report.mean.abs() <= 0.01, "{name}");
            assert_eq!(report.underruns, 0, "{name}");
            assert!(report.fill_max < 2_048.0, "{name}");
        }
    }
}

#[test]
fn a_quiet_machine_locks_within_a_second() {
    for seed in 1..=20 {
        let report = all_four(Run { seconds: 30.0, calls: CLEAN, seed, ..RUN }, &ours);
        assert!(report.lock <= 1.0 && report.worst <= 0.02, "seed {seed}: {report:?}");
    }
}

#[test]
fn a_step_of_20_ppm_is_followed() {
    for seed in 1..=20 {
        let run = Run { seconds: 180.0, step_at: 100.0, seed, ..RUN };
        let report = all_four(run, &ours);
        assert!(report.worst <= 0.10, "seed {seed}: {report:?}");
        assert_eq!(report.underruns, 0, "seed {seed}: {report:?}");
    }
}

/// A sound server's latency, asked for every 100 ms and interpolated: each answer is off by up to
/// 0.3 ms, for all callbacks until the next.
#[test]
fn a_polled_latency_is_good_enough() {
    for seed in 1..=10 {
        let report = all_four(Run { poll_error: 3e-4, from: 10.0, seed, ..RUN }, &ours);
        assert!(report.worst <= 0.10, "seed {seed}: {report:?}");
        assert_eq!(report.underruns, 0, "seed {seed}: {report:?}");
    }
}

/// The same plant without correction is 60 ms off after ten minutes at 100 ppm, and runs dry or over.
#[test]
fn without_correction_the_delay_runs_away() {
    for ppm in [-100.0, 100.0] {
        let report = drive(&mut Uncorrected::default(), (512, ppm), RUN);
        assert!((50.0..70.0).contains(&report.worst), "{report:?}");
        assert!(report.underruns > 0 || report.fill_max > 2_048.0, "{report:?}");
    }
}

type Make<'a> = &'a dyn Fn() -> Box<dyn Law>;

#[test]
fn others_do_worse() {
    let laws: [(&str, Make<'_>); 4] = [
        ("none", &|| Box::new(Uncorrected::default())),
        ("PI on the fill averaged over 10 s (CamillaDSP)", &|| Box::new(ByAveragedFill::new(RATE))),
        ("second order on plain DLLs (zita)", &|| Box::new(SecondOrder::new(RATE))),
        ("Retake", &ours),
    ];
    println!(
        "{:<48}{:>9}{:>10}{:>9}{:>9}",
        "worst of four inputs", "600 s", "20 ppm", "lock", "wander"
    );
    println!("{:<48}{:>9}{:>10}{:>9}{:>9}", "", "ms", "ms", "s", "ppm");
    let rows = laws.map(|(name, law)| {
        let calm = all_four(RUN, law);
        let step = all_four(Run { seconds: 180.0, step_at: 100.0, ..RUN }, law);
        let Report { worst, lock, wander, .. } = calm;
        println!("{name:<48}{worst:>9.3}{:>10.3}{lock:>9.2}{wander:>9.2}", step.worst);
        (worst, wander)
    });
    let [none, averaged, plain, retake] = rows;
    assert!(none.0 > 10.0 * averaged.0, "{rows:?}");
    assert!(averaged.0 > 10.0 * plain.0 && averaged.1 > 2.0 * plain.1, "{rows:?}");
    assert!(plain.0 > 2.0 * retake.0 && plain.1 > 5.0 * retake.1, "{rows:?}");
}

/// Ten hours in blocks of a hundredth of a second at both ends: no wind-up, no drift of the mean.
#[test]
fn ten_hours() {
    for ppm in [-300.0, 300.0] {
        let run = Run { seconds: 36_000.0, playback: 480, ..RUN };
        let report = drive(&mut Ours::new(RATE), (480, ppm), run);
        println!("{ppm} ppm: {report:?}");
        assert!(report.worst <= 0.05 && report.wander <= 1.0, "{report:?}");
        assert!((report.mean_at_end - report.mean).abs() <= 0.001, "{report:?}");
        assert_eq!(report.underruns, 0);
    }
}
/// Capture hands its blocks over whenever playback calls: stamps that are late by anything up to
/// a callback, for the same reason every time.
#[test]
fn blocks_in_bursts_do_not_bend_the_lines() {
    let mut law = DriftLoop::new(RATE, RATE);
    let mut captured = 0;
    for n in 1..=6_000_u64 {
        let at_ns = n * 512 * 1_000_000_000 / u64::from(RATE);
        // 500 ppm fast.
        while captured * 1_999 < n * 512 * 2_000 {
            captured += 300;
            law.captured(Stamp { frames: captured, at_ns });
        }
        law.playing(Stamp { frames: (n - 1) * 512, at_ns });
        assert!((law.ppm() - 500.0).abs() < 1_000.0, "{n}: {}", law.ppm());
    }
    assert!((law.ppm() - 500.0).abs() < 20.0, "{}", law.ppm());
}
