//! How an input uses its drift loop: stamps in, the speed of the resampler and the place to read out.

use std::sync::Arc;

use super::feed::{Aim, Feed};
use crate::{
    drift::{DriftLoop, DriftState, Stamp, StampReader},
    probe::Probe,
};

/// What is believed of the two clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Belief {
    /// They are one, the drivers say.
    Shared(Watch),
    /// They are two.
    Apart,
}

/// What the lines say about a shared clock.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Watch {
    /// The delay that they saw when they were old enough, beyond the target, capture frames.
    calm: Option<f64>,
    /// And when they were last on their way to stamps that had moved.
    steady: Option<f64>,
    /// Engine frames for which it has been another than that, and the rates different ones.
    creeps_for: u64,
    is_disproved: bool,
}

/// Age of the lines from which a shared clock is watched, seconds.
const WATCHED_FROM: f64 = 5.0;
/// A shared clock does not move the delay by so much, ms,
const CREPT_MS: f64 = 0.1;
/// the way that the rates differ: by so many times what their noise explains, and by so many ppm,
const BEYOND_NOISE: f64 = 6.0;
const LEAST_PPM: f64 = 1.0;
/// for so many seconds. A busy machine moves the delay, too, but then the rates are the same again.
const CREEPING: f64 = 3.0;

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
    /// Capture frames by which the delay is meant to be longer than the target: it stays what it was when
    /// the clocks were taken for one.
    beyond: f64,
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
        let belief = if is_shared { Belief::Shared(Watch::default()) } else { Belief::Apart };
        let speed = law.nominal();
        Self { stamps, law, belief, given: 0, begun_at: 0, lead: 0.0, beyond: 0.0, speed, probe }
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
            Belief::Shared(watch) => self.watch(watch, excess, passed, feed),
            Belief::Apart => self.steer(excess, passed, feed),
        }
    }

    /// How much too long the delay is, in capture frames; `None` while nothing flows.
    fn excess(&self, feed: &Feed) -> Option<f64> {
        let zeros = feed.silence_due().filter(|_| self.law.is_settled())?;
        let held = self.law.written_since(feed.taken()) + zeros as f64;
        Some(held + self.lead - feed.target() as f64 - self.beyond)
    }

    fn steer(&mut self, excess: Option<f64>, passed: u64, feed: &mut Feed) {
        let error = excess.unwrap_or(0.0);
        if self.law.is_out_of_reach(error, feed.period()) {
            feed.leave();
        }
        self.speed = self.law.steer(error, usize::try_from(passed).unwrap_or(usize::MAX));
        self.show(self.law.state(), error);
    }

    fn watch(&mut self, watch: Watch, excess: Option<f64>, passed: u64, feed: &Feed) {
        let excess = excess.filter(|_| self.law.age() > WATCHED_FROM);
        // A jump is no drift: the ring was primed anew or has shed what was too much.
        let calm = watch.calm.filter(|calm| {
            let moved = excess.map(|excess| excess - calm);
            moved.is_some_and(|moved| !self.law.is_out_of_reach(moved, feed.period()))
        });
        let calm = calm.or(excess);
        let moved = excess.zip(calm).map_or(0.0, |(excess, calm)| excess - calm);
        self.show(DriftState::Shared, moved);
        let steady = watch.steady.filter(|_| calm == watch.calm && self.law.is_steady()).or(excess);
        let creeps =
            self.creeps(excess.zip(steady).map_or(0.0, |(excess, steady)| excess - steady));
        let creeps_for = if creeps { watch.creeps_for + passed } else { 0 };
        let is_disproved = watch.is_disproved || self.law.is_longer(creeps_for, CREEPING);
        self.belief = Belief::Shared(Watch { calm, steady, creeps_for, is_disproved });
    }

    /// Whether a delay that has `moved`, in capture frames, has done so because the rates differ.
    fn creeps(&self, moved: f64) -> bool {
        let ppm = self.law.ppm();
        let least = LEAST_PPM.max(BEYOND_NOISE * self.law.ppm_deviation());
        self.law.as_ms(moved) * ppm.signum() > CREPT_MS && ppm.abs() > least
    }

    /// Whether the clocks are not one after all, but are still taken for it.
    pub(super) fn is_disproved(&self) -> bool {
        matches!(self.belief, Belief::Shared(watch) if watch.is_disproved)
    }

    /// From now on the clocks are two. The delay becomes what it was at first, with the `late` frames that
    /// the converter adds taken off the ring; where a ring has not twice as many to spare, it grows by them.
    pub(super) fn part(&mut self, late: f64, feed: &Feed) {
        if let Belief::Shared(watch) = self.belief {
            let beyond = watch.calm.unwrap_or(0.0) - late;
            let has_room = feed.spare() as f64 >= 2.0 * late;
            self.beyond = if has_room { beyond } else { beyond.max(0.0) };
        }
        self.belief = Belief::Apart;
    }

    /// Capture frames that the delay through the ring is meant to be.
    pub(super) fn goal(&self, feed: &Feed) -> usize {
        whole(feed.target() as f64 + self.beyond)
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
        let goal = self.goal(feed);
        let ahead = goal as f64 - unseen - self.lead;
        // More than that is silence without end: whatever the lines say, sound comes.
        Aim::Frames(whole(ahead).min(goal + feed.period()))
    }

    /// `frames` were given, for which the converter took `taken` out of `feed`, or as many as they are.
    pub(super) fn advance(&mut self, frames: usize, taken: Option<usize>, feed: &Feed) {
        self.given += frames as u64;
        if feed.silence_due().is_none() {
            self.law.loosen();
        }
        if let Some(taken) = taken {
            self.lead += taken as f64 - frames as f64 * self.speed;
        }
    }

    /// The converter begins anew, and has taken `lead` frames beyond what it has spoken of.
    pub(super) fn restart(&mut self, lead: f64) {
        self.lead = lead;
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
