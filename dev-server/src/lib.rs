//! The dev-server for audio plugins: edit, save, and hear the new code in the running signal.

pub mod web;
