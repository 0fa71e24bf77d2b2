//! Generations that fail, at any time of their lives.

use super::*;

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
