//! A process that ends by a signal has said where it was, and one that hangs says it when asked.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "shared/ffi.rs"]
mod shared;

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use retake_host::{
    StackFrame,
    audit::{LastWords, Symbols, Words},
};

const SOURCE: &str = include_str!("../plugins/crasher/ffi.rs");

fn example(name: &str) -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let path = exe.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "no {}: run the whole `cargo test`", path.display());
    path
}

struct Crash {
    library: PathBuf,
    words: &'static LastWords,
    child: Child,
    dir: tempfile::TempDir,
}

impl Crash {
    fn begin(end: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let library = example(&format!("{DLL_PREFIX}host_crasher{DLL_SUFFIX}"));
        let file = dir.path().join("words");
        let words = shared::words(&file);
        let child = Command::new(example("host_crash"))
            .args([file.as_os_str(), library.as_os_str(), end.to_string().as_ref()])
            .env("XDG_CACHE_HOME", dir.path())
            .spawn()
            .unwrap();
        Self { library, words, child, dir }
    }

    /// Waits for the end by that signal; the message, and the stack.
    fn ends_by(&mut self, signal: i32) -> (Words, Vec<StackFrame>) {
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(signal), "{status}");
        assert_eq!(self.acts(), "first", "before it says where it was, and once");
        let words = self.words.read().expect("it said nothing");
        assert_eq!(words.signal, signal);
        let stack = self.named(&words);
        (words, stack)
    }

    /// What it did before it spoke.
    fn acts(&self) -> String {
        fs::read_to_string(self.dir.path().join("words.act")).unwrap()
    }

    fn named(&self, words: &Words) -> Vec<StackFrame> {
        self.symbols().stack(&words.stack)
    }

    fn symbols(&self) -> Symbols {
        Symbols::new(self.words.modules(), fs::read(&self.library).unwrap())
    }
}

/// The first frame in the crasher's own source is this function, at the line that is marked so.
fn assert_at(stack: &[StackFrame], function: &str, mark: &str) {
    let is_own =
        |frame: &&StackFrame| frame.file.as_ref().is_some_and(|f| f.ends_with("crasher/ffi.rs"));
    let own = stack.iter().find(is_own).unwrap_or_else(|| panic!("{stack:#?}"));
    assert!(own.function.ends_with(function), "{own:?}");
    let line = SOURCE.lines().position(|line| line.ends_with(mark)).unwrap() + 1;
    assert_eq!(own.line.map(|line| line as usize), Some(line), "{stack:#?}");
    assert_eq!(stack.iter().find(|frame| frame.is_authors()), Some(own));
}

#[test]
fn a_bad_address_is_named() {
    let (words, stack) = Crash::begin(1).ends_by(libc::SIGSEGV);
    assert_at(&stack, "write_nowhere", "// here: segv");
    assert!(words.message().contains("0x10"), "{}", words.message());
}

#[test]
fn an_abort_is_named() {
    let (words, stack) = Crash::begin(2).ends_by(libc::SIGABRT);
    assert_at(&stack, "give_up", "// here: abort");
    assert!(words.message().contains("abort"), "{}", words.message());
}

#[test]
fn a_stack_overflow_is_named() {
    let mut crash = Crash::begin(3);
    let (words, stack) = crash.ends_by(libc::SIGSEGV);
    // Which of its instructions finds the stack full is chance: all of them have a line.
    let begin = SOURCE.lines().position(|line| line.starts_with("fn go_down")).unwrap() + 1;
    let own_lines = begin..=begin + 3;
    let symbols = crash.symbols();
    for address in words.stack[0] - 100..words.stack[0] + 100 {
        let frame = &symbols.stack(&[address])[0];
        let line = frame.line.map_or(0, |line| line as usize);
        assert!(!frame.function.ends_with("go_down") || own_lines.contains(&line), "{frame:?}");
    }
    assert!(stack[0].function.ends_with("go_down"), "{stack:#?}");
    assert!(words.message().contains("stack is at its end"), "{}", words.message());
    assert!(stack.len() < 10, "the same call is shown once: {stack:#?}");
}

#[test]
fn an_illegal_instruction_is_named() {
    let (_, stack) = Crash::begin(4).ends_by(libc::SIGILL);
    assert_at(&stack, "run_nonsense", "// here: illegal instruction");
}

#[test]
fn a_call_to_where_no_code_is_names_the_caller() {
    let (_, stack) = Crash::begin(6).ends_by(libc::SIGSEGV);
    assert_at(&stack, "jump_nowhere", "// here: jump");
}

#[test]
fn an_endless_loop_says_where_it_is_and_goes_on() {
    let mut crash = Crash::begin(5);
    let asked = || {
        (0..3_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(10));
            let words = crash.words.ask(crash.child.id(), Duration::from_millis(100))?;
            let stack = crash.named(&words);
            stack.iter().any(|f| f.function.ends_with("count_for_ever")).then_some((words, stack))
        })
    };
    let (words, stack) = asked().expect("it never came to the loop, or says nothing");
    let own = stack.iter().find(|frame| frame.is_authors()).unwrap();
    let is_marked =
        |n: u32| SOURCE.lines().nth(n as usize - 1).is_some_and(|l| l.ends_with("loop"));
    let lines = [own.line.unwrap(), own.line.unwrap() + 1];
    assert!(lines.into_iter().any(is_marked), "{own:?}");
    assert_eq!((words.message().as_str(), crash.acts().as_str()), ("does not come back", ""));
    assert!(asked().is_some(), "the thread still runs, and can be asked again");
    assert_eq!(crash.child.try_wait().unwrap(), None);
    crash.child.kill().unwrap();
    crash.child.wait().unwrap();
    assert_eq!(crash.words.ask(crash.child.id(), Duration::from_millis(10)), None);
}
