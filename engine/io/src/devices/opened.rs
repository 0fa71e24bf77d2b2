//! What is said of open streams: the engine's format and the event `audio_started`.

use retake_engine::{BusShape, Engine, LiveInput};

use super::{AudioInfo, DeviceRequest, Format, Mode, MoreInput, Opened, open::Granted, plan::Plan};
use crate::{choice::Choice, error::End};

/// Blocks shorter than this cost more than they are worth; longer ones make parameters coarse.
const BLOCKS: std::ops::RangeInclusive<usize> = 16..=1_024;

/// The engine's largest block for a clock of that period.
pub(super) fn max_block(clock: &Granted) -> usize {
    (clock.info.period as usize).clamp(*BLOCKS.start(), *BLOCKS.end())
}

impl Plan {
    /// Of the clock owner; the inputs come with [`Opened::take_first`].
    pub(super) fn opened(&self, request: &DeviceRequest, clock: &Granted) -> Opened {
        let mode = match (&self.input, &self.output) {
            (Some(_), Some(_)) => Mode::Duplex,
            (None, _) => Mode::Output,
            (_, None) => Mode::Input,
        };
        let format = Format {
            engine_rate: clock.info.rate,
            n_input: 0,
            n_output: clock.info.channels.into(),
            max_block: max_block(clock),
            latency_frames: 0,
            mode,
        };
        let info = AudioInfo {
            host: clock.host.clone(),
            mode,
            clock: request.clock,
            input: None,
            more: Vec::new(),
            output: (mode != Mode::Input).then(|| clock.info.clone()),
            engine_rate: format.engine_rate,
            max_block: format.max_block,
            latency_frames: 0,
        };
        let is_default =
            |end, choice: &Choice| *choice == Choice::Default && self.target(end).is_some();
        Opened {
            format,
            info,
            input: None,
            more: Vec::new(),
            unasked_sound: is_default(End::Input, &request.input)
                && is_default(End::Output, &request.output)
                && !self.is_virtual(End::Output),
            virtual_output: mode == Mode::Input || self.is_virtual(End::Output),
            is_live_loop: (0..=self.more.len()).any(|n| self.is_live_loop(n)),
            notices: self.notices.clone(),
        }
    }
}

impl Opened {
    /// The first input, by which the engine's is as wide.
    pub(super) fn take_first(&mut self, first: MoreInput) {
        self.format.n_input = first.input.channels();
        self.format.latency_frames = first.latency_frames;
        self.info.latency_frames = first.latency_frames;
        self.info.input = Some(first.info);
        self.input = Some(first.input);
    }

    pub(super) fn take_more(&mut self, more: MoreInput) {
        self.info.more.push(more.info.clone());
        self.more.push(more);
    }

    /// Whether `engine` can go on with these streams as it is.
    pub(super) fn fits(&self, engine: &Engine) -> bool {
        let shape = BusShape {
            rate: self.format.engine_rate,
            max_block: self.format.max_block,
            n_output: self.format.n_output,
        };
        let has_channels = |input: &LiveInput| input.channels() == engine.n_input();
        engine.shape() == shape && self.input.as_ref().is_none_or(has_channels)
    }
}
