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
//! Only in files named `ffi.rs`: opening the library, its entry's functions, block sizes of plugins
//! without channels, null functions (`ffi.rs`); the list that plugins push events to
//! (`events/ffi.rs`); our two extensions (`probe/ffi.rs`, `hints/ffi.rs`); the host's log and note
//! ports (`log/ffi.rs`, `note_ports/ffi.rs`); the unwinder and signals
//! (`audit/{unwind,last_words}/ffi.rs`); the setting of the heap (`heap/ffi.rs`); and in `audit/interpose.rs`, the functions of the system
//! that ours stand before. All else is clack's safe interface.
//!
//! [`Processor`]: retake_engine::Processor

#[cfg(target_os = "linux")]
pub mod audit;
#[cfg(not(target_os = "linux"))]
#[path = "no_audit.rs"]
pub mod audit;
mod buffers;
mod busy;
mod callbacks;
mod carry;
mod error;
mod events;
mod ffi;
mod finding;
mod format;
mod functions;
mod hash;
mod heap;
mod hints;
mod inspect;
mod instance;
#[cfg(target_os = "linux")]
mod isolation;
mod log;
mod mode;
mod note;
mod note_ports;
mod panic_line;
mod params;
mod ports;
mod probe;
mod processor;
mod roles;
mod staging;
mod start;
mod text;
mod thread;
mod timers;
mod vet;
mod warming;
mod whole;
mod wishes;

pub use carry::{Carried, ParamRef};
pub use error::{FailReason, HostError};
pub use finding::{AuditFinding, AuditKind, CrashKind, StackFrame};
pub use format::Format;
pub use heap::give_back_large;
pub use hints::Taper;
pub use inspect::inspect;
#[cfg(target_os = "linux")]
pub use isolation::{IsolatedProcessor, plugin_host_main};
pub use mode::{Isolation, Patience};
pub use note::{Activated, News, Note, PluginInfo, Severity};
pub use panic_line::PanicLine;
pub use params::ParamInfo;
pub use ports::{PortInfo, Ports};
pub use probe::{MeterInfo, ProbeKind, ProbeReading, Probes};
pub use processor::ClapProcessor;
pub use staging::{StagedCopy, StagingDir, stage};
pub use start::{Start, Started};
pub use thread::{Admission, PluginThread, Request};
pub use vet::{Signal, VET_PEAK, VetFinding, VetKind};
pub use wishes::FaultCounts;
