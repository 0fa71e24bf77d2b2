//! What the callbacks of a host can be stamped with: when they come, or when their frames were or will
//! be in the air, by the latency that cpal reports. Which of the two lies nearer to a straight line?
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    dead_code,
    reason = "a test fails loudly and says what it measured"
)]

use std::{
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use audio_thread_priority::promote_current_thread_to_real_time;
use cpal::{
    BufferSize, Data, SampleFormat, StreamConfig, StreamInstant,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};

#[path = "common/home.rs"]
mod home;
#[path = "common/pulse.rs"]
mod pulse;
use home::in_private_home;
use pulse::Daemon;

const RATE: u32 = 48_000;
const SECONDS: f64 = 30.0;
/// What a stream begins with is no line yet.
const LEAD: f64 = 3.0;

/// One callback: seconds at which it came, at which its first frame was or will be in the air, its
/// frames, and those before.
#[derive(Debug, Clone, Copy)]
struct Call {
    came: f64,
    in_air: f64,
    frames: usize,
    before: usize,
}

#[derive(Clone)]
struct Log {
    epoch: Instant,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Log {
    fn new(epoch: Instant) -> Self {
        Self { epoch, calls: Arc::default() }
    }

    fn call(&self, callback: StreamInstant, in_air: StreamInstant, frames: usize) {
        let came = self.epoch.elapsed().as_secs_f64();
        let later = in_air.duration_since(callback).as_secs_f64();
        let ago = callback.duration_since(in_air).as_secs_f64();
        let mut calls = self.calls.lock().unwrap();
        if calls.is_empty() {
            // As the product does; where it is refused, figures are worse.
            drop(promote_current_thread_to_real_time(256, RATE));
        }
        let before = calls.last().map_or(0, |last| last.before + last.frames);
        calls.push(Call { came, in_air: came + later - ago, frames, before });
    }

    /// Both, as points (frames, seconds).
    fn points(&self, is_capture: bool) -> [Vec<(f64, f64)>; 2] {
        let calls = self.calls.lock().unwrap();
        let begun = calls[0].came + LEAD;
        let steady = || calls.iter().filter(|call| call.came > begun);
        let came = |call: &Call| {
            // What a capture callback brings is complete by then.
            let frames = call.before + if is_capture { call.frames } else { 0 };
            (frames as f64, call.came)
        };
        let in_air = |call: &Call| (call.before as f64, call.in_air);
        [steady().map(came).collect(), steady().map(in_air).collect()]
    }
}

/// A straight line through points: its slope, and what they are off, rms.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| -> f64 { points.iter().map(|p| of(p.0 - x, p.1 - y)).sum() };
    let slope = sum(&|x, y| x * y) / sum(&|x, _| x * x);
    (slope, (sum(&|x, y| (y - slope * x).powi(2)) / n).sqrt())
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Lines of two seconds, by their medians, so that a drop-out spoils one of them: how far stamps are
/// off, ms rms, and how far slopes differ, ppm.
fn off_the_line(points: &[(f64, f64)]) -> [f64; 2] {
    let lines = points.chunk_by(|a, b| (a.1 / 2.0).floor().total_cmp(&(b.1 / 2.0).floor()).is_eq());
    let lines: Vec<_> = lines.filter(|points| points.len() > 20).map(line).collect();
    let off = median(lines.iter().map(|line| line.1 * 1e3).collect());
    let slope = median(lines.iter().map(|line| line.0).collect());
    let wander = lines.iter().map(|line| (line.0 / slope - 1.0).abs() * 1e6);
    [off, median(wander.collect())]
}

/// Plays silence and listens for half a minute, and prints.
fn compare(devices: [cpal::Device; 2], period: u32) {
    let config =
        StreamConfig { channels: 2, sample_rate: RATE, buffer_size: BufferSize::Fixed(period) };
    let epoch = Instant::now();
    let logs = [Log::new(epoch), Log::new(epoch)];
    let [capture, playback] = logs.clone();
    let listen = move |data: &Data, info: &cpal::InputCallbackInfo| {
        let at = info.timestamp();
        capture.call(at.callback, at.capture, data.len() / 2);
    };
    let play = move |data: &mut Data, info: &cpal::OutputCallbackInfo| {
        let at = info.timestamp();
        playback.call(at.callback, at.playback, data.len() / 2);
    };
    let f32s = SampleFormat::F32;
    let [microphone, speaker] = devices;
    let input = microphone.build_input_stream_raw(config, f32s, listen, |_| {}, None).unwrap();
    let output = speaker.build_output_stream_raw(config, f32s, play, |_| {}, None).unwrap();
    input.play().unwrap();
    output.play().unwrap();
    std::thread::sleep(Duration::from_secs_f64(LEAD + SECONDS));
    drop((input, output));
    for (end, log) in ["capture", "playback"].iter().zip(&logs) {
        let n = log.calls.lock().unwrap().len();
        for (what, points) in ["came", "in the air"].iter().zip(log.points(*end == "capture")) {
            let [off, wander] = off_the_line(&points);
            eprintln!(
                "{period} frames, {end}, {n} calls, {what}: {off:.3} ms rms, slopes {wander:.0} ppm"
            );
        }
    }
}

#[test]
#[ignore = "prints figures of two minutes"]
fn stamps_of_pulse_audio() {
    in_private_home("stamps_of_pulse_audio", || {
        let _daemon = Daemon::start();
        let host = cpal::host_from_id(cpal::HostId::PulseAudio).unwrap();
        let named = |id| host.devices().unwrap().find(|d| d.id().unwrap().id() == id).unwrap();
        for period in [128, 256, 1_024] {
            compare([pulse::MIC, pulse::SPEAKER].map(named), period);
        }
    });
}

#[test]
#[ignore = "prints figures of a minute; needs jackd"]
fn stamps_of_jack() {
    in_private_home("stamps_of_jack", || {
        let server = std::env::var("JACK_DEFAULT_SERVER").unwrap();
        let words = ["--no-realtime", "--name", &server, "-d", "dummy", "-r", "48000", "-p", "256"];
        let mut server = Command::new("jackd").args(words).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(1));
        let host = cpal::host_from_id(cpal::HostId::Jack).unwrap();
        let ends = [host.default_input_device(), host.default_output_device()];
        compare(ends.map(Option::unwrap), 256);
        server.kill().unwrap();
        server.wait().unwrap();
    });
}
