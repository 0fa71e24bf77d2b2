//! Two clocks that are taken for one, and one that is not given up: what is heard of it.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::disallowed_macros, clippy::print_stdout, reason = "the figures are printed")]

#[path = "support/path.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod path;
#[path = "support/plant.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod plant;

use path::{Path, SETUP, Setup, changed, clicks, delays, measured};
use plant::{Calls, HARSH};
use retake_engine::{InputClock, drift::DriftState};

/// What is one clock passes bit by bit, watched or not.
#[test]
fn a_shared_clock_is_left_alone() {
    for clock in [InputClock::Shared, |_| InputClock::Same] {
        let mut path = Path::new(&Setup { ppm: 0.0, clock, ..SETUP }, 5);
        path.run(20.0);
        assert_eq!(changed(&path, 20.0), 0);
        assert_eq!(path.probe.drift.state(), DriftState::Shared);
        assert_eq!(path.losses(), (0, 0, 0));
    }
}

/// Seconds after which the clocks are no longer taken for one, to a tenth.
fn parting(path: &mut Path, until: f64) -> f64 {
    let mut at = 1.0;
    while path.probe.drift.state() == DriftState::Shared && at < until {
        at += 0.1;
        path.run(at);
    }
    at
}

/// Clocks that were taken for one and are not: the converter comes in where the frames as they are have
/// got to, and brings the delay back to what it was.
#[test]
fn a_wrong_belief_is_given_up_unheard() {
    // With 200 ppm a call that is 5 ms late would find the ring dry before anything is noticed.
    let even = Calls { late: 0.0, ..HARSH };
    let cases = [
        (-20.0, 1_000.0, HARSH),
        (20.0, 1_000.0, HARSH),
        (-200.0, 1_000.0, even),
        (200.0, 1_000.0, even),
        (20.0, 10_000.0, HARSH),
        (5.0, 1_000.0, HARSH),
    ];
    for (seed, (ppm, hz, calls)) in (1..).zip(cases) {
        let setup = Setup { ppm, hz, calls, clock: InputClock::Shared, ..SETUP };
        let mut path = Path::new(&setup, seed);
        let parted = parting(&mut path, 50.0);
        path.run(60.0);
        let name = format!("{ppm} ppm, {hz} Hz, parted after {parted:.1} s");
        assert_eq!(path.probe.drift.state(), DriftState::Locked, "{name}");
        assert_eq!((path.probe.drift.reseeds.get(), path.losses()), (0, (0, 0, 0)), "{name}");
        assert_eq!(clicks(&path, 1.0), [0.0; 0], "{name}");
        assert_eq!(changed(&path, parted - 0.2), 0, "{name}");
        let (snr_db, _) = measured(&path, parted - 1.0, parted + 1.0);
        println!("{name}, {snr_db:.1} dB around that");
        assert!(snr_db >= 80.0, "{name}: {snr_db:.1} dB");
        if hz > 1_000.0 {
            continue;
        }
        let delays = delays(&path, 5.0, 59.9);
        let off_ms = |delay: &f64| (delay - delays[0]).abs() * 1e3;
        let most = delays.iter().map(off_ms).fold(0.0, f64::max);
        let step = delays.windows(2).map(|w| (w[1] - w[0]).abs() * 1e3).fold(0.0, f64::max);
        let end = off_ms(&delays[delays.len() - 1]);
        println!(
            "  {most:.3} ms off at most, {step:.3} ms in a tenth of a second, {end:.3} ms in the end"
        );
        // What is lost until it is noticed, and nothing beside.
        assert!(most <= 0.1 + ppm.abs() * 1e-3 * (parted - 5.0), "{name}: {most:.3} ms");
        assert!(step <= 0.01 + ppm.abs() * 3e-4, "{name}: {step:.3} ms");
        assert!(end <= 0.05, "{name}: {end:.3} ms");
        assert!((parted - 8.0) * ppm.abs() <= 160.0, "{name}");
    }
}

/// With rates that differ the converter runs already: the loop takes it over.
#[test]
fn a_wrong_belief_at_another_rate_is_given_up_unheard() {
    let setup = Setup { rate: 44_100, ppm: 20.0, clock: InputClock::Shared, ..SETUP };
    let mut path = Path::new(&setup, 7);
    let parted = parting(&mut path, 50.0);
    path.run(40.0);
    assert_eq!(path.probe.drift.state(), DriftState::Locked);
    assert_eq!((path.probe.drift.reseeds.get(), path.losses()), (0, (0, 0, 0)));
    assert_eq!(clicks(&path, 1.0), [0.0; 0]);
    let (snr_db, _) = measured(&path, parted - 1.0, parted + 1.0);
    assert!(snr_db >= 80.0, "{snr_db:.1} dB");
    let delays = delays(&path, 5.0, 39.9);
    let end = (delays[delays.len() - 1] - delays[0]).abs() * 1e3;
    println!("parted after {parted:.1} s, {snr_db:.1} dB around that, {end:.3} ms off in the end");
    assert!(end <= 0.05, "{end:.3} ms");
    assert!(parted <= 16.0, "{parted:.1} s");
}

/// Clocks that are one are taken for it, however late the calls are, and for how long.
#[test]
fn a_right_belief_is_kept() {
    for (seed, block) in (1..=20).zip([64, 441, 512, 960].into_iter().cycle()) {
        let setup = Setup { hz: 0.0, ppm: 0.0, block, clock: InputClock::Shared, ..SETUP };
        let mut path = Path::new(&setup, seed);
        for minute in 1..=10 {
            path.run(60.0 * f64::from(minute));
            path.heard.clear();
        }
        assert_eq!(path.probe.drift.state(), DriftState::Shared, "seed {seed}");
        assert_eq!(path.losses(), (0, 0, 0), "seed {seed}");
    }
}

/// A busy machine calls late for 20 s, on average and now and then by much.
#[test]
fn a_busy_machine_is_no_second_clock() {
    for seed in 1..=20 {
        let setup = Setup { hz: 0.0, ppm: 0.0, clock: InputClock::Shared, ..SETUP };
        let mut path = Path::new(&setup, seed);
        path.run(20.0);
        let busy = Calls { jitter: 2e-3, late: 0.05, latest: 5e-3 };
        path.capture.calls = busy;
        path.run(40.0);
        path.capture.calls = HARSH;
        path.playback.calls = busy;
        path.run(60.0);
        path.playback.calls = HARSH;
        path.run(100.0);
        assert_eq!(path.probe.drift.state(), DriftState::Shared, "seed {seed}");
    }
}
