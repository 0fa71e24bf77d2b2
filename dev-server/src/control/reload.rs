//! Builds, generations and the swap: from a finished build to the new code in the running signal.
//!
//! At most one candidate is on its way; a newer artifact waits until it has sounded or failed.
//! Until [`CommandKind::Swap`] is sent nothing that sounds has changed: every failure before it
//! leaves the old generation playing, and says so.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use retake_engine::{CommandKind, Fade, Generation, Layout};
use retake_host::{
    Activated, Carried, FailReason, News, Note, PanicLine, ParamInfo, ParamRef, PluginInfo,
    PluginThread, Request, Severity,
};
use serde_json::{Value, json};

use super::{Control, Failure, Message};
use crate::{
    build::{BuildOutcome, Diagnostic, Level},
    report::{Tone, say},
    telemetry::Flag,
    watch::{LoopEvent, Timing},
};

/// A foreign call that lasts longer is reported, and its generation abandoned.
const FOREIGN_CALL_LIMIT: Duration = Duration::from_secs(5);
/// How long the old generation may take to save its state.
const STATE_LIMIT: Duration = Duration::from_millis(500);
/// Length of the cross-fade.
const CROSS_FADE_MS: u32 = 20;
/// Length of fade-out plus fade-in.
const OUT_IN_MS: u32 = 10;
/// Share of the block that old and new together may take in a cross-fade.
const CROSS_FADE_LOAD: f32 = 0.8;

/// Where the reload stands; pages show these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Nothing was built yet.
    #[default]
    Idle,
    /// Cargo runs.
    Building,
    /// It failed; the diagnostics say why.
    BuildFailed,
    /// The library is whole and copied.
    Staged,
    /// It is mapped and its plugin found.
    Loaded,
    /// Its plugin can sound.
    Activated,
    /// Old and new sound together.
    Swapping,
    /// One generation sounds.
    Running,
    /// One sounds, the one before is being taken apart.
    Retiring,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// All generations that there are.
#[derive(Debug, Default)]
pub(super) struct Reload {
    pub(super) state: State,
    /// Number of the newest build that began.
    number: u32,
    /// The newest artifact that could not be taken up yet.
    waiting: Option<Artifact>,
    candidate: Option<Candidate>,
    playing: Option<Playing>,
    /// Threads that take a generation apart.
    retiring: BTreeMap<u32, PluginThread>,
    faulted: bool,
}

/// A library to load.
#[derive(Debug)]
struct Artifact {
    path: PathBuf,
    timing: Timing,
}

/// The generation on its way.
#[derive(Debug)]
struct Candidate {
    number: u32,
    artifact: Artifact,
    step: Step,
    /// Changes of parameters since the snapshot that this generation starts from.
    journal: Vec<(u32, f64)>,
    stage_ms: f64,
    load_ms: f64,
    lost_frames_before: u64,
}

#[derive(Debug)]
enum Step {
    /// The old generation was asked for its state.
    AwaitsState { since: Instant },
    /// Its thread stages, loads and activates.
    Loads { thread: PluginThread, info: Option<PluginInfo> },
    /// The engine was told to take it over.
    Swaps(Box<Ready>),
}

#[derive(Debug)]
struct Ready {
    playing: Playing,
    params: Vec<ParamInfo>,
    carried: Carried,
    sent_at: Instant,
}

/// The generation that sounds.
#[derive(Debug)]
struct Playing {
    number: u32,
    thread: PluginThread,
    info: PluginInfo,
    layout: Layout,
}

impl Reload {
    pub(super) fn playing_number(&self) -> Option<u32> {
        self.playing.as_ref().map(|p| p.number)
    }

    pub(super) fn playing_info(&self) -> Option<&PluginInfo> {
        self.playing.as_ref().map(|p| &p.info)
    }

    pub(super) fn is_faulted(&self) -> bool {
        self.faulted
    }

    /// The thread of the generation that sounds.
    pub(super) fn playing_thread(&self) -> Option<&PluginThread> {
        self.playing.as_ref().map(|p| &p.thread)
    }

    /// Notes a change that the candidate has to catch up with.
    pub(super) fn journal(&mut self, id: u32, value: f64) {
        if let Some(candidate) = &mut self.candidate {
            candidate.journal.push((id, value));
        }
    }

