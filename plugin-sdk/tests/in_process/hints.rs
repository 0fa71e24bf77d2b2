//! The host's side of `retake.param-hints/1`, declared here once more.

#![allow(unsafe_code, reason = "the extension is a table of C functions")]

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

use clack_host::extensions::prelude::*;
use clack_plugin::extensions::prelude::clap_plugin;

#[repr(C)]
pub(crate) struct Hints {
    key: [c_char; 256],
    unit: [c_char; 32],
    pub(crate) step: f64,
    pub(crate) taper: u32,
    pub(crate) skew: f64,
    pub(crate) smoothing: u32,
    pub(crate) smoothing_ms: f64,
    pub(crate) n_choices: u32,
}

impl Hints {
    pub(crate) fn key(&self) -> &str {
        text(&self.key)
    }

    pub(crate) fn unit(&self) -> &str {
        text(&self.unit)
    }
}

fn text(array: &[c_char]) -> &str {
    assert!(array.contains(&0));
    // SAFETY: the array holds a NUL.
    unsafe { CStr::from_ptr(array.as_ptr()) }.to_str().unwrap()
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Table {
    get: unsafe extern "C" fn(*const clap_plugin, u32, *mut Hints) -> bool,
    choice: unsafe extern "C" fn(*const clap_plugin, u32, u32, *mut c_char, u32) -> bool,
}

#[derive(Clone, Copy)]
pub(crate) struct ParamHints(RawExtension<PluginExtensionSide, Table>);

// SAFETY: the identifier is that of the table, which is `repr(C)` on both sides.
unsafe impl Extension for ParamHints {
    const IDENTIFIERS: &[&CStr] = &[c"retake.param-hints/1"];
    type ExtensionSide = PluginExtensionSide;

    unsafe fn from_raw(raw: RawExtension<Self::ExtensionSide>) -> Self {
        // SAFETY: the caller has promised a pointer to this extension's table.
        Self(unsafe { raw.cast() })
    }
}

impl ParamHints {
    pub(crate) fn get(self, plugin: &mut PluginMainThreadHandle<'_>, id: u32) -> Option<Hints> {
        let get = plugin.use_extension(&self.0).get;
        let mut hints = MaybeUninit::uninit();
        // SAFETY: the plugin lives, this is its main thread, and there is room for the hints.
        let is_known = unsafe { get(plugin.as_raw(), id, hints.as_mut_ptr()) };
        // SAFETY: the plugin has written them.
        is_known.then(|| unsafe { hints.assume_init() })
    }

    pub(crate) fn choice(
        self,
        plugin: &mut PluginMainThreadHandle<'_>,
        id: u32,
        index: u32,
        room: u32,
    ) -> Option<String> {
        let choice = plugin.use_extension(&self.0).choice;
        // One byte more than the plugin is told, which must stay as it is.
        let mut name: Vec<c_char> = vec![77; room as usize + 1];
        // SAFETY: the plugin lives, this is its main thread, and there is room for the name.
        let is_known = unsafe { choice(plugin.as_raw(), id, index, name.as_mut_ptr(), room) };
        assert_eq!(name[room as usize], 77);
        is_known.then(|| text(&name).to_owned())
    }
}
