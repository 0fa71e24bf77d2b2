//! The list of the declared meters: the plugin's half of `retake.probe/1`. Main thread.

mod ffi;

pub(in super::super) use ffi::PluginProbe;

use super::super::hints::array;
use super::super::main_thread::MainSide;
use crate::params::MeterSpec;
use ffi::Info;

impl MainSide<'_> {
    fn meter_count(&self) -> u32 {
        u32::try_from(self.meters().len()).unwrap_or(u32::MAX)
    }

    fn meter_info(&self, index: u32) -> Option<Info> {
        self.meters().get(index as usize).map(|spec| info(spec))
    }
}

fn info(spec: &MeterSpec) -> Info {
    Info {
        key: array(&spec.key),
        name: array(&spec.name),
        unit: array(spec.unit),
        min: spec.min,
        max: spec.max,
    }
}
