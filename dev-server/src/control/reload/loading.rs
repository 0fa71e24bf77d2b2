//! Loading: from an artifact to an activated plugin that the engine is told to take over.

use std::time::Instant;

use retake_engine::Generation;
use retake_host::{
    Activated, Admission, FailReason, Isolation, News, Note, ParamRef, Patience, PluginThread,
    Request,
};
use serde_json::json;

use super::{
    Candidate, Control, Failure, Handover, Message, Playing, Ready, State, Step, events_of,
    faults::{Crash, Refusal},
};
use crate::{
    cli::{ClockArg, IsolationArg, Run},
    report::{Tone, say},
};

/// From an artifact to an activated plugin.
impl Control {
    /// Begins with the newest artifact, if the devices are open and nothing else is on its way.
    pub(in crate::control) fn take_up_artifact(&mut self) -> Result<(), Failure> {
        let reload = &self.reload;
        let is_moving = reload.candidate.is_some() || reload.handover != Handover::None;
        let is_busy = is_moving || !reload.retiring.is_empty();
        let Some(shape) = self.audio.shape().filter(|_| !is_busy) else {
            return Ok(());
        };
        let Some(artifact) = self.reload.waiting.take() else {
            return Ok(());
        };
        self.reload.number += 1;
        self.reload.newest_library = Some(artifact.path.clone());
        let recalled = self.reload.recalled_state.take();
        self.reload.candidate = Some(Candidate {
            number: self.reload.number,
            artifact,
            step: Step::AwaitsState { since: Instant::now() },
            is_recall: recalled.is_some(),
            journal: Vec::new(),
            shape,
            panic: None,
            warnings: Vec::new(),
            stage_ms: 0.0,
            load_ms: 0.0,
            vet_ms: 0.0,
            lost_frames_before: self.parts.counters.sum(|probe| &probe.lost_frames),
        });
        match &self.reload.playing {
            Some(playing) if recalled.is_none() && !self.reload.leaves_state => {
                playing.thread.save_state();
            }
            _ => return self.load_candidate(recalled),
        }
        Ok(())
    }

