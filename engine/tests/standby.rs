//! Failures: the sound goes on in the same block, joined by a seam, and every box comes back.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]

#[path = "support/mortal.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod mortal;
#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

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

#[test]
fn a_late_block_is_silence_behind_a_seam_and_the_next_one_joins() {
    // Eight blocks of a hundred frames, the first of which begins at frame 1.
    let fate = |at| if (1_001..1_800).contains(&at) { Outcome::Late } else { Outcome::Ok };
    let mut rig = Rig::new(mortal(1, 0.5, fate), |_| {});
    let heard = hear(&mut rig, 3_000, 100);
    let (gone, back) = (1_000, 1_800);
    seam_of(&heard[..back], gone, 0.5, 0.0);
    seam_of(&heard[gone + SEAM..], back - gone - SEAM, 0.0, 0.5);
    assert_eq!(rig.control.probe.missed_blocks.get(), 8);
    assert_eq!(outcome(&mut rig), (vec![], vec![]));
}

/// Late in blocks that begin at one of these frames.
fn late_in(frames: Range<u64>) -> impl Fn(u64) -> Outcome {
    move |at| if frames.contains(&at) { Outcome::Late } else { Outcome::Ok }
}

#[test]
fn the_standby_is_heard_as_long_as_the_other_is_late_and_rests_again() {
    let first = Mortal::new(Gain(0.5), |_| Outcome::Ok);
    let n_resets = Arc::clone(&first.n_resets);
    let mut rig = Rig::new(generation(1, first), |_| {});
    swap(&mut rig, 0, mortal(2, 0.25, late_in(1_064..1_864)), SWITCH);
    hear(&mut rig, 63, 63);
    told(&mut rig);
    let heard = hear(&mut rig, 3_000, 100);
    seam_of(&heard[..1_800], 1_000, 0.25, 0.5);
    seam_of(&heard[1_000 + SEAM..], 800 - SEAM, 0.5, 0.25);
    assert_eq!(rig.control.probe.missed_blocks.get(), 8);
    assert_eq!(outcome(&mut rig), (vec![], vec![]));
    assert_eq!(n_resets.load(Relaxed), 2);
}

#[test]
fn a_standby_that_is_heard_already_takes_over_without_a_seam() {
    let fate = |at: u64| match at {
        0..1_064 => Outcome::Ok,
        1_064..1_864 => Outcome::Late,
        _ => Outcome::Gone,
    };
    let mut rig = after_swap(mortal(2, 0.25, fate));
    let heard = hear(&mut rig, 3_000, 100);
    seam_of(&heard, 1_000, 0.25, 0.5);
    assert_eq!(retired(&mut rig), [2]);
}

/// Dismissed, late itself or dead: what is left is silence, behind a seam.
#[test]
fn a_standby_that_fails_while_it_is_heard_leaves_silence() {
    let first = |fate: fn(u64) -> Outcome| mortal(1, 0.5, fate);
    let late: fn(u64) -> Outcome = |at| if at < 1_364 { Outcome::Ok } else { Outcome::Late };
    let dead: fn(u64) -> Outcome = |at| if at < 1_364 { Outcome::Ok } else { Outcome::Gone };
    for (fate, leaves) in [(late, vec![]), (dead, vec![1]), (|_| Outcome::Ok, vec![1])] {
        let mut rig = Rig::new(first(fate), |_| {});
        swap(&mut rig, 0, mortal(2, 0.25, late_in(1_064..9_000)), SWITCH);
        hear(&mut rig, 63, 63);
        if fate(9_000) == Outcome::Ok {
            rig.control.commands.send(1_364, CommandKind::DropStandby).unwrap();
        }
        let heard = hear(&mut rig, 3_000, 100);
        seam_of(&heard[..1_300], 1_000, 0.25, 0.5);
        seam_of(&heard[1_000 + SEAM..], 300 - SEAM, 0.5, 0.0);
        assert_eq!(retired(&mut rig), leaves);
    }
}

