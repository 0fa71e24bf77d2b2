//! The handle that control holds, and the `watch` thread behind it.
//!
//! The thread sleeps until a signal, a report of the `build` thread, a request or a deadline of the
//! policy. It reads changed files to hash them, and blocks on nothing else.

mod sources;

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, mem};

use sources::Sources;

use super::signal::{Signal, signals};
use super::{Action, LoopEvent, Policy, Timing};
use crate::build::{BuildOutcome, Builder, Report};
use crate::project::Project;

enum Input {
    Signals(Instant, Vec<Signal>),
    Report(Report),
    Rebuild,
    Stop,
}

/// Watches a project and rebuilds it. Dropping it kills a running build and joins both threads.
#[derive(Debug)]
pub struct Rebuilder {
    inputs: Sender<Input>,
    thread: Option<JoinHandle<()>>,
}

impl Rebuilder {
    /// Starts the threads and the first build. Without `watching` nothing more happens until
    /// [`rebuild_now`](Self::rebuild_now). `events` is called on the thread `watch` and must not block.
    ///
    /// # Errors
    /// The system refused a thread. A watcher that fails is a [`LoopEvent::WatchFailed`] instead:
    /// building by request still works.
    pub fn start(
        project: Project,
        watching: bool,
        events: impl Fn(LoopEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let (inputs, receiver) = mpsc::channel();
        let reports = inputs.clone();
        let builder = Builder::new(project.clone(), move |report| {
            let _ = reports.send(Input::Report(report));
        })?;
        let signals_to = inputs.clone();
        let thread = std::thread::Builder::new().name("watch".into()).spawn(move || {
            let sources = watching.then(|| sources(project, signals_to, &events)).flatten();
            Worker::new(builder, sources, events).run(&receiver);
        })?;
        Ok(Self { inputs, thread: Some(thread) })
    }

    /// Builds now, changed or not; a build that already runs is the answer.
    pub fn rebuild_now(&self) {
        // A send fails only when the thread is gone, and it goes only in drop.
        let _ = self.inputs.send(Input::Rebuild);
    }

    /// Kills a running build and joins both threads. Nothing is left behind.
    pub fn stop(self) {}
}

impl Drop for Rebuilder {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn sources(project: Project, to: Sender<Input>, events: &impl Fn(LoopEvent)) -> Option<Sources> {
    let watcher = notify::recommended_watcher(move |event| {
        let now = Instant::now();
        let signals = signals(event);
        if !signals.is_empty() {
            let _ = to.send(Input::Signals(now, signals));
        }
    });
    match watcher {
        Ok(watcher) => Some(Sources::new(project, Box::new(watcher))),
        Err(error) => {
            events(LoopEvent::WatchFailed(error.to_string()));
            None
        }
    }
}

struct Worker {
    builder: Builder,
    sources: Option<Sources>,
    events: Box<dyn Fn(LoopEvent) + Send>,
    policy: Policy,
    /// What changed since the last start, and when the first of it was seen.
    changed: Vec<PathBuf>,
    detected_at: Option<Instant>,
    timing: Timing,
}

impl Worker {
    fn new(
        builder: Builder,
        sources: Option<Sources>,
        events: impl Fn(LoopEvent) + Send + 'static,
    ) -> Self {
        let timing =
            Timing { detected_at: Instant::now(), detect: Duration::ZERO, build: Duration::ZERO };
        Self {
            builder,
            sources,
            events: Box::new(events),
            policy: Policy::default(),
            changed: Vec::new(),
            detected_at: None,
            timing,
        }
    }

    fn run(mut self, inputs: &Receiver<Input>) {
        self.request();
        loop {
            let waiting = self.sources.as_ref().and_then(Sources::wake_at);
            let wake_at = [self.policy.wake_at(), waiting].into_iter().flatten().min();
            let input = match wake_at {
                Some(at) => inputs.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => inputs.recv().map_err(RecvTimeoutError::from),
            };
            match input {
                Ok(Input::Signals(at, signals)) => self.see(at, signals),
                Ok(Input::Report(report)) => self.hear(report),
                Ok(Input::Rebuild) => self.request(),
                Err(RecvTimeoutError::Timeout) => self.tick(),
                Ok(Input::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn see(&mut self, at: Instant, signals: Vec<Signal>) {
        let Some(sources) = &mut self.sources else {
            return;
        };
        let changed = signals.into_iter().flat_map(|signal| sources.see(at, signal)).collect();
        self.note(at, changed);
    }

    fn tick(&mut self) {
        let now = Instant::now();
        if let Some(sources) = &mut self.sources {
            let changed = sources.settle(now);
            let seen_at = now.checked_sub(sources::GRACE).unwrap_or(now);
            self.note(seen_at, changed);
        }
        let action = self.policy.tick(now);
        self.act(action);
    }

    fn request(&mut self) {
        self.detected_at.get_or_insert_with(Instant::now);
        let action = self.policy.requested();
        self.act(action);
    }

    /// Counts changes, if there are any.
    fn note(&mut self, at: Instant, files: Vec<PathBuf>) {
        if let Some(error) = self.sources.as_mut().and_then(Sources::take_failure) {
            self.send(LoopEvent::WatchFailed(error));
        }
        if files.is_empty() {
            return;
        }
        let action = self.policy.changed(at);
        if action == Some(Action::Cancel) {
            // The next build answers this save, not the one that the killed build answered.
            self.detected_at = None;
        }
        let detected_at = *self.detected_at.get_or_insert(at);
        self.changed.extend_from_slice(&files);
        self.send(LoopEvent::Changed { files, detected_at });
        self.act(action);
    }

    fn act(&mut self, action: Option<Action>) {
        match action {
            Some(Action::Start) => {
                let files = self.sources.as_mut().map(Sources::begin_build).unwrap_or_default();
                self.changed.extend(files);
                self.changed.sort();
                self.changed.dedup();
                self.timing.detected_at = self.detected_at.take().unwrap_or_else(Instant::now);
                self.timing.detect = Duration::ZERO;
                self.builder.start();
            }
            Some(Action::Cancel) => self.builder.cancel(),
            None => {}
        }
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Started(at) => {
                self.timing.detect = at.saturating_duration_since(self.timing.detected_at);
                let files = mem::take(&mut self.changed);
                self.send(LoopEvent::BuildStarted { files });
            }
            Report::Progress(line) => self.send(LoopEvent::Progress(line)),
            Report::Finished { outcome, build_time } => self.finish(outcome, build_time),
        }
    }

    fn finish(&mut self, outcome: BuildOutcome, build_time: Duration) {
        let cancelled = matches!(outcome, BuildOutcome::Cancelled);
        let made_from = match &outcome {
            BuildOutcome::Built(built) => Some(built.sources.clone()),
            _ => None,
        };
        // Control first: what follows here reads files and is in nobody's way.
        self.timing.build = build_time;
        self.send(if cancelled {
            LoopEvent::BuildCancelled
        } else {
            LoopEvent::BuildFinished { outcome, timing: self.timing }
        });
        let end = |sources: &mut Sources| sources.end_build(made_from.as_deref());
        let changed = self.sources.as_mut().map(end).unwrap_or_default();
        let now = Instant::now();
        self.policy.finished(now, cancelled);
        self.note(now, changed);
    }

    fn send(&self, event: LoopEvent) {
        (self.events)(event);
    }
}