    /// Starts the candidate's own thread with what the old generation leaves it.
    pub(in crate::control) fn load_candidate(
        &mut self,
        state: Option<Vec<u8>>,
    ) -> Result<(), Failure> {
        let (Some(shape), Some(format), Some(candidate)) =
            (self.audio.shape(), self.audio.plugin_format(), &mut self.reload.candidate)
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
            generation: candidate.number.into(),
            artifact: candidate.artifact.path.clone(),
            staging: self.parts.staging.clone(),
            plugin_id: self.parts.run.plugin.plugin.clone(),
            format,
            is_guarded: false,
            params: self.params.values(),
            set: settings.iter().map(wanted).collect(),
            state,
            start: self.presets.start.clone().filter(|_| is_first).map(crate::store::Start::ask),
            admission: Admission {
                is_waived: self.parts.run.safety.admit_anyway,
                quarantine: self.presets.quarantine.clone(),
            },
            isolation: isolation(&self.parts.run),
            patience: patience(&self.parts.run),
            // This very program, even when its file was built anew meanwhile.
            executable: "/proc/self/exe".into(),
        };
        // The snapshot is taken: what changes from here on goes through the journal.
        candidate.journal.clear();
        candidate.shape = shape;
        let mailbox = self.parts.mailbox.clone();
        let notes = move |note| drop(mailbox.send(Message::Plugin(note)));
        match PluginThread::spawn(request, Box::new(notes)) {
            Ok(thread) => candidate.step = Step::Loads { thread, info: None },
            Err(error) => {
                let number = candidate.number;
                let refusal = Refusal::of(error.reason(), &error.to_string());
                return self.on_refused(number, &refusal);
            }
        }
        Ok(())
    }

    /// What a plugin's thread tells.
    pub(in crate::control) fn on_plugin(&mut self, note: Note) -> Result<(), Failure> {
        let number = u32::try_from(note.generation).unwrap_or(u32::MAX);
        match note.news {
            News::Staged { stage_ms, hash } => {
                self.reload.inside.note_hash(number, hash);
                self.on_candidate(number, State::Staged, |c| c.stage_ms = stage_ms);
            }
            News::Loaded { info, load_ms, .. } => self.on_candidate(number, State::Loaded, |c| {
                c.note_loaded(info, load_ms);
            }),
            News::Vetted { warnings, vet_ms } => self.on_candidate(number, State::Loaded, |c| {
                (c.warnings, c.vet_ms) = (warnings, vet_ms);
            }),
            News::Activated(activated) => return self.on_activated(number, *activated),
            News::Warmed { generation, frames, load, warnings } => {
                self.on_candidate(number, State::Activated, |c| c.warnings.extend(warnings));
                return self.on_warmed(*generation, frames, load);
            }
            News::Failed { reason, message, is_usage, findings } => {
                let refusal = Refusal::of(reason, &message);
                return self.on_refused(number, &Refusal { is_usage, findings, ..refusal });
            }
            News::Crashed { what, message, stack } => {
                return self.on_crashed(number, Crash { what, message, stack });
            }
            News::State(state) => return self.on_state(state),
            News::Gone { pinned } => return self.on_gone(number, pinned),
            news => self.on_living(number, news),
        }
        Ok(())
    }

    /// What a plugin tells while it lives.
    fn on_living(&mut self, number: u32, news: News) {
        match news {
            News::Log { severity, message } => self.on_log(number, severity, &message),
            News::RestartWanted { why } => self.restart(number, why),
            News::PortsChanged(ports) => self.on_ports_renamed(number, ports),
            News::ParamValue { tag, value, text, .. } => self.on_value_of_text(tag, value, &text),
            News::Panicked(line) => self.on_panic(number, &line),
            News::ParamsChanged(list) => self.on_params_changed(number, list),
            News::StateDirty => self.presets.note_move(),
            News::ParamText { id, value, text, tag } => self.on_text(id, value, &text, tag),
            News::Audit(findings) => self.on_audit(number, findings),
            News::Isolated { pid, pinned, priority, lacks } => {
                self.on_isolated(
                    number,
                    json!({
                        "mode": "process",
                        "pid": pid,
                        "pinned": pinned,
                        "priority": priority,
                        "lacks": lacks,
                    }),
                );
            }
            _ => {}
        }
    }

    fn on_candidate(&mut self, number: u32, state: State, note: impl FnOnce(&mut Candidate)) {
        if let Some(candidate) = self.reload.candidate.as_mut().filter(|c| c.number == number) {
            note(candidate);
            self.set_state(state);
        }
    }

    fn on_state(&mut self, state: Result<Option<Vec<u8>>, String>) -> Result<(), Failure> {
        self.on_state_to_keep(&state)?;
        if !self.awaits_state() {
            return Ok(());
        }
        let state = state.unwrap_or_else(|why| {
            say(Tone::Warning, "State", format!("the plugin could not save it: {why}"));
            None
        });
        self.load_candidate(state)
    }

    pub(in crate::control) fn awaits_state(&self) -> bool {
        let step = self.reload.candidate.as_ref().map(|c| &c.step);
        matches!(step, Some(Step::AwaitsState { .. }))
    }

    /// The plugin can sound: to the engine with it as the first, or to its warm-up.
    fn on_activated(&mut self, number: u32, activated: Activated) -> Result<(), Failure> {
        let Some(mut candidate) = self.reload.candidate.take_if(|c| c.number == number) else {
            return self.on_reactivated(number, activated);
        };
        let (Step::Loads { thread, info: Some(info) }, Some(shape), Some(format)) =
            (candidate.step, self.audio.shape(), self.audio.plugin_format())
        else {
            return Ok(());
        };
        candidate.load_ms += activated.activate_ms;
        if shape != candidate.shape {
            // The devices changed meanwhile.
            thread.reactivate(activated.processor, format);
            candidate.step = Step::Loads { thread, info: Some(info) };
            self.reload.candidate = Some(Candidate { shape, ..candidate });
            return Ok(());
        }
        self.set_state(State::Activated);
        let Activated { processor, layout, ports, takes_notes, meters, params, carried, .. } =
            activated;
        let generation = Generation::new(number, processor, shape);
        let playing = Playing {
            number,
            thread,
            info,
            layout,
            ports,
            takes_notes,
            meters,
            format,
            params: Vec::new(),
            is_gone: false,
        };
        let ready = Box::new(Ready::new(playing, params, carried));
        if self.audio.is_running() {
            // What a preset's state replaces must not come back with the past.
            let cold = if candidate.is_recall {
                Some(generation)
            } else {
                self.warm_up(generation, &ready);
                None
            };
            candidate.step = Step::Warms(ready);
            self.reload.candidate = Some(candidate);
            return cold.map_or(Ok(()), |generation| self.on_warmed(generation, 0, 0.0));
        }
        self.params.replace(ready.params.clone());
        let generation = generation.with_journal(events_of(&candidate.journal));
        candidate.step = Step::Swaps(ready);
        self.reload.candidate = Some(candidate);
        self.start_engine(Box::new(generation))
    }

    /// A generation that never sounded, because the devices changed under it: its library is taken
    /// up again afterwards.
    pub(in crate::control) fn postpone(&mut self, generation: Generation) {
        let Some(candidate) = self.reload.candidate.take_if(|c| c.number == generation.number())
        else {
            return;
        };
        if let Step::Warms(ready) | Step::Swaps(ready) = candidate.step {
            self.reload.retiring.insert(candidate.number, ready.playing.thread);
        }
        self.on_retired(generation);
        self.reload.waiting.get_or_insert(candidate.artifact);
    }

    pub(in crate::control) fn on_refused(
        &mut self,
        number: u32,
        refusal: &Refusal,
    ) -> Result<(), Failure> {
        let refused = self.reload.candidate.take_if(|c| c.number == number);
        let Some(Candidate { step, panic, artifact, is_recall, .. }) = refused else {
            let what = format!("generation {number}: {}", refusal.message);
            say(Tone::Error, "Plugin", what);
            self.on_restart_failed(number, &refusal.message);
            return Ok(());
        };
        let thread = match step {
            Step::Loads { thread, .. } => Some(thread),
            Step::Warms(ready) | Step::Swaps(ready) => Some(ready.playing.thread),
            Step::AwaitsState { .. } => None,
        };
        let thread = thread.filter(|_| !refusal.is_stuck);
        self.reload.retiring.extend(thread.map(|thread| (number, thread)));
        if self.starts_afresh(refusal.reason, artifact) {
            return self.take_up_artifact();
        }
        // Its format changed, perhaps on purpose: the next one starts from parameters only.
        self.reload.leaves_state = refusal.reason == FailReason::State && !is_recall;
        let fields = json!({
            "generation": number,
            "reason": refusal.reason,
            "message": refusal.message,
            "file": panic.as_ref().map(|p| &p.file).or(refusal.file.as_ref()),
            "line": panic.as_ref().map(|p| p.line).or(refusal.line),
            "stack": refusal.stack,
            "findings": refusal.findings,
            "keeps": self.reload.playing_number(),
        });
        self.shown.refused = self.tell("reload_failed", fields);
        self.after_refusal(refusal)?;
        self.take_up_artifact()
    }

    fn after_refusal(&mut self, refusal: &Refusal) -> Result<(), Failure> {
        let message = &refusal.message;
        let state = if self.reload.playing.is_some() { State::Running } else { State::Idle };
        self.set_state(state);
        if refusal.is_usage && self.reload.playing.is_none() {
            return Err(Failure::usage(message));
        }
        self.fail_unless_waiting(message)?;
        let hint = if self.reload.leaves_state {
            "; press r to start it from its parameters only"
        } else {
            ""
        };
        say(Tone::Error, "Refused", format!("{message}; {}{hint}", self.what_plays_on()));
        Ok(())
    }
}

fn isolation(run: &Run) -> Isolation {
    match run.safety.isolation {
        IsolationArg::Process => Isolation::Process,
        IsolationArg::InProcess => Isolation::InProcess,
    }
}

fn patience(run: &Run) -> Patience {
    match run.audio.devices.clock {
        ClockArg::Fast => Patience::Watchdog,
        ClockArg::Real => Patience::HalfBlock,
    }
}
