//! A score through the fast clock: every event at its frame, however slowly it is fed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test fails loudly; clicks are compared bit by bit"
)]

use std::{any::Any, path::Path, sync::Arc, time::Duration};

use retake_engine::{
    BusShape, CommandKind, Engine, EventBody, Generation, Layout, Note, Outcome, ProcessIo,
    Processor, Setup,
};
use retake_io::{DeviceEvent, MidiPlayer, Score, midi::TimedEvent};

#[path = "common/rig.rs"]
mod rig;
use rig::{Rig, fast, read_wav};

const RATE: u32 = 48_000;

/// A click of the key's height for each note that begins.
struct Clicks;

impl Processor for Clicks {
    fn layout(&self) -> Layout {
        Layout { n_output: 1, ..Layout::default() }
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        io.output.silence(io.frames);
        for event in io.events {
            if let EventBody::Note(Note { key, on: true, .. }) = event.body {
                let click = f32::from(key) / 128.0;
                io.output.rows_mut().for_each(|row| row[event.offset as usize] += click);
            }
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// Notes at these frames.
fn score(frames: &[usize]) -> Score {
    let event = |(n, frame): (usize, &usize)| TimedEvent {
        seconds: *frame as f64 / f64::from(RATE),
        body: EventBody::Note(Note {
            key: (n % 127 + 1) as u8,
            channel: 0,
            velocity: 1.0,
            on: true,
        }),
    };
    Score { events: frames.iter().enumerate().map(event).collect(), tempo_bpm: None }
}

/// What a speaker of that period heard, with control looking after the score only now then.
fn play(frames: &[usize], period: usize, length: usize, nap: Duration) -> Vec<f32> {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("out.wav");
    let output = format!("virtual:period={period},channels=1,file={}", to.display());
    let (mut rig, opened) = Rig::open(fast("none", &output, length as u64)).unwrap();
    let format = opened.format;
    let shape = BusShape {
        rate: format.engine_rate,
        max_block: format.max_block,
        n_output: format.n_output,
    };
    assert_eq!(shape.rate, RATE);
    let (engine, mut control) = Engine::new(Setup {
        input: opened.input,
        probe: Arc::clone(&rig.probe),
        ..Setup::new(shape, Box::new(Generation::new(1, Box::new(Clicks), shape)))
    });
    let mut player = MidiPlayer::new(score(frames));
    player.begin(0, shape.rate, period.max(shape.max_block));
    let gate = player.gate(Arc::clone(&rig.probe));
    let probe = Arc::clone(&rig.probe);
    let mut feed = || {
        let send = |frame, body| control.commands.send(frame, CommandKind::Plugin(body)).is_ok();
        player.feed(probe.frames.get(), send);
    };
    feed();
    rig.play(Box::new(engine), vec![gate]);
    loop {
        match rig.events.try_recv() {
            Ok(DeviceEvent::Finished) => break,
            Ok(DeviceEvent::Failed(error)) => panic!("{error}"),
            _ => std::thread::sleep(nap),
        }
        feed();
    }
    rig.stop();
    read(&to)
}

fn read(path: &Path) -> Vec<f32> {
    read_wav(path).1
}

fn clicks(frames: &[usize], length: usize) -> Vec<f32> {
    let mut heard = vec![0.0; length];
    for (n, frame) in frames.iter().enumerate() {
        heard[*frame] += ((n % 127) + 1) as f32 / 128.0;
    }
    heard
}

#[test]
fn every_note_sounds_at_its_frame_whatever_the_period() {
    let mut frame = 0;
    let frames: Vec<_> = (0..15_000)
        .map(|n| {
            frame += n * 7_919 % 40;
            frame
        })
        .collect();
    let length = frame + 1_000;
    let expected = clicks(&frames, length);
    for (period, nap_ms) in [(64, 1), (441, 5), (8_191, 1)] {
        let heard = play(&frames, period, length, Duration::from_millis(nap_ms));
        assert_eq!(heard.len(), length);
        let wrong = heard.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(wrong, None, "period {period}");
    }
}