    /// Every thread that a plugin lives on, with its generation.
    fn threads(&self) -> impl Iterator<Item = (u32, &PluginThread)> {
        let candidate = self.candidate.as_ref().and_then(|c| match &c.step {
            Step::AwaitsState { .. } => None,
            Step::Loads { thread, .. } => Some((c.number, thread)),
            Step::Swaps(ready) => Some((c.number, &ready.playing.thread)),
        });
        let playing = self.playing.as_ref().map(|p| (p.number, &p.thread));
        let retiring = self.retiring.iter().map(|(number, thread)| (*number, thread));
        candidate.into_iter().chain(playing).chain(retiring)
    }
}

/// What the watch and build threads tell.
impl Control {
    pub(super) fn on_loop(&mut self, event: LoopEvent) -> Result<(), Failure> {
        match event {
            LoopEvent::BuildStarted { files } => self.on_build_started(&files),
            LoopEvent::Progress(line) => self.on_progress(&line),
            LoopEvent::BuildFinished { outcome, timing } => return self.on_built(outcome, timing),
            LoopEvent::BuildCancelled => {
                let number = self.reload.number + 1;
                self.parts.report.event("build_cancelled", json!({ "generation": number }));
            }
            LoopEvent::WatchFailed(why) => {
                say(Tone::Error, "Watching", format!("{why}; press r to rebuild by hand"));
            }
            LoopEvent::Changed { .. } => {}
        }
        Ok(())
    }

    fn on_build_started(&mut self, files: &[PathBuf]) {
        self.set_state(State::Building);
        let number = self.reload.number + 1;
        self.parts.report.event("build_started", json!({ "generation": number, "files": files }));
        if let Some(first) = files.first() {
            let name = first.file_name().unwrap_or(first.as_os_str()).to_string_lossy();
            let more = match files.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            say(Tone::Plain, "Changed", format!("{name}{more}"));
        }
    }

    /// Cargo's own words, as long as people wait for the first sound.
    fn on_progress(&mut self, line: &str) {
        if self.reload.playing.is_none() {
            let (verb, what) = line.trim().split_once(' ').unwrap_or(("", line));
            say(Tone::Good, verb, what);
        }
    }

    fn on_built(&mut self, outcome: BuildOutcome, timing: Timing) -> Result<(), Failure> {
        match outcome {
            BuildOutcome::Built(built) => {
                self.shown.build_failed = Value::Null;
                let lines: Vec<&Diagnostic> = built.warnings.iter().collect();
                print_diagnostics(&lines);
                self.reload.waiting = Some(Artifact { path: built.artifact, timing });
                self.take_up_artifact()
            }
            BuildOutcome::Failed { exit, diagnostics } => self.on_build_failed(exit, &diagnostics),
            _ => Ok(()),
        }
    }

    fn on_build_failed(
        &mut self,
        exit: Option<i32>,
        diagnostics: &[Diagnostic],
    ) -> Result<(), Failure> {
        print_diagnostics(&diagnostics.iter().collect::<Vec<_>>());
        let number = self.reload.number + 1;
        let fields = json!({ "generation": number, "exit": exit, "diagnostics": diagnostics });
        self.shown.build_failed = self.parts.report.event("build_failed", fields);
        self.set_state(State::BuildFailed);
        let errors = diagnostics.iter().filter(|d| d.level == Level::Error).count();
        say(Tone::Error, "Failed", format!("{errors} error(s); {}", self.what_plays_on()));
        self.fail_unless_waiting("the build failed")
    }

    /// What a failure leaves sounding, in words.
    fn what_plays_on(&self) -> String {
        match self.reload.playing_number() {
            Some(number) => format!("generation {number} plays on"),
            None if self.parts.is_watching => "waiting for a fix".into(),
            None => "nothing plays".into(),
        }
    }

    /// Without a watcher, what failed before the first sound stays failed.
    fn fail_unless_waiting(&self, why: &str) -> Result<(), Failure> {
        let waits = self.parts.is_watching && self.parts.run.session.duration.is_none();
        if self.reload.playing.is_some() || waits {
            return Ok(());
        }
        Err(Failure::failed(why))
    }

