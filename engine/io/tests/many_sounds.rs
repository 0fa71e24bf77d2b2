//! Many files at once: none without what it needs, none without an answer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

#[path = "common/player.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod player;

use std::{
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use player::{LONG, Player, SHAPE, engine, long_wav, wait_for};
use retake_engine::{
    CommandKind,
    mixer::{Material, StripSettings, Supply, Voice, VoiceChange, VoicePool},
};
use retake_io::sound::{SoundEvent, SoundRequest, Sounds};

const FILES: u64 = 20;

/// A seek in real time: until the old place has faded, and from then on until the new one sounds.
#[test]
#[ignore = "a measurement"]
fn how_long_a_seek_takes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.wav");
    drop(long_wav(&path));
    let mut player = Player::open(&path, None);
    let block = Duration::from_secs(128) / SHAPE.rate;
    let mut due = Instant::now();
    let mut times = Vec::new();
    for n in 1..=500_u64 {
        let target = n * 1_234_567 % (LONG - 100_000);
        let seek = CommandKind::Voice(player.id, VoiceChange::Seek(target));
        player.control.commands.send(0, seek).unwrap();
        // 240 frames fade out; in the second block the new place is asked for.
        let mut blocks = 0;
        loop {
            due += block;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            player.engine.render(&mut [0.0; 256], 0);
            blocks += 1;
            if blocks >= 2 && player.probe.supply() == Supply::Flowing {
                break;
            }
        }
        times.push(f64::from(blocks) * block.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("seek to sound, ms: median {:.2}, p99 {:.2}", times[250], times[495]);
}

/// Loops of all lengths in one long file, each to be read ahead.
fn twenty_files(seconds: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.wav");
    drop(long_wav(&path));
    let (sounds, mut pool) = (Sounds::start().unwrap(), VoicePool::default());
    let (mut engine, mut control) = engine();
    let mut probes = Vec::new();
    for n in 1..=FILES {
        let (told, news) = channel();
        let repeat = Some(n * 1_000..n * 1_000 + n * n * 5_000);
        let request = SoundRequest { file: (&path).into(), rate: SHAPE.rate, repeat };
        sounds.open(request, move |event| drop(told.send(event))).unwrap();
        let SoundEvent::Opened(Ok(sound)) = news.recv().unwrap() else { panic!("no sound") };
        assert!(matches!(sound.material, Material::Stream(_)));
        let id = pool.claim().unwrap();
        let strip = StripSettings { gain: 1e-9, ..StripSettings::default() };
        let voice = Voice::new(id, sound.material, strip, SHAPE);
        probes.push(voice.probe());
        control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
    }
    let (mut gate, mut out) = (sounds.gate(), vec![0.0; 2 * 1_024]);
    let blocks = (seconds * SHAPE.rate as usize).div_ceil(1_024);
    for _ in 0..blocks {
        wait_for(&mut gate, 1_024);
        engine.render(&mut out, 0);
    }
    for (n, probe) in (1..=FILES).zip(&probes) {
        assert_eq!(probe.missed_frames(), 0, "file {n}");
        // Exactly where so many frames lead.
        let (start, length) = (n * 1_000, n * n * 5_000);
        let at = blocks as u64 * 1_024;
        let wrapped = if at < start + length { at } else { start + (at - start) % length };
        assert_eq!(probe.position(), wrapped, "file {n}");
    }
}

#[test]
fn twenty_files_never_miss_a_frame() {
    twenty_files(30);
}

/// On virtual time.
#[test]
#[ignore = "long"]
fn twenty_files_for_ten_minutes_never_miss_a_frame() {
    twenty_files(600);
}

#[test]
fn a_thousand_opens_at_once_have_a_thousand_answers() {
    let dir = tempfile::tempdir().unwrap();
    let short = dir.path().join("short.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SHAPE.rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&short, spec).unwrap();
    (0..100_i16).for_each(|n| writer.write_sample(n).unwrap());
    writer.finalize().unwrap();
    let sounds = Sounds::start().unwrap();
    let (told, news) = channel();
    for n in 0..1_000 {
        let path = if n % 10 == 0 { dir.path().join("nothing.wav") } else { short.clone() };
        let request = SoundRequest { file: path.into(), rate: SHAPE.rate, repeat: None };
        let told = told.clone();
        sounds.open(request, move |event| drop(told.send((n, event)))).unwrap();
    }
    drop(told);
    // Who has a sound claims a place for it; who gets none is told so.
    let (mut pool, mut answers, mut playing, mut refused) =
        (VoicePool::default(), vec![0; 1_000], 0, 0);
    for (n, event) in news {
        answers[n] += 1;
        match event {
            SoundEvent::Opened(Ok(sound)) => {
                assert!(n % 10 != 0 && sound.frames == Some(100));
                let claimed = pool.claim();
                playing += usize::from(claimed.is_ok());
                refused += usize::from(claimed.is_err_and(|e| e.to_string().contains("in use")));
            }
            SoundEvent::Opened(Err(error)) => {
                assert!(n % 10 == 0 && error.to_string().contains("nothing.wav"), "{error}");
            }
            SoundEvent::Broke(error) => panic!("{error}"),
        }
    }
    assert!(answers.iter().all(|n| *n == 1), "one answer each");
    assert_eq!(
        (playing, refused),
        (retake_engine::mixer::VOICES, 900 - retake_engine::mixer::VOICES)
    );
}
