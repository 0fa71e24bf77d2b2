//! The build thread with the real cargo: what it makes, what it says, what it leaves behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of `#[test]`")]

#[path = "build_support/tiny.rs"]
mod tiny;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use retake::build::{BuildOutcome, Builder, Built, Diagnostic, Level, Report};
use retake::project::Project;
use tiny::{MANIFEST, Tiny, code};

/// Longer than any build here takes, on any machine.
const PATIENCE: Duration = Duration::from_mins(2);

struct Bench {
    builder: Builder,
    reports: Receiver<Report>,
}

impl Bench {
    fn new(project: Project) -> Self {
        let (sender, reports) = mpsc::channel();
        let builder = Builder::new(project, move |report| {
            let _ = sender.send(report);
        });
        Self { builder: builder.unwrap(), reports }
    }

    fn build(&self) -> BuildOutcome {
        self.builder.start();
        self.outcome()
    }

    fn outcome(&self) -> BuildOutcome {
        loop {
            if let Report::Finished { outcome, .. } = self.reports.recv_timeout(PATIENCE).unwrap() {
                return outcome;
            }
        }
    }

    fn built(&self) -> Built {
        match self.build() {
            BuildOutcome::Built(built) => built,
            other => panic!("{other:?}"),
        }
    }

    fn failed(&self) -> (Option<i32>, Vec<Diagnostic>) {
        match self.build() {
            BuildOutcome::Failed { exit, diagnostics } => (exit, diagnostics),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until cargo says what `text` is a part of.
    fn await_progress(&self, text: &str) {
        loop {
            let report = self.reports.recv_timeout(PATIENCE).unwrap();
            if matches!(&report, Report::Progress(line) if line.contains(text)) {
                return;
            }
        }
    }
}

#[test]
fn a_library_and_its_sources_come_from_cargos_messages() {
    let tiny = Tiny::new();
    tiny.write("src/lib.rs", &(code(1) + "mod part;\n"));
    tiny.write("src/part.rs", "pub const TEXT: &str = include_str!(\"../a text.txt\");\n");
    tiny.write("a text.txt", "x");
    let bench = Bench::new(tiny.project());
    let built = bench.built();
    assert!(built.artifact.is_file() && !built.fresh);
    assert!(built.artifact.starts_with(tiny.root.path().canonicalize().unwrap().join("cache")));
    let sources = ["a text.txt", "src/lib.rs", "src/part.rs"].map(|file| tiny.path(file));
    for source in sources {
        assert!(built.sources.contains(&source), "{source:?} in {:?}", built.sources);
    }
    assert!(built.warnings.iter().any(|warning| warning.level == Level::Warning), "dead code");
    assert!(!tiny.path("target").exists(), "the user's target directory is untouched");

    let again = bench.built();
    assert!(again.fresh);
    assert_eq!(again.artifact, built.artifact);
}

#[test]
fn a_compile_error_has_a_place_and_a_fix_builds() {
    let tiny = Tiny::new();
    let bench = Bench::new(tiny.project());
    tiny.write("src/lib.rs", "pub fn ok() {}\n\npub fn wrong() -> u32 {\n    \"text\"\n}\n");
    let (exit, diagnostics) = bench.failed();
    assert_eq!(exit, Some(101));
    let [error] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!(error.file.as_deref(), Some("src/lib.rs"));
    assert_eq!((error.line, error.column), (Some(4), Some(5)));
    assert_eq!((error.level, error.code.as_deref()), (Level::Error, Some("E0308")));
    assert_eq!(error.message, "mismatched types");
    assert!(error.rendered.contains("expected `u32`") && !error.rendered.contains('\x1b'));
    assert!(error.ansi.contains('\x1b'));

    tiny.write("src/lib.rs", "pub fn macros() {\n    assert_eq!(1, \"\");\n}\n");
    let (_, diagnostics) = bench.failed();
    assert_eq!(diagnostics[0].file.as_deref(), Some("src/lib.rs"), "not the library's macro");
    assert_eq!(diagnostics[0].line, Some(2));

    tiny.write("src/lib.rs", &code(2));
    assert!(!bench.built().fresh);
}

#[test]
fn a_broken_manifest_is_a_diagnostic_with_cargos_words() {
    let tiny = Tiny::new();
    let bench = Bench::new(tiny.project());
    tiny.write("Cargo.toml", "[package]\nname = \"tiny\"\nversion =\n");
    let (_, diagnostics) = bench.failed();
    let [error] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!((error.file.as_deref(), error.line), (Some("Cargo.toml"), Some(3)));
    assert!(error.rendered.contains("version ="), "{}", error.rendered);
}

#[test]
fn the_users_profiles_do_not_leak_in() {
    let tiny = Tiny::new();
    let slow =
        "panic = \"abort\"\ncodegen-units = 1\nlto = true\nincremental = false\nstrip = true\n";
    let profiles = format!(
        "\n[profile.dev]\nopt-level = 0\n{slow}\n[profile.release]\n{slow}\n\
         [profile.dev.package.\"*\"]\nopt-level = 1\n"
    );
    tiny.write("Cargo.toml", &(MANIFEST.to_owned() + &profiles));
    // A compiler that notes how it was called.
    let log = tiny.path("calls");
    let wrapper = tiny.path("wrapper");
    let script = format!("#!/bin/sh\necho \"$@\" >> '{}'\nexec \"$@\"\n", log.display());
    fs::write(&wrapper, script).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&wrapper).status().unwrap().success());
    tiny.write(".cargo/config.toml", &format!("[build]\nrustc-wrapper = {wrapper:?}\n"));

