//! The newest seconds of a signal, and the loop that is made of them. Pure.

use std::collections::VecDeque;

/// The last frames that were pushed, interleaved, and the places where they do not follow each
/// other. Its memory is fixed at construction.
#[derive(Debug)]
pub(super) struct Ring {
    channels: usize,
    capacity: usize,
    samples: Vec<f32>,
    /// Frames since construction; frame `n` lies at `n % capacity`.
    pushed: u64,
    holes: VecDeque<Hole>,
}

/// A place where frames are missing.
#[derive(Debug, Clone, Copy)]
struct Hole {
    /// The frame behind it.
    before: u64,
    /// How many are missing, of those that were to be kept.
    lost: u64,
}

/// The newest frames, copied.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Samples per frame, at least 1.
    pub channels: usize,
    /// Interleaved.
    pub samples: Vec<f32>,
    /// What was heard immediately before, as far back as was asked for and as it is kept.
    pub lead: Vec<f32>,
    /// What is missing in it.
    pub holes: Holes,
}

/// Places where frames do not follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Holes {
    /// How many places.
    pub holes: usize,
    /// Frames that were to be kept and are not.
    pub lost_frames: u64,
}

impl Ring {
    /// Room for `capacity` frames of `channels` samples, both at least 1.
    pub(super) fn new(channels: usize, capacity: usize) -> Self {
        let (channels, capacity) = (channels.max(1), capacity.max(1));
        let samples = vec![0.0; channels * capacity];
        Self { channels, capacity, samples, pushed: 0, holes: VecDeque::new() }
    }

    /// Frames that are kept.
    pub(super) fn kept(&self) -> usize {
        usize::try_from(self.pushed).map_or(self.capacity, |pushed| pushed.min(self.capacity))
    }

    /// Appends whole interleaved frames; the oldest go.
    pub(super) fn push(&mut self, interleaved: &[f32]) {
        for part in interleaved.chunks(self.samples.len()) {
            let at = self.place(self.pushed);
            let (front, back) = part.split_at(part.len().min(self.samples.len() - at));
            self.samples[at..at + front.len()].copy_from_slice(front);
            self.samples[..back.len()].copy_from_slice(back);
            self.pushed += (part.len() / self.channels) as u64;
        }
        let oldest = self.oldest();
        // A hole before the oldest frame is in nothing that is kept.
        self.holes.retain(|hole| hole.before > oldest);
    }

    /// The next frame does not follow the last one; `lost` frames between them were to be kept.
    pub(super) fn skip(&mut self, lost: u64) {
        match self.holes.back_mut() {
            Some(hole) if hole.before == self.pushed => hole.lost += lost,
            _ if self.pushed > 0 => self.holes.push_back(Hole { before: self.pushed, lost }),
            _ => {}
        }
    }

    /// What is missing in the newest `frames`.
    pub(super) fn holes(&self, frames: usize) -> Holes {
        let inside = self.pushed - frames as u64 + 1..self.pushed;
        let holes = self.holes.iter().filter(|hole| inside.contains(&hole.before));
        holes.fold(Holes::default(), |sum, hole| Holes {
            holes: sum.holes + 1,
            lost_frames: sum.lost_frames + hole.lost,
        })
    }

    /// The newest `frames`, and up to `lead` before them; `None` when so many are not kept.
    pub(super) fn newest(&self, frames: usize, lead: usize) -> Option<Piece> {
        if frames == 0 || frames > self.kept() {
            return None;
        }
        let first = self.pushed - frames as u64;
        // What lies behind a hole does not lead here.
        let joints = self.holes.iter().map(|hole| hole.before).filter(|before| *before <= first);
        let unbroken = joints.max().unwrap_or(0).max(self.oldest());
        let lead = first.saturating_sub(lead as u64).max(unbroken);
        Some(Piece {
            channels: self.channels,
            samples: self.copy(first, self.pushed),
            lead: self.copy(lead, first),
            holes: self.holes(frames),
        })
    }

    fn oldest(&self) -> u64 {
        self.pushed - self.kept() as u64
    }

    /// Where frame `n` lies among the samples.
    fn place(&self, n: u64) -> usize {
        usize::try_from(n % self.capacity as u64).unwrap_or(0) * self.channels
    }

    fn copy(&self, from: u64, to: u64) -> Vec<f32> {
        if from == to {
            return Vec::new();
        }
        let (from, to) = (self.place(from), self.place(to));
        if from < to {
            return self.samples[from..to].to_vec();
        }
        [&self.samples[from..], &self.samples[..to]].concat()
    }
}

