//! `retake.probe/1` across the C ABI: the host's side that plugins call, and the plugins' side
//! that lists declared meters.
#![allow(unsafe_code, reason = "functions that C calls and C functions that are called")]

use std::{
    ffi::{CStr, c_char, c_void},
    slice,
};

use clack_host::extensions::prelude::*;

use crate::{
    audit,
    callbacks::{Host, SharedHalf},
    probe::MeterInfo,
    text,
    wishes::Fault,
};

const ID: &CStr = c"retake.probe/1";

/// More are taken for garbage.
const MAX_METERS: u32 = 64;

#[repr(C)]
#[derive(Clone, Copy)]
struct RawHost {
    is_watched: unsafe extern "C" fn(*const c_void) -> bool,
    find: unsafe extern "C" fn(*const c_void, *const c_char, u32) -> u32,
    scalar: unsafe extern "C" fn(*const c_void, u32, u32, f64),
    signal: unsafe extern "C" fn(*const c_void, u32, u32, *const f32, u32),
}

/// The host's side of the extension.
#[derive(Clone, Copy)]
pub(crate) struct HostProbe(
    #[expect(dead_code, reason = "the host never calls itself")]
    RawExtension<HostExtensionSide, RawHost>,
);

// SAFETY: the identifier is ours and names `RawHost`.
unsafe impl Extension for HostProbe {
    const IDENTIFIERS: &[&CStr] = &[ID];
    type ExtensionSide = HostExtensionSide;

    unsafe fn from_raw(raw: RawExtension<HostExtensionSide>) -> Self {
        // SAFETY: the caller promises that the pointer is of this extension.
        Self(unsafe { raw.cast() })
    }
}

// SAFETY: `RawHost` is what the identifier stands for.
unsafe impl ExtensionImplementation<Host> for HostProbe {
    const IMPLEMENTATION: RawExtensionImplementation =
        RawExtensionImplementation::new(&RawHost { is_watched, find, scalar, signal });
}

/// Runs `inside` with the shared half of the host that the plugin was given.
///
/// # Safety
/// `host` is null or the `clap_host` of a plugin of [`Host`].
unsafe fn with<T>(host: *const c_void, inside: impl FnOnce(&SharedHalf) -> T) -> Option<T> {
    let inside = |host: &HostWrapper<Host>| Ok(inside(host.shared()));
    // SAFETY: passed on.
    audit::as_host(|| unsafe { HostWrapper::<Host>::handle(host.cast(), inside) })
}

unsafe extern "C" fn is_watched(host: *const c_void) -> bool {
    // SAFETY: the plugin gives the host it was given.
    unsafe { with(host, |half| half.0.probes.is_watched()) }.unwrap_or(false)
}

unsafe extern "C" fn find(host: *const c_void, name: *const c_char, n_bytes: u32) -> u32 {
    let bytes = if name.is_null() || n_bytes > 63 {
        &[]
    } else {
        // SAFETY: by the extension's contract `n_bytes` bytes can be read.
        unsafe { slice::from_raw_parts(name.cast::<u8>(), n_bytes as usize) }
    };
    let find = |half: &SharedHalf| {
        let found = half.0.probes.find(bytes);
        half.0.count(Fault::ProbesLost, found.is_none().into());
        found
    };
    // SAFETY: the plugin gives the host it was given.
    unsafe { with(host, find) }.flatten().unwrap_or(u32::MAX)
}

/// The offset orders values within a block; the table keeps the last and the extremes.
unsafe extern "C" fn scalar(host: *const c_void, probe: u32, _offset: u32, value: f64) {
    // A number that `find` did not give was counted there.
    let take = |half: &SharedHalf| half.0.probes.scalar(probe, value);
    // SAFETY: the plugin gives the host it was given.
    let _ = unsafe { with(host, take) };
}

unsafe extern "C" fn signal(
    host: *const c_void,
    probe: u32,
    _offset: u32,
    samples: *const f32,
    n_samples: u32,
) {
    if samples.is_null() || !samples.is_aligned() {
        return;
    }
    // SAFETY: by the extension's contract `n_samples` samples can be read.
    let samples = unsafe { slice::from_raw_parts(samples, n_samples as usize) };
    let take = |half: &SharedHalf| {
        let has_room = half.0.probes.signal(probe, samples);
        half.0.count(Fault::ProbesLost, u64::from(!has_room));
    };
    // SAFETY: the plugin gives the host it was given.
    let _ = unsafe { with(host, take) };
}

#[repr(C)]
struct RawMeter {
    key: [u8; 64],
    name: [u8; 128],
    unit: [u8; 32],
    min: f64,
    max: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct RawPlugin {
    count: Option<unsafe extern "C" fn(*const c_void) -> u32>,
    get: Option<unsafe extern "C" fn(*const c_void, u32, *mut RawMeter) -> bool>,
}

/// The plugin's side of the extension.
#[derive(Clone, Copy)]
pub(crate) struct PluginProbe(RawExtension<PluginExtensionSide, RawPlugin>);

// SAFETY: the identifier is ours and names `RawPlugin` on the plugin's side.
unsafe impl Extension for PluginProbe {
    const IDENTIFIERS: &[&CStr] = &[ID];
    type ExtensionSide = PluginExtensionSide;

    unsafe fn from_raw(raw: RawExtension<PluginExtensionSide>) -> Self {
        // SAFETY: the caller promises that the pointer is of this extension.
        Self(unsafe { raw.cast() })
    }
}

impl PluginProbe {
    /// The meters that the plugin declares; at most 64, those without a key or a scale left out.
    pub(crate) fn meters(self, plugin: PluginMainThreadHandle<'_>) -> Vec<MeterInfo> {
        let raw = plugin.use_extension(&self.0);
        // SAFETY: the plugin's own function with the plugin, on its main thread.
        let count = raw.count.map_or(0, |count| unsafe { count(plugin.as_raw_ptr().cast()) });
        let meter = |index| {
            let mut meter =
                RawMeter { key: [0; 64], name: [0; 128], unit: [0; 32], min: 0.0, max: 0.0 };
            // SAFETY: as above; the plugin fills a structure that is valid before and after.
            let is_there = unsafe { raw.get?(plugin.as_raw_ptr().cast(), index, &raw mut meter) };
            is_there.then(|| meter.info()).flatten()
        };
        (0..count.min(MAX_METERS)).filter_map(meter).collect()
    }
}

impl RawMeter {
    fn info(&self) -> Option<MeterInfo> {
        let key = text::name(until_nul(&self.key));
        let is_usable = !key.is_empty() && self.min.is_finite() && self.max.is_finite();
        is_usable.then(|| MeterInfo {
            key,
            name: text::name(until_nul(&self.name)),
            unit: text::name(until_nul(&self.unit)),
            min: self.min.min(self.max),
            max: self.max.max(self.min),
        })
    }
}

/// The text of a field of fixed size, with or without its end mark.
pub(crate) fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}
