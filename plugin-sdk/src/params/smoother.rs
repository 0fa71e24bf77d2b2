//! The ramp between two values of a parameter. Lives on the audio thread; pure arithmetic.

/// How a change of a parameter becomes a ramp.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Smoothing {
    /// The new value holds from the next frame on.
    None,
    /// A straight line of this many milliseconds.
    LinearMs(f64),
    /// A decaying approach: after this many milliseconds a thousandth of the way is left, and the
    /// ramp ends at its target.
    ExponentialMs(f64),
}

/// What is left of an exponential ramp when it ends.
const EXPONENTIAL_REST: f64 = 1e-3;

/// A value on its way to a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Smoother {
    smoothing: Smoothing,
    /// Frames of a whole ramp; 0 before activation, when every move is a jump.
    ramp_frames: u32,
    /// What remains of an exponential ramp's distance after one frame.
    decay: f32,
    target: f32,
    /// Frames left, and the distance from the target: per frame left (linear) or in all.
    left: u32,
    distance: f32,
}

impl Smoother {
    pub(crate) fn new(smoothing: Smoothing, value: f32) -> Self {
        Self { smoothing, ramp_frames: 0, decay: 0.0, target: value, left: 0, distance: 0.0 }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and nobody waits 2^32 frames for a parameter"
    )]
    pub(crate) fn activate(&mut self, sample_rate: f64) {
        let ms = match self.smoothing {
            Smoothing::None => 0.0,
            Smoothing::LinearMs(ms) | Smoothing::ExponentialMs(ms) => ms,
        };
        self.ramp_frames = (ms * 1e-3 * sample_rate).round() as u32;
        let per_frame = 1.0 / f64::from(self.ramp_frames.max(1));
        self.decay = EXPONENTIAL_REST.powf(per_frame) as f32;
        self.settle();
    }

    pub(crate) fn jump_to(&mut self, value: f32) {
        self.target = value;
        self.left = 0;
    }

    pub(crate) fn settle(&mut self) {
        self.left = 0;
    }

    pub(crate) fn move_to(&mut self, value: f32) {
        let from = self.current();
        self.jump_to(value);
        if self.ramp_frames == 0 {
            return;
        }
        self.left = self.ramp_frames;
        self.distance = match self.smoothing {
            Smoothing::ExponentialMs(_) => from - value,
            _ => (from - value) / self.ramp_frames as f32,
        };
    }

    /// The value of the last frame.
    pub(crate) fn current(&self) -> f32 {
        match (self.left, self.smoothing) {
            (0, _) => self.target,
            (_, Smoothing::ExponentialMs(_)) => self.target + self.distance,
            (left, _) => self.target + self.distance * left as f32,
        }
    }

    pub(crate) fn target(&self) -> f32 {
        self.target
    }

    pub(crate) fn is_moving(&self) -> bool {
        self.left > 0
    }

    /// Frames until the target is reached.
    pub(crate) fn frames_left(&self) -> u32 {
        self.left
    }

    /// Moves on by many frames at once.
    #[expect(clippy::cast_possible_wrap, reason = "nobody skips 2^31 frames at once")]
    pub(crate) fn skip(&mut self, frames: u32) {
        self.left = self.left.saturating_sub(frames);
        if let Smoothing::ExponentialMs(_) = self.smoothing {
            self.distance *= self.decay.powi(frames as i32);
        }
    }

    /// Moves on by one frame and returns its value.
    #[inline]
    pub(crate) fn next(&mut self) -> f32 {
        if self.left == 0 {
            return self.target;
        }
        self.left -= 1;
        self.distance *= match self.smoothing {
            Smoothing::ExponentialMs(_) => self.decay,
            _ => 1.0,
        };
        self.current()
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    fn ramp(smoothing: Smoothing) -> Vec<f32> {
        let mut smoother = Smoother::new(smoothing, 0.0);
        smoother.activate(1000.0);
        smoother.move_to(1.0);
        (0..12).map(|_| smoother.next()).collect()
    }

    #[test]
    fn a_linear_ramp_is_straight_and_ends_exactly() {
        let values = ramp(Smoothing::LinearMs(10.0));
        for (frame, value) in values.iter().take(10).enumerate() {
            assert!((value - (frame + 1) as f32 / 10.0).abs() < 1e-6);
        }
        assert_eq!(values[9..], [1.0, 1.0, 1.0]);
    }

    #[test]
    fn an_exponential_ramp_falls_by_a_constant_ratio_and_ends_exactly() {
        let values = ramp(Smoothing::ExponentialMs(10.0));
        let ratio = 1e-3_f32.powf(0.1);
        for (frame, value) in values.iter().take(9).enumerate() {
            let left = ratio.powi(i32::try_from(frame).unwrap() + 1);
            assert!((1.0 - value - left).abs() < 1e-5);
        }
        assert_eq!(values[9..], [1.0, 1.0, 1.0]);
    }

    #[test]
    fn a_skip_is_that_many_single_steps() {
        for smoothing in [Smoothing::LinearMs(10.0), Smoothing::ExponentialMs(10.0)] {
            for frames in [0_u16, 1, 7, 9, 10, 11] {
                let mut smoother = Smoother::new(smoothing, 0.0);
                smoother.activate(1000.0);
                smoother.move_to(1.0);
                smoother.skip(u32::from(frames));
                let expected = ramp(smoothing)[usize::from(frames)];
                assert!((smoother.next() - expected).abs() < 1e-6, "{smoothing:?} {frames}");
            }
        }
    }

    #[test]
    fn without_smoothing_or_activation_a_move_is_a_jump() {
        assert_eq!(ramp(Smoothing::None)[0], 1.0);
        let mut smoother = Smoother::new(Smoothing::LinearMs(10.0), 0.0);
        smoother.move_to(1.0);
        assert_eq!(smoother.next(), 1.0);
    }

    #[test]
    fn a_move_during_a_ramp_starts_where_the_sound_is() {
        let mut smoother = Smoother::new(Smoothing::LinearMs(10.0), 0.0);
        smoother.activate(1000.0);
        smoother.move_to(1.0);
        let here = (0..5).map(|_| smoother.next()).last().unwrap();
        smoother.move_to(0.0);
        assert!((smoother.next() - here * 0.9).abs() < 1e-6);
    }
}
