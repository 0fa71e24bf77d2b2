//! Where sounds meet.

use super::glide::Glide;
use crate::{channels::ToMono, planar::Planar};

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
}

impl Buses {
    /// Weighs what is in the plugin's main input so far.
    ///
    /// # Real time
    /// Nothing at unity, else arithmetic.
    pub(crate) fn weigh_main(&mut self, gain: Glide, frames: usize) {
        if gain.at_rest() == Some(1.0) {
            return;
        }
        for row in self.rows(Bus::PluginIn) {
            let mut gain = gain;
            // Not by a product: what is no number would stay none.
            let weigh = |x: f32, gain: f32| if gain > 0.0 { x * gain } else { 0.0 };
            row[..frames].iter_mut().for_each(|x| *x = weigh(*x, gain.advance()));
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
