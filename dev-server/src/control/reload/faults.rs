//! Faults: what a plugin did wrong, what is done about it, and how plugins are sent away.

use retake_engine::CommandKind;
use retake_host::{
    CrashKind, FailReason, PanicLine, PluginThread, Severity, Signal, StackFrame, VetFinding,
    VetKind,
};
use serde_json::{Value, json};

use super::{Candidate, Control, FOREIGN_CALL_LIMIT, Failure, STATE_LIMIT, Step, TRIAL_LIMIT};
use crate::{
    report::{Tone, say},
    telemetry::Flag,
};

impl Candidate {
    /// What it is played, as far as that is known.
    fn signal(&self) -> Option<Signal> {
        matches!(self.step, Step::Warms(_)).then_some(Signal::Replay)
    }

    /// Whether it is, or was at its end, in a block.
    fn is_on_trial(&self) -> bool {
        match &self.step {
            Step::AwaitsState { .. } => false,
            Step::Loads { thread, .. } => thread.is_on_trial(),
            Step::Warms(_) | Step::Swaps(_) => true,
        }
    }
}

impl Control {
    /// A generation that sounds, or did a moment ago, is broken.
    pub(in crate::control) fn on_fault(&mut self, number: u32, fault: &Fault) {
        self.shown.fault = self.tell_fault(number, fault);
        let is_heard = self.reload.playing_number() == Some(number);
        self.set_faulted(is_heard);
        self.tell_state();
    }

    fn tell_fault(&mut self, number: u32, fault: &Fault) -> Value {
        let fields = json!({
            "generation": number,
            "kind": fault.kind,
            "message": fault.message,
            "file": fault.file,
            "line": fault.line,
            "stack": fault.stack,
            "signal": fault.signal,
            "action": fault.action,
        });
        let place = match (&fault.file, fault.line) {
            (Some(file), Some(line)) => format!(" at {file}:{line}"),
            _ => String::new(),
        };
        let heard = match fault.action {
            "muted" => "its blocks are silence",
            "standby" => "the one before plays on",
            _ => "you hear the input until a fix",
        };
        let Fault { kind, message, action, .. } = fault;
        let what = format!("generation {number}, {kind}{place}: {message}; {action}: {heard}");
        say(Tone::Error, "Fault", what);
        self.parts.report.event("fault", fields)
    }

    pub(in crate::control) fn on_panic(&mut self, number: u32, panic: &PanicLine) {
        let is_silent = |c: &&mut Candidate| {
            c.number == number && matches!(c.step, Step::Loads { .. } | Step::Warms(_))
        };
        if let Some(candidate) = self.reload.candidate.as_mut().filter(is_silent) {
            // It never sounded: its refusal follows and names the place.
            candidate.panic = Some(panic.clone());
            if matches!(candidate.step, Step::Warms(_)) {
                self.tell_fault(number, &Fault::of_panic(panic).with_action("standby"));
            }
            return;
        }
        let has_failed = self.reload.troubles.has(number);
        let is_playing = self.reload.playing_number() == Some(number)
            || self.reload.candidate.as_ref().is_some_and(|c| c.number == number);
        if is_playing && !has_failed {
            self.audio.command(CommandKind::Condemn { generation: number });
        }
        if is_playing || has_failed {
            self.explain(number, Fault::of_panic(panic));
        } else if self.reload.behind.has(number) {
            self.drop_standby(number, &format!("it panicked: {panic}"));
        } else {
            let message = format!("generation {number} panicked on its way out: {panic}");
            say(Tone::Warning, "Plugin", message);
        }
    }

    /// The process of a generation ended before its time.
    ///
    /// # Errors
    /// What ends the session when a candidate is refused.
    pub(in crate::control) fn on_crashed(
        &mut self,
        number: u32,
        crash: Crash,
    ) -> Result<(), Failure> {
        if crash.what == CrashKind::Hang {
            self.quarantine(self.reload.inside.hash_of(number));
        }
        if let Some(candidate) = self.reload.candidate.as_ref().filter(|c| c.number == number) {
            let (signal, is_on_trial) = (candidate.signal(), candidate.is_on_trial());
            return self.on_refused(number, &Refusal::of_crash(signal, is_on_trial, crash));
        }
        let is_playing = self.reload.playing_number() == Some(number);
        if is_playing || self.reload.troubles.has(number) {
            self.explain(number, Fault::of_crash(crash));
        } else if self.reload.behind.has(number) {
            self.drop_standby(number, &crash.message);
        } else {
            let message = format!("generation {number} on its way out: {}", crash.message);
            say(Tone::Warning, "Plugin", message);
        }
        Ok(())
    }

    pub(in crate::control) fn set_faulted(&mut self, on: bool) {
        self.reload.faulted = on;
        self.parts.telemetry.set(Flag::Faulted, on);
    }

