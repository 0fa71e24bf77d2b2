//! CLAP's parameters over the shared values. Main thread.

use std::ffi::CStr;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use clack_extensions::params::{
    ParamDisplayWriter, ParamInfo, ParamInfoFlags, ParamInfoWriter, PluginMainThreadParams,
};
use clack_plugin::events::io::{InputEvents, OutputEvents};
use clack_plugin::utils::{ClapId, Cookie};

use super::cut;
use super::main_thread::MainSide;
use super::notes::inputs;
use crate::event::Notes;
use crate::input::What;
use crate::params::{ParamFlags, ParamKind, ParamSpec};

/// CLAP's room for a name and for a path of groups, without the NUL.
const MAX_NAME: usize = 255;
const MAX_PATH: usize = 1023;

impl MainSide<'_> {
    /// The index and the declaration of a parameter.
    pub(super) fn spec(&self, id: u32) -> Option<(usize, &Arc<ParamSpec>)> {
        let index = self.values().index_of(id)?;
        Some((index, &self.values().specs()[index]))
    }
}

impl PluginMainThreadParams for MainSide<'_> {
    fn count(&self) -> u32 {
        u32::try_from(self.values().specs().len()).unwrap_or(u32::MAX)
    }

    fn get_info(&self, param_index: u32, info: &mut ParamInfoWriter<'_>) {
        let Some(spec) = self.values().specs().get(param_index as usize) else {
            return;
        };
        info.set(&ParamInfo {
            id: ClapId::new(spec.id),
            flags: flags(spec),
            cookie: Cookie::empty(),
            name: cut(spec.name, MAX_NAME).as_bytes(),
            module: cut(&spec.group, MAX_PATH).as_bytes(),
            min_value: spec.min,
            max_value: spec.max,
            default_value: spec.default,
        });
    }

    fn get_value(&self, param_id: ClapId) -> Option<f64> {
        let (index, _) = self.spec(param_id.get())?;
        self.values().get(index)
    }

    fn value_to_text(
        &self,
        param_id: ClapId,
        value: f64,
        writer: &mut ParamDisplayWriter<'_>,
    ) -> fmt::Result {
        let (_, spec) = self.spec(param_id.get()).ok_or(fmt::Error)?;
        let plain = spec.nearest(value).ok_or(fmt::Error)?;
        writer.write_str(cut(&spec.text_of(plain), writer.remaining_len()))
    }

    fn text_to_value(&self, param_id: ClapId, text: &CStr) -> Option<f64> {
        let (_, spec) = self.spec(param_id.get())?;
        spec.value_of(text.to_str().ok()?)
    }

    /// CLAP calls this only while the plugin is not active: the activation takes the values.
    fn flush(&self, input: &InputEvents<'_>, _output: &mut OutputEvents<'_>) {
        for input in inputs(input, Notes::NONE) {
            if let What::Param { id, plain } = input.what
                && let Some(index) = self.values().index_of(id)
            {
                self.values().set(index, plain);
            }
        }
    }
}

fn flags(spec: &ParamSpec) -> ParamInfoFlags {
    let mut flags = match spec.kind {
        ParamKind::Float => ParamInfoFlags::empty(),
        ParamKind::Int | ParamKind::Bool => ParamInfoFlags::IS_STEPPED,
        ParamKind::Choice(_) => ParamInfoFlags::IS_STEPPED | ParamInfoFlags::IS_ENUM,
    };
    let pairs = [
        (ParamFlags::BYPASS, ParamInfoFlags::IS_BYPASS),
        (ParamFlags::HIDDEN, ParamInfoFlags::IS_HIDDEN),
        (ParamFlags::READONLY, ParamInfoFlags::IS_READONLY),
        (ParamFlags::PERIODIC, ParamInfoFlags::IS_PERIODIC),
    ];
    for (ours, claps) in pairs {
        flags.set(claps, spec.flags.contains(ours));
    }
    let cannot =
        [ParamFlags::NOT_AUTOMATABLE, ParamFlags::READONLY].map(|flag| spec.flags.contains(flag));
    flags.set(ParamInfoFlags::IS_AUTOMATABLE, cannot == [false, false]);
    flags
}
