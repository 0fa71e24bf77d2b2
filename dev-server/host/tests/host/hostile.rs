//! Plugins that lie: each is refused or set right with a clear line, and its thread survives.

use retake_engine::Outcome;
use retake_host::{Activated, FailReason, News, Severity, Taper};

use crate::rig::{Block, Rig};

/// Refused with a line; nothing stays.
fn refused(kind: &str, expected: FailReason) -> String {
    let rig = Rig::raw(kind);
    let (reason, message) = rig.failed();
    assert_eq!(reason, expected, "{message}");
    assert!(!rig.gone());
    assert_eq!((rig.n_copies(), rig.is_mapped()), (0, false));
    message
}

/// Activated, what was complained of until then, and still processing.
fn endured(kind: &str) -> (Activated, Vec<String>) {
    let rig = Rig::raw(kind);
    let mut complaints = Vec::new();
    let mut activated = rig.wait(|news| match news {
        News::Log { severity: Severity::PluginMisbehaving, message } => {
            complaints.push(message);
            None
        }
        News::Activated(activated) => Some(*activated),
        News::Failed { message, .. } => panic!("{message}"),
        _ => None,
    });
    let mut block = Block::new(2, 2);
    assert_eq!(block.run(&mut *activated.processor, 64, &[]), Outcome::Ok);
    block.assert_gain(1.0, 64);
    (activated, complaints)
}

/// Its one complaint contains all that.
fn complains(kind: &str, expected: &[&str]) -> Activated {
    let (activated, complaints) = endured(kind);
    let [complaint] = &complaints[..] else { panic!("{complaints:?}") };
    for part in expected {
        assert!(complaint.contains(part), "{complaint}");
    }
    activated
}

#[test]
fn null_functions_are_refused_by_name() {
    let message = refused("null_process", FailReason::Init);
    assert!(message.contains("`clap_plugin` has null for process: give"), "{message}");
    assert!(refused("null_activate", FailReason::Init).contains("null for activate"));
    assert!(refused("null_get_extension", FailReason::Init).contains("null for get_extension"));
    let message = refused("null_get_info", FailReason::Init);
    assert!(message.contains("`clap.params` has null for get_info, get_value"), "{message}");
}

#[test]
fn a_plugin_without_any_extension_sounds_without_ports() {
    let mut activated = Rig::raw("null_extensions").activated();
    assert_eq!((activated.layout.n_input, activated.params.len()), (0, 0));
    assert_eq!(Block::new(0, 0).run(&mut *activated.processor, 64, &[]), Outcome::Ok);
}

#[test]
fn a_well_behaved_plugin_gets_no_complaint_and_its_enum_has_names() {
    let (activated, complaints) = endured("plain");
    assert!(complaints.is_empty(), "{complaints:?}");
    let [gain, mode] = &activated.params[..] else { panic!("{:?}", activated.params) };
    assert_eq!((gain.choices.clone(), gain.unit.clone(), gain.taper), (None, None, Taper::Linear));
    let names = ["low", "mid", "top"].map(str::to_owned);
    assert_eq!((mode.choices.as_deref(), mode.step), (Some(&names[..]), Some(1.0)));
}

#[test]
fn a_count_beyond_belief() {
    let (activated, complaints) = endured("count_lies");
    assert_eq!(activated.params.len(), 3);
    assert!(complaints[0].contains("4294967295 parameters, of which at most 16384"));
    assert!(complaints[1].contains("`params.get_info` must be true for every index"));
}

#[test]
fn identities_that_are_none() {
    let parts = ["two parameters have the id 2, `Gain` and `Mode`", "give each its own"];
    assert_eq!(complains("ids_twice", &parts).params.len(), 1);
    let parts = ["1 of the plugin's 2 parameters", "CLAP_INVALID_ID (4294967295)"];
    assert_eq!(complains("invalid_id", &parts).params.len(), 1);
}

#[test]
fn ranges_that_are_none() {
    let parts = ["`Gain`: its smallest value 2 is above its largest 0", "swap"];
    let activated = complains("min_above_max", &parts);
    assert_eq!((activated.params[0].min, activated.params[0].max), (0.0, 2.0));
    let activated = complains("nan_default", &["default NaN is not between 0 and 2 (0 was taken)"]);
    assert_eq!((activated.params[0].default, activated.params[0].value), (0.0, 1.0));
    let activated = complains("endless_range", &["0 to inf, but both ends must be finite"]);
    assert_eq!(activated.params.len(), 1);
    let (activated, complaints) = endured("nan_value");
    assert_eq!((activated.params[0].value, complaints.len()), (1.0, 2));
}

#[test]
fn names_without_an_end_and_bytes_that_are_no_text() {
    let (activated, complaints) = endured("huge_names");
    assert!(complaints.is_empty(), "{complaints:?}");
    let gain = &activated.params[0];
    assert_eq!((gain.name.clone(), gain.group.len()), ("x".repeat(256), 768));
    assert_eq!(gain.text, "\u{fffd}".repeat(128));
    let (activated, _) = endured("bad_utf8");
    assert_eq!(activated.params[0].name, "G\u{fffd}in");
    let rig = Rig::raw("plain");
    let name = rig.wait(|news| match news {
        News::Loaded { info, .. } => Some(info.name),
        _ => None,
    });
    assert_eq!(name, "Raw \u{fffd} name");
}

