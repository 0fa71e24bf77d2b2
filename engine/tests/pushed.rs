//! Pushed sound, heard at the engine's output: overfeed, underfeed, end, another rate.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]

#[path = "support/interpose.rs"]
#[allow(unreachable_pub, reason = "support of this test")]
mod interpose;
#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::{collections::VecDeque, f64::consts::TAU, sync::Arc};

use interpose::heap_calls;
use proptest::prelude::*;
use retake_engine::{
    CommandKind, Engine, EngineControl,
    mixer::{
        Material, PUSHED_CAPACITY_MS, PUSHED_TARGET_MS, PushedSpec, PushedWriter, StripSettings,
        Supply, Voice, VoiceChange, VoiceId, VoicePool, VoiceProbe, pushed,
    },
    processor::Identity,
};
use rig::{Dice, MAX_BLOCK, RATE, STEREO, generation, setup};

const CAPACITY: usize = (RATE * PUSHED_CAPACITY_MS / 1_000) as usize;
const TARGET: usize = (RATE * PUSHED_TARGET_MS / 1_000) as usize;
/// Frames after a joint in which the sound is not yet itself.
const SEAM: usize = 240;

/// An engine that plays nothing but what is pushed.
struct Line {
    engine: Engine,
    control: EngineControl,
    writer: PushedWriter,
    id: VoiceId,
    probe: Arc<VoiceProbe>,
}

impl Line {
    fn new(rate: u32) -> Self {
        let mut setup = setup(STEREO, None, generation(1, Identity { channels: 2 }));
        setup.mixer.n_main = 2;
        let (engine, mut control) = Engine::new(setup);
        let spec = PushedSpec { rate, channels: 2, engine_rate: RATE };
        let (writer, player) = pushed(spec).unwrap();
        let id = VoicePool::default().claim().unwrap();
        let voice = Voice::new(id, Material::Pushed(player), StripSettings::default(), STEREO);
        let probe = voice.probe();
        control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
        Self { engine, control, writer, id, probe }
    }

    /// The next `frames`, in callbacks of `block`: left; right is always its negative.
    fn hear(&mut self, frames: usize, block: usize) -> Vec<f32> {
        let mut out = vec![9.0; 2 * frames];
        out.chunks_mut(2 * block).for_each(|part| self.engine.render(part, 0));
        assert!(out.chunks_exact(2).all(|frame| frame[0] == -frame[1]), "a torn frame");
        out.iter().step_by(2).copied().collect()
    }

    fn has_finished(&mut self) -> bool {
        self.control.spent.pop().is_ok_and(|voice| voice.id() == self.id)
    }
}

/// The frames of a ramp that begins at 1: left goes up, right is its negative.
fn ramp(from: usize, frames: usize) -> Vec<f32> {
    (from + 1..=from + frames).flat_map(|n| [n as f32, -(n as f32)]).collect()
}

fn numbers(from: usize, frames: usize) -> Vec<f32> {
    (from + 1..=from + frames).map(|n| n as f32).collect()
}

#[test]
fn c13_every_frame_is_heard_in_order_whatever_the_blocks_and_the_end_is_told() {
    for block in [1, 7, 64, 441, 1_024, 4_096] {
        let mut line = Line::new(RATE);
        let mut dice = Dice(block as u64);
        let (mut sent, mut heard) = (0, Vec::new());
        assert_eq!(line.hear(500, block), vec![0.0; 500], "nothing is there yet");
        assert_eq!(line.probe.supply(), Supply::Filling);
        line.writer.push(&ramp(0, 10_000));
        while sent < 50_000 {
            // Ahead of what is heard, in pieces of any size, at times half a frame too long.
            let n = dice.roll(1..3_000);
            let from = 10_000 + sent;
            let mut piece = ramp(from, n);
            piece.extend([77.0].iter().take(dice.roll(0..2)));
            assert_eq!(line.writer.push(&piece), n);
            sent += n;
            heard.extend(line.hear(n, block));
        }
        line.writer.end();
        assert_eq!(line.writer.push(&ramp(0, 3)), 0, "after the end");
        heard.extend(line.hear(10_000, block));
        assert_eq!(heard, numbers(0, sent + 10_000), "blocks of {block}");
        // The end may stand at a block's last frame: then the next one finds it.
        assert_eq!(line.hear(block, block), vec![0.0; block]);
        assert!(line.has_finished());
        let (accepted, lost) = (line.writer.accepted(), line.writer.lost());
        assert_eq!((accepted, lost), (10_000 + sent as u64, 3));
        assert_eq!((line.probe.position(), line.probe.missed_frames()), (accepted, 0));
    }
}

