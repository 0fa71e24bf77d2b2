//! `retake audit`: every seeded violation at its own line, nothing in plugins that keep the rules.
#![cfg(target_os = "linux")]

use std::{
    collections::BTreeMap,
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    crates::Crate,
    server::{Server, retake, tmp},
};

/// Twelve lines that do what an audio thread must not, each with the kind of it at its end.
const VIOLATIONS: &str = include_str!("violations.txt");

const EXAMPLES: [&str; 5] = ["filter", "delay", "compressor", "synth", "analyzer"];

fn audit(path: &str, words: &[&str]) -> Output {
    let mut command = retake();
    command.args(["audit", path]).args(words);
    run(command)
}

fn run(mut command: Command) -> Output {
    command.output().expect("retake runs")
}

fn json(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{stderr}"))
}

/// Lines with what the audit says that they do.
fn found(told: &Value) -> BTreeMap<u64, Vec<String>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for finding in told["findings"].as_array().unwrap() {
        assert!(finding["file"].as_str().unwrap().ends_with("src/lib.rs"), "{finding:#}");
        let kinds = found.entry(finding["line"].as_u64().unwrap()).or_default();
        kinds.push(finding["kind"].as_str().unwrap().to_owned());
    }
    found
}

#[test]
fn every_seeded_violation_is_found_at_its_line_and_nothing_else() {
    let plugin = Crate::new("audited");
    plugin.save("src/lib.rs", VIOLATIONS);
    let output = audit(plugin.path(), &["--json"]);
    let told = json(&output);
    let found = found(&told);
    let seeded: BTreeMap<_, _> = VIOLATIONS
        .lines()
        .zip(1_u64..)
        .filter_map(|(line, n)| Some((n, line.split_once("// seeded: ")?.1)))
        .collect();
    assert_eq!(seeded.len(), 12);
    assert!(found.keys().eq(seeded.keys()), "{seeded:#?}\n{told:#}");
    for (line, kind) in seeded {
        assert!(found[&line].iter().any(|found| found == kind), "{line}: {kind}\n{told:#}");
    }
    assert_eq!(output.status.code(), Some(1));
    let mut functions = told["findings"].as_array().unwrap().iter().map(|f| &f["function"]);
    assert!(functions.any(|f| f.as_str().unwrap().ends_with("Violations::push")), "{told:#}");
}

#[test]
fn people_read_the_line_and_what_it_does() {
    let plugin = Crate::new("audited");
    plugin.save("src/lib.rs", VIOLATIONS);
    let output = audit(plugin.path(), &["--blocks", "70"]);
    let text = String::from_utf8_lossy(&output.stderr);
    let line = 1 + VIOLATIONS.lines().position(|line| line.contains("list.push")).unwrap();
    let place = format!("src/lib.rs:{line} in ");
    let told = text.lines().find(|told| told.contains(&place)).unwrap_or_else(|| panic!("{text}"));
    assert!(told.contains("Finding") && told.contains("allocates ("), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_examples_do_nothing_that_an_audio_thread_must_not() {
    for name in EXAMPLES {
        let plugin = Crate::example(name);
        let output = audit(plugin.path(), &["--json", "--blocks", "5000"]);
        let told = json(&output);
        assert_eq!(told["findings"].as_array().map(Vec::len), Some(0), "{name}: {told:#}");
        assert_eq!((output.status.code(), &told["blocks"]), (Some(0), &5_000.into()), "{name}");
    }
}

/// `cargo test -p retake --test e2e a_million_blocks -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn a_million_blocks_of_the_examples_have_no_finding() {
    for name in EXAMPLES {
        let plugin = Crate::example(name);
        let output = audit(plugin.path(), &["--json", "--blocks", "1000000"]);
        let told = json(&output);
        println!("{name}: {} findings in {} blocks", told["findings"], told["blocks"]);
        assert_eq!(
            (output.status.code(), told["findings"].as_array().map(Vec::len)),
            (Some(0), Some(0))
        );
    }
}

#[test]
fn a_session_tells_a_place_wherever_the_plugin_runs() {
    let plugin = Crate::new("audited");
    plugin.law("*sample *= gain; std::hint::black_box(vec![gain; 64]);");
    let source = std::fs::read_to_string(plugin.dir.join("src/lib.rs")).unwrap();
    let line = 1 + source.lines().position(|line| line.contains("vec![gain; 64]")).unwrap();
    for isolation in ["in-process", "process"] {
        let words = ["--input", "virtual:tone=220", "--output", "virtual"];
        let mut server =
            Server::start(&[&[plugin.path(), "--isolation", isolation][..], &words].concat());
        let audit = server.wait_for("audit", |audit| {
            let findings = audit["findings"].as_array().unwrap();
            findings.iter().any(|f| f["per_second"].as_f64() > Some(0.0))
        });
        let kinds = ["allocation", "free"].map(|kind| {
            audit["findings"].as_array().unwrap().iter().find(|f| f["kind"] == kind).cloned()
        });
        for found in kinds {
            let found = found.unwrap_or_else(|| panic!("{isolation}: {audit:#}"));
            assert_eq!(found["line"], line, "{isolation}: {found:#}");
        }
        let reloaded = server.seen.iter().find(|event| event["event"] == "reloaded").cloned();
        let reloaded = reloaded.unwrap_or_else(|| server.wait("reloaded"));
        assert_eq!(reloaded["isolation"]["mode"], isolation);
        server.stop().succeeded();
    }
}

#[test]
fn a_plugin_that_panics_is_no_clean_one() {
    let plugin = Crate::new("audited");
    plugin.save("src/lib.rs", &crate::crates::source("assert!(*sample < 0.9);"));
    let output = audit(plugin.path(), &["--json"]);
    let told = json(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(told["panic"]["file"].as_str().is_some_and(|f| f.ends_with("src/lib.rs")), "{told:#}");
}

#[test]
fn a_wrong_command_line_is_code_2_and_a_broken_build_code_1() {
    assert_eq!(audit("no-such-crate", &[]).status.code(), Some(2));
    assert_eq!(audit("example-plugin", &["--blocks", "0"]).status.code(), Some(2));
    let words = ["--plugin", "org.none", "--blocks", "1"];
    assert_eq!(audit("example-plugin", &words).status.code(), Some(2));
    let plugin = Crate::new("audited");
    plugin.save("src/lib.rs", "fn broken(");
    let output = audit(plugin.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("src/lib.rs:1"));
    assert!(tmp("cache").exists());
}
