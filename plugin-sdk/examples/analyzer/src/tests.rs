//! The analyser against sines.

use super::*;
use retake_sdk::TestHost;

retake_sdk::test_allocator!();

fn hear(host: &mut TestHost<Analyzer>, hz: f32, gain: f32) {
    let wave = |n: usize| gain * (TAU * hz * n as f32 / 48_000.0).sin();
    let left: Vec<f32> = (0..48_000).map(wave).collect();
    host.assert_no_alloc();
    for block in left.chunks(512) {
        let (mut left, mut right) = (block.to_vec(), block.to_vec());
        host.process(&mut [&mut left, &mut right]);
    }
}

#[test]
fn the_loudest_line_is_found_with_its_level() {
    for (bin, gain, level) in [(43_u16, 1.0, 0.0_f64), (427, 0.1, -20.0)] {
        let hz = f64::from(bin) * 48_000.0 / SIZE as f64;
        let mut host = TestHost::<Analyzer>::new(48_000.0, 512);
        hear(&mut host, hz as f32, gain);
        let meters = host.meters();
        assert!((meters["loudest_hz"] - hz).abs() < 1.0, "{meters:?}");
        assert!((meters["loudest_db"] - level).abs() < 0.1, "{meters:?}");
    }
}

#[test]
fn the_spectrum_is_shown_and_falls_slowly() {
    let mut host = TestHost::<Analyzer>::new(48_000.0, 512);
    hear(&mut host, 1_007.8, 1.0);
    let loud = spectrum(&host)[43];
    hear(&mut host, 1_007.8, 0.0);
    let soft = spectrum(&host)[43];
    assert!((loud + 0.0).abs() < 0.2, "{loud}");
    assert!((soft + 120.0).abs() < 0.2, "{soft} after a second at 6 dB per spectrum");
}

fn spectrum(host: &TestHost<Analyzer>) -> Vec<f32> {
    let probes = host.probes();
    let spectrum = probes.iter().find(|probe| probe.name == "spectrum_db");
    spectrum.map(|probe| probe.values.iter().map(|&x| x as f32).collect()).unwrap_or_default()
}
