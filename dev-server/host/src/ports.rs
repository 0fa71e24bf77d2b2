//! Which audio ports a plugin has, and getting it to have those that the device fits.
//!
//! Read and settled on the main thread before activation, in this order: the main ports have the
//! device's channels already; the plugin offers a configuration that has them, or takes them as a
//! request; the nearest of both; what it has, and the engine adapts. The engine serves the main
//! port of each side and the second input, the sidechain; every other port gets buffers of the right size (silence in, thrown away
//! out), so that `process` never sees a missing one. CLAP demands that every port can work in 32
//! bits, so 64 bits are never offered.

use std::cmp::Reverse;

use clack_extensions::{
    audio_ports::{AudioPortFlags, AudioPortInfoBuffer, PluginAudioPorts},
    audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig},
    configurable_audio_ports::{
        AudioPortRequest, AudioPortRequestDetails, PluginConfigurableAudioPorts,
    },
};
use clack_host::prelude::*;

use crate::{callbacks::Host, error::HostError, format::Format, text};

/// More is taken for garbage, before it becomes an allocation.
const MAX_PORTS: u32 = 64;
const MAX_CHANNELS: u32 = 256;
const MAX_CHANNELS_OF_A_SIDE: usize = 1_024;
const MAX_CONFIGS: u32 = 256;

/// The audio ports of a plugin, as it was activated.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ports {
    /// The configuration that was chosen for the device, by the plugin's name for it or as
    /// `2 in, 2 out`; `None` if the plugin was taken as it is.
    pub config: Option<String>,
    /// In the plugin's order.
    pub inputs: Vec<PortInfo>,
    /// In the plugin's order.
    pub outputs: Vec<PortInfo>,
}

/// One audio port.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PortInfo {
    /// Name for people; may be empty.
    pub name: String,
    /// Channels; may be 0.
    pub n_channels: usize,
    /// The one of its side that the engine serves.
    pub is_main: bool,
    /// It can work in 64 bits too.
    #[serde(skip)]
    pub(crate) has_64_bits: bool,
}

impl Ports {
    /// The input beside the main one, silent until something is routed to it.
    pub fn sidechain(&self) -> Option<&PortInfo> {
        side_of(&self.inputs).map(|at| &self.inputs[at])
    }

    /// Takes the names of the same ports read again.
    pub(crate) fn rename_from(&mut self, now: &Self) {
        for (side, now) in [(&mut self.inputs, &now.inputs), (&mut self.outputs, &now.outputs)] {
            for (port, now) in side.iter_mut().zip(now) {
                port.name.clone_from(&now.name);
            }
        }
    }

    /// Channels of the main ports, in and out; 0 without one.
    pub(crate) fn main_channels(&self) -> (usize, usize) {
        let main = |side: &[PortInfo]| main_of(side).map_or(0, |at| side[at].n_channels);
        (main(&self.inputs), main(&self.outputs))
    }
}

/// Index of the port that the engine serves.
pub(crate) fn main_of(side: &[PortInfo]) -> Option<usize> {
    side.iter().position(|port| port.is_main)
}

/// Index of the first port that is not the main one.
pub(crate) fn side_of(side: &[PortInfo]) -> Option<usize> {
    side.iter().position(|port| !port.is_main)
}

