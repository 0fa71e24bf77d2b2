//! Runs a plugin offline in the author's own unit tests.
//!
//! It takes the way of a CLAP host from the activation on, with the same processor; only the C
//! interface is left out. Single-threaded, and as loud as a test should be: a mistake panics.

mod probed;

pub use probed::Probed;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::alloc::TestAllocator;
use crate::block::{Block, copy_finite};
use crate::dsp::{Dsp, build};
use crate::event::{Event, EventKind, Note};
use crate::guard::{self, Caught};
use crate::input::{Input, What};
use crate::layout::Layout;
use crate::params::Values;
use crate::plugin::{Config, Plugin, Tail};
use crate::processor::{Call, Processor};
use crate::state;
use crate::transport::Transport;
use probed::Recorder;

/// A host for unit tests: an activated plugin that renders what it is given.
///
/// ```
/// # use retake_sdk::{Block, Context, FloatParam, Params, Plugin};
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
/// #     fn process(
/// #         &mut self,
/// #         params: &mut OffsetParams,
/// #         block: &mut Block<'_>,
/// #         _ctx: &mut Context<'_>,
/// #     ) {
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
    /// `None` only inside of `with_layout`.
    processor: Option<Processor>,
    values: Arc<Values>,
    config: Config,
    inputs: Vec<Input>,
    transport: Transport,
    sidechain: Vec<Vec<f32>>,
    recorder: Recorder,
    counts_calls: bool,
    wants_restart: bool,
    has_new_tail: bool,
    plugin: PhantomData<fn() -> P>,
}

