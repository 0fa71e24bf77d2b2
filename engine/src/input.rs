//! The live input: the reading end of a capture ring, held at its target fill.
//!
//! Priming is one law. At the first render, and whenever capture and playback have lost each other,
//! the delay through the ring is made exactly `target` frames: what is missing is given as silence,
//! what is too much is thrown away. In between every captured frame is rendered once, in order.
//!
//! They lose each other in two ways. The ring runs *dry* (an underrun): silence until capture
//! delivers again, and a target raised by one playback period, so that the same jitter is not heard
//! twice. The ring is *full* (capture counts an overrun): what it refused was newer than what it
//! holds, so all of it is thrown away. Either way the sound fades back in over 5 ms.
//!
//! When playback stood still and capture did not, the ring is too full without being full: a fill
//! that was a period and more above the target for two seconds is shed, and counted as lost.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use crate::{
    convert::{ConvertError, Converter},
    planar::Planar,
    probe::Probe,
    ramp::Ramp,
    ring::FrameConsumer,
};

/// What the devices know of a capture stream.
#[derive(Debug, Clone, Copy)]
pub struct InputSpec {
    /// Rate of the captured frames, Hz.
    pub rate: u32,
    /// Rate of the engine, Hz.
    pub engine_rate: u32,
    /// Fill that the ring is held at, in engine frames: its latency. At least the playback period
    /// plus the capture period, or the ring runs dry.
    pub target_frames: usize,
    /// Frames added to the target after each underrun: the playback period.
    pub period_frames: usize,
    /// Largest block that will be asked for, in engine frames.
    pub max_block: usize,
}

/// A fill above the target for so long is shed.
const SURPLUS_SECONDS: u32 = 2;
/// Milliseconds over which the input fades back in after a re-seed.
const RESEED_FADE_MS: u32 = 5;

/// The engine's end of one capture device.
#[derive(Debug)]
pub struct LiveInput {
    feed: Feed,
    convert: Option<Converter>,
    scratch: Vec<f32>,
}

impl LiveInput {
    /// The input that reads `ring`, converting its rate when it differs from the engine's.
    ///
    /// The ring should hold the target, a playback period and a capture period at the least;
    /// the target is raised up to half of the ring.
    ///
    /// # Errors
    /// [`ConvertError`] when no converter can be made for the two rates.
    ///
    /// # Panics
    /// If the target does not fit into the ring: no sound would ever come out.
    pub fn new(
        ring: FrameConsumer,
        spec: InputSpec,
        probe: Arc<Probe>,
    ) -> Result<Self, ConvertError> {
        let channels = ring.channels();
        let convert = (spec.rate != spec.engine_rate)
            .then(|| Converter::new(spec.rate, spec.engine_rate, channels, spec.max_block))
            .transpose()?;
        let feed = Feed::new(ring, spec, probe);
        assert!(
            feed.target < feed.ring.capacity_frames(),
            "a ring of {} frames cannot be held at {}",
            feed.ring.capacity_frames(),
            feed.target
        );
        Ok(Self { feed, convert, scratch: vec![0.0; spec.max_block * channels] })
    }

    /// Channels of the capture device.
    pub fn channels(&self) -> usize {
        self.feed.ring.channels()
    }

    /// The engine's rate this input converts to, Hz.
    pub fn engine_rate(&self) -> u32 {
        self.feed.rates.engine
    }

    /// Frames from capture to the plugin's input: target fill plus converter delay.
    pub fn latency_frames(&self) -> usize {
        let target = self.feed.target;
        let convert = self.convert.as_ref();
        convert.map_or(target, |convert| convert.delay_with(target))
    }

    /// Fills the first `frames` of `block`, which has this input's channels.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn read(&mut self, block: &mut Planar, frames: usize) {
        let channels = self.channels();
        if let Some(convert) = &mut self.convert {
            self.feed.fill(convert.input_for(frames), channels);
            block.write_interleaved(0, convert.convert(frames));
        } else {
            let scratch = &mut self.scratch[..frames * channels];
            self.feed.fill(scratch, channels);
            block.write_interleaved(0, scratch);
        }
    }
}

/// The ring and its priming, in capture frames.
#[derive(Debug)]
struct Feed {
    ring: FrameConsumer,
    rates: Rates,
    state: State,
    target: usize,
    raise_by: usize,
    fade: Ramp,
    /// Whether capture has delivered anything: before that nothing can be lost.
    has_begun: bool,
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
}

