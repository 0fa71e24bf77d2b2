//! A tone through a steered live input: two clocks, one delay.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::disallowed_macros, clippy::print_stdout, reason = "the figures are printed")]

#[path = "support/path.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod path;
#[path = "support/plant.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod plant;

use path::{Path, RATE, SETUP, Setup, clicks, measured};
use retake_engine::drift::DriftState;

#[test]
fn a_tone_comes_through_two_clocks_as_it_was() {
    for (hz, least_db) in [(1_000.0, 120.0), (10_000.0, 100.0)] {
        for (block, ppm) in [(64, -300.0), (441, 100.0), (512, -100.0), (960, 300.0)] {
            let setup = Setup { hz, ppm, block, ..SETUP };
            let mut path = Path::new(&setup, 7);
            path.run(12.0);
            let (snr_db, off_ms) = measured(&path, 5.0, 11.9);
            println!("{hz} Hz, blocks of {block}, {ppm} ppm: {snr_db:.1} dB, {off_ms:.4} ms off");
            assert!(snr_db >= least_db, "{hz} Hz, {block}: {snr_db:.1} dB");
            // A turn of 10 kHz is 0.1 ms: the delay shows at 1 kHz.
            assert!(hz > 1_000.0 || off_ms <= 0.05, "{block}: {off_ms:.4} ms");
            assert_eq!(path.losses(), (0, 0, 0));
            let drift = &path.probe.drift;
            assert_eq!(drift.state(), DriftState::Locked);
            assert!((drift.ppm() - ppm).abs() < 3.0, "{}", drift.ppm());
        }
    }
}

#[test]
fn another_rate_with_a_clock_of_its_own() {
    let mut path = Path::new(&Setup { rate: 44_100, ppm: -150.0, ..SETUP }, 3);
    path.run(12.0);
    let (snr_db, off_ms) = measured(&path, 5.0, 11.9);
    assert!(snr_db >= 120.0 && off_ms <= 0.05, "{snr_db:.1} dB, {off_ms:.4} ms");
    assert_eq!(path.losses(), (0, 0, 0));
}

/// The microphone pauses: silence, a fade-in, and the delay is the promised one again, larger by the
/// period that the underrun has cost.
#[test]
fn a_pause_of_capture_ends_with_the_right_delay() {
    for seconds in [0.03, 0.3, 3.0] {
        let mut path = Path::new(&SETUP, 9);
        path.pause = (5.0, seconds);
        path.run(20.0);
        let back = 5.0 + seconds + 0.001;
        assert_eq!(path.probe.underruns.get(), 1, "{seconds} s");
        assert_eq!(clicks(&path, back), [0.0; 0], "{seconds} s");
        let off_ms = measured(&path, back + 1.0, 19.9).1;
        assert!(off_ms <= 0.1, "{seconds} s: {off_ms:.4} ms");
        assert_eq!(path.probe.drift.state(), DriftState::Locked);
    }
}

/// The speaker stands still while the microphone goes on: what is too old is thrown away behind
/// a fade, even when the ring ran over.
#[test]
fn a_pause_of_playback_ends_with_the_right_delay() {
    for seconds in [0.03, 0.3, 3.0] {
        let mut path = Path::new(&SETUP, 9);
        path.run(5.0);
        path.playback.stand(seconds);
        path.run(15.0 + seconds);
        let back = 5.0 + seconds;
        assert_eq!(path.probe.underruns.get(), 0, "{seconds} s");
        // Between what was played last and what comes next lies the pause itself.
        assert_eq!(clicks(&path, back + 0.01), [0.0; 0], "{seconds} s");
        let off_ms = measured(&path, back + 1.5, back + 9.9).1;
        assert!(off_ms <= 0.1, "{seconds} s: {off_ms:.4} ms");
        assert_eq!(path.probe.drift.state(), DriftState::Locked);
    }
}

/// The machine sleeps: both devices stand still, and the clock goes on.
#[test]
fn a_suspend_ends_with_the_right_delay() {
    for seconds in [0.03, 3.0, 3_600.0] {
        let mut path = Path::new(&SETUP, 11);
        path.run(5.0);
        path.capture.stand(seconds);
        path.playback.stand(seconds);
        path.run(15.0 + seconds);
        let back = 5.0 + seconds;
        assert_eq!(clicks(&path, back + 0.01), [0.0; 0], "{seconds} s");
        let off_ms = measured(&path, back + 1.5, back + 9.9).1;
        assert!(off_ms <= 0.1, "{seconds} s: {off_ms:.4} ms");
        assert_eq!(path.probe.drift.state(), DriftState::Locked);
    }
}

/// A clock further off than the resampler may follow is told, and sound goes on.
#[test]
fn a_clock_beyond_the_limit_is_told() {
    let mut path = Path::new(&Setup { ppm: 8_000.0, ..SETUP }, 2);
    path.run(10.0);
    assert_eq!(path.probe.drift.state(), DriftState::AtLimit);
    assert!((path.probe.drift.ppm() - 8_000.0).abs() < 50.0, "{}", path.probe.drift.ppm());
    let sounding = path.heard(2.0, 10.0).filter(|(_, x)| x.abs() > 0.1).count();
    assert!(sounding > 5 * RATE as usize, "{sounding}");
}
