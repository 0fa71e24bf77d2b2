//! Virtual devices: sound cards made of arithmetic, behind cpal's own traits.
//!
//! A card has one thread (`virtual`) and one clock for all its lanes (microphones, and at most
//! a speaker): it calls their callbacks in the order of their time, captures first on a tie. It
//! sleeps until each is due (real clock) or calls them as fast as they return (fast clock). The
//! code that drives hardware drives these too, and knows no difference.
//!
//! A microphone with `loop` hears the card's speaker, through `air`.
//!
//! A file's position is the clock's: while a device stalls or is unplugged its microphone's sound
//! goes by unheard and its speaker's file gets silence.

pub(crate) mod air;
pub(crate) mod card;
pub(crate) mod data;
pub(crate) mod host;
pub(crate) mod lane;
pub(crate) mod microphone;
pub(crate) mod spec;

pub(crate) use card::{Card, Pace, Run};
#[cfg(test)]
pub(crate) use data::SampleMemory;
pub(crate) use host::VirtualHost;
pub use spec::{Spec, Window};
