//! The audio half of a loaded plugin.
//!
//! Runs on the audio thread, owns all buffers of its blocks, allocated at activation. It calls
//! the plugin and nothing else: it knows no file, thread or library, though its clack half keeps
//! the library mapped.

use std::sync::{Arc, atomic::Ordering};

use clack_host::{
    events::{event_types::ParamValueEvent, io::TryPushError},
    prelude::*,
};
use retake_engine::{
    EventBody, Layout, Outcome, Planar, PluginEvent, ProcessIo, Processor, ftz::FlushToZero,
    processor::Replies,
};

use crate::{
    callbacks::{Host, Wishes},
    ffi,
    ports::{Ports, Side},
};

/// Events of one block for which there is room; the excess is counted and logged.
const MAX_EVENTS: usize = 1024;

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
    events: EventBuffer,
    /// Values that the plugin did not take before activation: the first events of all.
    first: Vec<(u32, f64)>,
}

impl std::fmt::Debug for ClapProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClapProcessor").field("layout", &self.layout).finish_non_exhaustive()
    }
}

/// Buffers of all ports of one side.
struct PortBuffers {
    /// The main output's is empty: the engine's own is used.
    ports: Vec<Planar>,
    main: Option<usize>,
    clap: AudioPorts,
}

fn copy(to: &mut Planar, from: &Planar, frames: usize) {
    for (to, from) in to.rows_mut().zip(from.rows()) {
        to[..frames].copy_from_slice(&from[..frames]);
    }
}

impl PortBuffers {
    fn new(side: &Side, max_block: usize) -> Self {
        Self {
            ports: side.channels.iter().map(|n| Planar::new(*n, max_block)).collect(),
            main: side.main,
            clap: AudioPorts::with_capacity(side.channels.iter().sum(), side.channels.len()),
        }
    }

    /// The plugin may write to its input, so it gets a copy; side ports are silent.
    ///
    /// # Real time
    /// No allocation: as many ports and channels as at construction.
    fn as_input<'a>(&'a mut self, main: &Planar, frames: usize) -> InputAudioBuffers<'a> {
        for (index, port) in self.ports.iter_mut().enumerate() {
            if self.main == Some(index) {
                copy(port, main, frames);
            } else {
                port.silence(frames);
            }
        }
        self.clap.with_input_buffers(self.ports.iter_mut().map(|port| AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(
                port.rows_mut().map(move |row| InputChannel {
                    buffer: &mut row[..frames],
                    is_constant: false,
                }),
            ),
        }))
    }

    /// The main port's channels are the engine's, silent until the plugin writes.
    ///
    /// # Real time
    /// As [`PortBuffers::as_input`].
    fn as_output<'a>(&'a mut self, main: &'a mut Planar, frames: usize) -> OutputAudioBuffers<'a> {
        main.silence(frames);
        let (at, mut main) = (self.main, Some(main));
        let ports = self.ports.iter_mut().enumerate().map(move |(index, side)| {
            if at == Some(index) { main.take().unwrap_or(side) } else { side }
        });
        self.clap.with_output_buffers(ports.map(|port| AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(
                port.rows_mut().map(move |row| &mut row[..frames]),
            ),
        }))
    }
}

impl ClapProcessor {
    pub(crate) fn new(
        started: StartedPluginAudioProcessor<Host>,
        wishes: Arc<Wishes>,
        shape: (&Ports, Layout),
        max_block: usize,
        first: Vec<(u32, f64)>,
    ) -> Self {
        let (ports, layout) = shape;
        Self {
            started,
            wishes,
            layout,
            input: PortBuffers::new(&ports.input, max_block),
            output: PortBuffers::new(&ports.output, max_block),
            events: EventBuffer::with_capacity(MAX_EVENTS),
            first,
        }
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

    /// Fills the plugin's event list.
    ///
    /// # Real time
    /// Within the capacity made at construction.
    fn take_events(&mut self, events: &[PluginEvent]) {
        self.events.clear();
        let first = self.first.drain(..).map(|(id, value)| PluginEvent::param(0, id, value));
        let mut room = MAX_EVENTS;
        let mut n_lost = 0;
        for event in first.chain(events.iter().copied()) {
            let EventBody::Param { id, value } = event.body else {
                continue;
            };
            match ClapId::from_raw(id) {
                Some(id) if room > 0 => {
                    room -= 1;
                    let all = Pckn::match_all();
                    self.events.push(&ParamValueEvent::new(event.offset, id, all, value));
                }
                _ => n_lost += 1,
            }
        }
        if n_lost > 0 {
            self.wishes.n_lost_events.fetch_add(n_lost, Ordering::Relaxed);
        }
    }
}

impl Processor for ClapProcessor {
    fn layout(&self) -> Layout {
        self.layout
    }

    /// # Real time
    /// The host's part: two copies at most, no heap, no lock, no system call. The plugin's part is
    /// the plugin's.
    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        let _flush_to_zero = FlushToZero::new();
        let _role = self.wishes.role.on_audio();
        self.take_events(io.events);
        let inputs = self.input.as_input(io.input, io.frames);
        // A block has at most `max_block` frames, which activation kept within u32.
        let inputs = ffi::with_frames(inputs, u32::try_from(io.frames).unwrap_or(u32::MAX));
        let mut outputs = self.output.as_output(io.output, io.frames);
        let status = self.started.process(
            &inputs,
            &mut outputs,
            &self.events.as_input(),
            &mut OutputEvents::from_buffer(&mut Heard(io.replies)),
            Some(io.frame),
            None,
        );
        match status {
            // Sleep and tail are offers to save time; every block is processed.
            Ok(_) => Outcome::Ok,
            Err(_) => Outcome::Error,
        }
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

/// Parameter values that the plugin sends back; gestures and notes are not for the engine.
struct Heard<'a>(&'a mut Replies);

impl clack_host::events::io::OutputEventBuffer for Heard<'_> {
    fn try_push(&mut self, event: &UnknownEvent) -> Result<(), TryPushError> {
        let Some(event) = event.as_event::<ParamValueEvent>() else {
            return Ok(());
        };
        if let Some(id) = event.param_id() {
            self.0.push(PluginEvent::param(event.time(), id.get(), event.value()));
        }
        Ok(())
    }
}
