//! Devices that die and come back, on virtual hardware and the real clock.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "a test fails loudly; samples are compared bit by bit"
)]

use std::{collections::HashMap, path::Path};

use retake_io::{DeviceEvent, DeviceState, End, IoError};

#[path = "common/rig.rs"]
mod rig;
use rig::{Rig, noise, read_wav, real, request, write_wav};

fn file(keys: &str, path: &Path) -> String {
    format!("virtual:{keys},file={}", path.display())
}

/// Where the frames of `heard` (stereo) lie in `sound`: runs of (first, source, length).
fn runs(sound: &[f32], heard: &[f32]) -> Vec<(usize, usize, usize)> {
    let key = |frame: &[f32]| (frame[0].to_bits(), frame[1].to_bits());
    let places: HashMap<_, _> = sound.chunks_exact(2).map(key).zip(0..).collect();
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (n, frame) in heard.chunks_exact(2).enumerate() {
        let Some(&source) = places.get(&key(frame)) else {
            continue;
        };
        match found.last_mut() {
            Some((at, from, length)) if (*at + *length, *from + *length) == (n, source) => {
                *length += 1;
            }
            _ => found.push((n, source, 1)),
        }
    }
    found
}

#[test]
fn an_unplugged_speaker_comes_back_with_the_same_engine() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("out.wav");
    let output = file("period=256,unplug=0.3+0.4", &to);
    let (rig, _) = Rig::start(real("virtual:tone=997", &output, 72_000));
    assert_eq!(rig.until(End::Output, DeviceState::Lost), []);
    let lost_at = rig.probe.frames.get();
    // The stand-in renders meanwhile.
    rig.wait("the stand-in", |probe| probe.frames.get() > lost_at + 4_800);
    let seen = rig.until(End::Output, DeviceState::Back);
    assert!(seen.len() <= 2, "{seen:?}");
    assert!(seen.iter().all(|s| *s == (End::Output, DeviceState::Retry)), "{seen:?}");
    rig.finished().unwrap();
    let rendered = rig.probe.frames.get();
    let engine = rig.stop();
    assert_eq!(engine.frame(), rendered);
    let heard = read_wav(&to).1;
    assert_eq!(heard.len(), 2 * 72_000, "the file's time is the clock's");
    let is_silent = |from: usize, to: usize| heard[2 * from..2 * to].iter().all(|x| *x == 0.0);
    assert!(is_silent(15_000, 33_000), "nobody hears an unplugged speaker");
    assert!(!is_silent(10_000, 14_000) && !is_silent(60_000, 64_000));
}

#[test]
fn an_unplugged_microphone_leaves_the_speaker_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("in.wav"), dir.path().join("out.wav"));
    let sound = noise(72_000);
    write_wav(&from, 48_000, 2, &sound);
    let input = file("period=256,unplug=0.3+0.2", &from);
    let (rig, opened) = Rig::start(real(&input, &file("period=256", &to), 72_000));
    assert_eq!(rig.until(End::Input, DeviceState::Lost), []);
    rig.until(End::Input, DeviceState::Back);
    rig.finished().unwrap();
    rig.stop();
    let heard = read_wav(&to).1;
    assert_eq!(heard.len(), 2 * 72_000);
    let latency = opened.format.latency_frames;
    let runs = runs(&sound, &heard);
    let (before, after) = (runs[0], *runs.last().unwrap());
    assert_eq!((before.0, before.1), (latency, 0));
    assert!(before.2 >= 14_000, "{before:?}");
    // After the fade-in the sound is exact again; what went by meanwhile is gone.
    assert!(after.2 > 10_000 && after.1 > 24_000, "{after:?}");
}

#[test]
fn an_unplugged_microphone_that_is_the_clock_has_a_stand_in() {
    let (rig, _) = Rig::start(request("virtual:unplug=0.1+0.3", "none"));
    rig.until(End::Input, DeviceState::Lost);
    let lost_at = rig.probe.frames.get();
    rig.wait("the stand-in", |probe| probe.frames.get() > lost_at + 4_800);
    rig.until(End::Input, DeviceState::Back);
    let frames = rig.probe.frames.get();
    rig.wait("the microphone's clock", |probe| probe.frames.get() > frames + 4_800);
    assert!(rig.stop().frame() > frames);
}

