//! The CLAP side: an instance as the host sees it, over clack.
//!
//! Nothing in here depends on the author's types, so it is compiled once, with this crate.

mod audio_thread;
mod entry;
mod hints;
mod main_thread;
mod notes;
mod params;
mod ports;
mod probe;
mod shared;

pub(crate) use entry::LibraryEntry;

use clack_extensions::audio_ports::PluginAudioPorts;
use clack_extensions::audio_ports_config::{PluginAudioPortsConfig, PluginAudioPortsConfigInfo};
use clack_extensions::latency::PluginLatency;
use clack_extensions::note_ports::PluginNotePorts;
use clack_extensions::params::PluginParams;
use clack_extensions::state::PluginState;
use clack_extensions::tail::PluginTail;
use clack_plugin::extensions::PluginExtensions;

use crate::dsp::{Dsp, build};
use crate::plugin::{Plugin, Shape};

/// What the factory needs to know of the one plugin in this library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registration {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) vendor: &'static str,
    pub(crate) version: &'static str,
    pub(crate) shape: Shape,
    pub(crate) build: fn() -> Box<dyn Dsp>,
}

impl Registration {
    pub(crate) fn of<P: Plugin>(version: &'static str) -> Self {
        Self {
            id: P::ID,
            name: P::NAME,
            vendor: P::VENDOR,
            version,
            shape: const { Shape::of::<P>() },
            build: build::<P>,
        }
    }
}

/// The plugin type for clack: it ties the three sides of an instance together.
struct Clap;

impl clack_plugin::plugin::Plugin for Clap {
    type AudioProcessor<'a> = audio_thread::AudioSide<'a>;
    type Shared<'a> = shared::SharedSide<'a>;
    type MainThread<'a> = main_thread::MainSide<'a>;

    fn declare_extensions(builder: &mut PluginExtensions<'_, Self>, _: Option<&Self::Shared<'_>>) {
        builder
            .register::<PluginAudioPorts>()
            .register::<PluginAudioPortsConfig>()
            .register::<PluginAudioPortsConfigInfo>()
            .register::<PluginLatency>()
            .register::<PluginNotePorts>()
            .register::<PluginParams>()
            .register::<hints::ParamHints>()
            .register::<probe::PluginProbe>()
            .register::<PluginState>()
            .register::<PluginTail>();
    }
}

/// As much of a text as fits into so many bytes, whole characters only.
fn cut(text: &str, max_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(max_bytes)).unwrap_or(text)
}
