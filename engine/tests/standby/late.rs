//! Blocks that come too late.

use super::*;

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
