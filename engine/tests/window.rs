//! The window between a thread that reads ahead and a voice that plays, seeks and waits.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    reason = "these bits are to come out as they went in; small numbers"
)]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;
#[path = "support/stream.rs"]
#[allow(dead_code, unreachable_pub, reason = "support of these tests")]
mod stream;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use retake_engine::{
    mixer::Supply,
    window::{Mark, window},
};
use rig::Dice;
use stream::{CAPACITY, Player, numbers, sound_of};

#[test]
fn what_is_shown_for_debugging_is_its_state_and_no_sample() {
    let (writer, reader, gauge) = window(2, 1 << 16);
    let shown = format!("{writer:?} {reader:?} {gauge:?}");
    assert!(shown.contains("capacity: 65536") && shown.contains("wanted: Mark"), "{shown}");
    assert!(shown.len() < 1_000, "{} characters", shown.len());
}

#[test]
fn a_voice_waits_for_its_first_block_and_plays_every_frame_to_the_end() {
    let mut player = Player::new(10_000, 1.0);
    assert_eq!(player.hear(100), [0.0; 100]);
    assert_eq!(player.probe.supply(), Supply::Filling);
    assert!(!player.gauge.has(1));
    player.file.write(50);
    assert_eq!(player.hear(100), [0.0; 100], "half a block is none");
    let mut heard = Vec::new();
    while heard.len() < 9_900 {
        player.file.write(CAPACITY);
        heard.extend(player.hear(99));
        assert_eq!(player.probe.supply(), Supply::Flowing);
    }
    assert_eq!(heard, numbers(0..9_900));
    assert_eq!(player.probe.position(), 9_900);
    player.file.write(CAPACITY);
    assert!(player.gauge.has(1_000_000), "that is all there is");
    let rest = player.hear(200);
    assert_eq!(rest[..100], numbers(9_900..10_000));
    assert!(rest[100..].iter().all(|x| *x == 0.0));
    assert!(player.control.spent.pop().is_ok());
    assert!(player.file.writer.is_abandoned() && player.probe.missed_frames() == 0);
}

#[test]
fn what_is_late_is_counted_and_the_rest_is_in_its_place() {
    let mut player = Player::new(1 << 20, 1.0);
    player.file.write(1_000);
    // Two frames behind what is played are kept for pitches.
    assert_eq!(player.hear(900), numbers(0..900));
    let starved = player.hear(600);
    assert_eq!(starved[..98], numbers(900..998));
    // The last frame is held and dies away over 5 ms.
    assert!(starved[98..338].windows(2).all(|w| w[0] > w[1] && w[0] - w[1] < 997.0 / 239.0));
    assert!(starved[338..].iter().all(|x| *x == 0.0));
    assert_eq!((player.probe.supply(), player.probe.missed_frames()), (Supply::Starved, 502));
    player.file.write(2_000);
    let back = player.hear(600);
    let risen = |n: u16| f32::from(1_500 + n) * f32::from(n + 1) / 240.0;
    assert!(back.iter().zip(0..240).all(|(x, n)| (x - risen(n)).abs() < 0.01));
    assert_eq!(back[240..], numbers(1_740..2_100));
    assert_eq!((player.probe.supply(), player.probe.missed_frames()), (Supply::Flowing, 502));
    // More than the window was missed: the file goes on at once with what is wanted now.
    player.hear(10_000);
    let wanted = player.file.writer.wanted();
    player.file.writer.begin(wanted);
    player.file.write(2_000);
    assert_eq!(player.hear(600)[240..], numbers(12_340..12_700));
}

#[test]
fn an_end_that_comes_within_a_hole_dies_away_too() {
    let mut player = Player::new(1_000, 1.0);
    player.file.write(900);
    player.hear(890);
    player.hear(100);
    // The file turns out to end where the voice is long past it.
    player.file.write(0);
    let wanted = player.file.writer.wanted();
    player.file.writer.begin(wanted);
    player.file.writer.end();
    let rest = player.hear(500);
    assert!(rest.windows(2).all(|w| (w[1] - w[0]).abs() < 5.0), "{rest:?}");
    assert!(rest[0] > 500.0 && rest[499] == 0.0);
    assert!(player.control.spent.pop().is_ok());
}

