//! The host against real libraries: each test loads its own copy of `plugins/subject.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "a test that cannot go on has failed; carried values are exact"
)]

mod bad_files;
mod duties;
mod events;
mod hostile;
mod layouts;
mod life;
mod misdeeds;
mod parameters;
mod probes;
mod rig;
mod sdk;
mod vetting;
mod wishes;

/// The same tests run with processes of their own in `tests/isolated`.
const ISOLATION: retake_host::Isolation = retake_host::Isolation::InProcess;
