//! The product from outside: the real `retake` binary, real cargo, real files, sound measured.
//!
//! Every test runs the binary as a user would, reads its JSON events and looks at the far end:
//! samples of a WAV file, bytes of a socket, elements of the page in a real browser.

mod bad_input;
mod client;
mod crates;
mod fast_clock;
mod faults;
mod reload;
mod saves;
mod server;
mod signal;
mod signals;
mod take;
mod traces;
mod wav;
