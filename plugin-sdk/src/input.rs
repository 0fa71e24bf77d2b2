//! What comes to the processor with a block, in order of time.

use crate::event::EventKind;
use crate::transport::Transport;

/// Something happens at a frame of the host's block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Input {
    pub(crate) frame: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum What {
    /// A parameter gets a plain value.
    Param {
        id: u32,
        plain: f64,
    },
    Event(EventKind),
    Transport(Transport),
}
