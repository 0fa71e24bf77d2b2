//! A parameter with a continuous value: the audio thread's half.

use std::sync::Arc;

use super::smoother::Smoother;
use super::{ParamSpec, Parameter};

/// A continuous parameter, declared with `#[param(...)]` in a struct that derives
/// [`Params`](derive@crate::Params).
///
/// It belongs to the audio side. Changes of the host arrive between two calls of `process`, at
/// exactly their frame.
///
/// # Real time
///
/// All methods are arithmetic on own fields. [`next`](Self::next) costs a branch while nothing
/// changes and a few operations during a ramp; [`ramp`](Self::ramp) saves the branch of each
/// frame; [`next_block`](Self::next_block) is for work that is done once per block.
#[derive(Debug)]
pub struct FloatParam {
    spec: Arc<ParamSpec>,
    smoother: Smoother,
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "sound is f32; the exact value is kept in the shared table"
)]
fn sample(plain: f64) -> f32 {
    plain as f32
}

impl FloatParam {
    /// The smoothed plain value of the next frame: call it once per frame.
    ///
    /// While nothing changes it is exactly [`value`](Self::value).
    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends, so it is no iterator; the word is the field's own"
    )]
    #[inline]
    pub fn next(&mut self) -> f32 {
        self.smoother.next()
    }

    /// Fills `out` with the smoothed plain values of its frames, as that many calls of
    /// [`next`](Self::next) would.
    ///
    /// # Real time
    ///
    /// A plain fill while nothing changes; else a few operations per frame.
    pub fn ramp(&mut self, out: &mut [f32]) {
        let moving = usize::try_from(self.smoother.frames_left()).unwrap_or(usize::MAX);
        let (moving, resting) = out.split_at_mut(moving.min(out.len()));
        moving.fill_with(|| self.smoother.next());
        resting.fill(self.smoother.target());
    }

    /// Moves on by a block of `frames`: the smoothed plain value of the frame before it and that
    /// of its last frame, between which an author may draw a line. It costs the same for every
    /// length.
    ///
    /// While nothing changes, both are exactly [`value`](Self::value). At the end of an
    /// exponential ramp the value is that of [`next`](Self::next) but for rounding.
    pub fn next_block(&mut self, frames: usize) -> (f32, f32) {
        let start = self.smoother.current();
        self.smoother.skip(u32::try_from(frames).unwrap_or(u32::MAX));
        (start, self.smoother.current())
    }

    /// The plain value that was set last, without smoothing.
    pub fn value(&self) -> f32 {
        self.smoother.target()
    }

    /// Whether [`next`](Self::next) is still on its way to [`value`](Self::value).
    pub fn is_moving(&self) -> bool {
        self.smoother.is_moving()
    }
}

impl Parameter for FloatParam {
    fn of(spec: ParamSpec) -> Self {
        let smoother = Smoother::new(spec.smoothing, sample(spec.default));
        Self { spec: Arc::new(spec), smoother }
    }

    fn spec(&self) -> &Arc<ParamSpec> {
        &self.spec
    }

    fn activate(&mut self, sample_rate: f64) {
        self.smoother.activate(sample_rate);
    }

    fn move_to(&mut self, plain: f64) {
        if let Some(plain) = self.spec.nearest(plain) {
            self.smoother.move_to(sample(plain));
        }
    }

    fn jump_to(&mut self, plain: f64) {
        if let Some(plain) = self.spec.nearest(plain) {
            self.smoother.jump_to(sample(plain));
        }
    }

    fn settle(&mut self) {
        self.smoother.settle();
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the same arithmetic in both ways")]
mod tests {
    use super::*;
    use crate::params::{Place, Smoothing};

    fn moving(smoothing: Smoothing) -> FloatParam {
        let spec = Place::root().float("x", None, [0.0, 1.0], 0.0);
        let mut param = FloatParam::of(ParamSpec { smoothing, ..spec });
        param.activate(1000.0);
        param.move_to(1.0);
        param
    }

    #[test]
    fn a_ramp_is_that_many_single_values() {
        for smoothing in [Smoothing::LinearMs(10.0), Smoothing::ExponentialMs(10.0)] {
            let (mut one, mut many) = (moving(smoothing), moving(smoothing));
            for frames in [3, 4, 8, 2] {
                let mut block = [9.0; 8];
                many.ramp(&mut block[..frames]);
                assert!(block[..frames].iter().all(|value| *value == one.next()));
                assert_eq!(many.is_moving(), one.is_moving());
            }
        }
    }

    #[test]
    fn a_block_begins_where_the_last_one_ended() {
        let mut param = moving(Smoothing::LinearMs(8.0));
        assert_eq!(param.next_block(4), (0.0, 0.5));
        assert_eq!(param.next_block(0), (0.5, 0.5));
        assert_eq!(param.next_block(40), (0.5, 1.0));
        assert_eq!(param.next_block(4), (1.0, 1.0));
    }
}
