//! The same instance deactivated and activated anew: because the plugin asks for it, or because the
//! devices changed.
//!
//! ```text
//! plays ─▶ fades out ─▶ (silence stands in) ─▶ deactivate, activate on its thread ─▶ fades in
//! ```

use retake_engine::{BusShape, CommandKind, Fade, Generation, processor::Silence};
use retake_host::{Activated, Ports};
use serde_json::json;

use super::{Control, Failure, Handover, OUT_IN_MS};
use crate::{
    control::reload::Fault,
    report::{Tone, say},
};

/// The number of what stands in; no generation has it.
const STAND_IN: u32 = u32::MAX;
/// A plugin that asks for more, without sounding of another build, asks in vain.
const MAX_RESTARTS: u32 = 100;

impl Control {
    /// The plugin asks to be deactivated and activated.
    pub(super) fn restart(&mut self, number: u32, why: &str) {
        let is_busy =
            self.reload.candidate.is_some() || self.reload.handover == Handover::Restarting;
        if self.reload.playing_number() != Some(number) || is_busy || !self.audio.is_running() {
            // What comes next is activated anyway.
            return;
        }
        self.reload.n_restarts += 1;
        if self.reload.n_restarts > MAX_RESTARTS {
            if self.reload.n_restarts == MAX_RESTARTS + 1 {
                let what = format!("it asked {MAX_RESTARTS} times: not restarted any more");
                say(Tone::Warning, "Restart", what);
            }
            return;
        }
        let (Some(shape), Some(playing)) = (self.audio.shape(), &self.reload.playing) else {
            return;
        };
        say(Tone::Plain, "Restarting", format!("generation {number}: {why}"));
        let channels = playing.layout.n_output.max(1);
        let stand_in =
            Generation::new(STAND_IN, Box::new(Silence { channels }), shape).standing_in();
        self.reload.handover = Handover::Restarting;
        self.audio.command(CommandKind::Swap(Box::new(stand_in), out_in(shape)));
    }

    /// The plugin's processor came back from the engine: its thread activates it for the devices as
    /// they are now.
    pub(in crate::control) fn reactivate(&mut self, generation: Generation) {
        let (Some(format), Some(playing)) = (self.audio.plugin_format(), &mut self.reload.playing)
        else {
            return;
        };
        playing.format = format;
        playing.thread.reactivate(generation.into_processor(), format);
    }

    /// It can sound again.
    pub(super) fn on_reactivated(
        &mut self,
        number: u32,
        activated: Activated,
    ) -> Result<(), Failure> {
        let (Some(shape), Some(format), Some(playing)) =
            (self.audio.shape(), self.audio.plugin_format(), &mut self.reload.playing)
        else {
            return Ok(());
        };
        if playing.number != number {
            return Ok(());
        }
        if playing.format != format {
            // The devices changed meanwhile.
            playing.format = format;
            playing.thread.reactivate(activated.processor, format);
            return Ok(());
        }
        playing.layout = activated.layout;
        playing.ports = activated.ports;
        (playing.takes_notes, playing.meters) = (activated.takes_notes, activated.meters);
        let fields = json!({
            "generation": number,
            "latency_frames": playing.layout.latency_frames,
            "layout": playing.shape(),
        });
        let latency_frames = self.audio.latency_frames() + playing.layout.latency_frames;
        self.parts.telemetry.set_generation(number, latency_frames);
        self.parts.telemetry.set_sounding(playing.sounding());
        self.params.replace(activated.params);
        self.tell("restarted", fields);
        self.parts.report.notify("params_changed", &json!({}));
        let generation = Box::new(Generation::new(number, activated.processor, shape));
        self.reload.handover = Handover::None;
        if self.audio.awaits_engine() {
            return self.start_engine(generation);
        }
        self.audio.command(CommandKind::Swap(generation, out_in(shape)));
        self.take_up_artifact()
    }

    /// It could not be activated again: silence would stand in for ever.
    pub(super) fn on_restart_failed(&mut self, number: u32, why: &str) {
        if self.reload.playing_number() != Some(number) {
            return;
        }
        self.reload.handover = Handover::None;
        self.audio.command(CommandKind::Condemn { generation: STAND_IN });
        self.on_fault(number, &Fault::of("process_error", why));
    }

    pub(super) fn on_ports_renamed(&mut self, number: u32, ports: Ports) {
        if let Some(playing) = self.reload.playing.as_mut().filter(|p| p.number == number) {
            playing.ports = ports;
        }
    }

    /// The engine that this generation was in is no more: what plays is activated for the next one,
    /// what was to follow is taken up again, what has played is taken apart.
    pub(in crate::control) fn on_homeless(&mut self, generation: Generation) {
        let number = generation.number();
        if self.reload.candidate.as_ref().is_some_and(|c| c.number == number) {
            self.postpone(generation);
            return;
        }
        if self.reload.behind.has(number) {
            let what = format!("generation {number} is given up: the devices have another format");
            say(Tone::Warning, "Standby", what);
        }
        self.on_retired(generation);
    }
}

fn out_in(shape: BusShape) -> Fade {
    Fade::OutIn { frames: (shape.rate * OUT_IN_MS / 1_000).max(2) as usize }
}
