//! Retake's control plane: watch, build, reload, serve the page. One binary, `retake`.
//!
//! Start reading at [`app`]: it starts every thread and joins them by messages. [`control`] is the
//! thread that decides; the other modules are what it decides about. Sound never passes through
//! this crate: it lives in `retake-engine`, driven by `retake-io`.

mod analysis;
pub mod app;
pub mod audit;
pub mod browser;
pub mod build;
pub mod bundle;
pub mod cli;
pub mod control;
pub mod counters;
pub mod editor;
mod finding;
pub mod keys;
pub mod latency;
pub mod listing;
pub mod memory;
pub mod midi;
pub mod new;
pub mod project;
pub mod render;
pub mod report;
mod seconds;
pub mod source;
pub mod store;
pub mod take;
pub mod telemetry;
pub mod watch;
pub mod web;
