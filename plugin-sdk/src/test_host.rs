//! Runs a plugin offline in the author's own unit tests.
//!
//! It takes the way of a CLAP host from the activation on, with the same processor; only the C
//! interface is left out. Single-threaded, and as loud as a test should be: a mistake panics.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::block::Block;
use crate::dsp::build;
use crate::guard::{self, Caught};
use crate::params::Values;
use crate::plugin::{Config, Plugin};
use crate::processor::{ParamChange, Processor};
use crate::state;

/// A host for unit tests: an activated plugin that renders what it is given.
///
/// ```
/// # use retake_sdk::{Block, FloatParam, Params, Plugin};
/// # #[derive(Params)]
/// # struct OffsetParams {
/// #     #[param(range = 0.0..=1.0, default = 0.0)]
/// #     offset: FloatParam,
/// # }
/// # #[derive(Default)]
/// # struct Offset;
/// # impl Plugin for Offset {
/// #     type Params = OffsetParams;
/// #     const ID: &'static str = "org.example.offset";
/// #     const NAME: &'static str = "Offset";
/// #     fn process(&mut self, params: &mut OffsetParams, block: &mut Block<'_>) {
/// #         block.each_frame(|frame| {
/// #             let offset = params.offset.next();
/// #             frame.for_each(|sample| *sample += offset);
/// #         });
/// #     }
/// # }
/// use retake_sdk::TestHost;
///
/// let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
/// TestHost::<Offset>::new(48_000.0, 512)
///     .set("offset", 0.5)
///     .process(&mut [&mut left, &mut right]);
/// assert_eq!(left, [0.5; 64]);
/// ```
pub struct TestHost<P> {
    processor: Processor,
    values: Arc<Values>,
    changes: Vec<ParamChange>,
    plugin: PhantomData<fn() -> P>,
}

impl<P: Plugin> TestHost<P> {
    /// Makes and activates the plugin, all parameters at their defaults.
    ///
    /// `sample_rate` in Hz, `max_block` in frames: the plugin gets longer blocks in parts.
    ///
    /// # Panics
    ///
    /// If the plugin's own `default` or `activate` panics.
    #[must_use]
    pub fn new(sample_rate: f64, max_block: usize) -> Self {
        guard::install();
        let mut dsp = build::<P>();
        let values = Arc::new(Values::of(dsp.as_mut()));
        let config = Config { sample_rate, max_block: max_block.max(1) };
        let processor =
            Processor::activate(dsp, Arc::clone(&values), config).map_err(|(_, caught)| caught);
        Self { processor: sound(processor), values, changes: Vec::new(), plugin: PhantomData }
    }

    /// Sets a parameter, by key or by name in any case, to a plain value from the next block on:
    /// before the first block at once, later smoothed as declared.
    ///
    /// # Panics
    ///
    /// If there is no such parameter, or the value lies outside its range.
    pub fn set(&mut self, param: &str, plain: f64) -> &mut Self {
        self.set_at(0, param, plain)
    }

    /// Like [`set`](Self::set), but at a frame of the next block. Call it in order of time.
    ///
    /// # Panics
    ///
    /// If there is no such parameter, or the value lies outside its range.
    #[expect(clippy::panic, reason = "a mistake in a test shall fail the test")]
    pub fn set_at(&mut self, frame: usize, param: &str, plain: f64) -> &mut Self {
        let specs = self.values.specs();
        let found = specs.iter().find(|spec| {
            spec.key.eq_ignore_ascii_case(param) || spec.name.eq_ignore_ascii_case(param)
        });
        let Some(spec) = found else {
            let keys: Vec<_> = specs.iter().map(|spec| &spec.key).collect();
            panic!("no parameter {param:?}; there are {keys:?}");
        };
        let range = spec.min..=spec.max;
        assert!(range.contains(&plain), "{param} = {plain} is not in {range:?}");
        self.changes.push(ParamChange { frame, id: spec.id, plain });
        self
    }

    /// Renders one block in place: input in, output out. All channels have one length, of any
    /// number of frames.
    ///
    /// # Panics
    ///
    /// If the plugin panics, or the channels differ in length.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) -> &mut Self {
        let frames: Vec<_> = channels.iter().map(|channel| channel.len()).collect();
        assert!(
            frames.windows(2).all(|pair| pair[0] == pair[1]),
            "the channels have {frames:?} frames"
        );
        let mut block = Block::new(channels.iter_mut().map(|channel| &mut **channel));
        let changes = self.changes.drain(..);
        sound(self.processor.process(&mut block, changes));
        self
    }

    /// Forgets what was sounding, as a host does when it jumps.
    ///
    /// # Panics
    ///
    /// If the plugin panics.
    pub fn reset(&mut self) -> &mut Self {
        sound(self.processor.reset());
        self
    }

    /// The plugin's latency in frames.
    pub fn latency_frames(&self) -> u32 {
        self.processor.dsp().latency_frames()
    }

    /// The state that a host would save.
    #[must_use]
    pub fn save_state(&self) -> Vec<u8> {
        state::save(&self.values)
    }

    /// Loads a state as a host would: the values hold at once, without ramps.
    ///
    /// # Panics
    ///
    /// If the plugin refuses the state.
    #[expect(clippy::panic, reason = "a refused state shall fail the test")]
    pub fn load_state(&mut self, bytes: &[u8]) -> &mut Self {
        if let Err(error) = state::load(&self.values, bytes) {
            panic!("{error}");
        }
        self
    }
}

/// The result of a call that did not panic; else the same panic once more, for the test.
#[expect(clippy::panic, reason = "a plugin that panics shall fail its test")]
fn sound<T>(result: Result<T, Caught>) -> T {
    match result {
        Ok(value) => value,
        Err(caught) => panic!("the plugin {}", caught.line()),
    }
}

impl<P> fmt::Debug for TestHost<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestHost").field("processor", &self.processor).finish_non_exhaustive()
    }
}
