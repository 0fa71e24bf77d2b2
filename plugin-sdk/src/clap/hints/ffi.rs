//! The C form of `retake.param-hints/1`; the host declares the same on its side.

#![allow(unsafe_code, reason = "the extension is a table of C functions")]

use std::ffi::{CStr, c_char};

use clack_plugin::extensions::prelude::*;

use crate::clap::main_thread::MainSide;
use crate::clap::{Clap, cut};

/// `retake_param_hints_t`.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Hints {
    pub(super) key: [c_char; 256],
    pub(super) unit: [c_char; 32],
    pub(super) step: f64,
    pub(super) taper: u32,
    pub(super) skew: f64,
    pub(super) smoothing: u32,
    pub(super) smoothing_ms: f64,
    pub(super) n_choices: u32,
}

/// `retake_plugin_param_hints_t`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Table {
    get: Option<unsafe extern "C" fn(*const clap_plugin, u32, *mut Hints) -> bool>,
    choice: Option<unsafe extern "C" fn(*const clap_plugin, u32, u32, *mut c_char, u32) -> bool>,
}

/// The extension, as clack registers it.
#[derive(Clone, Copy)]
pub(crate) struct ParamHints(#[expect(dead_code, reason = "a host reads it")] Raw);

type Raw = RawExtension<PluginExtensionSide, Table>;

// SAFETY: the identifier is that of the table, which is `repr(C)` on both sides.
unsafe impl Extension for ParamHints {
    const IDENTIFIERS: &[&CStr] = &[c"retake.param-hints/1"];
    type ExtensionSide = PluginExtensionSide;

    unsafe fn from_raw(raw: RawExtension<Self::ExtensionSide>) -> Self {
        // SAFETY: the caller has promised a pointer to this extension's table.
        Self(unsafe { raw.cast() })
    }
}

// SAFETY: the table is the one that the identifier stands for.
unsafe impl ExtensionImplementation<Clap> for ParamHints {
    const IMPLEMENTATION: RawExtensionImplementation =
        RawExtensionImplementation::new(&Table { get: Some(get), choice: Some(choice) });
}

unsafe extern "C" fn get(plugin: *const clap_plugin, id: u32, hints: *mut Hints) -> bool {
    // SAFETY: CLAP has the host pass the plugin whose table this is, on its main thread.
    let found = unsafe { with(plugin, |side| side.hints(id)) };
    let Some(found) = found.filter(|_| !hints.is_null()) else {
        return false;
    };
    // SAFETY: the host passes a place for the hints; null was refused.
    unsafe { hints.write(found) };
    true
}

unsafe extern "C" fn choice(
    plugin: *const clap_plugin,
    id: u32,
    index: u32,
    name: *mut c_char,
    capacity: u32,
) -> bool {
    let Some(max_bytes) = (capacity as usize).checked_sub(1).filter(|_| !name.is_null()) else {
        return false;
    };
    // SAFETY: CLAP has the host pass the plugin whose table this is, on its main thread.
    let found = unsafe { with(plugin, |side| side.choice(id, index, max_bytes)) };
    let Some(found) = found else {
        return false;
    };
    // SAFETY: the host passes a place for `capacity` bytes, and the text is shorter.
    unsafe { name.cast::<u8>().copy_from_nonoverlapping(found.as_ptr(), found.len()) };
    let end = name.wrapping_add(found.len());
    // SAFETY: as before; this is the byte behind the text.
    unsafe { end.write(0) };
    true
}

/// Asks the main-thread part of a plugin.
///
/// # Safety
///
/// `plugin` is one of this library, and this is its main thread.
pub(in crate::clap) unsafe fn with<T>(
    plugin: *const clap_plugin,
    ask: impl FnOnce(&MainSide<'_>) -> Option<T>,
) -> Option<T> {
    let ask = |plugin: &PluginWrapper<'_, Clap>| {
        // SAFETY: the caller has promised that this is the main thread.
        Ok(ask(unsafe { plugin.main_thread() }))
    };
    // SAFETY: the caller has promised a plugin of this library, which are all of this type.
    unsafe { PluginWrapper::<Clap>::handle(plugin, ask) }.flatten()
}

/// A text with a NUL behind it, cut to fit.
#[expect(clippy::cast_possible_wrap, reason = "a C character is a byte")]
pub(in crate::clap) fn array<const N: usize>(text: &str) -> [c_char; N] {
    let mut array = [0; N];
    for (place, byte) in array.iter_mut().zip(cut(text, N - 1).bytes()) {
        *place = byte as c_char;
    }
    array
}
