//! What the engine knows of a plugin: something that processes blocks.

use crate::{
    event::{PluginEvent, Transport},
    planar::Planar,
};

/// The audio half of a plugin.
///
/// The host crate implements it over CLAP; [`Identity`] is the engine's own for tests and benches.
pub trait Processor: Send {
    /// Channels and latency, constant between activation and deactivation.
    fn layout(&self) -> Layout;

    /// Processes `io.frames` frames from `io.input` to `io.output`.
    ///
    /// `io.input` and `io.output` have exactly the channels of [`Processor::layout`], the input's
    /// sidechain behind its main channels;
    /// `io.frames` is at least 1 and at most the `max_block` the processor was activated with.
    ///
    /// # Real time
    /// Called on the audio thread. Never allocates, frees, locks, logs, waits or calls the system.
    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome;

    /// Forgets all sound held inside (tails, delay lines), keeps parameters.
    ///
    /// # Real time
    /// As [`Processor::process`].
    fn reset(&mut self);

    /// Gives the value back as what the host knows it to be.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send>;
}

/// The shape of an activated processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Channels it takes; 0 for a plugin without an input.
    pub n_input: usize,
    /// Channels of its sidechain, its second input; 0 for a plugin without one.
    pub n_side: usize,
    /// Channels it gives; 0 for a plugin without an output (its input passes unchanged).
    pub n_output: usize,
    /// Frames by which its output lags its input.
    pub latency_frames: usize,
}

/// One block for a processor.
#[derive(Debug)]
pub struct ProcessIo<'a> {
    /// Input channels, then those of the sidechain; frames beyond `frames` are stale.
    pub input: &'a Planar,
    /// Output channels, to be overwritten.
    pub output: &'a mut Planar,
    /// Frames in this block.
    pub frames: usize,
    /// The engine's clock at the first frame of this block.
    pub frame: u64,
    /// The musical time at the first frame of this block.
    pub transport: Transport,
    /// Events for the plugin, ordered by offset.
    pub events: &'a [PluginEvent],
    /// What the plugin says back: parameters it moved itself, notes, MIDI.
    pub replies: &'a mut Replies,
}

/// Events that a plugin sent back in one block: fixed room, the excess is counted.
#[derive(Debug)]
pub struct Replies {
    events: Vec<PluginEvent>,
    lost: u64,
}

impl Replies {
    /// Room for `capacity` replies a block.
    pub fn new(capacity: usize) -> Self {
        Self { events: Vec::with_capacity(capacity), lost: 0 }
    }

    /// Adds a reply, or counts it when there is no room.
    ///
    /// # Real time
    /// No allocation: the room was made at construction.
    pub fn push(&mut self, event: PluginEvent) {
        if self.events.len() < self.events.capacity() {
            self.events.push(event);
        } else {
            self.lost += 1;
        }
    }

    /// Hands out and forgets the replies of the last block.
    pub fn drain(&mut self) -> impl Iterator<Item = PluginEvent> {
        self.events.drain(..)
    }

    /// Replies that found no room and were not yet counted by the engine.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Counts replies that found no room elsewhere, before they came here.
    pub fn lose(&mut self, n: u64) {
        self.lost += n;
    }

    /// Takes the count of replies that found no room, to be counted elsewhere.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

/// How a block went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The output is the plugin's.
    Ok,
    /// The plugin reported an error for this block; its output is not to be used.
    Error,
    /// No answer in time; nothing of this block is to be heard, the next may be fine again.
    Late,
    /// The plugin is gone for good: its process ended or was given up.
    Gone,
}

/// Silence, for any number of channels: what stands in for a plugin that is not ready.
#[derive(Debug, Clone, Copy)]
pub struct Silence {
    /// Channels in and out.
    pub channels: usize,
}

impl Processor for Silence {
    fn layout(&self) -> Layout {
        Layout { n_input: self.channels, n_output: self.channels, ..Layout::default() }
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        io.output.silence(io.frames);
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

/// Output = input, for any number of channels.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// Channels in and out.
    pub channels: usize,
}

impl Processor for Identity {
    fn layout(&self) -> Layout {
        Layout { n_input: self.channels, n_output: self.channels, ..Layout::default() }
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        for (to, from) in io.output.rows_mut().zip(io.input.rows()) {
            to[..io.frames].copy_from_slice(&from[..io.frames]);
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}