#[test]
fn every_seek_sounds_from_its_very_target_or_not_yet() {
    let mut player = Player::new(1 << 20, 1.0);
    player.file.write(CAPACITY);
    player.hear(1_000);
    let mut dice = Dice(17);
    for _ in 0..1_000 {
        let target = dice.roll(0..900_000) as u64;
        // What is in the window sounds at once: see the next test.
        let is_near = target.abs_diff(player.probe.position()) < 2 * CAPACITY as u64;
        let target = if is_near { target + 50_000 } else { target };
        player.seek(target);
        let silent = dice.roll(0..3);
        // The old place fades out; nothing of it is heard afterwards.
        player.file.write(CAPACITY);
        assert!(player.hear(300)[240..].iter().all(|x| *x == 0.0));
        for _ in 0..silent {
            assert_eq!(player.hear(10), [0.0; 10], "not there yet");
        }
        player.file.write(CAPACITY);
        let heard = player.hear(500);
        assert_eq!(heard[300..], numbers(target + 300..target + 500), "a seek to {target}");
    }
    assert_eq!(player.probe.missed_frames(), 0);
}

#[test]
fn a_seek_within_the_window_needs_nobody() {
    let mut player = Player::new(1 << 20, 1.0);
    player.file.write(CAPACITY);
    player.hear(100);
    player.seek(3_000);
    player.hear(240);
    assert_eq!(player.hear(600)[240..], numbers(3_240..3_600));
    player.seek(2_000_000);
    player.file.write(0);
    player.hear(300);
    player.file.write(0);
    player.hear(300);
    assert!(player.control.spent.pop().is_ok(), "beyond the end is the end");
}

#[test]
fn a_seek_to_the_windows_last_frames_waits_for_a_block_and_makes_room_for_it() {
    let mut player = Player::new(1 << 20, 1.0);
    player.file.write(CAPACITY);
    player.hear(100);
    let target = CAPACITY as u64 - 20;
    player.seek(target);
    player.hear(240);
    assert_eq!(player.hear(600), [0.0; 600], "twenty frames are no block");
    player.file.write(CAPACITY);
    assert_eq!(player.hear(600)[240..], numbers(target + 240..target + 600));
    assert_eq!(player.probe.missed_frames(), 0);
}

#[test]
fn pitched_and_windowed_is_as_pitched_and_in_memory() {
    for pitch in [0.37, 1.5, 4.0] {
        let mut player = Player::new(100_000, pitch);
        let mut heard = Vec::new();
        while heard.len() < 20_000 {
            player.file.write(CAPACITY);
            heard.extend(player.hear(77));
        }
        for (n, x) in heard.iter().enumerate().skip(4) {
            // Straight lines stay straight.
            let expected = n as f64 * pitch;
            assert!((f64::from(*x) - expected).abs() < 0.02, "{n} at {pitch}: {x}");
        }
        assert_eq!(player.probe.missed_frames(), 0);
    }
}

#[test]
fn under_two_threads_and_seeks_no_frame_is_mislabelled() {
    two_threads(300_000);
}

/// Ten seconds and more.
#[test]
#[ignore = "long"]
fn under_two_threads_and_seeks_for_long_no_frame_is_mislabelled() {
    two_threads(100_000_000);
}

#[expect(clippy::disallowed_methods, reason = "the test plays the other thread")]
fn two_threads(samples: u64) {
    let (mut writer, mut reader, _) = window(2, 1_024);
    let stop = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&stop);
    let writing = std::thread::spawn(move || {
        while !is_over.load(Relaxed) {
            let wanted = writer.wanted();
            if wanted.epoch != writer.at().epoch {
                writer.begin(wanted);
            }
            let Mark { frame, .. } = writer.at();
            let n = writer.room().min(100) as u64;
            let frames: Vec<f32> = (frame..frame + n).flat_map(|f| [sound_of(f); 2]).collect();
            writer.write(&frames);
            std::thread::yield_now();
        }
    });
    let mut dice = Dice(23);
    let (mut at, mut checked) = (0_u64, 0_u64);
    let mut seek_at = 0;
    while checked < samples {
        std::thread::yield_now();
        if checked >= seek_at {
            at = dice.roll(0..10_000_000) as u64;
            reader.seek(at);
            seek_at = checked + dice.roll(1..2_000) as u64;
        }
        let end = reader.look().map_or(at, |there| there.end);
        for frame in at..end.max(at) {
            assert!(reader.holds(frame));
            assert_eq!([0, 1].map(|c| reader.sample(c, frame)), [sound_of(frame); 2]);
            checked += 1;
        }
        at = end.max(at);
        reader.release(at);
    }
    stop.store(true, Relaxed);
    writing.join().unwrap();
}
