//! Plugins in the host's own program, behind their real table of functions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot be fails the test")]

mod background;
mod clap;
mod every_kind;
mod hints;
mod host;
mod no_alloc;
mod notes;
mod panic;
mod plugins;
mod ports;
mod probe_host;
mod probes;
mod surroundings;
mod test_host;
