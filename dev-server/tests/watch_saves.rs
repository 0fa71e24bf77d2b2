//! Saves, reads and touches against the real watcher and the real cargo. Events are counted, not
//! timed; where nothing may happen, a save after it proves that the watcher was awake.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of `#[test]`")]

#[path = "build_support/tiny.rs"]
mod tiny;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::thread::sleep;
use std::time::{Duration, Instant};

use retake::build::{BuildOutcome, Built, Diagnostic};
use retake::project::Project;
use retake::watch::{LoopEvent, Rebuilder};
use tiny::{MANIFEST, Tiny, code};

/// Longer than any build here takes, on any machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// Nothing more is coming when nothing came for so long: several times what a build takes.
const CALM: Duration = Duration::from_secs(2);

struct Bench {
    rebuilder: Rebuilder,
    events: Receiver<LoopEvent>,
}

impl Bench {
    /// Watches `project`, its first build done.
    fn new(project: Project) -> Self {
        let bench = Self::started(project, true);
        bench.built();
        bench
    }

    fn started(project: Project, watching: bool) -> Self {
        let (tell, events) = std::sync::mpsc::channel();
        // The last events of a run find nobody.
        let tell = move |event| drop(tell.send(event));
        let rebuilder = Rebuilder::start(project, watching, tell).unwrap();
        Self { rebuilder, events }
    }

    fn outcome(&self) -> BuildOutcome {
        loop {
            if let LoopEvent::BuildFinished { outcome, timing } =
                self.events.recv_timeout(PATIENCE).unwrap()
            {
                assert!(timing.detected_at.elapsed() >= timing.detect + timing.build);
                return outcome;
            }
        }
    }

    fn built(&self) -> Built {
        match self.outcome() {
            BuildOutcome::Built(built) => built,
            other => panic!("{other:?}"),
        }
    }

    fn failed(&self) -> Vec<Diagnostic> {
        match self.outcome() {
            BuildOutcome::Failed { diagnostics, .. } => diagnostics,
            other => panic!("{other:?}"),
        }
    }

    /// One save in several steps is one build; `save` is told how often it was tried. Where this
    /// busy machine stopped between two steps for as long as the watcher waits, it is tried again.
    fn saves_at_once_build_once(&self, save: impl Fn(u32, &mut Pauses)) {
        for attempt in 2..22 {
            let mut pauses = Pauses::new();
            save(attempt, &mut pauses);
            let counts = self.count();
            if pauses.longest < Duration::from_millis(25) {
                return counts.assert_one_build();
            }
        }
        panic!("this machine is too busy to save at once");
    }

    /// Everything until it is calm.
    fn count(&self) -> Counts {
        let mut counts = Counts::default();
        while let Ok(event) = self.events.recv_timeout(CALM) {
            match event {
                LoopEvent::BuildStarted { files } => {
                    counts.n_started += 1;
                    counts.files.extend(files);
                }
                LoopEvent::BuildFinished { outcome: BuildOutcome::Built(built), .. } => {
                    counts.n_built += 1;
                    counts.last = Some(built.artifact);
                }
                LoopEvent::BuildCancelled => counts.n_cancelled += 1,
                LoopEvent::WatchFailed(error) => panic!("{error}"),
                _ => {}
            }
        }
        counts
    }
}

/// How long a save in several steps stood still.
struct Pauses {
    last: Instant,
    longest: Duration,
}

impl Pauses {
    fn new() -> Self {
        Self { last: Instant::now(), longest: Duration::ZERO }
    }

    fn step(&mut self) {
        self.longest = self.longest.max(self.last.elapsed());
        self.last = Instant::now();
    }
}

#[derive(Debug, Default)]
struct Counts {
    n_started: usize,
    n_built: usize,
    n_cancelled: usize,
    files: Vec<PathBuf>,
    last: Option<PathBuf>,
}

impl Counts {
    fn assert_one_build(&self) {
        assert_eq!((self.n_started, self.n_built, self.n_cancelled), (1, 1, 0), "{self:?}");
    }
}

/// What the built library answers.
fn value(artifact: &Path) -> u32 {
    // Code sections of x86 and ARM differ; a constant of the data section is found everywhere.
    let bytes = fs::read(artifact).unwrap();
    let mark = b"retake value ";
    let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len();
    std::str::from_utf8(&bytes[at..at + 6]).unwrap().parse().unwrap()
}

/// Code whose library holds `value` as text.
fn marked(value: u32) -> String {
    let text = format!("retake value {value:06}");
    let length = text.len();
    format!("#[unsafe(no_mangle)]\npub static MARK: [u8; {length}] = *b\"{text}\";\n")
}

