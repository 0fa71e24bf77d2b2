//! What cannot be loaded: each reason, its words, and that nothing is left of it.

use std::fs;

use retake_host::{FailReason, HostError, StagingDir, stage};

use crate::rig::{Rig, copy, example};

/// Fails for that reason, then nothing is mapped and no copy is left; gives the message.
fn refused(rig: &Rig, expected: FailReason) -> String {
    let (reason, message) = rig.failed();
    assert_eq!(reason, expected, "{message}");
    assert!(!rig.gone(), "still mapped after: {message}");
    assert_eq!((rig.n_copies(), rig.is_mapped()), (0, false), "{message}");
    message
}

fn subject(kind: &str, expected: FailReason) -> String {
    refused(&Rig::load(kind), expected)
}

fn bytes(bytes: &'static [u8], expected: FailReason) -> String {
    let rig = Rig::load_file("bad", |path| fs::write(path, bytes).unwrap(), |_| {});
    refused(&rig, expected)
}

fn built(name: &str, expected: FailReason) -> String {
    let rig = Rig::load_file("bad", |to| copy(&example(name), to), |_| {});
    refused(&rig, expected)
}

#[test]
fn reasons_have_the_names_that_scripts_read() {
    let names = serde_json::to_string(&[
        FailReason::LibraryMissing,
        FailReason::Truncated,
        FailReason::NoClapEntry,
        FailReason::ClapVersion,
        FailReason::NoPlugin,
        FailReason::ManyPlugins,
        FailReason::Init,
        FailReason::Activate,
        FailReason::Layout,
        FailReason::State,
        FailReason::Panic,
        FailReason::Refused,
        FailReason::Timeout,
    ]);
    let expected = "library_missing truncated no_clap_entry clap_version no_plugin many_plugins \
                    init activate layout state panic refused timeout";
    assert_eq!(names.unwrap().replace(['[', ']', '"'], "").replace(',', " "), expected);
}

#[test]
fn a_missing_file() {
    let rig = Rig::load_file("bad", |_| {}, |_| {});
    assert!(refused(&rig, FailReason::LibraryMissing).contains("cannot read"));
}

#[test]
fn an_empty_file_and_one_of_two_bytes_are_cut() {
    assert!(bytes(b"", FailReason::Truncated).contains("empty"));
    bytes(b"\x7fE", FailReason::Truncated);
    bytes(b"M", FailReason::Truncated);
}

#[test]
fn a_text_is_no_library() {
    assert!(
        bytes(b"#!/bin/sh\nexit 1\n", FailReason::NoClapEntry).contains("not a dynamic library")
    );
}

#[test]
fn every_cut_of_a_real_library_is_refused() {
    let whole = fs::read(example("host_subject")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let staging = StagingDir::within(dir.path()).unwrap();
    let artifact = dir.path().join("cut.so");
    let len = whole.len();
    let cuts = (0..80).chain((1..200).map(|n| n * len / 200)).chain(len - 120..len);
    for cut in cuts {
        fs::write(&artifact, &whole[..cut]).unwrap();
        let staged = stage(&artifact, &staging);
        assert!(matches!(staged, Err(HostError::Truncated { .. })), "{cut} of {len}: {staged:?}");
    }
    fs::write(&artifact, &whole).unwrap();
    let staged = stage(&artifact, &staging).unwrap();
    assert_eq!(fs::read(staged.path()).unwrap(), whole);
}

#[test]
fn a_library_without_clap_entry() {
    assert!(built("host_no_entry", FailReason::NoClapEntry).contains("no `clap_entry`"));
}

#[test]
fn a_library_of_another_clap() {
    let message = built("host_old_version", FailReason::ClapVersion);
    assert!(message.contains("CLAP 0.18.0"), "{message}");
}

#[test]
fn no_plugin_and_too_many() {
    assert!(subject("none", FailReason::NoPlugin).contains("no plugin"));
    let message = subject("two", FailReason::ManyPlugins);
    assert!(message.contains("test.subject.0, test.subject.1"), "{message}");
}

#[test]
fn a_plugin_is_chosen_by_its_id() {
    let choose = |id: &str| Rig::load_with("two", |r| r.plugin_id = Some(id.to_owned()));
    choose("test.subject.1").activated();
    let message = refused(&choose("test.subject.2"), FailReason::NoPlugin);
    assert!(message.contains("no plugin `test.subject.2`"), "{message}");
    assert!(message.contains("test.subject.0, test.subject.1"), "{message}");
}

#[test]
fn a_plugin_that_says_no() {
    subject("entry_fails", FailReason::Init);
    subject("init_fails", FailReason::Init);
    let message = subject("activate_fails", FailReason::Activate);
    assert!(message.contains("48000 Hz, 256 frames"), "{message}");
    subject("start_fails", FailReason::Activate);
}

#[test]
fn a_panic_is_the_reason_of_what_fails_after_it() {
    let message = subject("panics_in_new", FailReason::Panic);
    assert!(message.contains("src/lib.rs:12:5: no luck"), "{message}");
    let message = subject("panics_in_activate", FailReason::Panic);
    assert!(message.contains("src/lib.rs:40:1: no memory"), "{message}");
}

#[test]
fn an_absurd_layout() {
    assert!(subject("too_wide", FailReason::Layout).contains("1000000 channels"));
    assert!(subject("too_late", FailReason::Layout).contains("48001 frames"));
}

#[test]
fn a_state_that_the_plugin_does_not_read() {
    let rig = Rig::load_with("gain", |r| r.state = Some(b"one two".to_vec()));
    assert!(refused(&rig, FailReason::State).contains("7 bytes"));
}

#[test]
fn a_parameter_that_does_not_exist() {
    let rig = Rig::load_with("gain", |r| r.set = vec![("gian".parse().unwrap(), 0.0)]);
    assert!(refused(&rig, FailReason::Refused).contains("`gian`, the plugin has: gain, mode"));
}
