//! The swap: from the first block of a generation to the end of the one before.

use super::*;

/// From the swap to silence of the old one.
impl Control {
    /// The first block of a generation is on its way to the device.
    pub(in crate::control) fn on_sounding(&mut self, number: u32) {
        let Some(candidate) = self.reload.candidate.take_if(|c| c.number == number) else {
            return;
        };
        let Step::Swaps(ready) = candidate.step else {
            return;
        };
        let Ready {
            playing,
            params,
            carried,
            sent_at,
        } = *ready;
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
        self.parts
            .telemetry
            .set_generation(number, self.audio.latency_frames() + latency);
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
    pub(in crate::control) fn on_retired(&mut self, generation: Generation) {
        if let Some(thread) = self.reload.retiring.get(&generation.number()) {
            thread.retire(generation.into_processor());
        }
    }

    pub(in crate::control) fn on_gone(&mut self, number: u32, pinned: bool) -> Result<(), Failure> {
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

fn say_reloaded(fields: &Value) {
    let ms = |name: &str| fields[name].as_f64().unwrap_or_default();
    let verb = if fields["first"] == true {
        "Playing"
    } else {
        "Reloaded"
    };
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