    pub(super) fn set_state(&mut self, state: State) {
        self.reload.state = state;
        self.tell_state();
    }
}

fn print_diagnostics(diagnostics: &[&Diagnostic]) {
    use std::io::Write;
    for diagnostic in diagnostics {
        // Nobody to tell: stderr is closed.
        let _ = writeln!(anstream::stderr().lock(), "{}", diagnostic.ansi.trim_end());
    }
}

/// From an artifact to an activated plugin.
impl Control {
    /// Begins with the newest artifact, if the devices are open and nothing else is on its way.
    pub(super) fn take_up_artifact(&mut self) -> Result<(), Failure> {
        let is_busy = self.reload.candidate.is_some() || !self.reload.retiring.is_empty();
        if is_busy || self.audio.shape().is_none() {
            return Ok(());
        }
        let Some(artifact) = self.reload.waiting.take() else { return Ok(()) };
        self.reload.number += 1;
        if let Some(playing) = &self.reload.playing {
            playing.thread.save_state();
        }
        self.reload.candidate = Some(Candidate {
            number: self.reload.number,
            artifact,
            step: Step::AwaitsState { since: Instant::now() },
            journal: Vec::new(),
            stage_ms: 0.0,
            load_ms: 0.0,
            lost_frames_before: self.parts.probe.lost_frames.get(),
        });
        if self.reload.playing.is_none() {
            return self.load_candidate(None);
        }
        Ok(())
    }

    /// Starts the candidate's own thread with what the old generation leaves it.
    fn load_candidate(&mut self, state: Option<Vec<u8>>) -> Result<(), Failure> {
        let (Some(shape), Some(candidate)) = (self.audio.shape(), &mut self.reload.candidate)
        else {
            return Ok(());
        };
        let is_first = self.reload.playing.is_none();
        let settings = if is_first { &self.parts.run.session.set[..] } else { &[] };
        let wanted = |s: &crate::cli::Setting| {
            let Ok(param) = s.param.parse::<ParamRef>();
            (param, s.value)
        };
        let request = Request {
            generation: candidate.number,
            artifact: candidate.artifact.path.clone(),
            staging: self.parts.staging.clone(),
            plugin_id: self.parts.run.plugin.plugin.clone(),
            rate: f64::from(shape.rate),
            max_block: shape.max_block,
            params: self.params.values(),
            set: settings.iter().map(wanted).collect(),
            state,
        };
        // The snapshot is taken: what changes from here on goes through the journal.
        candidate.journal.clear();
        let mailbox = self.parts.mailbox.clone();
        let notes = move |note| drop(mailbox.send(Message::Plugin(note)));
        match PluginThread::spawn(request, Box::new(notes)) {
            Ok(thread) => candidate.step = Step::Loads { thread, info: None },
            Err(error) => {
                let number = candidate.number;
                return self.on_refused(number, error.reason(), &error.to_string(), false);
            }
        }
        Ok(())
    }

    /// What a plugin's thread tells.
    pub(super) fn on_plugin(&mut self, note: Note) -> Result<(), Failure> {
        let number = note.generation;
        match note.news {
            News::Staged { stage_ms, .. } => self.on_candidate(number, State::Staged, |c| {
                c.stage_ms = stage_ms;
            }),
            News::Loaded { info: found, load_ms, .. } => {
                self.on_candidate(number, State::Loaded, |c| {
                    c.load_ms = load_ms;
                    if let Step::Loads { info, .. } = &mut c.step {
                        *info = Some(found);
                    }
                });
            }
            News::Activated(activated) => return self.on_activated(number, *activated),
            News::Failed { reason, message, is_usage } => {
                return self.on_refused(number, reason, &message, is_usage);
            }
            News::Log { severity, message } => self.on_log(number, severity, &message),
            News::Panicked(line) => self.on_panic(number, &line),
            News::ParamsChanged(list) => self.on_params_changed(number, list),
            News::State(state) => return self.on_state(state),
            News::ParamText { id, value, text, tag } => self.on_text(id, value, &text, tag),
            News::RestartRequested => self.on_log(
                number,
                Severity::Info,
                "asks to be restarted: save once more to do so",
            ),
            News::Gone { pinned } => return self.on_gone(number, pinned),
            _ => {}
        }
        Ok(())
    }

