//! The compressor against its static curve.

use super::*;
use retake_sdk::TestHost;

retake_sdk::test_allocator!();

/// Plays a second of a constant level and gives what it ends with, in dB.
fn settle(host: &mut TestHost<Compressor>, level_db: f32, side_db: f32) -> f32 {
    let constant = |db| vec![db_to_gain(db); 48_000];
    let (mut left, mut right) = (constant(level_db), constant(level_db));
    let (side_left, side_right) = (constant(side_db), constant(side_db));
    host.process_with_sidechain(&mut [&mut left, &mut right], &[&side_left, &side_right]);
    gain_to_db(left[47_999])
}

fn host() -> TestHost<Compressor> {
    let mut host = TestHost::new(48_000.0, 512);
    host.assert_no_alloc().set("threshold", -20.0).set("ratio", 4.0).set("knee", 0.0);
    host
}

fn near(a: f32, b: f32) -> bool {
    (a - b).abs() < 0.05
}

#[test]
fn a_level_above_the_threshold_comes_down_by_the_ratio() {
    for (level, expected) in [(-40.0, -40.0), (-20.0, -20.0), (-8.0, -17.0), (0.0, -15.0)] {
        let out = settle(&mut host(), level, -100.0);
        assert!(near(out, expected), "{level} dB became {out} dB, not {expected}");
    }
}

#[test]
fn the_knee_is_soft_and_the_make_up_is_added() {
    let mut host = host();
    let out = settle(host.set("knee", 12.0).set("make_up", 6.0), -20.0, -100.0);
    // At the threshold a knee of 12 dB takes (1 − 1/4) · 36 / 24 dB.
    assert!(near(out, -20.0 + 6.0 - 1.125), "{out}");
}

#[test]
fn the_side_input_ducks_the_main_one() {
    let mut host = host();
    let out = settle(host.set("external", 1.0), -30.0, 0.0);
    assert!(near(out, -45.0), "{out}");
    let alone = settle(host.set("external", 0.0), -30.0, 0.0);
    assert!(near(alone, -30.0), "{alone}");
}

#[test]
fn the_meter_shows_the_reduction() {
    let mut host = host();
    settle(&mut host, -8.0, -100.0);
    let meters = host.meters();
    assert!((meters["gain_reduction"] - 9.0).abs() < 0.05, "{meters:?}");
}
