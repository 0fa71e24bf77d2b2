//! A gain that moves in a straight line: mutes, bypass and fades never step.

/// A linear ramp between 0 and 1, one step per frame.
#[derive(Debug, Clone, Copy)]
pub struct Ramp {
    value: f32,
    goal: f32,
    step: f32,
}

impl Ramp {
    /// Rests at `value`; a full move from 0 to 1 takes `frames` frames (at least one).
    pub fn new(value: f32, frames: usize) -> Self {
        Self { value, goal: value, step: 1.0 / frames.max(1) as f32 }
    }

    /// Heads for `goal`, which lies within 0..=1.
    pub fn head_for(&mut self, goal: f32) {
        self.goal = goal;
    }

    /// Stands at `value` at once and stays there until told otherwise.
    pub fn jump_to(&mut self, value: f32) {
        self.value = value;
        self.goal = value;
    }

    /// Whether the ramp stands still, and where.
    pub fn at_rest(&self) -> Option<f32> {
        (self.value.to_bits() == self.goal.to_bits()).then_some(self.value)
    }

    /// The gain of the next frame.
    ///
    /// # Real time
    /// Arithmetic only.
    pub fn advance(&mut self) -> f32 {
        let distance = self.goal - self.value;
        if distance.abs() <= self.step {
            self.value = self.goal;
        } else {
            self.value += self.step.copysign(distance);
        }
        self.value
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    #[test]
    fn reaches_its_goal_exactly_and_rests() {
        let mut ramp = Ramp::new(0.0, 10);
        ramp.head_for(1.0);
        let gains: Vec<f32> = (0..12).map(|_| ramp.advance()).collect();
        assert!((gains[0] - 0.1).abs() < 1e-6);
        assert!(gains.windows(2).all(|w| w[1] - w[0] <= 0.100_001));
        assert_eq!(gains[11].to_bits(), 1.0_f32.to_bits());
        assert_eq!(ramp.at_rest(), Some(1.0));
    }
}
