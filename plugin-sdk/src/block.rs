//! A view of one block of audio: planar channels that hold the input and become the output.
//!
//! Made on the audio thread for each call of `process`; it owns no samples and never allocates.

use std::fmt;
use std::ops::Range;
use std::slice;

/// The most channels a port can have.
pub const MAX_CHANNELS: usize = 8;

/// One block: the input when `process` begins, the output when it returns.
///
/// All channels have [`frames`](Self::frames) samples. On entry every sample is finite: a NaN or
/// an infinity of the host arrives as 0, so that it cannot live on in a feedback path.
pub struct Block<'a> {
    channels: [&'a mut [f32]; MAX_CHANNELS],
    n_channels: usize,
    frames: usize,
}

impl<'a> Block<'a> {
    /// A block over `channels`, all of one length; channels beyond [`MAX_CHANNELS`] are left out.
    ///
    /// # Real time
    ///
    /// Allocates nothing.
    pub fn new(channels: impl IntoIterator<Item = &'a mut [f32]>) -> Self {
        let mut block = Self {
            channels: std::array::from_fn(|_| Default::default()),
            n_channels: 0,
            frames: usize::MAX,
        };
        for (place, channel) in block.channels.iter_mut().zip(channels) {
            block.frames = block.frames.min(channel.len());
            block.n_channels += 1;
            *place = channel;
        }
        if block.n_channels == 0 {
            block.frames = 0;
        }
        block
    }

    /// The frames of this block.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The number of channels, up to [`MAX_CHANNELS`].
    pub fn n_channels(&self) -> usize {
        self.n_channels
    }

    /// The samples of one channel, or nothing if there is no such channel.
    pub fn channel_mut(&mut self, index: usize) -> Option<&mut [f32]> {
        self.channels_mut().nth(index)
    }

    /// The channels in order: left, right.
    pub fn channels_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        let frames = self.frames;
        self.channels[..self.n_channels].iter_mut().map(move |channel| &mut channel[..frames])
    }

    /// Calls `work` once per frame in order of time, with the frame's samples in order of channel.
    ///
    /// # Real time
    ///
    /// Allocates nothing; inlined into the caller.
    #[inline]
    pub fn each_frame(&mut self, mut work: impl FnMut(Frame<'_, 'a>)) {
        for index in 0..self.frames {
            work(Frame { channels: self.channels[..self.n_channels].iter_mut(), index });
        }
    }

    /// Makes every sample 0.
    pub fn silence(&mut self) {
        self.channels_mut().for_each(|channel| channel.fill(0.0));
    }

    /// Replaces what is not finite by 0.
    pub(crate) fn make_finite(&mut self) {
        // One channel at a time: the compiler then takes several samples at once.
        for channel in self.channels_mut() {
            for sample in channel {
                *sample = finite_or_zero(*sample);
            }
        }
    }

    /// The part of this block from frame `range.start` up to `range.end`, within the block.
    pub(crate) fn part(&mut self, range: Range<usize>) -> Block<'_> {
        Block::new(self.channels_mut().map(|channel| &mut channel[range.clone()]))
    }
}

fn finite_or_zero(sample: f32) -> f32 {
    if sample.is_finite() { sample } else { 0.0 }
}

impl fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("n_channels", &self.n_channels)
            .field("frames", &self.frames)
            .finish()
    }
}

/// The samples of one frame, in order of channel.
#[derive(Debug)]
pub struct Frame<'f, 'a> {
    channels: slice::IterMut<'f, &'a mut [f32]>,
    index: usize,
}

impl<'f> Iterator for Frame<'f, '_> {
    type Item = &'f mut f32;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.channels.next()?.get_mut(self.index)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.channels.size_hint()
    }
}

impl ExactSizeIterator for Frame<'_, '_> {}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    #[test]
    fn frames_come_in_time_and_channel_order() {
        let (mut left, mut right) = ([1.0, 2.0], [10.0, 20.0]);
        let mut seen = Vec::new();
        Block::new([&mut left[..], &mut right[..]])
            .each_frame(|frame| seen.extend(frame.map(|sample| *sample)));
        assert_eq!(seen, [1.0, 10.0, 2.0, 20.0]);
    }

    #[test]
    fn a_part_writes_through_to_the_whole() {
        let mut mono = [1.0; 4];
        let mut block = Block::new([&mut mono[..]]);
        assert_eq!(block.part(1..3).frames(), 2);
        block.part(1..3).silence();
        assert_eq!(mono, [1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn what_is_not_finite_becomes_silence() {
        let mut mono = [f32::NAN, 0.5, f32::INFINITY, f32::NEG_INFINITY];
        Block::new([&mut mono[..]]).make_finite();
        assert_eq!(mono, [0.0, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn no_channel_is_no_frame_and_too_many_are_left_out() {
        assert_eq!(Block::new([]).frames(), 0);
        let mut many = [[0.0; 3]; MAX_CHANNELS + 2];
        let block = Block::new(many.iter_mut().map(|channel| &mut channel[..]));
        assert_eq!((block.n_channels(), block.frames()), (MAX_CHANNELS, 3));
    }
}
