//! The swap: from the first block of a generation to the end of the one before.

use std::time::{Duration, Instant};

use retake_engine::Fade;
use retake_host::{ParamInfo, Severity, VetFinding};
use serde_json::{Value, json};

use super::{Candidate, Control, Failure, Handover, Playing, Ready, State, Step};
use crate::report::{Tone, say};

/// From the swap to silence of the old one.
impl Control {
    /// The first block of a generation is on its way to the device.
    pub(in crate::control) fn on_sounding(&mut self, number: u32) {
        let Some(candidate) = self.reload.candidate.take_if(|c| c.number == number) else {
            return;
        };
        let fields = self.reloaded(&candidate);
        let Step::Swaps(ready) = candidate.step else {
            return;
        };
        let Ready { playing, params, .. } = *ready;
        say_reloaded(&fields);
        self.shown.reloaded = self.tell("reloaded", fields);
        (self.shown.fault, self.shown.refused) = (Value::Null, Value::Null);
        say_warnings(&candidate.warnings);
        self.pardon(self.reload.inside.hash_of(number));
        self.show_playing(&playing);
        self.set_faulted(false);
        self.reload.n_restarts = 0;
        self.reload.leaves_state = false;
        let params_before = self.params.list().to_vec();
        self.params.replace(params);
        for (id, value) in candidate.journal {
            self.params.arrived(id, value);
        }
        self.parts.report.notify("params_changed", &json!({}));
        let old = self.reload.playing.replace(playing);
        if let Some(old) = old {
            self.reload.handover = Handover::Fading;
            self.reload.behind.put(Playing { params: params_before, ..old });
        } else {
            self.set_state(State::Running);
        }
        self.tell_state();
    }

    /// The event `reloaded` of a candidate that sounds from now on.
    fn reloaded(&self, candidate: &Candidate) -> Value {
        let Step::Swaps(ready) = &candidate.step else {
            return Value::Null;
        };
        let now = Instant::now();
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let timing = candidate.artifact.timing;
        json!({
            "generation": candidate.number,
            "first": self.reload.playing.is_none(),
            "plugin": ready.playing.info,
            "detect_ms": ms(timing.detect),
            "build_ms": ms(timing.build),
            "stage_ms": candidate.stage_ms,
            "load_ms": candidate.load_ms,
            "vet_ms": candidate.vet_ms,
            "swap_ms": ms(now - ready.sent_at),
            "save_to_sound_ms": ms(now - timing.detected_at),
            "lost_frames": self.parts.counters.sum(|probe| &probe.lost_frames) - candidate.lost_frames_before,
            "latency_frames": ready.playing.layout.latency_frames,
            "layout": ready.playing.shape(),
            "params": self.changes(ready),
            "warnings": candidate.warnings,
            "isolation": self.reload.isolation_of(candidate.number),
            "warm_frames": ready.warm_frames,
            "fade": ready.fade.map(|fade| match fade {
                Fade::Cross { .. } => "cross",
                Fade::OutIn { .. } => "out_in",
            }),
            "advice": candidate.artifact.advice,
        })
    }

    /// What became of the parameters: counts, and the names of those that came and went.
    fn changes(&self, ready: &Ready) -> Value {
        let before = self.params.list();
        let mut changes = json!(ready.carried);
        if self.reload.playing.is_some() {
            changes["added_names"] = json!(missing(&ready.params, before));
            changes["removed_names"] = json!(missing(before, &ready.params));
        }
        changes
    }

    pub(in crate::control) fn on_gone(&mut self, number: u32, pinned: bool) -> Result<(), Failure> {
        if pinned {
            let why = "the system keeps its library mapped (thread-locals with destructors)";
            self.on_log(number, Severity::Info, why);
        }
        self.reload.inside.forget(number);
        if self.reload.retiring.remove(&number).is_some() {
            return self.on_end_of_retiring();
        }
        let playing = self.reload.playing.as_mut().filter(|p| p.number == number);
        if let Some(gone) = playing.or_else(|| self.reload.behind.get_mut(number)) {
            gone.is_gone = true;
        }
        Ok(())
    }

    /// One generation less: the next may come.
    pub(in crate::control) fn on_end_of_retiring(&mut self) -> Result<(), Failure> {
        if self.reload.state == State::Retiring && self.reload.retiring.is_empty() {
            self.set_state(State::Running);
        }
        self.take_up_artifact()
    }

    pub(in crate::control) fn on_params_changed(&mut self, number: u32, list: Vec<ParamInfo>) {
        if self.reload.playing_number() == Some(number) {
            self.params.replace(list);
            self.parts.report.notify("params_changed", &json!({}));
        }
    }

    /// The text of a value that a block has carried: now the pages know it as well.
    pub(in crate::control) fn on_text(&mut self, id: u32, value: f64, text: &str, frame: u64) {
        self.params.written(id, text);
        let param = json!({ "id": id, "value": value, "text": text, "frame": frame });
        self.parts.report.notify("param", &param);
    }
}

/// How many names an event carries at most.
const NAMES: usize = 8;

/// The first names of `list` that `other` does not have.
fn missing<'a>(list: &'a [ParamInfo], other: &[ParamInfo]) -> Vec<&'a str> {
    let is_missing = |p: &&ParamInfo| other.iter().all(|o| o.id != p.id);
    list.iter().filter(is_missing).take(NAMES).map(|p| p.name.as_str()).collect()
}

/// What was found and does not stand in the way.
fn say_warnings(warnings: &[VetFinding]) {
    for VetFinding { message, .. } in warnings {
        say(Tone::Warning, "Admitted", format!("all the same: {message}"));
    }
}

fn say_reloaded(fields: &Value) {
    let ms = |name: &str| fields[name].as_f64().unwrap_or_default();
    let verb = if fields["first"] == true { "Playing" } else { "Reloaded" };
    let what = format!(
        "{} {}, generation {}: {:.0} ms (detect {:.1} · build {:.0} · stage {:.1} · load {:.1} · vet {:.1} · swap {:.1})",
        fields["plugin"]["name"].as_str().unwrap_or_default(),
        fields["plugin"]["version"].as_str().unwrap_or_default(),
        fields["generation"],
        ms("save_to_sound_ms"),
        ms("detect_ms"),
        ms("build_ms"),
        ms("stage_ms"),
        ms("load_ms"),
        ms("vet_ms"),
        ms("swap_ms"),
    );
    say(Tone::Good, verb, what);
}
