//! A strip: level and pan of one sound, on its way to a bus.
//!
//! What is changed before its first frame is so from its first frame on. Later every change is a
//! ramp; another bus is reached by way of silence.

use super::{
    buses::{Bus, Buses},
    glide::Glide,
    pan::PanLaw,
    voice::VoiceChange,
};
use crate::{
    channels::ToMono,
    planar::{Planar, loudest_bits},
};

/// How a sound comes to the mixer's buses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StripSettings {
    /// Linear; see [`crate::mixer::gain_of_db`].
    pub gain: f32,
    /// From −1 (left) to 1 (right); a bus of one channel knows no sides.
    pub pan: f32,
    /// What the pan does.
    pub law: PanLaw,
    /// Where it goes.
    pub bus: Bus,
}

impl Default for StripSettings {
    fn default() -> Self {
        Self { gain: 1.0, pan: 0.0, law: PanLaw::default(), bus: Bus::PluginIn }
    }
}

/// Every change of level or pan takes this long.
pub(super) const GLIDE_MS: u32 = 8;

#[derive(Debug)]
pub(crate) struct Strip {
    settings: StripSettings,
    /// Of the left, the right and every other channel.
    gains: [Glide; 3],
    /// Where it goes as soon as it is silent.
    next_bus: Option<Bus>,
    has_begun: bool,
}

impl Strip {
    pub(crate) fn new(settings: StripSettings, rate: u32) -> Self {
        let length = (rate * GLIDE_MS / 1_000) as usize;
        let gains = goals(&settings).map(|gain| Glide::new(gain, length));
        Self { settings, gains, next_bus: None, has_begun: false }
    }

    pub(crate) fn bus(&self) -> Bus {
        self.settings.bus
    }

    /// Changes what a strip has; anything else is not its business.
    pub(crate) fn change(&mut self, change: VoiceChange) {
        match change {
            VoiceChange::Gain(gain) => self.settings.gain = gain,
            VoiceChange::Pan(pan) => self.settings.pan = pan,
            VoiceChange::Law(law) => self.settings.law = law,
            VoiceChange::Bus(bus) => self.next_bus = Some(bus).filter(|bus| *bus != self.bus()),
            _ => return,
        }
        if self.has_begun {
            self.head();
        } else {
            self.settle();
        }
    }

    /// Nobody hears it: what is asked for is done at once.
    pub(crate) fn settle(&mut self) {
        self.settings.bus = self.next_bus.take().unwrap_or(self.settings.bus);
        for (glide, goal) in self.gains.iter_mut().zip(goals(&self.settings)) {
            glide.jump_to(goal);
        }
    }

    fn head(&mut self) {
        let is_leaving = self.next_bus.is_some();
        for (glide, goal) in self.gains.iter_mut().zip(goals(&self.settings)) {
            glide.head_for(if is_leaving { 0.0 } else { goal });
        }
    }

    /// Takes the next bus once there is nothing to be heard on this one.
    fn turn(&mut self) {
        if self.next_bus.is_some() && self.gains.iter().all(|gain| gain.at_rest() == Some(0.0)) {
            self.settings.bus = self.next_bus.take().unwrap_or(self.settings.bus);
            self.head();
        }
    }

    /// Whether it passes every bit as it is.
    pub(crate) fn is_unity(&self) -> bool {
        self.gains.iter().all(|gain| gain.at_rest() == Some(1.0))
    }

    /// From now on it is heard: every change is a ramp.
    pub(crate) fn begin(&mut self) {
        self.has_begun = true;
    }

