//! Two microphones and a speaker of a real sound server: the delay of each through Retake, window
//! by window.
//!
//! The microphones are null sinks that noise is played into, the speaker is one, and the monitors of
//! all three are recorded. Cross-correlation says where a window of a microphone lies in the speaker.
//! Every sink has a clock of its own: its timer goes on by whole microseconds per block, so it is off
//! by some ppm, steadily. When pieces of a recording arrive gives its clock, a straight line, and the
//! delay is the time of the place in the speaker less the time of the window; what pieces take to
//! arrive is in its mean.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    ears::{Ears, Heard, Pace, place},
    line::Line,
    pulse::{Daemon, build_example},
    signal::noise,
    wav::Wav,
};

const RATE: u32 = 48_000;
/// Frames of a window, and of a place that is not known yet.
const WINDOW: usize = 4_800;
const FIRST_WINDOW: usize = 1_000;
/// Frames by which a window may lie elsewhere than the one before.
const REACH: usize = 48;
/// Furthest that a window may be off from the mean, ms.
const WITHIN_MS: f64 = 0.1;
/// How large the pieces of the recordings are.
const PIECE: Duration = Duration::from_millis(20);

/// A sink that rewinds, for a player that comes late, gives its monitor some frames twice: its clock
/// jumps, as no sound card's does.
const SCRIPT: &str = "\
load-module module-native-protocol-unix
load-module module-null-sink sink_name=a format=float32le rate=48000 channels=2 norewinds=1
load-module module-null-sink sink_name=b format=float32le rate=48000 channels=2 norewinds=1
load-module module-null-sink sink_name=speaker format=float32le rate=48000 channels=2 norewinds=1
set-default-sink speaker
set-default-source a.monitor
";

#[expect(clippy::cast_sign_loss, reason = "a place in a recording")]
fn whole(place: f64) -> usize {
    place.round().max(0.0) as usize
}

/// Where windows of a microphone lie in the speaker, one a second: both in frames.
fn places(mic: &[f32], speaker: &[f32], (from, seconds): (usize, usize)) -> Vec<(f64, f64)> {
    let rate = RATE as usize;
    let anywhere = |start: usize| {
        let window = &mic[start..start + FIRST_WINDOW];
        place(window, speaker, start.saturating_sub(rate)..start + 2 * rate)
    };
    let mut delay = None;
    let each = (0..seconds).map(|second| from + second * rate).filter_map(|start| {
        let near = delay.or_else(|| Some(anywhere(start)? - start as f64));
        let near = whole(start as f64 + near?);
        let window = &mic[start..start + WINDOW];
        let there = place(window, speaker, near - REACH..near + REACH);
        delay = there.map(|there| there - start as f64);
        if there.is_none() {
            println!("second {} is not there", (start - from) / rate);
        }
        there.map(|there| (start as f64, there))
    });
    each.collect()
}

/// By how much each is off from the mean of all, and the furthest.
fn off(delays: impl Iterator<Item = f64>) -> (Vec<f64>, f64) {
    let delays: Vec<f64> = delays.collect();
    let mean = delays.iter().sum::<f64>() / delays.len() as f64;
    let off: Vec<f64> = delays.iter().map(|delay| delay - mean).collect();
    let worst = off.iter().fold(0.0_f64, |worst, off| worst.max(off.abs()));
    (off, worst)
}

/// Frames that both microphones have lost so far, and what is told of their clocks.
fn lost(listening: &Value) -> u64 {
    // A line of its own: one that is not read for long is closed.
    let status = Line::open(listening).call("status", &json!({}));
    println!("{}\n{}\n{}", status["inputs"], status["counters"], status["sources"][1]["counters"]);
    let lost = |of: &Value| of["counters"]["lost_frames"].as_u64();
    // The second's own, and the first's.
    lost(&status["sources"][1]).unwrap() + lost(&status).unwrap()
}

fn number(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).map_or(otherwise, |word| word.parse().unwrap())
}

/// `RETAKE_SOAK_SECONDS` for another length than five minutes, `RETAKE_SOAK_PERIOD` for a machine that
/// cannot keep 1,024 frames.
#[test]
#[ignore = "five minutes on a quiet machine: for the closing note"]
fn two_microphones_of_a_sound_server_keep_their_delays() {
    let seconds = number("RETAKE_SOAK_SECONDS", 300);
    let period = number("RETAKE_SOAK_PERIOD", 1_024);
    build_example();
    let daemon = Daemon::with(SCRIPT);
    let dir = tempfile::tempdir().unwrap();
    let _speaking = ["a", "b"].map(|sink| {
        let file = dir.path().join(sink).with_extension("wav");
        let seed = u32::from(sink.as_bytes()[0]);
        Wav::new(RATE, vec![noise(seed, 0.2, ((seconds + 60) * RATE) as usize)]).write(&file);
        daemon.speak_into(sink, &file, period)
    });
    let begun = Instant::now();
    let ears = ["a", "b", "speaker"].map(|sink| Ears::open(&daemon, (sink, 1), PIECE, begun));
    let frames = period.to_string();
    let inputs = ["--input", "a.monitor", "--input", "b.monitor", "--output", "speaker"];
    let args = ["example-plugin", "--no-watch", "--period", &frames];
    let mut server = daemon.retake(&[&args[..], &inputs[..]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    std::thread::sleep(Duration::from_secs(5));
    let before = lost(&listening);
    let from = begun.elapsed().as_secs() as usize * RATE as usize;
    std::thread::sleep(Duration::from_secs(seconds.into()));
    let lost = lost(&listening) - before;
    std::thread::sleep(Duration::from_secs(3));
    server.stop().succeeded();
    let [a, b, speaker] = ears.map(Ears::end);
    println!("{seconds} s at {period} frames: {lost} frames lost");
    let span = (from as f64 / f64::from(RATE), f64::from(seconds));
    let paces = [&a, &b, &speaker].map(|heard: &Heard| heard.pace(span.0, span.0 + span.1 + 1.0));
    for (name, Pace { period, scatter, .. }) in ["a", "b", "speaker"].iter().zip(&paces) {
        let ppm = (1.0 / (period * f64::from(RATE)) - 1.0) * 1e6;
        println!("{name}: {ppm:+.2} ppm, pieces off by {:.0} µs rms", scatter * 1e6);
    }
    let (mut worst, mut n_windows) = (0.0_f64, 0);
    for (name, mic, pace) in [("a", &a, &paces[0]), ("b", &b, &paces[1])] {
        let places = places(&mic.samples, &speaker.samples, (from, seconds as usize));
        n_windows += places.len();
        let (_, by_frames) = off(places.iter().map(|(here, there)| there - here));
        let in_time = |(here, there): &(f64, f64)| paces[2].second(*there) - pace.second(*here);
        let (each, furthest) = off(places.iter().map(in_time));
        let each: Vec<f64> = each.iter().map(|off| off * 1e6).collect();
        println!("{name}: {by_frames:.2} frames off at the worst; in time, each second, µs:");
        println!("{each:.1?}");
        worst = worst.max(furthest * 1e3);
    }
    println!("{worst:.4} ms off at the worst");
    assert_eq!(lost, 0, "frames lost");
    assert_eq!(n_windows, 2 * seconds as usize, "windows of a microphone that are in the speaker");
    assert!(worst <= WITHIN_MS, "{worst:.4} ms");
}
