//! Probes and meters across the C boundary.

use std::time::Duration;

use retake_host::{ProbeKind, ProbeReading};

use crate::rig::{Block, Rig};

#[test]
fn a_plugin_sends_only_while_somebody_watches() {
    let rig = Rig::raw("probes");
    let mut activated = rig.activated();
    let (probes, mut block) = (rig.thread.probes(), Block::new(2, 2));
    block.run(&mut *activated.processor, 64, &[]);
    assert_eq!(probes.read(), []);

    probes.watch(Duration::MAX);
    block.run(&mut *activated.processor, 64, &[]);
    let reading = |name: &str, kind, value, min, max| ProbeReading {
        name: name.to_owned(),
        kind,
        value: Some(value),
        min: Some(min),
        max: Some(max),
    };
    let expected = [
        reading("env", ProbeKind::Scalar, 0.25, -2.0, 0.5),
        reading("wave", ProbeKind::Signal, 1.0, -0.5, 1.0),
        reading("\u{fffd}", ProbeKind::Scalar, 1.0, 1.0, 1.0),
    ];
    assert_eq!(probes.read(), expected);

    let mut reader = probes.open("wave").unwrap();
    block.run(&mut *activated.processor, 64, &[]);
    let mut words = [0; 8];
    assert_eq!(reader.read(&mut words).records, 3);
    assert_eq!(words.map(f32::from_bits)[..3], [0.125, -0.5, 1.0]);
    // Each of two watched blocks asked for two names that are none.
    assert_eq!(rig.thread.faults().probes_lost, 4);
}

#[test]
fn declared_meters_are_listed() {
    let activated = Rig::raw("probes").activated();
    let [meter] = &activated.meters[..] else { panic!("{:?}", activated.meters) };
    assert_eq!((meter.key.as_str(), meter.name.as_str()), ("gain_reduction", "Gain reduction"));
    assert_eq!((meter.unit.as_str(), meter.min, meter.max), ("dB", 0.0, 24.0));
}
