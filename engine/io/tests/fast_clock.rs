//! The fast clock, measured at the far end: what the speaker's file holds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "a test fails loudly; samples are compared bit by bit"
)]

use std::path::Path;

use retake_engine::drift::DriftState;
use retake_io::{Gate, IoError, Mode, Recorder};

#[path = "common/rig.rs"]
mod rig;
use rig::{Rig, fast, noise, read_wav, write_wav};

fn device(keys: &str, path: &Path) -> String {
    let comma = if keys.is_empty() { "" } else { "," };
    format!("virtual:{keys}{comma}file={}", path.display())
}

/// Runs a stereo file through an identity plugin; the latency and what came out.
fn through(input_keys: &str, output_keys: &str, frames: usize, sound: &[f32]) -> (usize, Vec<f32>) {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("in,1.wav"), dir.path().join("out.wav"));
    write_wav(&from, 48_000, 2, sound);
    let request = fast(&device(input_keys, &from), &device(output_keys, &to), frames as u64);
    let (rig, opened) = Rig::start(request);
    rig.finished().unwrap();
    let probe = std::sync::Arc::clone(&rig.probe);
    rig.stop();
    assert_eq!(probe.lost_frames.get(), 0);
    assert_eq!(probe.underruns.get() + probe.overruns.get(), 0);
    (opened.format.latency_frames, read_wav(&to).1)
}

fn assert_identity(latency: usize, frames: usize, sound: &[f32], heard: &[f32]) {
    assert_eq!(heard.len(), 2 * frames, "exactly the frames asked for");
    assert!(heard[..2 * latency].iter().all(|x| *x == 0.0), "silence first");
    for (n, sample) in heard[2 * latency..].iter().enumerate() {
        let expected = sound[n % sound.len()];
        assert_eq!(sample.to_bits(), expected.to_bits(), "sample {n} after {latency} frames");
    }
}

#[test]
fn identity_for_all_periods() {
    let sound = noise(5_000);
    for period in [1, 63, 512, 8_191] {
        let keys = format!("period={period}");
        let frames = if period == 1 { 10_007 } else { 48_007 };
        let (latency, heard) = through(&keys, &keys, frames, &sound);
        assert_eq!(latency, 2 * period);
        assert_identity(latency, frames, &sound, &heard);
    }
}

#[test]
fn identity_for_unlike_periods() {
    let sound = noise(7_001);
    for (capture, playback) in [(64, 512), (512, 64), (63, 8_191), (8_191, 1), (480, 441)] {
        let input = format!("period={capture}");
        let output = format!("period={playback}");
        let frames = 30_011;
        let (latency, heard) = through(&input, &output, frames, &sound);
        assert_eq!(latency, capture + playback);
        assert_identity(latency, frames, &sound, &heard);
    }
}

#[test]
fn jitter_moves_callbacks_and_not_sound() {
    let sound = noise(3_000);
    let keys = "period=256,jitter_us=900,seed=5";
    let (latency, heard) = through(keys, "period=256", 24_000, &sound);
    assert_identity(latency, 24_000, &sound, &heard);
}

#[test]
fn every_format_of_a_device_is_played_within_its_resolution() {
    let sound = noise(3_000);
    for (format, tolerance) in [
        ("i8", 0.5 / 128.0),
        ("u8", 0.5 / 128.0),
        ("i16", 0.5 / 32_768.0),
        ("u16", 0.5 / 32_768.0),
        ("i24", 0.5 / 8_388_608.0),
        ("u24", 0.5 / 8_388_608.0),
        ("i32", 0.0),
        ("u32", 0.0),
        ("i64", 0.0),
        ("u64", 0.0),
        ("f64", 0.0),
    ] {
        let keys = format!("format={format},period=100");
        let (latency, heard) = through(&keys, &keys, 5_000, &sound);
        let worst = heard[2 * latency..].iter().zip(sound.iter().cycle());
        let worst = worst.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= tolerance * 1.001, "{format}: {worst}");
    }
}

#[test]
fn two_runs_are_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let bytes: Vec<_> = ["a", "b"]
        .map(|name| {
            let to = dir.path().join(name);
            let input = "virtual:rate=44100,tone=997,jitter_us=500,seed=3,period=300";
            let (rig, _) = Rig::start(fast(input, &device("", &to), 100_000));
            rig.finished().unwrap();
            rig.stop();
            std::fs::read(to).unwrap()
        })
        .into();
    assert!(bytes[0].len() > 8 * 100_000);
    assert!(bytes[0] == bytes[1]);
}

