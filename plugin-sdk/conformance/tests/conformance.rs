//! Every example plugin keeps every rule, and every rule is seen broken.
//!
//! A plugin's library is built by cargo as its author builds it, and each check runs in a process
//! of its own.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail like tests")]

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use retake_conformance::{Finding, Judge, check_names, plugin_ids};

/// The packages whose libraries must conform: the one place to add an example to.
const PLUGINS: &[&str] = &[
    "example-plugin",
    "example-filter",
    "example-delay",
    "example-compressor",
    "example-synth",
    "example-analyzer",
];

/// A fault of `broken-plugin`, the check that must find it, and a part of what it says.
const FAULTS: &[(&str, &str, &str)] = &[
    ("factory-count", "scan", "plugin 1 of 2 has no descriptor"),
    ("init-once", "entry-lifecycle", "`init` returned false"),
    ("any-factory", "query-nonexistent-factory", "there is a factory"),
    ("prefix-id", "create-id-with-trailing-garbage", "there is a plugin"),
    ("preset-factory", "preset-discovery-unclaimed", "the library offers"),
    ("no-version", "descriptor-fields", "the version is \"\""),
    ("other-descriptor", "descriptor-consistency", "the instance"),
    ("no-category", "features-categories", "no main category"),
    ("duplicate-feature", "features-duplicates", "\"stereo\" is there twice"),
    ("any-extension", "extensions-unclaimed", "the plugin offers"),
    ("pair-unknown", "layout-audio-ports", "in-place pair of 5"),
    ("prefers-the-unsupported", "layout-note-ports", "prefers dialect"),
    ("layout-lies", "layout-audio-ports-config", "\"Mono\" promises"),
    ("third-activation", "activation-cycles", "`activate`"),
    ("activation-keeps-sound", "process-reset-reactivate", "a new activation"),
    ("reset-keeps-sound", "process-reset-reactivate", "before and after `reset`"),
    ("reset-keeps-sound", "reset-silence", "expected silence"),
    ("latency-moves", "latency-constant", "latency was"),
    ("tail-moves", "tail-constant", "the tail went from"),
    ("default-outside", "param-infos", "is outside"),
    ("enum-without-steps", "param-infos", "not stepped"),
    ("same-ids", "param-infos", "of another"),
    ("starts-elsewhere", "param-default-values", "expected 1"),
    ("text-lies", "param-conversions", "reads"),
    ("flush-deaf", "param-set-events", "after a flush while active"),
    ("cookie-needed", "param-set-no-cookies", "after a flush \"Gain\""),
    ("cookie-lies", "param-set-events", "after a flush \"Gain\""),
    ("any-namespace", "param-set-wrong-namespace", "another namespace"),
    ("any-id", "param-set-unknown-id", "an unknown id"),
    ("takes-nan", "param-set-no-number", "NaN"),
    ("high-gain-maddens", "param-fuzz-basic", "is NaN"),
    ("full-gain-maddens", "param-fuzz-bounds", "is NaN"),
    ("late-value-maddens", "param-fuzz-sample-accurate", "is NaN"),
    ("modulation-maddens", "param-fuzz-modulation", "is NaN"),
    ("writes-input", "process-audio-basic-out-of-place", "wrote into its input"),
    ("sends-unsorted", "process-audio-basic-out-of-place", "an event at 0 was sent after 1"),
    ("in-place-maddens", "process-audio-basic-in-place", "is NaN"),
    ("mute", "process-audible", "give silence"),
    ("clears-first", "process-in-place-same-output", "out of place and in place"),
    ("denormals", "process-audio-denormals", "the denormal number"),
    ("constant-lie", "process-sleep-constant-mask", "is marked constant and is not"),
    ("sleeps-early", "process-sleep-process-status", "after status 4"),
    ("low-rate-maddens", "process-varying-sample-rates", "at 8000 Hz"),
    ("fixed-buffer", "process-varying-block-sizes", "frame 4096 was not written"),
    ("writes-behind", "process-random-block-sizes", "behind the end"),
    ("events-at-start", "process-splitting-invariance", "one block, and blocks of 64"),
    ("allocates", "process-no-allocation", "calls to the heap"),
    ("note-maddens", "process-note-basic", "is NaN"),
    ("lost-key", "process-note-inconsistent", "there is no key"),
    ("wild-key", "process-note-wildcard", "there is no key -1"),
    ("transport-needed", "transport-null", "the process ended with"),
    ("loop-maddens", "transport-fuzz", "is NaN"),
    ("transport-event-maddens", "transport-fuzz-sample-accurate", "a transport every 1 frames"),
    ("empty-is-fine", "state-invalid-empty", "an empty state was loaded"),
    ("noise-panics", "state-invalid-random", "the process ended with"),
    ("noise-changes", "state-invalid-random", "was refused and has changed"),
    ("half-is-fine", "state-invalid-truncated", "was loaded, expected to be refused"),
    ("forgets-mode", "state-reproducibility-basic", "\"Mode\" is 0"),
    ("counts-saves", "state-reproducibility-binary", "different bytes"),
    ("reads-once", "state-reproducibility-buffered", "own state was refused, 17 bytes"),
    ("full-is-fine", "state-stream-full", "with room for 0"),
    ("flush-unsaved", "state-after-flush", "saved after a flush"),
    ("block-unsaved", "state-after-process", "saved after a block"),
    ("tells-nothing", "state-rescan", "no `params.rescan` came"),
    ("load-unheard", "state-sound", "the one that saved"),
    ("load-unheard-while-active", "state-load-while-active", "loaded while active"),
    ("dirty-from-audio", "threads-host-calls", "state.mark_dirty was called from thread Audio"),
    ("bound-to-thread", "threads-audio-thread-changes", "`process` returned an error"),
    ("torn-while-playing", "threads-main-beside-audio", "is 99"),
    ("needs-host", "host-without-extensions", "the process ended with"),
];

