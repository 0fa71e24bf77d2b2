//! The standby: what played before plays on when the newest generation fails.
//!
//! ```text
//!            sounding                swap done
//!  playing ───────────▶ behind: fades out ───▶ behind: stands by ──(next swap done)──▶ retiring
//!     ▲                                          │
//!     └───────────────── promoted ───────────────┘       what failed is behind, until it comes back
//! ```
//!
//! The engine decides, because it must within a block; control follows what it tells.

use std::collections::BTreeMap;

use retake_engine::{CommandKind, Generation};
use retake_host::FailReason;
use serde_json::json;

use super::{Candidate, Control, Failure, Handover, Playing, Reload, State, Step, faults::Refusal};
use crate::report::{Tone, say};

/// Generations that the engine holds beside the one that plays: one that fades out, the standby,
/// or a broken one on its way back.
#[derive(Debug, Default)]
pub(super) struct Behind(BTreeMap<u32, Playing>);

impl Behind {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Playing> {
        self.0.values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.0.contains_key(&number)
    }

    pub(super) fn put(&mut self, playing: Playing) {
        self.0.insert(playing.number, playing);
    }

    pub(super) fn take(&mut self, number: u32) -> Option<Playing> {
        self.0.remove(&number)
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Playing> + use<> {
        std::mem::take(&mut self.0).into_values()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Playing> {
        self.0.get_mut(&number)
    }
}

impl Reload {
    /// No engine fades any more.
    pub(in crate::control) fn end_of_fade(&mut self) {
        if self.handover == Handover::Fading {
            self.handover = Handover::None;
        }
    }
}

impl Control {
    /// The fade is over: what played before stands by.
    pub(in crate::control) fn on_swap_done(&mut self, number: u32) {
        if self.reload.playing_number() != Some(number) {
            return;
        }
        self.reload.end_of_fade();
        if self.reload.state == State::Swapping {
            self.set_state(State::Running);
        }
    }

    /// The engine gave a generation back: its own thread takes it apart.
    pub(in crate::control) fn on_retired(&mut self, generation: Generation) {
        let number = generation.number();
        if let Some(old) = self.reload.behind.take(number).filter(|old| !old.is_gone) {
            self.reload.retiring.insert(number, old.thread);
            if self.reload.state == State::Running {
                self.set_state(State::Retiring);
            }
        }
        if let Some(thread) = self.reload.retiring.get(&number) {
            thread.retire(generation.into_processor());
        } else if self.reload.playing_number() == Some(number) {
            self.reactivate(generation);
        }
    }

    /// A generation failed, and another plays in its place.
    ///
    /// # Errors
    /// What ends the session when a candidate is refused.
    pub(in crate::control) fn on_promoted(
        &mut self,
        number: u32,
        instead_of: u32,
    ) -> Result<(), Failure> {
        let is_candidate =
            |c: &Candidate| c.number == instead_of && matches!(c.step, Step::Swaps(_));
        if self.reload.candidate.as_ref().is_some_and(is_candidate) {
            let message = "the plugin failed before it was heard";
            return self.on_refused(instead_of, &Refusal::of(FailReason::Refused, message));
        }
        if self.reload.playing_number() != Some(instead_of) {
            return Ok(());
        }
        let Some(standby) = self.reload.behind.take(number) else {
            // Its thread was given up: nobody could serve it.
            self.audio.command(CommandKind::Condemn { generation: number });
            return Ok(());
        };
        self.promote(standby);
        self.reload.troubles.note_promotion(instead_of, number);
        Ok(())
    }

    fn promote(&mut self, mut standby: Playing) {
        let (values, params) = (self.params.values(), std::mem::take(&mut standby.params));
        self.show_playing(&standby);
        self.params.replace(params);
        // What moved since it played: the engine has kept that for it as far as it was sent.
        for (id, value) in values {
            self.params.catch_up(id, value);
        }
        let broken = self.reload.playing.replace(standby);
        if let Some(broken) = broken {
            self.reload.behind.put(broken);
        }
        (self.reload.handover, self.reload.n_restarts) = (Handover::None, 0);
        // The file is the broken one's by now.
        self.reload.newest_library = None;
        if self.awaits_state()
            && let Some(thread) = self.reload.playing_thread()
        {
            thread.save_state();
        }
        self.set_faulted(false);
        self.set_state(State::Running);
        self.parts.report.notify("params_changed", &json!({}));
    }

    /// What pages draw is from now on of this generation.
    pub(super) fn show_playing(&mut self, playing: &Playing) {
        let latency_frames = self.audio.latency_frames() + playing.layout.latency_frames;
        self.parts.telemetry.set_generation(playing.number, latency_frames);
        self.parts.telemetry.set_sounding(playing.sounding());
        self.probes.forget();
    }

    /// A generation that does not play has become useless.
    pub(super) fn drop_standby(&mut self, number: u32, why: &str) {
        say(Tone::Warning, "Standby", format!("generation {number} is given up: {why}"));
        self.audio.command(CommandKind::DropStandby);
    }
}
