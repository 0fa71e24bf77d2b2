//! Failures: the sound goes on in the same block, joined by a seam, and every box comes back.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]

#[path = "../support/mortal.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod mortal;
#[path = "../support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

mod any;
mod failing;
mod late;
mod leaving;

use std::{
    ops::Range,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use mortal::Mortal;
use proptest::prelude::*;
use retake_engine::{
    CommandKind, Event, EventBody, Fade, Generation, Note, Outcome, Replay, ToMono,
    processor::{Identity, Silence},
};
use rig::{Gain, Late, Rig, STEREO, generation, witness};

/// Frames of a seam.
const SEAM: usize = 240;
const SWITCH: Fade = Fade::Cross { frames: 1 };

fn swap(rig: &mut Rig, at: u64, next: Box<Generation>, fade: Fade) {
    assert!(rig.control.commands.send(at, CommandKind::Swap(next, fade)).is_ok());
}

fn condemn(rig: &mut Rig, at: u64, generation: u32) {
    rig.control.commands.send(at, CommandKind::Condemn { generation }).unwrap();
}

fn retired(rig: &mut Rig) -> Vec<u32> {
    std::iter::from_fn(|| rig.control.retired.pop().ok()).map(|g| g.number()).collect()
}

/// The left channel.
fn left(frames: &[f32]) -> Vec<f32> {
    frames.iter().step_by(2).copied().collect()
}

/// What becomes of so many frames of 1.0, on the left.
fn hear(rig: &mut Rig, frames: usize, block: usize) -> Vec<f32> {
    left(&rig.play(&vec![1.0; 2 * frames], block))
}

/// A gain with a fate.
fn mortal(
    number: u32,
    gain: f32,
    fate: impl Fn(u64) -> Outcome + Send + 'static,
) -> Box<Generation> {
    generation(number, Mortal::new(Gain(gain), fate))
}

/// A gain that fails from that frame on.
fn doomed(number: u32, gain: f32, death: u64, outcome: Outcome) -> Box<Generation> {
    generation(number, Mortal::until(Gain(gain), death, outcome))
}

/// Generation 1, at gain 0.5.
fn first() -> Rig {
    Rig::new(generation(1, Gain(0.5)), |_| {})
}

fn gone(generation: u32, frame: u64) -> Event {
    Event::Gone { generation, frame }
}

fn promoted(generation: u32, instead_of: u32, frame: u64) -> Event {
    Event::Promoted { generation, instead_of, frame }
}

/// Has it hear the last thousand frames.
fn warmed(rig: &mut Rig, mut generation: Box<Generation>) -> Box<Generation> {
    let replay = Replay {
        n_side: 0,
        input: rig.control.input.open_back(1_000),
        base: Vec::new(),
        events: Vec::new(),
        events_to: rig.frame(),
        to_mono: ToMono::First,
        tempo_bpm: 120.0,
    };
    generation.warm_up(replay, &mut || false);
    generation
}

/// What was told, and what came back.
fn outcome(rig: &mut Rig) -> (Vec<Event>, Vec<u32>) {
    (told(rig), retired(rig))
}

/// What was told of failures and their ends; of sounding, nothing.
fn told(rig: &mut Rig) -> Vec<Event> {
    let mut events = rig.events();
    events.retain(|e| !matches!(e, Event::Sounding { .. } | Event::Plugin { .. }));
    events
}

/// Plays generation 1 at gain 0.5 and swaps to `second`; so 1 stands by.
fn after_swap(second: Box<Generation>) -> Rig {
    let mut rig = first();
    swap(&mut rig, 0, second, SWITCH);
    hear(&mut rig, 64, 64);
    assert_eq!(retired(&mut rig), []);
    let events = told(&mut rig);
    assert!(matches!(events[..], [Event::SwapDone { generation: 2, .. }]), "{events:?}");
    rig
}

/// `heard` is `before` up to frame `at`, then heads for `after` in a straight line.
fn seam_of(heard: &[f32], at: usize, before: f32, after: f32) {
    assert!(heard[..=at].iter().all(|&x| x == before), "{:?}", &heard[..=at]);
    for (k, x) in heard[at..at + SEAM].iter().enumerate() {
        let share = 1.0 - k as f32 / SEAM as f32;
        assert!((x - after - (before - after) * share).abs() < 1e-6, "frame {k}: {x}");
    }
    assert!(heard[at + SEAM..].iter().all(|&x| x == after));
}
