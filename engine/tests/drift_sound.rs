//! A tone through a steered live input: two clocks, one delay.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::disallowed_macros, clippy::print_stdout, reason = "the figures are printed")]

#[path = "support/plant.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod plant;

use std::{f64::consts::TAU, sync::Arc};

use plant::{Calls, Clock, Device, HARSH, nanos};
use retake_engine::{
    FrameProducer, InputClock, InputSpec, LiveInput, Planar, Probe, drift,
    drift::{DriftState, StampWriter},
    frame_ring,
};

/// The engine's rate.
const RATE: u32 = 48_000;
const PERIOD: usize = 256;

/// A microphone that hears a sine, a speaker, and the input between them.
struct Path {
    hz: f64,
    capture: Device,
    playback: Device,
    ring: FrameProducer,
    stamps: StampWriter,
    input: LiveInput,
    probe: Arc<Probe>,
    /// What was played, with the time it was due.
    heard: Vec<(f64, f64)>,
    /// From this second on, for so long, capture gives nothing.
    pause: (f64, f64),
    paused: usize,
}

#[derive(Clone, Copy)]
struct Setup {
    hz: f64,
    rate: u32,
    ppm: f64,
    block: usize,
    calls: Calls,
    /// Frames of the target beyond both blocks: for late calls, and the converter's rounding.
    slack: usize,
    clock: fn(drift::StampReader) -> InputClock,
}

const SETUP: Setup = Setup {
    hz: 1_000.0,
    rate: RATE,
    ppm: 200.0,
    block: 441,
    calls: HARSH,
    slack: 260,
    clock: InputClock::Own,
};

impl Path {
    fn new(setup: &Setup, seed: u64) -> Self {
        let capture = Clock::steady(setup.rate, setup.ppm);
        let (tx, rx) = frame_ring(1, 96_000);
        let (writer, reader) = drift::stamps();
        let probe: Arc<Probe> = Arc::default();
        let spec = InputSpec {
            rate: setup.rate,
            engine_rate: RATE,
            target_frames: PERIOD + setup.block + setup.slack,
            period_frames: PERIOD.max(setup.block),
            max_block: 100,
        };
        let clock = (setup.clock)(reader);
        let input = LiveInput::with_clock(rx, clock, spec, Arc::clone(&probe)).unwrap();
        Self {
            hz: setup.hz,
            capture: Device::capture(capture, setup.block, setup.calls, seed),
            playback: Device::playback(Clock::steady(RATE, 0.0), PERIOD, setup.calls, seed),
            ring: tx,
            stamps: writer,
            input,
            probe,
            heard: Vec::new(),
            pause: (f64::INFINITY, 0.0),
            paused: 0,
        }
    }

    fn run(&mut self, seconds: f64) {
        while self.playback.nominal() < seconds {
            while self.capture.due() <= self.playback.due() {
                self.capture();
            }
            self.play();
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "f32 is what devices give")]
    fn capture(&mut self) {
        let from = self.capture.frames();
        let block = self.capture.block;
        let at = self.capture.call();
        if at > self.pause.0 && at < self.pause.0 + self.pause.1 {
            self.paused += block;
            return;
        }
        let tone = |n: usize| (TAU * self.hz * self.capture.clock.time(n as f64)).sin();
        let frames: Vec<f32> = (from..from + block).map(|n| 0.5 * tone(n) as f32).collect();
        let pushed = self.ring.push(&frames);
        self.stamps.add(pushed, nanos(at));
    }

    fn play(&mut self) {
        let begun = self.playback.nominal();
        let at = self.playback.call();
        self.input.begin(nanos(at));
        let mut block = Planar::new(1, 100);
        let mut given = 0;
        // The engine cuts callbacks into blocks.
        while given < PERIOD {
            let frames = (PERIOD - given).min(100);
            self.input.read(&mut block, frames);
            for (i, x) in block.channel(0)[..frames].iter().enumerate() {
                let due = begun + self.playback.clock.time((given + i) as f64);
                self.heard.push((due, f64::from(*x)));
            }
            given += frames;
        }
    }

    /// What was heard from `from` to `to` seconds.
    fn heard(&self, from: f64, to: f64) -> impl Iterator<Item = (f64, f64)> {
        self.heard.iter().copied().filter(move |(at, _)| (from..to).contains(at))
    }

    fn losses(&self) -> (u64, u64, u64) {
        (self.probe.lost_frames.get(), self.probe.underruns.get(), self.probe.overruns.get())
    }
}

