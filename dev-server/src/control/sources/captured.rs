//! What each capture device counts, the first included: its ring, its clock, its losses.

use retake_engine::{Probe, probe::Counter};
use serde_json::{Value, json};

use super::{Control, LIVE, Source};
use crate::report::{Tone, say};

/// A capture device as it is told of.
#[derive(Debug, Clone)]
pub(in super::super) struct Captured<'a> {
    /// 0 = the first. It keeps its number.
    pub(in super::super) number: usize,
    /// The source that it is.
    source: u32,
    device: String,
    /// Its own counters; those of the first are the engine's.
    pub(in super::super) probe: &'a Probe,
    way: Way,
}

/// From a microphone to the speaker, without the plugin, in frames of the engine's rate.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Way {
    /// As the device was opened.
    latency_frames: usize,
    /// What its ring was held at then.
    target_frames: u64,
}

impl Way {
    /// Of a device that has just been opened.
    pub(in super::super) fn opened(latency_frames: usize, probe: &Probe) -> Self {
        Self { latency_frames, target_frames: probe.target_frames.get() }
    }

    /// As it was then.
    pub(in super::super) fn at_first(self) -> usize {
        self.latency_frames
    }

    /// As it is now: each underrun has raised what the ring is held at.
    pub(in super::super) fn frames(self, probe: &Probe) -> u64 {
        self.latency_frames as u64 + probe.target_frames.get().saturating_sub(self.target_frames)
    }
}

impl Captured<'_> {
    fn show(&self) -> Value {
        let Self { probe, .. } = self;
        let drift = &probe.drift;
        json!({
            "input": self.number,
            "source": self.source,
            "device": self.device,
            "state": drift.state().name(),
            "ppm": drift.ppm(),
            "delay_error_ms": drift.delay_error_ms(),
            "fill_frames": probe.fill_frames.get(),
            "target_frames": probe.target_frames.get(),
            "latency_frames": self.way.frames(probe),
            "reseeds": drift.reseeds.get(),
            "counters": show_losses(probe),
        })
    }

    /// What was lost, in words; `None` = nothing.
    fn losses(&self) -> Option<String> {
        let Probe { underruns, overruns, lost_frames, .. } = self.probe;
        let [underruns, overruns, lost] = [underruns, overruns, lost_frames].map(Counter::get);
        let has_lost = underruns + overruns + lost > 0;
        let which = self.number + 1;
        has_lost.then(|| {
            let device = &self.device;
            format!(
                "{which} ({device}): {underruns} underruns, {overruns} overruns, {lost} lost frames"
            )
        })
    }
}

impl Source {
    fn captured(&self) -> Option<Captured<'_>> {
        Some(Captured {
            number: self.input?,
            source: self.id,
            device: self.name(),
            probe: self.counters.as_deref()?,
            way: self.way,
        })
    }
}

impl Control {
    /// All capture devices, the first first.
    pub(in super::super) fn captured(&self) -> impl Iterator<Item = Captured<'_>> {
        let device = self.shown.audio.get("input").and_then(|input| input.get("device"));
        let first = device.and_then(Value::as_str).map(|device| Captured {
            number: 0,
            source: LIVE,
            device: device.to_owned(),
            probe: &self.parts.probe,
            way: self.audio.way(),
        });
        first.into_iter().chain(self.sources.list.iter().filter_map(Source::captured))
    }

    /// `status.inputs`.
    pub(in super::super) fn show_captured(&self) -> Value {
        self.captured().map(|input| input.show()).collect()
    }

    /// The last lines for people: which devices lost something.
    pub(in super::super) fn say_lossy_inputs(&self) {
        for losses in self.captured().filter_map(|input| input.losses()) {
            say(Tone::Plain, "Input", losses);
        }
    }
}

fn show_losses(probe: &Probe) -> Value {
    json!({
        "underruns": probe.underruns.get(),
        "overruns": probe.overruns.get(),
        "lost_frames": probe.lost_frames.get(),
        "discarded_frames": probe.discarded_frames.get(),
    })
}

/// The same with the ring's fill, as a source of the kind `mic` shows it.
pub(super) fn show_ring(probe: &Probe) -> Value {
    let mut shown = show_losses(probe);
    shown["fill_frames"] = json!(probe.fill_frames.get());
    shown["target_frames"] = json!(probe.target_frames.get());
    shown
}