#[test]
fn other_rates_are_converted_without_a_missing_frame() {
    for (rate, period) in [(44_100, 512), (44_100, 63), (96_000, 1_000), (8_000, 8_191)] {
        let input = format!("virtual:rate={rate},tone=997,period={period}");
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("out.wav");
        let (rig, opened) = Rig::start(fast(&input, &device("period=256", &to), 480_000));
        assert_eq!(opened.info.input.as_ref().unwrap().rate, rate);
        assert_eq!(opened.format.engine_rate, 48_000);
        rig.finished().unwrap();
        let probe = std::sync::Arc::clone(&rig.probe);
        rig.stop();
        assert_eq!(probe.lost_frames.get() + probe.underruns.get(), 0, "{rate} {period}");
        let left: Vec<f64> = read_wav(&to).1.iter().step_by(2).map(|x| f64::from(*x)).collect();
        assert!(snr_db(&left[96_000..], 997.0 / 48_000.0) > 120.0, "{rate} {period}");
    }
}

/// A microphone that is 200 ppm fast: nothing is lost, and its tone keeps its pitch.
#[test]
fn a_microphone_with_its_own_clock_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = ["a", "b"].map(|name| {
        let to = dir.path().join(name);
        let input = "virtual:tone=997,ppm=200,jitter_us=200,seed=3,period=441";
        let output = device("period=256", &to);
        let (rig, _) = Rig::start(fast(input, &output, 960_000));
        rig.finished().unwrap();
        let probe = std::sync::Arc::clone(&rig.probe);
        rig.stop();
        assert_eq!((probe.underruns.get(), probe.overruns.get()), (0, 0));
        assert_eq!(probe.lost_frames.get(), 0);
        assert_eq!(probe.drift.state(), DriftState::Locked);
        assert!((probe.drift.ppm() - 200.0).abs() < 2.0, "{}", probe.drift.ppm());
        let left: Vec<f64> = read_wav(&to).1.iter().step_by(2).map(|x| f64::from(*x)).collect();
        // The tone is 997 Hz by the microphone's own clock.
        let hz = 997.0 * (1.0 + 200e-6);
        // Over a tenth of a second, 2 ppm off would show as 64 dB.
        let snr = snr_db(&left[955_200..], hz / 48_000.0);
        assert!(snr > 64.0, "{snr}");
        std::fs::read(to).unwrap()
    });
    assert!(bytes[0] == bytes[1], "the same bytes every time");
}

/// Power of the best sine of that frequency over the power of the rest.
fn snr_db(x: &[f64], cycles_per_frame: f64) -> f64 {
    let basis = |n: usize| {
        let phase = std::f64::consts::TAU * (cycles_per_frame * n as f64).fract();
        (phase.sin(), phase.cos())
    };
    let (mut ss, mut sc, mut cc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in x.iter().enumerate() {
        let (s, c) = basis(n);
        ss += s * s;
        sc += s * c;
        cc += c * c;
        xs += x * s;
        xc += x * c;
    }
    let det = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / det, (xc * ss - xs * sc) / det);
    let (mut signal, mut rest) = (0.0, 0.0);
    for (n, x) in x.iter().enumerate() {
        let (s, c) = basis(n);
        let fit = a * s + b * c;
        signal += fit * fit;
        rest += (x - fit) * (x - fit);
    }
    10.0 * (signal / rest).log10()
}

#[test]
fn channels_of_the_devices_are_mapped() {
    let sound = noise(2_000);
    let (latency, heard) = through("", "channels=6", 4_000, &sound);
    let frames = heard.chunks_exact(6).skip(latency);
    for (frame, from) in frames.zip(sound.chunks_exact(2).cycle()) {
        assert_eq!(frame[..2], *from);
        assert!(frame[2..].iter().all(|x| *x == 0.0));
    }
}

#[test]
fn a_stall_costs_its_own_time_and_no_more() {
    let sound = noise(48_000);
    // The microphone hears nothing of frames 9,600 … 14,400, the speaker plays on.
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("in.wav"), dir.path().join("out.wav"));
    write_wav(&from, 48_000, 2, &sound);
    let request =
        fast(&device("period=480,stall=0.2+0.1", &from), &device("period=480", &to), 48_000);
    let (rig, opened) = Rig::start(request);
    rig.finished().unwrap();
    assert!(rig.probe.underruns.get() > 0, "the loss is counted");
    assert!(rig.probe.lost_frames.get() >= 4_800 - 960);
    rig.stop();
    let heard = read_wav(&to).1;
    let latency = opened.format.latency_frames;
    assert_eq!(heard[2 * latency..][..2 * 9_000], sound[..2 * 9_000]);
    let end = heard[2 * 40_000..].chunks_exact(2).map(|f| f[0]).collect::<Vec<_>>();
    let shift = (0..20_000).find(|d| (0..100).all(|n| end[n] == sound[2 * (40_000 - d + n)]));
    assert!(shift.is_some(), "sound is back, sample for sample");
}