    fn on_candidate(&mut self, number: u32, state: State, note: impl FnOnce(&mut Candidate)) {
        if let Some(candidate) = self.reload.candidate.as_mut().filter(|c| c.number == number) {
            note(candidate);
            self.set_state(state);
        }
    }

    fn on_state(&mut self, state: Result<Option<Vec<u8>>, String>) -> Result<(), Failure> {
        if !self.awaits_state() {
            return Ok(());
        }
        let state = state.unwrap_or_else(|why| {
            say(Tone::Warning, "State", format!("the plugin could not save it: {why}"));
            None
        });
        self.load_candidate(state)
    }

    fn awaits_state(&self) -> bool {
        let step = self.reload.candidate.as_ref().map(|c| &c.step);
        matches!(step, Some(Step::AwaitsState { .. }))
    }

    fn on_activated(&mut self, number: u32, activated: Activated) -> Result<(), Failure> {
        let Some(mut candidate) = self.reload.candidate.take_if(|c| c.number == number) else {
            return self.on_reactivated(number, activated);
        };
        let Step::Loads { thread, info: Some(info) } = candidate.step else { return Ok(()) };
        let Some(shape) = self.audio.shape() else { return Ok(()) };
        candidate.load_ms += activated.activate_ms;
        self.set_state(State::Activated);
        let generation = Generation::new(number, activated.processor, shape)
            .with_journal(&candidate.journal);
        let layout = activated.layout;
        candidate.step = Step::Swaps(Box::new(Ready {
            playing: Playing { number, thread, info, layout },
            params: activated.params,
            carried: activated.carried,
            sent_at: Instant::now(),
        }));
        let params = match &candidate.step {
            Step::Swaps(ready) => ready.params.clone(),
            _ => Vec::new(),
        };
        self.reload.candidate = Some(candidate);
        let generation = Box::new(generation);
        if self.audio.is_running() {
            let fade = self.fade_to(layout, shape.rate);
            self.audio.command(CommandKind::Swap(generation, fade));
            self.set_state(State::Swapping);
            return Ok(());
        }
        self.params.replace(params);
        self.start_engine(generation)
    }

    /// The generation that played on other devices is ready for the new ones.
    fn on_reactivated(&mut self, number: u32, activated: Activated) -> Result<(), Failure> {
        let (Some(shape), Some(playing)) = (self.audio.shape(), &mut self.reload.playing) else {
            return Ok(());
        };
        if playing.number != number {
            return Ok(());
        }
        playing.layout = activated.layout;
        let generation = Generation::new(number, activated.processor, shape);
        self.start_engine(Box::new(generation))
    }

    /// A cross-fade, unless both together would not fit or their channels differ.
    fn fade_to(&self, next: Layout, rate: u32) -> Fade {
        let same_channels = self.reload.playing.as_ref().is_none_or(|p| {
            (p.layout.n_input, p.layout.n_output) == (next.n_input, next.n_output)
        });
        // The new one was not heard yet: it is taken to cost what the old one costs.
        let both = 2.0 * self.parts.telemetry.load().mean;
        let frames = |ms: u32| (rate * ms / 1_000).max(2) as usize;
        if same_channels && both <= CROSS_FADE_LOAD {
            return Fade::Cross { frames: frames(CROSS_FADE_MS) };
        }
        let why = if same_channels { "the load leaves no room for both" } else { "other channels" };
        say(Tone::Plain, "Swapping", format!("by fade-out and fade-in: {why}"));
        Fade::OutIn { frames: frames(OUT_IN_MS) }
    }

    fn on_refused(
        &mut self,
        number: u32,
        reason: FailReason,
        message: &str,
        is_usage: bool,
    ) -> Result<(), Failure> {
        if self.reload.candidate.take_if(|c| c.number == number).is_none() {
            say(Tone::Error, "Plugin", format!("generation {number}: {message}"));
            return Ok(());
        }
        let fields = json!({
            "generation": number,
            "reason": reason,
            "message": message,
            "keeps": self.reload.playing_number(),
        });
        self.shown.refused = self.parts.report.event("reload_failed", fields);
        say(Tone::Error, "Refused", format!("{message}; {}", self.what_plays_on()));
        let state = if self.reload.playing.is_some() { State::Running } else { State::Idle };
        self.set_state(state);
        if is_usage && self.reload.playing.is_none() {
            return Err(Failure::usage(message));
        }
        self.fail_unless_waiting(message)?;
        self.take_up_artifact()
    }
}