    pub(in crate::control) fn on_log(&mut self, number: u32, severity: Severity, message: &str) {
        let tone = if severity >= Severity::Warning { Tone::Warning } else { Tone::Plain };
        say(tone, "Plugin", format!("generation {number}: {message}"));
        let level = match severity {
            Severity::Debug => "debug",
            Severity::Info => "info",
            Severity::Warning => "warning",
            _ => "error",
        };
        self.parts.report.notify("log", &json!({ "level": level, "message": message }));
    }

    /// Foreign code that does not come back: reported, and left behind.
    pub(in crate::control) fn watch_plugins(&mut self) -> Result<(), Failure> {
        if let Some(Candidate { step: Step::AwaitsState { since }, .. }) = &self.reload.candidate
            && since.elapsed() > STATE_LIMIT
        {
            say(Tone::Warning, "State", "the plugin takes too long to save it: parameters only");
            self.load_candidate(None)?;
        }
        let stuck = |(number, thread): (u32, &PluginThread)| {
            let is_on_trial = thread.is_on_trial();
            let limit = if is_on_trial { TRIAL_LIMIT } else { FOREIGN_CALL_LIMIT };
            // A process is ended by those who wait for it, and its end is told.
            let time = thread.busy_for().filter(|time| *time > limit && !thread.is_isolated());
            time.map(|_| (number, is_on_trial))
        };
        let Some((number, is_on_trial)) = self.reload.threads().find_map(stuck) else {
            return Ok(());
        };
        let limit = if is_on_trial { TRIAL_LIMIT } else { FOREIGN_CALL_LIMIT };
        let seconds = limit.as_secs_f32();
        let message =
            format!("a call into generation {number} lasts longer than {seconds} s: abandoned");
        if let Some(candidate) = self.reload.candidate.as_ref().filter(|c| c.number == number) {
            let signal = candidate.signal();
            self.quarantine(self.reload.inside.hash_of(number));
            return self.on_refused(number, &Refusal::of_hang(is_on_trial, signal, &message));
        }
        // Dropping the handle leaves the thread to itself.
        if self.reload.retiring.remove(&number).is_some() {
            say(Tone::Warning, "Plugin", message);
            return self.on_end_of_retiring();
        }
        if self.reload.behind.take(number).is_some() {
            self.drop_standby(number, &message);
        }
        Ok(())
    }

    /// Asks all plugin threads to end; those that swap or play get their processor by `on_retired`.
    pub(in crate::control) fn dismiss_plugins(&mut self) {
        self.reload.waiting = None;
        if let Some(candidate) = self.reload.candidate.take() {
            match candidate.step {
                Step::AwaitsState { .. } => {}
                Step::Loads { thread, .. } => self.dismiss(candidate.number, thread),
                Step::Warms(ready) | Step::Swaps(ready) => {
                    self.dismiss(candidate.number, ready.playing.thread);
                }
            }
        }
        let behind = self.reload.behind.take_all();
        let alive = self.reload.playing.take().into_iter().chain(behind);
        for playing in alive.filter(|playing| !playing.is_gone) {
            self.dismiss(playing.number, playing.thread);
        }
    }

    /// Its thread ends once its processor came back or was dropped; until then it is waited for.
    pub(in crate::control) fn dismiss(&mut self, number: u32, thread: PluginThread) {
        thread.shutdown();
        self.reload.retiring.insert(number, thread);
    }

    /// Whether every plugin is destroyed and unloaded.
    pub(in crate::control) fn all_plugins_gone(&self) -> bool {
        self.reload.retiring.is_empty()
    }
}

/// How a process ended.
#[derive(Debug)]
pub(in crate::control) struct Crash {
    pub(in crate::control) what: CrashKind,
    pub(in crate::control) message: String,
    pub(in crate::control) stack: Vec<StackFrame>,
}

impl Crash {
    fn kind(&self) -> &'static str {
        match self.what {
            CrashKind::Hang => "hang",
            CrashKind::OverBudget => "over_budget",
            _ => "crash",
        }
    }
}

/// What is wrong with a generation, in the words of the `fault` event.
#[derive(Debug, Clone)]
pub(in crate::control) struct Fault {
    pub(in crate::control) kind: &'static str,
    pub(in crate::control) message: String,
    pub(in crate::control) file: Option<String>,
    pub(in crate::control) line: Option<u32>,
    pub(in crate::control) stack: Vec<StackFrame>,
    /// The system's number of the signal that ended its process.
    pub(in crate::control) signal: Option<i32>,
    pub(in crate::control) action: &'static str,
}

impl Fault {
    /// A fault without a place in the source; you hear the input.
    pub(in crate::control) fn of(kind: &'static str, message: &str) -> Self {
        Self {
            kind,
            message: message.to_owned(),
            file: None,
            line: None,
            stack: Vec::new(),
            signal: None,
            action: "bypassed",
        }
    }