#[test]
fn without_a_speaker_the_microphone_is_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("in.wav"), dir.path().join("rec.wav"));
    let sound = noise(3_000);
    write_wav(&from, 48_000, 2, &sound);
    let (mut rig, opened) = Rig::open(fast(&device("period=100", &from), "none", 20_000)).unwrap();
    assert_eq!((opened.format.mode, opened.format.latency_frames), (Mode::Input, 0));
    let (producer, recorder) =
        Recorder::create(&to, 48_000, 2, Box::new(|e| panic!("{e}"))).unwrap();
    let engine = rig.engine(*opened, Some(producer));
    rig.play(engine, vec![recorder.gate()]);
    rig.finished().unwrap();
    assert_eq!(rig.probe.lost_frames.get() + rig.probe.discarded_frames.get(), 0);
    drop(rig.stop());
    assert_eq!(recorder.finish(), Ok(20_000));
    assert_identity(0, 20_000, &sound, &read_wav(&to).1);
}

#[test]
fn without_a_microphone_there_is_only_playback() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("out.wav");
    let (rig, opened) = Rig::start(fast("none", &device("rate=96000,channels=1", &to), 9_999));
    assert_eq!((opened.format.mode, opened.format.n_input), (Mode::Output, 0));
    rig.finished().unwrap();
    rig.stop();
    let (spec, heard) = read_wav(&to);
    assert_eq!((spec.sample_rate, spec.channels, heard.len()), (96_000, 1, 9_999));
}

#[test]
fn the_recorder_loses_nothing_however_fast_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to, rec) =
        (dir.path().join("in.wav"), dir.path().join("out.wav"), dir.path().join("rec.wav"));
    let sound = noise(9_000);
    write_wav(&from, 48_000, 2, &sound);
    // Longer than the recorder's ring: without its gate frames would be lost.
    let frames = 1_500_000;
    let request = fast(&device("period=8191", &from), &device("period=8191", &to), frames);
    let (mut rig, opened) = Rig::open(request).unwrap();
    let (producer, recorder) =
        Recorder::create(&rec, 48_000, 2, Box::new(|e| panic!("{e}"))).unwrap();
    let engine = rig.engine(*opened, Some(producer));
    rig.play(engine, vec![recorder.gate()]);
    rig.finished().unwrap();
    assert_eq!(rig.probe.record_lost_frames.get(), 0);
    drop(rig.stop());
    assert_eq!(recorder.finish(), Ok(frames));
    let (heard, recorded) = (read_wav(&to).1, read_wav(&rec).1);
    assert!(heard == recorded);
}

#[test]
fn a_gate_holds_the_clock() {
    let opened_at = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = std::sync::Arc::clone(&opened_at);
    let gate: Gate = Box::new(move |frames| {
        assert_eq!(frames, 128);
        flag.load(std::sync::atomic::Ordering::Relaxed)
    });
    let request = fast("virtual", "virtual:period=128", 12_800);
    let (rig, _) = Rig::start_with(request, vec![gate]);
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(rig.probe.frames.get(), 0);
    opened_at.store(true, std::sync::atomic::Ordering::Relaxed);
    rig.finished().unwrap();
    assert_eq!(rig.probe.frames.get(), 12_800);
    rig.stop();
}

#[test]
fn anything_real_or_unpredictable_is_a_usage_error() {
    for (input, output) in [
        ("default", "virtual"),
        ("virtual", "default"),
        ("Built-in Microphone", "virtual"),
        ("virtual:unplug=1+1", "virtual"),
    ] {
        let error = Rig::open(fast(input, output, 1)).err().unwrap();
        assert!(matches!(error, IoError::FastClock(_)), "{error:?}");
        assert!(error.is_usage());
    }
    let mut request = fast("default", "default", 480);
    request.request.host = Some("virtual".into());
    let (rig, _) = Rig::start(request);
    rig.finished().unwrap();
}
