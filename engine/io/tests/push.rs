//! Raw frames through a real pipe, heard at an engine's output.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use retake_engine::{
    BusShape, CommandKind, Engine, EngineControl, Generation, Setup,
    mixer::{MixerSetup, StripSettings, Voice, VoiceId, VoicePool, VoiceProbe},
    processor::Identity,
};
use retake_io::push::{Fifo, FifoEvent, FifoSpec, PcmFormat};

const SHAPE: BusShape = BusShape { rate: 48_000, max_block: 1_024, n_output: 2 };
/// More than fits into pipe and ring together.
const LONG: usize = 130_000;

fn pipe(dir: &Path) -> PathBuf {
    let path = dir.join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

fn spec(path: &Path) -> FifoSpec {
    FifoSpec {
        path: path.to_owned(),
        format: PcmFormat::F32,
        rate: 48_000,
        channels: 2,
        engine_rate: 48_000,
    }
}

/// An engine that plays what comes out of a pipe.
struct Ear {
    engine: Engine,
    control: EngineControl,
    pool: VoicePool,
    fifo: Option<Fifo>,
    news: Receiver<FifoEvent>,
}

impl Ear {
    fn on(spec: FifoSpec) -> Self {
        let (told, news) = channel();
        let fifo = Fifo::open(spec, move |event| drop(told.send(event))).unwrap();
        let first = Generation::new(1, Box::new(Identity { channels: 2 }), SHAPE);
        let (engine, control) = Engine::new(Setup {
            mixer: MixerSetup { n_main: 2, ..MixerSetup::default() },
            ..Setup::new(SHAPE, Box::new(first))
        });
        Self { engine, control, pool: VoicePool::default(), fifo: Some(fifo), news }
    }

    /// Waits for a writer, and plays its sound from now on.
    fn play_next(&mut self) -> (VoiceId, Arc<VoiceProbe>) {
        let FifoEvent::Began(sound) = self.news.recv().unwrap() else { panic!("no sound") };
        assert_eq!((sound.channels, sound.frames), (2, None));
        let id = self.pool.claim().unwrap();
        let voice = Voice::new(id, sound.material, StripSettings::default(), SHAPE);
        let probe = voice.probe();
        self.control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
        (id, probe)
    }

    /// All frames until the voice has ended, but those of silence: left, as whole numbers.
    fn hear_to_the_end(&mut self) -> Vec<f32> {
        let mut heard = Vec::new();
        let mut block = [0.0; 2 * 64];
        loop {
            self.engine.render(&mut block, 0);
            let frames = block.chunks_exact(2).filter(|frame| frame[0] != 0.0);
            for frame in frames {
                assert_eq!(frame[0], -frame[1], "a torn frame");
                heard.push(frame[0]);
            }
            if let Ok(voice) = self.control.spent.pop() {
                self.pool.release(voice.id());
                return heard;
            }
            // About as fast as time passes.
            thread::sleep(Duration::from_micros(500));
        }
    }
}

/// Left counts up from 1, right is its negative.
fn ramp(frames: usize) -> Vec<u8> {
    let frames = (1..=frames).flat_map(|n| [n as f32, -(n as f32)]);
    frames.flat_map(f32::to_le_bytes).collect()
}

fn numbers(frames: usize) -> Vec<f32> {
    (1..=frames).map(|n| n as f32).collect()
}

fn writer(path: &Path, bytes: Vec<u8>) -> JoinHandle<()> {
    let path = path.to_owned();
    thread::spawn(move || {
        // In pieces that are no whole frames; the pipe makes the writer wait.
        let mut to = OpenOptions::new().write(true).open(path).unwrap();
        bytes.chunks(30_011).for_each(|piece| to.write_all(piece).unwrap());
    })
}

#[test]
fn c18_a_writer_waits_and_nothing_is_lost_and_the_next_one_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = pipe(dir.path());
    let mut ear = Ear::on(spec(&path));
    for frames in [LONG, 10, 3_000] {
        // What is less than a frame is left out, and does not shift what follows.
        let mut bytes = ramp(frames);
        bytes.extend([1, 2, 3]);
        let writing = writer(&path, bytes);
        let (_, probe) = ear.play_next();
        let heard = ear.hear_to_the_end();
        // On a machine that had no time there are gaps, but no frame is missing.
        assert_eq!(probe.position(), frames as u64);
        assert!(probe.missed_frames() > 0 || heard == numbers(frames));
        writing.join().unwrap();
    }
}

