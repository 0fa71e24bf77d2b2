//! The host's half of `retake.probe/1`, declared here once more; and the plugin's, to ask it.

#![allow(unsafe_code, reason = "the extension is a table of C functions")]

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::slice;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clack_host::extensions::prelude::*;
use clack_plugin::extensions::prelude::clap_plugin;

use crate::host::Host;

/// What the plugin showed. Has room enough not to allocate.
pub(crate) struct ProbeLog {
    pub(crate) is_watched: AtomicBool,
    pub(crate) n_asked: AtomicUsize,
    /// Every name that was asked for, each time, with a line feed behind it.
    names: Mutex<String>,
    /// Number, frame, value.
    pub(crate) scalars: Mutex<Vec<(u32, u32, f64)>>,
    pub(crate) samples: Mutex<Vec<f32>>,
    pub(crate) n_calls: AtomicUsize,
}

impl Default for ProbeLog {
    fn default() -> Self {
        Self {
            is_watched: AtomicBool::new(true),
            n_asked: AtomicUsize::new(0),
            names: Mutex::new(String::with_capacity(10_000)),
            scalars: Mutex::new(Vec::with_capacity(10_000)),
            samples: Mutex::new(Vec::with_capacity(10_000)),
            n_calls: AtomicUsize::new(0),
        }
    }
}

impl ProbeLog {
    /// Forgets values and calls, not names.
    pub(crate) fn clear(&self) {
        self.scalars.lock().unwrap().clear();
        self.samples.lock().unwrap().clear();
        self.n_calls.store(0, Ordering::Relaxed);
    }

