//! Swaps: every sample is the formula, every event arrives, every box comes back.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "bits that pass unchanged")]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use retake_engine::{CommandKind, Event, EventBody, Fade, Note, Outcome, PluginEvent};
use rig::{Gain, Late, Rig, generation, param_of, set, sine, witness};

const OLD: f32 = 0.9;
const NEW: f32 = 0.3;
/// Where the swap begins: in the middle of most blocks.
const AT: usize = 1_500;
const BLOCKS: [usize; 4] = [1, 7, 64, 8_191];

/// Plays a sine through a swap and compares each frame with `gains(frames since the swap)`.
fn swap_is(fade: Fade, gain: impl Fn(usize) -> f32) {
    let input = sine(8_000);
    for block in BLOCKS {
        let mut rig = Rig::new(generation(1, Gain(OLD)), |_| {});
        let begin = rig.frame() + AT as u64;
        let swap = CommandKind::Swap(generation(2, Gain(NEW)), fade);
        rig.control.commands.send(begin, swap).unwrap();
        let output = rig.play(&input, block);
        for (i, (x, y)) in input.iter().zip(&output).enumerate() {
            let gain = (i / 2).checked_sub(AT).map_or(OLD, &gain);
            let frame = i / 2;
            assert!((x * gain - y).abs() < 1e-6, "block {block} frame {frame}");
        }
        swap_was_told(&mut rig, fade, begin, block as u64);
    }
}

/// The old generation is back, and control knows when the new one began and when it was alone.
fn swap_was_told(rig: &mut Rig, fade: Fade, begin: u64, block: u64) {
    // The old one stands by until it is told to go.
    assert!(rig.control.retired.pop().is_err());
    rig.control.commands.send(0, CommandKind::DropStandby).unwrap();
    rig.play(&[0.0; 2], 1);
    assert_eq!(rig.control.retired.pop().unwrap().number(), 1);
    assert!(rig.control.retired.pop().is_err());
    assert_eq!(rig.control.probe.lost_frames.get(), 0);
    let length = fade.frames() as u64;
    let sounds = match fade {
        Fade::Cross { .. } => begin,
        Fade::OutIn { .. } => begin + length / 2,
    };
    let events = rig.events();
    assert_eq!(events.len(), 3);
    let started = |event, number| match event {
        Event::Sounding { generation, frame, .. } if generation == number => frame,
        other => panic!("{other:?}"),
    };
    assert_eq!(started(events[0], 1), 0);
    let frame = started(events[1], 2);
    assert!(frame <= sounds && frame + block > sounds, "{frame}");
    let Event::SwapDone { generation: 2, frame } = events[2] else {
        panic!("{events:?}");
    };
    assert!(frame >= begin + length && frame < begin + length + block.max(2));
}

#[test]
fn a_cross_fade_is_linear_to_the_sample() {
    let length = 960;
    swap_is(Fade::Cross { frames: length }, |k| {
        let share = ((k + 1) as f32 / length as f32).min(1.0);
        OLD * (1.0 - share) + NEW * share
    });
}

#[test]
fn out_and_in_is_linear_to_the_sample() {
    for length in [480, 481, 2] {
        swap_is(Fade::OutIn { frames: length }, |k| {
            let share = ((k + 1) as f32 / length as f32).min(1.0);
            if share < 0.5 { OLD * (1.0 - 2.0 * share) } else { NEW * (2.0 * share - 1.0) }
        });
    }
}

#[test]
fn a_fade_of_no_frame_is_a_switch() {
    swap_is(Fade::Cross { frames: 0 }, |_| NEW);
}

/// The next swap waits for the end of this one; parameter changes that pass it reach it all the same.
#[test]
fn a_queued_swap_waits_and_misses_no_change() {
    let mut rig = Rig::new(generation(1, Gain(OLD)), |_| {});
    let fade = Fade::Cross { frames: 960 };
    for number in [2, 3] {
        let swap = CommandKind::Swap(generation(number, Gain(NEW)), fade);
        rig.control.commands.send(0, swap).unwrap();
    }
    rig.play(&sine(100), 64);
    let change = set(1, 0.5);
    rig.control.commands.send(0, change).unwrap();
    let input = sine(4_000);
    let output = rig.play(&input, 64);
    for (x, y) in input.iter().zip(&output).skip(2 * 2_000) {
        assert!((x * 0.5 - y).abs() < 1e-6);
    }
    let order: Vec<u32> =
        std::iter::from_fn(|| rig.control.retired.pop().ok()).map(|g| g.number()).collect();
    assert_eq!(order, [1]);
    assert_eq!(rig.engine.into_parts().standby.unwrap().number(), 2);
}

#[test]
fn both_generations_hear_every_change_and_the_journal_comes_first() {
    for fade in [Fade::Cross { frames: 960 }, Fade::OutIn { frames: 960 }] {
        let (old, mut old_saw) = witness(0.1);
        let (new, mut new_saw) = witness(0.2);
        let mut rig = Rig::new(generation(1, old), |_| {});
        let start = rig.frame();
        let next = generation(2, new).with_journal(
            [(7, 0.1), (8, 0.2), (7, 0.3)].map(|(id, value)| EventBody::Param { id, value }),
        );
        rig.control.commands.send(0, CommandKind::Swap(Box::new(next), fade)).unwrap();
        for (at, id) in [(0, 1), (start + 100, 2), (start + 700, 3)] {
            let change = set(id, 1.0);
            rig.control.commands.send(at, change).unwrap();
        }
        rig.play(&sine(1_024), 64);
        let ids = |saw: &mut rtrb::Consumer<(u64, PluginEvent)>| -> Vec<(u32, u64)> {
            std::iter::from_fn(|| saw.pop().ok())
                .map(|(frame, e)| (param_of(&e).0, frame + u64::from(e.offset)))
                .collect()
        };
        let new_ids = ids(&mut new_saw);
        assert_eq!(ids(&mut old_saw)[..2], [(1, start), (2, start + 100)]);
        let order: Vec<u32> = new_ids.iter().map(|e| e.0).collect();
        assert_eq!(order, [8, 7, 1, 2, 3]);
        assert_eq!(new_ids[4], (3, start + 700));
        if matches!(fade, Fade::Cross { .. }) {
            assert_eq!(new_ids[3], (2, start + 100));
        }
    }
}

