//! Plugins in the host's own program, behind their real table of functions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot be fails the test")]

mod clap;
mod every_kind;
mod hints;
mod host;
mod no_alloc;
mod panic;
mod plugins;
