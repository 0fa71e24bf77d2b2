//! How a converter comes in while frames pass as they are.
//!
//! It is given what was heard last and the next few frames, and what it makes of them is thrown away,
//! up to the place where reading stands. From there on it says the same as the frames do.

use super::{LiveInput, feed::Aim, steering::Steering};
use crate::convert::Converter;

/// The last frames that were heard, interleaved.
#[derive(Debug)]
pub(super) struct Past {
    samples: Vec<f32>,
    channels: usize,
}

impl Past {
    pub(super) fn new(channels: usize) -> Self {
        Self { samples: vec![0.0; Converter::MEMORY_FRAMES * channels], channels }
    }

    /// These came next.
    pub(super) fn keep(&mut self, heard: &[f32]) {
        let n = heard.len().min(self.samples.len());
        self.samples.copy_within(n.., 0);
        let at = self.samples.len() - n;
        self.samples[at..].copy_from_slice(&heard[heard.len() - n..]);
    }

    fn frames(&self) -> usize {
        self.samples.len() / self.channels
    }
}

impl LiveInput {
    /// A clock that is not shared after all gets its converter, before the next `frames`: at once, or
    /// anew while nothing sounds.
    ///
    /// # Real time
    /// Once, the work of some hundred frames more.
    pub(super) fn change_mind(&mut self, frames: usize) {
        if !self.is_straight || !self.steering.as_ref().is_some_and(Steering::steers) {
            return;
        }
        let Some(convert) = &mut self.convert else { return };
        let mut lead = 0;
        convert.reset();
        convert.set_speed(1.0);
        let delay = convert.delay_frames();
        if self.feed.is_calm(frames + 2 * Converter::MEMORY_FRAMES) {
            lead = self.come_in(delay);
            self.has_come_in = true;
        } else if self.feed.silence_due().is_some() {
            return;
        }
        self.is_straight = false;
        if let Some(steering) = &mut self.steering {
            steering.restart(lead);
        }
    }

    /// Has the converter hear what was heard, and gives how many frames more it took.
    fn come_in(&mut self, delay: usize) -> usize {
        let Some(convert) = &mut self.convert else { return 0 };
        let channels = self.feed.channels();
        let (mut left, mut heard, mut lead) = (self.past.frames() + delay, 0, 0);
        while left > 0 {
            let frames = left.min(self.scratch.len() / channels);
            let input = convert.input_for(frames);
            let again = (self.past.samples.len() - heard).min(input.len());
            let (old, new) = input.split_at_mut(again);
            old.copy_from_slice(&self.past.samples[heard..heard + again]);
            if !new.is_empty() {
                self.feed.fill(new, channels, Aim::Frames(0));
            }
            (heard, lead, left) = (heard + again, lead + new.len() / channels, left - frames);
            convert.convert(frames);
        }
        lead
    }
}
