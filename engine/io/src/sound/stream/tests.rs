use std::{path::Path, sync::Arc};

use retake_engine::{
    BusShape, CommandKind, Engine, EngineControl, Generation, Setup,
    mixer::{
        Material, MixerSetup, StreamPlayer, StripSettings, Supply, Voice, VoiceChange, VoiceId,
        VoicePool, VoiceProbe,
    },
    processor::Identity,
    window::window,
};

use super::*;

/// A voice at the output of an engine, and the file that it plays: read when the test says so.
struct Player {
    engine: Engine,
    control: EngineControl,
    stream: Stream,
    id: VoiceId,
    probe: Arc<VoiceProbe>,
}

impl Player {
    /// Plays `path` through a window of at least `capacity` frames.
    fn open(path: &Path, rate: u32, capacity: usize) -> Self {
        let shape = BusShape { rate, max_block: 512, n_output: 2 };
        let first = Generation::new(1, Box::new(Identity { channels: 2 }), shape);
        let (engine, mut control) = Engine::new(Setup {
            mixer: MixerSetup { n_main: 2, ..MixerSetup::default() },
            ..Setup::new(shape, Box::new(first))
        });
        let track = Track::open(path, rate).unwrap();
        let (writer, reader, gauge) = window(track.channels(), capacity);
        let (stream, repeat) = Stream::new(track, rate, None, (writer, gauge)).unwrap();
        let material = Material::Stream(StreamPlayer::new(reader, repeat, rate));
        let id = VoicePool::default().claim().unwrap();
        let voice = Voice::new(id, material, StripSettings::default(), shape);
        let probe = voice.probe();
        control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
        Self { engine, control, stream, id, probe }
    }

    /// Reads until nothing is wanted any more.
    fn read(&mut self) {
        while self.stream.urgency().is_some() {
            self.stream.serve().unwrap();
        }
    }

    /// The next `frames`: left and right.
    fn hear(&mut self, frames: usize) -> [Vec<f32>; 2] {
        let mut out = vec![9.0; 2 * frames];
        self.engine.render(&mut out, 0);
        [0, 1].map(|c| out.iter().skip(c).step_by(2).copied().collect())
    }

    fn seek(&mut self, frame: u64) {
        let change = CommandKind::Voice(self.id, VoiceChange::Seek(frame));
        self.control.commands.send(0, change).unwrap();
    }

    /// Frames that can be heard without reading.
    fn ahead(&self) -> u64 {
        // The two behind are for pitches.
        self.stream.writer.at().frame - 2 - self.probe.position()
    }
}

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// One of many numbers that look random and are the same in every run.
fn roll(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

/// Sought while it plays and the disk answers at once or some blocks later: silence until the target
/// is there, then the target, frame by frame.
fn a_thousand_seeks(name: &str, rate: u32) {
    let whole = Track::open(data(name), rate).unwrap().read_to_end().unwrap();
    let frames = whole.len() as u64 / 2;
    let fade = (rate * 5 / 1_000) as usize;
    let mut player = Player::open(&data(name), rate, 2 * CHUNK_FRAMES);
    let (mut dice, mut waited) = (7, 0);
    for _ in 0..1_000 {
        player.read();
        player.hear(100);
        let target = roll(&mut dice, frames - 3_000);
        player.seek(target);
        player.hear(fade);
        let late = roll(&mut dice, 4);
        let mut heard = [Vec::new(), Vec::new()];
        for block in 0.. {
            if block >= late {
                player.read();
            }
            let now = player.hear(64);
            if player.probe.supply() == Supply::Flowing {
                heard = now;
                break;
            }
            waited += 1;
            assert!(now.iter().flatten().all(|x| *x == 0.0), "{name}: a stale frame");
        }
        player.read();
        let rest = player.hear(400);
        for (c, (row, rest)) in heard.iter().zip(rest).enumerate() {
            for (i, x) in row.iter().copied().chain(rest).enumerate() {
                let gain = ((i + 1) as f32 / fade as f32).min(1.0);
                let expected = gain * whole[2 * (usize::try_from(target).unwrap() + i) + c];
                let off = (x - expected).abs();
                assert!(off <= 2e-5, "{name} at {rate} Hz from {target}: frame {i} off by {off}");
            }
        }
    }
    assert!(waited > 500, "{name}: {waited} blocks of silence");
    assert_eq!(player.probe.missed_frames(), 0, "{name}");
}

#[test]
fn a_thousand_seeks_in_a_wav_sound_from_their_very_target() {
    a_thousand_seeks("sweep.wav", 44_100);
}

#[test]
fn a_thousand_seeks_in_a_flac_sound_from_their_very_target() {
    a_thousand_seeks("sweep.flac", 44_100);
}

#[test]
fn a_thousand_seeks_at_another_rate_sound_from_their_very_target() {
    a_thousand_seeks("sweep.wav", 48_000);
    a_thousand_seeks("sweep.flac", 48_000);
}

/// A rate whose window is as short as windows get: 3.00 s.
const RATE: u32 = 87_381;
const FADE: usize = 436;

/// Twelve seconds of one channel; every sample is the number of its frame.
fn ramp(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..12 * RATE {
        writer.write_sample(n as f32).unwrap();
    }
    writer.finalize().unwrap();
}

fn numbers(from: u64, n: usize) -> Vec<f32> {
    (from..).take(n).map(|n| n as f32).collect()
}

#[test]
fn a_reader_that_stalls_is_forgiven_for_the_windows_length_and_then_every_frame_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ramp.wav");
    ramp(&path);
    for (stall_ms, is_heard) in
        [(1_500, false), (2_500, false), (2_900, false), (3_500, true), (5_500, true)]
    {
        let mut player = Player::open(&path, RATE, WINDOW_SECONDS * RATE as usize);
        for _ in 0..87 {
            player.read();
            player.hear(512);
        }
        player.read();
        let blocks = (stall_ms * RATE as usize / 1_000).div_ceil(512);
        let ahead = player.ahead();
        for _ in 0..blocks {
            let (at, missed) = (player.probe.position(), player.probe.missed_frames());
            let [heard, _] = player.hear(512);
            let there = 512 - usize::try_from(player.probe.missed_frames() - missed).unwrap();
            assert_eq!(heard[..there], numbers(at, there), "a stall of {stall_ms} ms");
        }
        let missed = (blocks as u64 * 512).saturating_sub(ahead);
        assert_eq!(player.probe.missed_frames(), missed, "a stall of {stall_ms} ms");
        assert_eq!(missed > 0, is_heard, "a stall of {stall_ms} ms");
        println!("{stall_ms} ms: {missed} frames missed");
        // The disk answers again: the next block is what should sound by now.
        player.read();
        let at = player.probe.position();
        assert_eq!(at, (87 + blocks as u64) * 512);
        let [heard, _] = player.hear(512);
        let whole = if is_heard { FADE } else { 0 };
        assert_eq!(heard[whole..], numbers(at, 512)[whole..], "a stall of {stall_ms} ms");
        assert_eq!(player.probe.missed_frames(), missed, "a stall of {stall_ms} ms");
    }
}

