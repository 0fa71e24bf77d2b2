//! The library as the host opens it: one factory, one plugin. Main thread.

use std::ffi::CStr;

use clack_plugin::entry::prelude::*;
use clack_plugin::host::HostInfo;
use clack_plugin::plugin::{PluginDescriptor, PluginInstance};

use super::main_thread::MainSide;
use super::{Clap, Registration};
use crate::guard;

/// The library's content: the factory of its one plugin.
pub(crate) struct LibraryEntry {
    factory: PluginFactoryWrapper<Factory>,
}

impl LibraryEntry {
    pub(crate) fn new(registration: Registration) -> Self {
        guard::install();
        let descriptor = PluginDescriptor::new(registration.id, registration.name)
            .with_vendor(registration.vendor)
            .with_version(registration.version)
            .with_features([c"audio-effect", c"stereo"]);
        Self { factory: PluginFactoryWrapper::new(Factory { registration, descriptor }) }
    }
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
