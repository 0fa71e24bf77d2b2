//! A plugin's parameters as they are shown: read on its main thread, nothing of it believed.

use std::collections::HashMap;

use clack_extensions::params::{
    ParamInfo as ClapParam, ParamInfoBuffer, ParamInfoFlags, PluginParams,
};
use clack_host::prelude::*;

use crate::{
    hints::{Hints, Taper, ffi::PluginHints},
    text,
};

/// More are taken for garbage.
const MAX_PARAMS: u32 = 16_384;
/// Values of an enum that are asked for their names without hints, and with.
const MAX_VALUES: f64 = 64.0;
const MAX_CHOICES: u32 = 1_024;

/// A parameter and its value.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ParamInfo {
    /// CLAP's number, the identity across generations.
    pub id: u32,
    /// A word for scripts: the plugin's own, or the name in lower case with `_` for spaces.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Path of its group, `/` between levels; may be empty.
    pub group: String,
    /// Plain value, finite.
    pub value: f64,
    /// Plain value at first, within the range.
    pub default: f64,
    /// Smallest plain value, finite.
    pub min: f64,
    /// Largest plain value, finite and not below the smallest.
    pub max: f64,
    /// Distance of values, if it has steps.
    pub step: Option<f64>,
    /// Unit of the plain value, if it is known.
    pub unit: Option<String>,
    /// How a control's travel maps to the value.
    pub taper: Taper,
    /// Exponent of [`Taper::Skew`] and [`Taper::Symmetric`].
    pub skew: Option<f64>,
    /// Names of its values from the smallest on, if they have names.
    pub choices: Option<Vec<String>>,
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

    /// Whether nothing but the value differs.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let shape = |p: &Self| [p.default, p.min, p.max].map(f64::to_bits);
        let words = |p: &Self| (p.name.clone(), p.group.clone(), p.flags.clone());
        self.id == other.id && shape(self) == shape(other) && words(self) == words(other)
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

/// What a reading of all parameters gave.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) params: Vec<ParamInfo>,
    /// What was wrong, a line each.
    pub(crate) complaints: Vec<String>,
}

/// All parameters with their present values; none if the plugin has no parameter extension.
pub(crate) fn read(plugin: PluginMainThreadHandle<'_>) -> Scan {
    let mut scan = Scan::default();
    let Some(ext) = plugin.get_extension::<PluginParams>() else {
        return scan;
    };
    let reader = Reader { plugin, ext, hints: plugin.get_extension() };
    let count = ext.count(&plugin);
    if count > MAX_PARAMS {
        scan.complaints.push(format!(
            "the plugin says that it has {count} parameters, of which at most {MAX_PARAMS} are \
             read: `params.count` must be the number that `params.get_info` knows"
        ));
    }
    let mut seen = HashMap::new();
    let mut n_unknown = 0;
    for index in 0..count.min(MAX_PARAMS) {
        let mut buffer = ParamInfoBuffer::new();
        match ext.get_info(&plugin, index, &mut buffer) {
            Some(info) => reader.add(&info, &mut seen, &mut scan),
            None => n_unknown += 1,
        }
    }
    if n_unknown > 0 {
        scan.complaints.push(format!(
            "{n_unknown} of the plugin's {count} parameters do not say what they are and are left \
             out: `params.get_info` must be true for every index below `params.count`, with an id \
             that is not CLAP_INVALID_ID (4294967295)"
        ));
    }
    scan
}

struct Reader<'a> {
    plugin: PluginMainThreadHandle<'a>,
    ext: PluginParams,
    hints: Option<PluginHints>,
}

