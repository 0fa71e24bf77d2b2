//! Parameters and state across generations.

use retake_host::{Carried, News};

use crate::rig::{Block, Rig};

#[test]
fn parameters_are_described() {
    let activated = Rig::load("gain").activated();
    let json: Vec<_> = activated.params.iter().map(|p| format!("{p:?}")).collect();
    let [gain, mode] = &activated.params[..] else { panic!("{json:?}") };
    assert_eq!((gain.id, gain.key.as_str(), gain.name.as_str()), (1, "gain", "Gain"));
    assert_eq!((gain.value, gain.default, gain.min, gain.max), (1.0, 1.0, 0.0, 2.0));
    assert_eq!((gain.group.as_str(), gain.text.as_str()), ("main/level", "1.00 x"));
    assert_eq!((gain.step, gain.flags.join(" ").as_str()), (None, "automatable"));
    assert_eq!((mode.step, mode.flags.join(" ").as_str()), (Some(1.0), "automatable stepped"));
}

#[test]
fn values_are_carried_by_id() {
    let rig = Rig::load_with("other_params", |r| r.params = vec![(1, 1.75), (2, 3.0)]);
    let mut activated = rig.activated();
    let expected = Carried { carried: 1, added: 1, removed: 1, clamped: 1 };
    assert_eq!(activated.carried, expected);
    assert_eq!(activated.params[0].value, 1.5);
    assert_eq!(activated.params[1].key, "wet_level");
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    block.assert_gain(1.5, 64);
}

#[test]
fn state_comes_first_then_values_then_what_was_set() {
    let load = |params: &[(u32, f64)], set: &[(&str, f64)]| {
        let rig = Rig::load_with("gain", |r| {
            r.state = Some(b"0.5 3".to_vec());
            r.params = params.to_vec();
            r.set = set.iter().map(|(name, v)| (name.parse().unwrap(), *v)).collect();
        });
        rig.activated().params.iter().map(|p| p.value).collect::<Vec<_>>()
    };
    assert_eq!(load(&[], &[]), [0.5, 3.0]);
    assert_eq!(load(&[(1, 0.25)], &[]), [0.25, 3.0]);
    assert_eq!(load(&[(1, 0.25)], &[("1", 2.0), ("MODE", 4.0)]), [2.0, 4.0]);
}

#[test]
fn state_makes_a_round_trip() {
    let rig = Rig::load_with("gain", |r| r.set = vec![("gain".parse().unwrap(), 0.7)]);
    let _activated = rig.activated();
    rig.thread.save_state();
    let state = rig.wait(|news| match news {
        News::State(state) => state.unwrap(),
        _ => None,
    });
    let next = Rig::load_with("gain", |r| r.state = Some(state)).activated();
    assert_eq!(next.params[0].value, 0.7);
}

#[test]
fn what_flush_does_not_bring_comes_with_the_first_block() {
    let rig = Rig::load_with("deaf_to_flush", |r| {
        r.set = vec![("gain".parse().unwrap(), 0.5)];
    });
    let mut activated = rig.activated();
    assert_eq!((activated.params[0].value, activated.params[0].text.as_str()), (0.5, "0.50 x"));
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    block.assert_gain(0.5, 64);
}

#[test]
fn values_and_texts_are_the_plugins() {
    let rig = Rig::load("gain");
    let _activated = rig.activated();
    rig.thread.param_text(1, 0.123, 5);
    rig.thread.text_to_value(1, "0.75 x".to_owned(), 6);
    rig.thread.text_to_value(1, "loud".to_owned(), 7);
    let text = rig.wait(|news| match news {
        News::ParamText { text, tag: 5, .. } => Some(text),
        _ => None,
    });
    let value = |wanted| {
        rig.wait(|news| match news {
            News::ParamValue { value, tag, .. } if tag == wanted => Some(value),
            _ => None,
        })
    };
    assert_eq!((text.as_str(), value(6), value(7)), ("0.12 x", Some(0.75), None));
}
