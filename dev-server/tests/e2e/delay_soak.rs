//! Two microphones and a speaker of a real sound server: the delay of each through Retake, window
//! by window.
//!
//! The microphones are null sinks that noise is played into, the speaker is one, and the monitors of
//! all three are recorded. What a window of a microphone is in the speaker, cross-correlation says;
//! when both were, the line through the earliest arrivals of each recording does, since each sink
//! has a pace of its own.

use std::{
    io::Read,
    process::Stdio,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    line::Line,
    pulse::{Daemon, Killed, build_example},
    signal::noise,
    wav::Wav,
};

const RATE: u32 = 48_000;
const PERIOD: u32 = 1_024;
/// Frames of a window, and of a place that is not known yet.
const WINDOW: usize = 4_800;
const FIRST_WINDOW: usize = 1_000;
/// Furthest that a window may be off from the mean, ms.
const WITHIN_MS: f64 = 0.1;

const SCRIPT: &str = "\
load-module module-native-protocol-unix
load-module module-null-sink sink_name=a format=float32le rate=48000 channels=2
load-module module-null-sink sink_name=b format=float32le rate=48000 channels=2
load-module module-null-sink sink_name=speaker format=float32le rate=48000 channels=2
set-default-sink speaker
set-default-source a.monitor
";

/// What a monitor gave, and when so many frames of it were there.
struct Heard {
    sound: Vec<f32>,
    arrivals: Vec<(f64, f64)>,
}

/// A recording under way.
struct Ears {
    child: Killed,
    reader: JoinHandle<Heard>,
}

impl Ears {
    fn open(daemon: &Daemon, sink: &str, epoch: Instant) -> Self {
        let mut child = daemon
            .command("parec")
            .args([&format!("--device={sink}.monitor"), "--format=float32le", "--rate=48000"])
            .args(["--channels=1", "--raw", "--latency-msec=50"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("parec is installed (./setup.sh --dev)");
        let mut pipe = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let (mut bytes, mut arrivals, mut buffer) = (Vec::new(), Vec::new(), vec![0; 1 << 16]);
            let mut more = || pipe.read(&mut buffer).map(|n| buffer[..n].to_vec()).unwrap();
            for part in std::iter::from_fn(|| Some(more()).filter(|part| !part.is_empty())) {
                bytes.extend(part);
                arrivals.push(((bytes.len() / 4) as f64, epoch.elapsed().as_secs_f64()));
            }
            let (samples, _) = bytes.as_chunks();
            Heard { sound: samples.iter().map(|x| f32::from_le_bytes(*x)).collect(), arrivals }
        });
        Self { child: Killed(child), reader }
    }

    fn end(self) -> Heard {
        drop(self.child);
        self.reader.join().unwrap()
    }
}

/// When a frame of a recording was there: seconds = `at` + frame × `each`.
#[derive(Debug, Clone, Copy)]
struct Clock {
    at: f64,
    each: f64,
}

impl Clock {
    /// The line below all arrivals, and closest to them: nothing comes early, and lateness is the
    /// machine's.
    fn of(heard: &Heard) -> Self {
        let points: Vec<_> =
            heard.arrivals.iter().copied().filter(|(n, _)| *n > f64::from(RATE)).collect();
        let mean = points.iter().map(|(n, _)| n).sum::<f64>() / points.len() as f64;
        let mut hull: Vec<(f64, f64)> = Vec::new();
        for p in points {
            while let [.., a, b] = hull[..]
                && (b.0 - a.0) * (p.1 - a.1) <= (b.1 - a.1) * (p.0 - a.0)
            {
                hull.pop();
            }
            hull.push(p);
        }
        let edge = hull.windows(2).find(|edge| edge[1].0 >= mean).unwrap();
        let each = (edge[1].1 - edge[0].1) / (edge[1].0 - edge[0].0);
        Self { at: edge[0].1 - edge[0].0 * each, each }
    }

    fn time(self, frame: f64) -> f64 {
        self.at + frame * self.each
    }

    #[expect(clippy::cast_sign_loss, reason = "asked for what was recorded")]
    fn frame(self, time: f64) -> usize {
        ((time - self.at) / self.each) as usize
    }

    fn ppm(self) -> f64 {
        (1.0 / (self.each * f64::from(RATE)) - 1.0) * 1e6
    }
}

/// How alike they are, 0 for strangers.
fn likeness(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
}