    Bench::new(tiny.project()).built();
    let calls = fs::read_to_string(log).unwrap();
    let call = calls.lines().find(|call| call.contains("--crate-name tiny")).unwrap();
    for flag in ["opt-level=3", "codegen-units=256", "debuginfo=line-tables-only", "incremental="] {
        assert!(call.contains(flag), "{flag} in {call}");
    }
    for leak in ["panic=abort", "codegen-units=1 ", "lto", "strip", "debug-assertions=on"] {
        assert!(!call.contains(leak), "{leak} in {call}");
    }
}

/// A script of the shell, as a word of a TOML file.
fn script(tiny: &Tiny, name: &str, text: &str) -> String {
    let path = tiny.path(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&path).status().unwrap().success());
    format!("\"{}\"", path.display())
}

#[test]
fn a_slow_build_says_what_its_author_can_mend_and_what_it_costs() {
    let tiny = Tiny::new();
    let in_two = |value| code(value) + "pub mod part;\n";
    tiny.write("src/part.rs", "#[unsafe(no_mangle)]\npub extern \"C\" fn part() {}\n");
    tiny.write("src/lib.rs", &in_two(1));
    // Every compiler and every linker takes its time, so that the measure has something to find.
    let rustc = script(&tiny, "slow-rustc", "sleep 0.8; exec \"$@\"");
    let linker = script(&tiny, "slow-cc", "sleep 0.5; exec cc \"$@\" -fuse-ld=bfd");
    tiny.write(
        ".cargo/config.toml",
        &format!("[build]\nrustc-wrapper = {rustc}\n[target.'cfg(unix)']\nlinker = {linker}\n"),
    );
    let found = |built: &Built| -> Vec<_> {
        built.advice.iter().map(|advice| (advice.what, advice.costs_ms)).collect()
    };
    let bench = Bench::new(tiny.project());
    let first = found(&bench.built());
    let [("linker", Some(link))] = first[..] else { panic!("{first:?}") };
    assert!(link >= 500.0, "{link} ms, of which 500 were slept");
    assert!(bench.built().advice.is_empty(), "nothing was compiled");

    tiny.write("src/lib.rs", &in_two(2));
    let second = bench.built();
    println!("{:#?}", second.advice);
    let both = found(&second);
    let [("linker", Some(_)), ("own_code", Some(code))] = both[..] else { panic!("{both:?}") };
    assert!(code >= 800.0, "{code} ms, of which 800 were slept");
    let [linker, own] = &second.advice[..] else { panic!("two") };
    assert!(linker.message.contains("with GNU ld"), "{}", linker.message);
    assert!(own.message.contains(" 7 lines"), "{}", own.message);
    assert!(own.message.contains("1 of 2 codegen units"), "{}", own.message);
}