#[test]
fn c_f13_overfeed_is_bounded_refused_and_counted() {
    let mut line = Line::new(RATE);
    assert_eq!(line.writer.room_frames(), CAPACITY);
    let mut accepted = 0;
    for from in (0..3 * CAPACITY).step_by(1_000) {
        let room = line.writer.room_frames();
        let taken = line.writer.push(&ramp(accepted, 1_000));
        assert_eq!(taken, room.min(1_000), "at {from}");
        accepted += taken;
    }
    assert_eq!((accepted, line.writer.room_frames()), (CAPACITY, 0));
    assert_eq!(line.writer.lost(), 2 * CAPACITY as u64);
    // What was refused leaves no hole behind what was taken.
    assert_eq!(line.hear(300, 300), numbers(0, 300));
    assert_eq!(line.writer.push(&ramp(CAPACITY, 1_000)), 300);
    line.writer.end();
    assert_eq!(line.hear(CAPACITY, 441), numbers(300, CAPACITY));
    assert!(line.hear(10, 10) == [0.0; 10] && line.has_finished());
}

#[test]
fn underfeed_is_silence_without_a_click_and_counted() {
    let mut line = Line::new(RATE);
    let loud = |frames| [0.9, -0.9].repeat(frames);
    line.writer.push(&loud(2_000));
    let mut heard = line.hear(3_000, 441);
    // 20 ms of sound were there, and 1,000 frames were not.
    assert_eq!((line.probe.supply(), line.probe.missed_frames()), (Supply::Starved, 1_000));
    line.writer.push(&loud(TARGET - 1));
    heard.extend(line.hear(64, 64));
    assert_eq!((line.probe.supply(), line.probe.missed_frames()), (Supply::Starved, 1_064));
    line.writer.push(&loud(1_000));
    heard.extend(line.hear(1_000, 441));
    assert_eq!((line.probe.supply(), line.probe.missed_frames()), (Supply::Flowing, 1_064));
    assert_eq!(heard[..2_000], [0.9; 2_000]);
    assert_eq!(heard[2_000 + SEAM..3_064], [0.0; 1_064 - SEAM]);
    assert_eq!(heard[3_064 + SEAM..], [0.9; 1_000 - SEAM]);
    let steps = heard.windows(2).map(|w| (w[1] - w[0]).abs());
    assert!(steps.fold(0.0, f32::max) <= 0.9 / SEAM as f32 + 1e-6);
}

#[test]
fn a_sender_that_dies_within_a_gap_leaves_no_click_and_a_short_sound_needs_no_target() {
    let mut line = Line::new(RATE);
    line.writer.push(&[0.9, -0.9].repeat(1_000));
    let mut heard = line.hear(1_050, 1_050);
    line.writer.end();
    heard.extend(line.hear(500, 64));
    assert!(line.has_finished());
    let steps = heard.windows(2).map(|w| (w[1] - w[0]).abs());
    assert!(steps.fold(0.0, f32::max) <= 0.9 / SEAM as f32 + 1e-6);
    assert_eq!(line.probe.missed_frames(), 50);

    let mut line = Line::new(RATE);
    line.writer.push(&ramp(0, 3));
    assert_eq!(line.hear(64, 64), [0.0; 64]);
    let Line { writer, .. } = &mut line;
    writer.end();
    assert_eq!(line.hear(5, 5), [1.0, 2.0, 3.0, 0.0, 0.0]);
    assert!(line.has_finished());

    let mut line = Line::new(RATE);
    line.writer.end();
    assert!(line.hear(64, 64) == [0.0; 64] && line.has_finished(), "nothing was ever sent");
}

#[test]
fn c_f14_it_stands_still_when_paused_and_has_a_position_but_no_pitch() {
    let mut line = Line::new(RATE);
    line.writer.push(&ramp(0, 20_000));
    let change = |line: &mut Line, change| {
        line.control.commands.send(0, CommandKind::Voice(line.id, change)).unwrap();
    };
    assert_eq!(line.hear(1_000, 441), numbers(0, 1_000));
    change(&mut line, VoiceChange::Pitch(2.0));
    assert_eq!(line.hear(1_000, 441), numbers(1_000, 1_000));
    assert_eq!(line.probe.position(), 2_000);
    change(&mut line, VoiceChange::Pause(true));
    line.hear(5_000, 441);
    let stood = line.probe.position();
    assert_eq!((stood, line.probe.missed_frames()), (2_240, 0));
    change(&mut line, VoiceChange::Pause(false));
    assert_eq!(line.hear(1_000, 441)[SEAM..], numbers(2_240 + SEAM, 1_000 - SEAM));
}

