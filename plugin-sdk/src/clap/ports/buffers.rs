//! The host's buffers as one block that holds the input, wherever the host keeps it.

use clack_plugin::plugin::PluginError;
use clack_plugin::process::Audio;
use clack_plugin::process::audio::{ChannelPair, InputPort, PairedChannels};

use crate::block::{Block, copy_finite};
use crate::layout::Layout;

const WRONG_TYPE: PluginError = PluginError::Message("32-bit buffers are needed");

/// Memory for what cannot stay in the host's buffers: the side input, which the host may have
/// placed anywhere, and channels that have no output.
#[derive(Debug)]
pub(in super::super) struct Buffers {
    layout: Layout,
    sidechain: Vec<Vec<f32>>,
    spare: Vec<Vec<f32>>,
}

impl Buffers {
    /// For blocks of up to `max_block` frames. Main thread.
    pub(in super::super) fn new(layout: Layout, max_block: usize) -> Self {
        let channels = |count| vec![vec![0.0; max_block]; count];
        Self {
            layout,
            sidechain: channels(layout.sidechain_channels()),
            spare: channels(layout.block_channels()),
        }
    }

    /// The block of the layout, even if the host gives other ports: what it does not give is
    /// silent, what it gives too much is left alone.
    ///
    /// # Errors
    ///
    /// The host's buffers have the wrong type.
    ///
    /// # Real time
    ///
    /// Copies samples; allocates nothing.
    pub(in super::super) fn block<'b>(
        &'b mut self,
        audio: &'b mut Audio<'_>,
    ) -> Result<Block<'b>, PluginError> {
        let frames = audio.frames_count() as usize;
        let side_port = usize::from(self.layout.input_channels() > 0);
        if !self.sidechain.is_empty() {
            take_side(&mut self.sidechain, audio.input_port(side_port))?;
        }
        let mut pairs = match audio.port_pair(0) {
            Some(mut ports) => Some(ports.channels()?.into_f32().ok_or(WRONG_TYPE)?),
            None => None,
        };
        let layout = &self.layout;
        let channels = self.spare.iter_mut().enumerate().map(|(index, spare)| {
            let pair = pairs.as_mut().and_then(|pairs| pair_of(pairs, index, layout));
            output_of(pair, &mut spare[..])
        });
        let block = Block::new(channels).with_frames(frames);
        Ok(block.with_sidechain(&self.sidechain))
    }
}

/// Copies the side input; channels that are not there are silent.
fn take_side(to: &mut [Vec<f32>], port: Option<InputPort<'_>>) -> Result<(), PluginError> {
    let channels = match port {
        Some(port) => Some(port.channels()?.into_f32().ok_or(WRONG_TYPE)?),
        None => None,
    };
    for (index, to) in (0_u32..).zip(to) {
        match channels.as_ref().and_then(|channels| channels.channel(index)) {
            Some(from) => copy_finite(from, to),
            None => to.fill(0.0),
        }
    }
    Ok(())
}

/// The host's buffers of one channel, as far as the layout has them.
fn pair_of<'b>(
    pairs: &mut PairedChannels<'b, f32>,
    index: usize,
    layout: &Layout,
) -> Option<ChannelPair<'b, f32>> {
    let has_input = index < layout.input_channels();
    let has_output = index < layout.output_channels();
    match pairs.channel_pair(index)? {
        pair if has_input && has_output => Some(pair),
        ChannelPair::InputOnly(input) | ChannelPair::InputOutput(input, _) if has_input => {
            Some(ChannelPair::InputOnly(input))
        }
        ChannelPair::InPlace(both) if has_input => Some(ChannelPair::InputOnly(both)),
        ChannelPair::OutputOnly(output)
        | ChannelPair::InPlace(output)
        | ChannelPair::InputOutput(_, output)
            if has_output =>
        {
            Some(ChannelPair::OutputOnly(output))
        }
        _ => None,
    }
}

/// The samples of a channel, filled with its input, or with silence if it has none: those of the
/// output, or `spare` if there is no output.
fn output_of<'b>(pair: Option<ChannelPair<'b, f32>>, spare: &'b mut [f32]) -> &'b mut [f32] {
    let (input, output) = match pair {
        Some(ChannelPair::InPlace(output)) => return output,
        Some(ChannelPair::InputOutput(input, output)) => (Some(input), output),
        Some(ChannelPair::OutputOnly(output)) => (None, output),
        Some(ChannelPair::InputOnly(input)) => (Some(input), spare),
        None => (None, spare),
    };
    match input {
        Some(input) => {
            let frames = input.len().min(output.len());
            output[..frames].copy_from_slice(&input[..frames]);
        }
        None => output.fill(0.0),
    }
    output
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are copies")]
mod tests {
    use super::*;

    #[test]
    fn the_output_begins_as_the_input_wherever_that_is() {
        let (input, mut output, mut spare) = ([1.0, 2.0], [9.0, 9.0], [7.0, 7.0]);
        let apart = ChannelPair::InputOutput(&input, &mut output);
        assert_eq!(output_of(Some(apart), &mut spare), [1.0, 2.0]);
        let in_place = ChannelPair::InPlace(&mut output);
        assert_eq!(output_of(Some(in_place), &mut spare), [1.0, 2.0]);
        assert_eq!(spare, [7.0, 7.0]);
    }

    #[test]
    fn what_has_no_output_is_elsewhere_and_what_has_no_input_is_silent() {
        let (mut output, mut spare) = ([9.0, 9.0], [7.0, 7.0]);
        let alone = ChannelPair::OutputOnly(&mut output);
        assert_eq!(output_of(Some(alone), &mut spare), [0.0, 0.0]);
        let input = ChannelPair::InputOnly(&[1.0, 2.0]);
        assert_eq!(output_of(Some(input), &mut spare), [1.0, 2.0]);
        assert_eq!(output_of(None, &mut spare), [0.0, 0.0]);
        assert_eq!(spare, [0.0, 0.0]);
    }
}
