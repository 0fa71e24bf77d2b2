//! The host and our own SDK: parameters without a ramp, state, panics named by file and line.

use retake_engine::{Outcome, PluginEvent};
use retake_host::{FailReason, News, Request, Taper};

use crate::rig::{Block, Rig, copy, example};

const SOURCE: &str = include_str!("../plugins/sdk.rs");

fn load(change: impl FnOnce(&mut Request)) -> Rig {
    Rig::load_file("sdk", |to| copy(&example("host_sdk"), to), change)
}

/// Where in the plugin's source that text is.
fn place(text: &str) -> String {
    let line = SOURCE.lines().position(|line| line.contains(text)).unwrap() + 1;
    format!("tests/plugins/sdk.rs:{line}:")
}

#[test]
fn a_value_set_before_activation_holds_from_the_first_frame() {
    let rig = load(|r| r.set = vec![("gain".parse().unwrap(), -20.0)]);
    let mut activated = rig.activated();
    assert!(activated.params.iter().any(|p| p.key == "gain" && p.value == -20.0));
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    for (to, from) in block.output.channel(0)[..64].iter().zip(block.input.channel(0)) {
        assert!((to - from * 0.1).abs() < 1e-7);
    }
}

#[test]
fn values_moved_by_events_are_in_the_state() {
    let rig = load(|_| {});
    let mut activated = rig.activated();
    let id = activated.params.iter().find(|p| p.key == "gain").unwrap().id;
    let event = PluginEvent::param(3, id, -9.0);
    Block::new(2, 2).run(&mut *activated.processor, 64, &[event]);
    rig.thread.save_state();
    let state = rig.wait(|news| match news {
        News::State(state) => state.unwrap(),
        _ => None,
    });
    let next = load(|r| r.state = Some(state)).activated();
    assert_eq!(next.params.iter().find(|p| p.id == id).unwrap().value, -9.0);
}

#[test]
fn a_panic_in_process_is_an_error_and_is_named() {
    let rig = load(|_| {});
    let mut activated = rig.activated();
    let fuse = activated.params.iter().find(|p| p.key == "fuse").unwrap().id;
    let event = PluginEvent::param(0, fuse, 1.0);
    let mut block = Block::new(2, 2);
    let outcome = block.run(&mut *activated.processor, 64, &[event]);
    assert_eq!(outcome, Outcome::Error, "in the very block");
    assert!(block.output.rows().all(|row| row[..64].iter().all(|s| *s == 0.0)));
    let panic = rig.wait(|news| match news {
        News::Panicked(panic) => Some(panic),
        _ => None,
    });
    assert!(panic.to_string().contains(&place("fuse blown")), "{panic}");
    assert_eq!(panic.message, "fuse blown");
    rig.thread.retire(activated.processor);
    assert!(!rig.gone());
    assert!(!rig.is_mapped());
}

#[test]
fn a_panic_in_activate_is_the_reason_of_the_failure() {
    let rig = load(|r| r.format.rate = 384_000.0);
    let (reason, message) = rig.failed();
    assert_eq!(reason, FailReason::Panic);
    assert!(message.contains(&place("too fast")) && message.contains("too fast"), "{message}");
    assert!(!rig.gone());
}

#[test]
fn the_sdks_hints_cross_the_boundary() {
    let activated = load(|_| {}).activated();
    let gain = activated.params.iter().find(|p| p.key == "gain").unwrap();
    assert_eq!((gain.unit.as_deref(), gain.step, gain.taper), (Some("dB"), None, Taper::Linear));
    let json = serde_json::to_value(gain).unwrap();
    assert_eq!(
        (&json["skew"], &json["choices"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
}

#[test]
fn the_sdks_probes_and_meters_cross_the_boundary() {
    let rig = load(|_| {});
    let mut activated = rig.activated();
    let [meter] = &activated.meters[..] else { panic!("{:?}", activated.meters) };
    assert_eq!((meter.key.as_str(), meter.unit.as_str(), meter.max), ("heat", "K", 2.0));
    let probes = rig.thread.probes();
    probes.watch(std::time::Duration::MAX);
    Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
    let value = |name: &str| probes.read().iter().find(|p| p.name == name).unwrap().value;
    assert_eq!(
        [value("heat"), value("spark"), value("wave")],
        [Some(0.5), Some(-0.25), Some(0.75)]
    );
}