    /// Every name that was asked for, each time.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().lines().map(str::to_owned).collect()
    }

    /// Name, frame and value of all scalars.
    pub(crate) fn named(&self) -> Vec<(String, u32, f64)> {
        let names = self.names();
        let scalars = self.scalars.lock().unwrap();
        let named = scalars
            .iter()
            .map(|(number, frame, value)| (names[*number as usize].clone(), *frame, *value));
        named.collect()
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Table {
    is_watched: unsafe extern "C" fn(*const clap_host) -> bool,
    find: unsafe extern "C" fn(*const clap_host, *const c_char, u32) -> u32,
    scalar: unsafe extern "C" fn(*const clap_host, u32, u32, f64),
    signal: unsafe extern "C" fn(*const clap_host, u32, u32, *const f32, u32),
}

#[derive(Clone, Copy)]
pub(crate) struct HostProbe(#[expect(dead_code, reason = "a plugin reads it")] Raw);

type Raw = RawExtension<HostExtensionSide, Table>;

// SAFETY: the identifier is that of the table, which is `repr(C)` on both sides.
unsafe impl Extension for HostProbe {
    const IDENTIFIERS: &[&CStr] = &[c"retake.probe/1"];
    type ExtensionSide = HostExtensionSide;

    unsafe fn from_raw(raw: RawExtension<Self::ExtensionSide>) -> Self {
        // SAFETY: the caller has promised a pointer to this extension's table.
        Self(unsafe { raw.cast() })
    }
}

// SAFETY: the table is the one that the identifier stands for.
unsafe impl ExtensionImplementation<Host> for HostProbe {
    const IMPLEMENTATION: RawExtensionImplementation =
        RawExtensionImplementation::new(&Table { is_watched, find, scalar, signal });
}

unsafe fn with<T>(host: *const clap_host, ask: impl FnOnce(&ProbeLog) -> T) -> T {
    // SAFETY: the plugin passes the host that it was given.
    let answer = unsafe {
        HostWrapper::<Host>::handle(host, |host| {
            let log = &host.shared().probes;
            log.n_calls.fetch_add(1, Ordering::Relaxed);
            Ok(ask(log))
        })
    };
    answer.unwrap()
}

unsafe extern "C" fn is_watched(host: *const clap_host) -> bool {
    let ask = |log: &ProbeLog| {
        log.n_asked.fetch_add(1, Ordering::Relaxed);
        log.is_watched.load(Ordering::Relaxed)
    };
    // SAFETY: as for `with`.
    unsafe { with(host, ask) }
}

unsafe extern "C" fn find(host: *const clap_host, name: *const c_char, n_bytes: u32) -> u32 {
    // SAFETY: the plugin passes so many bytes.
    let name = unsafe { slice::from_raw_parts(name.cast::<u8>(), n_bytes as usize) };
    let name = str::from_utf8(name).unwrap();
    assert!(name.len() <= 63);
    let ask = |log: &ProbeLog| {
        let mut names = log.names.lock().unwrap();
        names.push_str(name);
        names.push('\n');
        let number = names.lines().count() - 1;
        if name == "no room" { u32::MAX } else { u32::try_from(number).unwrap() }
    };
    // SAFETY: as for `with`.
    unsafe { with(host, ask) }
}

unsafe extern "C" fn scalar(host: *const clap_host, probe: u32, offset: u32, value: f64) {
    // SAFETY: as for `with`.
    unsafe { with(host, |log| log.scalars.lock().unwrap().push((probe, offset, value))) };
}

unsafe extern "C" fn signal(
    host: *const clap_host,
    _probe: u32,
    _offset: u32,
    samples: *const f32,
    n_samples: u32,
) {
    // SAFETY: the plugin passes so many samples.
    let samples = unsafe { slice::from_raw_parts(samples, n_samples as usize) };
    // SAFETY: as for `with`.
    unsafe { with(host, |log| log.samples.lock().unwrap().extend(samples)) };
}

#[repr(C)]
pub(crate) struct MeterInfo {
    key: [c_char; 64],
    name: [c_char; 128],
    unit: [c_char; 32],
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl MeterInfo {
    /// Key, name and unit.
    pub(crate) fn texts(&self) -> [&str; 3] {
        [&self.key[..], &self.name, &self.unit].map(|array| {
            assert!(array.contains(&0));
            // SAFETY: the array holds a NUL.
            unsafe { CStr::from_ptr(array.as_ptr()) }.to_str().unwrap()
        })
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct MeterTable {
    count: unsafe extern "C" fn(*const clap_plugin) -> u32,
    get: unsafe extern "C" fn(*const clap_plugin, u32, *mut MeterInfo) -> bool,
}

#[derive(Clone, Copy)]
pub(crate) struct PluginMeters(RawExtension<PluginExtensionSide, MeterTable>);

// SAFETY: the identifier is that of the table, which is `repr(C)` on both sides.
unsafe impl Extension for PluginMeters {
    const IDENTIFIERS: &[&CStr] = &[c"retake.probe/1"];
    type ExtensionSide = PluginExtensionSide;

    unsafe fn from_raw(raw: RawExtension<Self::ExtensionSide>) -> Self {
        // SAFETY: the caller has promised a pointer to this extension's table.
        Self(unsafe { raw.cast() })
    }
}

impl PluginMeters {
    pub(crate) fn count(self, plugin: &mut PluginMainThreadHandle<'_>) -> u32 {
        let count = plugin.use_extension(&self.0).count;
        // SAFETY: the plugin lives, and this is its main thread.
        unsafe { count(plugin.as_raw()) }
    }

    pub(crate) fn get(
        self,
        plugin: &mut PluginMainThreadHandle<'_>,
        index: u32,
    ) -> Option<MeterInfo> {
        let get = plugin.use_extension(&self.0).get;
        let mut info = MaybeUninit::uninit();
        // SAFETY: the plugin lives, this is its main thread, and there is room for the info.
        let is_known = unsafe { get(plugin.as_raw(), index, info.as_mut_ptr()) };
        // SAFETY: the plugin has written it.
        is_known.then(|| unsafe { info.assume_init() })
    }
}
