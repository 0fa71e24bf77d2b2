//! Faults: what a plugin did wrong, what is done about it, and how plugins are sent away.

use retake_engine::CommandKind;
use retake_host::{FailReason, PanicLine, PluginThread, Severity};
use serde_json::json;

use super::{Candidate, Control, FOREIGN_CALL_LIMIT, Failure, STATE_LIMIT, Step};
use crate::{
    report::{Tone, say},
    telemetry::Flag,
};

impl Control {
    /// The generation that sounds is broken.
    pub(in crate::control) fn on_fault(&mut self, number: u32, fault: &Fault<'_>) {
        self.shown.fault = self.tell_fault(number, fault);
        self.set_faulted(true);
        self.tell_state();
    }

    fn tell_fault(&mut self, number: u32, fault: &Fault<'_>) -> serde_json::Value {
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
        let heard = match action {
            "muted" => "its blocks are silence",
            "standby" => "the one before plays on",
            _ => "you hear the input until a fix",
        };
        let what = format!("{kind}{place}: {message}; {action}: {heard}");
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
                self.tell_fault(number, &Fault::of_panic(panic, "standby"));
            }
            return;
        }
        if self.reload.retiring.contains_key(&number) {
            let message = format!("generation {number} panicked on its way out: {panic}");
            say(Tone::Warning, "Plugin", message);
            return;
        }
        self.audio.command(CommandKind::Condemn { generation: number });
        self.on_fault(number, &Fault::of_panic(panic, "bypassed"));
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
            thread.busy_for().filter(|time| *time > FOREIGN_CALL_LIMIT).map(|_| number)
        };
        let Some(number) = self.reload.threads().find_map(stuck) else {
            return Ok(());
        };
        let message = format!("a call into generation {number} lasts longer than 5 s: abandoned");
        if self.reload.candidate.as_ref().is_some_and(|c| c.number == number) {
            return self.on_refused(number, FailReason::Timeout, &message, false);
        }
        // Dropping the handle leaves the thread to itself.
        if self.reload.retiring.remove(&number).is_some() {
            say(Tone::Warning, "Plugin", message);
            return self.on_end_of_retiring();
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
        if let Some(playing) = self.reload.playing.take() {
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

/// What is wrong with a generation, in the words of the `fault` event.
#[derive(Debug)]
pub(in crate::control) struct Fault<'a> {
    pub(in crate::control) kind: &'a str,
    pub(in crate::control) message: &'a str,
    pub(in crate::control) file: Option<&'a str>,
    pub(in crate::control) line: Option<u32>,
    pub(in crate::control) action: &'a str,
}

impl<'a> Fault<'a> {
    /// A fault without a place in the source.
    pub(in crate::control) fn of(kind: &'a str, message: &'a str, action: &'a str) -> Self {
        Self { kind, message, file: None, line: None, action }
    }

    fn of_panic(panic: &'a PanicLine, action: &'a str) -> Self {
        Self {
            kind: "panic",
            message: &panic.message,
            file: Some(&panic.file),
            line: Some(panic.line),
            action,
        }
    }
}