#[test]
fn a_flag_of_a_profile_that_reaches_the_build_is_named() {
    let tiny = Tiny::new();
    let profile = "\n[profile.release.package.tiny]\ncodegen-units = 1\ndebug = 2\n";
    tiny.write("Cargo.toml", &(MANIFEST.to_owned() + profile));
    let rustc = script(&tiny, "slow-rustc", "sleep 0.3; exec \"$@\"");
    tiny.write(".cargo/config.toml", &format!("[build]\nrustc-wrapper = {rustc}\n"));
    let built = Bench::new(tiny.project()).built();
    let kinds: Vec<_> = built.advice.iter().map(|advice| advice.what).collect();
    assert_eq!(kinds, ["codegen_units", "debuginfo"], "{:#?}", built.advice);
}

#[test]
fn a_crate_that_is_compiled_again_without_an_edit_is_named_with_cargos_reason() {
    let tiny = Tiny::new();
    let needs = "\n[dependencies]\ndep = { path = \"dep\" }\n\n[workspace]\n";
    tiny.write("Cargo.toml", &(MANIFEST.to_owned() + needs));
    let dep = "[package]\nname = \"dep\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    tiny.write("dep/Cargo.toml", dep);
    tiny.write("dep/src/lib.rs", "");
    // A file that is not there is never older than what was made.
    let script = "fn main() {\n    println!(\"cargo::rerun-if-changed=missing\");\n    \
                  std::thread::sleep(std::time::Duration::from_millis(200));\n}\n";
    tiny.write("dep/build.rs", script);
    let bench = Bench::new(tiny.project());
    assert!(bench.built().advice.is_empty(), "the first build compiles everything");
    tiny.write("src/lib.rs", &code(2));
    let advice = bench.built().advice;
    let [rebuilt] = &advice[..] else { panic!("{advice:#?}") };
    println!("{rebuilt:#?}");
    assert_eq!(rebuilt.what, "rebuilt");
    assert!(rebuilt.costs_ms.is_some_and(|ms| ms >= 200.0), "200 were slept");
    assert!(rebuilt.message.contains("`dep`") && rebuilt.message.contains("missing` is missing"));
}

#[test]
fn a_cancelled_build_leaves_no_process() {
    let tiny = Tiny::new();
    // rustc computes this for hours.
    let endless = "#![allow(long_running_const_eval)]\npub const X: u64 = {\n    let mut i = 0u64;\n    \
        while i < u64::MAX {\n        i += 1;\n    }\n    i\n};\n";
    tiny.write("src/lib.rs", endless);
    let bench = Bench::new(tiny.project());
    bench.builder.start();
    bench.await_progress("Compiling tiny");
    let begin = Instant::now();
    while tiny.processes().len() < 2 {
        assert!(begin.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    bench.builder.cancel();
    assert!(matches!(bench.outcome(), BuildOutcome::Cancelled));
    tiny.await_no_process();

    tiny.write("src/lib.rs", &code(3));
    bench.built();

    tiny.write("src/lib.rs", endless);
    bench.builder.start();
    bench.await_progress("Compiling tiny");
    drop(bench);
    tiny.await_no_process();
}

#[test]
fn a_command_builds_or_says_why_not() {
    let tiny = Tiny::empty();
    let mut request = tiny.request();
    request.path = Some(PathBuf::from("a crate/out.so"));
    request.watch = Some(PathBuf::from("a crate"));
    let mut run = |command: &str| {
        request.build = Some(command.to_owned());
        Bench::new(Project::find(&request).unwrap()).build()
    };
    let BuildOutcome::Failed { exit, diagnostics } =
        run("echo 'gain.c:3:7: error: no' >&2; exit 4")
    else {
        panic!("failed")
    };
    assert_eq!((exit, diagnostics.len()), (Some(4), 1));
    assert_eq!(diagnostics[0].file.as_deref(), Some("gain.c"));

    let BuildOutcome::Failed { diagnostics, .. } = run("true") else { panic!("no library") };
    assert!(diagnostics[0].message.contains("out.so"), "{diagnostics:?}");

    let BuildOutcome::Built(built) = run("echo x > 'a crate/out.so'") else { panic!("built") };
    assert_eq!(built.artifact, tiny.path("out.so"));
}