#[test]
fn two_writers_one_after_the_other_are_heard_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = pipe(dir.path());
    let mut ear = Ear::on(spec(&path));
    writer(&path, ramp(5_000)).join().unwrap();
    ear.play_next();
    // The second writes while nothing of the first was heard.
    let second = writer(&path, ramp(2_000));
    thread::sleep(Duration::from_millis(30));
    assert!(ear.news.try_recv().is_err(), "the first is still to be heard");
    assert_eq!(ear.hear_to_the_end(), numbers(5_000));
    ear.play_next();
    assert_eq!(ear.hear_to_the_end(), numbers(2_000));
    second.join().unwrap();
}

#[test]
fn a_pipe_without_a_writer_waits_and_ends_at_once_when_it_is_not_wanted_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = pipe(dir.path());
    let mut ear = Ear::on(spec(&path));
    let silence = ear.news.recv_timeout(Duration::from_millis(50));
    assert!(matches!(silence, Err(RecvTimeoutError::Timeout)), "{silence:?}");
    drop(ear.fifo.take());
    // The thread has let go of everything: the channel is closed, and so is the pipe.
    let end = ear.news.recv_timeout(Duration::from_secs(10));
    assert!(matches!(end, Err(RecvTimeoutError::Disconnected)), "{end:?}");
}

#[test]
fn a_voice_that_is_gone_closes_the_pipe_to_its_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = pipe(dir.path());
    let ear = Ear::on(spec(&path));
    let opened = path.clone();
    let writing = thread::spawn(move || {
        let mut to = OpenOptions::new().write(true).open(opened).unwrap();
        loop {
            if let Err(error) = to.write_all(&ramp(10_000)) {
                return error.kind();
            }
        }
    });
    let FifoEvent::Began(sound) = ear.news.recv().unwrap() else { panic!("no sound") };
    drop(sound);
    assert_eq!(writing.join().unwrap(), std::io::ErrorKind::BrokenPipe);
    drop(ear);
}

#[test]
fn what_is_no_pipe_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("frames.raw");
    File::create(&file).unwrap().write_all(&ramp(100)).unwrap();
    let cases = [
        (file, "it is no pipe (mkfifo makes one); files are played with file:PATH"),
        (dir.path().to_owned(), "it is no pipe"),
        (dir.path().join("nothing"), "No such file or directory (os error 2); mkfifo makes one"),
        ("/dev/null".into(), "it is no pipe"),
    ];
    for (path, reason) in cases {
        let (told, news) = channel();
        let _fifo = Fifo::open(spec(&path), move |event| drop(told.send(event))).unwrap();
        let FifoEvent::Failed(error) = news.recv().unwrap() else { panic!("{path:?}") };
        let error = error.to_string();
        assert!(error.contains(&path.display().to_string()) && error.contains(reason), "{error}");
    }
}

#[test]
fn a_pipe_has_a_rate_and_a_format_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = pipe(dir.path());
    let spec = FifoSpec { format: PcmFormat::S16, rate: 24_000, ..spec(&path) };
    let mut ear = Ear::on(spec);
    let half: Vec<u8> =
        [16_384_i16, -16_384].repeat(6_000).iter().flat_map(|x| x.to_le_bytes()).collect();
    let writing = writer(&path, half);
    ear.play_next();
    let heard = ear.hear_to_the_end();
    writing.join().unwrap();
    assert!(heard.len().abs_diff(12_000) < 10, "{}", heard.len());
    assert!(heard[500..11_000].iter().all(|x| (x - 0.5).abs() < 1e-4));
}
