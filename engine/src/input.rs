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
//! # One clock or two
//!
//! When both ends share a clock, frames pass as they are, bit for bit, or through a converter of
//! fixed ratio. When playback stood still and capture did not, the ring is too full without being
//! full: a fill that was a period and more above the target for two seconds is shed, and counted as
//! lost. With stamps, the lines of [`crate::drift`] watch meanwhile: a clock that is not shared after
//! all moves the delay by half a millisecond for two seconds, and from then on the input is steered. The
//! converter comes in where reading stands (`input/entrance.rs`): nothing of it is heard.
//!
//! When each end has its own clock, a [`DriftLoop`] steers the converter: the target is then the
//! time from a frame's capture to its rendering, whatever the phase of the blocks, and holds to
//! a fraction of a frame. A delay that is off by more than the loop may steer away (5 ms, or
//! a period) fades out within one block, is set anew, and fades in. The first sound comes when the
//! lines are settled, 0.15 s after the first stamps.

mod entrance;
mod feed;
mod plug;
mod rates;
mod steering;
mod surplus;

use std::sync::Arc;

use crate::{
    convert::{ConvertError, Converter},
    drift::{DriftLoop, StampReader},
    planar::Planar,
    probe::Probe,
    ring::{FrameConsumer, frame_ring},
};
use entrance::Past;
use feed::{Aim, Feed};
pub use plug::InputPlug;
use plug::Socket;
use steering::Steering;

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

/// What is known of the clocks at both ends of an input, with the capture callback's stamps.
#[derive(Debug)]
pub enum InputClock {
    /// One and the same, by construction.
    Same,
    /// The same, as far as is known.
    Shared(StampReader),
    /// Each has its own.
    Own(StampReader),
}

/// The engine's end of one capture device.
#[derive(Debug)]
pub struct LiveInput {
    feed: Feed,
    convert: Option<Converter>,
    steering: Option<Steering>,
    /// Frames pass as they are.
    is_straight: bool,
    /// What passed last, for a converter that has to come in.
    past: Past,
    /// Whether it did: its own delay is within the target then.
    has_come_in: bool,
    scratch: Vec<f32>,
    /// Where the next input comes in.
    socket: Option<Socket>,
}

impl LiveInput {
    /// The input that reads `ring`, converting its rate when it differs from the engine's; both ends
    /// have the same clock.
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
        Self::with_clock(ring, InputClock::Same, spec, probe)
    }

    /// The same, with what is known of the clocks. With two clocks the target should cover the
    /// lateness of capture callbacks too; silence comes out until [`LiveInput::begin`] is called for
    /// each callback.
    ///
    /// # Errors
    /// As [`LiveInput::new`].
    ///
    /// # Panics
    /// As [`LiveInput::new`].
    pub fn with_clock(
        ring: FrameConsumer,
        clock: InputClock,
        spec: InputSpec,
        probe: Arc<Probe>,
    ) -> Result<Self, ConvertError> {
        let channels = ring.channels();
        let has_one_rate = spec.rate == spec.engine_rate;
        let (stamps, is_shared) = match clock {
            InputClock::Same => (None, true),
            InputClock::Shared(stamps) => (Some(stamps), true),
            InputClock::Own(stamps) => (Some(stamps), false),
        };
        let convert = (!has_one_rate || stamps.is_some())
            .then(|| Converter::new(spec.rate, spec.engine_rate, channels, spec.max_block))
            .transpose()?;
        let law = DriftLoop::new(spec.rate, spec.engine_rate);
        let steering =
            stamps.map(|stamps| Steering::new(stamps, law, is_shared, Arc::clone(&probe)));
        let feed = Feed::new(ring, spec, probe);
        assert!(
            feed.target() < feed.capacity_frames(),
            "a ring of {} frames cannot be held at {}",
            feed.capacity_frames(),
            feed.target()
        );
        let scratch = vec![0.0; spec.max_block * channels];
        let is_straight = has_one_rate && is_shared;
        let (past, has_come_in, socket) = (Past::new(channels), false, None);
        Ok(Self { feed, convert, steering, is_straight, past, has_come_in, scratch, socket })
    }

    /// An input of a device that is away: silence, which nobody has lost.
    ///
    /// # Errors
    /// As [`LiveInput::new`].
    pub fn absent(
        (channels, engine_rate, max_block): (usize, u32, usize),
        probe: Arc<Probe>,
    ) -> Result<Self, ConvertError> {
        let ring = frame_ring(channels, 2).1;
        let (rate, target_frames, period_frames) = (engine_rate, 1, 1);
        let spec = InputSpec { rate, engine_rate, target_frames, period_frames, max_block };
        Self::new(ring, spec, probe)
    }

    /// Its first sound fades in: another was heard before it.
    #[must_use]
    pub fn fading_in(mut self) -> Self {
        self.feed.fade_in_first();
        self
    }

    /// Whether what was captured is heard.
    pub fn flows(&self) -> bool {
        self.feed.silence_due().is_some()
    }

    /// Frames that were captured and not heard, or silent for want of them, since its counters exist.
    pub fn lost_frames(&self) -> u64 {
        self.feed.lost_frames()
    }

    /// Channels of the capture device.
    pub fn channels(&self) -> usize {
        self.feed.channels()
    }

    /// The engine's rate this input converts to, Hz.
    pub fn engine_rate(&self) -> u32 {
        self.feed.rates().engine
    }

    /// Frames from capture to the plugin's input: target fill plus converter delay.
    pub fn latency_frames(&self) -> usize {
        let target = self.feed.target();
        let is_early = self.is_straight || self.has_come_in;
        let convert = self.convert.as_ref().filter(|_| !is_early);
        convert.map_or(target, |convert| convert.delay_with(target))
    }

    /// A playback callback begins, and its first frame is due at `at_ns` on the clock of the capture
    /// stamps. Once per callback, before its reads.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn begin(&mut self, at_ns: u64) {
        self.change_over();
        if let Some(steering) = &mut self.steering {
            steering.begin(at_ns, &mut self.feed);
        }
    }

    /// Fills the first `frames` of `block`, which has this input's channels.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn read(&mut self, block: &mut Planar, frames: usize) {
        self.change_over();
        self.change_mind(frames);
        let channels = self.channels();
        let aim = self.steering.as_ref().map_or(Aim::Target, |steering| steering.aim(&self.feed));
        let mut taken = frames;
        if let Some(convert) = self.convert.as_mut().filter(|_| !self.is_straight) {
            if let Some(steering) = self.steering.as_ref().filter(|s| s.steers()) {
                convert.set_speed(steering.speed());
            }
            let input = convert.input_for(frames);
            taken = input.len() / channels;
            self.feed.fill(input, channels, aim);
            block.write_interleaved(0, convert.convert(frames));
        } else {
            let scratch = &mut self.scratch[..frames * channels];
            self.feed.fill(scratch, channels, aim);
            if self.steering.is_some() {
                self.past.keep(scratch);
            }
            block.write_interleaved(0, scratch);
        }
        if let Some(steering) = &mut self.steering {
            steering.advance(frames, taken, &self.feed);
        }
    }
}
