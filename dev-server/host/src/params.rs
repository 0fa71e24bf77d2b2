//! A plugin's parameters as they are shown: read on its main thread.

use clack_extensions::params::{ParamInfoBuffer, ParamInfoFlags, PluginParams};
use clack_host::prelude::*;

/// A parameter and its value.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ParamInfo {
    /// CLAP's number, the identity across generations.
    pub id: u32,
    /// A word for scripts: the name in lower case with `_` for spaces.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Path of its group, `/` between levels; may be empty.
    pub group: String,
    /// Plain value.
    pub value: f64,
    /// Plain value at first.
    pub default: f64,
    /// Smallest plain value.
    pub min: f64,
    /// Largest plain value.
    pub max: f64,
    /// Distance of values, if it has steps.
    pub step: Option<f64>,
    /// The value as the plugin writes it.
    pub text: String,
    /// Among `automatable`, `stepped`, `enum`, `periodic`, `hidden`, `readonly`, `bypass`,
    /// `modulatable`, `requires_process`.
    pub flags: Vec<String>,
}

impl ParamInfo {
    /// Whether the host may set it.
    pub fn is_writable(&self) -> bool {
        !self.flags.iter().any(|flag| flag == "readonly")
    }
}

const FLAGS: [(ParamInfoFlags, &str); 9] = [
    (ParamInfoFlags::IS_AUTOMATABLE, "automatable"),
    (ParamInfoFlags::IS_STEPPED, "stepped"),
    (ParamInfoFlags::IS_ENUM, "enum"),
    (ParamInfoFlags::IS_PERIODIC, "periodic"),
    (ParamInfoFlags::IS_HIDDEN, "hidden"),
    (ParamInfoFlags::IS_READONLY, "readonly"),
    (ParamInfoFlags::IS_BYPASS, "bypass"),
    (ParamInfoFlags::IS_MODULATABLE, "modulatable"),
    (ParamInfoFlags::REQUIRES_PROCESS, "requires_process"),
];

/// All parameters with their present values; none if the plugin has no parameter extension.
pub(crate) fn read(plugin: PluginMainThreadHandle<'_>) -> Vec<ParamInfo> {
    let Some(ext) = plugin.get_extension::<PluginParams>() else {
        return Vec::new();
    };
    (0..ext.count(&plugin)).filter_map(|index| read_one(plugin, ext, index)).collect()
}

fn read_one(
    plugin: PluginMainThreadHandle<'_>,
    ext: PluginParams,
    index: u32,
) -> Option<ParamInfo> {
    let mut buffer = ParamInfoBuffer::new();
    let info = ext.get_info(&plugin, index, &mut buffer)?;
    let value = ext.get_value(&plugin, info.id).unwrap_or(info.default_value);
    let name = String::from_utf8_lossy(info.name).into_owned();
    let flags = FLAGS.iter().filter(|(flag, _)| info.flags.contains(*flag));
    Some(ParamInfo {
        id: info.id.get(),
        key: key_of(&name),
        group: String::from_utf8_lossy(info.module).into_owned(),
        value,
        default: info.default_value,
        min: info.min_value,
        max: info.max_value,
        step: info.flags.contains(ParamInfoFlags::IS_STEPPED).then_some(1.0),
        text: text_of(plugin, info.id.get(), value),
        flags: flags.map(|(_, word)| (*word).to_owned()).collect(),
        name,
    })
}

/// The present value of one parameter.
pub(crate) fn value_of(plugin: PluginMainThreadHandle<'_>, id: u32) -> Option<f64> {
    plugin.get_extension::<PluginParams>()?.get_value(&plugin, ClapId::from_raw(id)?)
}

/// The value as the plugin writes it, or as a plain number if it does not.
pub(crate) fn text_of(plugin: PluginMainThreadHandle<'_>, id: u32, value: f64) -> String {
    let mut buffer = [0; 128];
    let mut text = || {
        let ext = plugin.get_extension::<PluginParams>()?;
        let text = ext.value_to_text(&plugin, ClapId::from_raw(id)?, value, &mut buffer).ok()?;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    text().unwrap_or_else(|| value.to_string())
}

/// The text as the plugin reads it.
pub(crate) fn value_from(plugin: PluginMainThreadHandle<'_>, id: u32, text: &str) -> Option<f64> {
    let text = std::ffi::CString::new(text).ok()?;
    let ext = plugin.get_extension::<PluginParams>()?;
    ext.text_to_value(&plugin, ClapId::from_raw(id)?, &text)
}

fn key_of(name: &str) -> String {
    name.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("_")
}
