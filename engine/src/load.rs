//! The load of the block budget: a histogram that one driver writes and anyone reads.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Buckets of 1/64 octave would be vanity: 8 per octave, from 2^-16 to 2^4 of the budget.
const PER_OCTAVE: f32 = 8.0;
const LOWEST_LOG2: f32 = -16.0;
const N_BUCKETS: usize = 160;
/// Width of a bucket of the histogram that people see, as a share of the budget.
const STEP: f32 = 0.025;

/// Buckets of [`Load::histogram`]: 2.5 % of the budget each, the last holds all above.
pub const N_STEPS: usize = 32;

/// Counts callbacks by the share of their budget that they took.
#[derive(Debug)]
pub struct LoadMeter {
    buckets: [AtomicU32; N_BUCKETS],
    steps: [AtomicU32; N_STEPS],
    sum_millionths: AtomicU64,
    max_millionths: AtomicU64,
    max_frame: AtomicU64,
}

impl Default for LoadMeter {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU32::new(0)),
            steps: std::array::from_fn(|_| AtomicU32::new(0)),
            sum_millionths: AtomicU64::new(0),
            max_millionths: AtomicU64::new(0),
            max_frame: AtomicU64::new(0),
        }
    }
}

impl LoadMeter {
    /// Notes a callback that took `elapsed_ns` for `frames` frames at `rate` Hz and ended at
    /// `end_frame` of the engine's clock.
    ///
    /// # Real time
    /// Five relaxed atomic operations and one logarithm.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
    pub fn record(&self, elapsed_ns: u64, frames: usize, rate: u32, end_frame: u64) {
        let budget_ns = frames as f64 * 1e9 / f64::from(rate);
        let share = (elapsed_ns as f64 / budget_ns).clamp(1e-9, 1e6) as f32;
        let bucket = (share.log2() - LOWEST_LOG2) * PER_OCTAVE;
        let bucket = bucket.clamp(0.0, (N_BUCKETS - 1) as f32) as usize;
        self.buckets[bucket].fetch_add(1, Relaxed);
        let step = (share / STEP).min((N_STEPS - 1) as f32) as usize;
        self.steps[step].fetch_add(1, Relaxed);
        let millionths = (f64::from(share) * 1e6) as u64;
        self.sum_millionths.fetch_add(millionths, Relaxed);
        if self.max_millionths.fetch_max(millionths, Relaxed) < millionths {
            self.max_frame.store(end_frame.saturating_sub(frames as u64), Relaxed);
        }
    }

    /// All that was noted since construction; the maximum since the last call of `snapshot`.
    pub fn snapshot(&self) -> LoadSnapshot {
        LoadSnapshot {
            buckets: std::array::from_fn(|i| self.buckets[i].load(Relaxed)),
            steps: std::array::from_fn(|i| self.steps[i].load(Relaxed)),
            sum_millionths: self.sum_millionths.load(Relaxed),
            max_millionths: self.max_millionths.swap(0, Relaxed),
            max_frame: self.max_frame.load(Relaxed),
        }
    }
}

/// A copy of the histogram at one moment.
#[derive(Debug, Clone)]
pub struct LoadSnapshot {
    buckets: [u32; N_BUCKETS],
    steps: [u32; N_STEPS],
    sum_millionths: u64,
    max_millionths: u64,
    max_frame: u64,
}

/// Load as shares of the block budget (1.0 = all of it).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Mean.
    pub mean: f32,
    /// 99th percentile, to an eighth of an octave.
    pub p99: f32,
    /// Largest.
    pub max: f32,
    /// The engine's clock where the callback with the largest began.
    pub max_frame: u64,
    /// Callbacks by load: 2.5 % of the budget per bucket, the last holds all above.
    pub histogram: [u32; N_STEPS],
}

impl LoadSnapshot {
    /// The load of the callbacks between `earlier` and this snapshot; zeros when there were none.
    #[expect(clippy::cast_possible_truncation, reason = "shares, for display")]
    pub fn since(&self, earlier: &Self) -> Load {
        let counts: [u32; N_BUCKETS] =
            std::array::from_fn(|i| self.buckets[i].wrapping_sub(earlier.buckets[i]));
        let total: u64 = counts.iter().map(|&n| u64::from(n)).sum();
        if total == 0 {
            return Load::default();
        }
        let sum = self.sum_millionths.wrapping_sub(earlier.sum_millionths);
        let mean = (sum as f64 / 1e6 / total as f64) as f32;
        let above = total - total * 99 / 100;
        let mut seen = 0;
        let p99_bucket = counts
            .iter()
            .rposition(|&n| {
                seen += u64::from(n);
                seen >= above
            })
            .unwrap_or(0);
        let max = (self.max_millionths as f64 / 1e6) as f32;
        let p99 = 2_f32.powf((p99_bucket + 1) as f32 / PER_OCTAVE + LOWEST_LOG2).min(max);
        let histogram = std::array::from_fn(|i| self.steps[i].wrapping_sub(earlier.steps[i]));
        Load { mean, p99, max, max_frame: self.max_frame, histogram }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_p99_and_max_of_a_known_run() {
        let meter = LoadMeter::default();
        let before = meter.snapshot();
        // A block of 48 frames at 48 kHz has a budget of 1 ms.
        for _ in 0..990 {
            meter.record(100_000, 48, 48_000, 48);
        }
        for n in 1..=10 {
            meter.record(510_000, 48, 48_000, 480 * n);
        }
        meter.record(9_000_000, 48, 48_000, 7_248);
        let load = meter.snapshot().since(&before);
        assert!((load.mean - 0.113).abs() < 1e-3, "{load:?}");
        assert!((load.p99 / 0.5 - 1.0).abs() < 0.1, "{load:?}");
        assert!((load.max - 9.0).abs() < 1e-3, "{load:?}");
        assert_eq!(load.max_frame, 7_200);
        let counts = [load.histogram[4], load.histogram[20], load.histogram[31]];
        assert_eq!(counts, [990, 10, 1], "{load:?}");
        assert_eq!(load.histogram.iter().sum::<u32>(), 1_001);
    }
}
