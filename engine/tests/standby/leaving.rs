//! A standby that goes, and room for all that goes.

use super::*;

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
