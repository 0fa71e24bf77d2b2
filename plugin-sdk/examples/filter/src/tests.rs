//! The filter against its transfer function.

use super::*;
use retake_sdk::{TestHost, gain_to_db};

retake_sdk::test_allocator!();

const RATE: f32 = 48_000.0;

/// The level of a sine of `hz` behind the filter, in dB against before.
fn level_db(host: &mut TestHost<Filter>, hz: f32) -> f32 {
    let wave = |n: usize| (2.0 * PI * hz * n as f32 / RATE).sin();
    let mut left: Vec<f32> = (0..48_000).map(wave).collect();
    let mut right = left.clone();
    host.reset().process(&mut [&mut left, &mut right]);
    assert_eq!(left, right);
    let power: f32 = left[24_000..].iter().map(|x| x * x).sum::<f32>() / 24_000.0;
    gain_to_db((2.0 * power).sqrt())
}

/// Plain values of the choices, in the order of the enum.
const MODES: [f64; 4] = [0.0, 1.0, 2.0, 3.0];

fn host(mode: f64) -> TestHost<Filter> {
    let mut host = TestHost::new(f64::from(RATE), 512);
    host.set("mode", mode).set("cutoff", 1_000.0);
    host
}

#[test]
fn each_mode_passes_its_band_and_is_down_12_db_an_octave_beyond() {
    let [low, band, high, notch] = MODES
        .map(host)
        .map(|mut host| [100.0, 1_000.0, 8_000.0].map(|hz| level_db(&mut host, hz).max(-100.0)));
    let near = |level: f32, expected: f32| (level - expected).abs() < 0.6;
    assert!(near(low[0], 0.0) && near(low[1], -3.0) && near(low[2], -37.5), "{low:?}");
    assert!(near(high[0], -40.0) && near(high[1], -3.0) && near(high[2], 0.0), "{high:?}");
    assert!(near(band[1], 0.0) && band[0] < -15.0 && band[2] < -15.0, "{band:?}");
    assert!(notch[1] < -60.0 && near(notch[0], 0.0) && near(notch[2], -0.1), "{notch:?}");
}

#[test]
fn a_cutoff_that_jumps_at_full_resonance_stays_bounded_and_allocates_nothing() {
    let mut host = host(MODES[0]);
    host.assert_no_alloc().set("resonance", 20.0);
    let mut loudest = 0.0_f32;
    for n in 0..200 {
        let (mut left, mut right) = ([0.5; 256], [-0.5; 256]);
        host.set_at(17, "cutoff", if n % 2 == 0 { 20.0 } else { 20_000.0 });
        host.process(&mut [&mut left, &mut right]);
        loudest = left.iter().fold(loudest, |peak, x| peak.max(x.abs()));
    }
    assert!(loudest < 12.0, "{loudest}");
}
