//! The threads at the outer ends of the rings: devices, virtual devices, recorders, MIDI.
//!
//! Start at [`devices`]: [`Devices::spawn`] opens what a [`DeviceRequest`] names, control builds
//! an engine for the [`Format`] that comes back and hands it over; from then on the engine lives
//! in the clock owner's callback and survives its stream. [`Recorder`] is the lossless sink.
//! cpal stays behind this crate, and so does everything that only one system has.

pub mod choice;
pub mod devices;
pub mod error;
mod formats;
pub mod hosts;
pub mod listing;
pub mod midi;
pub mod priority;
pub mod push;
pub mod recorder;
pub mod sound;
pub mod r#virtual;
mod wav;

pub use choice::Choice;
pub use devices::{
    AudioInfo, Clock, DEFAULT_PERIOD, DeviceEvent, DeviceInfo, DeviceRequest, DeviceState, Devices,
    Format, Gate, InputOrder, InputSet, Mode, MoreInput, OnInput, Opened, RunPlan,
};
pub use error::{End, IoError};
pub use hosts::is_present;
pub use listing::{DeviceListing, HostListing, Lister, list};
pub use midi::{MidiEvent, MidiPlayer, MidiPort, Score};
pub use priority::{Policy, Priority};
pub use recorder::Recorder;
pub use wav::wav_bytes;
