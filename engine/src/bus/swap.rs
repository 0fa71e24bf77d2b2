//! A swap under way, and the law of its fade.

use crate::{
    bus::Block,
    command::Fade,
    event::EventLog,
    generation::{Generation, Ran},
    planar::Planar,
};

/// The generation that fades in.
#[derive(Debug)]
pub(super) struct Swap {
    pub(super) next: Box<Generation>,
    pub(super) fade: Fade,
    /// Frames of the fade that are over.
    pub(super) done: usize,
}

impl Swap {
    /// Whether the next generation is called for the first time with the block that begins at `now`.
    pub(super) fn begins_to_sound(&self, now: u64) -> bool {
        self.done == self.fade.frames_alone() && !self.next.is_behind(now)
    }

    /// Of a block of `frames` that begins at `now`, those before the next generation begins to
    /// sound: it does so with the first frame of a block.
    pub(super) fn cut(&self, now: u64, frames: usize) -> usize {
        let left = self.fade.frames_alone().saturating_sub(self.done);
        if left == 0 || self.next.is_behind(now) { frames } else { frames.min(left) }
    }

    /// Which generations have to run in the coming `frames`.
    pub(super) fn runs(&self, frames: usize) -> Runs {
        let at = self.done;
        let (old, new) = match self.fade {
            Fade::Cross { .. } => (true, true),
            Fade::OutIn { .. } => {
                let alone = self.fade.frames_alone();
                (at < alone, at + frames > alone)
            }
        };
        Runs { old, new }
    }

    /// Whether the new one plays alone from the next block on.
    pub(super) fn is_over(&self) -> bool {
        // One that waits for its first frame has not begun.
        self.done > 0 && self.done >= self.fade.frames()
    }

    /// Runs the next generation, or lets it follow as long as it is not heard.
    pub(super) fn advance(&mut self, block: &mut Block<'_>, log: &EventLog, runs: Runs) -> Ran {
        if runs.new {
            self.next.run(block)
        } else if self.next.is_warm() {
            self.next.catch_up(block, log)
        } else {
            self.next.miss(block)
        }
    }

    /// Mixes what both play into `mix`.
    pub(super) fn mix(&self, old: &Planar, mix: &mut Planar, frames: usize, runs: Runs) {
        mix.silence(frames);
        let gains = (self.done..).map(|at| self.fade.gains(at));
        // What does not run holds a stale block, perhaps with a NaN in it.
        if runs.old {
            add_scaled(mix, old, frames, &gains.clone().map(|g| g.0));
        }
        if runs.new {
            add_scaled(mix, self.next.heard(), frames, &gains.map(|g| g.1));
        }
    }
}

/// Adds the first `frames` of `from` to `to`; a gain of zero adds nothing, not even a NaN.
fn add_scaled(
    to: &mut Planar,
    from: &Planar,
    frames: usize,
    gains: &(impl Iterator<Item = f32> + Clone),
) {
    for (to, from) in to.rows_mut().zip(from.rows()) {
        for ((x, y), gain) in to[..frames].iter_mut().zip(from).zip(gains.clone()) {
            *x += if gain > 0.0 { y * gain } else { 0.0 };
        }
    }
}

/// Which generations have to run in a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs {
    pub(super) old: bool,
    pub(super) new: bool,
}

impl Fade {
    /// Length in frames.
    pub fn frames(self) -> usize {
        match self {
            Self::Cross { frames } | Self::OutIn { frames } => frames,
        }
    }

    /// Frames at its beginning in which the new generation does not sound.
    fn frames_alone(self) -> usize {
        match self {
            Self::Cross { .. } => 0,
            Self::OutIn { frames } => frames / 2,
        }
    }

    /// Gains of the old and the new generation at frame `at` of the fade. Linear: for signals that
    /// resemble each other the sum keeps its level.
    fn gains(self, at: usize) -> (f32, f32) {
        let progress = ((at + 1) as f32 / self.frames() as f32).min(1.0);
        match self {
            Self::Cross { .. } => (1.0 - progress, progress),
            Self::OutIn { .. } if progress < 0.5 => (1.0 - 2.0 * progress, 0.0),
            Self::OutIn { .. } => (0.0, 2.0 * progress - 1.0),
        }
    }
}