    /// Adds `frames` of `from`, shaped by `envelope`, to its bus from frame `at` on; returns the
    /// highest magnitude of what was added, as near as a ramp allows.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(crate) fn mix(
        &mut self,
        (from, frames): (&Planar, usize),
        mut envelope: Glide,
        buses: &mut Buses,
        at: usize,
    ) -> f32 {
        self.begin();
        let (mut done, mut peak) = (0, 0.0_f32);
        while done < frames {
            self.turn();
            let left = self.gains.iter().map(Glide::left).max().unwrap_or(0);
            let until = if self.next_bus.is_some() { left.max(1) } else { frames };
            let part = Part { from, first: done, frames: until.min(frames - done), at: at + done };
            peak = peak.max(self.mix_part(&part, envelope, buses));
            envelope.skip(part.frames);
            done += part.frames;
        }
        peak
    }

    fn mix_part(&mut self, part: &Part<'_>, envelope: Glide, buses: &mut Buses) -> f32 {
        let to_mono = buses.to_mono;
        let bus = buses.rows(self.settings.bus);
        let n_bus = bus.len();
        for (c, row) in bus.enumerate() {
            let gain = self.gains[if n_bus == 1 { 2 } else { c.min(2) }];
            let way = if n_bus == 1 { Way::Mono(to_mono) } else { Way::Channel(c) };
            add_row(&mut row[part.at..part.at + part.frames], part, way, (envelope, gain));
        }
        let peak = self.peak(part) * envelope.value();
        self.gains.iter_mut().for_each(|gain| gain.skip(part.frames));
        peak
    }

    /// How loud that is behind level and pan.
    fn peak(&self, part: &Part<'_>) -> f32 {
        let loudest = |c: usize| f32::from_bits(loudest_bits(part.row(c)));
        let gain = |c: usize| self.gains[c].value();
        match part.from.channels() {
            1 => loudest(0) * gain(0).max(gain(1)),
            n => (0..n).map(|c| loudest(c) * gain(c.min(2))).fold(0.0, f32::max),
        }
    }
}

/// Frames of a sound on their way to a bus.
struct Part<'a> {
    from: &'a Planar,
    /// The first of them in `from`, and on the bus.
    first: usize,
    at: usize,
    frames: usize,
}

impl Part<'_> {
    fn row(&self, channel: usize) -> &[f32] {
        &self.from.channel(channel)[self.first..self.first + self.frames]
    }
}

/// What a row of a bus takes from a sound.
#[derive(Clone, Copy)]
enum Way {
    Channel(usize),
    Mono(ToMono),
}

/// The law of [`crate::channels::adapt`], added instead of copied.
fn add_row(to: &mut [f32], part: &Part<'_>, way: Way, gains: (Glide, Glide)) {
    let n = part.from.channels();
    match way {
        Way::Mono(ToMono::Mean) if n > 1 => {
            (0..n).for_each(|c| add(to, part.row(c), gains, 1.0 / n as f32));
        }
        Way::Mono(_) => add(to, part.row(0), gains, 1.0),
        Way::Channel(_) if n == 1 => add(to, part.row(0), gains, 1.0),
        Way::Channel(c) if c < n => add(to, part.row(c), gains, 1.0),
        Way::Channel(_) => {}
    }
}

fn goals(settings: &StripSettings) -> [f32; 3] {
    let [left, right] = settings.law.gains(settings.pan);
    [settings.gain * left, settings.gain * right, settings.gain]
}

/// Adds `from` to `to`. At rest this is one multiplication, and at unity every bit passes.
fn add(to: &mut [f32], from: &[f32], (mut envelope, mut gain): (Glide, Glide), scale: f32) {
    if let (Some(envelope), Some(gain)) = (envelope.at_rest(), gain.at_rest()) {
        let factor = envelope * gain * scale;
        if factor == 0.0 {
            return;
        }
        for (to, x) in to.iter_mut().zip(from) {
            *to += x * factor;
        }
        return;
    }
    for (to, x) in to.iter_mut().zip(from) {
        *to += x * (envelope.advance() * gain.advance() * scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_before_it_begins_is_no_ramp() {
        let mut strip = Strip::new(StripSettings::default(), 48_000);
        strip.change(VoiceChange::Gain(0.5));
        strip.change(VoiceChange::Bus(Bus::Dry));
        assert_eq!((strip.gains[0].at_rest(), strip.bus()), (Some(0.5), Bus::Dry));
        strip.begin();
        strip.change(VoiceChange::Gain(1.0));
        assert_eq!(strip.gains[0].at_rest(), None);
    }
}