#[test]
fn a_text_read_as_no_number_is_not_read() {
    let rig = Rig::raw("plain");
    let _activated = rig.activated();
    rig.thread.text_to_value(1, "x".to_owned(), 5);
    let value = rig.wait(|news| match news {
        News::ParamValue { value, tag: 5, .. } => Some(value),
        _ => None,
    });
    assert_eq!(value, None);
}

#[test]
fn more_plugins_than_a_library_can_have() {
    assert!(refused("many_plugins", FailReason::Init).contains("4294967295 plugins, at most 1024"));
}

#[test]
fn a_state_without_an_end_is_given_up() {
    let rig = Rig::raw("endless_state");
    let _activated = rig.activated();
    rig.thread.save_state();
    let state = rig.wait(|news| match news {
        News::State(state) => Some(state),
        _ => None,
    });
    assert!(state.unwrap_err().contains("more than 67108864 bytes: keep samples in files"));
}

#[test]
fn lines_that_are_none_are_logged_as_far_as_they_are() {
    let rig = Rig::raw("logs_badly");
    let mut activated = rig.activated();
    let mut block = Block::new(2, 2);
    let processing = std::thread::spawn(move || {
        block.run(&mut *activated.processor, 64, &[]);
        activated
    });
    let mut lines = Vec::new();
    rig.wait(|news| {
        if let News::Log { severity, message } = news {
            lines.push((severity, message));
        }
        (lines.len() == 7).then_some(())
    });
    let n = |severity, message: &str| {
        lines.iter().filter(|line| **line == (severity, message.to_owned())).count()
    };
    assert_eq!(n(Severity::Info, "on main thread"), 1);
    assert_eq!(n(Severity::Info, "bad \u{fffd} byte"), 2);
    assert_eq!(n(Severity::Warning, "no such severity"), 2);
    // On the main thread there is more room than on the audio thread.
    assert_eq!(n(Severity::Info, &"e".repeat(4_096)), 1);
    assert_eq!(n(Severity::Info, &"e".repeat(240)), 1);
    drop(processing.join().unwrap());
}

#[test]
fn parameters_changed_without_a_word_are_read_again() {
    let rig = Rig::raw("changes_params");
    let mut activated = rig.activated();
    Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
    assert!(rig.complaint().contains("call `params.rescan`"));
    let params = rig.wait(|news| match news {
        News::ParamsChanged(params) => Some(params),
        _ => None,
    });
    assert_eq!(params.len(), 3);
}

#[test]
fn a_sample_outside_the_buffers_is_named_once_and_sound_goes_on() {
    let cases = [
        ("writes_behind", "output port 0, channel 1, behind the last frame"),
        ("writes_before", "output port 0, channel 0, before the first frame"),
    ];
    for (kind, place) in cases {
        let rig = Rig::raw(kind);
        let mut activated = rig.activated();
        let mut block = Block::new(2, 2);
        for frames in [64, 1, 256] {
            assert_eq!(block.run(&mut *activated.processor, frames, &[]), Outcome::Ok);
            block.assert_gain(1.0, frames);
        }
        let complaint = rig.complaint();
        assert!(complaint.contains(place) && complaint.contains("frames_count - 1"), "{complaint}");
        block.run(&mut *activated.processor, 64, &[]);
        rig.thread.retire(activated.processor);
        ends_in_peace(&rig);
    }
}

#[test]
fn a_plugin_that_stays_within_its_buffers_is_not_blamed() {
    let rig = Rig::raw("plain");
    let mut activated = rig.activated();
    let mut block = Block::new(2, 2);
    for frames in [256, 64, 1, 100] {
        block.run(&mut *activated.processor, frames, &[]);
        block.assert_gain(1.0, frames);
    }
    rig.thread.retire(activated.processor);
    ends_in_peace(&rig);
}

/// No complaint from here to the end.
fn ends_in_peace(rig: &Rig) {
    rig.wait(|news| match news {
        News::Log { severity: Severity::PluginMisbehaving, message } => panic!("{message}"),
        News::Gone { .. } => Some(()),
        _ => None,
    });
}

#[test]
fn a_main_thread_function_called_on_the_audio_thread_is_named() {
    let rig = Rig::raw("wrong_thread");
    let mut activated = rig.activated();
    let processing = std::thread::spawn(move || {
        Block::new(2, 2).run(&mut *activated.processor, 64, &[]);
        activated
    });
    assert!(rig.complaint().contains("use `request_callback`"));
    assert_eq!(rig.thread.faults().wrong_thread, 1);
    drop(processing.join().unwrap());
}

#[test]
fn hints_are_taken_and_a_wrong_one_is_set_right() {
    let activated = complains("hints", &["`mode`: its taper is log over 0 to 2", "(linear was"]);
    let [gain, mode] = &activated.params[..] else { panic!("{:?}", activated.params) };
    assert_eq!((gain.key.as_str(), gain.name.as_str()), ("out.gain", "Gain"));
    let expected = (Some("dB".to_owned()), Some(0.5), Taper::Skew, Some(0.3), None);
    let gain = gain.clone();
    assert_eq!((gain.unit, gain.step, gain.taper, gain.skew, gain.choices), expected);
    let names = ["Low pass", "High pass", "Band\u{fffd}"].map(str::to_owned);
    assert_eq!((mode.taper, mode.choices.as_deref()), (Taper::Linear, Some(&names[..])));
    assert_eq!(serde_json::to_value(Taper::Symmetric).unwrap(), "symmetric");
}