#[test]
fn a_save_in_place_or_by_rename_builds_once() {
    let tiny = Tiny::new();
    let bench = Bench::new(tiny.project());
    tiny.write("src/lib.rs", &marked(2));
    let counts = bench.count();
    counts.assert_one_build();
    assert_eq!(counts.files, [tiny.path("src/lib.rs")]);
    assert_eq!(value(&counts.last.unwrap()), 2);

    tiny.write_by_rename("src/lib.rs", &marked(3));
    let counts = bench.count();
    counts.assert_one_build();
    assert_eq!(value(&counts.last.unwrap()), 3);
}

#[test]
fn a_save_of_several_files_by_rename_builds_once() {
    let tiny = Tiny::new();
    let parts = ["a", "b", "c", "d", "e"];
    let modules = parts.map(|part| format!("pub mod {part};\n")).concat();
    tiny.write("src/lib.rs", &modules);
    for part in &parts {
        tiny.write(&format!("src/{part}.rs"), &format!("pub fn {part}() -> u32 {{ 1 }}\n"));
    }
    let bench = Bench::new(tiny.project());
    bench.saves_at_once_build_once(|attempt, pauses| {
        for part in parts {
            let text = format!("pub fn {part}() -> u32 {{ {attempt} }}\n");
            tiny.write_by_rename(&format!("src/{part}.rs"), &text);
            pauses.step();
        }
    });
}

#[test]
fn vims_way_to_save_builds_once() {
    let tiny = Tiny::new();
    let bench = Bench::new(tiny.project());
    bench.saves_at_once_build_once(|attempt, pauses| {
        // Tries whether it may create files, moves the old file away, writes anew, drops the backup.
        tiny.write("src/4913", "");
        fs::remove_file(tiny.path("src/4913")).unwrap();
        fs::rename(tiny.path("src/lib.rs"), tiny.path("src/lib.rs~")).unwrap();
        pauses.step();
        sleep(Duration::from_millis(10));
        tiny.write("src/lib.rs", &marked(attempt));
        pauses.step();
        fs::remove_file(tiny.path("src/lib.rs~")).unwrap();
        pauses.step();
    });
}

#[test]
fn a_read_an_open_a_touch_and_the_same_text_build_nothing() {
    let tiny = Tiny::new();
    tiny.write(".gitignore", "*.log\nout/\n");
    let bench = Bench::new(tiny.project());
    let file = tiny.path("src/lib.rs");
    fs::read(&file).unwrap();
    drop(fs::File::options().write(true).open(&file).unwrap());
    fs::File::open(&file).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    tiny.write("src/lib.rs", &code(1));
    tiny.write_by_rename("src/lib.rs", &code(1));
    // Ignored, temporary, or written by the user's own cargo.
    tiny.write("noise.log", "x");
    tiny.write("out/noise.rs", "x");
    tiny.write("src/.lib.rs.swp", "x");
    tiny.write("src/lib.rs~", "x");
    let own = std::process::Command::new("cargo").arg("build").current_dir(tiny.dir()).output();
    assert!(own.unwrap().status.success());
    let counts = bench.count();
    assert_eq!(counts.n_started, 0, "{counts:?}");

    tiny.write("src/lib.rs", &code(2));
    bench.count().assert_one_build();
}

#[test]
fn ten_saves_20_ms_apart_are_two_builds_and_the_last_is_there() {
    let tiny = Tiny::new();
    let bench = Bench::new(tiny.project());
    for attempt in 1..=20 {
        let longest = save_ten(&tiny, attempt * 100);
        let counts = bench.count();
        assert_eq!(value(counts.last.as_ref().unwrap()), attempt * 100 + 10);
        if longest < Duration::from_millis(28) {
            assert!(counts.n_started <= 2, "{counts:?}");
            return;
        }
    }
    panic!("this machine is too busy to save ten times 20 ms apart");
}

/// Saves ten times, and tells the longest time between two saves: a busy machine adds to 20 ms.
fn save_ten(tiny: &Tiny, first: u32) -> Duration {
    let mut pauses = Pauses::new();
    for save in 1..=10 {
        tiny.write("src/lib.rs", &marked(first + save));
        pauses.step();
        sleep(Duration::from_millis(20));
    }
    pauses.longest
}

#[test]
fn saves_faster_than_the_build_are_heard() {
    let tiny = Tiny::new();
    let bench = Bench::new(tiny.project());
    let begin = Instant::now();
    tiny.write("src/lib.rs", &marked(0));
    bench.built();
    let pause = begin.elapsed().mul_f64(0.8);
    for save in 1..=15 {
        tiny.write("src/lib.rs", &marked(save));
        sleep(pause);
    }
    let counts = bench.count();
    assert!(counts.n_built >= 5, "{counts:?}");
    assert_eq!(value(&counts.last.unwrap()), 15);
}