/// A tenth of a second of tone: its level against the rest, and by how many seconds it is late.
/// Its pitch may be off by a little: the rest is what no steady tone explains.
fn fit(heard: &[(f64, f64)], hz: f64) -> (f64, f64, f64) {
    let middle = heard[heard.len() / 2].0;
    let basis = |at: f64| {
        let (s, c) = (TAU * hz * at).sin_cos();
        let t = (at - middle) * 20.0;
        [s, c, t * s, t * c, t * t * s, t * t * c]
    };
    let mut m = [[0.0; 7]; 6];
    for (at, y) in heard {
        let b = basis(*at);
        for (row, bi) in m.iter_mut().zip(b) {
            let columns = row.iter_mut().zip([b[0], b[1], b[2], b[3], b[4], b[5], *y]);
            columns.for_each(|(sum, x)| *sum += bi * x);
        }
    }
    let k = solved(m);
    let (mut signal, mut rest) = (0.0, 0.0);
    for (at, y) in heard {
        let model: f64 = basis(*at).iter().zip(k).map(|(b, k)| b * k).sum();
        signal += model * model;
        rest += (y - model).powi(2);
    }
    (signal, rest, -k[1].atan2(k[0]) / (TAU * hz))
}

/// Gauss without pivoting: the diagonal is the largest.
fn solved(mut m: [[f64; 7]; 6]) -> [f64; 6] {
    for i in 0..6 {
        let pivot = m[i].map(|x| x / m[i][i]);
        m[i] = pivot;
        for (_, row) in m.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            let factor = row[i];
            row.iter_mut().zip(pivot).for_each(|(x, p)| *x -= factor * p);
        }
    }
    m.map(|row| row[6])
}

/// Signal to rest in dB over all windows, and the largest deviation of the delay from what the input
/// says of itself, in ms.
fn measured(path: &Path, from: f64, to: f64) -> (f64, f64) {
    let (mut signal, mut rest, mut worst) = (0.0, 0.0, 0.0_f64);
    let promised = path.input.latency_frames() as f64 / f64::from(RATE);
    let mut at = from;
    while at + 0.1 <= to {
        let window: Vec<_> = path.heard(at, at + 0.1).collect();
        let (s, r, delay) = fit(&window, path.hz);
        (signal, rest) = (signal + s, rest + r);
        let turn = 1.0 / path.hz;
        let off = (delay - promised + turn / 2.0).rem_euclid(turn) - turn / 2.0;
        worst = worst.max(off.abs() * 1e3);
        at += 0.1;
    }
    (10.0 * (signal / rest).log10(), worst)
}

#[test]
fn a_tone_comes_through_two_clocks_as_it_was() {
    for (hz, least_db) in [(1_000.0, 120.0), (10_000.0, 100.0)] {
        for (block, ppm) in [(64, -300.0), (441, 100.0), (512, -100.0), (960, 300.0)] {
            let setup = Setup { hz, ppm, block, ..SETUP };
            let mut path = Path::new(&setup, 7);
            path.run(12.0);
            let (snr_db, off_ms) = measured(&path, 5.0, 11.9);
            println!("{hz} Hz, blocks of {block}, {ppm} ppm: {snr_db:.1} dB, {off_ms:.4} ms off");
            assert!(snr_db >= least_db, "{hz} Hz, {block}: {snr_db:.1} dB");
            // A turn of 10 kHz is 0.1 ms: the delay shows at 1 kHz.
            assert!(hz > 1_000.0 || off_ms <= 0.05, "{block}: {off_ms:.4} ms");
            assert_eq!(path.losses(), (0, 0, 0));
            let drift = &path.probe.drift;
            assert_eq!(drift.state(), DriftState::Locked);
            assert!((drift.ppm() - ppm).abs() < 3.0, "{}", drift.ppm());
        }
    }
}

/// Where two neighbouring samples differ by more than the tone can, from `from` seconds on.
fn clicks(path: &Path, from: f64) -> Vec<f64> {
    let steepest = 0.5 * TAU * path.hz / f64::from(RATE) * 1.05;
    let is_click = |w: &&[(f64, f64)]| w[0].0 >= from && (w[1].1 - w[0].1).abs() > steepest;
    path.heard.windows(2).filter(is_click).map(|w| w[1].0).collect()
}

#[test]
fn another_rate_with_a_clock_of_its_own() {
    let mut path = Path::new(&Setup { rate: 44_100, ppm: -150.0, ..SETUP }, 3);
    path.run(12.0);
    let (snr_db, off_ms) = measured(&path, 5.0, 11.9);
    assert!(snr_db >= 120.0 && off_ms <= 0.05, "{snr_db:.1} dB, {off_ms:.4} ms");
    assert_eq!(path.losses(), (0, 0, 0));
}

