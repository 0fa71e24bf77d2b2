//! A take: what the virtual microphone played and what the virtual speaker wrote, frame by frame.

use std::ops::Range;

use crate::wav::Wav;

/// Length of the cross-fade at 48 kHz: 20 ms.
pub(crate) const FADE_FRAMES: usize = 960;
/// So many frames in a row are no coincidence.
const STRETCH: usize = 200;
/// Rounding, of a cross-fade between equals.
const SLACK: f32 = 1e-5;
/// 10 ms at 48 kHz.
const GAP_FRAMES: usize = 480;

/// One channel of it.
pub(crate) struct Take<'a> {
    /// Looped by the microphone.
    input: &'a [f32],
    out: &'a [f32],
    /// `out[n]` is made from `input[(n + ahead) % len]`.
    ahead: usize,
}

impl<'a> Take<'a> {
    /// Finds out how the output lies to the input; the sound begins with this gain.
    pub(crate) fn new(input: &'a Wav, out: &'a Wav, channel: usize, gain: f32) -> Self {
        let (input, out) = (&input.channels[channel][..], &out.channels[channel][..]);
        let first = out.iter().position(|&x| x != 0.0).expect("some sound");
        let mut take = Self { input, out, ahead: 0 };
        // A few frames on: the sound may begin at a zero crossing.
        let from = first + 4;
        let fits = |take: &Self| take.exact_until(from, gain) >= from + STRETCH;
        while !fits(&take) {
            take.ahead += 1;
            assert!(take.ahead < input.len(), "frames {first}.. are not the input");
        }
        take
    }

    fn played(&self, n: usize) -> f32 {
        self.input[(n + self.ahead) % self.input.len()]
    }

    /// Where the sound begins.
    pub(crate) fn first(&self) -> usize {
        self.out.iter().position(|&x| x != 0.0).unwrap()
    }

    /// The first frame from `from` on that is not, bit for bit, the input with this gain.
    pub(crate) fn exact_until(&self, from: usize, gain: f32) -> usize {
        let is_it = |n: &usize| self.out[*n].to_bits() == (self.played(*n) * gain).to_bits();
        (from..self.out.len()).find(|n| !is_it(n)).unwrap_or(self.out.len())
    }

    /// The first frame from `from` on where a stretch begins that has exactly this gain.
    pub(crate) fn find(&self, from: usize, gain: f32) -> usize {
        let mut at = from;
        while at < self.out.len() {
            let end = self.exact_until(at, gain);
            if end >= at + STRETCH {
                return at;
            }
            at = end + 1;
        }
        panic!("no gain of {gain} after frame {from} of {}", self.out.len());
    }

    /// Asserts that from the beginning on the gains follow each other with nothing in between but
    /// the linear cross-fade: no frame is missing, repeated or bent. Gives where each fade begins
    /// and where the last gain ends.
    pub(crate) fn assert_gains(&self, gains: &[f32]) -> Vec<usize> {
        let mut at = self.first();
        let mut ends = Vec::new();
        for pair in gains.windows(2) {
            at = self.exact_until(at, pair[0]);
            ends.push(at);
            at = self.assert_fade(at, pair[0], pair[1]);
        }
        ends.push(self.exact_until(at, gains[gains.len() - 1]));
        ends
    }

    fn assert_fade(&self, start: usize, old: f32, new: f32) -> usize {
        let end = start + FADE_FRAMES;
        assert!(end < self.out.len(), "frame {start}: gain {old} ends, {new} never begins");
        for n in start..end {
            let share = (n - start + 1) as f32 / FADE_FRAMES as f32;
            let x = self.played(n);
            let expected = x * (old + (new - old) * share);
            // The fade may have begun a frame earlier, at a zero crossing.
            let slack = 2.0 / FADE_FRAMES as f32 * (x * (new - old)).abs() + 1e-6;
            let y = self.out[n];
            assert!(
                (y - expected).abs() <= slack,
                "frame {n}, {} after the fade's start, {old} to {new}: {y} instead of {expected}",
                n - start
            );
        }
        end
    }

    /// Where from `from` to `to` the sound is not the input as it is, each stretch whole: what lies
    /// within 10 ms of each other is one.
    pub(crate) fn gaps(&self, from: usize, to: usize) -> Vec<Range<usize>> {
        let mut gaps: Vec<Range<usize>> = Vec::new();
        let differs = |n: usize| (self.out[n] - self.played(n)).abs();
        // What is no number is not the input either.
        let is_other = |n: &usize| differs(*n).is_nan() || differs(*n) > SLACK;
        for n in (from..to).filter(is_other) {
            match gaps.last_mut() {
                Some(last) if n < last.end + GAP_FRAMES => last.end = n + 1,
                _ => gaps.push(n..n + 1),
            }
        }
        gaps
    }

    /// Frames of a stretch without any sound where the input has some.
    pub(crate) fn silent(&self, stretch: &Range<usize>) -> usize {
        let is_silent = |n: &usize| self.out[*n] == 0.0 && self.played(*n) != 0.0;
        stretch.clone().filter(is_silent).count()
    }

    /// The largest difference between neighbours, in the sound and in the input.
    pub(crate) fn steps(&self, from: usize, to: usize) -> (f32, f32) {
        let largest = |at: &dyn Fn(usize) -> f32| {
            (from + 1..to).map(|n| (at(n) - at(n - 1)).abs()).fold(0.0, f32::max)
        };
        (largest(&|n| self.out[n]), largest(&|n| self.played(n)))
    }

    /// Asserts that from `from` on the sound goes down to silence and stays there.
    pub(crate) fn assert_fades_out(&self, from: usize, gain: f32) {
        let silent = self.out.iter().rposition(|&x| x != 0.0).map_or(0, |n| n + 1);
        assert!(silent < self.out.len(), "it ends in the middle of the sound");
        assert!(silent <= from + FADE_FRAMES, "a fade of {} frames", silent - from);
        for n in from..silent {
            let left = 1.0 - (n - from) as f32 / FADE_FRAMES as f32;
            let most = (self.played(n) * gain).abs() * left + 1e-6;
            assert!(self.out[n].abs() <= most, "frame {n}: {}", self.out[n]);
        }
    }
}
