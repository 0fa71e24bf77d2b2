//! The product from outside: the real `retake` binary, real cargo, real files, sound measured.
//!
//! Every test runs the binary as a user would, reads its JSON events and looks at the far end:
//! samples of a WAV file, bytes of a socket, elements of the page in a real browser.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail like tests")]
#![allow(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "tests say what they measured, and count in small numbers"
)]

mod access;
mod advice;
mod audit;
mod bad_input;
mod bad_page;
mod bench;
mod browser;
mod changing_inputs;
mod commands;
mod crates;
mod deeds;
mod delay_soak;
mod ears;
mod ebu;
mod everything;
mod examples;
mod fast_clock;
mod faults;
mod foreign;
mod golden;
mod health;
mod heap;
mod hostile;
mod hundred_saves;
mod instrument;
mod killed;
mod latency;
mod line;
mod many_inputs;
mod notes;
mod organ;
mod page;
mod page_parts;
mod presets;
mod priority;
mod pulse;
mod push;
mod reload;
mod remembered_inputs;
mod render;
mod reports;
mod round_trip;
mod saves;
mod screenshot;
mod server;
mod signal;
mod signals;
mod socket;
mod source_page;
mod sources;
mod sources_rpc;
mod take;
mod take_loop;
mod traces;
mod unseen;
mod upload;
mod wav;
