//! From frames as they are to the converter, without a hole: both read the same place for 10 ms.
//!
//! What the converter gives is late by half of its sinc. So it is given what was heard last, and as many
//! frames from the ring as it is late: then it speaks of the frame that is due. It differs from the
//! frames as they are only near the end of the band, and there one fades into the other.

use super::feed::{Aim, Feed};
use crate::{convert::Converter, ramp::Ramp};

/// Capture frames that the converter is given beyond those it has spoken of.
pub(super) const LEAD: usize = Converter::MEMORY_FRAMES / 2;
/// Milliseconds over which one path fades into the other.
const FADE_MS: u32 = 10;

/// What was taken out of the ring last, and the fade.
#[derive(Debug)]
pub(super) struct Handover {
    channels: usize,
    /// The last frames that were taken, interleaved.
    past: Vec<f32>,
    /// Of these so many are not heard yet.
    ahead: usize,
    fade: Ramp,
}

impl Handover {
    pub(super) fn new(channels: usize, rate: u32) -> Self {
        Self {
            channels,
            past: vec![0.0; (Converter::MEMORY_FRAMES + LEAD) * channels],
            ahead: 0,
            fade: Ramp::new(1.0, (rate * FADE_MS / 1_000) as usize),
        }
    }

    /// These were taken and heard as they are.
    ///
    /// # Real time
    /// Copies the last of them.
    pub(super) fn remember(&mut self, frames: &[f32]) {
        let kept = self.past.len().saturating_sub(frames.len());
        let from = self.past.len() - kept;
        self.past.copy_within(from.., 0);
        let new = &frames[frames.len() - from..];
        self.past[kept..].copy_from_slice(new);
    }

    /// Whether the converter may take over for `frames` now, without making the ring run dry.
    pub(super) fn is_possible(feed: &Feed, frames: usize) -> bool {
        feed.flows_evenly() && feed.fill_frames() > frames + LEAD
    }

    /// The converter takes over with the next frame.
    ///
    /// # Real time
    /// No allocation; it converts as many frames as are remembered.
    pub(super) fn begin(&mut self, feed: &mut Feed, convert: &mut Converter) {
        let ahead = LEAD * self.channels;
        let kept = self.past.len() - ahead;
        self.past.copy_within(ahead.., 0);
        feed.fill(&mut self.past[kept..], self.channels, Aim::Unknown);
        convert.prime(&self.past);
        self.ahead = LEAD;
        self.fade.jump_to(0.0);
        self.fade.head_for(1.0);
    }

    /// Whether the converter is not all that is heard yet.
    pub(super) fn is_fading(&self) -> bool {
        self.fade.at_rest().is_none()
    }

    /// The frames as they are that `out` is due, where the converter takes `input` for them.
    pub(super) fn direct(&mut self, input: &[f32], out: &mut [f32]) {
        let ahead = (self.ahead * self.channels).min(self.past.len());
        let waiting = &self.past[self.past.len() - ahead..];
        for (x, y) in out.iter_mut().zip(waiting.iter().chain(input)) {
            *x = *y;
        }
        self.ahead = (self.ahead + input.len() / self.channels) - out.len() / self.channels;
        self.remember(input);
    }

    /// Fades from `out`, the frames as they are, to the `converted` ones.
    pub(super) fn fade(&mut self, out: &mut [f32], converted: &[f32]) {
        let frames = out.chunks_exact_mut(self.channels);
        for (frame, converted) in frames.zip(converted.chunks_exact(self.channels)) {
            let gain = self.fade.advance();
            for (x, y) in frame.iter_mut().zip(converted) {
                *x += gain * (y - *x);
            }
        }
    }
}
