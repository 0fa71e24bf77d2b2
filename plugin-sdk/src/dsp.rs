//! A plugin and its parameters behind one table of functions.
//!
//! Everything above it is compiled once, in this crate; only these few functions are compiled
//! into the author's library, because the author's build time is the reload time.

use crate::block::Block;
use crate::params::Params;
use crate::plugin::{Config, Plugin};
use crate::state::Format;

/// The author's half of an instance, of whatever type.
pub(crate) trait Dsp: Send {
    fn params(&mut self) -> &mut dyn Params;
    fn activate(&mut self, config: Config);
    fn process(&mut self, block: &mut Block<'_>);
    fn reset(&mut self);
    fn latency_frames(&self) -> u32;
    fn format(&self) -> Format;
}

struct Of<P: Plugin> {
    plugin: P,
    params: P::Params,
}

/// Makes a plugin of type `P`, not yet activated. May panic where the author's code does.
pub(crate) fn build<P: Plugin>() -> Box<dyn Dsp> {
    Box::new(Of::<P> { plugin: P::default(), params: P::Params::default() })
}

impl<P: Plugin> Dsp for Of<P> {
    fn params(&mut self) -> &mut dyn Params {
        &mut self.params
    }

    fn activate(&mut self, config: Config) {
        self.plugin.activate(config);
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.plugin.process(&mut self.params, block);
    }

    fn reset(&mut self) {
        self.plugin.reset();
    }

    fn latency_frames(&self) -> u32 {
        self.plugin.latency_frames()
    }

    fn format(&self) -> Format {
        Format::of::<P>()
    }
}