/// Where `window` lies in `sound`, among `places`: the frame with its fraction.
fn place(window: &[f32], sound: &[f32], places: std::ops::Range<usize>) -> f64 {
    let at = |n: usize| likeness(window, &sound[n..n + window.len()]);
    let found: Vec<f64> = places.clone().map(at).collect();
    let (best, peak) =
        found.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    let energy = likeness(window, window);
    assert!(peak > 0.5 * energy, "not found: {peak} of {energy}");
    assert!(best > 0 && best + 1 < found.len(), "at the rim of {places:?}");
    let (before, after) = (found[best - 1], found[best + 1]);
    (places.start + best) as f64 + (before - after) / (2.0 * (before - 2.0 * peak + after))
}

/// The delay of each window of a microphone from `from` to `to` seconds, one a second, in ms.
fn delays(mic: &Heard, speaker: &Heard, (from, to): (f64, f64)) -> Vec<f64> {
    let (said, heard) = (Clock::of(mic), Clock::of(speaker));
    println!("paces: microphone {:.2} ppm, speaker {:.2} ppm", said.ppm(), heard.ppm());
    let window = |at: f64, frames: usize| {
        let first = said.frame(at);
        (first, &mic.sound[first..first + frames])
    };
    let range = |middle: usize, reach: usize| middle.saturating_sub(reach)..middle + reach;
    let (_, first) = window(from, FIRST_WINDOW);
    let guess = heard.frame(from) + RATE as usize / 2;
    let mut delay = place(first, &speaker.sound, range(guess, RATE as usize / 2));
    delay = heard.time(delay) - from;
    let mut all = Vec::new();
    let mut at = from;
    while at < to {
        let (frame, sound) = window(at, WINDOW);
        let there = place(sound, &speaker.sound, range(heard.frame(at + delay), 96));
        delay = heard.time(there) - said.time(frame as f64);
        all.push(delay * 1e3);
        at += 1.0;
    }
    all
}

/// Frames that both microphones have lost so far, and what is told of their clocks.
fn lost(listening: &Value) -> u64 {
    // A line of its own: one that is not read for long is closed.
    let status = Line::open(listening).call("status", &json!({}));
    println!("{}", status["inputs"]);
    let lost = |of: &Value| of["counters"]["lost_frames"].as_u64();
    // The second's own, and the first's.
    lost(&status["sources"][1]).unwrap() + lost(&status).unwrap()
}

/// `RETAKE_SOAK_SECONDS` for another length than five minutes.
#[test]
#[ignore = "five minutes on a quiet machine: for the closing note"]
fn two_microphones_of_a_sound_server_keep_their_delays() {
    let seconds = std::env::var("RETAKE_SOAK_SECONDS").map_or(300, |word| word.parse().unwrap());
    build_example();
    let daemon = Daemon::with(SCRIPT);
    let dir = tempfile::tempdir().unwrap();
    let _speaking = ["a", "b"].map(|sink| {
        let file = dir.path().join(sink).with_extension("wav");
        let seed = u32::from(sink.as_bytes()[0]);
        Wav::new(RATE, vec![noise(seed, 0.2, (seconds + 60) * RATE as usize)]).write(&file);
        daemon.speak_into(sink, &file, PERIOD)
    });
    let epoch = Instant::now();
    let ears = ["a", "b", "speaker"].map(|sink| Ears::open(&daemon, sink, epoch));
    let period = PERIOD.to_string();
    let inputs = ["--input", "a.monitor", "--input", "b.monitor", "--output", "speaker"];
    let args = ["example-plugin", "--no-watch", "--period", &period];
    let mut server = daemon.retake(&[&args[..], &inputs[..]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    std::thread::sleep(Duration::from_secs(5));
    let (before, from) = (lost(&listening), epoch.elapsed().as_secs_f64());
    std::thread::sleep(Duration::from_secs(seconds as u64));
    let (lost, to) = (lost(&listening) - before, epoch.elapsed().as_secs_f64());
    std::thread::sleep(Duration::from_secs(2));
    server.stop().succeeded();
    let [a, b, speaker] = ears.map(Ears::end);
    let mut worst = 0.0_f64;
    for (name, mic) in [("a", &a), ("b", &b)] {
        let delays = delays(mic, &speaker, (from, to));
        let mean = delays.iter().sum::<f64>() / delays.len() as f64;
        println!("{name}: mean {mean:.3} ms; off by, each second, in µs:");
        let off: Vec<f64> = delays.iter().map(|delay| (delay - mean) * 1e3).collect();
        println!("{off:.0?}");
        worst = off.iter().fold(worst, |worst, off| worst.max(off.abs() / 1e3));
    }
    println!("{seconds} s: {worst:.4} ms off at the worst; {lost} frames lost");
    assert_eq!(lost, 0, "frames lost");
    assert!(worst <= WITHIN_MS, "{worst:.4} ms");
}
