//! Retake's engine: frames in, frames out.
//!
//! This crate owns the rings that cross threads and the arithmetic between them. It has no
//! thread, file, clock, lock or allocation after construction; drivers of a few lines (in
//! `retake-io`) call [`Engine::render`] on whichever thread owns the clock and pass the time in.
//!
//! ```text
//! capture ─▶ LiveInput ─▶ Mixer ─▶ PluginBus (generation, swap, bypass) ─▶ tap, meters, record
//!                                                             └─▶ Master (mute, guard) ─▶ device
//! ```
//!
//! Start reading at [`render`]; everything else serves its ten lines.
//!
//! # Real time
//!
//! Methods with a `# Real time` section run on the audio thread. They never allocate, free, lock,
//! log, wait or call the system; a counting allocator proves it in `tests/no_heap.rs`.

pub mod bus;
pub mod channels;
pub mod command;
pub mod convert;
pub mod delay;
pub mod drift;
pub mod event;
pub mod ftz;
pub mod generation;
pub mod guard;
pub mod input;
pub mod load;
pub mod meter;
pub mod mixer;
pub mod overwrite;
pub mod planar;
pub mod probe;
pub mod processor;
pub mod ramp;
pub mod render;
pub mod ring;
mod schedule;
pub mod tap;
pub mod window;

pub use channels::ToMono;
pub use command::{Busy, CommandKind, CommandSender, EngineControl, Event, Fade, Origin};
pub use event::{EventBody, Note, PluginEvent, Transport};
pub use generation::{BusShape, Findings, Generation, Replay, WarmUp};
pub use input::{InputClock, InputPlug, InputSpec, LiveInput};
pub use planar::Planar;
pub use probe::Probe;
pub use processor::{Layout, Outcome, ProcessIo, Processor};
pub use render::{Engine, EngineParts, Setup};
pub use ring::{FrameConsumer, FrameProducer, frame_ring};
