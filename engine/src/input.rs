//! The live input: the reading end of a capture ring, held at its target fill.
//!
//! Priming is one law. At the first render, and after every underrun, the delay through the ring
//! is made exactly `target` frames: what is missing is given as silence, what is too much is
//! thrown away. After that every captured frame is rendered once, in order, or counted as lost.
//! An underrun raises the target by one playback period, so the same jitter is not heard twice.

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
    /// Fill that the ring is held at, in engine frames: its latency.
    pub target_frames: usize,
    /// Frames added to the target after each underrun: the playback period.
    pub period_frames: usize,
    /// Largest block that will be asked for, in engine frames.
    pub max_block: usize,
}

/// Milliseconds over which the input fades back in after a re-seed.
const RESEED_FADE_MS: u32 = 5;

/// The engine's end of one capture device.
#[derive(Debug)]
pub struct LiveInput {
    feed: Feed,
    convert: Option<Converter>,
    scratch: Vec<f32>,
    spec: InputSpec,
}

/// The ring and its priming, in capture frames.
#[derive(Debug)]
struct Feed {
    ring: FrameConsumer,
    state: State,
    target: usize,
    raise_by: usize,
    fade: Ramp,
    /// Whether capture has delivered anything: before that nothing can be lost.
    has_begun: bool,
    probe: Arc<Probe>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// The next read makes the delay equal to the target.
    Unprimed,
    /// That many frames of silence come first, then the ring.
    Flowing { zeros: usize },
    /// The target's silence is over and capture has not begun: nothing is lost yet.
    Waiting,
}

impl LiveInput {
    /// The input that reads `ring`, converting its rate when it differs from the engine's.
    ///
    /// # Errors
    /// [`ConvertError`] when no converter can be made for the two rates.
    pub fn new(
        ring: FrameConsumer,
        spec: InputSpec,
        probe: Arc<Probe>,
    ) -> Result<Self, ConvertError> {
        let channels = ring.channels();
        let convert = (spec.rate != spec.engine_rate)
            .then(|| Converter::new(spec.rate, spec.engine_rate, channels, spec.max_block))
            .transpose()?;
        let to_capture = |frames: usize| {
            usize::try_from(frames as u64 * u64::from(spec.rate) / u64::from(spec.engine_rate))
                .unwrap_or(usize::MAX)
        };
        probe.target_frames.set(spec.target_frames as u64);
        let fade_frames = (spec.rate * RESEED_FADE_MS / 1_000) as usize;
        let feed = Feed {
            target: to_capture(spec.target_frames),
            raise_by: to_capture(spec.period_frames).max(1),
            state: State::Unprimed,
            fade: Ramp::new(1.0, fade_frames),
            has_begun: false,
            ring,
            probe,
        };
        Ok(Self {
            feed,
            convert,
            scratch: vec![0.0; spec.max_block * channels],
            spec,
        })
    }

    /// Channels of the capture device.
    pub fn channels(&self) -> usize {
        self.feed.ring.channels()
    }

    /// The engine's rate this input converts to, Hz.
    pub fn engine_rate(&self) -> u32 {
        self.spec.engine_rate
    }

    /// Frames from capture to the plugin's input: target fill plus converter delay.
    pub fn latency_frames(&self) -> usize {
        self.spec.target_frames + self.convert.as_ref().map_or(0, Converter::delay_frames)
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

impl Feed {
    /// Fills `out` with silence still due, then captured frames.
    fn fill(&mut self, out: &mut [f32], channels: usize) {
        let wanted = out.len() / channels;
        if !matches!(self.state, State::Flowing { .. }) {
            self.prime();
        }
        let mut done = self.give_silence(wanted);
        out[..done * channels].fill(0.0);
        let got = self.ring.pop(&mut out[done * channels..]);
        self.has_begun |= got > 0;
        self.fade_in(&mut out[done * channels..(done + got) * channels], channels);
        done += got;
        out[done * channels..].fill(0.0);
        if done < wanted {
            self.run_dry(wanted - done);
        }
        self.probe.fill_frames.set(self.ring.fill_frames() as u64);
    }

    /// Makes the delay through the ring equal to the target.
    fn prime(&mut self) {
        let fill = self.ring.fill_frames();
        if self.state == State::Waiting && fill == 0 {
            return;
        }
        let excess = self.ring.discard(fill.saturating_sub(self.target));
        self.probe.discarded_frames.add(excess as u64);
        self.state = State::Flowing {
            zeros: self.target.saturating_sub(fill),
        };
        self.probe.primed.store(true, Relaxed);
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
            let gain = self.fade.next();
            frame.iter_mut().for_each(|x| *x *= gain);
        }
    }

    /// The ring gave `missing` frames too few: they were silence.
    fn run_dry(&mut self, missing: usize) {
        if self.state == State::Waiting {
            return;
        }
        if !self.has_begun {
            self.state = State::Waiting;
            self.probe.primed.store(false, Relaxed);
            return;
        }
        self.target = (self.target + self.raise_by).min(self.ring.capacity_frames() / 2);
        self.probe.underruns.add(1);
        // The re-seed's silence is for want of input as well.
        self.probe.lost_frames.add((missing + self.target) as u64);
        self.probe.target_frames.set(self.target as u64);
        self.state = State::Flowing { zeros: self.target };
        self.fade.jump_to(0.0);
        self.fade.head_for(1.0);
    }
}
