//! Which audio ports a plugin has: read on its main thread before activation.
//!
//! The engine serves the main port of each side; every other port gets buffers of the right size
//! (silence in, thrown away out), so that `process` never sees a missing one. CLAP demands that
//! every port can work in 32 bits, so 64 bits are never offered.

use clack_extensions::audio_ports::{AudioPortFlags, AudioPortInfoBuffer, PluginAudioPorts};
use clack_host::prelude::*;

use crate::error::HostError;

/// More is taken for garbage, before it becomes an allocation.
const MAX_PORTS: u32 = 64;
const MAX_CHANNELS: u32 = 256;

/// The ports of both sides.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Ports {
    pub(crate) input: Side,
    pub(crate) output: Side,
}

/// The ports of one side.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Side {
    /// Channels of each port.
    pub(crate) channels: Vec<usize>,
    /// Index of the port that the engine serves.
    pub(crate) main: Option<usize>,
}

impl Side {
    /// Channels of the main port, 0 without one.
    pub(crate) fn n_main(&self) -> usize {
        self.main.map_or(0, |main| self.channels[main])
    }
}

/// Reads all ports; none if the plugin has no such extension.
///
/// # Errors
/// [`HostError::Layout`] for a port that cannot be read and for absurd numbers.
pub(crate) fn read(plugin: PluginMainThreadHandle<'_>) -> Result<Ports, HostError> {
    let Some(ext) = plugin.get_extension::<PluginAudioPorts>() else {
        return Ok(Ports::default());
    };
    Ok(Ports { input: read_side(plugin, ext, true)?, output: read_side(plugin, ext, false)? })
}

fn read_side(
    plugin: PluginMainThreadHandle<'_>,
    ext: PluginAudioPorts,
    is_input: bool,
) -> Result<Side, HostError> {
    let name = if is_input { "input" } else { "output" };
    let count = ext.count(&plugin, is_input);
    if count > MAX_PORTS {
        let message = format!("{count} {name} ports, at most {MAX_PORTS} are served");
        return Err(HostError::Layout(message));
    }
    let mut side = Side::default();
    for index in 0..count {
        let mut buffer = AudioPortInfoBuffer::new();
        let info = ext.get(&plugin, index, is_input, &mut buffer).ok_or_else(|| {
            HostError::Layout(format!("{name} port {index} does not say what it is"))
        })?;
        let n = info.channel_count;
        if n > MAX_CHANNELS {
            let message = format!("{name} port {index} has {n} channels, at most {MAX_CHANNELS}");
            return Err(HostError::Layout(message));
        }
        if info.flags.contains(AudioPortFlags::IS_MAIN) {
            side.main.get_or_insert(side.channels.len());
        }
        side.channels.push(n as usize);
    }
    // Plugins with one port often leave the flag out.
    side.main = side.main.or((count > 0).then_some(0));
    Ok(side)
}
