//! Any failures at any time.

use super::*;

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
