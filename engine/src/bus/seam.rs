//! The seam: where the sound jumps from one source to another without a fade.
//!
//! A fade needs both sources; what is late or gone has nothing to fade with. So the difference at
//! the joint, the last frame that was heard less the first of the new sound, is added to the new
//! sound and decays in a straight line: no step is greater than the new sound's own plus one share
//! of that difference.

use crate::planar::Planar;

const SEAM_MS: u32 = 5;

/// Knows the last frame that was heard, and mends what jumps away from it.
#[derive(Debug)]
pub(crate) struct Seam {
    /// Length in frames, at least 1.
    length: usize,
    /// Frames of it to come.
    left: usize,
    /// Per channel.
    last: Box<[f32]>,
    gap: Box<[f32]>,
}

impl Seam {
    pub(crate) fn new(channels: usize, rate: u32) -> Self {
        let length = (rate * SEAM_MS / 1_000).max(1) as usize;
        let silence: Box<[f32]> = vec![0.0; channels].into();
        Self { length, left: 0, last: silence.clone(), gap: silence }
    }

    /// Joins the first `frames` of `output` to what was heard before; `jumps` when they come from
    /// elsewhere. A jump within a seam begins a new one where the old one stands.
    ///
    /// # Real time
    /// Arithmetic only; without a jump lately, one load and one store per channel.
    pub(crate) fn join(&mut self, output: &mut Planar, frames: usize, jumps: bool) {
        if jumps {
            self.left = self.length;
            for ((gap, last), row) in self.gap.iter_mut().zip(&self.last).zip(output.rows()) {
                *gap = finite(finite(*last) - finite(row[0]));
            }
        }
        if self.left > 0 {
            self.mend(output, frames);
        }
        for (last, row) in self.last.iter_mut().zip(output.rows()) {
            *last = row[frames - 1];
        }
    }

    fn mend(&mut self, output: &mut Planar, frames: usize) {
        let n = frames.min(self.left);
        for (gap, row) in self.gap.iter().zip(output.rows_mut()) {
            let shares = (1..=self.left).rev().map(|left| left as f32 / self.length as f32);
            for (x, share) in row[..n].iter_mut().zip(shares) {
                *x += gap * share;
            }
        }
        self.left -= n;
    }
}

/// The guard silences blocks with anything else in them.
fn finite(x: f32) -> f32 {
    if x.is_finite() { x } else { 0.0 }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Plays constants, each for some frames in blocks of `block`, each a jump.
    fn played(levels: &[(f32, usize)], block: usize) -> Vec<f32> {
        let mut seam = Seam::new(1, 48_000);
        let mut row = Planar::new(1, block);
        let mut heard = Vec::new();
        for &(level, frames) in levels {
            let mut left = frames;
            while left > 0 {
                let n = left.min(block);
                row.channel_mut(0).fill(level);
                seam.join(&mut row, n, left == frames);
                heard.extend_from_slice(&row.channel(0)[..n]);
                left -= n;
            }
        }
        heard
    }

    #[test]
    fn a_jump_becomes_a_straight_line_of_five_ms() {
        let heard = played(&[(0.0, 10), (1.0, 300), (-1.0, 300)], 64);
        assert_eq!(heard[..11], [0.0; 11]);
        assert!((heard[10 + 120] - 0.5).abs() < 1e-6);
        assert_eq!(heard[10 + 240..310], [1.0; 60]);
        assert_eq!(heard[310], 1.0);
        assert_eq!(heard[550..], [-1.0; 60]);
    }

    #[test]
    fn what_is_not_finite_leaves_no_trace() {
        let heard = played(&[(f32::NAN, 10), (0.5, 300), (f32::INFINITY, 10), (0.5, 300)], 64);
        assert_eq!((heard[10], heard[250], heard[320]), (0.0, 0.5, 0.0));
        assert!(heard[320..].iter().all(|x| x.is_finite()));
        let heard = played(&[(f32::MAX, 10), (-f32::MAX, 300)], 64);
        assert!(heard.iter().all(|x| x.is_finite()));
    }

    proptest! {
        /// Also when one jump follows the other before the first is mended.
        #[test]
        fn no_step_exceeds_a_share_of_the_jump(
            levels in prop::collection::vec((-1.0_f32..1.0, 1_usize..400), 1..20),
            block in 1_usize..300,
        ) {
            let heard = played(&levels, block);
            // Each gap is at most 2; where constants meet nothing else moves.
            let steps = heard.windows(2).map(|w| (w[1] - w[0]).abs());
            prop_assert!(steps.fold(0.0, f32::max) <= 2.0 / 240.0 + 1e-6);
        }
    }
}
