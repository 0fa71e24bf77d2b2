//! The audio half of an instance: parameter changes at their frame, silence after a panic.
//!
//! Made by an activation on the main thread, owned by the audio thread until the deactivation. It
//! knows nothing of CLAP; the CLAP export and `TestHost` both drive it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::block::Block;
use crate::dsp::Dsp;
use crate::ftz::FlushToZero;
use crate::guard::{Caught, guarded};
use crate::params::Values;
use crate::plugin::Config;

/// A parameter gets a plain value at a frame of the block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ParamChange {
    pub(crate) frame: usize,
    pub(crate) id: u32,
    pub(crate) plain: f64,
}

/// An activated plugin.
pub(crate) struct Processor {
    dsp: Box<dyn Dsp>,
    values: Arc<Values>,
    config: Config,
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
        let mut processor =
            Self { dsp, values, config, loads: 0, is_fresh: true, has_panicked: false };
        processor.each_param(|param, _| param.activate(config.sample_rate));
        processor.fetch();
        match guarded(|| processor.dsp.activate(config)) {
            Ok(()) => Ok(processor),
            Err(caught) => Err((processor.dsp, caught)),
        }
    }

    /// Gives the plugin back. Main thread.
    pub(crate) fn deactivate(self) -> Box<dyn Dsp> {
        self.dsp
    }

    /// The plugin, to read from.
    pub(crate) fn dsp(&self) -> &dyn Dsp {
        self.dsp.as_ref()
    }

    /// Turns the block's input into output, with each of `changes` (in order of time) at its frame.
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
        changes: impl Iterator<Item = ParamChange>,
    ) -> Result<(), Caught> {
        let _flush = FlushToZero::on();
        block.make_finite();
        let result = guarded(|| self.run(block, changes));
        if self.has_panicked || result.is_err() {
            self.has_panicked = true;
            block.silence();
        }
        result
    }

    /// Takes parameter changes while no block is processed. Audio thread.
    pub(crate) fn flush(&mut self, changes: impl Iterator<Item = ParamChange>) {
        self.fetch_if_announced();
        changes.for_each(|change| self.apply(change));
    }

    /// Blocks begin again after a pause: the next changes are initial values. Audio thread.
    pub(crate) fn start(&mut self) {
        self.is_fresh = true;
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

    fn run(&mut self, block: &mut Block<'_>, changes: impl Iterator<Item = ParamChange>) {
        self.fetch_if_announced();
        let frames = block.frames();
        let mut at = 0;
        for change in changes {
            let frame = change.frame.clamp(at, frames);
            self.render(block, at..frame);
            at = frame;
            self.apply(change);
        }
        self.render(block, at..frames);
    }

    /// Renders frames between two changes, in blocks no larger than the author was promised.
    fn render(&mut self, block: &mut Block<'_>, mut range: Range<usize>) {
        while !self.has_panicked && !range.is_empty() {
            let end = range.end.min(range.start + self.config.max_block);
            self.dsp.process(&mut block.part(range.start..end));
            self.is_fresh = false;
            range.start = end;
        }
    }

    fn apply(&mut self, change: ParamChange) {
        let Some(index) = self.values.index_of(change.id) else {
            return;
        };
        let Some(plain) = self.values.set(index, change.plain) else {
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
#[expect(clippy::float_cmp, reason = "what is tested is who wrote a sample, not arithmetic")]
mod tests {
    use super::*;
    use crate::dsp::build;
    use crate::{FloatParam, Params, Plugin, param_id};

    #[derive(Params)]
    struct MarkParams {
        #[param(range = 0.0..=10.0, default = 0.0, smoothing = none)]
        mark: FloatParam,
    }

    /// Writes `mark` into all frames of the left channel, the length of the block into the first
    /// frame of the right one, and a denormal number into its others.
    #[derive(Default)]
    struct Mark;

    impl Plugin for Mark {
        type Params = MarkParams;
        const ID: &'static str = "mark";
        const NAME: &'static str = "Mark";

        fn process(&mut self, params: &mut MarkParams, block: &mut Block<'_>) {
            let (mark, frames) = (params.mark.value(), block.frames());
            let mut channels = block.channels_mut();
            channels.next().unwrap().fill(mark);
            let right = channels.next().unwrap();
            let smallest = std::hint::black_box(f32::MIN_POSITIVE);
            right.fill(smallest * 0.5);
            right[0] = frames as f32;
        }
    }

    fn process(max_block: usize, changes: &[(usize, f64)]) -> ([f32; 8], [f32; 8]) {
        let mut dsp = build::<Mark>();
        let values = Arc::new(Values::of(dsp.as_mut()));
        let config = Config { sample_rate: 48_000.0, max_block };
        let processor = Processor::activate(dsp, values, config);
        let mut processor = processor.map_err(|(_, caught)| caught).unwrap();
        let (mut left, mut right) = ([9.0; 8], [9.0; 8]);
        let id = param_id("mark");
        let changes = changes.iter();
        let changes = changes.map(|&(frame, plain)| ParamChange { frame, id, plain });
        let mut block = Block::new([&mut left[..], &mut right[..]]);
        processor.process(&mut block, changes).unwrap();
        (left, right)
    }

    #[test]
    fn the_block_is_cut_at_changes() {
        let (left, right) = process(512, &[(0, 1.0), (3, 2.0), (3, 3.0), (7, 4.0)]);
        assert_eq!(left, [1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0, 4.0]);
        assert_eq!(right, [3.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn no_block_is_longer_than_promised() {
        let (_, right) = process(3, &[(4, 1.0)]);
        assert_eq!(right, [3.0, 0.0, 0.0, 1.0, 3.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn changes_out_of_order_or_beyond_the_end_act_at_the_next_possible_frame() {
        let (left, _) = process(512, &[(4, 1.0), (2, 2.0), (99, 3.0)]);
        assert_eq!(left, [0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn denormals_are_zero_in_process_and_the_thread_keeps_its_own_setting() {
        assert_eq!(process(512, &[]).1[1].to_bits(), 0);
        assert!(std::hint::black_box(f32::MIN_POSITIVE) * 0.5 > 0.0);
    }
}
