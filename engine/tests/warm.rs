//! The warm start, measured: a generation that takes over mid-tail sounds as if it had run all along.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "these bits are to be the same")]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "support of several tests")]
mod rig;

use std::any::Any;

use retake_engine::{
    CommandKind, Event, EventBody, Fade, Findings, Generation, Layout, Note, Outcome, ProcessIo,
    Processor, Replay, ToMono, WarmUp,
};
use rig::{Dice, RATE, Rig, generation, set, sine};

const DELAY: usize = 1_000;

/// A feedback delay whose gain is parameter 1; held notes add their velocity.
#[derive(Debug)]
struct Echo {
    gain: f64,
    held: f64,
    line: Vec<[f32; 2]>,
    at: usize,
}

fn echo() -> Echo {
    Echo { gain: 1.0, held: 0.0, line: vec![[0.0; 2]; DELAY], at: 0 }
}

impl Echo {
    fn follow(&mut self, body: EventBody) {
        match body {
            EventBody::Param { value, .. } => self.gain = value,
            EventBody::Note(Note { velocity, on: true, .. }) => self.held += velocity,
            EventBody::Note(_) => self.held = 0.0,
            EventBody::Midi(_) => {}
        }
    }
}

impl Processor for Echo {
    fn layout(&self) -> Layout {
        Layout { n_input: 2, n_output: 2, ..Layout::default() }
    }

