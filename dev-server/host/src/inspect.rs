//! What is in a library, without making a plugin of it.

use std::path::Path;

use crate::{
    error::HostError,
    ffi::Library,
    instance,
    note::PluginInfo,
    staging::{StagingDir, stage},
};

/// Loads a private copy of the library, enters it, reads its plugins' descriptors and leaves it.
///
/// Calls foreign code on the calling thread, which then is its main thread; at least one plugin.
///
/// # Errors
/// Whatever [`stage`] and loading refuse, or [`HostError::NoPlugin`].
pub fn inspect(library: &Path) -> Result<Vec<PluginInfo>, HostError> {
    let staging = StagingDir::new().map_err(HostError::Copy)?;
    let library = Library::open(stage(library, &staging)?)?;
    let plugins = instance::plugins(&library);
    library.close();
    let plugins = plugins?;
    if plugins.is_empty() {
        return Err(HostError::NoPlugin { wanted: None, ids: Vec::new() });
    }
    Ok(plugins)
}