/// Settles the ports of an inactive plugin for that format. `before` is the configuration that
/// an earlier activation chose.
///
/// # Errors
/// [`HostError::Layout`] for a port that cannot be read and for absurd numbers.
pub(crate) fn negotiate(
    plugin: &mut PluginInstance<Host>,
    format: Format,
    before: Option<String>,
) -> Result<Ports, HostError> {
    let ports = read(plugin.plugin_handle())?;
    let present = ports.main_channels();
    // A side without a device has no wish.
    let or = |device: usize, port: usize| if device > 0 { device } else { port };
    let wanted = (or(format.n_input, present.0), or(format.n_output, present.1));
    if present == wanted {
        return Ok(Ports { config: before, ..ports });
    }
    let nearest = nearest_config(plugin.plugin_handle(), wanted, present);
    let exact = nearest.as_ref().filter(|config| config.channels == wanted);
    // A device with one microphone and two speakers is well served by two channels in and out.
    let even = (wanted.1, wanted.1);
    let even = Some(even).filter(|even| distance(*even, wanted) < distance(present, wanted));
    let chosen = exact
        .and_then(|config| select(plugin, config))
        .or_else(|| request(plugin, &ports, wanted))
        .or_else(|| select(plugin, nearest.as_ref()?))
        .or_else(|| request(plugin, &ports, even?));
    let Some(chosen) = chosen else {
        return Ok(Ports { config: before, ..ports });
    };
    let ports = read(plugin.plugin_handle())?;
    let (n_input, n_output) = ports.main_channels();
    let name = match chosen {
        Chosen::Offered(name) => name,
        Chosen::Requested => format!("{n_input} in, {n_output} out"),
    };
    Ok(Ports { config: Some(name), ..ports })
}

/// How a plugin came to its ports.
enum Chosen {
    /// By one of its configurations, of that name.
    Offered(String),
    /// By a request for channels.
    Requested,
}

/// Smaller is better: outputs first, then inputs, then the wider.
fn distance(has: (usize, usize), wanted: (usize, usize)) -> (usize, usize, Reverse<usize>) {
    (has.1.abs_diff(wanted.1), has.0.abs_diff(wanted.0), Reverse(has.0 + has.1))
}

/// A configuration that a plugin offers.
#[derive(Debug)]
struct Config {
    id: ClapId,
    name: String,
    /// Of its main ports, in and out.
    channels: (usize, usize),
}

/// The configuration nearest to what is wanted, if it is nearer than what is there.
fn nearest_config(
    plugin: PluginMainThreadHandle<'_>,
    wanted: (usize, usize),
    present: (usize, usize),
) -> Option<Config> {
    let ext = plugin.get_extension::<PluginAudioPortsConfig>()?;
    let config = |index| {
        let mut buffer = AudioPortsConfigBuffer::new();
        let config = ext.get(&plugin, index, &mut buffer)?;
        let n = |main: Option<u32>| main.unwrap_or(0) as usize;
        let input = n(config.main_input.map(|port| port.channel_count));
        let output = n(config.main_output.map(|port| port.channel_count));
        Some(Config { id: config.id, name: text::name(config.name), channels: (input, output) })
    };
    (0..ext.count(&plugin).min(MAX_CONFIGS))
        .filter_map(config)
        .min_by_key(|config| distance(config.channels, wanted))
        .filter(|config| distance(config.channels, wanted) < distance(present, wanted))
}

/// Chooses a configuration, if the plugin agrees.
fn select(plugin: &mut PluginInstance<Host>, config: &Config) -> Option<Chosen> {
    let plugin = plugin.plugin_handle();
    let ext = plugin.get_extension::<PluginAudioPortsConfig>()?;
    ext.select(&plugin, config.id).ok().map(|()| Chosen::Offered(config.name.clone()))
}

/// Asks for main ports of so many channels, if the plugin agrees.
fn request(
    plugin: &mut PluginInstance<Host>,
    ports: &Ports,
    (n_input, n_output): (usize, usize),
) -> Option<Chosen> {
    let mut plugin = plugin.inactive_plugin_handle()?;
    let ext = plugin.get_extension::<PluginConfigurableAudioPorts>()?;
    let wish = |side: &[PortInfo], is_input, n: usize| {
        let index = u32::try_from(main_of(side)?).ok()?;
        let details = match n {
            0 => return None,
            1 => AudioPortRequestDetails::mono(),
            2 => AudioPortRequestDetails::stereo(),
            n => AudioPortRequestDetails::untyped(u32::try_from(n).ok()?),
        };
        Some(AudioPortRequest::new(is_input, index, details))
    };
    let wishes: Vec<_> =
        [wish(&ports.inputs, true, n_input), wish(&ports.outputs, false, n_output)]
            .into_iter()
            .flatten()
            .collect();
    let is_taken = !wishes.is_empty()
        && ext.can_apply_configuration(&mut plugin, &wishes)
        && ext.apply_configuration(&mut plugin, &wishes);
    is_taken.then_some(Chosen::Requested)
}

