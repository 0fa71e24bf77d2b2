//! One plugin: its values, its memory of sound, its table of functions.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::thread::ThreadId;

use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_host_latency};
use clap_sys::host::clap_host;
use clap_sys::plugin::{clap_plugin, clap_plugin_descriptor};

use crate::audio::process;
use crate::extensions::extension;
use crate::params::{COUNT, SPECS};
use crate::{broken, notes};

/// Frames between a sound and its echo.
pub(crate) const ECHO: usize = 64;

pub(crate) struct Instance {
    raw: clap_plugin,
    pub(crate) host: *const clap_host,
    /// What the host reads.
    pub(crate) values: [AtomicU64; COUNT],
    /// What sounds.
    pub(crate) sounding: [AtomicU64; COUNT],
    /// What a state holds.
    pub(crate) saved: [AtomicU64; COUNT],
    pub(crate) is_active: AtomicBool,
    pub(crate) is_started: AtomicBool,
    pub(crate) is_mono: AtomicBool,
    pub(crate) n_saves: AtomicU32,
    pub(crate) n_blocks: AtomicU32,
    n_activations: AtomicU32,
    pub(crate) rate: f64,
    pub(crate) lines: [[f32; ECHO]; 2],
    pub(crate) at: usize,
    pub(crate) keys: notes::Keys,
    /// From now on the output is no number.
    pub(crate) is_mad: bool,
    pub(crate) thread: Option<ThreadId>,
}

/// Where a value came from.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Source {
    Flush,
    Block,
    State,
}

impl Instance {
    pub(crate) fn create(
        host: *const clap_host,
        desc: *const clap_plugin_descriptor,
    ) -> *const clap_plugin {
        let defaults = || SPECS.map(|spec| AtomicU64::new(spec.default.to_bits()));
        let instance = Box::leak(Box::new(Self {
            raw: table(desc),
            host,
            values: defaults(),
            sounding: defaults(),
            saved: defaults(),
            is_active: AtomicBool::new(false),
            is_started: AtomicBool::new(false),
            is_mono: AtomicBool::new(false),
            n_saves: AtomicU32::new(0),
            n_blocks: AtomicU32::new(0),
            n_activations: AtomicU32::new(0),
            rate: 48_000.0,
            lines: [[0.0; ECHO]; 2],
            at: 0,
            keys: notes::Keys::default(),
            is_mad: false,
            thread: None,
        }));
        if broken("starts-elsewhere") {
            instance.values[0].store(0.3_f64.to_bits(), Relaxed);
        }
        instance.raw.plugin_data = ptr::from_mut(instance).cast();
        &raw const instance.raw
    }

    pub(crate) fn value(&self, index: usize) -> f64 {
        f64::from_bits(self.values[index].load(Relaxed))
    }

    pub(crate) fn set(&self, index: usize, value: f64, from: Source) {
        let is_active = self.is_active.load(Relaxed);
        let spec = &SPECS[index];
        if !value.is_finite() && !broken("takes-nan") {
            return;
        }
        let value = value.clamp(spec.min, spec.max).to_bits();
        self.values[index].store(value, Relaxed);
        let is_unheard = broken("load-unheard") || is_active && broken("load-unheard-while-active");
        if from != Source::State || !is_unheard {
            self.sounding[index].store(value, Relaxed);
        }
        let is_unsaved = match from {
            Source::Flush => broken("flush-unsaved"),
            Source::Block => broken("block-unsaved"),
            Source::State => false,
        };
        if !is_unsaved {
            self.saved[index].store(value, Relaxed);
        }
    }

    pub(crate) fn host_extension<T>(&self, id: &CStr) -> *const T {
        let host = unsafe { &*self.host };
        unsafe { host.get_extension.unwrap()(self.host, id.as_ptr()) }.cast()
    }

    fn forget(&mut self) {
        self.lines = [[0.0; ECHO]; 2];
        self.at = 0;
        self.keys = notes::Keys::default();
        self.is_mad = false;
    }
}

/// The instance behind a call.
pub(crate) unsafe fn of<'i>(plugin: *const clap_plugin) -> &'i mut Instance {
    unsafe { &mut *(*plugin).plugin_data.cast::<Instance>() }
}

/// The same for what may be called while a block is processed.
pub(crate) unsafe fn shared<'i>(plugin: *const clap_plugin) -> &'i Instance {
    unsafe { &*(*plugin).plugin_data.cast::<Instance>() }
}

fn table(desc: *const clap_plugin_descriptor) -> clap_plugin {
    clap_plugin {
        desc,
        plugin_data: ptr::null_mut(),
        init: Some(init),
        destroy: Some(destroy),
        activate: Some(activate),
        deactivate: Some(deactivate),
        start_processing: Some(start),
        stop_processing: Some(stop),
        reset: Some(reset),
        process: Some(process),
        get_extension: Some(get_extension),
        on_main_thread: Some(on_main_thread),
    }
}

unsafe extern "C" fn init(_: *const clap_plugin) -> bool {
    true
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    drop(unsafe { Box::from_raw(of(plugin)) });
}

unsafe extern "C" fn activate(plugin: *const clap_plugin, rate: f64, _: u32, _: u32) -> bool {
    let this = unsafe { of(plugin) };
    if broken("needs-host") {
        let latency: *const clap_host_latency = this.host_extension(CLAP_EXT_LATENCY);
        unsafe { (*latency).changed.unwrap()(this.host) };
    }
    this.rate = rate;
    if !broken("activation-keeps-sound") {
        this.forget();
    }
    let n_before = this.n_activations.fetch_add(1, Relaxed);
    let is_active = n_before < 2 || !broken("third-activation");
    this.is_active.store(is_active, Relaxed);
    is_active
}

unsafe extern "C" fn deactivate(plugin: *const clap_plugin) {
    unsafe { shared(plugin) }.is_active.store(false, Relaxed);
}

unsafe extern "C" fn start(plugin: *const clap_plugin) -> bool {
    unsafe { shared(plugin) }.is_started.store(true, Relaxed);
    true
}

unsafe extern "C" fn stop(plugin: *const clap_plugin) {
    unsafe { shared(plugin) }.is_started.store(false, Relaxed);
}

unsafe extern "C" fn reset(plugin: *const clap_plugin) {
    if !broken("reset-keeps-sound") {
        unsafe { of(plugin) }.forget();
    }
}

unsafe extern "C" fn get_extension(_: *const clap_plugin, id: *const c_char) -> *const c_void {
    extension(unsafe { CStr::from_ptr(id) })
}

unsafe extern "C" fn on_main_thread(_: *const clap_plugin) {}
