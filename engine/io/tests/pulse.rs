//! A real `PulseAudio` daemon between a known signal and what is heard of it.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    reason = "a test fails loudly; samples are compared bit by bit"
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use cpal::{
    BufferSize, StreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use retake_io::{DeviceEvent, DeviceState, End, IoError, list};

#[path = "common/home.rs"]
mod home;
#[path = "common/pulse.rs"]
mod pulse;
#[path = "common/rig.rs"]
mod rig;
use home::in_private_home;
use pulse::Daemon;
use rig::{Rig, noise, request};

const LOOP_FRAMES: usize = 48_000;

/// Plays noise into the microphone's sink and keeps what the speaker's monitor gives.
struct Bench {
    _player: cpal::Stream,
    _listener: cpal::Stream,
    heard: Arc<Mutex<Vec<f32>>>,
}

impl Bench {
    fn set_up() -> Self {
        let host = cpal::host_from_id(cpal::HostId::PulseAudio).unwrap();
        let named = |id: &str| {
            let mut devices = host.devices().unwrap();
            devices.find(|d| d.id().unwrap().id() == id).unwrap()
        };
        let config = StreamConfig {
            channels: 2,
            sample_rate: 48_000,
            buffer_size: BufferSize::Fixed(1_024),
        };
        let sound = noise(LOOP_FRAMES);
        let mut at = 0;
        let play = move |out: &mut [f32], _: &cpal::OutputCallbackInfo| {
            for sample in out {
                *sample = sound[at];
                at = (at + 1) % sound.len();
            }
        };
        let player =
            named(pulse::MIC_SINK).build_output_stream(config, play, |_| {}, None).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        let listen = move |samples: &[f32], _: &cpal::InputCallbackInfo| {
            keep.lock().unwrap().extend_from_slice(samples);
        };
        let monitor = named(pulse::SPEAKER_MONITOR);
        let listener = monitor.build_input_stream(config, listen, |_| {}, None).unwrap();
        player.play().unwrap();
        listener.play().unwrap();
        Self { _player: player, _listener: listener, heard }
    }

    /// The last `frames` heard, stereo.
    fn last(&self, frames: usize) -> Vec<f32> {
        let heard = self.heard.lock().unwrap();
        heard[heard.len() - 2 * frames..].to_vec()
    }
}

/// Frames of `heard` that do not follow from the frame before them in the noise's loop.
fn breaks(heard: &[f32]) -> usize {
    let key = |frame: &[f32]| (frame[0].to_bits(), frame[1].to_bits());
    let sound = noise(LOOP_FRAMES);
    let places: HashMap<_, _> = sound.chunks_exact(2).map(key).zip(0..).collect();
    let place = |frame: &[f32]| places.get(&key(frame)).copied();
    let follows = |pair: &[f32]| {
        let next = place(&pair[..2]).map(|at: usize| (at + 1) % LOOP_FRAMES);
        next.is_some() && next == place(&pair[2..])
    };
    heard.windows(4).step_by(2).filter(|pair| !follows(pair)).count()
}

/// What went wrong in `seconds` of sound: frames lost by our counters, breaks in what was heard.
fn measure(rig: &Rig, bench: &Bench, seconds: usize) -> (u64, usize) {
    let probe = &rig.probe;
    let before = probe.load.snapshot();
    let (lost, frames) = (probe.lost_frames.get(), probe.frames.get());
    let callbacks = probe.callbacks.get();
    std::thread::sleep(Duration::from_secs(seconds as u64));
    let lost = probe.lost_frames.get() - lost;
    let n_breaks = breaks(&bench.last(seconds * 47_000));
    let mean = (probe.frames.get() - frames) / (probe.callbacks.get() - callbacks).max(1);
    eprintln!(
        "{seconds} s: {} callbacks of {mean} frames; lost {lost}, breaks {n_breaks}, discarded {}, \
         underruns {}, overruns {}, fill {} of target {}, {:?}, {:?}",
        probe.callbacks.get() - callbacks,
        probe.discarded_frames.get(),
        probe.underruns.get(),
        probe.overruns.get(),
        probe.fill_frames.get(),
        probe.target_frames.get(),
        probe.drift,
        probe.load.snapshot().since(&before),
    );
    (lost, n_breaks)
}

fn start(period: u32) -> Rig {
    let mut wish = request("default", "default");
    wish.period = Some(period);
    let (rig, opened) = Rig::start(wish);
    eprintln!("asked {period}: {}", serde_json::to_string(&opened.info).unwrap());
    assert!(opened.unasked_sound && !opened.virtual_output);
    assert_eq!(opened.info.host, "pulseaudio");
    rig.wait("a second of sound", |probe| probe.frames.get() > 48_000);
    rig
}

/// A machine that is busy elsewhere may cost a window; an error of ours costs them all.
#[test]
fn sound_passes_sample_for_sample() {
    in_private_home("sound_passes_sample_for_sample", || {
        let _daemon = Daemon::start();
        let bench = Bench::set_up();
        let rig = start(256);
        let is_clean = (0..6).any(|_| measure(&rig, &bench, 2) == (0, 0));
        assert!(is_clean, "not one window of two seconds is the microphone's, sample for sample");
        rig.stop();
    });
}

#[test]
#[ignore = "figures of a minute, for a quiet machine"]
fn a_minute_at_256_frames_and_ten_seconds_at_128() {
    in_private_home("a_minute_at_256_frames_and_ten_seconds_at_128", || {
        let _daemon = Daemon::start();
        let bench = Bench::set_up();
        let small = start(128);
        measure(&small, &bench, 10);
        small.stop();
        let rig = start(256);
        assert_eq!(measure(&rig, &bench, 60), (0, 0));
        rig.stop();
    });
}

#[test]
fn devices_are_listed_and_found_by_name() {
    in_private_home("devices_are_listed_and_found_by_name", || {
        let _daemon = Daemon::start();
        let listing = list();
        let pulse = listing.iter().find(|host| host.host == "pulseaudio").unwrap();
        assert_eq!(pulse.unavailable, None);
        let speaker = pulse.outputs.iter().find(|device| device.default).unwrap();
        assert_eq!((speaker.name.as_str(), speaker.id.as_str()), ("Hall", pulse::SPEAKER));
        assert_eq!(pulse.inputs.len(), 3, "of both and of their card");
        let (rig, opened) = Rig::open(request("monitor of booth", pulse::SPEAKER)).unwrap();
        assert_eq!(opened.info.output.unwrap().device, "Hall");
        assert_eq!(opened.info.input.unwrap().device, "Monitor of Booth");
        assert!(!opened.unasked_sound, "they were chosen");
        rig.devices.stop();
        let error = Rig::open(request("none", "hal l")).err().unwrap();
        assert!(error.is_usage());
        assert!(error.to_string().contains("did you mean \"Hall\"?"), "{error}");
    });
}

#[test]
fn a_restarted_daemon_gets_its_sound_back() {
    in_private_home("a_restarted_daemon_gets_its_sound_back", || {
        let daemon = Daemon::start();
        let bench = Bench::set_up();
        let (rig, _) = Rig::start(request("default", "default"));
        rig.wait("sound", |probe| probe.frames.get() > 24_000);
        drop(bench);
        drop(daemon);
        let seen = rig.until(End::Output, DeviceState::Lost);
        assert!(!seen.iter().any(|(_, state)| *state == DeviceState::Back));
        let frames = rig.probe.frames.get();
        rig.wait("the stand-in clock", |probe| probe.frames.get() > frames + 48_000);
        let _daemon = Daemon::start();
        let bench = Bench::set_up();
        let (mut back, mut told) = (0, 0);
        while back < 2 {
            if let DeviceEvent::State { state, .. } = rig.next() {
                told += 1;
                back += usize::from(state == DeviceState::Back);
            }
        }
        assert!(told < 12, "{told} messages are a flood");
        let frames = rig.probe.frames.get();
        rig.wait("sound again", |probe| probe.frames.get() > frames + 48_000);
        let is_clean = (0..6).any(|_| measure(&rig, &bench, 1) == (0, 0));
        assert!(is_clean, "the microphone is heard again, sample for sample");
        let engine = rig.stop();
        assert!(engine.frame() > frames, "the same engine, its clock goes on");
    });
}

#[test]
fn a_daemon_of_another_rate_gets_another_engine() {
    in_private_home("a_daemon_of_another_rate_gets_another_engine", || {
        let daemon = Daemon::start();
        let (mut rig, opened) = Rig::start(request("default", "default"));
        assert_eq!(opened.format.engine_rate, 48_000);
        rig.wait("sound", |probe| probe.frames.get() > 4_800);
        drop(daemon);
        let _daemon = Daemon::start_at(44_100);
        let (old, opened) = loop {
            if let DeviceEvent::Reshape { engine, opened } = rig.next() {
                break (engine, opened);
            }
        };
        assert_eq!((old.shape().rate, opened.format.engine_rate), (48_000, 44_100));
        let parts = old.into_parts();
        assert_eq!(parts.playing.number(), 1);
        let engine = rig.engine(*opened, None);
        rig.play(engine, Vec::new());
        rig.wait("sound of the new engine", |probe| {
            (4_410..parts.frame).contains(&probe.frames.get())
        });
        assert_eq!(rig.stop().shape().rate, 44_100);
    });
}

/// Without any sound system the virtual devices step in, and say so.
#[test]
fn where_there_is_no_device_the_virtual_one_plays() {
    in_private_home("where_there_is_no_device_the_virtual_one_plays", || {
        let (rig, opened) = Rig::start(request("default", "default"));
        if opened.info.host == "virtual" {
            assert_eq!(opened.notices.len(), 2, "{:?}", opened.notices);
            assert!(opened.virtual_output && !opened.unasked_sound);
            rig.wait("sound", |probe| probe.frames.get() > 4_800);
        } else {
            // This machine has a sound card.
            assert_eq!(opened.info.host, "alsa");
        }
        rig.stop();
        let mut wish = request("default", "default");
        wish.host = Some("pulseaudio".to_owned());
        let error = Rig::open(wish).err().unwrap();
        assert!(matches!(error, IoError::HostUnavailable { .. }), "{error:?}");
    });
}

/// The server lets a microphone sleep for two seconds, then the speaker: who listens is told, nothing is
/// opened anew, and the sound that returns is the microphone's, sample for sample.
#[test]
fn what_is_suspended_is_told_and_sounds_again() {
    in_private_home("what_is_suspended_is_told_and_sounds_again", || {
        let _daemon = Daemon::start();
        let bench = Bench::set_up();
        pulse::load_microphone("second");
        let mut wish = request(pulse::MIC, pulse::SPEAKER);
        (wish.more, wish.period) = (vec!["second".parse().unwrap()], Some(1_024));
        let (rig, _) = Rig::start(wish);
        rig.wait("sound", |probe| probe.frames.get() > 48_000);
        pulse::suspend("source", "second", true);
        assert_eq!(rig.until_input(1, DeviceState::Lost), []);
        let frames = rig.probe.frames.get();
        rig.wait("the others", |probe| probe.frames.get() > frames + 48_000);
        pulse::suspend("source", "second", false);
        assert_eq!(rig.until_input(1, DeviceState::Back), []);

        let reseeds = rig.probe.drift.reseeds.get();
        pulse::suspend("sink", pulse::SPEAKER, true);
        assert_eq!(rig.until(End::Output, DeviceState::Lost), []);
        std::thread::sleep(Duration::from_secs(1));
        let frames = rig.probe.frames.get();
        pulse::suspend("sink", pulse::SPEAKER, false);
        assert_eq!(rig.until(End::Output, DeviceState::Back), []);
        rig.wait("sound again", |probe| probe.frames.get() > frames + 48_000);
        assert!(rig.probe.drift.reseeds.get() > reseeds, "the delay was set anew");
        let is_clean = (0..6).any(|_| measure(&rig, &bench, 1) == (0, 0));
        assert!(is_clean, "the microphone is heard again, sample for sample");
        rig.stop();
    });
}

/// A microphone that gives nothing yet holds up neither the other nor the speaker.
#[test]
fn one_that_sleeps_from_the_start_is_told_and_waited_for() {
    in_private_home("one_that_sleeps_from_the_start_is_told_and_waited_for", || {
        let _daemon = Daemon::start();
        pulse::load_microphone("second");
        pulse::suspend("source", "second", true);
        let mut wish = request(pulse::MIC, pulse::SPEAKER);
        wish.more = vec!["second".parse().unwrap()];
        let (rig, _) = Rig::start(wish);
        assert_eq!(rig.until_input(1, DeviceState::Lost), []);
        rig.wait("sound", |probe| probe.frames.get() > 48_000);
        pulse::suspend("source", "second", false);
        assert_eq!(rig.until_input(1, DeviceState::Back), []);
        rig.stop();
    });
}

/// A microphone of a real server is pulled out and put in again; nobody touches the stream that has the
/// engine, nor the other microphone's.
#[test]
fn one_of_two_microphones_is_unloaded_and_returns() {
    in_private_home("one_of_two_microphones_is_unloaded_and_returns", || {
        let _daemon = Daemon::start();
        let module = pulse::load_microphone("second");
        let mut wish = request(pulse::MIC, pulse::SPEAKER);
        wish.more = vec!["second".parse().unwrap()];
        let (rig, opened) = Rig::start(wish);
        assert_eq!(opened.info.more.len(), 1);
        rig.wait("sound", |probe| probe.frames.get() > 24_000);
        pulse::unload(&module);
        assert_eq!(rig.until_input(1, DeviceState::Lost), []);
        let frames = rig.probe.frames.get();
        rig.wait("the others", |probe| probe.frames.get() > frames + 24_000);
        pulse::load_microphone("second");
        let back = std::time::Instant::now();
        let seen = rig.until_input(1, DeviceState::Back);
        eprintln!("back after {:?}", back.elapsed());
        assert!(seen.iter().all(|s| *s == (End::Input, DeviceState::Retry)), "{seen:?}");
        let frames = rig.probe.frames.get();
        rig.wait("sound still", |probe| probe.frames.get() > frames + 24_000);
        rig.stop();
    });
}

/// It gets another end for the engine, and neither the engine nor its clock are touched.
#[test]
fn one_that_comes_back_with_other_channels_plays() {
    in_private_home("one_that_comes_back_with_other_channels_plays", || {
        let _daemon = Daemon::start();
        let module = pulse::load_microphone("second");
        let mut wish = request(pulse::MIC, pulse::SPEAKER);
        wish.more = vec!["second".parse().unwrap()];
        let (rig, opened) = Rig::start(wish);
        assert_eq!(opened.info.more[0].channels, 2);
        rig.wait("sound", |probe| probe.frames.get() > 24_000);
        pulse::unload(&module);
        rig.until_input(1, DeviceState::Lost);
        pulse::load_microphone_of("second", "mono");
        let more = loop {
            match rig.next() {
                DeviceEvent::Input(more) => break more,
                DeviceEvent::State { state: DeviceState::Retry, .. } => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((more.number, more.info.channels, more.input.channels()), (1, 1, 1));
        assert!(more.is_live_loop, "it may hear the speaker");
        assert_eq!(rig.until_input(1, DeviceState::Back), []);
        rig.stop();
    });
}
