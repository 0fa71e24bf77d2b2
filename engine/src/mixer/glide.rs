//! A gain that moves to any goal in a fixed time: what voices and buses change with.

/// A straight line to the goal, one step per frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glide {
    value: f32,
    goal: f32,
    step: f32,
    left: usize,
    length: usize,
}

impl Glide {
    /// Rests at `value`; every move takes `length` frames (at least one).
    pub(crate) fn new(value: f32, length: usize) -> Self {
        Self { value, goal: value, step: 0.0, left: 0, length: length.max(1) }
    }

    /// Begins a move, unless it is under way already.
    pub(crate) fn head_for(&mut self, goal: f32) {
        if goal.to_bits() != self.goal.to_bits() {
            self.goal = goal;
            self.step = (goal - self.value) / self.length as f32;
            self.left = self.length;
        }
    }

    /// Rests at `value` at once.
    pub(crate) fn jump_to(&mut self, value: f32) {
        *self = Self::new(value, self.length);
    }

    /// Frames until it rests.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// The gain of the last frame.
    pub(crate) fn value(&self) -> f32 {
        self.value
    }

    /// Whether it stands still, and where.
    pub(crate) fn at_rest(&self) -> Option<f32> {
        (self.left == 0).then_some(self.value)
    }

    /// The gain of the next frame.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(crate) fn advance(&mut self) -> f32 {
        if self.left > 0 {
            self.left -= 1;
            self.value = if self.left == 0 { self.goal } else { self.value + self.step };
        }
        self.value
    }

    /// Lets `frames` pass.
    pub(crate) fn skip(&mut self, frames: usize) {
        for _ in 0..frames.min(self.left) {
            self.advance();
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    #[test]
    fn it_arrives_exactly_in_time_and_skips_as_it_walks() {
        let mut walked = Glide::new(1.0, 480);
        walked.head_for(0.3);
        let mut skipped = walked;
        let gains: Vec<f32> = (0..480).map(|_| walked.advance()).collect();
        assert!(gains.windows(2).all(|w| (w[0] - w[1]).abs() < 0.002));
        assert_eq!((walked.at_rest(), walked.advance()), (Some(0.3), 0.3));
        skipped.skip(100);
        assert_eq!(skipped.advance(), gains[100]);
        skipped.skip(1_000);
        assert_eq!(skipped.at_rest(), Some(0.3));
    }
}
