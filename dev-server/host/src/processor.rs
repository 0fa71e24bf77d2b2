//! The audio half of a loaded plugin.
//!
//! Runs on the audio thread, owns all buffers of its blocks, allocated at activation. It calls
//! the plugin and nothing else: it knows no file, thread or library, though its clack half keeps
//! the library mapped.

use std::sync::{Arc, atomic::Ordering};

use clack_extensions::{note_ports::NoteDialects, tail::PluginTail};
use clack_host::prelude::*;
use retake_engine::{
    Layout, Outcome, PluginEvent, ProcessIo, Processor, Transport, ftz::FlushToZero,
    processor::Replies,
};

use crate::{
    audit,
    buffers::PortBuffers,
    callbacks::Host,
    events::{self, Heard, Inbox, ffi::listening},
    ffi,
    ports::Ports,
    wishes::{Fault, Wish, Wishes},
};

/// A started CLAP plugin.
///
/// Give it back by [`crate::PluginThread::retire`]; dropping it elsewhere is safe but frees its
/// buffers there.
pub struct ClapProcessor {
    started: StartedPluginAudioProcessor<Host>,
    wishes: Arc<Wishes>,
    layout: Layout,
    input: PortBuffers,
    output: PortBuffers,
    events: Inbox,
    /// Guards are looked at, until one was found broken.
    is_guarded: bool,
    /// Values that the plugin did not take before activation: the first events of all.
    first: Vec<(u32, f64)>,
}

impl std::fmt::Debug for ClapProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClapProcessor").field("layout", &self.layout).finish_non_exhaustive()
    }
}

/// What a processor is made for.
pub(crate) struct Shape<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) layout: Layout,
    pub(crate) dialects: NoteDialects,
    pub(crate) max_block: usize,
    pub(crate) is_guarded: bool,
}

impl ClapProcessor {
    pub(crate) fn new(
        started: StartedPluginAudioProcessor<Host>,
        wishes: Arc<Wishes>,
        shape: &Shape<'_>,
        first: Vec<(u32, f64)>,
    ) -> Self {
        let buffers = |side| PortBuffers::new(side, shape.max_block, shape.is_guarded);
        let mut processor = Self {
            started,
            wishes,
            layout: shape.layout,
            input: buffers(&shape.ports.inputs),
            output: buffers(&shape.ports.outputs),
            events: Inbox::new(shape.dialects),
            is_guarded: shape.is_guarded,
            first,
        };
        let role = processor.wishes.role.on_audio();
        processor.read_tail();
        drop(role);
        processor
    }

    /// Stops processing; on the plugin's main thread, which has the audio role meanwhile.
    pub(crate) fn stop(self, instance: &PluginInstance<Host>) -> bool {
        let is_mine = self.started.matches(instance);
        if is_mine {
            let _role = self.wishes.role.on_audio();
            self.started.stop_processing();
        }
        is_mine
    }

    /// Whether the plugin gives sound in 32 bits: one silent block, forgotten afterwards. For
    /// plugins that say they know 64 bits; on the plugin's main thread, before the first block.
    ///
    /// A plugin that knows nothing else fails in the block, or leaves its output as it was.
    pub(crate) fn works_in_32_bits(&mut self) -> bool {
        const UNTOUCHED: f32 = f32::from_bits(0x2BAD_CAFE);
        let first = std::mem::take(&mut self.first);
        let _flush_to_zero = FlushToZero::new();
        let _role = self.wishes.role.on_audio();
        self.input.fill(0.0, 1);
        self.output.fill(UNTOUCHED, 1);
        let time = Transport { tempo_bpm: 120.0, seconds: 0.0, beats: 0.0 };
        let outcome = self.run((1, 0), time, &[], &mut Replies::new(0));
        let is_written = self.output.main_differs_from(UNTOUCHED, 1) || self.layout.n_output == 0;
        self.started.reset();
        self.first = first;
        outcome == Outcome::Ok && is_written
    }

    /// Calls the plugin with what lies in the buffers: `frames` from the clock's `frame` on.
    ///
    /// # Real time
    /// No allocation.
    fn run(
        &mut self,
        (frames, frame): (usize, u64),
        time: Transport,
        events: &[PluginEvent],
        replies: &mut Replies,
    ) -> Outcome {
        let first = self.first.drain(..).map(|(id, value)| PluginEvent::param(0, id, value));
        let n_lost = self.events.fill(first.chain(events.iter().copied()));
        self.wishes.count(Fault::EventsLost, n_lost);
        // A block has at most `max_block` frames, which activation kept within u32.
        let n_frames = u32::try_from(frames).unwrap_or(u32::MAX);
        let inputs = ffi::with_frames(self.input.as_input(frames), n_frames);
        let mut outputs = self.output.as_output(frames);
        let time = events::transport(time);
        let (started, wishes) = (&mut self.started, &self.wishes);
        let mut heard = Heard::new(replies, wishes, n_frames);
        let status = listening(&mut heard, |heard| {
            let events = InputEvents::from_buffer(&self.events);
            let time = Some(&time);
            audit::in_block(&wishes.recorder, frames, || {
                started.process(&inputs, &mut outputs, &events, heard, Some(frame), time)
            })
        });
        // Sleep and tail are offers to save time; every block is processed.
        if status.is_ok() { Outcome::Ok } else { Outcome::Error }
    }

    /// Looks whether the plugin wrote outside; after the first time nobody looks any more.
    fn check_guards(&mut self, frames: usize) {
        let breach = self.output.breach(false, frames).or(self.input.breach(true, frames));
        if let Some(breach) = breach {
            self.wishes.breach.store(breach.to_bits(), Ordering::Release);
            self.is_guarded = false;
        }
    }

    /// Asks the plugin how long it sounds on; with the audio role.
    fn read_tail(&mut self) {
        let plugin = self.started.plugin_handle();
        if let Some(ext) = plugin.get_extension::<PluginTail>() {
            self.wishes.tail.store(ext.get(&plugin).to_raw(), Ordering::Release);
        }
    }
}

impl Processor for ClapProcessor {
    fn layout(&self) -> Layout {
        self.layout
    }

    /// # Real time
    /// The host's part: two copies, no heap, no lock, no system call. The plugin's part is the
    /// plugin's.
    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        let _flush_to_zero = FlushToZero::new();
        let _role = self.wishes.role.on_audio();
        self.input.load(io.input, io.frames);
        // Silent until the plugin writes.
        self.output.fill(0.0, io.frames);
        if self.is_guarded {
            self.input.mark(io.frames);
            self.output.mark(io.frames);
        }
        self.wishes.pass_door();
        let outcome = self.run((io.frames, io.frame), io.transport, io.events, io.replies);
        self.wishes.pass_door();
        if self.is_guarded {
            self.check_guards(io.frames);
        }
        if self.wishes.take(Wish::Tail) {
            self.read_tail();
            self.wishes.ask(Wish::TailNews);
        }
        self.output.store(io.output, io.frames);
        outcome
    }

    fn reset(&mut self) {
        let _flush_to_zero = FlushToZero::new();
        let _role = self.wishes.role.on_audio();
        self.started.reset();
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}
