//! Where sounds meet.

use super::{glide::Glide, strip::GLIDE_MS};
use crate::{channels::ToMono, generation::BusShape, planar::Planar};

/// A bus of the mixer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bus {
    /// The plugin's main input.
    #[default]
    PluginIn,
    /// The plugin's second input; unheard by a plugin that has none.
    Sidechain,
    /// Around the plugin, late by the plugin's latency.
    Dry,
    /// Around the plugin, at once.
    Master,
}

impl Bus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::PluginIn, Self::Sidechain, Self::Dry, Self::Master];

    /// Whether the plugin does not hear it.
    pub(crate) fn is_around(self) -> bool {
        matches!(self, Self::Dry | Self::Master)
    }
}

/// One block of all buses.
#[derive(Debug)]
pub(crate) struct Buses {
    /// Main input and sidechain of the plugin.
    pub(crate) input: Planar,
    pub(crate) dry: Planar,
    pub(crate) master: Planar,
    /// What a bus of one channel takes from a wider sound.
    pub(crate) to_mono: ToMono,
    gains: [Glide; Bus::ALL.len()],
    has_begun: bool,
}

impl Buses {
    /// Weighs what is in the plugin's main input so far.
    ///
    /// # Real time
    /// Nothing at unity, else arithmetic.
    pub(crate) fn weigh_main(&mut self, gain: Glide, frames: usize) {
        match gain.at_rest() {
            Some(1.0) => {}
            // Not by a product: what is no number would stay none.
            Some(0.0) => self.rows(Bus::PluginIn).for_each(|row| row[..frames].fill(0.0)),
            _ => self.rows(Bus::PluginIn).for_each(|row| scale(&mut row[..frames], gain)),
        }
    }

    /// For a plugin of `(main, sidechain)` channels in.
    pub(crate) fn new((n_main, n_side): (usize, usize), shape: BusShape, to_mono: ToMono) -> Self {
        let BusShape { rate, max_block, n_output } = shape;
        Self {
            input: Planar::with_side(n_main, n_side, max_block),
            dry: Planar::new(n_output, max_block),
            master: Planar::new(n_output, max_block),
            to_mono,
            gains: [Glide::new(1.0, (rate * GLIDE_MS / 1_000) as usize); Bus::ALL.len()],
            has_begun: false,
        }
    }

    /// Another level, by a ramp once anything was heard.
    pub(crate) fn set_gain(&mut self, bus: Bus, gain: f32) {
        let glide = &mut self.gains[bus as usize];
        if self.has_begun { glide.head_for(gain) } else { glide.jump_to(gain) }
    }

    /// Whether a bus passes every bit as it is.
    pub(crate) fn is_unity(&self, bus: Bus) -> bool {
        self.gains[bus as usize].at_rest() == Some(1.0)
    }

    /// Gives what was mixed its level; the way around the plugin counts only when it `is_used`.
    ///
    /// # Real time
    /// Arithmetic only; nothing at unity.
    pub(crate) fn level(&mut self, frames: usize, is_used: bool) {
        self.has_begun = true;
        for bus in Bus::ALL {
            let begin = self.gains[bus as usize];
            self.gains[bus as usize].skip(frames);
            if begin.at_rest() == Some(1.0) || (bus.is_around() && !is_used) {
                continue;
            }
            self.rows(bus).for_each(|row| scale(&mut row[..frames], begin));
        }
    }

    pub(crate) fn rows(&mut self, bus: Bus) -> impl ExactSizeIterator<Item = &mut [f32]> {
        let n_main = self.input.main_channels();
        let (planar, first, n) = match bus {
            Bus::PluginIn => (&mut self.input, 0, n_main),
            Bus::Sidechain => {
                let n_side = self.input.channels() - n_main;
                (&mut self.input, n_main, n_side)
            }
            Bus::Dry => (&mut self.dry, 0, usize::MAX),
            Bus::Master => (&mut self.master, 0, usize::MAX),
        };
        planar.rows_mut().skip(first).take(n)
    }
}

fn scale(row: &mut [f32], mut gain: Glide) {
    match gain.at_rest() {
        Some(gain) => row.iter_mut().for_each(|x| *x *= gain),
        None => row.iter_mut().for_each(|x| *x *= gain.advance()),
    }
}