impl Feed {
    fn new(ring: FrameConsumer, spec: InputSpec, probe: Arc<Probe>) -> Self {
        let rates = Rates { capture: spec.rate, engine: spec.engine_rate };
        let fade_frames = (spec.rate * RESEED_FADE_MS / 1_000) as usize;
        probe.primed.store(false, Relaxed);
        let feed = Self {
            target: rates.to_capture(spec.target_frames) + rates.ahead(),
            raise_by: rates.to_capture(spec.period_frames).max(1),
            state: State::Unprimed,
            fade: Ramp::new(1.0, fade_frames),
            has_begun: false,
            surplus: Surplus::default(),
            ring,
            rates,
            probe,
        };
        feed.show_target();
        feed
    }

    fn show_target(&self) {
        let target = self.rates.to_engine(self.target);
        self.probe.target_frames.set(target as u64);
    }

    /// Fills `out` with silence still due, then captured frames.
    fn fill(&mut self, out: &mut [f32], channels: usize) {
        let wanted = out.len() / channels;
        let fill = self.ring.fill_frames();
        if self.has_lost_touch(fill) {
            self.prime(fill);
        }
        self.shed_surplus(wanted);
        let silent = self.give_silence(wanted);
        let (silence, sound) = out.split_at_mut(silent * channels);
        silence.fill(0.0);
        let got = self.ring.pop(sound);
        let (sound, missing) = sound.split_at_mut(got * channels);
        self.fade_in(sound, channels);
        missing.fill(0.0);
        self.account(silent, got, wanted - silent - got);
    }

    fn has_lost_touch(&self, fill: usize) -> bool {
        match self.state {
            State::Unprimed => true,
            State::Flowing { .. } => fill == self.ring.capacity_frames(),
            State::Dry => fill > 0,
        }
    }

    /// Makes the delay through the ring equal to the target.
    fn prime(&mut self, fill: usize) {
        // A full ring has refused frames: what it holds does not border on what comes next.
        let is_stale = fill == self.ring.capacity_frames();
        let keep = if is_stale { 0 } else { fill.min(self.target) };
        let excess = self.ring.discard(fill - keep);
        self.probe.discarded_frames.add(excess as u64);
        if self.state != State::Unprimed {
            self.fade.jump_to(0.0);
            self.fade.head_for(1.0);
        }
        self.state = State::Flowing { zeros: self.target - keep };
        self.probe.primed.store(true, Relaxed);
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
        let shed = self.ring.discard(floor - keep);
        self.probe.overruns.add(1);
        self.probe.lost_frames.add(shed as u64);
        self.fade.jump_to(0.0);
        self.fade.head_for(1.0);
    }

    fn give_silence(&mut self, wanted: usize) -> usize {
        let State::Flowing { zeros } = &mut self.state else {
            return 0;
        };
        let given = wanted.min(*zeros);
        *zeros -= given;
        given
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

/// The lowest fill that a read left behind in a while.
#[derive(Debug, Default)]
struct Surplus {
    floor: Option<usize>,
    passed: usize,
}

impl Surplus {
    fn note(&mut self, fill: usize) {
        self.floor = Some(self.floor.map_or(fill, |floor| floor.min(fill)));
    }

    /// Lets `frames` pass; after `window` of them gives the floor and begins anew.
    fn floor_of(&mut self, window: usize, frames: usize) -> Option<usize> {
        self.passed += frames;
        if self.passed < window {
            return None;
        }
        self.passed = 0;
        self.floor.take()
    }
}

/// The two clocks' rates, Hz.
#[derive(Debug, Clone, Copy)]
struct Rates {
    capture: u32,
    engine: u32,
}

impl Rates {
    /// As many capture frames as `frames` engine frames need.
    fn to_capture(self, frames: usize) -> usize {
        if self.capture == self.engine {
            return frames;
        }
        let scaled = (frames as u64 * u64::from(self.capture)).div_ceil(u64::from(self.engine));
        usize::try_from(scaled).unwrap_or(usize::MAX)
    }

    /// Capture frames that the converter reads ahead of what it gives.
    fn ahead(self) -> usize {
        if self.capture == self.engine { 0 } else { Converter::AHEAD_FRAMES }
    }

    /// Capture frames as engine frames, rounded.
    fn to_engine(self, frames: usize) -> usize {
        if self.capture == self.engine {
            return frames;
        }
        let (capture, engine) = (u64::from(self.capture), u64::from(self.engine));
        let scaled = (frames as u64 * engine + capture / 2) / capture;
        usize::try_from(scaled).unwrap_or(usize::MAX)
    }
}