#[test]
fn a_change_takes_effect_at_its_very_frame() {
    for block in BLOCKS {
        let mut rig = Rig::new(generation(1, Gain(OLD)), |_| {});
        let start = rig.frame();
        for (at, value) in [(123, 0.5), (124, 0.25), (2_000, 1.0)] {
            let change = set(1, value);
            rig.control.commands.send(start + at, change).unwrap();
        }
        let input = sine(3_000);
        let output = rig.play(&input, block);
        for (i, (x, y)) in input.iter().zip(&output).enumerate() {
            let gain = match i / 2 {
                ..123 => OLD,
                123 => 0.5,
                124..2_000 => 0.25,
                _ => 1.0,
            };
            assert_eq!(*y, x * gain, "block {block} frame {}", i / 2);
        }
        let echoes: Vec<u64> = rig
            .events()
            .iter()
            .filter_map(|e| match e {
                Event::Plugin { frame, .. } => Some(frame - start),
                _ => None,
            })
            .collect();
        assert_eq!(echoes, [123, 124, 2_000]);
    }
}

/// "At once" after a dated change that is already past: the last word counts.
#[test]
fn the_last_change_wins() {
    let mut rig = Rig::new(generation(1, Gain(OLD)), |_| {});
    rig.play(&sine(500), 64);
    for (at, value) in [(100, 0.25), (0, 0.5)] {
        let change = set(1, value);
        rig.control.commands.send(at, change).unwrap();
    }
    let input = sine(64);
    let output = rig.play(&input, 64);
    assert!(input.iter().zip(&output).all(|(x, y)| *y == x * 0.5));
}

#[test]
fn a_swap_under_bypass_is_not_heard() {
    for fade in [Fade::Cross { frames: 960 }, Fade::OutIn { frames: 2 }] {
        let mut rig = Rig::new(generation(1, Gain(OLD)), |setup| setup.bypass = true);
        let swap = CommandKind::Swap(generation(2, Gain(0.0)), fade);
        rig.control.commands.send(0, swap).unwrap();
        let input = sine(3_000);
        let output = rig.play(&input, 100);
        for (i, (x, y)) in input.iter().zip(&output).enumerate() {
            // An OutIn of two frames is silent for one of them: that is its law.
            let is_silent = matches!(fade, Fade::OutIn { .. }) && i < 2;
            assert!(is_silent || (x - y).abs() < 1e-6, "sample {i}");
        }
    }
}

/// A latency change moves the dry signal inside the fade.
#[test]
fn bypass_follows_the_latency_of_the_new_generation() {
    let mut rig = Rig::new(generation(1, Late::by(10)), |setup| setup.bypass = true);
    let input = sine(4_000);
    let swap = CommandKind::Swap(generation(2, Late::by(100)), Fade::Cross { frames: 960 });
    let begin = rig.frame() + 1_000;
    rig.control.commands.send(begin, swap).unwrap();
    let output = rig.play(&input, 64);
    assert_eq!(output[20..2_000], input[..1_980]);
    assert_eq!(output[4_000..], input[3_800..7_800]);
}

#[test]
fn a_broken_new_generation_is_silenced_and_named() {
    let (mut broken, _saw) = witness(f32::NAN);
    broken.outcome = Outcome::Error;
    let mut rig = Rig::new(generation(1, Gain(1.0)), |_| {});
    let swap = CommandKind::Swap(generation(2, broken), Fade::Cross { frames: 960 });
    rig.control.commands.send(0, swap).unwrap();
    let input = sine(4_000);
    let output = rig.play(&input, 64);
    // Its place is taken by the dry signal, which here is what the old generation played.
    assert!(input.iter().zip(&output).all(|(x, y)| (x - y).abs() < 1e-6));
    let errors = |e: &&Event| matches!(e, Event::ProcessError { generation: 2, .. });
    assert_eq!(rig.events().iter().filter(errors).count(), 1);
}

/// A key that is held when the next generation comes is struck for it anew; one that was released
/// is not, and neither is one released while the swap waits.
#[test]
fn held_notes_are_the_first_events_of_the_next_generation() {
    let note = |key, on| EventBody::Note(Note { key, channel: 0, velocity: 0.5, on });
    let mut rig = Rig::new(generation(1, witness(0.0).0), |_| {});
    for body in [note(60, true), note(64, true), note(67, true), note(64, false)] {
        rig.control.commands.send(0, CommandKind::Plugin(body)).unwrap();
        rig.play(&[0.0; 20], 10);
    }
    let (plugin, mut saw) = witness(0.0);
    let fade = Fade::Cross { frames: 8 };
    rig.control.commands.send(0, CommandKind::Swap(generation(2, plugin), fade)).unwrap();
    rig.control.commands.send(0, CommandKind::Plugin(note(67, false))).unwrap();
    rig.play(&[0.0; 20], 10);
    let seen: Vec<_> = std::iter::from_fn(|| saw.pop().ok()).map(|(_, e)| e.body).collect();
    assert_eq!(seen, [note(60, true), note(67, true), note(67, false)]);
}