    #[allow(clippy::cast_possible_truncation, reason = "gains of a test")]
    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        let mut events = io.events.iter().peekable();
        for i in 0..io.frames {
            while let Some(event) = events.next_if(|e| e.offset as usize <= i) {
                self.follow(event.body);
            }
            for c in 0..2 {
                let x = io.input.channel(c)[i] * self.gain as f32 + self.held as f32;
                let y = x + 0.9 * self.line[self.at][c];
                self.line[self.at][c] = y;
                io.output.channel_mut(c)[i] = y;
            }
            self.at = (self.at + 1) % DELAY;
        }
        Outcome::Ok
    }

    fn reset(&mut self) {
        *self = Echo { gain: self.gain, ..echo() };
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// What control knows of the whole session so far.
fn replay(rig: &Rig, events: &[(u64, EventBody)]) -> Replay {
    Replay {
        n_side: 0,
        input: rig.control.input.open_back(2 * u64::from(RATE)),
        base: Vec::new(),
        events: events.to_vec(),
        events_to: rig.frame(),
        to_mono: ToMono::First,
        tempo_bpm: 120.0,
    }
}

/// The events of the session, each sent a little before its frame.
fn score() -> Vec<(u64, EventBody)> {
    let note = |velocity, on| EventBody::Note(Note { key: 60, channel: 0, velocity, on });
    let gain = |value| EventBody::Param { id: 1, value };
    vec![
        (900, gain(0.5)),
        (4_000, note(0.25, true)),
        (9_100, gain(0.25)),
        (10_007, gain(0.75)),
        (11_111, gain(1.5)),
        (12_800, note(0.0, false)),
        (14_000, gain(0.125)),
    ]
}

struct Session {
    rig: Rig,
    dice: Dice,
    input: Vec<f32>,
    output: Vec<f32>,
    sent: usize,
}

impl Session {
    fn new(seed: u64) -> Self {
        let rig = Rig::new(generation(1, echo()), |_| {});
        let input = sine(30_000);
        Self { rig, dice: Dice(seed), input, output: Vec::new(), sent: 0 }
    }

    /// Plays up to about `frame`, in callbacks of changing size.
    fn play_to(&mut self, frame: usize) {
        while self.output.len() / 2 < frame {
            let at = self.output.len() / 2;
            let block = self.dice.roll(1..700).min(self.input.len() / 2 - at);
            let due = score()[self.sent..].iter().filter(|e| e.0 < (at + 1_000) as u64).count();
            for &(at_frame, body) in &score()[self.sent..self.sent + due] {
                self.rig.control.commands.send(at_frame, CommandKind::Plugin(body)).unwrap();
            }
            self.sent += due;
            let output = self.rig.play(&self.input[2 * at..2 * (at + block)], block);
            self.output.extend(output);
        }
    }

    fn heard(&self) -> Vec<(u64, EventBody)> {
        score().into_iter().filter(|e| e.0 < self.rig.frame()).collect()
    }

    fn warm_up(&self) -> (Generation, WarmUp) {
        let mut next = *generation(2, echo());
        let ended = next.warm_up(replay(&self.rig, &self.heard()), &mut || false);
        (next, ended)
    }

    fn swap(&mut self, next: Generation, fade: Fade) {
        self.rig.control.commands.send(0, CommandKind::Swap(Box::new(next), fade)).unwrap();
    }
}

/// Without any swap.
fn reference(seed: u64) -> Vec<f32> {
    let mut session = Session::new(seed);
    session.play_to(30_000);
    session.output
}

fn farthest(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_tail_a_note_and_a_gain_survive_the_swap() {
    for (seed, behind) in [(1, 0), (2, 100), (3, 3_000), (4, 1_111), (5, 17)] {
        for fade in [Fade::Cross { frames: 960 }, Fade::OutIn { frames: 480 }] {
            let mut session = Session::new(seed);
            session.play_to(9_000);
            let (next, ended) = session.warm_up();
            let frames = session.rig.frame();
            assert!(matches!(ended, WarmUp::Warm { frames: heard, .. } if heard == frames));
            session.play_to(9_000 + behind);
            session.swap(next, fade);
            session.play_to(30_000);
            let expected = reference(seed);
            // Equal signals mixed by gains that sum to one.
            let before = 2 * (9_000 + behind);
            assert_eq!(session.output[..before], expected[..before]);
            let after = before + 2 * (2 * behind + 4 * 700 + 960);
            assert_eq!(session.output[after..], expected[after..], "{seed} {behind} {fade:?}");
            if matches!(fade, Fade::Cross { .. }) {
                assert!(farthest(&session.output, &expected) < 1e-5);
            }
            let events = session.rig.events();
            let done = |e: &&Event| matches!(e, Event::SwapDone { generation: 2, .. });
            assert_eq!(events.iter().filter(done).count(), 1);
        }
    }
}

/// It comes back: without the memory of the input the tail is not there, but the held note is, and
/// the gain that changed meanwhile.
#[test]
fn a_generation_that_waited_too_long_starts_cold() {
    let mut session = Session::new(7);
    session.play_to(9_000);
    let (next, _) = session.warm_up();
    session.input = sine(80_000);
    session.play_to(60_000);
    session.swap(next, Fade::Cross { frames: 1 });
    session.input.truncate(2 * 60_000);
    session.input.resize(2 * 80_000, 1.0);
    let start = session.output.len();
    session.play_to(62_000);
    // The new one's: no echo of the sine, gain 0.125, no note (it was released).
    assert_eq!(session.output[start + 2..start + 2 * DELAY], [0.125; 2 * DELAY - 2]);
}

/// By control's wish: the past is void, the held note and the newest gain come by other ways.
#[test]
fn a_generation_that_forgets_starts_from_silence() {
    let mut session = Session::new(7);
    session.play_to(9_000);
    let (next, _) = session.warm_up();
    let gain = EventBody::Param { id: 1, value: 0.5 };
    session.swap(next.forgetting().with_journal([gain]), Fade::Cross { frames: 1 });
    session.input.truncate(2 * session.output.len() / 2);
    session.input.resize(2 * 30_000, 1.0);
    let start = session.output.len();
    session.play_to(start / 2 + 60);
    // Ones times 0.5, and the held note's 0.25: no tail.
    let end = session.output.len().min(start + 2 * 50);
    assert!(
        session.output[start + 2..end].iter().all(|&x| x == 0.75),
        "{:?}",
        &session.output[start..end]
    );
}

#[test]
fn what_is_late_or_fails_is_told_and_starts_cold() {
    let mut session = Session::new(9);
    session.play_to(9_000);
    let mut next = *generation(2, echo());
    let mut calls = 0;
    let mut is_late = || {
        calls += 1;
        calls > 3
    };
    let ended = next.warm_up(replay(&session.rig, &session.heard()), &mut is_late);
    assert_eq!((ended, calls), (WarmUp::Late, 4));
    let failures = [
        (Outcome::Error, WarmUp::Failed),
        (Outcome::Gone, WarmUp::Failed),
        (Outcome::Late, WarmUp::Late),
    ];
    for (outcome, expected) in failures {
        let (mut broken, _) = rig::witness(0.5);
        broken.outcome = outcome;
        let mut next = *generation(3, broken);
        let ended = next.warm_up(replay(&session.rig, &[]), &mut || false);
        assert_eq!(ended, expected);
    }
}

/// What the replay sounded like, before anyone has heard it.
#[test]
fn the_warm_up_finds_what_is_loud_and_what_is_no_number() {
    let mut session = Session::new(9);
    session.play_to(9_000);
    let findings = |value| {
        let mut next = *generation(2, rig::witness(value).0);
        match next.warm_up(replay(&session.rig, &[]), &mut || false) {
            WarmUp::Warm { frames, findings } => (frames, findings),
            other => panic!("{other:?}"),
        }
    };
    let (_, loud) = findings(-40.0);
    assert_eq!(loud, Findings { peak: 40.0, n_non_finite: 0 });
    let (frames, broken) = findings(f32::NEG_INFINITY);
    assert_eq!(broken, Findings { peak: 0.0, n_non_finite: 2 * frames });
}

/// Everything before the reader's first frame is in `base`.
#[test]
fn the_base_is_heard_first_and_events_at_their_frames() {
    let mut session = Session::new(3);
    session.play_to(9_000);
    let (plugin, mut saw) = rig::witness(0.0);
    let mut next = *generation(2, plugin);
    let now = session.rig.frame();
    let base = EventBody::Param { id: 1, value: 0.5 };
    let replay = Replay {
        n_side: 0,
        input: session.rig.control.input.open_back(5_000),
        base: vec![base],
        events: vec![(now - 10, EventBody::Midi([0xb0, 1, 2]))],
        ..replay(&session.rig, &[])
    };
    let ended = next.warm_up(replay, &mut || false);
    assert!(matches!(ended, WarmUp::Warm { frames: 5_000, .. }));
    let seen: Vec<_> = std::iter::from_fn(|| saw.pop().ok())
        .map(|(frame, e)| (frame + u64::from(e.offset), e.body))
        .collect();
    assert_eq!(seen, [(now - 5_000, base), (now - 10, EventBody::Midi([0xb0, 1, 2]))]);
}

/// Parameters that move while the generation is behind are not lost.
#[test]
fn a_change_while_it_is_behind_comes_at_its_frame() {
    let mut session = Session::new(11);
    session.play_to(9_000);
    let (plugin, mut saw) = rig::witness(0.0);
    let mut next = *generation(2, plugin);
    // One that passed before, but control has not heard of it yet.
    let now = session.rig.frame();
    session.rig.control.commands.send(0, set(8, 0.5)).unwrap();
    session.play_to(9_500);
    let replay = Replay { events_to: now, ..replay(&session.rig, &session.heard()) };
    let heard_to = session.rig.frame();
    assert!(matches!(next.warm_up(replay, &mut || false), WarmUp::Warm { .. }));
    while saw.pop().is_ok() {}
    let at = session.rig.frame() + 50;
    session.rig.control.commands.send(at, set(9, 0.5)).unwrap();
    session.play_to(9_990);
    session.swap(next, Fade::Cross { frames: 10 });
    session.play_to(14_500);
    let seen = std::iter::from_fn(|| saw.pop().ok())
        .map(|(frame, e)| (frame + u64::from(e.offset), e.body))
        .filter(|(_, body)| matches!(body, EventBody::Param { id: 8 | 9, .. }));
    let param = |id| EventBody::Param { id, value: 0.5 };
    assert_eq!(seen.collect::<Vec<_>>(), [(heard_to, param(8)), (at, param(9))]);
}
