//! The audio ports of the layouts, as the host sees them: on the main thread as lists, on the
//! audio thread as buffers.

mod buffers;

pub(super) use buffers::Buffers;

use clack_extensions::audio_ports::{
    AudioPortFlags, AudioPortInfo, AudioPortInfoWriter, AudioPortType, PluginAudioPortsImpl,
};
use clack_extensions::audio_ports_config::{
    AudioPortConfigWriter, AudioPortsConfiguration, MainPortInfo, PluginAudioPortsConfigImpl,
    PluginAudioPortsConfigInfoImpl,
};
use clack_plugin::plugin::PluginError;
use clack_plugin::utils::ClapId;

use super::main_thread::MainSide;
use crate::layout::Layout;

const MAIN: ClapId = ClapId::new(0);
const SIDE: ClapId = ClapId::new(1);

/// One port of a layout: is it the side input, and how many channels has it?
type Port = (bool, usize);

/// The ports of one direction in order; those without channels are missing.
fn ports(layout: &Layout, is_input: bool) -> impl Iterator<Item = Port> + use<> {
    let (main, side) = if is_input {
        (layout.input_channels(), layout.sidechain_channels())
    } else {
        (layout.output_channels(), 0)
    };
    [(false, main), (true, side)].into_iter().filter(|(_, channels)| *channels > 0)
}

fn count(layout: &Layout, is_input: bool) -> u32 {
    narrow(ports(layout, is_input).count())
}

/// Counts of channels and layouts, which are small.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn write_port(layout: &Layout, index: u32, is_input: bool, writer: &mut AudioPortInfoWriter<'_>) {
    let Some((is_side, channels)) = ports(layout, is_input).nth(index as usize) else {
        return;
    };
    let is_in_place = !is_side && layout.input_channels() == layout.output_channels();
    writer.set(&AudioPortInfo {
        id: if is_side { SIDE } else { MAIN },
        name: match (is_side, is_input) {
            (true, _) => b"Sidechain",
            (_, true) => b"Input",
            (_, false) => b"Output",
        },
        channel_count: narrow(channels),
        flags: if is_side { AudioPortFlags::empty() } else { AudioPortFlags::IS_MAIN },
        port_type: AudioPortType::from_channel_count(narrow(channels)),
        in_place_pair: is_in_place.then_some(MAIN),
    });
}

fn main_port(channels: usize) -> Option<MainPortInfo<'static>> {
    let channel_count = narrow(channels);
    let port_type = AudioPortType::from_channel_count(channel_count);
    (channels > 0).then_some(MainPortInfo { channel_count, port_type })
}

impl PluginAudioPortsImpl for MainSide<'_> {
    fn count(&self, is_input: bool) -> u32 {
        count(&self.layout(), is_input)
    }

    fn get(&self, index: u32, is_input: bool, writer: &mut AudioPortInfoWriter<'_>) {
        write_port(&self.layout(), index, is_input, writer);
    }
}

/// A configuration's number is the layout's index.
impl PluginAudioPortsConfigImpl for MainSide<'_> {
    fn count(&self) -> u32 {
        narrow(self.layouts().len())
    }

    fn get(&self, index: u32, writer: &mut AudioPortConfigWriter<'_>) {
        let Some(layout) = self.layouts().get(index as usize) else {
            return;
        };
        writer.write(&AudioPortsConfiguration {
            id: ClapId::new(index),
            name: layout.to_string().as_bytes(),
            input_port_count: count(layout, true),
            output_port_count: count(layout, false),
            main_input: main_port(layout.input_channels()),
            main_output: main_port(layout.output_channels()),
        });
    }

    fn select(&self, config_id: ClapId) -> Result<(), PluginError> {
        if self.select_layout(config_id.get() as usize) {
            Ok(())
        } else {
            Err(PluginError::Message("there is no such configuration of ports"))
        }
    }
}

impl PluginAudioPortsConfigInfoImpl for MainSide<'_> {
    fn current_config(&self) -> Option<ClapId> {
        Some(ClapId::new(narrow(self.layout_index())))
    }

    fn get(
        &self,
        config_id: ClapId,
        index: u32,
        is_input: bool,
        writer: &mut AudioPortInfoWriter<'_>,
    ) {
        if let Some(layout) = self.layouts().get(config_id.get() as usize) {
            write_port(layout, index, is_input, writer);
        }
    }
}
