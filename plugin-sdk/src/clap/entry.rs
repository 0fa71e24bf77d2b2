//! The library as the host opens it: one factory, one plugin. Main thread.

use std::ffi::{CStr, CString};

use clack_plugin::entry::prelude::*;
use clack_plugin::host::HostInfo;
use clack_plugin::plugin::{PluginDescriptor, PluginInstance};

use super::main_thread::MainSide;
use super::{Clap, Registration};
use crate::guard;
use crate::plugin::Shape;

/// The library's content: the factory of its one plugin.
pub(crate) struct LibraryEntry {
    factory: PluginFactoryWrapper<Factory>,
}

impl LibraryEntry {
    pub(crate) fn new(registration: Registration) -> Self {
        guard::install();
        let features: Vec<_> = features(&registration.shape)
            .into_iter()
            .filter_map(|feature| CString::new(feature).ok())
            .collect();
        let descriptor = PluginDescriptor::new(registration.id, registration.name)
            .with_vendor(registration.vendor)
            .with_version(registration.version)
            .with_features(features.iter().map(CString::as_c_str));
        Self { factory: PluginFactoryWrapper::new(Factory { registration, descriptor }) }
    }
}

/// The kinds of plugins that CLAP knows; a plugin has one.
const KINDS: [&str; 4] = ["audio-effect", "instrument", "analyzer", "note-effect"];

/// The author's features, before them what follows from the first layout and the notes, behind
/// them the widths of all layouts.
fn features(shape: &Shape) -> Vec<&'static str> {
    let first = &shape.layouts[0];
    let kind = match (first.input_channels(), first.output_channels()) {
        (0, 0) => "note-effect",
        (0, _) => "instrument",
        (_, 0) => "analyzer",
        _ => "audio-effect",
    };
    let widths = [(1, "mono"), (2, "stereo")];
    let widths = widths
        .iter()
        .filter(|(channels, _)| shape.layouts.iter().any(|layout| layout.has_main(*channels)));
    let has_kind = shape.features.iter().any(|feature| KINDS.contains(feature));
    let kind = (!has_kind).then_some(kind);
    let mut features: Vec<_> = kind.into_iter().chain(shape.features.iter().copied()).collect();
    for (_, width) in widths {
        if !features.contains(width) {
            features.push(width);
        }
    }
    features
}

/// Only for `EntryHolder`, which `ffi` gives the registration by its own way in.
impl Entry for LibraryEntry {
    fn new(_bundle_path: Option<&CStr>) -> Result<Self, EntryLoadError> {
        Err(EntryLoadError)
    }

    fn declare_factories<'a>(&'a self, builder: &mut EntryFactories<'a>) {
        builder.register_factory(&self.factory);
    }
}

struct Factory {
    registration: Registration,
    descriptor: PluginDescriptor,
}

impl PluginFactoryImpl for Factory {
    fn plugin_count(&self) -> u32 {
        1
    }

    fn plugin_descriptor(&self, index: u32) -> Option<&PluginDescriptor> {
        (index == 0).then_some(&self.descriptor)
    }

    fn create_plugin<'a>(
        &'a self,
        host_info: HostInfo<'a>,
        plugin_id: &CStr,
    ) -> Option<PluginInstance<'a>> {
        if self.descriptor.id() != Some(plugin_id) {
            return None;
        }
        let build = self.registration.build;
        Some(PluginInstance::new_with_initializer::<Clap, _>(
            host_info,
            &self.descriptor,
            move |host| {
                let (shared, dsp) = MainSide::build(host, build)?;
                Ok((shared, move |shared| Ok(MainSide::new(host, shared, dsp))))
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Notes;
    use crate::layout::Layout;

    fn of(layouts: &'static [Layout], features: &'static [&'static str]) -> Vec<&'static str> {
        super::features(&Shape { layouts, notes: Notes::INPUT, splits: true, features })
    }

    #[test]
    fn the_kind_of_a_plugin_follows_from_its_ports_unless_the_author_says_it() {
        const WIDE: &[Layout] = &[Layout::STEREO, Layout::MONO];
        const NO_AUDIO: &[Layout] = &[Layout::new(0, 0)];
        assert_eq!(of(WIDE, &[]), ["audio-effect", "mono", "stereo"]);
        let synth = of(&[Layout::INSTRUMENT], &["synthesizer"]);
        assert_eq!(synth, ["instrument", "synthesizer", "stereo"]);
        assert_eq!(of(&[Layout::ANALYZER], &[]), ["analyzer", "stereo"]);
        assert_eq!(of(NO_AUDIO, &[]), ["note-effect"]);
        assert_eq!(of(&[Layout::MONO], &["analyzer", "mono"]), ["analyzer", "mono"]);
    }
}
