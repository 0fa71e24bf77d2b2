//! A strip: level and pan of one sound, on its way to a bus.

use super::{
    buses::{Bus, Buses},
    glide::Glide,
    pan::PanLaw,
};
use crate::{channels::ToMono, planar::Planar};

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
const GLIDE_MS: u32 = 10;

#[derive(Debug)]
pub(crate) struct Strip {
    settings: StripSettings,
    /// Of the left, the right and every other channel.
    gains: [Glide; 3],
}

impl Strip {
    pub(crate) fn new(settings: StripSettings, rate: u32) -> Self {
        let length = (rate * GLIDE_MS / 1_000) as usize;
        Self { settings, gains: goals(&settings).map(|gain| Glide::new(gain, length)) }
    }

    pub(crate) fn bus(&self) -> Bus {
        self.settings.bus
    }

    pub(crate) fn set_gain(&mut self, gain: f32) {
        self.settings.gain = gain;
        self.head();
    }

    pub(crate) fn set_pan(&mut self, pan: f32) {
        self.settings.pan = pan;
        self.head();
    }

    fn head(&mut self) {
        for (glide, goal) in self.gains.iter_mut().zip(goals(&self.settings)) {
            glide.head_for(goal);
        }
    }

    /// Whether it passes every bit as it is.
    pub(crate) fn is_unity(&self) -> bool {
        self.gains.iter().all(|gain| gain.at_rest() == Some(1.0))
    }

    /// Adds the first `frames` of `from`, shaped by `envelope`, to its bus from frame `at` on.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(crate) fn mix(
        &mut self,
        (from, frames): (&Planar, usize),
        envelope: Glide,
        buses: &mut Buses,
        at: usize,
    ) {
        let to_mono = buses.to_mono;
        let bus = buses.rows(self.settings.bus);
        let n_bus = bus.len();
        for (c, row) in bus.enumerate() {
            let gain = self.gains[if n_bus == 1 { 2 } else { c.min(2) }];
            let way = if n_bus == 1 { Way::Mono(to_mono) } else { Way::Channel(c) };
            add_row(&mut row[at..at + frames], from, way, (envelope, gain));
        }
        self.gains.iter_mut().for_each(|gain| gain.skip(frames));
    }
}

/// What a row of a bus takes from a sound.
#[derive(Clone, Copy)]
enum Way {
    Channel(usize),
    Mono(ToMono),
}

/// The law of [`crate::channels::adapt`], added instead of copied.
fn add_row(to: &mut [f32], from: &Planar, way: Way, gains: (Glide, Glide)) {
    let n = from.channels();
    match way {
        Way::Mono(ToMono::Mean) if n > 1 => {
            from.rows().for_each(|row| add(to, row, gains, 1.0 / n as f32));
        }
        Way::Mono(_) => add(to, from.channel(0), gains, 1.0),
        Way::Channel(_) if n == 1 => add(to, from.channel(0), gains, 1.0),
        Way::Channel(c) if c < n => add(to, from.channel(c), gains, 1.0),
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
