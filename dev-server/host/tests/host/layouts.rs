//! Ports that fit the device, or nearly, or not at all.

use retake_engine::Outcome;
use retake_host::{Activated, FailReason, Format};

use crate::rig::{Block, FORMAT, Rig};

/// Activated for that device: channels of the main ports, and the configuration chosen.
fn settled(kind: &str, n_input: usize, n_output: usize) -> (usize, usize, String) {
    let rig = Rig::raw_with(kind, |r| r.format = Format { n_input, n_output, ..FORMAT });
    let Activated { layout, ports, processor, .. } = rig.activated();
    rig.thread.retire(processor);
    (layout.n_input, layout.n_output, ports.config.unwrap_or_default())
}

#[test]
fn ports_that_fit_are_left_alone() {
    assert_eq!(settled("plain", 2, 2), (2, 2, String::new()));
    assert_eq!(settled("configs", 1, 1), (1, 1, String::new()));
}

#[test]
fn the_configuration_with_the_devices_channels_is_chosen_or_the_nearest() {
    assert_eq!(settled("configs", 2, 2), (2, 2, "Stereo".to_owned()));
    assert_eq!(settled("configs", 1, 2), (2, 2, "Stereo".to_owned()));
    assert_eq!(settled("configs", 8, 8), (6, 6, "Surround".to_owned()));
    assert_eq!(settled("configs", 0, 1), (1, 1, String::new()));
}

#[test]
fn ports_that_can_be_configured_get_the_devices_channels_or_an_even_pair() {
    assert_eq!(settled("configurable", 2, 2), (2, 2, "2 in, 2 out".to_owned()));
    assert_eq!(settled("configurable", 5, 5), (5, 5, "5 in, 5 out".to_owned()));
    assert_eq!(settled("only_even", 0, 2), (2, 2, "2 in, 2 out".to_owned()));
    assert_eq!(settled("only_even", 1, 2), (2, 2, "2 in, 2 out".to_owned()));
}

#[test]
fn a_side_without_a_device_has_no_wish() {
    assert_eq!(settled("configurable", 0, 1), (1, 1, String::new()));
    assert_eq!(settled("configs", 0, 2), (2, 2, "Stereo".to_owned()));
}

#[test]
fn a_plugin_that_cannot_be_settled_stays_as_it_is() {
    assert_eq!(settled("plain", 1, 6), (2, 2, String::new()));
}

#[test]
fn a_restart_settles_the_ports_for_another_device() {
    let rig = Rig::raw("configs");
    let first = rig.activated();
    rig.thread.reactivate(first.processor, Format { n_input: 6, n_output: 6, ..FORMAT });
    let second = rig.activated();
    assert_eq!((second.layout.n_output, second.ports.config.as_deref()), (6, Some("Surround")));
    rig.thread.reactivate(second.processor, Format { n_input: 6, n_output: 6, ..FORMAT });
    assert_eq!(
        rig.activated().ports.config.as_deref(),
        Some("Surround"),
        "it is still the one chosen"
    );
}

#[test]
fn the_second_input_is_the_sidechain_and_ports_are_described() {
    let activated = Rig::raw("side").activated();
    let side = activated.ports.sidechain().unwrap();
    assert_eq!((side.name.as_str(), side.n_channels, side.is_main), ("Side", 3, false));
    let json = serde_json::to_value(&activated.ports).unwrap();
    assert_eq!(
        json["inputs"][0],
        serde_json::json!({ "name": "Main", "n_channels": 2, "is_main": true })
    );
    assert_eq!(json["config"], serde_json::Value::Null);
}

#[test]
fn no_channel_at_all_and_sixty_four() {
    for (kind, n) in [("no_channels", 0), ("wide", 64)] {
        let mut activated = Rig::raw(kind).activated();
        assert_eq!((activated.layout.n_input, activated.layout.n_output), (n, n));
        let mut block = Block::new(n, n);
        assert_eq!(block.run(&mut *activated.processor, 100, &[]), Outcome::Ok);
        block.assert_gain(1.0, 100);
    }
}

#[test]
fn a_plugin_of_64_bits_only_is_refused_and_one_that_knows_both_is_not() {
    for kind in ["f64_errs", "f64_ignores"] {
        let rig = Rig::raw(kind);
        let (reason, message) = rig.failed();
        assert_eq!(reason, FailReason::Layout);
        assert!(message.contains("no sound in 32 bits") && message.contains("`Main`"), "{message}");
        assert!(message.contains("process `data32`"), "{message}");
        assert!(!rig.gone());
    }
    let mut activated = Rig::raw("f64_too").activated();
    let mut block = Block::new(2, 2);
    assert_eq!(block.run(&mut *activated.processor, 64, &[]), Outcome::Ok);
    block.assert_gain(1.0, 64);
}

#[test]
fn ports_that_are_not_there_are_named() {
    let refused = |kind| {
        let (reason, message) = Rig::raw(kind).failed();
        assert_eq!(reason, FailReason::Layout, "{message}");
        message
    };
    assert!(refused("many_ports").contains("1000 input ports, at most 64"));
    assert!(refused("vanishing").contains("input port 1 does not say what it is"));
}
