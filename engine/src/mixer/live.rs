//! A capture device beside the first, as the material of a voice.

use super::voice::Supply;
use crate::{input::LiveInput, planar::Planar};

/// Plays what a device captures, for ever.
#[derive(Debug)]
pub struct LivePlayer {
    input: Box<LiveInput>,
    at: u64,
    has_flowed: bool,
}

impl LivePlayer {
    /// From the input's first frame on.
    pub fn new(input: LiveInput) -> Self {
        Self { input: Box::new(input), at: 0, has_flowed: false }
    }

    pub(crate) fn channels(&self) -> usize {
        self.input.channels()
    }

    /// As [`LiveInput::begin`].
    ///
    /// # Real time
    /// As [`LivePlayer::fill`].
    pub(crate) fn begin(&mut self, at_ns: u64) {
        self.input.begin(at_ns);
    }

    /// # Real time
    /// As [`LiveInput::read`].
    pub(crate) fn fill(&mut self, block: &mut Planar, frames: usize) -> usize {
        self.input.read(block, frames);
        self.at += frames as u64;
        self.has_flowed |= self.input.flows();
        frames
    }

    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Whether captured sound flows, and the frames that were lost.
    pub(crate) fn supply(&self) -> (Supply, u64) {
        let supply = match (self.input.flows(), self.has_flowed) {
            (true, _) => Supply::Flowing,
            (false, true) => Supply::Starved,
            (false, false) => Supply::Filling,
        };
        (supply, self.input.lost_frames())
    }
}
