//! The audio half of an instance: everything at its frame, silence after a panic.
//!
//! Made by an activation on the main thread, owned by the audio thread until the deactivation. It
//! knows nothing of CLAP; the CLAP export and `TestHost` both drive it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::background::collect;
use crate::block::Block;
use crate::context::{Context, ProbeSink, ROOM, Said};
use crate::dsp::Dsp;
use crate::event::Event;
use crate::ftz::FlushToZero;
use crate::guard::{Caught, guarded};
use crate::input::{Input, What};
use crate::params::Values;
use crate::plugin::{Config, Tail};
use crate::transport::Transport;

/// What a host gives beside the samples of a block: what happens in it, in order of time, and who
/// looks at probes, if somebody does.
pub(crate) struct Call<'c, I> {
    pub(crate) inputs: I,
    pub(crate) transport: Transport,
    pub(crate) probes: Option<&'c mut dyn ProbeSink>,
}

/// An activated plugin.
pub(crate) struct Processor {
    dsp: Box<dyn Dsp>,
    values: Arc<Values>,
    config: Config,
    splits: bool,
    /// The events of the next call of the author's `process`; frames within that call.
    events: Vec<Event>,
    said: Said,
    /// The last announcement of `values` that was followed.
    loads: u32,
    /// Nothing has sounded since the start: changes are initial values and no moves.
    is_fresh: bool,
    /// A panic has happened: only silence until the next reset.
    has_panicked: bool,
}

impl Processor {
    /// Activates `dsp` with the shared values. Main thread.
    ///
    /// # Errors
    ///
    /// The author's `activate` panicked; the plugin comes back with the panic.
    pub(crate) fn activate(
        dsp: Box<dyn Dsp>,
        values: Arc<Values>,
        config: Config,
    ) -> Result<Self, (Box<dyn Dsp>, Caught)> {
        let shape = dsp.shape();
        let mut processor = Self {
            dsp,
            values,
            config,
            splits: shape.splits,
            events: Vec::with_capacity(ROOM),
            said: Said::new(shape.notes),
            loads: 0,
            is_fresh: true,
            has_panicked: false,
        };
        processor.each_param(|param, _| param.activate(config.sample_rate));
        processor.fetch();
        match guarded(|| activate(processor.dsp.as_mut(), config)) {
            Ok(()) => Ok(processor),
            Err(caught) => Err((processor.deactivate(), caught)),
        }
    }

    /// Gives the plugin back, its background threads ended. Main thread.
    pub(crate) fn deactivate(mut self) -> Box<dyn Dsp> {
        self.dsp.workers().iter().for_each(|worker| worker.stop());
        self.dsp
    }

    /// The plugin, to read from.
    pub(crate) fn dsp(&self) -> &dyn Dsp {
        self.dsp.as_ref()
    }

    /// What the plugin said during the last block.
    pub(crate) fn said(&self) -> &Said {
        &self.said
    }

    /// The plugin's tail.
    ///
    /// # Errors
    ///
    /// The author's `tail` panicked.
    pub(crate) fn tail(&self) -> Result<Tail, Caught> {
        guarded(|| self.dsp.tail())
    }

    /// A panic of background work, each once.
    ///
    /// # Real time
    ///
    /// One atomic load per background.
    pub(crate) fn take_background_fault(&mut self) -> Option<Caught> {
        self.dsp.workers().iter().find_map(|worker| worker.take_fault())
    }

    /// Turns the block's input into output, with everything that happens at its frame. What comes
    /// out of order, late, or beyond the end, happens at the next possible frame.
    ///
    /// # Errors
    ///
    /// The author's `process` panicked, reported once: the block is silence, and so is every
    /// block until [`reset`](Self::reset).
    ///
    /// # Real time
    ///
    /// Allocates nothing, waits for nothing; see `guarded` for the case of a panic.
    pub(crate) fn process(
        &mut self,
        block: &mut Block<'_>,
        call: &mut Call<'_, impl Iterator<Item = Input>>,
    ) -> Result<(), Caught> {
        let _flush = FlushToZero::on();
        self.said.clear();
        block.make_finite();
        let result = guarded(|| self.run(block, call));
        if self.has_panicked || result.is_err() {
            self.has_panicked = true;
            self.events.clear();
            block.silence();
        }
        result
    }

    /// Takes parameter changes while no block is processed. Audio thread.
    pub(crate) fn flush(&mut self, inputs: impl Iterator<Item = Input>) {
        self.fetch_if_announced();
        for input in inputs {
            if let What::Param { id, plain } = input.what {
                self.set(id, plain);
            }
        }
    }

    /// Blocks begin again after a pause: the next changes are initial values. Audio thread.
    pub(crate) fn start(&mut self) {
        self.is_fresh = true;
        self.events.clear();
        self.each_param(|param, _| param.settle());
    }

    /// Forgets what was sounding, and a panic. Audio thread.
    ///
    /// # Errors
    ///
    /// The author's `reset` panicked: only silence follows.
    pub(crate) fn reset(&mut self) -> Result<(), Caught> {
        self.start();
        let result = guarded(|| self.dsp.reset());
        self.has_panicked = result.is_err();
        result
    }

