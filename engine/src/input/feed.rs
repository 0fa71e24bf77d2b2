//! The ring and its priming.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use super::{InputSpec, rates::Rates, surplus::Surplus};
use crate::{probe::Probe, ramp::Ramp, ring::FrameConsumer};

/// A fill above the target for so long is shed.
const SURPLUS_SECONDS: u32 = 2;
/// Milliseconds over which the input fades when it is re-seeded.
const RESEED_FADE_MS: u32 = 5;

/// How many frames should lie ahead of the reader when it primes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// The target, whatever the phase of the capture blocks: the clocks are one.
    Target,
    /// This many now, by the drift loop.
    Frames(usize),
    /// Nobody knows yet: silence.
    Unknown,
}

/// The ring and its priming, in capture frames.
#[derive(Debug)]
pub(super) struct Feed {
    ring: FrameConsumer,
    rates: Rates,
    state: State,
    target: usize,
    raise_by: usize,
    fade: Ramp,
    fade_frames: usize,
    /// The sound that is given now is the last before a re-seed.
    is_leaving: bool,
    /// Whether capture has delivered anything: before that nothing can be lost.
    has_begun: bool,
    /// Frames that were taken out of the ring since it exists.
    taken: u64,
    surplus: Surplus,
    probe: Arc<Probe>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// The first read primes, whatever it finds.
    Unprimed,
    /// That many frames of silence come first, then the ring.
    Flowing { zeros: usize },
    /// The ring ran dry: silence, and the first frames that come prime.
    Dry,
    /// The sound was faded out to be set anew: the next read primes.
    Left,
}

impl Feed {
    pub(super) fn new(ring: FrameConsumer, spec: InputSpec, probe: Arc<Probe>) -> Self {
        let rates = Rates { capture: spec.rate, engine: spec.engine_rate };
        let fade_frames = (spec.rate * RESEED_FADE_MS / 1_000) as usize;
        probe.primed.store(false, Relaxed);
        let feed = Self {
            target: rates.to_capture(spec.target_frames) + rates.ahead(),
            raise_by: rates.to_capture(spec.period_frames).max(1),
            state: State::Unprimed,
            fade: Ramp::new(1.0, fade_frames),
            fade_frames,
            is_leaving: false,
            has_begun: false,
            taken: 0,
            surplus: Surplus::default(),
            ring,
            rates,
            probe,
        };
        feed.show_target();
        feed
    }

    pub(super) fn channels(&self) -> usize {
        self.ring.channels()
    }

    pub(super) fn rates(&self) -> Rates {
        self.rates
    }

    pub(super) fn capacity_frames(&self) -> usize {
        self.ring.capacity_frames()
    }

    /// Frames that the ring is held at.
    pub(super) fn target(&self) -> usize {
        self.target
    }

    /// The larger of both periods.
    pub(super) fn period(&self) -> usize {
        self.raise_by
    }

    pub(super) fn fill_frames(&self) -> usize {
        self.ring.fill_frames()
    }

    /// Number of the frame at the ring's reading end.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Frames of silence that come before it, or `None` while captured sound does not flow.
    pub(super) fn silence_due(&self) -> Option<usize> {
        match self.state {
            State::Flowing { zeros } => Some(zeros),
            _ => None,
        }
    }

    /// Whether the next `frames` are captured sound as it is.
    pub(super) fn is_calm(&self, frames: usize) -> bool {
        let fill = self.ring.fill_frames();
        self.state == State::Flowing { zeros: 0 }
            && !self.is_leaving
            && self.fade.at_rest().is_some()
            && (frames..self.capacity_frames()).contains(&fill)
    }

    /// Fades what is read next out, to prime anew after it.
    pub(super) fn leave(&mut self) {
        self.is_leaving = self.silence_due().is_some();
    }

    pub(super) fn lost_frames(&self) -> u64 {
        self.probe.lost_frames.get()
    }

    /// The first sound that comes fades in.
    pub(super) fn fade_in_first(&mut self) {
        self.fade.jump_to(0.0);
        self.fade.head_for(1.0);
    }

    fn show_target(&self) {
        let target = self.rates.to_engine(self.target);
        self.probe.target_frames.set(target as u64);
    }

    /// Fills `out` with silence still due, then captured frames.
    pub(super) fn fill(&mut self, out: &mut [f32], channels: usize, aim: Aim) {
        let wanted = out.len() / channels;
        let fill = self.ring.fill_frames();
        if self.has_lost_touch(fill) {
            self.prime(fill, aim);
        }
        if matches!(aim, Aim::Target) {
            self.shed_surplus(wanted);
        }
        let silent = self.give_silence(wanted);
        let (silence, sound) = out.split_at_mut(silent * channels);
        silence.fill(0.0);
        let got = self.ring.pop(sound);
        self.taken += got as u64;
        let (sound, missing) = sound.split_at_mut(got * channels);
        self.fade_in(sound, channels);
        missing.fill(0.0);
        self.account(silent, got, wanted - silent - got);
        if self.is_leaving {
            self.fade_out(out, channels);
        }
    }