#[test]
fn another_rate_is_converted_to_its_last_frame() {
    let sine = |n: usize, rate: u32| 0.5 * (TAU * 997.0 * n as f64 / f64::from(rate)).sin();
    for rate in [8_000, 44_100, 96_000, 192_000] {
        let mut line = Line::new(rate);
        let mut dice = Dice(rate.into());
        let (mut sent, mut heard) = (0, Vec::new());
        let frames = 3 * rate as usize + 17;
        while sent < frames {
            // What there is said to be room for is taken.
            let n = line.writer.room_frames().min(dice.roll(1..5_000)).min(frames - sent);
            #[allow(clippy::cast_possible_truncation, reason = "f32 is what is sent")]
            let piece =
                (sent..sent + n).flat_map(|n| [1.0, -1.0].map(|s| s * sine(n, rate) as f32));
            assert_eq!(line.writer.push(&piece.collect::<Vec<_>>()), n);
            sent += n;
            let is_ahead = sent * RATE as usize / rate as usize > heard.len() + 24_000;
            heard.extend(line.hear(if is_ahead { dice.roll(1..5_000) } else { 0 }, 441));
        }
        line.writer.end();
        heard.extend(line.hear(4 * RATE as usize - heard.len(), 441));
        assert!(line.has_finished() && line.writer.lost() == 0);
        assert_eq!(line.probe.missed_frames(), 0);
        let length = (frames * RATE as usize).div_ceil(rate as usize);
        assert_eq!(line.probe.position(), length as u64, "from {rate} Hz");
        assert!(heard[length..].iter().all(|x| *x == 0.0));
        // The sound begins and ends at once: there is half a sinc of ringing at both ends. The
        // converter's delay is taken off in whole frames, so half a frame of phase is left at most.
        let inner = 400..length - 400;
        let turn = |n: usize| TAU * 997.0 * n as f64 / f64::from(RATE);
        let sum = |part: fn(f64) -> f64| -> f64 {
            inner.clone().map(|n| f64::from(heard[n]) * part(turn(n))).sum()
        };
        let phase = sum(f64::cos).atan2(sum(f64::sin));
        assert!(phase.abs() <= 0.5 * turn(1) + 1e-3, "from {rate} Hz: {phase}");
        for n in inner {
            let error = f64::from(heard[n]) - 0.5 * (turn(n) + phase).sin();
            assert!(error.abs() < 1e-4, "from {rate} Hz, frame {n}: {error}");
        }
    }
}

#[test]
fn the_audio_thread_calls_no_allocator() {
    for rate in [RATE, 44_100] {
        let mut line = Line::new(rate);
        let piece = ramp(0, 4_000);
        let mut out = vec![0.0; 2 * MAX_BLOCK];
        let mut calls = 0;
        // Begins, runs dry, goes on, ends.
        for turn in 0..100 {
            if turn % 10 == 3 {
                line.writer.push(&piece);
            }
            if turn == 90 {
                line.writer.end();
            }
            let engine = &mut line.engine;
            calls += heap_calls(|| engine.render(&mut out[..2 * (1 + turn * 10)], 0));
        }
        assert_eq!(calls, 0);
        assert!(line.probe.missed_frames() > 0 && line.has_finished());
    }
}

/// What is to be heard but for the seams, and how long ago the last joint was.
#[derive(Default)]
struct Model {
    queue: VecDeque<f32>,
    is_flowing: bool,
    has_begun: bool,
    since_joint: Option<usize>,
    missed: u64,
}

impl Model {
    fn block(&mut self, frames: usize) -> Vec<(f32, bool)> {
        if !self.is_flowing && self.queue.len() >= TARGET {
            self.is_flowing = true;
            self.since_joint = self.has_begun.then_some(0);
            self.has_begun = true;
        }
        let frame = |_| {
            let x = if self.is_flowing { self.queue.pop_front() } else { None };
            if x.is_none() && self.is_flowing {
                (self.is_flowing, self.since_joint) = (false, Some(0));
            }
            self.missed += u64::from(x.is_none() && self.has_begun);
            let is_exact = self.since_joint.is_none_or(|n| n >= SEAM);
            self.since_joint = self.since_joint.map(|n| n + 1);
            (x.unwrap_or(0.0), is_exact)
        };
        (0..frames).map(frame).collect()
    }
}

proptest! {
    #[test]
    fn whatever_comes_and_goes_frames_stay_whole_and_counted(
        moves in prop::collection::vec((0_usize..2_500, 1_usize..MAX_BLOCK), 1..60),
    ) {
        let (mut line, mut model, mut sent) = (Line::new(RATE), Model::default(), 0);
        for (offered, frames) in moves {
            let taken = line.writer.push(&ramp(sent, offered));
            model.queue.extend(numbers(sent, taken));
            sent += taken;
            let heard = line.hear(frames, frames);
            for (n, (x, (expected, is_exact))) in heard.iter().zip(model.block(frames)).enumerate() {
                prop_assert!(!is_exact || *x == expected, "frame {n}: {x} instead of {expected}");
            }
            prop_assert_eq!(line.probe.missed_frames(), model.missed);
        }
        prop_assert_eq!(line.probe.position(), (sent - model.queue.len()) as u64);
    }
}