#[test]
fn the_real_clock_stops_at_the_exact_frame_and_loses_none() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("in.wav"), dir.path().join("out.wav"));
    let sound = noise(30_000);
    write_wav(&from, 48_000, 2, &sound);
    let input = file("period=441,jitter_us=2000,seed=1", &from);
    let (rig, opened) = Rig::start(real(&input, &file("period=441", &to), 25_003));
    rig.finished().unwrap();
    let lost = rig.probe.lost_frames.get();
    rig.stop();
    assert_eq!(lost, 0);
    let heard = read_wav(&to).1;
    let latency = opened.format.latency_frames;
    assert_eq!(heard.len(), 2 * 25_003);
    assert_eq!(heard[2 * latency..], sound[..2 * (25_003 - latency)]);
}

#[test]
fn nothing_counts_before_the_engine_is_there() {
    let (mut rig, opened) = Rig::open(request("virtual", "virtual")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(rig.probe.callbacks.get() + rig.probe.frames.get(), 0);
    let engine = rig.engine(*opened, None);
    rig.play(engine, Vec::new());
    rig.wait("sound", |probe| probe.callbacks.get() > 3);
    assert_eq!(rig.probe.lost_frames.get() + rig.probe.discarded_frames.get(), 0);
    rig.stop();
}

#[test]
fn stopping_without_an_engine_is_no_loss() {
    let (rig, _) = Rig::open(request("virtual", "virtual")).unwrap();
    rig.devices.stop();
    assert!(matches!(rig.next(), DeviceEvent::Stopped { engine: None }));
    rig.devices.join();
}

#[test]
fn what_cannot_be_opened_is_said_once_and_clearly() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty.wav");
    write_wav(&empty, 48_000, 2, &[]);
    let text = dir.path().join("text.wav");
    std::fs::write(&text, "no wave").unwrap();
    let two = dir.path().join("two.wav");
    write_wav(&two, 44_100, 2, &[0.0; 4]);
    let gone = dir.path().join("gone.wav");
    let unwritable = dir.path().join("no/such/out.wav");
    refuses(&file("once", &empty), "virtual", "empty.wav: it holds no audio");
    refuses(&file("once", &text), "virtual", "cannot read");
    refuses(&file("once", &gone), "virtual", "gone.wav");
    refuses("virtual", &file("seed=1", &unwritable), "no/such/out.wav");
    misuse(&file("rate=48000", &two), "virtual", "but the file has 44100 Hz");
    misuse(&file("channels=1", &two), "virtual", "but the file has 2");
    misuse("virtual", "virtual:tone=5", "tone is for a microphone");
    misuse("none", "none", "nothing to run");
}

fn refuses(input: &str, output: &str, message: &str) {
    assert!(!says(input, output, message), "the world is to blame");
}

fn misuse(input: &str, output: &str, message: &str) {
    assert!(says(input, output, message), "the command line is to blame");
}

/// Whether the one line is a usage error.
fn says(input: &str, output: &str, message: &str) -> bool {
    let error = Rig::open(request(input, output)).err().unwrap();
    let shown = error.to_string();
    assert!(shown.contains(message), "{shown}");
    assert_eq!(shown.lines().count(), 1, "{shown}");
    error.is_usage()
}

#[test]
fn a_wrong_rate_or_host_is_told_the_right_ones() {
    let mut wish = request("virtual", "virtual:rate=44100");
    wish.rate = Some(48_000);
    let error = Rig::open(wish).err().unwrap();
    assert!(
        matches!(&error, IoError::UnsupportedRate { supported, .. } if *supported == ["44100 Hz"])
    );
    let mut wish = request("virtual", "virtual");
    wish.host = Some("pulsaudio".into());
    let error = Rig::open(wish).err().unwrap();
    assert!(error.is_usage() && error.to_string().contains("virtual"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_run_with_its_name() {
    let output = "virtual:file=/dev/full";
    let (rig, _) = Rig::start(rig::fast("virtual", output, 480_000));
    let error = rig.finished().unwrap_err();
    assert!(matches!(error, IoError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains("disk full while writing /dev/full"));
    rig.stop();
}
