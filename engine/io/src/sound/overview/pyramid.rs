//! Lowest and highest samples of a sound, in bins, at every width. Pure.
//!
//! Level 0 has bins of `grain` frames, each level above it bins of two of the one below. When level
//! 0 is full it is given up: the next one takes its place, and the grain doubles. So a sound of any
//! length takes [`MOST_EXTENTS`] × 8 bytes × 2 at most: 4 MiB.

use std::ops::Range;

/// Frames of a bin, as long as they are few.
const BASE: u64 = 256;
/// Bins of the lowest level, of all channels together.
const MOST_EXTENTS: usize = 1 << 18;

/// How far the samples of some frames go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    pub(super) min: f32,
    pub(super) max: f32,
}

impl Extent {
    /// Of no sample.
    const NONE: Self = Self { min: f32::INFINITY, max: f32::NEG_INFINITY };

    /// What is no number widens nothing.
    fn add(&mut self, x: f32) {
        *self = Self { min: self.min.min(x), max: self.max.max(x) };
    }

    fn with(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

#[derive(Debug)]
pub(super) struct Pyramid {
    channels: usize,
    /// Frames of a bin of level 0.
    grain: u64,
    /// Bins of level 0, of one channel; an even number.
    most_bins: usize,
    /// Per level, bin and channel.
    levels: Vec<Vec<Extent>>,
    /// The bin that is being filled, per channel.
    open: Vec<Extent>,
    n_open: u64,
    frames: u64,
}

impl Pyramid {
    /// Of nothing yet, for at least one channel.
    pub(super) fn new(channels: usize) -> Self {
        Self::with_room(channels, MOST_EXTENTS)
    }

    fn with_room(channels: usize, most_extents: usize) -> Self {
        let channels = channels.max(1);
        Self {
            channels,
            grain: BASE,
            most_bins: (most_extents / channels / 2 * 2).max(2),
            levels: vec![Vec::new()],
            open: vec![Extent::NONE; channels],
            n_open: 0,
            frames: 0,
        }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// Frames that it has seen.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Frames of the finest bin.
    pub(super) fn grain(&self) -> u64 {
        self.grain
    }

    /// Takes in whole interleaved frames.
    pub(super) fn push(&mut self, interleaved: &[f32]) {
        let mut rest = interleaved;
        while rest.len() >= self.channels {
            let room = usize::try_from(self.grain - self.n_open).unwrap_or(usize::MAX);
            let n = (rest.len() / self.channels).min(room);
            let (now, later) = rest.split_at(n * self.channels);
            for frame in now.chunks_exact(self.channels) {
                self.open.iter_mut().zip(frame).for_each(|(open, x)| open.add(*x));
            }
            self.n_open += n as u64;
            self.frames += n as u64;
            if self.n_open == self.grain {
                self.close();
            }
            rest = later;
        }
    }

    /// The open bin is full.
    fn close(&mut self) {
        self.levels[0].append(&mut self.open);
        self.open = vec![Extent::NONE; self.channels];
        self.n_open = 0;
        let mut level = 0;
        while self.bins(level).is_multiple_of(2) {
            let pair = &self.levels[level][(self.bins(level) - 2) * self.channels..];
            let (first, second) = pair.split_at(self.channels);
            let both: Vec<Extent> = first.iter().zip(second).map(|(a, b)| a.with(*b)).collect();
            level += 1;
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].extend(both);
        }
        if self.bins(0) == self.most_bins {
            self.levels.remove(0);
            self.grain *= 2;
        }
    }

    fn bins(&self, level: usize) -> usize {
        self.levels[level].len() / self.channels
    }

    /// How far a channel goes in all bins that `frames` touch; `None` beyond what was seen.
    pub(super) fn extent(&self, channel: usize, frames: &Range<u64>) -> Option<Extent> {
        let closed = self.bins(0) as u64;
        let mut at = frames.start / self.grain;
        let end = frames.end.div_ceil(self.grain).max(at + 1);
        let touches_open = self.n_open > 0 && (at..end).contains(&closed);
        let mut extent = if touches_open { self.open[channel] } else { Extent::NONE };
        let end = end.min(closed);
        while at < end {
            // The widest bin that begins here and does not reach beyond the end.
            let level = at.trailing_zeros().min((end - at).ilog2()) as usize;
            let level = level.min(self.levels.len() - 1);
            let bin = usize::try_from(at >> level).unwrap_or(usize::MAX);
            extent = extent.with(self.levels[level][bin * self.channels + channel]);
            at += 1 << level;
        }
        (extent.min <= extent.max).then_some(extent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the definition says, from all samples.
    fn by_force(
        all: &[f32],
        (channels, channel): (usize, usize),
        frames: Range<u64>,
    ) -> Option<Extent> {
        let total = (all.len() / channels) as u64;
        let of = |n: u64| all[usize::try_from(n).unwrap() * channels + channel];
        let samples = (frames.start..frames.end.min(total)).map(of);
        samples.fold(None, |extent: Option<Extent>, x| {
            let mut extent = extent.unwrap_or(Extent::NONE);
            extent.add(x);
            Some(extent)
        })
    }

    proptest! {
        #[test]
        fn every_range_is_as_wide_as_its_bins(
            channels in 1_usize..4,
            room in 8_usize..64,
            parts in prop::collection::vec(1_usize..3_000, 1..12),
            ranges in prop::collection::vec((0_u64..30_000, 1_u64..20_000), 1..20),
            seed in any::<u32>(),
        ) {
            let mut pyramid = Pyramid::with_room(channels, room);
            let (mut all, mut dice) = (Vec::new(), seed);
            for frames in parts {
                let part: Vec<f32> = (0..frames * channels).map(|_| {
                    dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (dice >> 8) as f32 / 16_777_216.0 - 0.5
                }).collect();
                pyramid.push(&part);
                all.extend(part);
            }
            prop_assert_eq!(pyramid.frames(), (all.len() / channels) as u64);
            prop_assert!(pyramid.bins(0) < (room / channels).max(3), "{} bins", pyramid.bins(0));
            let total: usize = pyramid.levels.iter().map(Vec::len).sum();
            prop_assert!(total <= 2 * room.max(2 * channels), "{total} extents in all");
            let grain = pyramid.grain();
            for (start, length) in ranges {
                let touched = start / grain * grain..(start + length).div_ceil(grain) * grain;
                for channel in 0..channels {
                    prop_assert_eq!(
                        pyramid.extent(channel, &(start..start + length)),
                        by_force(&all, (channels, channel), touched.clone()),
                        "{}..+{} at {}", start, length, grain
                    );
                }
            }
        }
    }

    #[test]
    fn a_day_takes_as_much_as_it_may_and_no_more() {
        // Doublings are what the length makes: with 2^10 extents the same as a day with 2^18.
        let mut pyramid = Pyramid::with_room(2, 1 << 10);
        let second = vec![0.5; 2 * 48_000];
        (0..24 * 3_600 / 256).for_each(|_| pyramid.push(&second));
        assert_eq!(pyramid.grain(), 1 << 15);
        assert!(pyramid.bins(0) >= 256 && pyramid.bins(0) < 512, "{}", pyramid.bins(0));
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut pyramid = Pyramid::new(1);
        pyramid.push(&[f32::NAN; 300]);
        assert_eq!(pyramid.extent(0, &(0..256)), None);
        pyramid.push(&[f32::NAN, 0.25, -0.5]);
        assert_eq!(pyramid.extent(0, &(256..257)), Some(Extent { min: -0.5, max: 0.25 }));
    }
}