impl Piece {
    /// Whole frames.
    pub fn frames(&self) -> usize {
        self.samples.len() / self.channels
    }

    /// As a loop: its last `seam` frames (at most half of it) go over, in a straight line with gains
    /// that sum to one, into what was heard before its first one, or into silence where nothing was.
    /// The first frame stays as it was, and what comes before it in the loop is what came before it.
    #[must_use]
    pub fn looped(mut self, seam: usize) -> Self {
        let seam = seam.min(self.frames() / 2);
        let n = seam * self.channels;
        let mut lead = vec![0.0; n.saturating_sub(self.lead.len())];
        lead.extend(&self.lead[self.lead.len().saturating_sub(n)..]);
        let begin = self.samples.len() - n;
        let tail = self.samples[begin..].chunks_exact_mut(self.channels);
        for (i, (end, before)) in tail.zip(lead.chunks_exact(self.channels)).enumerate() {
            let share = (i + 1) as f32 / seam as f32;
            for (x, y) in end.iter_mut().zip(before) {
                *x = *x * (1.0 - share) + y * share;
            }
        }
        self
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, clippy::cast_possible_truncation, reason = "copies of small numbers")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(range: std::ops::Range<u64>, channels: usize) -> Vec<f32> {
        range.flat_map(|n| (0..channels).map(move |c| n as f32 + c as f32 / 10.0)).collect()
    }

    proptest! {
        #[test]
        fn the_newest_frames_are_those_pushed_last(
            channels in 1_usize..4,
            capacity in 1_usize..50,
            pushes in prop::collection::vec((0_u64..120, any::<bool>()), 1..20),
            wanted in 0_usize..60,
            lead in 0_usize..20,
        ) {
            let mut ring = Ring::new(channels, capacity);
            let (mut clock, mut all, mut joints) = (0, Vec::new(), Vec::new());
            for (n, skips) in pushes {
                if skips {
                    ring.skip(3);
                    joints.push(all.len() / channels);
                    clock += 3;
                }
                ring.push(&frames(clock..clock + n, channels));
                all.extend(frames(clock..clock + n, channels));
                clock += n;
            }
            let total = all.len() / channels;
            prop_assert_eq!(ring.kept(), total.min(capacity));
            let Some(piece) = ring.newest(wanted, lead) else {
                prop_assert!(wanted == 0 || wanted > ring.kept());
                return Ok(());
            };
            prop_assert!(wanted > 0 && wanted <= ring.kept());
            let first = total - wanted;
            prop_assert_eq!(&piece.samples, &all[first * channels..]);
            let before = joints.iter().filter(|joint| **joint <= first && **joint > 0);
            let start = before.max().copied().unwrap_or(0).max(total - ring.kept());
            let start = start.max(first.saturating_sub(lead));
            prop_assert_eq!(&piece.lead, &all[start * channels..first * channels]);
            let mut inside = joints.clone();
            inside.retain(|joint| *joint > first && *joint < total);
            let lost = 3 * inside.len() as u64;
            inside.dedup();
            prop_assert_eq!(piece.holes, Holes { holes: inside.len(), lost_frames: lost });
        }
    }

    #[test]
    fn a_loop_begins_with_its_first_frame_and_ends_with_what_came_before_it() {
        let mut ring = Ring::new(2, 1_000);
        ring.push(&frames(0..500, 2));
        let piece = ring.newest(300, 100).unwrap();
        let looped = piece.clone().looped(100);
        assert_eq!(looped.samples[..400], piece.samples[..400], "200 frames as they were");
        assert_eq!(looped.samples[598..], frames(199..200, 2), "the frame before the first");
        let (end, lead) = (400.0 + 49.0, 100.0 + 49.0);
        assert_eq!(looped.samples[2 * 249], f32::midpoint(end, lead), "half of each in the middle");
    }

    #[test]
    fn a_loop_of_everything_fades_to_silence_and_one_frame_is_itself() {
        let mut ring = Ring::new(1, 100);
        ring.push(&[1.0; 50]);
        let looped = ring.newest(50, 10).unwrap().looped(10);
        assert_eq!(looped.samples[..40], [1.0; 40]);
        let end: Vec<f32> = (1..=10).map(|i| 1.0 - i as f32 / 10.0).collect();
        assert_eq!(looped.samples[40..], end);
        assert_eq!(ring.newest(1, 10).unwrap().looped(10).samples, [1.0]);
    }
}
