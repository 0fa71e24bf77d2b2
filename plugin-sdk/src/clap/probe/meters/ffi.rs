//! The C form of the plugin's half of `retake.probe/1`.

#![allow(unsafe_code, reason = "the extension is a table of C functions")]

use std::ffi::{CStr, c_char};

use clack_plugin::extensions::prelude::{
    Extension, ExtensionImplementation, PluginExtensionSide, RawExtension,
    RawExtensionImplementation, clap_plugin,
};

use crate::clap::Clap;
use crate::clap::hints::with;

/// `retake_meter_info_t`.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Info {
    pub(super) key: [c_char; 64],
    pub(super) name: [c_char; 128],
    pub(super) unit: [c_char; 32],
    pub(super) min: f64,
    pub(super) max: f64,
}

/// `retake_plugin_probe_t`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Table {
    count: Option<unsafe extern "C" fn(*const clap_plugin) -> u32>,
    get: Option<unsafe extern "C" fn(*const clap_plugin, u32, *mut Info) -> bool>,
}

/// The extension, as clack registers it.
#[derive(Clone, Copy)]
pub(crate) struct PluginProbe(#[expect(dead_code, reason = "a host reads it")] Raw);

type Raw = RawExtension<PluginExtensionSide, Table>;

// SAFETY: the identifier is that of the table, which is `repr(C)` on both sides.
unsafe impl Extension for PluginProbe {
    const IDENTIFIERS: &[&CStr] = &[c"retake.probe/1"];
    type ExtensionSide = PluginExtensionSide;

    unsafe fn from_raw(raw: RawExtension<Self::ExtensionSide>) -> Self {
        // SAFETY: the caller has promised a pointer to this extension's table.
        Self(unsafe { raw.cast() })
    }
}

// SAFETY: the table is the one that the identifier stands for.
unsafe impl ExtensionImplementation<Clap> for PluginProbe {
    const IMPLEMENTATION: RawExtensionImplementation =
        RawExtensionImplementation::new(&Table { count: Some(count), get: Some(get) });
}

unsafe extern "C" fn count(plugin: *const clap_plugin) -> u32 {
    // SAFETY: CLAP has the host pass the plugin whose table this is, on its main thread.
    unsafe { with(plugin, |side| Some(side.meter_count())) }.unwrap_or(0)
}

unsafe extern "C" fn get(plugin: *const clap_plugin, index: u32, info: *mut Info) -> bool {
    // SAFETY: CLAP has the host pass the plugin whose table this is, on its main thread.
    let found = unsafe { with(plugin, |side| side.meter_info(index)) };
    let Some(found) = found.filter(|_| !info.is_null()) else {
        return false;
    };
    // SAFETY: the host passes a place for the info; null was refused.
    unsafe { info.write(found) };
    true
}
