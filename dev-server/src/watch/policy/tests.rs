//! The save policy against a simulated file system and compiler, in virtual microseconds.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Action, Policy};

/// What happened when some saves met builds that take `build`.
#[derive(Debug, Default)]
struct Story {
    /// When each build started.
    starts: Vec<Duration>,
    /// For each build that ran to its end: when, and how many saves it contains.
    heard: Vec<(Duration, usize)>,
}

/// Plays saves (in order) against the policy; a kill takes `kill` until the child is gone.
fn play(saves: &[Duration], build: Duration, kill: Duration) -> Story {
    let zero = Instant::now();
    let mut policy = Policy::default();
    let mut story = Story::default();
    let mut n_saved = 0;
    // The running build: its end, whether killed, and the saves it contains.
    let mut running: Option<(Duration, bool, usize)> = None;
    loop {
        let save = saves.get(n_saved).copied();
        let wake = policy.wake_at().map(|at| at - zero);
        let end = running.map(|(end, ..)| end);
        let Some(now) = [save, wake, end].into_iter().flatten().min() else {
            break;
        };
        let action = if end == Some(now) {
            let (_, killed, contains) = running.take().unwrap();
            if !killed {
                story.heard.push((now, contains));
            }
            policy.finished(zero + now, killed);
            None
        } else if save == Some(now) {
            n_saved += 1;
            policy.changed(zero + now)
        } else {
            policy.tick(zero + now)
        };
        match action {
            Some(Action::Start) => {
                assert!(running.is_none(), "one build at a time");
                story.starts.push(now);
                running = Some((now + build, false, n_saved));
            }
            Some(Action::Cancel) => running = running.map(|(_, _, n)| (now + kill, true, n)),
            None => {}
        }
    }
    story
}

fn ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms / 1000.0)
}

fn every(gap: Duration, n: u32) -> Vec<Duration> {
    (0..n).map(|i| gap * i).collect()
}

#[test]
fn a_save_starts_at_once() {
    let story = play(&[ms(0.0)], ms(300.0), ms(2.0));
    assert_eq!(story.starts, [ms(5.0)]);
    assert_eq!(story.heard.last().unwrap().1, 1);
}

#[test]
fn a_save_of_several_files_is_one_build() {
    let story = play(&every(ms(3.0), 8), ms(300.0), ms(2.0));
    assert_eq!((story.starts.len(), story.heard.last().unwrap().1), (1, 8));
}

#[test]
fn ten_saves_20_ms_apart_are_two_builds_at_most() {
    for build in [60.0, 150.0, 300.0, 3000.0] {
        let story = play(&every(ms(20.0), 10), ms(build), ms(2.0));
        assert!(story.starts.len() <= 2, "{build} ms: {story:?}");
        assert_eq!(story.heard.last().unwrap().1, 10, "the last save sounds");
    }
}

#[test]
fn after_a_kill_saves_28_ms_apart_are_not_yet_a_pause() {
    let saves = [0.0, 100.0, 128.0, 156.0].map(ms);
    assert_eq!(play(&saves, ms(300.0), ms(2.0)).starts, [5.0, 186.0].map(ms));
}

#[test]
fn a_late_save_in_a_rhythm_is_no_pause() {
    let late = [0.0, 20.0, 40.0, 60.0, 98.0, 118.0, 138.0, 158.0, 178.0].map(ms);
    assert_eq!(play(&late, ms(300.0), ms(2.0)).starts.len(), 2);
}

#[test]
fn thirty_saves_at_four_fifths_of_a_build_are_heard_by_threes() {
    for build in [45.0, 60.0, 100.0, 200.0, 500.0, 2000.0] {
        let saves = every(ms(build * 0.8), 30);
        let story = play(&saves, ms(build), ms(2.0));
        let mut n_heard = 0;
        for (_, contains) in &story.heard {
            assert!(contains - n_heard <= 3, "{build} ms: {story:?}");
            n_heard = *contains;
        }
        assert!(story.heard.len() >= 10, "{build} ms: {story:?}");
        assert_eq!(story.heard.last().unwrap().1, 30);
    }
}

#[test]
fn a_file_written_without_pause_is_still_heard() {
    let story = play(&every(ms(10.0), 1000), ms(300.0), ms(2.0));
    assert!(story.heard.len() >= 10, "{story:?}");
}

#[test]
fn a_request_starts_at_once_and_never_twice() {
    let zero = Instant::now();
    let mut policy = Policy::default();
    assert_eq!(policy.requested(), Some(Action::Start));
    assert_eq!(policy.requested(), None);
    policy.finished(zero, false);
    assert_eq!((policy.wake_at(), policy.requested()), (None, Some(Action::Start)));
}

#[test]
fn a_build_that_ended_before_its_kill_is_followed_by_another() {
    let zero = Instant::now();
    let mut policy = Policy::default();
    policy.requested();
    assert_eq!(policy.changed(zero), Some(Action::Cancel));
    policy.finished(zero, false);
    assert_eq!(policy.tick(zero + Duration::from_secs(1)), Some(Action::Start));
}

proptest! {
    /// Whatever the saves: the last one is heard, no build runs for nothing, and no more than two
    /// in a row are killed.
    #[test]
    fn the_last_save_is_always_heard(
        gaps in prop::collection::vec(0u64..400_000, 1..40),
        build in 20_000u64..600_000,
        kill in 0u64..60_000,
    ) {
        let mut at = Duration::ZERO;
        let saves: Vec<_> = gaps
            .into_iter()
            .map(|gap| {
                at += Duration::from_micros(gap);
                at
            })
            .collect();
        let story = play(&saves, Duration::from_micros(build), Duration::from_micros(kill));
        prop_assert_eq!(story.heard.last().unwrap().1, saves.len());
        prop_assert!(story.starts.len() <= saves.len());
        let killed = story.starts.len() - story.heard.len();
        prop_assert!(killed <= 2 * story.heard.len());
        for pair in story.heard.windows(2) {
            prop_assert!(pair[0].1 < pair[1].1, "a build without a change");
        }
    }
}
