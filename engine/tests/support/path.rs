//! A tone through a steered live input: a microphone and a speaker on virtual time, and what was heard.

use std::{f64::consts::TAU, sync::Arc};

use retake_engine::{
    FrameProducer, InputClock, InputSpec, LiveInput, Planar, Probe, drift, drift::StampWriter,
    frame_ring,
};

use crate::plant::{Calls, Clock, Device, HARSH, nanos};

/// The engine's rate.
pub const RATE: u32 = 48_000;
const PERIOD: usize = 256;

/// A microphone that hears a sine, a speaker, and the input between them.
pub struct Path {
    pub hz: f64,
    pub capture: Device,
    pub playback: Device,
    ring: FrameProducer,
    stamps: StampWriter,
    pub input: LiveInput,
    pub probe: Arc<Probe>,
    /// What the input says of itself before anything is heard, frames.
    first_latency: usize,
    /// What was played, with the time it was due.
    pub heard: Vec<(f64, f64)>,
    /// From this second on, for so long, capture gives nothing.
    pub pause: (f64, f64),
    paused: usize,
}

#[derive(Clone, Copy)]
pub struct Setup {
    pub hz: f64,
    pub rate: u32,
    pub ppm: f64,
    pub block: usize,
    pub calls: Calls,
    pub clock: fn(drift::StampReader) -> InputClock,
}

pub const SETUP: Setup =
    Setup { hz: 1_000.0, rate: RATE, ppm: 200.0, block: 441, calls: HARSH, clock: InputClock::Own };

impl Path {
    pub fn new(setup: &Setup, seed: u64) -> Self {
        let capture = Clock::steady(setup.rate, setup.ppm);
        let (tx, rx) = frame_ring(1, 96_000);
        let (writer, reader) = drift::stamps();
        let probe: Arc<Probe> = Arc::default();
        let spec = InputSpec {
            rate: setup.rate,
            engine_rate: RATE,
            // Late calls, too, and the converter's rounding.
            target_frames: PERIOD + setup.block + 260,
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
            first_latency: input.latency_frames(),
            input,
            probe,
            heard: Vec::new(),
            pause: (f64::INFINITY, 0.0),
            paused: 0,
        }
    }

    pub fn run(&mut self, seconds: f64) {
        while self.playback.nominal() < seconds {
            while self.capture.due() <= self.playback.due() {
                self.capture();
            }
            self.play();
        }
    }

    /// Frame `n` of the microphone; no tone is silence.
    #[expect(clippy::cast_possible_truncation, reason = "f32 is what devices give")]
    fn tone(&self, n: usize) -> f32 {
        if self.hz == 0.0 {
            return 0.0;
        }
        let tone = (TAU * self.hz * self.capture.clock.time(n as f64)).sin();
        0.5 * tone as f32
    }

    fn capture(&mut self) {
        let from = self.capture.frames();
        let block = self.capture.block;
        let at = self.capture.call();
        if at > self.pause.0 && at < self.pause.0 + self.pause.1 {
            self.paused += block;
            return;
        }
        let frames: Vec<f32> = (from..from + block).map(|n| self.tone(n)).collect();
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
    pub fn heard(&self, from: f64, to: f64) -> impl Iterator<Item = (f64, f64)> {
        self.heard.iter().copied().filter(move |(at, _)| (from..to).contains(at))
    }

    pub fn losses(&self) -> (u64, u64, u64) {
        (self.probe.lost_frames.get(), self.probe.underruns.get(), self.probe.overruns.get())
    }
}

/// A tenth of a second of tone: its level against the rest, and by how many seconds it is late.
/// Its pitch may be off by a little: the rest is what no steady tone explains.
pub fn fit(heard: &[(f64, f64)], hz: f64) -> (f64, f64, f64) {
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
pub fn measured(path: &Path, from: f64, to: f64) -> (f64, f64) {
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

/// Where two neighbouring samples differ by more than the tone can, from `from` seconds on.
pub fn clicks(path: &Path, from: f64) -> Vec<f64> {
    let steepest = 0.5 * TAU * path.hz / f64::from(RATE) * 1.05;
    let is_click = |w: &&[(f64, f64)]| w[0].0 >= from && (w[1].1 - w[0].1).abs() > steepest;
    path.heard.windows(2).filter(is_click).map(|w| w[1].0).collect()
}

/// Frames before `to` seconds that are not as they were captured.
pub fn changed(path: &Path, to: f64) -> usize {
    let latency = path.first_latency;
    let frames = path.heard.iter().skip(latency).take_while(|(at, _)| *at < to);
    frames
        .enumerate()
        .filter(|(n, (_, x))| f64::from(path.tone(*n)).to_bits() != x.to_bits())
        .count()
}

/// Seconds by which the tone is late, a tenth of a second after the other from `from` on: a turn of 1 kHz
/// more or less is the same, so steps of up to half a turn add up.
pub fn delays(path: &Path, from: f64, to: f64) -> Vec<f64> {
    let turn = 1.0 / path.hz;
    let (mut at, mut delays) = (from, Vec::new());
    while at + 0.1 <= to {
        let window: Vec<_> = path.heard(at, at + 0.1).collect();
        let delay = fit(&window, path.hz).2;
        let last = delays.last().copied().unwrap_or(delay);
        delays.push(last + (delay - last + turn / 2.0).rem_euclid(turn) - turn / 2.0);
        at += 0.1;
    }
    delays
}