    fn run(&mut self, block: &mut Block<'_>, call: &mut Call<'_, impl Iterator<Item = Input>>) {
        self.fetch_if_announced();
        let frames = block.frames();
        let mut scene = Scene { transport: call.transport, since: 0, probes: call.probes.take() };
        let mut at = 0;
        for input in &mut call.inputs {
            let frame = input.frame.clamp(at, frames);
            let cut = self.cut(input.what, frame, at..frames);
            self.render(block, at..cut, &mut scene);
            at = cut;
            match input.what {
                What::Param { id, plain } => self.set(id, plain),
                What::Event(kind) => self.keep(kind.at(frame.saturating_sub(at))),
                What::Transport(transport) => (scene.transport, scene.since) = (transport, at),
            }
        }
        self.render(block, at..frames, &mut scene);
        if let Some(probes) = scene.probes {
            self.show_meters(probes, frames.saturating_sub(1));
        }
    }

    /// Shows the meters as they are at the block's last frame.
    fn show_meters(&mut self, probes: &mut dyn ProbeSink, last: usize) {
        self.dsp.params().each_meter(&mut |meter| {
            if let Some(value) = meter.value() {
                let spec = meter.spec();
                probes.meter(&spec.key, last, f64::from(value).clamp(spec.min, spec.max));
            }
        });
    }

    /// Where the call ends before something that happens at `frame`, `left` being the frames that
    /// are not rendered yet.
    fn cut(&self, what: What, frame: usize, left: Range<usize>) -> usize {
        let cut = if self.splits || frame == left.end {
            frame
        } else {
            frame - (frame - left.start) % self.config.max_block
        };
        match self.events.last() {
            // Full: those that are kept already need a call for themselves.
            Some(last) if self.is_full() && cut == left.start && matches!(what, What::Event(_)) => {
                frame.max(cut + last.frame + 1).min(left.end)
            }
            _ => cut,
        }
    }

    fn is_full(&self) -> bool {
        self.events.len() == ROOM
    }

    /// Keeps an event for the next call, in order of time.
    fn keep(&mut self, event: Event) {
        if self.is_full() {
            self.said.n_refused += 1;
            return;
        }
        let place = self.events.partition_point(|earlier| earlier.frame <= event.frame);
        self.events.insert(place, event);
    }

    /// Renders frames between two cuts, in blocks no larger than the author was promised.
    fn render(&mut self, block: &mut Block<'_>, mut range: Range<usize>, scene: &mut Scene<'_>) {
        while !self.has_panicked && !range.is_empty() {
            let end = range.end.min(range.start + self.config.max_block);
            let mut ctx = Context {
                events: &self.events,
                transport: (&scene.transport, range.start - scene.since),
                sample_rate: self.config.sample_rate,
                said: &mut self.said,
                probes: match &mut scene.probes {
                    Some(probes) => Some(&mut **probes),
                    None => None,
                },
                start: range.start,
                frames: end - range.start,
            };
            self.dsp.process(&mut block.part(range.start..end), &mut ctx);
            self.events.clear();
            self.is_fresh = false;
            range.start = end;
        }
    }

    fn set(&mut self, id: u32, plain: f64) {
        let Some(index) = self.values.index_of(id) else {
            return;
        };
        let Some(plain) = self.values.set(index, plain) else {
            return;
        };
        match self.dsp.params().at(index) {
            Some(param) if self.is_fresh => param.jump_to(plain),
            Some(param) => param.move_to(plain),
            None => {}
        }
    }

    fn fetch_if_announced(&mut self) {
        if self.values.loads() != self.loads {
            self.fetch();
        }
    }

    /// Takes all shared values at once, without ramps.
    fn fetch(&mut self) {
        self.loads = self.values.loads();
        let values = Arc::clone(&self.values);
        self.each_param(|param, index| {
            if let Some(plain) = values.get(index) {
                param.jump_to(plain);
            }
        });
    }

    fn each_param(&mut self, mut work: impl FnMut(&mut dyn crate::Parameter, usize)) {
        let params = self.dsp.params();
        for index in 0..params.count() {
            if let Some(param) = params.at(index) {
                work(param, index);
            }
        }
    }
}

/// What surrounds the calls of one block.
struct Scene<'c> {
    transport: Transport,
    /// The frame for which `transport` was told.
    since: usize,
    probes: Option<&'c mut dyn ProbeSink>,
}

/// Has the author's code prepare itself, then starts the threads of its background work.
fn activate(dsp: &mut dyn Dsp, config: Config) {
    dsp.workers().iter().for_each(|worker| worker.clear());
    let ((), made) = collect(|| dsp.activate(config));
    // Whoever alone holds a worker here has no plugin left that could ask it.
    dsp.workers().retain(|worker| Arc::strong_count(worker) > 1);
    dsp.workers().extend(made);
    dsp.workers().iter().for_each(|worker| Arc::clone(worker).start());
}

impl fmt::Debug for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processor")
            .field("config", &self.config)
            .field("values", &self.values)
            .field("has_panicked", &self.has_panicked)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
