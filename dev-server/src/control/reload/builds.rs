//! Builds: what the watch and build threads tell.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Artifact, Control, Failure, State};
use crate::{
    build::{self, Advice, BuildOutcome, Diagnostic, Level},
    report::{Tone, say},
    watch::{LoopEvent, Timing},
};

/// What the watch and build threads tell.
impl Control {
    pub(in crate::control) fn on_loop(&mut self, event: LoopEvent) -> Result<(), Failure> {
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
        if self.reload.playing.is_some() {
            return;
        }
        if self.parts.run.plugin.build.is_some() {
            say(Tone::Plain, "", line);
        } else if let Some((verb, what)) = build::status(line) {
            say(Tone::Good, verb, what);
        }
    }

    fn on_built(&mut self, outcome: BuildOutcome, timing: Timing) -> Result<(), Failure> {
        match outcome {
            BuildOutcome::Built(built) => {
                self.shown.build_failed = Value::Null;
                let lines: Vec<&Diagnostic> = built.warnings.iter().collect();
                print_diagnostics(&lines);
                if !built.fresh {
                    self.take_advice(&built.advice);
                }
                let (path, advice) = (built.artifact, built.advice);
                self.reload.waiting = Some(Artifact { path, timing, advice });
                self.take_up_artifact()
            }
            BuildOutcome::Failed { exit, diagnostics } => self.on_build_failed(exit, &diagnostics),
            _ => Ok(()),
        }
    }

    /// Says each kind once; pages see what holds of the newest build.
    fn take_advice(&mut self, advice: &[Advice]) {
        for Advice { what, message, .. } in advice {
            if self.reload.advised.insert(what) {
                say(Tone::Warning, "Slow build", message);
            }
        }
        self.shown.advice = advice.to_vec();
    }

    fn on_build_failed(
        &mut self,
        exit: Option<i32>,
        diagnostics: &[Diagnostic],
    ) -> Result<(), Failure> {
        print_diagnostics(&diagnostics.iter().collect::<Vec<_>>());
        let number = self.reload.number + 1;
        let fields = json!({ "generation": number, "exit": exit, "diagnostics": diagnostics });
        self.shown.build_failed = self.tell("build_failed", fields);
        self.set_state(State::BuildFailed);
        let is_error = |d: &&Diagnostic| d.level == Level::Error;
        let errors = match diagnostics.iter().filter(is_error).count() {
            1 => "1 error".to_owned(),
            n => format!("{n} errors"),
        };
        self.fail_unless_waiting(&format!("the build failed: {errors}"))?;
        let what = format!("{errors}; {}", self.what_plays_on());
        say(Tone::Error, "Failed", what);
        Ok(())
    }

    /// What a failure leaves sounding, in words.
    pub(in crate::control) fn what_plays_on(&self) -> String {
        match self.reload.playing_number() {
            Some(number) => format!("generation {number} plays on"),
            None if self.parts.is_watching => "waiting for a fix".into(),
            None => "nothing plays".into(),
        }
    }

    /// Without a watcher, what failed before the first sound stays failed.
    pub(in crate::control) fn fail_unless_waiting(&self, why: &str) -> Result<(), Failure> {
        let waits = self.parts.is_watching && self.parts.run.session.duration.is_none();
        if self.reload.playing.is_some() || waits {
            return Ok(());
        }
        Err(Failure::failed(why))
    }

    pub(in crate::control) fn set_state(&mut self, state: State) {
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
