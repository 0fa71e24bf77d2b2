//! Whether a plugin has the functions that CLAP promises: a null one would be a jump to nowhere.

use std::ffi::CStr;

use clack_host::plugin::PluginMainThreadHandle;

use crate::{error::HostError, ffi};

/// The extensions that are used, with the functions of their tables in order.
const EXTENSIONS: [(&CStr, &[&str]); 11] = [
    (
        c"clap.params",
        &["count", "get_info", "get_value", "value_to_text", "text_to_value", "flush"],
    ),
    (c"clap.audio-ports", &["count", "get"]),
    (c"clap.audio-ports-config", &["count", "get", "select"]),
    (c"clap.configurable-audio-ports", &["can_apply_configuration", "apply_configuration"]),
    (c"clap.note-ports", &["count", "get"]),
    (c"clap.state", &["save", "load"]),
    (c"clap.latency", &["get"]),
    (c"clap.tail", &["get"]),
    (c"clap.timer-support", &["on_timer"]),
    (c"retake.param-hints/1", &["get", "choice"]),
    (c"retake.probe/1", &["count", "get"]),
];

/// Checks the plugin's own table and those of its extensions; on its main thread, once it is made.
///
/// # Errors
/// [`HostError::Init`] naming the first table with a null function.
pub(crate) fn check(plugin: PluginMainThreadHandle<'_>) -> Result<(), HostError> {
    let raw = plugin.as_raw();
    let own = [
        ("init", raw.init.is_none()),
        ("destroy", raw.destroy.is_none()),
        ("activate", raw.activate.is_none()),
        ("deactivate", raw.deactivate.is_none()),
        ("start_processing", raw.start_processing.is_none()),
        ("stop_processing", raw.stop_processing.is_none()),
        ("reset", raw.reset.is_none()),
        ("process", raw.process.is_none()),
        ("get_extension", raw.get_extension.is_none()),
        ("on_main_thread", raw.on_main_thread.is_none()),
    ];
    let missing: Vec<_> = own.iter().filter(|(_, is_null)| *is_null).map(|(n, _)| *n).collect();
    refuse("clap_plugin", &missing)?;
    for (id, functions) in EXTENSIONS {
        let missing = ffi::null_functions(plugin, id, functions.len());
        let missing: Vec<_> = missing.iter().map(|index| functions[*index]).collect();
        refuse(&id.to_string_lossy(), &missing)?;
    }
    Ok(())
}

fn refuse(table: &str, missing: &[&str]) -> Result<(), HostError> {
    if missing.is_empty() {
        return Ok(());
    }
    Err(HostError::Init(format!(
        "`{table}` has null for {}: give every function of it, or return null for the whole \
         extension in `get_extension`",
        missing.join(", ")
    )))
}
