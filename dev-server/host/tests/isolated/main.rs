//! All tests of the host with plugins in processes of their own, and what only those survive.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "a test that cannot go on has failed; carried values are exact"
)]

#[path = "../host/bad_files.rs"]
mod bad_files;
mod deadly;
#[path = "../host/duties.rs"]
mod duties;
mod ends;
#[path = "../host/events.rs"]
mod events;
#[path = "../host/hostile.rs"]
mod hostile;
#[path = "../host/layouts.rs"]
mod layouts;
#[path = "../host/life.rs"]
mod life;
#[path = "../host/misdeeds.rs"]
mod misdeeds;
#[path = "../host/parameters.rs"]
mod parameters;
#[path = "../host/probes.rs"]
mod probes;
#[path = "../host/rig.rs"]
mod rig;
#[path = "../host/sdk.rs"]
mod sdk;
#[path = "../host/vetting.rs"]
mod vetting;
#[path = "../host/wishes.rs"]
mod wishes;

const ISOLATION: retake_host::Isolation = retake_host::Isolation::Process;