#[test]
fn an_error_waits_for_its_fix_even_in_a_new_file() {
    let tiny = Tiny::new();
    tiny.write("src/lib.rs", "mod missing;\n");
    let bench = Bench::started(tiny.project(), true);
    assert_eq!(bench.failed()[0].code.as_deref(), Some("E0583"));
    tiny.write("src/missing/mod.rs", "pub fn wrong() -> u32 {\n    true\n}\n");
    let diagnostics = bench.failed();
    assert_eq!(diagnostics[0].file.as_deref(), Some("src/missing/mod.rs"));
    tiny.write("src/missing/mod.rs", "");
    bench.built();
}

#[test]
fn path_dependencies_and_manifests_are_watched_also_new_ones() {
    let tiny = Tiny::new();
    let bench = Bench::new(tiny.project());
    tiny.write("../near/Cargo.toml", &MANIFEST.replace("tiny", "near").replace("cdylib", "lib"));
    tiny.write("../near/src/lib.rs", "pub const X: u32 = 1;\n");
    let depends = MANIFEST.to_owned() + "\n[dependencies]\nnear = { path = \"../near\" }\n";
    tiny.write("Cargo.toml", &depends);
    bench.count().assert_one_build();
    tiny.write("../near/src/lib.rs", "pub const X: u32 = 2;\n");
    bench.count().assert_one_build();
    tiny.write("../near/src/new.rs", "pub const Y: u32 = 2;\n");
    bench.count().assert_one_build();
}

#[test]
fn only_a_file_that_the_build_reads_is_missed() {
    let tiny = Tiny::new();
    tiny.write("src/lib.rs", "mod part;\n");
    tiny.write("src/part.rs", "");
    tiny.write("notes.txt", "x");
    let bench = Bench::new(tiny.project());
    fs::remove_file(tiny.path("notes.txt")).unwrap();
    assert_eq!(bench.count().n_started, 0);
    fs::remove_file(tiny.path("src/part.rs")).unwrap();
    assert_eq!(bench.failed()[0].code.as_deref(), Some("E0583"));
}

#[test]
fn a_request_builds_without_a_change_and_without_watching() {
    let tiny = Tiny::new();
    let bench = Bench::started(tiny.project(), false);
    bench.built();
    tiny.write("src/lib.rs", &code(2));
    assert_eq!(bench.count().n_started, 0, "not watching");
    bench.rebuilder.rebuild_now();
    assert!(!bench.built().fresh);
    bench.rebuilder.rebuild_now();
    assert!(bench.built().fresh);
}

#[test]
fn a_ready_library_is_reported_when_its_content_changes() {
    let tiny = Tiny::empty();
    tiny.write("ready.so", "one");
    let mut request = tiny.request();
    request.path = Some(tiny.path("ready.so"));
    let bench = Bench::new(Project::find(&request).unwrap());
    tiny.write("ready.so", "one");
    assert_eq!(bench.count().n_built, 0);
    fs::remove_file(tiny.path("ready.so")).unwrap();
    assert_eq!(bench.count().n_built, 0, "between two builds");
    tiny.write("ready.so", "two");
    let counts = bench.count();
    assert_eq!((counts.n_started, counts.n_built), (0, 1), "{counts:?}");
    assert_eq!(counts.last, Some(tiny.path("ready.so")));
}

#[test]
fn a_command_that_writes_beside_its_sources_builds_once() {
    let tiny = Tiny::empty();
    tiny.write("gain.c", "1");
    tiny.write("stale.gen", "0");
    let mut request = tiny.request();
    request.path = Some(tiny.path("out.so"));
    request.watch = Some(tiny.dir());
    request.build = Some(
        "cd 'a crate' && cat gain.c > gain.o && cat gain.c > stale.gen && date > made.txt && \
         cp gain.o out.so"
            .into(),
    );
    let bench = Bench::new(Project::find(&request).unwrap());
    assert_eq!(bench.count().n_started, 0, "its own products start nothing");
    tiny.write("gain.c", "2");
    bench.count().assert_one_build();
    assert_eq!(fs::read_to_string(tiny.path("out.so")).unwrap(), "2");
    tiny.write("made.txt", "edited by hand");
    bench.count().assert_one_build();
}

#[test]
fn stopping_in_a_build_leaves_no_process() {
    let tiny = Tiny::new();
    tiny.write("build.rs", "fn main() { std::thread::sleep(std::time::Duration::from_secs(600)) }");
    let bench = Bench::started(tiny.project(), true);
    let begin = Instant::now();
    while tiny.processes().len() < 2 {
        assert!(begin.elapsed() < PATIENCE);
        sleep(Duration::from_millis(5));
    }
    bench.rebuilder.stop();
    tiny.await_no_process();
}
