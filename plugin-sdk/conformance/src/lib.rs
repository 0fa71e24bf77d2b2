//! Checks that a CLAP library is what it says: every rule of clap-validator that our plugins can
//! be held to, and some that it does not have.
//!
//! TABLE
#![doc = ""]

mod audio;
mod case;
mod checks;
mod events;
mod host;
mod instance;
mod interpose;
mod judge;
mod library;
mod notes;
mod rng;
mod score;

pub use judge::{CHILD, Finding, Judge, check_names, plugin_ids, run_child};
