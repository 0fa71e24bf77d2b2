//! A parameter with a continuous value: the audio thread's half.

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
/// All methods are arithmetic on own fields.
#[derive(Debug)]
pub struct FloatParam {
    spec: &'static ParamSpec,
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
    fn of(spec: &'static ParamSpec) -> Self {
        Self { spec, smoother: Smoother::new(spec.smoothing, sample(spec.default)) }
    }

    fn spec(&self) -> &'static ParamSpec {
        self.spec
    }

    fn activate(&mut self, sample_rate: f64) {
        self.smoother.activate(sample_rate);
    }

    fn move_to(&mut self, plain: f64) {
        if let Some(plain) = self.spec.clamp(plain) {
            self.smoother.move_to(sample(plain));
        }
    }

    fn jump_to(&mut self, plain: f64) {
        if let Some(plain) = self.spec.clamp(plain) {
            self.smoother.jump_to(sample(plain));
        }
    }

    fn settle(&mut self) {
        self.smoother.settle();
    }
}
