//! The synthesizer: pitch, envelope, polyphony.

#![expect(clippy::float_cmp, reason = "silence is exact")]

use super::*;
use retake_sdk::TestHost;

retake_sdk::test_allocator!();

fn play(host: &mut TestHost<Synth>, frames: usize) -> Vec<f32> {
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    host.process(&mut [&mut left, &mut right]);
    assert_eq!(left, right);
    left
}

/// Upward zero crossings per second.
fn pitch(signal: &[f32]) -> f32 {
    let crossings = signal.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    crossings as f32 * 48_000.0 / signal.len() as f32
}

fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

fn host() -> TestHost<Synth> {
    let mut host = TestHost::new(48_000.0, 512);
    host.assert_no_alloc();
    host
}

#[test]
fn it_is_silent_until_a_key_goes_down_and_begins_at_its_very_frame() {
    let mut host = host();
    assert_eq!(peak(&play(&mut host, 1_000)), 0.0);
    let out = play(host.note_on_at(100, 69, 1.0), 1_000);
    assert_eq!(peak(&out[..100]), 0.0);
    assert!(peak(&out[100..110]) > 0.0);
}

#[test]
fn the_pitch_is_that_of_the_key_and_the_wheel() {
    let mut host = host();
    host.note_on(69, 1.0);
    assert!((pitch(&play(&mut host, 48_000)) - 440.0).abs() < 2.0);
    // The wheel at its top is two semitones.
    host.midi([0xe0, 127, 127]);
    assert!((pitch(&play(&mut host, 48_000)) - 493.9).abs() < 2.0);
}

#[test]
fn a_key_sounds_as_long_as_it_is_held_then_ends_and_says_so() {
    let mut host = host();
    host.set("level", 0.0).set("release", 100.0).note_on(60, 1.0);
    play(&mut host, 48_000);
    assert!((peak(&play(&mut host, 4_800)) - 1.0).abs() < 0.1);
    play(host.note_off(60), 48_000);
    assert_eq!(peak(&play(&mut host, 512)), 0.0);
    host.note_on(61, 1.0);
    play(&mut host, 512);
    host.note_off(61);
    let ended = (0..100).any(|_| {
        play(&mut host, 512);
        let end = EventKind::NoteEnd { note: Note::new(61, 0) };
        host.sent().iter().any(|event| event.kind == end)
    });
    assert!(ended);
}

#[test]
fn nine_keys_take_the_softest_voice_and_allocate_nothing() {
    let mut host = host();
    for key in 60..69 {
        host.note_on(key, 0.5);
    }
    assert!(peak(&play(&mut host, 4_800)) > 0.0);
    for key in 60..69 {
        host.note_off(key);
    }
    play(&mut host, 480_000);
    assert_eq!(peak(&play(&mut host, 512)), 0.0, "no voice hangs");
}
