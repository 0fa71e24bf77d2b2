//! Loads a CLAP library, activates it and gives the engine a [`Processor`].
//!
//! The only place where foreign code is called. Each generation has one thread of its own
//! ([`PluginThread`]) that is the CLAP main thread of its plugin from loading to unloading; control
//! talks to it by messages and never waits for it. What the thread finds comes back as [`Note`]s.
//!
//! ```text
//! artifact ─▶ stage: whole? private copy ─▶ load ─▶ create ─▶ state, parameters ─▶ activate
//!                                                                                     │ Processor
//! control ◀─────────────────────────── Note ◀──────────────────────────────────────── ┤
//!    │                                                                                ▼
//!    └─ retire(processor) ─▶ stop ─▶ deactivate ─▶ destroy ─▶ unload ─▶ copy removed  engine
//! ```
//!
//! # Order of ends
//!
//! The library is mapped as long as anything of it lives: the entry that the instance and the
//! processor hold keeps it. The thread keeps the instance until the processor came back by
//! [`PluginThread::retire`] or was dropped, whichever comes first; only then it destroys and unloads.
//! A processor must be given back, not dropped on the audio thread: its buffers are freed there.
//!
//! # Unsafe
//!
//! Only in `ffi.rs`: opening the library, its entry's functions, and block sizes of plugins
//! without channels. All else is clack's safe interface.
//!
//! [`Processor`]: retake_engine::Processor

mod busy;
mod callbacks;
mod carry;
mod error;
mod ffi;
mod hash;
mod inspect;
mod instance;
mod log;
mod note;
mod panic_line;
mod params;
mod ports;
mod processor;
mod roles;
mod staging;
mod start;
mod thread;
mod whole;

pub use carry::{Carried, ParamRef};
pub use error::{FailReason, HostError};
pub use inspect::inspect;
pub use note::{Activated, News, Note, PluginInfo, Severity};
pub use panic_line::PanicLine;
pub use params::ParamInfo;
pub use processor::ClapProcessor;
pub use staging::{StagedCopy, StagingDir, stage};
pub use start::{Start, Started};
pub use thread::{PluginThread, Request};
