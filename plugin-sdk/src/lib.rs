//! What a plugin author writes, in safe Rust: a CLAP library comes out.
//!
//! ```
//! use retake_sdk::{Block, Context, FloatParam, Params, Plugin, db_to_gain, export_plugin};
//!
//! #[derive(Params)]
//! struct GainParams {
//!     #[param(name = "Gain", range = -60.0..=12.0, default = 0.0, unit = "dB")]
//!     gain: FloatParam,
//! }
//!
//! #[derive(Default)]
//! struct Gain;
//!
//! impl Plugin for Gain {
//!     type Params = GainParams;
//!     const ID: &'static str = "org.example.gain";
//!     const NAME: &'static str = "Gain";
//!
//!     fn process(
//!         &mut self,
//!         params: &mut GainParams,
//!         block: &mut Block<'_>,
//!         _ctx: &mut Context<'_>,
//!     ) {
//!         block.each_frame(|frame| {
//!             let gain = db_to_gain(params.gain.next());
//!             frame.for_each(|sample| *sample *= gain);
//!         });
//!     }
//! }
//!
//! export_plugin!(Gain);
//! ```
//!
//! Three kinds of threads meet here. The host's *main thread* creates, activates, saves and
//! destroys; its *audio thread* calls [`Plugin::process`]; between the two stand only atomics.
//! This crate opens no file, never prints, and starts no thread
//! but those of [`Background`] work.
//!
//! A panic in the author's code never leaves the library: the block becomes silence and ends with
//! an error, by which the host knows at once; the plugin stays silent until it is reset or activated
//! again; and the host's log gets one line, severity fatal: `panicked at src/lib.rs:12:5: message`. This needs `panic = "unwind"`, the default.

mod alloc;
mod background;
mod block;
mod clap;
mod context;
mod dsp;
mod event;
#[doc(hidden)]
pub mod export;
mod fault;
mod ffi;
mod ftz;
mod guard;
mod input;
mod layout;
mod params;
mod plugin;
mod processor;
mod state;
mod test_host;
mod transport;
mod units;

pub use alloc::TestAllocator;
pub use background::Background;
pub use block::{Block, Frame, MAX_CHANNELS, Sidechain};
pub use context::Context;
pub use event::{Event, EventKind, Expression, Note, Notes, Target};
pub use layout::Layout;
pub use params::{
    BoolParam, Choice, ChoiceParam, FloatParam, IntParam, Meter, MeterSpec, ParamFlags, ParamKind,
    ParamSpec, Parameter, Params, Persist, Persisted, PersistedHandle, Smoothing, Taper, param_id,
};
pub use plugin::{Config, Plugin, Tail};
pub use retake_sdk_macros::{Choice, Params};
pub use state::State;
pub use test_host::{Probed, TestHost};
pub use transport::Transport;
pub use units::{db_to_gain, gain_to_db};

/// What the derives expand to; not for direct use.
#[doc(hidden)]
pub mod declare {
    pub use crate::params::{Node, PersistedSlot, Place, Shape, check};
}

#[cfg(test)]
extern crate self as retake_sdk;