    pub(in crate::control) fn with_action(self, action: &'static str) -> Self {
        Self { action, ..self }
    }

    fn of_panic(panic: &PanicLine) -> Self {
        let (file, line) = (Some(panic.file.clone()), Some(panic.line));
        Self { file, line, ..Self::of("panic", &panic.message) }
    }

    fn of_crash(crash: Crash) -> Self {
        let place = StackFrame::place(&crash.stack);
        Self {
            file: place.and_then(|frame| frame.file.clone()),
            line: place.and_then(|frame| frame.line),
            signal: if let CrashKind::Signal(signal) = crash.what { Some(signal) } else { None },
            ..Self::of(crash.kind(), &crash.message)
        }
        .with_stack(crash.stack)
    }

    fn with_stack(self, stack: Vec<StackFrame>) -> Self {
        Self { stack, ..self }
    }
}

/// Why a candidate is not admitted, in the words of the `reload_failed` event.
#[derive(Debug)]
pub(in crate::control) struct Refusal {
    pub(in crate::control) reason: FailReason,
    pub(in crate::control) message: String,
    /// The command line is to blame.
    pub(in crate::control) is_usage: bool,
    pub(in crate::control) findings: Vec<VetFinding>,
    /// Its thread does not come back: it is left to itself.
    pub(in crate::control) is_stuck: bool,
    pub(in crate::control) file: Option<String>,
    pub(in crate::control) line: Option<u32>,
    pub(in crate::control) stack: Vec<StackFrame>,
}

impl Refusal {
    /// A refusal that nothing more is known of.
    pub(in crate::control) fn of(reason: FailReason, message: &str) -> Self {
        Self {
            reason,
            message: message.to_owned(),
            is_usage: false,
            findings: Vec::new(),
            is_stuck: false,
            file: None,
            line: None,
            stack: Vec::new(),
        }
    }

    /// In a block it is the build that is refused; elsewhere it may be what the plugin waits for.
    fn of_hang(is_on_trial: bool, signal: Option<Signal>, message: &str) -> Self {
        let reason = if is_on_trial { FailReason::Refused } else { FailReason::Timeout };
        let finding = VetFinding { signal, kind: VetKind::Hang, message: message.to_owned() };
        Self { is_stuck: true, findings: vec![finding], ..Self::of(reason, message) }
    }

    fn of_crash(signal: Option<Signal>, is_on_trial: bool, crash: Crash) -> Self {
        let is_hang = crash.what == CrashKind::Hang;
        let Fault { kind, file, line, stack, message, .. } = Fault::of_crash(crash);
        let refusal = if is_hang {
            Self { is_stuck: false, ..Self::of_hang(is_on_trial, signal, &message) }
        } else {
            let is_slow = kind == "over_budget";
            let kind = if is_slow { VetKind::OverBudget } else { VetKind::Crash };
            let finding = VetFinding { signal, kind, message: message.clone() };
            Self { findings: vec![finding], ..Self::of(FailReason::Refused, &message) }
        };
        Self { file, line, stack, ..refusal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: Option<&str>, line: Option<u32>) -> StackFrame {
        StackFrame { function: function.into(), file: file.map(str::to_owned), line }
    }

    #[test]
    fn the_place_of_a_crash_is_the_first_line_of_the_authors_own() {
        let stack = vec![
            frame("memcpy", None, None),
            frame("core::ptr::read", Some("/rustc/abc/library/core/src/ptr.rs"), Some(9)),
            frame("dasp", Some("/home/me/.cargo/registry/src/x/dasp/src/lib.rs"), Some(8)),
            frame("gain::process", Some("/home/me/gain/src/lib.rs"), Some(41)),
            frame("gain::outer", Some("/home/me/gain/src/lib.rs"), Some(77)),
        ];
        let crash = Crash { what: CrashKind::Signal(11), message: "segfault".into(), stack };
        let fault = Fault::of_crash(crash);
        assert_eq!((fault.kind, fault.signal), ("crash", Some(11)));
        assert_eq!(fault.file.as_deref(), Some("/home/me/gain/src/lib.rs"));
        assert_eq!((fault.line, fault.stack.len()), (Some(41), 5));
    }

    #[test]
    fn where_only_foreign_lines_are_known_the_innermost_is_named() {
        let stack = vec![
            frame("abort", None, None),
            frame("std::abort", Some("/rustc/abc/library/std/src/process.rs"), Some(5)),
        ];
        let crash = Crash { what: CrashKind::Hang, message: "hangs".into(), stack };
        let fault = Fault::of_crash(crash);
        assert_eq!((fault.kind, fault.line, fault.signal), ("hang", Some(5), None));
    }
}