impl<P: Plugin> TestHost<P> {
    /// Makes and activates the plugin in its first layout, all parameters at their defaults.
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
        let config = Config { sample_rate, max_block: max_block.max(1), layout: P::LAYOUTS[0] };
        Self {
            processor: Some(activated(dsp, &values, config)),
            values,
            config,
            inputs: Vec::new(),
            transport: Transport::default(),
            sidechain: Vec::new(),
            recorder: Recorder::default(),
            counts_calls: false,
            wants_restart: false,
            has_new_tail: false,
            plugin: PhantomData,
        }
    }

    /// Activates the plugin again in another of its layouts.
    ///
    /// # Panics
    ///
    /// If the plugin does not have the layout, or its `activate` panics.
    pub fn with_layout(&mut self, layout: Layout) -> &mut Self {
        assert!(P::LAYOUTS.contains(&layout), "no layout {layout}; there are {:?}", P::LAYOUTS);
        self.config.layout = layout;
        self.restart()
    }

    /// Deactivates the plugin and activates it again, as a host does that was asked to.
    ///
    /// # Panics
    ///
    /// If the plugin's `activate` panics.
    pub fn restart(&mut self) -> &mut Self {
        if let Some(processor) = self.processor.take() {
            let dsp = processor.deactivate();
            self.processor = Some(activated(dsp, &self.values, self.config));
        }
        self.wants_restart = false;
        self
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

    /// Like [`set`](Self::set), but at a frame of the next block.
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
        let what = What::Param { id: spec.id, plain };
        self.input(frame, what)
    }

    /// Presses a key, 0 to 127, on channel 0 at the beginning of the next block; velocity 0 to 1.
    pub fn note_on(&mut self, key: u8, velocity: f32) -> &mut Self {
        self.note_on_at(0, key, velocity)
    }

    /// Like [`note_on`](Self::note_on), but at a frame of the next block.
    pub fn note_on_at(&mut self, frame: usize, key: u8, velocity: f32) -> &mut Self {
        self.event_at(frame, EventKind::NoteOn { note: Note::new(key, 0), velocity })
    }

    /// Lets a key go, on channel 0 at the beginning of the next block.
    pub fn note_off(&mut self, key: u8) -> &mut Self {
        self.note_off_at(0, key)
    }

    /// Like [`note_off`](Self::note_off), but at a frame of the next block.
    pub fn note_off_at(&mut self, frame: usize, key: u8) -> &mut Self {
        let target = Note::new(key, 0).into();
        self.event_at(frame, EventKind::NoteOff { target, velocity: 0.0 })
    }

    /// Sends a MIDI message at the beginning of the next block; one that is a note comes as one.
    pub fn midi(&mut self, bytes: [u8; 3]) -> &mut Self {
        self.midi_at(0, bytes)
    }

    /// Like [`midi`](Self::midi), but at a frame of the next block.
    pub fn midi_at(&mut self, frame: usize, bytes: [u8; 3]) -> &mut Self {
        self.event_at(frame, crate::event::from_midi(bytes))
    }

    /// Sends any event at a frame of the next block.
    ///
    /// # Panics
    ///
    /// If the plugin takes no notes.
    pub fn event_at(&mut self, frame: usize, kind: EventKind) -> &mut Self {
        assert!(P::NOTES.input, "the plugin takes no notes: NOTES has no input");
        self.input(frame, What::Event(kind))
    }

    /// The host's transport from the next block on; it moves on by itself while it plays.
    pub fn transport(&mut self, transport: Transport) -> &mut Self {
        self.transport = transport;
        self
    }

    /// Has every later block fail the test if the plugin touches the heap in it.
    ///
    /// # Panics
    ///
    /// If the test program has not installed the allocator that counts.
    pub fn assert_no_alloc(&mut self) -> &mut Self {
        assert!(
            TestAllocator::is_installed(),
            "assert_no_alloc needs the allocator that counts: \
             put `#[cfg(test)] retake_sdk::test_allocator!();` into the crate's root"
        );
        self.counts_calls = true;
        self
    }

    /// Renders one block in place: input in, output out. All channels have one length, of any
    /// number of frames. There are as many channels as the layout has outputs, or inputs if those
    /// are more; those without input begin silent. A side input is silent. A layout without any
    /// channel gets a block of `max_block` frames.
    ///
    /// # Panics
    ///
    /// If the plugin panics, in background work too, or touches the heap after
    /// [`assert_no_alloc`](Self::assert_no_alloc); if the channels are too many or too few or
    /// differ in length.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) -> &mut Self {
        self.process_with_sidechain(channels, &[])
    }

    /// Like [`process`](Self::process), with samples for the side input; what is missing there is
    /// silent.
    ///
    /// # Panics
    ///
    /// As [`process`](Self::process); and if the layout has fewer side channels.
    pub fn process_with_sidechain(
        &mut self,
        channels: &mut [&mut [f32]],
        sidechain: &[&[f32]],
    ) -> &mut Self {
        let frames = self.prepare(channels, sidechain);
        let Some(processor) = &mut self.processor else {
            return self;
        };
        let before = TestAllocator::calls();
        let mut call = Call {
            inputs: self.inputs.iter().copied(),
            transport: self.transport,
            probes: Some(&mut self.recorder),
        };
        let block = Block::new(channels.iter_mut().map(|channel| &mut **channel));
        let mut block = block.with_frames(frames).with_sidechain(&self.sidechain);
        let result = processor.process(&mut block, &mut call);
        let n_calls = TestAllocator::calls() - before;
        sound(result);
        let fault = processor.take_background_fault();
        sound(fault.map_or(Ok(()), Err));
        self.inputs.clear();
        self.wants_restart |= processor.said().wants_restart;
        self.has_new_tail |= processor.said().has_new_tail;
        self.transport = self.transport.after(frames, self.config.sample_rate);
        assert!(
            n_calls == 0 || !self.counts_calls,
            "the plugin has touched the heap {n_calls} times in one block of {frames} frames"
        );
        self
    }

    /// The events that the plugin sent during the last block, in order of time.
    pub fn sent(&self) -> &[Event] {
        self.active().said().sent()
    }

    /// How many events had no room or no port during the last block.
    pub fn n_refused(&self) -> u64 {
        self.active().said().n_refused
    }

    /// What the plugin's probes showed during the last block, in the order of the calls.
    pub fn probes(&self) -> &[Probed] {
        self.recorder.probed()
    }

    /// What the plugin's meters showed last, by key; those that show nothing yet are missing.
    pub fn meters(&self) -> &BTreeMap<String, f64> {
        self.recorder.meters()
    }

    /// Whether the plugin has asked for a restart, or said that its latency has changed, since the
    /// last activation.
    pub fn wants_restart(&self) -> bool {
        self.wants_restart
    }

    /// Whether the plugin has said that its tail has changed.
    pub fn has_new_tail(&self) -> bool {
        self.has_new_tail
    }

    /// Forgets what was sounding, as a host does when it jumps.
    ///
    /// # Panics
    ///
    /// If the plugin panics.
    pub fn reset(&mut self) -> &mut Self {
        if let Some(processor) = &mut self.processor {
            sound(processor.reset());
        }
        self
    }

    /// The plugin's latency in frames.
    pub fn latency_frames(&self) -> u32 {
        self.active().dsp().latency_frames()
    }

    /// The plugin's tail.
    pub fn tail(&self) -> Tail {
        self.active().dsp().tail()
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

    #[expect(clippy::expect_used, reason = "an activation that failed has failed the test")]
    fn active(&self) -> &Processor {
        self.processor.as_ref().expect("the plugin is active")
    }

    /// Keeps the inputs in order of time; those of one frame in the order of the calls.
    fn input(&mut self, frame: usize, what: What) -> &mut Self {
        let place = self.inputs.partition_point(|earlier| earlier.frame <= frame);
        self.inputs.insert(place, Input { frame, what });
        self
    }

    /// Checks and fills the channels; returns their length.
    fn prepare(&mut self, channels: &mut [&mut [f32]], sidechain: &[&[f32]]) -> usize {
        let layout = self.config.layout;
        let (given, needed) = (channels.len(), layout.block_channels());
        assert!(given == needed, "{given} channels are given, the layout {layout} has {needed}");
        let lengths = channels.iter().map(|channel| channel.len());
        let lengths: Vec<_> =
            lengths.chain(sidechain.iter().map(|channel| channel.len())).collect();
        let frames = lengths.first().copied().unwrap_or(self.config.max_block);
        assert!(
            lengths.iter().all(|length| *length == frames),
            "the channels have {lengths:?} frames"
        );
        channels.iter_mut().skip(layout.input_channels()).for_each(|channel| channel.fill(0.0));
        let n_side = layout.sidechain_channels();
        assert!(sidechain.len() <= n_side, "the layout {layout} has {n_side} side channels");
        self.sidechain.resize_with(n_side, Vec::new);
        for (index, side) in self.sidechain.iter_mut().enumerate() {
            side.clear();
            side.resize(frames, 0.0);
            copy_finite(sidechain.get(index).copied().unwrap_or_default(), side);
        }
        self.recorder.clear();
        frames
    }
}

fn activated(dsp: Box<dyn Dsp>, values: &Arc<Values>, config: Config) -> Processor {
    sound(Processor::activate(dsp, Arc::clone(values), config).map_err(|(_, caught)| caught))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;

    #[derive(Default)]
    struct Nothing;

    impl Plugin for Nothing {
        type Params = ();
        const ID: &'static str = "nothing";
        const NAME: &'static str = "Nothing";

        fn process(&mut self, _params: &mut (), _block: &mut Block<'_>, _ctx: &mut Context<'_>) {}
    }

    #[test]
    #[should_panic(expected = "assert_no_alloc needs the allocator that counts")]
    fn without_the_allocator_nothing_is_asserted() {
        TestHost::<Nothing>::new(48_000.0, 64).assert_no_alloc();
    }
}
