//! What pages and scripts ask, answered within the millisecond.

use retake_engine::Note;
use retake_host::{ParamRef, PluginThread};
use serde_json::{Value, json};

use super::{Control, notes::Player};
use crate::{
    store::{Asker, Which},
    web::{self, Call, Request, RpcError},
};

impl Control {
    /// Answers one call.
    pub(super) fn answer(&mut self, call: Call) {
        let asker = Asker::Client(call.reply);
        // The store answers by itself.
        let result = match call.request {
            Request::Presets => return self.list_presets(asker),
            Request::SavePreset { name } => return self.save_preset(name, asker),
            Request::RecallPreset { name } => return self.recall_preset(Which::Named(name), asker),
            Request::DeletePreset { name } => return self.delete_preset(name, asker),
            Request::TextToValue { id, text } => {
                return self.read_text(&param_ref(id), text, asker);
            }
            Request::Probes => Ok(self.show_probes(call.client)),
            Request::ResetParams => {
                self.reset_params();
                Ok(json!({}))
            }
            Request::Status => Ok(self.newest_status()),
            Request::Params => Ok(json!(self.params.list())),
            Request::SetParam { id, value } => self.wish_param(id, value),
            Request::Bypass { on } => {
                self.set_bypass(on);
                Ok(json!({ "bypass": on }))
            }
            Request::Mute { on } => {
                self.set_mute(on);
                Ok(json!({ "mute": on }))
            }
            Request::Gesture { id, .. } => self.params.find(&param_ref(id)).map(|_| json!({})),
            Request::ResetClips => {
                self.parts.report.notify("reset_clips", &json!({}));
                Ok(json!({}))
            }
            Request::ResetLoudness => {
                self.parts.telemetry.reset_loudness();
                self.parts.report.notify("reset_loudness", &json!({}));
                Ok(json!({}))
            }
            Request::Note { key, velocity, on, channel } => {
                let note = Note { key, channel, velocity, on };
                self.play(Player::Client(call.client), note).map(|()| json!({}))
            }
            Request::MeasureLatency => return self.measure_latency(asker),
            Request::Take(request) => return self.answer_take(request, asker),
            Request::Source(request) => return self.answer_source(request, asker),
            Request::Devices => return self.list_devices(asker),
            Request::Left => {
                self.let_go(Player::Client(call.client));
                self.probes.leave(call.client);
                Ok(Value::Null)
            }
        };
        asker.answer("", result);
    }

    fn wish_param(&mut self, wanted: web::ParamRef, value: Option<f64>) -> Result<Value, RpcError> {
        let id = self.params.check(&param_ref(wanted), value)?;
        let value = value.unwrap_or_default();
        self.params.wish(id, value);
        self.reload.journal(id, value);
        self.send_params();
        Ok(json!({ "id": id, "value": value }))
    }

    /// The status, in which every loss that is counted is listed.
    fn newest_status(&mut self) -> Value {
        self.look_at_losses();
        self.status()
    }

    fn status(&self) -> Value {
        let load = self.parts.telemetry.load();
        let shown = &self.shown;
        json!({
            "plugin": self.reload.playing_info(),
            "plugin_takes_notes": self.reload.takes_notes(),
            "bpm": self.parts.midi.tempo_bpm,
            "generation": self.reload.playing_number().unwrap_or(0),
            "reload": self.reload.state.to_string(),
            "last_reload": shown.reloaded,
            "audio": shown.audio(&self.sources),
            "build": shown.build_failed,
            "advice": shown.advice,
            "fault": shown.fault,
            "refused": shown.refused,
            "device": shown.device,
            "history": self.past.history(),
            "xruns": self.past.xruns(),
            "isolation": self.reload.isolation(),
            "audit": self.reload.audit(),
            "audit_lack": self.parts.run.audit_lack,
            "plugin_faults": self.reload.playing_thread().map(PluginThread::faults),
            "bypass": self.bypass,
            "mute": self.mute,
            "sources": self.sources.show(),
            "inputs": self.show_captured(),
            "buses": self.sources.show_buses(),
            "take": self.show_take(),
            "round_trip": self.trip.last(),
            "muted_at_start": self.audio.was_muted_at_start(),
            "counters": self.parts.telemetry.counters(),
            "load": { "mean": load.mean, "p99": load.p99, "max": load.max },
        })
    }
}

fn param_ref(wanted: web::ParamRef) -> ParamRef {
    match wanted {
        web::ParamRef::Id(id) => ParamRef::Id(id),
        web::ParamRef::Key(key) => ParamRef::Name(key),
    }
}