    fn has_lost_touch(&self, fill: usize) -> bool {
        match self.state {
            State::Unprimed | State::Left => true,
            State::Flowing { .. } => fill == self.ring.capacity_frames(),
            State::Dry => fill > 0,
        }
    }

    /// Makes the delay through the ring what it should be.
    fn prime(&mut self, fill: usize, aim: Aim) {
        // A full ring has refused frames: what it holds does not border on what comes next.
        let is_stale = fill == self.ring.capacity_frames();
        let ahead = match aim {
            Aim::Target => self.target,
            Aim::Frames(frames) if !is_stale => frames,
            Aim::Frames(_) | Aim::Unknown => return self.wait(is_stale),
        };
        let keep = if is_stale { 0 } else { fill.min(ahead) };
        let excess = self.discard(fill - keep);
        self.probe.discarded_frames.add(excess as u64);
        if self.state != State::Unprimed {
            self.probe.drift.reseeds.add(1);
            self.fade.jump_to(0.0);
            self.fade.head_for(1.0);
        }
        self.state = State::Flowing { zeros: ahead - keep };
        self.probe.primed.store(true, Relaxed);
    }

    /// What came while nobody knows where to read is not heard.
    fn wait(&mut self, is_stale: bool) {
        if is_stale {
            let excess = self.discard(self.ring.capacity_frames());
            self.probe.discarded_frames.add(excess as u64);
            self.state = State::Left;
        }
    }

    fn discard(&mut self, frames: usize) -> usize {
        let discarded = self.ring.discard(frames);
        self.taken += discarded as u64;
        discarded
    }

    /// When playback stood still while capture went on, the ring stays too full for good: what was
    /// never below the target for [`SURPLUS_SECONDS`] is latency that nobody asked for.
    fn shed_surplus(&mut self, wanted: usize) {
        let window = (SURPLUS_SECONDS * self.rates.capture) as usize;
        let Some(floor) = self.surplus.floor_of(window, wanted) else {
            return;
        };
        let keep = self.target.saturating_sub(self.raise_by);
        if floor < self.target + self.raise_by {
            return;
        }
        let shed = self.discard(floor - keep);
        self.probe.overruns.add(1);
        self.probe.lost_frames.add(shed as u64);
        self.fade.jump_to(0.0);
        self.fade.head_for(1.0);
    }

    fn give_silence(&mut self, wanted: usize) -> usize {
        match &mut self.state {
            State::Flowing { zeros } => {
                let given = wanted.min(*zeros);
                *zeros -= given;
                given
            }
            State::Dry => 0,
            State::Unprimed | State::Left => wanted,
        }
    }

    /// Fades in after a re-seed; leaves the samples alone otherwise.
    fn fade_in(&mut self, frames: &mut [f32], channels: usize) {
        if self.fade.at_rest().is_some() {
            return;
        }
        for frame in frames.chunks_exact_mut(channels) {
            let gain = self.fade.advance();
            for x in frame {
                *x *= gain;
            }
        }
    }

    /// Lets the end of `out` fade into silence, and has the next read prime.
    fn fade_out(&mut self, out: &mut [f32], channels: usize) {
        let n = self.fade_frames.min(out.len() / channels);
        let from = out.len() - n * channels;
        for (i, frame) in out[from..].chunks_exact_mut(channels).enumerate() {
            let gain = (n - 1 - i) as f32 / n as f32;
            for x in frame {
                *x *= gain;
            }
        }
        self.is_leaving = false;
        self.state = State::Left;
    }

    /// Silence counts as lost once capture has begun; a missing frame means the ring is dry.
    fn account(&mut self, silent: usize, got: usize, missing: usize) {
        let had_begun = self.has_begun;
        self.has_begun |= got > 0;
        if had_begun {
            self.probe.lost_frames.add(silent as u64);
        }
        if self.has_begun {
            self.probe.lost_frames.add(missing as u64);
        }
        if missing > 0 && self.state != State::Dry {
            self.run_dry();
        }
        let fill = self.ring.fill_frames();
        self.surplus.note(fill);
        let fill = self.rates.to_engine(fill);
        self.probe.fill_frames.set(fill as u64);
    }

    fn run_dry(&mut self) {
        self.state = State::Dry;
        if !self.has_begun {
            self.probe.primed.store(false, Relaxed);
            return;
        }
        self.probe.underruns.add(1);
        let raised = (self.target + self.raise_by).min(self.ring.capacity_frames() / 2);
        self.target = self.target.max(raised);
        self.show_target();
    }
}
