//! What is said of open streams: the engine's format and the event `audio_started`.

use retake_engine::{BusShape, Engine, LiveInput};

use super::{AudioInfo, DeviceRequest, Format, Mode, Opened, open::Granted, plan::Plan};
use crate::{choice::Choice, error::End};

/// Blocks shorter than this cost more than they are worth; longer ones make parameters coarse.
const BLOCKS: std::ops::RangeInclusive<usize> = 16..=1_024;

/// The engine's largest block for a clock of that period.
pub(super) fn max_block(clock: &Granted) -> usize {
    (clock.info.period as usize).clamp(*BLOCKS.start(), *BLOCKS.end())
}

impl Plan {
    /// `input` comes with its latency in frames.
    pub(super) fn opened(
        &self,
        request: &DeviceRequest,
        (clock, capture): (&Granted, Option<Granted>),
        input: Option<(LiveInput, usize)>,
    ) -> Opened {
        let mode = match (&self.input, &self.output) {
            (Some(_), Some(_)) => Mode::Duplex,
            (None, _) => Mode::Output,
            (_, None) => Mode::Input,
        };
        let (input, latency_frames) =
            input.map_or((None, 0), |(input, latency)| (Some(input), latency));
        let format = Format {
            engine_rate: clock.info.rate,
            n_input: input.as_ref().map_or(0, LiveInput::channels),
            n_output: clock.info.channels.into(),
            max_block: max_block(clock),
            latency_frames,
            mode,
        };
        let info = AudioInfo {
            host: clock.host.clone(),
            mode,
            clock: request.clock,
            input: capture.map(|granted| granted.info),
            output: (mode != Mode::Input).then(|| clock.info.clone()),
            engine_rate: format.engine_rate,
            max_block: format.max_block,
            latency_frames,
        };
        let is_default =
            |end, choice: &Choice| *choice == Choice::Default && self.target(end).is_some();
        Opened {
            format,
            info,
            input,
            unasked_sound: is_default(End::Input, &request.input)
                && is_default(End::Output, &request.output)
                && !self.is_virtual(End::Output),
            virtual_output: mode == Mode::Input || self.is_virtual(End::Output),
            is_live_loop: mode == Mode::Duplex
                && !self.is_virtual(End::Input)
                && !self.is_virtual(End::Output),
            notices: self.notices.clone(),
        }
    }
}

impl Opened {
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