#[test]
fn a_jump_ahead_within_the_window_and_beyond_it_is_exact() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ramp.wav");
    ramp(&path);
    for jump_ms in [500, 2_500, 3_500] {
        let mut player = Player::open(&path, RATE, WINDOW_SECONDS * RATE as usize);
        player.read();
        player.hear(512);
        let target = player.probe.position() + jump_ms * u64::from(RATE) / 1_000;
        player.seek(target);
        player.hear(FADE);
        player.hear(1);
        player.read();
        let has_begun = u64::from(player.probe.supply() == Supply::Flowing);
        assert_eq!(has_begun == 1, jump_ms < 3_000, "what is there sounds at once");
        player.hear(FADE);
        let [heard, _] = player.hear(76);
        assert_eq!(heard, numbers(target + has_begun + FADE as u64, 76), "{jump_ms} ms");
    }
}

#[test]
fn behind_the_end_nobody_reads_until_a_seek() {
    let mut player = Player::open(&data("sweep.flac"), 44_100, 1 << 16);
    player.read();
    assert!(player.stream.has_ended && player.stream.urgency().is_none());
    player.hear(512);
    assert_eq!(player.stream.urgency(), None, "there is room, and nothing to fill it with");
    // Only frame 0 can be elsewhere: all but the first block is in the window.
    player.seek(0);
    player.hear(512);
    assert_eq!(player.stream.urgency(), Some(0));
    player.read();
    player.hear(512);
    assert_eq!(player.probe.supply(), Supply::Flowing);
}

#[test]
fn what_breaks_is_heard_up_to_there_and_told_once() {
    // Behind the first second another stream begins.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("chained.ogg");
    let parts = ["sweep.ogg", "short.ogg"].map(|name| std::fs::read(data(name)).unwrap());
    std::fs::write(&path, parts.concat()).unwrap();
    let mut player = Player::open(&path, 44_100, 1 << 16);
    let mut told = Vec::new();
    while player.stream.urgency().is_some() {
        told.extend(player.stream.serve().err());
    }
    let [error] = &told[..] else { panic!("{told:?}, {:?}", player.stream.writer.at()) };
    assert!(error.to_string().contains("chained.ogg: "), "{error}");
    println!("{error}");
    assert_eq!(player.stream.writer.at().frame, 44_100);
    for _ in 0..44_100 / 512 {
        player.hear(512);
        assert_eq!(player.probe.supply(), Supply::Flowing);
    }
    player.hear(512);
    assert!(player.control.spent.pop().is_ok(), "there it ends");
    assert_eq!(player.probe.missed_frames(), 0);
}
