//! What is in a library, without making a plugin of it.

use std::path::Path;

use clack_host::factory::plugin::PluginFactory;

use crate::{
    error::HostError,
    ffi::Library,
    note::PluginInfo,
    staging::{StagingDir, stage},
    text,
};

/// Plugins of one library; more are taken for garbage.
const MAX_PLUGINS: u32 = 1_024;

/// Loads a private copy of the library, enters it, reads its plugins' descriptors and leaves it.
///
/// Calls foreign code on the calling thread, which then is its main thread; at least one plugin.
///
/// # Errors
/// Whatever [`stage`] and loading refuse, or [`HostError::NoPlugin`].
pub fn inspect(library: &Path) -> Result<Vec<PluginInfo>, HostError> {
    let staging = StagingDir::new().map_err(HostError::Copy)?;
    let library = Library::open(stage(library, &staging)?)?;
    let plugins = plugins(&library);
    library.close();
    let plugins = plugins?;
    if plugins.is_empty() {
        return Err(HostError::NoPlugin { wanted: None, ids: Vec::new() });
    }
    Ok(plugins)
}

/// All plugins of a library, in its own order.
///
/// # Errors
/// [`HostError::Init`] if there are more than anybody writes.
fn plugins(library: &Library) -> Result<Vec<PluginInfo>, HostError> {
    let text = |s: Option<&std::ffi::CStr>| text::name(s.unwrap_or_default().to_bytes());
    let factory = library.entry().get_plugin_factory();
    let count = factory.as_ref().map_or(0, PluginFactory::plugin_count);
    if count > MAX_PLUGINS {
        return Err(HostError::Init(format!(
            "its factory says that it has {count} plugins, at most {MAX_PLUGINS} are listed: is \
             `get_plugin_count` right?"
        )));
    }
    let descriptors = factory.iter().flat_map(PluginFactory::plugin_descriptors);
    Ok(descriptors
        .map(|d| PluginInfo {
            id: text(d.id()),
            name: text(d.name()),
            version: text(d.version()),
            vendor: text(d.vendor()),
        })
        .collect())
}

/// Finds the plugin to run: the wanted one, or the only one.
///
/// # Errors
/// [`HostError::NoPlugin`], [`HostError::ManyPlugins`] or as [`plugins`].
pub(crate) fn choose(library: &Library, wanted: Option<&str>) -> Result<PluginInfo, HostError> {
    let mut found = plugins(library)?;
    let ids = found.iter().map(|info| info.id.clone()).collect();
    match wanted {
        Some(id) => found.retain(|info| info.id == id),
        None if found.len() > 1 => return Err(HostError::ManyPlugins { ids }),
        None => {}
    }
    let wanted = wanted.map(str::to_owned);
    found.into_iter().next().ok_or(HostError::NoPlugin { wanted, ids })
}
