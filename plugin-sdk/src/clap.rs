//! The CLAP side: an instance as the host sees it, over clack.
//!
//! Nothing in here depends on the author's types, so it is compiled once, with this crate.

mod audio_thread;
mod entry;
mod hints;
mod main_thread;
mod params;
mod shared;

pub(crate) use entry::LibraryEntry;

use clack_extensions::audio_ports::PluginAudioPorts;
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::PluginParams;
use clack_extensions::state::PluginState;
use clack_plugin::events::event_types::ParamValueEvent;
use clack_plugin::events::io::InputEvents;
use clack_plugin::extensions::PluginExtensions;

use crate::dsp::{Dsp, build};
use crate::plugin::Plugin;
use crate::processor::ParamChange;

/// What the factory needs to know of the one plugin in this library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registration {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) vendor: &'static str,
    pub(crate) version: &'static str,
    pub(crate) build: fn() -> Box<dyn Dsp>,
}

impl Registration {
    pub(crate) fn of<P: Plugin>(version: &'static str) -> Self {
        Self { id: P::ID, name: P::NAME, vendor: P::VENDOR, version, build: build::<P> }
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
            .register::<PluginLatency>()
            .register::<PluginParams>()
            .register::<hints::ParamHints>()
            .register::<PluginState>();
    }
}

/// As much of a text as fits into so many bytes, whole characters only.
fn cut(text: &str, max_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(max_bytes)).unwrap_or(text)
}

/// The parameter changes among the host's events.
fn changes<'e>(events: &'e InputEvents<'_>) -> impl Iterator<Item = ParamChange> + 'e {
    events.iter().filter_map(|event| {
        let change = event.as_event::<ParamValueEvent>()?;
        Some(ParamChange {
            frame: event.header().time() as usize,
            id: change.param_id()?.get(),
            plain: change.value(),
        })
    })
}
