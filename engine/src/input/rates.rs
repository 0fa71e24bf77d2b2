//! From one clock's frames to the other's.

use crate::convert::Converter;

/// The two clocks' rates, Hz.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) capture: u32,
    pub(super) engine: u32,
}

impl Rates {
    pub(super) fn are_equal(self) -> bool {
        self.capture == self.engine
    }

    /// As many capture frames as `frames` engine frames need.
    pub(super) fn to_capture(self, frames: usize) -> usize {
        if self.are_equal() {
            return frames;
        }
        let scaled = (frames as u64 * u64::from(self.capture)).div_ceil(u64::from(self.engine));
        usize::try_from(scaled).unwrap_or(usize::MAX)
    }

    /// Capture frames that the converter reads ahead of what it gives.
    pub(super) fn ahead(self) -> usize {
        if self.are_equal() { 0 } else { Converter::AHEAD_FRAMES }
    }

    /// Capture frames as engine frames, rounded.
    pub(super) fn to_engine(self, frames: usize) -> usize {
        if self.are_equal() {
            return frames;
        }
        let (capture, engine) = (u64::from(self.capture), u64::from(self.engine));
        let scaled = (frames as u64 * engine + capture / 2) / capture;
        usize::try_from(scaled).unwrap_or(usize::MAX)
    }
}
