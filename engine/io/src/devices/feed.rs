//! From an open capture stream to the engine's live input: how full its ring is held, and why.

use std::sync::Arc;

use retake_engine::{FrameConsumer, InputClock, InputSpec, LiveInput, Probe, drift::StampReader};

use super::{clocks::Belief, open::Granted, opened::max_block};
use crate::error::IoError;

/// The engine's end of a capture ring, not yet an input.
pub(super) struct Feed {
    pub(super) ring: FrameConsumer,
    /// When its frames came; none when the capture callback renders itself.
    pub(super) stamps: Option<StampReader>,
    pub(super) granted: Granted,
}

/// Who takes the frames out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    /// The playback device; `None`: the capture callback renders itself.
    pub(super) playback: Option<&'a Granted>,
    pub(super) engine_rate: u32,
    pub(super) max_block: usize,
}

impl<'a> Reader<'a> {
    /// The callback of `clock`, whichever end it is at, beside the capture stream.
    pub(super) fn beside(clock: &'a Granted) -> Self {
        let max_block = max_block(clock);
        Self { playback: Some(clock), engine_rate: clock.info.rate, max_block }
    }

    /// The capture callback of `clock` itself.
    pub(super) fn within(clock: &'a Granted) -> Self {
        Self { playback: None, ..Self::beside(clock) }
    }
}

/// The sound server runs both callbacks on one thread that also serves its socket.
const PULSE_PERIODS: usize = 4;
/// Frames that a rate converter is ahead of its output at most.
const CONVERTER_LEAD: usize = 128;

/// Seconds of capture that fit at least.
const CAPACITY_SECONDS: usize = 2;

/// Room of the ring for a stream of `rate` and about `period`.
pub(super) fn capacity_frames(rate: u32, period: u32) -> usize {
    (rate as usize * CAPACITY_SECONDS).max(16 * period as usize)
}

impl Feed {
    /// The live input, and the frames of latency it means for `reader`.
    ///
    /// # Errors
    /// [`IoError::Convert`].
    pub(super) fn into_input(
        self,
        reader: Reader<'_>,
        probe: Arc<Probe>,
    ) -> Result<(LiveInput, usize), IoError> {
        let rate = self.granted.info.rate;
        let capture_period = in_engine_frames(self.granted.info.period, rate, reader.engine_rate);
        let playback_period = reader.playback.map_or(0, |g| g.info.period as usize);
        let spec = InputSpec {
            rate,
            engine_rate: reader.engine_rate,
            target_frames: self.target(capture_period, reader),
            period_frames: playback_period.max(capture_period),
            max_block: reader.max_block,
        };
        let clock = match (self.stamps, reader.playback) {
            (Some(stamps), Some(playback)) => between(&self.granted, playback, stamps),
            _ => InputClock::Same,
        };
        let input = LiveInput::with_clock(self.ring, clock, spec, probe);
        let input = input.map_err(|e| IoError::Convert {
            from: rate,
            to: reader.engine_rate,
            reason: e.to_string(),
        })?;
        // What the capture callback has just pushed it renders at once.
        let at_once = if reader.playback.is_none() { capture_period } else { 0 };
        let latency = input.latency_frames() - at_once;
        Ok((input, latency))
    }

    fn target(&self, capture_period: usize, reader: Reader<'_>) -> usize {
        let Some(playback) = reader.playback else {
            return capture_period;
        };
        let playback_period = playback.info.period as usize;
        let mut target = capture_period + playback_period;
        if [&playback.host, &self.granted.host].iter().any(|host| *host == "pulseaudio") {
            target = target.max(PULSE_PERIODS * playback_period.max(capture_period));
        }
        let is_steered =
            self.stamps.is_some() && Belief::of(&self.granted, playback) == Belief::Apart;
        if is_steered || self.granted.info.rate != reader.engine_rate {
            target += CONVERTER_LEAD;
        }
        target
    }
}

fn between(capture: &Granted, playback: &Granted, stamps: StampReader) -> InputClock {
    match Belief::of(capture, playback) {
        Belief::Same => InputClock::Same,
        Belief::Shared => InputClock::Shared(stamps),
        Belief::Apart => InputClock::Own(stamps),
    }
}

/// Capture frames as engine frames, rounded up.
fn in_engine_frames(frames: u32, rate: u32, engine_rate: u32) -> usize {
    let frames = u64::from(frames) * u64::from(engine_rate);
    usize::try_from(frames.div_ceil(u64::from(rate.max(1)))).unwrap_or(usize::MAX)
}