/// What is one clock passes bit by bit, watched or not.
#[test]
fn a_shared_clock_is_left_alone() {
    for clock in [InputClock::Shared, |_| InputClock::Same] {
        let mut path = Path::new(&Setup { ppm: 0.0, clock, ..SETUP }, 5);
        path.run(20.0);
        let latency = path.input.latency_frames();
        let tone = |n: usize| 0.5 * (TAU * path.hz * path.capture.clock.time(n as f64)).sin();
        #[expect(clippy::cast_possible_truncation, reason = "as it was captured")]
        let expected = |n: usize| f64::from(tone(n) as f32);
        let wrong = path.heard.iter().skip(latency).enumerate();
        let wrong = wrong.filter(|(n, (_, x))| expected(*n).to_bits() != x.to_bits()).count();
        assert_eq!(wrong, 0);
        assert_eq!(path.probe.drift.state(), DriftState::Shared);
        assert_eq!(path.losses(), (0, 0, 0));
    }
}

/// A clock that was taken for shared and is not: the converter comes in where reading stands, and the
/// delay is again what it was before, and stays.
#[test]
fn a_wrong_belief_is_given_up_without_a_click() {
    for (ppm, hz) in [(-200.0, 1_000.0), (200.0, 1_000.0), (60.0, 300.0)] {
        // What the wrong belief costs until it is given up comes off the slack.
        let setup = Setup { ppm, hz, slack: 400, clock: InputClock::Shared, ..SETUP };
        let mut path = Path::new(&setup, 5);
        path.run(45.0);
        assert_eq!(path.probe.drift.state(), DriftState::Locked);
        assert_eq!((path.probe.drift.reseeds.get(), path.losses()), (0, (0, 0, 0)));
        assert_eq!(clicks(&path, 1.0), [0.0; 0]);
        let delay = |from: f64| fit(&path.heard(from, from + 0.1).collect::<Vec<_>>(), hz).2;
        let off_ms = [35.0, 40.0, 44.8].map(|from| (delay(from) - delay(5.0)) * 1e3);
        println!("{ppm} ppm: {off_ms:.3?} ms off");
        assert!(off_ms.iter().all(|off| off.abs() <= 0.1), "{off_ms:.4?} ms");
        // What no slow change of pitch explains, through the change of mind itself too, which bends it.
        let rest = (60..440).map(|at| {
            let window: Vec<_> =
                path.heard(f64::from(at) * 0.1, f64::from(at) * 0.1 + 0.1).collect();
            let (signal, rest, _) = fit(&window, hz);
            10.0 * (signal / rest).log10()
        });
        let worst = rest.fold(f64::INFINITY, f64::min);
        println!("{worst:.1} dB at the worst");
        assert!(worst >= 75.0, "{worst:.1} dB");
    }
}

/// The microphone pauses: silence, a fade-in, and the delay is the promised one again, larger by the
/// period that the underrun has cost.
#[test]
fn a_pause_of_capture_ends_with_the_right_delay() {
    for seconds in [0.03, 0.3, 3.0] {
        let mut path = Path::new(&SETUP, 9);
        path.pause = (5.0, seconds);
        path.run(20.0);
        let back = 5.0 + seconds + 0.001;
        assert_eq!(path.probe.underruns.get(), 1, "{seconds} s");
        assert_eq!(clicks(&path, back), [0.0; 0], "{seconds} s");
        let off_ms = measured(&path, back + 1.0, 19.9).1;
        assert!(off_ms <= 0.1, "{seconds} s: {off_ms:.4} ms");
        assert_eq!(path.probe.drift.state(), DriftState::Locked);
    }
}

/// The speaker stands still while the microphone goes on: what is too old is thrown away behind
/// a fade, even when the ring ran over.
#[test]
fn a_pause_of_playback_ends_with_the_right_delay() {
    for seconds in [0.03, 0.3, 3.0] {
        let mut path = Path::new(&SETUP, 9);
        path.run(5.0);
        path.playback.stand(seconds);
        path.run(15.0 + seconds);
        let back = 5.0 + seconds;
        assert_eq!(path.probe.underruns.get(), 0, "{seconds} s");
        // Between what was played last and what comes next lies the pause itself.
        assert_eq!(clicks(&path, back + 0.01), [0.0; 0], "{seconds} s");
        let off_ms = measured(&path, back + 1.5, back + 9.9).1;
        assert!(off_ms <= 0.1, "{seconds} s: {off_ms:.4} ms");
        assert_eq!(path.probe.drift.state(), DriftState::Locked);
    }
}

/// A clock further off than the resampler may follow is told, and sound goes on.
#[test]
fn a_clock_beyond_the_limit_is_told() {
    let mut path = Path::new(&Setup { ppm: 8_000.0, ..SETUP }, 2);
    path.run(10.0);
    assert_eq!(path.probe.drift.state(), DriftState::AtLimit);
    assert!((path.probe.drift.ppm() - 8_000.0).abs() < 50.0, "{}", path.probe.drift.ppm());
    let sounding = path.heard(2.0, 10.0).filter(|(_, x)| x.abs() > 0.1).count();
    assert!(sounding > 5 * RATE as usize, "{sounding}");
}