/// Reads all ports; none if the plugin has no such extension.
///
/// # Errors
/// [`HostError::Layout`] for a port that cannot be read and for absurd numbers.
pub(crate) fn read(plugin: PluginMainThreadHandle<'_>) -> Result<Ports, HostError> {
    let Some(ext) = plugin.get_extension::<PluginAudioPorts>() else {
        return Ok(Ports::default());
    };
    let (inputs, outputs) = (read_side(plugin, ext, true)?, read_side(plugin, ext, false)?);
    Ok(Ports { config: None, inputs, outputs })
}

fn read_side(
    plugin: PluginMainThreadHandle<'_>,
    ext: PluginAudioPorts,
    is_input: bool,
) -> Result<Vec<PortInfo>, HostError> {
    let name = if is_input { "input" } else { "output" };
    let count = ext.count(&plugin, is_input);
    if count > MAX_PORTS {
        return Err(HostError::Layout(format!(
            "the plugin says that it has {count} {name} ports, at most {MAX_PORTS} are served: is \
             `audio_ports.count` right?"
        )));
    }
    let mut side = (0..count)
        .map(|index| read_port(plugin, ext, index, is_input))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|what| HostError::Layout(format!("{name} {what}")))?;
    keep_one_main(&mut side);
    let n_channels: usize = side.iter().map(|port| port.n_channels).sum();
    if n_channels > MAX_CHANNELS_OF_A_SIDE {
        return Err(HostError::Layout(format!(
            "the plugin's {name} ports have {n_channels} channels together, at most \
             {MAX_CHANNELS_OF_A_SIDE} are served"
        )));
    }
    Ok(side)
}

fn read_port(
    plugin: PluginMainThreadHandle<'_>,
    ext: PluginAudioPorts,
    index: u32,
    is_input: bool,
) -> Result<PortInfo, String> {
    let mut buffer = AudioPortInfoBuffer::new();
    let info = ext.get(&plugin, index, is_input, &mut buffer).ok_or_else(|| {
        format!(
            "port {index} does not say what it is: `audio_ports.get` must be true for every index \
             below `audio_ports.count`, with an id that is not CLAP_INVALID_ID (4294967295)"
        )
    })?;
    let n = info.channel_count;
    if n > MAX_CHANNELS {
        return Err(format!("port {index} has {n} channels, at most {MAX_CHANNELS} are served"));
    }
    Ok(PortInfo {
        name: text::name(info.name),
        n_channels: n as usize,
        is_main: info.flags.contains(AudioPortFlags::IS_MAIN),
        has_64_bits: info
            .flags
            .intersects(AudioPortFlags::SUPPORTS_64BITS | AudioPortFlags::PREFERS_64BITS),
    })
}

/// Plugins with one port often leave the flag out, and some say it of several.
fn keep_one_main(side: &mut [PortInfo]) {
    let main = main_of(side).unwrap_or(0);
    for (index, port) in side.iter_mut().enumerate() {
        port.is_main = index == main;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_has_the_outputs_first_and_then_the_inputs_and_is_wide() {
        let nearest = |wanted, offers: &[(usize, usize)]| {
            *offers.iter().min_by_key(|has| distance(**has, wanted)).unwrap()
        };
        assert_eq!(nearest((1, 2), &[(1, 1), (2, 2), (2, 6)]), (2, 2));
        assert_eq!(nearest((0, 2), &[(2, 2), (0, 2), (0, 1)]), (0, 2));
        assert_eq!(nearest((2, 2), &[(1, 1), (3, 3)]), (3, 3));
    }
}
