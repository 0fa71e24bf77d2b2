//! How sources are told: to pages and scripts, in the terminal, in the telemetry.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use retake_engine::mixer::VOICES;
use serde_json::{Value, json};

use super::{Control, Source, Sources, captured::show_ring};
use crate::{
    report::{Tone, say},
    source::{Repeat, db_of_gain},
    telemetry::SourceFeed,
};

/// The terminal tells what a hand has set when it rests.
const REST: Duration = Duration::from_millis(300);

/// A change that the terminal has not told yet.
#[derive(Debug, Default)]
pub(super) struct Unsaid(Option<Instant>);

impl Unsaid {
    /// Something was changed just now.
    pub(super) fn note(&mut self) {
        self.0 = Some(Instant::now());
    }

    /// Whether it is to be told now, once.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        self.0.take_if(|since| now.duration_since(*since) >= REST).is_some()
    }
}

impl Source {
    /// As `status`, events and replies show it, at `rate` Hz.
    pub(super) fn show(&self, rate: u32) -> Value {
        let seconds = |frames: u64| frames as f64 / f64::from(rate.max(1));
        let spec = &self.spec;
        let voice = self.voice.as_ref().map(|voice| &voice.probe);
        json!({
            "id": self.id,
            "kind": spec.kind.word(),
            "name": self.name(),
            "spec": spec.text,
            "state": self.state.word(),
            "reason": self.state.reason(),
            "bus": spec.bus_name(),
            "gain_db": db_of_gain(spec.strip.gain),
            "pan": to_the_millionth(spec.strip.pan),
            "law": spec.law_name(),
            "mute": self.mute,
            "pitch": spec.pitch,
            "loop": self.show_loop(rate),
            "paused": self.is_paused,
            "channels": self.channels,
            "seconds": self.frames.map(seconds),
            "position": voice.map(|probe| seconds(probe.position())),
            "missed_frames": voice.map(|probe| probe.missed_frames()),
            "counters": self.counters.as_deref().map(show_ring),
        })
    }

    fn show_loop(&self, rate: u32) -> Value {
        let end = || self.frames.map(|frames| frames as f64 / f64::from(rate.max(1)));
        match &self.spec.repeat {
            Repeat::Never => Value::Null,
            Repeat::All => json!({ "from": 0.0, "to": end() }),
            Repeat::Between(span) => json!({ "from": span.start, "to": span.end }),
        }
    }

    /// A line for people.
    pub(super) fn say(&self) {
        let level = db_of_gain(self.spec.strip.gain);
        let level = level.map_or_else(|| "silent".to_owned(), |db| format!("{db} dB"));
        let bus = self.spec.bus_name();
        let mut line = format!("{} {}: {level}, {bus}", self.id, self.name());
        let pan = to_the_millionth(self.spec.strip.pan);
        let facts = [
            (pan != 0.0, format!("pan {pan}")),
            ((self.spec.pitch - 1.0).abs() > 0.0, format!("pitch {}", self.spec.pitch)),
            (self.spec.repeat != Repeat::Never, format!("loop {}", self.spec.repeat)),
            (self.mute, "muted".to_owned()),
            (self.is_paused, "paused".to_owned()),
        ];
        for (_, fact) in facts.into_iter().filter(|(is_so, _)| *is_so) {
            line.push_str(", ");
            line.push_str(&fact);
        }
        say(Tone::Plain, "Source", line);
    }
}

impl Sources {
    /// All of them.
    pub(in super::super) fn show(&self) -> Value {
        self.list.iter().map(|source| source.show(self.rate)).collect()
    }

    /// What the capture devices but the first were granted, in the order of their clocks.
    pub(in super::super) fn granted(&self) -> Value {
        self.list
            .iter()
            .filter_map(|source| source.granted.as_ref())
            .map(|info| json!(info))
            .collect()
    }

    /// All there is.
    pub(super) fn show_all(&self) -> Value {
        json!({ "sources": self.show(), "buses": self.show_buses(), "max": VOICES })
    }
}

impl Control {
    /// Tells everyone how a source is now; gives it back.
    pub(super) fn tell_source(&mut self, at: usize) -> Value {
        let fields = self.sources.list[at].show(self.sources.rate);
        self.parts.report.event("source", fields.clone());
        fields
    }

    /// What pages draw of the sources: asked for whenever a voice comes or goes.
    pub(in super::super) fn feed_telemetry(&self) {
        let feed = |source: &Source| SourceFeed {
            id: source.id,
            probe: if source.is_live() {
                self.audio.live_probe()
            } else {
                source.voice.as_ref().map(|voice| Arc::clone(&voice.probe))
            },
        };
        let feeds = self.sources.list.iter().map(feed).collect();
        self.parts.telemetry.set_sources(feeds, self.sources.rate);
    }

    /// Tells what hands have set and let go of.
    pub(super) fn say_changes(&mut self) {
        let now = Instant::now();
        for source in &mut self.sources.list {
            if source.unsaid.is_due(now) {
                source.say();
            }
        }
        self.sources.say_buses(now);
    }
}

fn to_the_millionth(x: f32) -> f64 {
    (f64::from(x) * 1e6).round() / 1e6
}