/// From the swap to silence of the old one.
impl Control {
    /// The first block of a generation is on its way to the device.
    pub(super) fn on_sounding(&mut self, number: u32) {
        let Some(candidate) = self.reload.candidate.take_if(|c| c.number == number) else { return };
        let Step::Swaps(ready) = candidate.step else { return };
        let Ready { playing, params, carried, sent_at } = *ready;
        let latency = playing.layout.latency_frames;
        let now = Instant::now();
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let timing = candidate.artifact.timing;
        let is_first = self.reload.playing.is_none();
        let lost = self.parts.probe.lost_frames.get() - candidate.lost_frames_before;
        let fields = json!({
            "generation": number,
            "first": is_first,
            "plugin": playing.info,
            "detect_ms": ms(timing.detect),
            "build_ms": ms(timing.build),
            "stage_ms": candidate.stage_ms,
            "load_ms": candidate.load_ms,
            "swap_ms": ms(now - sent_at),
            "save_to_sound_ms": ms(now - timing.detected_at),
            "lost_frames": lost,
            "latency_frames": latency,
            "params": carried,
        });
        say_reloaded(&fields);
        self.shown.reloaded = self.parts.report.event("reloaded", fields);
        (self.shown.fault, self.shown.refused) = (Value::Null, Value::Null);
        self.parts.telemetry.set_generation(number, self.audio.latency_frames() + latency);
        self.set_faulted(false);
        self.params.replace(params);
        for (id, value) in candidate.journal {
            self.params.arrived(id, value);
        }
        self.parts.report.notify("params_changed", &json!({}));
        if let Some(old) = self.reload.playing.replace(playing) {
            self.reload.retiring.insert(old.number, old.thread);
            self.set_state(State::Retiring);
        } else {
            self.set_state(State::Running);
        }
    }

    /// The engine gave a generation back: its own thread takes it apart.
    pub(super) fn on_retired(&mut self, generation: Generation) {
        if let Some(thread) = self.reload.retiring.get(&generation.number()) {
            thread.retire(generation.into_processor());
        }
    }

    fn on_gone(&mut self, number: u32, pinned: bool) -> Result<(), Failure> {
        if pinned {
            let why = "the system keeps its library mapped (thread-locals with destructors)";
            self.on_log(number, Severity::Info, why);
        }
        self.reload.retiring.remove(&number);
        if self.reload.state == State::Retiring && self.reload.retiring.is_empty() {
            self.set_state(State::Running);
        }
        self.take_up_artifact()
    }

    /// A generation is broken: bypass it for good.
    pub(super) fn on_fault(&mut self, number: u32, fault: &Fault<'_>) {
        let fields = json!({
            "generation": number,
            "kind": fault.kind,
            "message": fault.message,
            "file": fault.file,
            "line": fault.line,
            "action": fault.action,
        });
        let place = match (fault.file, fault.line) {
            (Some(file), Some(line)) => format!(" at {file}:{line}"),
            _ => String::new(),
        };
        let (kind, message, action) = (fault.kind, fault.message, fault.action);
        say(Tone::Error, "Fault", format!("{kind}{place}: {message}; {action}"));
        self.shown.fault = self.parts.report.event("fault", fields);
        self.set_faulted(true);
        self.tell_state();
    }

    fn on_panic(&mut self, number: u32, panic: &PanicLine) {
        self.audio.command(CommandKind::Condemn { generation: number });
        self.on_fault(
            number,
            &Fault {
                kind: "panic",
                message: &panic.message,
                file: Some(&panic.file),
                line: Some(panic.line),
                action: "bypassed",
            },
        );
    }

    fn set_faulted(&mut self, on: bool) {
        self.reload.faulted = on;
        self.parts.telemetry.set(Flag::Faulted, on);
    }

