//! A ring that stays too full for good.

/// The lowest fill that a read left behind in a while.
#[derive(Debug, Default)]
pub(super) struct Surplus {
    floor: Option<usize>,
    /// That of the while before.
    last: Option<usize>,
    passed: usize,
}

impl Surplus {
    pub(super) fn note(&mut self, fill: usize) {
        self.floor = Some(self.floor.map_or(fill, |floor| floor.min(fill)));
    }

    /// Lets `frames` pass; after `window` of them gives the floor and begins anew.
    pub(super) fn floor_of(&mut self, window: usize, frames: usize) -> Option<usize> {
        self.passed += frames;
        if self.passed < window {
            return None;
        }
        self.passed = 0;
        self.last = self.floor.take();
        self.last
    }

    /// The lowest fill of this while and the one before; none when that is not over.
    pub(super) fn lowest(&self) -> Option<usize> {
        self.last.map(|last| self.floor.map_or(last, |floor| floor.min(last)))
    }
}
