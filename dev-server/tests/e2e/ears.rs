//! What a sink of a sound server gives, with the time at which it came.

use std::{
    io::Read,
    process::Stdio,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::pulse::{Daemon, Killed};

/// A recording under way, of a sink's monitor.
pub(crate) struct Ears {
    child: Killed,
    reader: JoinHandle<(Vec<u8>, Arrivals)>,
    channels: usize,
}

/// How many frames had come in all, and at which second.
type Arrivals = Vec<(usize, f64)>;

/// What was heard.
pub(crate) struct Heard {
    /// Interleaved.
    pub(crate) samples: Vec<f32>,
    pub(crate) arrivals: Arrivals,
}

impl Ears {
    /// Asks for pieces of `latency`; seconds count from `epoch`.
    pub(crate) fn open(
        daemon: &Daemon,
        (sink, channels): (&str, usize),
        latency: Duration,
        epoch: Instant,
    ) -> Self {
        let mut child = daemon
            .command("nice")
            // What it does not fetch in time is no loss of ours; without the right, nice goes on.
            .args(["-n", "-11", "parec", &format!("--device={sink}.monitor")])
            .args(["--format=float32le", "--rate=48000", "--raw"])
            .arg(format!("--channels={channels}"))
            .arg(format!("--latency-msec={}", latency.as_millis()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("parec is installed (./setup.sh --dev)");
        let pipe = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || gather(pipe, 4 * channels, epoch));
        Self { child: Killed(child), reader, channels }
    }

    pub(crate) fn end(self) -> Heard {
        drop(self.child);
        let (bytes, arrivals) = self.reader.join().unwrap();
        let samples = bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x));
        Heard { samples: samples.collect(), arrivals }
    }

    /// The first channel of what was heard.
    pub(crate) fn end_with_one(self) -> Vec<f32> {
        let channels = self.channels;
        self.end().samples.into_iter().step_by(channels).collect()
    }
}

/// All that comes, in frames of so many bytes.
fn gather(mut pipe: impl Read, frame: usize, epoch: Instant) -> (Vec<u8>, Arrivals) {
    let (mut bytes, mut arrivals) = (Vec::new(), Vec::new());
    let mut piece = vec![0; 1 << 16];
    loop {
        let got = pipe.read(&mut piece).unwrap();
        if got == 0 {
            return (bytes, arrivals);
        }
        bytes.extend_from_slice(&piece[..got]);
        arrivals.push((bytes.len() / frame, epoch.elapsed().as_secs_f64()));
    }
}

/// When a sink gave which frame: a straight line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    frame: f64,
    at: f64,
    /// Seconds per frame.
    pub(crate) period: f64,
    /// How far arrivals are from it, rms of those that were taken, seconds.
    pub(crate) scatter: f64,
}

impl Pace {
    /// The second of a frame, but for what all pieces take to arrive.
    pub(crate) fn second(&self, frame: f64) -> f64 {
        self.at + (frame - self.frame) * self.period
    }
}

impl Heard {
    /// The pace between two moments. A sink's own timer paces it, and pieces are late by chance: the
    /// line of least squares, without those that are three times as late as most.
    pub(crate) fn pace(&self, from: f64, to: f64) -> Pace {
        let within = |(_, at): &&(usize, f64)| (from..to).contains(at);
        let mut points: Vec<_> =
            self.arrivals.iter().filter(within).map(|(n, at)| (*n as f64, *at)).collect();
        let mut pace = line(&points);
        for _ in 0..8 {
            let late = |(n, at): &(f64, f64)| (at - pace.second(*n)).abs();
            let mut by: Vec<f64> = points.iter().map(late).collect();
            by.sort_by(f64::total_cmp);
            let limit = 3.0 * by[by.len() / 2];
            points.retain(|point| late(point) <= limit);
            pace = line(&points);
        }
        pace
    }
}

fn line(points: &[(f64, f64)]) -> Pace {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (frame, at) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        points.iter().map(|(x, y)| of(x - frame, y - at)).sum()
    };
    let period = sum(&|x, y| x * y) / sum(&|x, _| x * x);
    let scatter = (sum(&|x, y| (y - x * period).powi(2)) / n).sqrt();
    Pace { frame, at, period, scatter }
}

/// How alike they are, 0 for strangers.
fn likeness(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
}

/// Where `window` lies in `sound`, among `places`: the frame with its fraction; `None` when it is not
/// there.
pub(crate) fn place(window: &[f32], sound: &[f32], places: std::ops::Range<usize>) -> Option<f64> {
    let at = |n: usize| sound.get(n..n + window.len()).map_or(0.0, |there| likeness(window, there));
    let found: Vec<f64> = places.clone().map(at).collect();
    let (best, peak) = found.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let is_there = peak > 0.5 * likeness(window, window) && best > 0 && best + 1 < found.len();
    let (before, after) = is_there.then(|| (found[best - 1], found[best + 1]))?;
    Some((places.start + best) as f64 + (before - after) / (2.0 * (before - 2.0 * peak + after)))
}