/// Each event once, in the block that it belongs to.
#[test]
fn a_standby_that_is_heard_hears_each_event_once() {
    let param = |value| EventBody::Param { id: 1, value };
    let (plugin, mut saw) = witness(0.5);
    let mut rig = Rig::new(generation(1, plugin), |_| {});
    swap(&mut rig, 0, mortal(2, 0.25, late_in(1_000..2_000)), SWITCH);
    hear(&mut rig, 100, 100);
    while saw.pop().is_ok() {}
    for n in 0..30 {
        rig.control.commands.send(0, CommandKind::Plugin(param(f64::from(n)))).unwrap();
        hear(&mut rig, 100, 100);
    }
    let seen: Vec<_> = std::iter::from_fn(|| saw.pop().ok()).map(|(_, e)| e.body).collect();
    // The last before it woke, then those of its ten blocks.
    let expected: Vec<_> = (8..19).map(|n| param(f64::from(n))).collect();
    assert_eq!(seen, expected);
}

/// The dry signal needs no plugin: nobody hears that it was late.
#[test]
fn late_blocks_are_not_heard_under_bypass() {
    let fate = |at: u64| if at.is_multiple_of(3) { Outcome::Late } else { Outcome::Ok };
    let mut rig = Rig::new(mortal(1, 0.5, fate), |s| s.bypass = true);
    let input = rig::sine(2_000);
    assert_eq!(rig.play(&input, 64), input);
    assert!(rig.control.probe.missed_blocks.get() > 5);
}

