//! A plugin and its parameters behind one table of functions.
//!
//! Everything above it is compiled once, in this crate; only these few functions are compiled
//! into the author's library, because the author's build time is the reload time.

use crate::background::{Workers, collect};
use crate::block::Block;
use crate::context::Context;
use crate::params::Params;
use crate::plugin::{Config, Plugin, Shape, Tail};
use crate::state::Format;

/// The author's half of an instance, of whatever type.
pub(crate) trait Dsp: Send {
    fn shape(&self) -> Shape;
    fn params(&mut self) -> &mut dyn Params;
    fn activate(&mut self, config: Config);
    fn process(&mut self, block: &mut Block<'_>, ctx: &mut Context<'_>);
    fn reset(&mut self);
    fn latency_frames(&self) -> u32;
    fn tail(&self) -> Tail;
    /// The background work of the plugin, whose threads run while it is active.
    fn workers(&mut self) -> &mut Workers;
    fn format(&self) -> Format;
}

struct Of<P: Plugin> {
    plugin: P,
    params: P::Params,
    workers: Workers,
}

/// Makes a plugin of type `P`, not yet activated. May panic where the author's code does.
pub(crate) fn build<P: Plugin>() -> Box<dyn Dsp> {
    let (plugin, workers) = collect(P::default);
    Box::new(Of::<P> { plugin, params: P::Params::default(), workers })
}

impl<P: Plugin> Dsp for Of<P> {
    fn shape(&self) -> Shape {
        const { Shape::of::<P>() }
    }

    fn params(&mut self) -> &mut dyn Params {
        &mut self.params
    }

    fn activate(&mut self, config: Config) {
        self.plugin.activate(config);
    }

    fn process(&mut self, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        self.plugin.process(&mut self.params, block, ctx);
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

    fn tail(&self) -> Tail {
        self.plugin.tail()
    }

    fn workers(&mut self) -> &mut Workers {
        &mut self.workers
    }
}

/// Also where nobody has deactivated: no thread outlives the library.
impl<P: Plugin> Drop for Of<P> {
    fn drop(&mut self) {
        self.workers.iter().for_each(|worker| worker.stop());
    }
}