/// The fault's name goes to the plugin by this variable.
const FAULT: &str = "RETAKE_BROKEN";

/// The broken plugin's id.
const BROKEN: &str = "org.retake.broken";

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_conform"))
}

/// Builds a package and gives its library, beside the program under test.
fn build(package: &str) -> PathBuf {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let place = program().parent().unwrap();
    let profile = match place.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        name => name,
    };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--package", package, "--profile", profile]);
    cargo.arg("--target-dir").arg(place.parent().unwrap());
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    let built = cargo.output().unwrap();
    assert!(built.status.success(), "{package}: {}", String::from_utf8_lossy(&built.stderr));
    place.join(format!("{DLL_PREFIX}{}{DLL_SUFFIX}", package.replace('-', "_")))
}

/// Each check that fails, with what it says.
fn failures(library: &Path, id: &str) -> Vec<(&'static str, Finding)> {
    let judge = Judge::new(program(), library);
    let findings = check_names().map(|check| (check, judge.judge(id, check).unwrap()));
    findings.filter(|(_, finding)| matches!(finding, Finding::Failed(_))).collect()
}

#[test]
fn every_plugin_conforms() {
    let mut failed = Vec::new();
    for package in PLUGINS {
        let library = build(package);
        for id in plugin_ids(&library).unwrap() {
            let found = failures(&library, &id).into_iter();
            failed
                .extend(found.map(|(check, finding)| (check, format!("{id}: {check}: {finding}"))));
        }
    }
    let lines: Vec<_> = failed.iter().map(|(_, line)| line).collect();
    assert!(lines.is_empty(), "{lines:#?}");
}

#[test]
fn the_broken_plugin_without_a_fault_conforms() {
    assert_eq!(failures(&build("broken-plugin"), BROKEN), []);
}

#[test]
fn every_check_is_red_on_its_fault() {
    let library = build("broken-plugin");
    let mut lines = Vec::new();
    for (fault, check, says) in FAULTS {
        let environment = [(FAULT, *fault)];
        let judge = Judge { environment: &environment, ..Judge::new(program(), &library) };
        let finding = judge.judge(BROKEN, check).unwrap();
        if !matches!(&finding, Finding::Failed(reason) if reason.contains(says)) {
            lines.push(format!("{fault}: {check}: {finding}; expected {says:?}"));
        }
    }
    for check in check_names() {
        if !FAULTS.iter().any(|(_, found_by, _)| *found_by == check) {
            lines.push(format!("{check} was never seen red"));
        }
    }
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

#[test]
fn a_plugin_that_hangs_is_found() {
    let library = build("broken-plugin");
    let judge = Judge {
        environment: &[(FAULT, "hangs")],
        patience_ms: 500,
        ..Judge::new(program(), &library)
    };
    let finding = judge.judge(BROKEN, "process-audio-basic-out-of-place").unwrap();
    assert_eq!(finding, Finding::Failed("it does not come to an end (seed 1)".to_owned()));
}

#[test]
fn the_documentation_names_every_check() {
    let page = include_str!("../src/lib.rs");
    let unnamed: Vec<_> =
        check_names().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}
