//! The web side over real TCP: what gets in, what is refused, what one client costs the others.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail like tests")]

#[path = "web_server/calls.rs"]
mod calls;
#[path = "web_server/client.rs"]
mod client;
#[path = "web_server/crowd.rs"]
mod crowd;
#[path = "web_server/entrance.rs"]
mod entrance;
#[path = "web_server/ports.rs"]
mod ports;
#[path = "web_server/push.rs"]
mod push;
#[path = "web_server/rig.rs"]
mod rig;
#[path = "web_server/telemetry.rs"]
mod telemetry;
#[path = "web_server/upload.rs"]
mod upload;