impl Reader<'_> {
    /// Adds a parameter that can be used, set right where it is wrong.
    fn add(&self, info: &ClapParam<'_>, seen: &mut HashMap<u32, String>, scan: &mut Scan) {
        let (id, name) = (info.id.get(), text::name(info.name));
        if let Some(other) = seen.insert(id, name.clone()) {
            scan.complaints.push(format!(
                "two parameters have the id {id}, `{other}` and `{name}`: give each its own (the \
                 second is left out)"
            ));
            return;
        }
        let (min, max) = (info.min_value, info.max_value);
        if !(min.is_finite() && max.is_finite()) {
            scan.complaints.push(format!(
                "parameter `{name}`: its range is {min} to {max}, but both ends must be finite (it \
                 is left out)"
            ));
            return;
        }
        if min > max {
            scan.complaints.push(format!(
                "parameter `{name}`: its smallest value {min} is above its largest {max}: swap \
                 min_value and max_value (they were swapped)"
            ));
        }
        let param = self.describe(info, name, (min.min(max), max.max(min)), scan);
        scan.params.push(param);
    }

    fn describe(
        &self,
        info: &ClapParam<'_>,
        name: String,
        (min, max): (f64, f64),
        scan: &mut Scan,
    ) -> ParamInfo {
        let id = info.id.get();
        let mut within = |what: &str, value: f64, instead: f64| {
            if (min..=max).contains(&value) {
                return value;
            }
            let instead = if value.is_finite() { value.min(max).max(min) } else { instead };
            scan.complaints.push(format!(
                "parameter `{name}`: its {what} {value} is not between {min} and {max} ({instead} \
                 was taken)"
            ));
            instead
        };
        let default = within("default", info.default_value, min);
        let value = self.ext.get_value(&self.plugin, info.id).unwrap_or(default);
        let value = within("value", value, default);
        let is_stepped = info.flags.contains(ParamInfoFlags::IS_STEPPED);
        let flags = FLAGS.iter().filter(|(flag, _)| info.flags.contains(*flag));
        let mut param = ParamInfo {
            id,
            key: key_of(&name),
            name,
            group: text::name(info.module),
            value,
            default,
            min,
            max,
            step: is_stepped.then_some(1.0),
            unit: None,
            taper: Taper::Linear,
            skew: None,
            choices: None,
            text: text_of(self.plugin, id, value),
            flags: flags.map(|(_, word)| (*word).to_owned()).collect(),
        };
        match self.hints.and_then(|ext| Some((ext, ext.get(self.plugin, id)?))) {
            Some((ext, hints)) => self.take_hints(&mut param, ext, &hints, scan),
            None if info.flags.contains(ParamInfoFlags::IS_ENUM) => {
                param.choices = self.named_values(&param);
            }
            None => {}
        }
        param
    }

    fn take_hints(&self, param: &mut ParamInfo, ext: PluginHints, hints: &Hints, scan: &mut Scan) {
        if !hints.key.is_empty() {
            param.key.clone_from(&hints.key);
        }
        param.unit = (!hints.unit.is_empty()).then(|| hints.unit.clone());
        param.step = (hints.step.is_finite() && hints.step > 0.0).then_some(hints.step);
        match hints.taper(param.min, param.max) {
            Ok((taper, skew)) => (param.taper, param.skew) = (taper, skew),
            Err(what) => {
                let line = format!("parameter `{}`: {what} (linear was taken)", param.key);
                scan.complaints.push(line);
            }
        }
        let choices = (0..hints.n_choices.min(MAX_CHOICES))
            .map(|index| ext.choice(self.plugin, param.id, index).unwrap_or(index.to_string()));
        param.choices = (hints.n_choices > 0).then(|| choices.collect());
    }

    /// The names of an enum's values, as the plugin writes them.
    fn named_values(&self, param: &ParamInfo) -> Option<Vec<String>> {
        let n_values = param.max - param.min + 1.0;
        let mut value = param.min;
        let mut names = Vec::new();
        while n_values <= MAX_VALUES && value <= param.max {
            names.push(text_of(self.plugin, param.id, value));
            value += 1.0;
        }
        (!names.is_empty()).then_some(names)
    }
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
        Some(text::name(text))
    };
    text().unwrap_or_else(|| value.to_string())
}

/// The text as the plugin reads it; `None` for what is no finite value.
pub(crate) fn value_from(plugin: PluginMainThreadHandle<'_>, id: u32, text: &str) -> Option<f64> {
    let text = std::ffi::CString::new(text).ok()?;
    let ext = plugin.get_extension::<PluginParams>()?;
    ext.text_to_value(&plugin, ClapId::from_raw(id)?, &text).filter(|value| value.is_finite())
}

fn key_of(name: &str) -> String {
    name.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("_")
}
