//! The limiter: nothing leaves louder than −1 dBFS, and nothing leaves later for it.
//!
//! All channels share one gain. It falls at once to what the loudest sample of a frame needs, and
//! returns by the law of the decoupled peak detector without attack (Giannoulis, Massberg, Reiss,
//! "Digital Dynamic Range Compressor Design", J. Audio Eng. Soc. 60 (6), 2012), taken linearly: with
//! the reduction r = 1 − gain,
//!
//! ```text
//! r[n] = max(1 − ceiling / peak[n], a · r[n−1]),   a = e^(−1 / (0.1 s · rate))
//! ```
//!
//! so what is over the ceiling stands exactly at it, like a clip, as long as it rises; the rest of
//! the wave keeps its shape, a little louder from frame to frame. Without latency it cannot know
//! what comes: the first quarter wave of something loud is flattened, a sine far too loud keeps
//! some distortion, more the lower it is. It is a guard for ears and loudspeakers, not a mastering
//! tool. Below the ceiling, with the gain back at 1, samples pass bit for bit; the gain is back
//! 14 time constants (1.4 s) after the last loud sample, when what is missing is below −120 dB.

/// −1 dBFS.
pub const CEILING: f32 = 0.891_250_9;
const RELEASE_SECONDS: f64 = 0.1;
/// A reduction below this is none.
const INAUDIBLE: f64 = 1e-6;

/// The gain of one output.
#[derive(Debug)]
pub(super) struct Limiter {
    /// In f64: an f32 stops short of 1, and its products round to above the ceiling.
    gain: f64,
    /// What is left of a reduction after a frame.
    keep: f64,
}

impl Limiter {
    pub(super) fn new(rate: u32) -> Self {
        Self { gain: 1.0, keep: (-1.0 / (RELEASE_SECONDS * f64::from(rate))).exp() }
    }

    /// Holds finite interleaved frames of `channels` samples below the ceiling; `is_loud` when a
    /// sample is above it. Returns how many were.
    ///
    /// # Real time
    /// Arithmetic only; one comparison while there is nothing to hold.
    pub(super) fn hold(&mut self, output: &mut [f32], channels: usize, is_loud: bool) -> u64 {
        if !is_loud && self.gain >= 1.0 {
            return 0;
        }
        let frames = output.chunks_exact_mut(channels);
        frames.map(|frame| self.hold_frame(frame)).sum()
    }

    #[expect(clippy::cast_possible_truncation, reason = "below the ceiling")]
    fn hold_frame(&mut self, frame: &mut [f32]) -> u64 {
        self.follow(frame.iter().fold(0.0, |peak: f32, x| peak.max(x.abs())));
        let mut n_held = 0;
        if self.gain < 1.0 {
            for x in frame {
                n_held += u64::from(x.abs() > CEILING);
                *x = (f64::from(*x) * self.gain) as f32;
            }
        }
        n_held
    }

    fn follow(&mut self, peak: f32) {
        let left = (1.0 - self.gain) * self.keep;
        self.gain = if left < INAUDIBLE { 1.0 } else { 1.0 - left };
        let (peak, ceiling) = (f64::from(peak), f64::from(CEILING));
        if peak * self.gain > ceiling {
            self.gain = ceiling / peak;
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 48_000;

    fn held(limiter: &mut Limiter, input: &[f32], channels: usize) -> (Vec<f32>, u64) {
        let mut output = input.to_vec();
        let is_loud = input.iter().any(|x| x.abs() > CEILING);
        let n = limiter.hold(&mut output, channels, is_loud);
        (output, n)
    }

    #[test]
    fn the_ceiling_is_one_db_below_full_scale() {
        assert!((20.0 * CEILING.log10() + 1.0).abs() < 1e-5);
    }

    /// At +12 dBFS, at any pitch: never above the ceiling, no step but the sine's own, and in the
    /// long run a sine again, no steeper than one that just fits.
    #[test]
    fn a_sine_far_too_loud_has_no_sample_above_and_no_click() {
        for hz in [20.0, 100.0, 997.0, 5_000.0, 15_000.0] {
            let step = std::f32::consts::TAU * hz / RATE as f32;
            let input: Vec<f32> = (0..RATE).map(|n| 3.981 * (n as f32 * step).sin()).collect();
            let (output, n) = held(&mut Limiter::new(RATE), &input, 1);
            assert!(n > 0 && output.iter().all(|x| x.abs() < 0.8913), "{hz}");
            let steepest =
                |part: &[f32]| part.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
            assert!(steepest(&output) <= steepest(&input), "{hz}");
            // The gain is back by a share of half a wave at most.
            let back = 1.0 - (-5.0 / hz).exp();
            let most = (CEILING + 3.981 * back) * step * 1.05;
            assert!(steepest(&output[RATE as usize / 2..]) <= most, "{hz}");
            let loudest = output[RATE as usize / 2..].iter().fold(0.0_f32, |a, x| a.max(x.abs()));
            assert!(loudest > 0.88, "{hz}: {loudest}");
        }
    }

    #[test]
    fn after_something_loud_the_gain_comes_back_to_the_bit() {
        let mut limiter = Limiter::new(RATE);
        held(&mut limiter, &[2.0, 1.0], 2);
        // 2 → 0.891: less than half is left; after one time constant 1 − 0.554/e.
        let (output, n) = held(&mut limiter, &vec![0.5; 2 * 4_800], 2);
        let expected = 0.5 * (1.0 - (1.0 - CEILING / 2.0) / std::f32::consts::E);
        assert!((output[9_599] - expected).abs() < 1e-4, "{} {expected}", output[9_599]);
        assert!(output.windows(3).all(|w| w[2] >= w[0]));
        held(&mut limiter, &vec![0.5; 2 * 67_200], 2);
        assert_eq!((held(&mut limiter, &[0.5, 0.3], 2), n), ((vec![0.5, 0.3], 0), 0));
    }

    proptest! {
        #[test]
        fn below_the_ceiling_every_bit_passes(
            input in prop::collection::vec(-CEILING..=CEILING, 1..200),
        ) {
            let mut limiter = Limiter::new(RATE);
            prop_assert_eq!(held(&mut limiter, &input, 1), (input, 0));
        }

        /// Any finite sample, in any channel, after any other.
        #[test]
        fn nothing_is_ever_above_the_ceiling(
            input in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL
                | prop::num::f32::ZERO, 2..400),
            scale in prop_oneof![Just(1.0_f32), Just(1e-30), Just(1e-37)],
            channels in 1_usize..4,
        ) {
            let whole = input.len() / channels * channels;
            let input: Vec<f32> = input[..whole].iter().map(|x| x * scale).collect();
            let (output, n) = held(&mut Limiter::new(RATE), &input, channels);
            prop_assert!(output.iter().all(|x| x.abs() <= CEILING));
            let over = input.iter().filter(|x| x.abs() > CEILING).count();
            prop_assert_eq!(n, over as u64);
            // Nothing changes its sign, nothing becomes louder.
            prop_assert!(input.iter().zip(&output).all(|(x, y)| y.abs() <= x.abs() && x * y >= 0.0));
        }
    }
}
