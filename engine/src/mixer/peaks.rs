//! How loud something was lately: written by the engine, read by any number of others, each since
//! its own last look.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Intervals that are remembered: about 0.7 s at 48 kHz.
const INTERVALS: usize = 64;
/// Frames of an interval.
const INTERVAL_FRAMES: usize = 512;

/// The highest magnitudes of the last intervals, the one that goes on included.
#[derive(Debug)]
pub struct Peaks {
    bits: [AtomicU32; INTERVALS],
    /// How-manieth interval goes on.
    at: AtomicU64,
}

impl Default for Peaks {
    fn default() -> Self {
        Self { bits: std::array::from_fn(|_| AtomicU32::new(0)), at: AtomicU64::new(0) }
    }
}

impl Peaks {
    /// The highest magnitude since the look that left `seen`, to the nearest interval, as far as it
    /// is remembered.
    pub fn since(&self, seen: &mut u64) -> f32 {
        let at = self.at.load(Relaxed);
        let oldest = (at + 1).saturating_sub(INTERVALS as u64);
        // Another voice counts anew.
        let from = if *seen > at { oldest } else { (*seen).max(oldest) };
        *seen = at;
        let bits = (from..=at).map(|n| self.slot(n).load(Relaxed));
        f32::from_bits(bits.max().unwrap_or(0))
    }

    #[expect(clippy::cast_possible_truncation, reason = "an index below the number of intervals")]
    fn slot(&self, n: u64) -> &AtomicU32 {
        &self.bits[(n % INTERVALS as u64) as usize]
    }
}

/// The writer's place in the interval that goes on.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    frames: usize,
}

impl Gathered {
    /// `frames` more, with this highest magnitude among them.
    ///
    /// # Real time
    /// Some relaxed loads and stores; there is one writer.
    pub(crate) fn note(&mut self, peaks: &Peaks, magnitude: f32, frames: usize) {
        let mut at = peaks.at.load(Relaxed);
        if self.frames >= INTERVAL_FRAMES {
            at += 1;
            self.frames = 0;
            peaks.slot(at).store(0, Relaxed);
            peaks.at.store(at, Relaxed);
        }
        self.frames += frames;
        let slot = peaks.slot(at);
        slot.store(slot.load(Relaxed).max(magnitude.to_bits()), Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    #[test]
    fn everyone_gets_the_highest_since_their_own_last_look() {
        let (peaks, mut gathered) = (Peaks::default(), Gathered::default());
        let (mut often, mut seldom) = (0, 0);
        for n in 1..=10_u8 {
            gathered.note(&peaks, f32::from(n) / 16.0, INTERVAL_FRAMES);
            assert_eq!(peaks.since(&mut often), f32::from(n) / 16.0);
        }
        for _ in 0..3 {
            gathered.note(&peaks, 0.25, INTERVAL_FRAMES);
        }
        assert_eq!(peaks.since(&mut seldom), 0.625);
        // The interval of the last look counts twice, the one before it no more.
        assert_eq!((peaks.since(&mut often), peaks.since(&mut seldom)), (0.625, 0.25));
        for _ in 0..INTERVALS {
            gathered.note(&peaks, 0.0, INTERVAL_FRAMES);
        }
        assert_eq!(peaks.since(&mut 3), 0.0, "what is too old is forgotten");
    }
}