    fn on_log(&mut self, number: u32, severity: Severity, message: &str) {
        let tone = if severity >= Severity::Warning { Tone::Warning } else { Tone::Plain };
        say(tone, "Plugin", format!("generation {number}: {message}"));
        self.parts.report.notify("log", &json!({ "level": severity, "message": message }));
    }

    fn on_params_changed(&mut self, number: u32, list: Vec<ParamInfo>) {
        if self.reload.playing_number() == Some(number) {
            self.params.replace(list);
            self.parts.report.notify("params_changed", &json!({}));
        }
    }

    /// The text of a value that a block has carried: now the pages know it as well.
    fn on_text(&mut self, id: u32, value: f64, text: &str, frame: u64) {
        self.params.written(id, text);
        let param = json!({ "id": id, "value": value, "text": text, "frame": frame });
        self.parts.report.notify("param", &param);
    }

    /// Foreign code that does not come back: reported, and left behind.
    pub(super) fn watch_plugins(&mut self) -> Result<(), Failure> {
        if let Some(Candidate { step: Step::AwaitsState { since }, .. }) = &self.reload.candidate
            && since.elapsed() > STATE_LIMIT
        {
            say(Tone::Warning, "State", "the plugin takes too long to save it: parameters only");
            self.load_candidate(None)?;
        }
        let stuck = |(number, thread): (u32, &PluginThread)| {
            thread.busy_for().filter(|time| *time > FOREIGN_CALL_LIMIT).map(|_| number)
        };
        let Some(number) = self.reload.threads().find_map(stuck) else { return Ok(()) };
        let message = format!("a call into generation {number} lasts longer than 5 s: abandoned");
        // Dropping the handle leaves the thread to itself.
        self.reload.retiring.remove(&number);
        if self.reload.candidate.as_ref().is_some_and(|c| c.number == number) {
            return self.on_refused(number, FailReason::Timeout, &message, false);
        }
        Ok(())
    }

    /// Asks all plugin threads to end; those that swap or play get their processor by `on_retired`.
    pub(super) fn dismiss_plugins(&mut self) {
        self.reload.waiting = None;
        if let Some(candidate) = self.reload.candidate.take() {
            match candidate.step {
                Step::AwaitsState { .. } => {}
                Step::Loads { thread, .. } => {
                    thread.shutdown();
                    self.reload.retiring.insert(candidate.number, thread);
                }
                Step::Swaps(ready) => {
                    self.reload.retiring.insert(candidate.number, ready.playing.thread);
                }
            }
        }
        if let Some(playing) = self.reload.playing.take() {
            self.reload.retiring.insert(playing.number, playing.thread);
        }
    }

    /// Whether every plugin is destroyed and unloaded.
    pub(super) fn all_plugins_gone(&self) -> bool {
        self.reload.retiring.is_empty()
    }
}

/// What is wrong with a generation, in the words of the `fault` event.
#[derive(Debug)]
pub(super) struct Fault<'a> {
    pub(super) kind: &'a str,
    pub(super) message: &'a str,
    pub(super) file: Option<&'a str>,
    pub(super) line: Option<u32>,
    pub(super) action: &'a str,
}

impl<'a> Fault<'a> {
    /// A fault without a place in the source.
    pub(super) fn of(kind: &'a str, message: &'a str, action: &'a str) -> Self {
        Self { kind, message, file: None, line: None, action }
    }
}

fn say_reloaded(fields: &Value) {
    let ms = |name: &str| fields[name].as_f64().unwrap_or_default();
    let verb = if fields["first"] == true { "Playing" } else { "Reloaded" };
    let what = format!(
        "{} {}, generation {}: {:.0} ms (detect {:.1} · build {:.0} · stage {:.1} · load {:.1} · swap {:.1})",
        fields["plugin"]["name"].as_str().unwrap_or_default(),
        fields["plugin"]["version"].as_str().unwrap_or_default(),
        fields["generation"],
        ms("save_to_sound_ms"),
        ms("detect_ms"),
        ms("build_ms"),
        ms("stage_ms"),
        ms("load_ms"),
        ms("swap_ms"),
    );
    say(Tone::Good, verb, what);
}
