//! The warm start: the next generation hears the last seconds before it sounds. What goes wrong in
//! it goes wrong in silence: the old generation plays on.

use std::time::{Duration, Instant};

use retake_engine::{CommandKind, Fade, Generation, Replay};

use super::{
    CROSS_FADE_LOAD, CROSS_FADE_MS, Control, Failure, OUT_IN_MS, Ready, State, Step, events_of,
};
use crate::report::{Tone, say};
use crate::seconds::frames_of;

/// The longest past that is replayed.
const WARM_SECONDS: f64 = 2.0;
/// How long the replay should take, by what the old generation costs: a heavy plugin hears less.
const WARM_UP_GOAL: Duration = Duration::from_millis(40);
/// When it is given up.
const WARM_UP_LIMIT: Duration = Duration::from_millis(200);
/// While it catches up, the new generation costs twice what it will.
const CATCH_UP_COST: f64 = 2.0;

impl Control {
    /// Plays the recent past to the candidate's `generation`; [`Control::on_warmed`] goes on.
    pub(super) fn warm_up(&mut self, generation: Generation, ready: &Ready) {
        let load = f64::from(self.parts.telemetry.load().mean).max(1e-6);
        let seconds = WARM_SECONDS.min(WARM_UP_GOAL.as_secs_f64() / load);
        // Everything before this frame was heard of: the clock moves after a block's events came.
        let events_to = self.parts.probe.frames.get();
        // What it tells is heard by the tick that follows, its errors too.
        drop(self.hear_engine());
        let Some(input) = self.audio.open_past(frames_of(seconds, generation.rate())) else {
            // No engine, no past: `on_activated` starts it instead.
            return;
        };
        let (base, events) = self.history.since(input.position(), &ready.params);
        let replay = Replay {
            input,
            n_side: self.audio.n_side(),
            base,
            events,
            events_to,
            to_mono: self.to_mono(),
            tempo_bpm: self.parts.midi.tempo_bpm,
        };
        ready.playing.thread.warm_up(generation, replay, WARM_UP_LIMIT);
    }

    /// The candidate has heard the past, or starts cold: the engine is told to take it over.
    pub(super) fn on_warmed(
        &mut self,
        mut generation: Generation,
        frames: u64,
        load: f64,
    ) -> Result<(), Failure> {
        let number = generation.number();
        let Some(mut candidate) = self.reload.candidate.take_if(|c| c.number == number) else {
            return Ok(());
        };
        let Step::Warms(mut ready) = candidate.step else {
            return Ok(());
        };
        if self.audio.shape() != Some(candidate.shape) {
            candidate.step = Step::Warms(ready);
            self.reload.candidate = Some(candidate);
            self.postpone(generation);
            return self.take_up_artifact();
        }
        let (fade, fits) = self.fade_to(&ready, if frames > 0 { Some(load) } else { None });
        let is_warm = frames > 0 && fits;
        let why = if frames > 0 { "the load leaves no room" } else { "it took too long" };
        if !is_warm && !candidate.is_recall {
            say(Tone::Plain, "Cold", format!("no warm start, {why}: tails begin anew"));
        }
        if !is_warm {
            generation = generation.forgetting().with_journal(events_of(&candidate.journal));
        }
        ready.warm_frames = if is_warm { frames } else { 0 };
        ready.fade = Some(fade);
        ready.sent_at = Instant::now();
        candidate.step = Step::Swaps(ready);
        self.reload.candidate = Some(candidate);
        self.audio.command(CommandKind::Swap(Box::new(generation), fade));
        self.set_state(State::Swapping);
        Ok(())
    }

    /// A cross-fade, unless both together would not fit or their channels differ; and whether the
    /// new one can catch up within the block's time.
    fn fade_to(&self, ready: &Ready, warm_load: Option<f64>) -> (Fade, bool) {
        let next = ready.playing.layout;
        let has_same_channels =
            self.reload.playing.as_ref().is_none_or(|p| {
                (p.layout.n_input, p.layout.n_output) == (next.n_input, next.n_output)
            });
        let old = f64::from(self.parts.telemetry.load().mean);
        // One that was not heard is taken to cost what the old one costs.
        let new = warm_load.unwrap_or(old);
        let limit = f64::from(CROSS_FADE_LOAD);
        let (fits, can_catch_up) = (old + new <= limit, old + CATCH_UP_COST * new <= limit);
        let rate = self.audio.shape().map_or(0, |shape| shape.rate);
        let frames = |ms: u32| (rate * ms / 1_000).max(2) as usize;
        if has_same_channels && fits {
            return (Fade::Cross { frames: frames(CROSS_FADE_MS) }, can_catch_up);
        }
        let why = if has_same_channels {
            "the load leaves no room for both"
        } else {
            "the plugin's channels changed"
        };
        say(Tone::Plain, "Swapping", format!("by fade-out and fade-in: {why}"));
        (Fade::OutIn { frames: frames(OUT_IN_MS) }, can_catch_up)
    }
}
