//! Level, mute and solo of the four buses.

use std::time::Instant;

use retake_engine::{
    CommandKind,
    mixer::{Bus, gain_of_db},
};
use serde_json::{Value, json};

use super::{Control, Sources, show::Unsaid};
use crate::{
    report::{Tone, say},
    source::{BusChange, bus_name, db_of_gain},
    web::RpcError,
};

/// What is set of each bus.
#[derive(Debug)]
pub(super) struct Buses([BusStrip; Bus::ALL.len()]);

#[derive(Debug)]
struct BusStrip {
    bus: Bus,
    /// Linear.
    gain: f32,
    mute: bool,
    solo: bool,
    unsaid: Unsaid,
}

impl Default for Buses {
    fn default() -> Self {
        let strip =
            |bus| BusStrip { bus, gain: 1.0, mute: false, solo: false, unsaid: Unsaid::default() };
        Self(Bus::ALL.map(strip))
    }
}

impl Buses {
    /// What each is heard at: while one is soloed, those that are not are silent.
    pub(super) fn gains(&self) -> [(Bus, f32); Bus::ALL.len()] {
        let has_solo = self.0.iter().any(|strip| strip.solo);
        Bus::ALL.map(|bus| {
            let strip = &self.0[bus as usize];
            let is_silent = strip.mute || (has_solo && !strip.solo);
            (bus, if is_silent { 0.0 } else { strip.gain })
        })
    }
}

impl BusStrip {
    fn show(&self) -> Value {
        json!({
            "bus": bus_name(self.bus),
            "gain_db": db_of_gain(self.gain),
            "mute": self.mute,
            "solo": self.solo,
        })
    }

    fn say(&self) {
        let level = db_of_gain(self.gain);
        let level = level.map_or_else(|| "silent".to_owned(), |db| format!("{db} dB"));
        let mute = if self.mute { ", muted" } else { "" };
        let solo = if self.solo { ", solo" } else { "" };
        say(Tone::Plain, "Bus", format!("{}: {level}{mute}{solo}", bus_name(self.bus)));
    }
}

impl Sources {
    /// All buses.
    pub(in super::super) fn show_buses(&self) -> Value {
        self.buses.0.iter().map(BusStrip::show).collect()
    }

    /// Whether what goes to a bus is heard.
    pub(in super::super) fn is_heard(&self, bus: Bus) -> bool {
        self.buses.gains().iter().any(|(known, gain)| *known == bus && *gain > 0.0)
    }

    pub(super) fn say_buses(&mut self, now: Instant) {
        for strip in &mut self.buses.0 {
            if strip.unsaid.is_due(now) {
                strip.say();
            }
        }
    }
}

impl Control {
    /// Changes a bus; it is heard within 8 ms.
    pub(super) fn set_bus(&mut self, bus: Bus, change: BusChange) -> Result<Value, RpcError> {
        let before = self.sources.buses.gains();
        let strip = &mut self.sources.buses.0[bus as usize];
        strip.gain = change.gain_db.map_or(strip.gain, gain_of_db);
        strip.mute = change.mute.unwrap_or(strip.mute);
        strip.solo = change.solo.unwrap_or(strip.solo);
        strip.unsaid.note();
        let shown = strip.show();
        let now = self.sources.buses.gains();
        for ((bus, gain), _) in now.into_iter().zip(before).filter(|(now, before)| now != before) {
            self.audio.send(0, CommandKind::Bus(bus, gain)).map_err(busy)?;
        }
        self.parts.report.event("bus", shown.clone());
        Ok(shown)
    }

    /// A new engine gets what is set of the buses.
    pub(super) fn begin_buses(&mut self) {
        for (bus, gain) in self.sources.buses.gains() {
            self.audio.command(CommandKind::Bus(bus, gain));
        }
    }
}

/// The engine has no room for a command.
#[expect(clippy::needless_pass_by_value, reason = "as map_err calls it")]
pub(super) fn busy(busy: retake_engine::Busy) -> RpcError {
    RpcError::busy(busy.to_string())
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    #[test]
    fn a_solo_silences_the_others_and_a_mute_wins() {
        let mut buses = Buses::default();
        let gains = |buses: &Buses| buses.gains().map(|(_, gain)| gain);
        assert_eq!(gains(&buses), [1.0; 4]);
        buses.0[Bus::Dry as usize].gain = 0.5;
        buses.0[Bus::Dry as usize].solo = true;
        assert_eq!(gains(&buses), [0.0, 0.0, 0.5, 0.0]);
        buses.0[Bus::Master as usize].solo = true;
        assert_eq!(gains(&buses), [0.0, 0.0, 0.5, 1.0]);
        buses.0[Bus::Dry as usize].mute = true;
        assert_eq!(gains(&buses), [0.0, 0.0, 0.0, 1.0]);
    }
}
