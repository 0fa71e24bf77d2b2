//! `retake.param-hints/1` across the C ABI: the plugins' side, called on their main thread.
#![allow(unsafe_code, reason = "C functions are called")]

use std::ffi::{CStr, c_void};

use clack_host::extensions::prelude::*;

use crate::{hints::Hints, probe::ffi::until_nul, text};

#[repr(C)]
struct RawHints {
    key: [u8; 256],
    unit: [u8; 32],
    step: f64,
    taper: u32,
    skew: f64,
    smoothing: u32,
    smoothing_ms: f64,
    n_choices: u32,
}

type Choice = unsafe extern "C" fn(*const c_void, u32, u32, *mut u8, u32) -> bool;

#[repr(C)]
#[derive(Clone, Copy)]
struct RawPlugin {
    get: Option<unsafe extern "C" fn(*const c_void, u32, *mut RawHints) -> bool>,
    choice: Option<Choice>,
}

/// The plugin's side of the extension.
#[derive(Clone, Copy)]
pub(crate) struct PluginHints(RawExtension<PluginExtensionSide, RawPlugin>);

// SAFETY: the identifier is ours and names `RawPlugin`.
unsafe impl Extension for PluginHints {
    const IDENTIFIERS: &[&CStr] = &[c"retake.param-hints/1"];
    type ExtensionSide = PluginExtensionSide;

    unsafe fn from_raw(raw: RawExtension<PluginExtensionSide>) -> Self {
        // SAFETY: the caller promises that the pointer is of this extension.
        Self(unsafe { raw.cast() })
    }
}

impl PluginHints {
    /// What the plugin says about that parameter.
    pub(crate) fn get(self, plugin: PluginMainThreadHandle<'_>, id: u32) -> Option<Hints> {
        let get = plugin.use_extension(&self.0).get?;
        let mut raw = RawHints {
            key: [0; 256],
            unit: [0; 32],
            step: 0.0,
            taper: 0,
            skew: 1.0,
            smoothing: 0,
            smoothing_ms: 0.0,
            n_choices: 0,
        };
        // SAFETY: the plugin's own function with the plugin, on its main thread; it fills a
        // structure that is valid before and after.
        let is_there = unsafe { get(plugin.as_raw_ptr().cast(), id, &raw mut raw) };
        is_there.then(|| Hints {
            key: text::name(until_nul(&raw.key)),
            unit: text::name(until_nul(&raw.unit)),
            step: raw.step,
            taper: raw.taper,
            skew: raw.skew,
            n_choices: raw.n_choices,
        })
    }

    /// The name of one choice.
    pub(crate) fn choice(
        self,
        plugin: PluginMainThreadHandle<'_>,
        id: u32,
        index: u32,
    ) -> Option<String> {
        const CAPACITY: u32 = 256;
        let choice = plugin.use_extension(&self.0).choice?;
        let mut name = [0; CAPACITY as usize];
        let plugin = plugin.as_raw_ptr().cast();
        // SAFETY: the plugin's own function with the plugin, on its main thread, and as much room
        // as is said.
        let is_there = unsafe { choice(plugin, id, index, name.as_mut_ptr(), CAPACITY) };
        is_there.then(|| text::name(until_nul(&name)))
    }
}