#[test]
fn the_standby_plays_the_very_block_in_which_the_other_fails() {
    for outcome in [Outcome::Error, Outcome::Gone] {
        let death = 500;
        let second = doomed(2, 0.25, death, outcome);
        let mut rig = after_swap(second);
        let start = rig.frame();
        let heard = hear(&mut rig, 1_000, 100);
        let at = (0..).step_by(100).find(|at| start + at >= death).unwrap();
        let fact = match outcome {
            Outcome::Error => Event::ProcessError { generation: 2, frame: start + at },
            _ => gone(2, start + at),
        };
        let told = (told(&mut rig), retired(&mut rig));
        assert_eq!(told, (vec![fact, promoted(1, 2, start + at)], vec![2]));
        seam_of(&heard, usize::try_from(at).unwrap(), 0.25, 0.5);
    }
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

#[test]
fn a_condemned_one_is_replaced_at_the_frame_of_the_command() {
    let mut rig = after_swap(generation(2, Gain(0.25)));
    let at = rig.frame() + 333;
    condemn(&mut rig, at, 2);
    let heard = hear(&mut rig, 1_000, 512);
    seam_of(&heard, 333, 0.25, 0.5);
    assert_eq!(outcome(&mut rig), (vec![promoted(1, 2, at)], vec![2]));
    // Nothing stands behind it any more.
    condemn(&mut rig, 0, 1);
    seam_of(&hear(&mut rig, 1_000, 512), 0, 0.5, 1.0);
    assert_eq!(outcome(&mut rig), (vec![], vec![]));
}

#[test]
fn two_failures_in_one_block_leave_the_dry_signal() {
    let death = 500;
    let mut rig = Rig::new(doomed(1, 0.5, death, Outcome::Gone), |_| {});
    swap(&mut rig, 0, doomed(2, 0.25, death, Outcome::Error), SWITCH);
    hear(&mut rig, 99, 99);
    rig.events();
    let heard = hear(&mut rig, 1_000, 100);
    seam_of(&heard, 400, 0.25, 1.0);
    let error = Event::ProcessError { generation: 2, frame: 500 };
    assert_eq!(outcome(&mut rig), (vec![error, promoted(1, 2, 500), gone(1, 500)], vec![2]));
    // The next one takes over from the dry signal, and what has failed goes.
    swap(&mut rig, 0, generation(3, Gain(0.5)), Fade::Cross { frames: 100 });
    let heard = hear(&mut rig, 200, 50);
    assert!((heard[49] - 0.75).abs() < 1e-6 && heard[100..].iter().all(|&x| x == 0.5));
    assert_eq!(retired(&mut rig), [1]);
}

/// Of parameters and controllers the last value, of the notes those that are held: and it was reset
/// once, when it came to rest.
#[test]
fn the_standby_hears_what_it_has_missed() {
    let note = |key, on| EventBody::Note(Note { key, channel: 0, velocity: 0.5, on });
    let param = |id, value| EventBody::Param { id, value };
    let send = |rig: &mut Rig, bodies: &[EventBody]| {
        for &body in bodies {
            rig.control.commands.send(0, CommandKind::Plugin(body)).unwrap();
        }
        hear(rig, 10, 10);
    };
    for fade in [SWITCH, Fade::OutIn { frames: 40 }] {
        let (plugin, mut saw) = witness(0.1);
        let first = Mortal::new(plugin, |_| Outcome::Ok);
        let n_resets = Arc::clone(&first.n_resets);
        let mut rig = Rig::new(generation(1, first), |_| {});
        send(&mut rig, &[note(60, true), note(61, true), param(1, 0.1)]);
        swap(&mut rig, 0, generation(2, witness(0.2).0), fade);
        hear(&mut rig, 30, 10);
        // In the second half of the fade it rests already.
        send(&mut rig, &[param(3, 0.7), EventBody::Midi([0xb0, 7, 1]), note(61, false)]);
        while saw.pop().is_ok() {}
        let bend = |x| EventBody::Midi([0xe0, 0, x]);
        send(&mut rig, &[param(1, 0.2), param(2, 0.3), param(1, 0.4), note(64, true), bend(1)]);
        send(&mut rig, &[EventBody::Midi([0xb0, 7, 2]), EventBody::Midi([0xb0, 8, 3]), bend(2)]);
        assert_eq!((n_resets.load(Relaxed), saw.pop().is_err()), (1, true));
        condemn(&mut rig, 0, 2);
        send(&mut rig, &[param(2, 0.9)]);
        let seen: Vec<_> = std::iter::from_fn(|| saw.pop().ok()).map(|(_, e)| e.body).collect();
        let expected = [
            param(3, 0.7),
            param(2, 0.3),
            param(1, 0.4),
            EventBody::Midi([0xb0, 7, 2]),
            EventBody::Midi([0xb0, 8, 3]),
            bend(2),
            note(60, true),
            note(64, true),
            param(2, 0.9),
        ];
        assert_eq!(seen, expected);
        assert_eq!(n_resets.load(Relaxed), 1);
    }
}

/// A generation that fails while it fades in: the old one plays on, with a seam where the fade was
/// heard.
#[test]
fn what_fails_while_it_fades_in_was_never_there() {
    for fade in [Fade::Cross { frames: 800 }, Fade::OutIn { frames: 800 }] {
        let start = 1_000;
        let second = Mortal::until(Gain(-0.5), start + 500, Outcome::Gone);
        let mut rig = first();
        swap(&mut rig, start, generation(2, second), fade);
        hear(&mut rig, 999, 100);
        let heard = hear(&mut rig, 2_000, 100);
        let steps = heard.windows(2).map(|w| (w[1] - w[0]).abs());
        assert!(steps.fold(0.0, f32::max) <= 1.0 / 240.0 + 1e-6);
        assert!(heard[500 + SEAM..].iter().all(|&x| x == 0.5), "{fade:?}");
        let death = start + 500;
        assert_eq!(outcome(&mut rig), (vec![gone(2, death), promoted(1, 2, death)], vec![2]));
        assert!(rig.engine.into_parts().standby.is_none());
    }
}

/// And when the old one fails, the new one plays alone, although its fade was not over.
#[test]
fn what_fails_while_it_fades_out_goes_sooner() {
    for fade in [Fade::Cross { frames: 800 }, Fade::OutIn { frames: 800 }] {
        let (start, death) = (1_000, 1_300);
        let mut rig = Rig::new(doomed(1, 0.5, death, Outcome::Gone), |_| {});
        swap(&mut rig, start, generation(2, Gain(0.25)), fade);
        hear(&mut rig, 999, 100);
        let heard = hear(&mut rig, 2_000, 100);
        assert!(heard[300 + SEAM..].iter().all(|&x| x == 0.25), "{fade:?}");
        let done = Event::SwapDone { generation: 2, frame: 1_400 };
        let expected = vec![gone(1, 1_300), promoted(2, 1, 1_300), done];
        assert_eq!(outcome(&mut rig), (expected, vec![1]));
    }
}

/// Any layout can stand by for any other.
#[test]
fn the_standby_has_its_own_latency_and_channels() {
    let mono = || Generation::new(1, Box::new(Identity { channels: 1 }), STEREO);
    let firsts: [(Box<Generation>, [f32; 2]); 4] = [
        (generation(1, Late::by(100)), [0.8, 0.4]),
        (Box::new(mono()), [0.8, 0.8]),
        (generation(1, Identity { channels: 0 }), [0.8, 0.4]),
        (generation(1, Identity { channels: 6 }), [0.8, 0.4]),
    ];
    for (first, expected) in firsts {
        let layout = first.layout();
        let mut rig = Rig::new(first, |_| {});
        let input = [0.8, 0.4].repeat(1_000);
        rig.play(&input, 64);
        swap(&mut rig, 0, generation(2, Gain(0.5)), SWITCH);
        rig.play(&input, 64);
        condemn(&mut rig, 0, 2);
        let heard = rig.play(&input, 64);
        assert_eq!(heard[2 * 999..], expected, "{layout:?}");
        // The seam begins where the old one was.
        assert!((heard[0] - 0.4).abs() < 1e-6 && (heard[1] - 0.2).abs() < 1e-6);
        // Each channel has a seam of its own.
        let steps = heard.windows(3).map(|w| (w[2] - w[0]).abs());
        assert!(steps.fold(0.0, f32::max) < 0.005, "{layout:?}");
    }
}

/// The one that plays fails while the next is still catching up: the standby takes its place, and
/// the swap goes on.
#[test]
fn a_swap_that_waits_outlives_a_failure() {
    let death = 5_000;
    let second = doomed(2, 0.25, death, Outcome::Gone);
    let mut rig = after_swap(second);
    hear(&mut rig, 3_000, 64);
    let next = warmed(&mut rig, generation(3, Gain(0.75)));
    hear(&mut rig, 1_000, 64);
    // A thousand frames behind, and due 400 frames before the failure.
    swap(&mut rig, death - 400, next, Fade::Cross { frames: 100 });
    let heard = hear(&mut rig, 5_000, 64);
    assert_eq!(heard[4_999], 0.75);
    let told = told(&mut rig);
    let is_expected = matches!(
        told[..],
        [
            Event::Gone { generation: 2, .. },
            Event::Promoted { generation: 1, instead_of: 2, .. },
            Event::SwapDone { generation: 3, .. },
        ]
    );
    assert!(is_expected, "{told:?}");
    assert_eq!(retired(&mut rig), [2]);
    assert_eq!(rig.engine.into_parts().standby.unwrap().number(), 1);
}

/// A failure while it catches up, or a word of control before its turn: it never sounds.
#[test]
fn what_is_condemned_before_its_turn_never_sounds() {
    let mut rig = first();
    let at = rig.frame() + 500;
    swap(&mut rig, at, generation(2, Gain(0.25)), Fade::Cross { frames: 100 });
    hear(&mut rig, 100, 64);
    condemn(&mut rig, 0, 2);
    let heard = hear(&mut rig, 1_000, 64);
    assert!(heard.iter().all(|&x| x == 0.5));
    assert_eq!(outcome(&mut rig), (vec![promoted(1, 2, at)], vec![2]));
}

#[test]
fn a_warm_one_that_fails_while_it_catches_up_is_sent_back() {
    let mut rig = first();
    hear(&mut rig, 3_000, 64);
    let death = rig.frame() + 10;
    let next = warmed(&mut rig, doomed(2, 0.25, death, Outcome::Gone));
    hear(&mut rig, 1_000, 64);
    swap(&mut rig, 0, next, Fade::Cross { frames: 100 });
    let heard = hear(&mut rig, 1_000, 64);
    assert!(heard.iter().all(|&x| x == 0.5));
    let told = told(&mut rig);
    assert!(
        matches!(
            told[..],
            [
                Event::Gone { generation: 2, .. },
                Event::Promoted { generation: 1, instead_of: 2, .. }
            ]
        ),
        "{told:?}"
    );
    assert_eq!(retired(&mut rig), [2]);
}

#[test]
fn the_standby_goes_when_it_is_told_to_or_known_to_be_broken() {
    for is_condemned in [false, true] {
        let mut rig = after_swap(generation(2, Gain(0.25)));
        if is_condemned {
            condemn(&mut rig, 0, 1);
        } else {
            rig.control.commands.send(0, CommandKind::DropStandby).unwrap();
        }
        let heard = hear(&mut rig, 100, 64);
        assert!(heard.iter().all(|&x| x == 0.25));
        assert_eq!((retired(&mut rig), told(&mut rig)), (vec![1], vec![]));
        assert!(rig.engine.into_parts().standby.is_none());
    }
}

/// What only fills a gap gives back what it replaces, and the standby stays.
#[test]
fn a_stand_in_is_no_standby() {
    let mut rig = after_swap(generation(2, Gain(0.25)));
    let stand_in =
        || Box::new(Generation::new(9, Box::new(Silence { channels: 2 }), STEREO).standing_in());
    swap(&mut rig, 0, stand_in(), Fade::OutIn { frames: 10 });
    hear(&mut rig, 100, 64);
    assert_eq!(retired(&mut rig), [2]);
    swap(&mut rig, 0, generation(2, Gain(0.25)), Fade::OutIn { frames: 10 });
    hear(&mut rig, 100, 64);
    assert_eq!(retired(&mut rig), [9]);
    // What should have come back does not: the standby plays.
    swap(&mut rig, 0, stand_in(), Fade::OutIn { frames: 10 });
    hear(&mut rig, 100, 64);
    swap(&mut rig, 0, doomed(3, 0.1, 0, Outcome::Gone), SWITCH);
    assert_eq!(hear(&mut rig, 1_000, 64)[999], 0.5);
    assert_eq!(retired(&mut rig), [2, 3, 9]);
}

/// Nobody looks into the retired ring: a swap after which more might leave than there is room for
/// waits.
#[test]
fn a_swap_waits_for_room_for_all_that_can_leave() {
    let mut rig = Rig::new(generation(0, Gain(0.5)), |_| {});
    for number in 1..=5 {
        swap(&mut rig, 0, generation(number, Gain(0.5)), SWITCH);
        hear(&mut rig, 10, 10);
    }
    // One place is left. Both of the swap would fail, and the standby would play.
    swap(&mut rig, 0, doomed(6, 0.5, 0, Outcome::Gone), SWITCH);
    hear(&mut rig, 10, 10);
    condemn(&mut rig, 0, 5);
    hear(&mut rig, 10, 10);
    assert_eq!(retired(&mut rig), [0, 1, 2, 3, 5]);
    hear(&mut rig, 10, 10);
    assert_eq!(retired(&mut rig), [6]);
    assert_eq!(rig.engine.into_parts().playing.number(), 4);
}

/// How a generation is made to end.
#[derive(Debug, Clone, Copy)]
enum Way {
    Error,
    Gone,
    Condemned,
}

#[derive(Debug, Clone)]
struct Case {
    fade: Fade,
    block: usize,
    /// Of generations 2 and 3: when and how they end.
    deaths: [(u64, Way); 2],
    /// Blocks that begin here are late, whoever renders them.
    late: Range<u64>,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let way = prop_oneof![Just(Way::Error), Just(Way::Gone), Just(Way::Condemned)];
    let death = (600_u64..7_000, way);
    let fade = (64_usize..2_000, any::<bool>()).prop_map(|(frames, is_cross)| {
        if is_cross { Fade::Cross { frames } } else { Fade::OutIn { frames } }
    });
    let deaths = [death.clone(), death];
    let late = (0_u64..7_000, 0_u64..500).prop_map(|(from, frames)| from..from + frames);
    (fade, 1_usize..700, deaths, late, 1_u64..u64::MAX)
        .prop_map(|(fade, block, deaths, late, seed)| Case { fade, block, deaths, late, seed })
}

/// Generation 1 plays at 0.9, 2 takes over at once with 0.7, 3 by the case's fade with 0.5.
fn play(case: &Case, input: &[f32]) -> (Rig, Vec<f32>) {
    let either = |number, gain, death, outcome| {
        let late = case.late.clone();
        let fate = move |at| match at {
            _ if at >= death => outcome,
            _ if late.contains(&at) => Outcome::Late,
            _ => Outcome::Ok,
        };
        mortal(number, gain, fate)
    };
    let mut rig = Rig::new(either(1, 0.9, u64::MAX, Outcome::Ok), |_| {});
    let fated = |rig: &mut Rig, number: u32, gain| {
        let (death, way) = case.deaths[number as usize - 2];
        let (death, outcome) = match way {
            Way::Error => (death, Outcome::Error),
            Way::Gone => (death, Outcome::Gone),
            Way::Condemned => {
                condemn(rig, death, number);
                (u64::MAX, Outcome::Ok)
            }
        };
        either(number, gain, death, outcome)
    };
    let second = fated(&mut rig, 2, 0.7);
    swap(&mut rig, 100, second, Fade::Cross { frames: 64 });
    let third = fated(&mut rig, 3, 0.5);
    swap(&mut rig, 3_000, third, case.fade);
    let mut dice = rig::Dice(case.seed);
    let mut heard = Vec::new();
    while heard.len() < input.len() {
        let n = dice.roll(1..case.block + 1).min((input.len() - heard.len()) / 2);
        heard.extend(rig.play(&input[heard.len()..][..2 * n], n));
    }
    (rig, heard)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whenever and however generations end: no step but the signals' own, the fade's and the
    /// seam's; no silence; no box lost.
    #[test]
    fn nobody_hears_a_generation_die(case in cases()) {
        let x = |n: usize| 0.6 + 0.3 * (n as f32 * 0.05).sin();
        let input: Vec<f32> = (0..8_000).flat_map(|n| [x(n), -x(n)]).collect();
        let (mut rig, heard) = play(&case, &input);
        let heard = left(&heard);
        let own = 0.3 * 0.05;
        let fade = 0.9 * 2.0 / case.fade.frames().min(64) as f32;
        // A seam bridges at most what two full signals differ, and another may begin within it.
        let seam = 2.0 * 0.9 / SEAM as f32;
        for (n, w) in heard.windows(2).enumerate() {
            prop_assert!((w[1] - w[0]).abs() <= own + fade + seam, "frame {}: {:?}", n, w);
        }
        // An out-in fade has one silent frame, a seam may cross zero; what is late is silent.
        let is_late = |n: usize| {
            let until = case.late.end + case.block as u64;
            // The first frame heard here is the engine's second.
            !case.late.is_empty() && (case.late.start..until).contains(&(n as u64 + 1))
        };
        let is_silent = |w: &[f32]| w.iter().all(|x| x.abs() < 1e-4);
        let silent = heard.windows(8).enumerate().find(|(n, w)| !is_late(*n) && is_silent(w));
        prop_assert!(silent.is_none(), "{:?}", silent);
        let mut all = retired(&mut rig);
        let parts = rig.engine.into_parts();
        let inside = [Some(parts.playing), parts.next, parts.standby];
        all.extend(inside.into_iter().flatten().map(|g| g.number()));
        all.sort_unstable();
        prop_assert_eq!(all, [1, 2, 3]);
    }
}
