//! Raw frames from outside: their formats, and a pipe that brings them.

mod fifo;
mod pcm;

pub use fifo::{Fifo, FifoEvent, FifoSpec};
pub use pcm::PcmFormat;
