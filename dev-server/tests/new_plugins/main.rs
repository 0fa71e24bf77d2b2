//! `retake new` and `retake bundle` from outside: what they make builds, tests and loads, offline.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail like tests")]

mod bundle;
mod create;
mod folder;
mod guide;
