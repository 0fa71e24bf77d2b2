//! How an input uses its drift loop: stamps in, the speed of the resampler and the place to read out.

use std::sync::Arc;

use super::feed::{Aim, Feed};
use crate::{
    drift::{DriftLoop, DriftState, Stamp, StampReader},
    probe::Probe,
};

/// What the drivers know of the two clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Belief {
    /// They are one. The delay that the lines saw when they were old enough tells if it is not so, and
    /// for how many engine frames it was another.
    Shared { calm: Option<f64>, against: u64 },
    /// They are two.
    Apart,
}

/// Age of the lines from which a shared clock is watched, seconds.
const WATCHED_FROM: f64 = 5.0;
/// A shared clock does not move the delay by so much, ms,
const NOT_SHARED_MS: f64 = 0.5;
/// for so many seconds: a busy machine does, for a while.
const PROVEN: f64 = 2.0;

/// The loop of one input.
#[derive(Debug)]
pub(super) struct Steering {
    stamps: StampReader,
    law: DriftLoop,
    belief: Belief,
    /// Engine frames given so far, and before this callback.
    given: u64,
    begun_at: u64,
    /// Capture frames that the converter has taken beyond what its speed stands for.
    lead: f64,
    /// By how much the delay is meant to be longer than the target: where it stood when the clock was no
    /// longer taken for shared, until the input is primed anew.
    kept: f64,
    speed: f64,
    probe: Arc<Probe>,
}

impl Steering {
    pub(super) fn new(
        stamps: StampReader,
        law: DriftLoop,
        is_shared: bool,
        probe: Arc<Probe>,
    ) -> Self {
        let belief =
            if is_shared { Belief::Shared { calm: None, against: 0 } } else { Belief::Apart };
        let speed = law.nominal();
        Self { stamps, law, belief, given: 0, begun_at: 0, lead: 0.0, kept: 0.0, speed, probe }
    }

    /// Whether the speed is the loop's, and not the nominal one.
    pub(super) fn steers(&self) -> bool {
        self.belief == Belief::Apart
    }

    /// Capture frames per engine frame.
    pub(super) fn speed(&self) -> f64 {
        self.speed
    }

    /// A callback begins; its first frame is due at `at_ns`.
    pub(super) fn begin(&mut self, at_ns: u64, feed: &mut Feed) {
        while let Some(stamp) = self.stamps.read() {
            self.law.captured(stamp);
        }
        self.law.playing(Stamp { frames: self.given, at_ns });
        let passed = self.given - self.begun_at;
        self.begun_at = self.given;
        let excess = self.excess(feed);
        match self.belief {
            Belief::Shared { .. } => self.watch(excess, passed, feed),
            Belief::Apart => self.steer(excess, passed, feed),
        }
    }

    /// How much too long the delay is, in capture frames; `None` while nothing flows.
    fn excess(&self, feed: &Feed) -> Option<f64> {
        let zeros = feed.silence_due().filter(|_| self.law.is_settled())?;
        let held = self.law.written_since(feed.taken()) + zeros as f64;
        Some(held + self.lead - self.kept - feed.target() as f64)
    }

    fn steer(&mut self, excess: Option<f64>, passed: u64, feed: &mut Feed) {
        let error = excess.unwrap_or(0.0);
        if self.law.is_out_of_reach(error, feed.period()) {
            feed.leave();
        }
        self.speed = self.law.steer(error, usize::try_from(passed).unwrap_or(usize::MAX));
        self.show(self.law.state(), error);
    }

    fn watch(&mut self, excess: Option<f64>, passed: u64, feed: &Feed) {
        let Belief::Shared { calm, against } = self.belief else { return };
        let excess = excess.filter(|_| self.law.age() > WATCHED_FROM);
        // A jump is no drift: the ring was primed anew or has shed what was too much.
        let calm = calm.filter(|calm| {
            let moved = excess.map(|excess| excess - calm);
            moved.is_some_and(|moved| !self.law.is_out_of_reach(moved, feed.period()))
        });
        let calm = calm.or(excess);
        let moved = excess.zip(calm).map_or(0.0, |(excess, calm)| excess - calm);
        self.show(DriftState::Shared, moved);
        let is_off = self.law.as_ms(moved.abs()) > NOT_SHARED_MS;
        let against = if is_off { against + passed } else { 0 };
        self.belief = Belief::Shared { calm, against };
        if self.law.is_longer(against, PROVEN) {
            self.kept = calm.unwrap_or(0.0);
            self.belief = Belief::Apart;
        }
    }

    fn show(&self, state: DriftState, error: f64) {
        self.probe.drift.show(state, self.law.ppm(), self.law.as_ms(error));
    }

    /// Where to read when `feed` primes now.
    pub(super) fn aim(&self, feed: &Feed) -> Aim {
        if !self.steers() {
            return Aim::Target;
        }
        if !self.law.is_settled() {
            return Aim::Unknown;
        }
        let since = (self.given - self.begun_at) as f64 * self.speed;
        let written = self.law.written_since(feed.taken()) + since;
        let unseen = written - feed.fill_frames() as f64;
        let ahead = feed.target() as f64 - unseen - self.lead;
        // More than that is silence without end: whatever the lines say, sound comes.
        Aim::Frames(whole(ahead).min(feed.target() + feed.period()))
    }

    /// `frames` were given, for which the converter took `taken` out of `feed`.
    pub(super) fn advance(&mut self, frames: usize, taken: usize, feed: &Feed) {
        self.given += frames as u64;
        if feed.silence_due().is_none() {
            self.law.loosen();
            self.kept = 0.0;
        }
        if self.steers() {
            self.lead += taken as f64 - frames as f64 * self.speed;
        }
    }

    /// The converter begins anew, `lead` frames ahead of where reading stands.
    pub(super) fn restart(&mut self, lead: usize) {
        self.lead = lead as f64;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of frames in a ring, or fewer than none"
)]
fn whole(frames: f64) -> usize {
    frames.round().max(0.0) as usize
}
