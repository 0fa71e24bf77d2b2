//! The host's audio thread: CLAP's blocks and events become the processor's.

use clack_extensions::params::PluginAudioProcessorParams;
use clack_plugin::events::io::{InputEvents, OutputEvents};
use clack_plugin::host::HostAudioProcessorHandle;
use clack_plugin::plugin::{PluginAudioProcessor, PluginError};
use clack_plugin::process::audio::ChannelPair;
use clack_plugin::process::{Audio, Events, PluginAudioConfiguration, Process, ProcessStatus};

use super::changes;
use super::main_thread::MainSide;
use super::shared::SharedSide;
use crate::block::Block;
use crate::plugin::Config;
use crate::processor::Processor;

/// The audio-thread part of an active instance.
pub(super) struct AudioSide<'a> {
    processor: Processor,
    shared: &'a SharedSide<'a>,
}

impl<'a> PluginAudioProcessor<'a, SharedSide<'a>, MainSide<'a>> for AudioSide<'a> {
    fn activate(
        _host: HostAudioProcessorHandle<'a>,
        main_thread: &MainSide<'a>,
        shared: &'a SharedSide<'a>,
        audio_config: PluginAudioConfiguration,
    ) -> Result<Self, PluginError> {
        let sample_rate = audio_config.sample_rate;
        if !sample_rate.is_finite() || sample_rate <= 0.0 {
            return Err(PluginError::Message("the sample rate is no rate"));
        }
        let processor = main_thread.wake(Config {
            sample_rate,
            max_block: audio_config.max_frames_count.max(1) as usize,
        })?;
        Ok(Self { processor, shared })
    }

    fn deactivate(self, main_thread: &MainSide<'a>) {
        main_thread.rest(self.processor.deactivate());
    }

    fn start_processing(&mut self) -> Result<(), PluginError> {
        self.processor.start();
        Ok(())
    }

    /// # Real time
    ///
    /// Returns an error, which is logged, only to a host that gives buffers of the wrong type.
    fn process(
        &mut self,
        _process: Process<'_>,
        mut audio: Audio<'_>,
        events: Events<'_>,
    ) -> Result<ProcessStatus, PluginError> {
        let mut block = block_of(&mut audio)?;
        if let Err(caught) = self.processor.process(&mut block, changes(events.input)) {
            self.shared.raise(caught);
        }
        Ok(ProcessStatus::Continue)
    }

    fn reset(&mut self) {
        if let Err(caught) = self.processor.reset() {
            self.shared.raise(caught);
        }
    }
}

impl PluginAudioProcessorParams for AudioSide<'_> {
    fn flush(&mut self, input: &InputEvents<'_>, _output: &mut OutputEvents<'_>) {
        self.processor.flush(changes(input));
    }
}

/// The main ports as one block that holds the input, wherever the host keeps it.
fn block_of<'b>(audio: &'b mut Audio<'_>) -> Result<Block<'b>, PluginError> {
    let Some(mut ports) = audio.port_pair(0) else {
        return Ok(Block::new([]));
    };
    let channels = ports.channels()?.into_f32();
    let channels = channels.ok_or(PluginError::Message("32-bit buffers are needed"))?;
    Ok(Block::new(channels.into_iter().filter_map(output_of)))
}

/// The output samples of a channel, filled with its input, or with silence if it has none.
fn output_of(channel: ChannelPair<'_, f32>) -> Option<&mut [f32]> {
    match channel {
        ChannelPair::InputOnly(_) => None,
        ChannelPair::InPlace(output) => Some(output),
        ChannelPair::InputOutput(input, output) => {
            output.copy_from_slice(input);
            Some(output)
        }
        ChannelPair::OutputOnly(output) => {
            output.fill(0.0);
            Some(output)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_begins_as_the_input_wherever_that_is() {
        let (input, mut output) = ([1.0, 2.0], [9.0, 9.0]);
        let apart = output_of(ChannelPair::InputOutput(&input, &mut output));
        assert_eq!(apart, Some(&mut [1.0, 2.0][..]));
        let in_place = output_of(ChannelPair::InPlace(&mut output));
        assert_eq!(in_place, Some(&mut [1.0, 2.0][..]));
    }

    #[test]
    fn an_output_without_input_begins_silent_and_an_input_alone_is_left_out() {
        let mut output = [9.0, 9.0];
        let alone = output_of(ChannelPair::OutputOnly(&mut output));
        assert_eq!(alone, Some(&mut [0.0, 0.0][..]));
        assert_eq!(output_of(ChannelPair::InputOnly(&[1.0])), None);
    }
}
