//! One running `retake`, its events and its end.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::traces::{MARK, Traces};

/// Longest wait for anything: a first build on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_mins(3);

/// A directory below cargo's place for tests; kept, so that dependencies compile once.
pub(crate) fn tmp(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// `retake` with a user's directories of its own and no sound server in reach.
pub(crate) fn retake() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retake"));
    command
        .env("RETAKE_CACHE_DIR", tmp("cache"))
        .env("XDG_CACHE_HOME", tmp("cache"))
        .env("RETAKE_STATE_DIR", fresh_state())
        .env("XDG_RUNTIME_DIR", tmp("runtime"))
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::null());
    command
}

/// A state directory that nothing was left in.
fn fresh_state() -> PathBuf {
    static N: AtomicU32 = AtomicU32::new(0);
    let n = N.fetch_add(1, Ordering::Relaxed);
    tmp("states").join(format!("{}-{n}", std::process::id()))
}

/// A process that tells its events.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<Value>,
    pub(crate) seen: Vec<Value>,
    stderr: Option<JoinHandle<String>>,
    pub(crate) traces: Traces,
}

/// What a process left when it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) events: Vec<Value>,
    pub(crate) stderr: String,
}

impl Server {
    /// Starts `retake ARGS --json --port 0`.
    pub(crate) fn start<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Self {
        Self::spawn(Self::command(args))
    }

    /// The command of [`Server::start`].
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Command {
        let mut command = retake();
        command.args(args).args(["--json", "--port", "0"]);
        // The whole set in the other isolation, for tests that say none.
        if let Ok(isolation) = std::env::var("RETAKE_E2E_ISOLATION")
            && args.first().is_some_and(|word| word.as_ref() == "run")
            && !args.iter().any(|word| word.as_ref() == "--isolation")
        {
            command.args(["--isolation", &isolation]);
        }
        command
    }

    pub(crate) fn spawn(command: Command) -> Self {
        Self::spawn_among(command, Traces::new())
    }

    /// As [`Server::spawn`], in the cache of others.
    pub(crate) fn spawn_among(mut command: Command, traces: Traces) -> Self {
        let mut child = command
            .env("XDG_CACHE_HOME", &traces.cache)
            .env(MARK, &traces.mark)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("retake runs");
        let (told, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let parse = |line: std::io::Result<String>| {
            let line = line.unwrap();
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("JSON: {line}"))
        };
        // Until the process closes it, or nobody wants to know any more.
        std::thread::spawn(move || {
            let mut events = stdout.lines().map(parse);
            events.try_for_each(|event| told.send(event))
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        Self { child, lines, seen: Vec::new(), stderr: Some(stderr), traces }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory, MiB.
    pub(crate) fn resident_mib(&self) -> i64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<i64>().unwrap() / 1024
    }

    /// The next event of that name.
    pub(crate) fn wait(&mut self, name: &str) -> Value {
        self.wait_for(name, |_| true)
    }

    /// The next event of that name that `is_right`.
    pub(crate) fn wait_for(&mut self, name: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(event) = self.lines.recv_timeout(left) else {
                let stderr = self.give_up();
                panic!("no {name} came; seen: {:#?}\n{stderr}", self.seen);
            };
            self.seen.push(event.clone());
            if event["event"] == name && is_right(&event) {
                return event;
            }
        }
    }

    /// Everything told within this time.
    pub(crate) fn listen_for(&mut self, time: Duration) -> Vec<Value> {
        let until = Instant::now() + time;
        let mut heard = Vec::new();
        while let Ok(event) =
            self.lines.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            heard.push(event);
        }
        self.seen.extend(heard.iter().cloned());
        heard
    }

    /// How many events of that name were seen so far.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.seen.iter().filter(|event| event["event"] == name).count()
    }

    fn give_up(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.stderr.take().map(|text| text.join().unwrap()).unwrap_or_default()
    }

    /// Reads on until all builds that began have ended and nothing more is told for a while.
    pub(crate) fn settle(&mut self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let is_quiet = self.listen_for(Duration::from_millis(1_500)).is_empty();
            let ends = ["reloaded", "reload_failed", "build_failed", "build_cancelled"];
            let n_ended: usize = ends.iter().map(|end| self.count(end)).sum();
            if is_quiet && n_ended >= self.count("build_started") {
                return;
            }
            assert!(Instant::now() < until, "never quiet: {:#?}", self.seen);
        }
    }

    /// Asks it to end, as Ctrl-C does, and waits for that.
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::INT);
        self.end()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until it ends, in whatever disorder.
    pub(crate) fn await_end(&mut self) {
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself, and looks whether anything of it is left.
    pub(crate) fn end(mut self) -> Ended {
        let until = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(Instant::now() < until, "it does not end: {}", self.give_up());
            std::thread::sleep(Duration::from_millis(5));
        };
        let stderr = self.stderr.take().unwrap().join().unwrap();
        self.seen.extend(self.lines.iter());
        self.traces.assert_gone();
        Ended { code, events: std::mem::take(&mut self.seen), stderr }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The first event of that name.
    pub(crate) fn event(&self, name: &str) -> &Value {
        let found = self.events.iter().find(|event| event["event"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {:#?}\n{}", self.events, self.stderr))
    }

    /// It ended with this code, told so with its last event, and said all of these `words`.
    pub(crate) fn failed(&self, code: i32, words: &[&str]) {
        println!("{}", self.stderr);
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} in\n{}", self.stderr);
        }
        let errors = self.stderr.matches("  Error ").count();
        assert_eq!(errors, 1, "one message: {}", self.stderr);
        self.assert_stopped_last();
    }

    /// `stopped` is the last event, and there is one of it.
    pub(crate) fn assert_stopped_last(&self) {
        let last = self.events.last().map(|event| &event["event"]);
        assert_eq!(last, Some(&"stopped".into()), "{:#?}", self.events);
        let n_stopped = self.events.iter().filter(|e| e["event"] == "stopped");
        assert_eq!(n_stopped.count(), 1);
    }

    /// It ended as a success.
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }
}

/// Runs `retake ARGS --json --port 0` to its end.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Ended {
    Server::start(args).end()
}
