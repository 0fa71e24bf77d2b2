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
///
/// There are as many channels as the layout has outputs. If it has more inputs than outputs, the
/// others follow them; what is written into those is not heard. Outputs that have no input begin
/// silent.
pub struct Block<'a> {
    channels: [&'a mut [f32]; MAX_CHANNELS],
    n_channels: usize,
    frames: usize,
    sidechain: Sidechain<'a>,
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
            sidechain: Sidechain::default(),
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

    /// The same with a side input: `frames` samples of each of `channels`, from the first on.
    pub(crate) fn with_sidechain(self, channels: &'a [Vec<f32>]) -> Self {
        let sidechain = Sidechain { channels, start: 0, frames: self.frames };
        Self { sidechain, ..self }
    }

    /// The same with an end after `frames`, for a block without channels too.
    pub(crate) fn with_frames(self, frames: usize) -> Self {
        let frames = if self.n_channels == 0 { frames } else { frames.min(self.frames) };
        Self { frames, ..self }
    }

    /// The side input of this block. It stays readable while the block is written.
    pub fn sidechain(&self) -> Sidechain<'a> {
        self.sidechain
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
        let sidechain = self.sidechain.part(range.clone());
        let part = Block::new(self.channels_mut().map(|channel| &mut channel[range.clone()]));
        Block { sidechain, ..part.with_frames(range.len()) }
    }
}

/// The side input of one block, in planar channels: none if the layout has no side input.
///
/// Every sample is finite. Silent while the host has routed nothing into it.
#[derive(Clone, Copy, Default)]
pub struct Sidechain<'a> {
    channels: &'a [Vec<f32>],
    start: usize,
    frames: usize,
}

impl<'a> Sidechain<'a> {
    /// The number of channels, as in the layout.
    pub fn n_channels(&self) -> usize {
        self.channels.len()
    }

    /// The samples of one channel, as many as the block has frames; or nothing if there is no such
    /// channel.
    pub fn channel(&self, index: usize) -> Option<&'a [f32]> {
        self.channels().nth(index)
    }

    /// The channels in order: left, right.
    pub fn channels(&self) -> impl ExactSizeIterator<Item = &'a [f32]> + use<'a> {
        let range = self.start..self.start + self.frames;
        self.channels.iter().map(move |channel| channel.get(range.clone()).unwrap_or_default())
    }

    fn part(&self, range: Range<usize>) -> Self {
        Self { start: self.start + range.start, frames: range.len(), ..*self }
    }
}

impl fmt::Debug for Sidechain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sidechain")
            .field("n_channels", &self.n_channels())
            .field("frames", &self.frames)
            .finish()
    }
}

/// Copies as many samples as fit; what is not finite arrives as 0.
pub(crate) fn copy_finite(from: &[f32], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = finite_or_zero(*from);
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
    fn a_part_of_a_part_has_its_part_of_the_side_input() {
        let side = [vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]];
        let mut mono = [0.0; 6];
        let mut block = Block::new([&mut mono[..]]).with_sidechain(&side);
        let mut part = block.part(1..5);
        assert_eq!(part.sidechain().channel(0), Some(&side[0][1..5]));
        assert_eq!(part.part(1..3).sidechain().channel(0), Some(&side[0][2..4]));
        assert_eq!(part.sidechain().channel(1), None);
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
