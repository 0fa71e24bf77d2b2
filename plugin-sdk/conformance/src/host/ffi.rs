//! The host's functions that a plugin calls.

#![allow(unsafe_code, reason = "CLAP is a C interface")]

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use clap_sys::ext::audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_host_audio_ports};
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_host_latency};
use clap_sys::ext::log::{CLAP_EXT_LOG, clap_host_log};
use clap_sys::ext::note_ports::{CLAP_EXT_NOTE_PORTS, clap_host_note_ports};
use clap_sys::ext::params::{
    CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_ALL, CLAP_PARAM_RESCAN_VALUES, clap_host_params,
};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_host_tail};
use clap_sys::ext::thread_check::{CLAP_EXT_THREAD_CHECK, clap_host_thread_check};
use clap_sys::host::clap_host;

use super::{Role, role, wrong};
use crate::library::VERSION;

/// One plugin's host. It must not move while the plugin lives.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Host {
    /// First, so that its address is the host's.
    raw: clap_host,
    /// Without extensions, every question for one is answered with null.
    has_extensions: bool,
    /// Between `activate` and `deactivate`, from the inside of `activate` on.
    pub(crate) is_active: AtomicBool,
    /// Inside of `activate`.
    pub(crate) is_activating: AtomicBool,
    pub(crate) value_rescans: AtomicU32,
    pub(crate) tail_changes: AtomicU32,
}

impl Host {
    pub(crate) fn new(has_extensions: bool) -> Self {
        let raw = clap_host {
            clap_version: VERSION,
            host_data: ptr::null_mut(),
            name: c"Retake conformance".as_ptr(),
            vendor: c"Retake".as_ptr(),
            url: c"".as_ptr(),
            version: c"1".as_ptr(),
            get_extension: Some(get_extension),
            request_restart: Some(on_any_thread),
            request_process: Some(on_any_thread),
            request_callback: Some(on_any_thread),
        };
        Self {
            raw,
            has_extensions,
            is_active: AtomicBool::new(false),
            is_activating: AtomicBool::new(false),
            value_rescans: AtomicU32::new(0),
            tail_changes: AtomicU32::new(0),
        }
    }

    pub(crate) fn raw(&self) -> *const clap_host {
        ptr::from_ref(self).cast()
    }
}

/// The host behind a call.
///
/// # Safety
///
/// The pointer is one of [`Host::raw`]'s.
unsafe fn host_of<'h>(host: *const clap_host) -> &'h Host {
    // SAFETY: the caller passes the host that it was given, which begins with its table.
    unsafe { &*host.cast::<Host>() }
}

fn expect(expected: Role, call: &str) {
    let found = role();
    if found != expected {
        wrong(format!("{call} was called from thread {found:?}, it belongs to {expected:?}"));
    }
}

unsafe extern "C" fn on_any_thread(_host: *const clap_host) {}

unsafe extern "C" fn get_extension(host: *const clap_host, id: *const c_char) -> *const c_void {
    // SAFETY: the plugin passes the host that it was given.
    if !unsafe { host_of(host) }.has_extensions {
        return ptr::null();
    }
    // SAFETY: CLAP's identifiers end with NUL.
    table(unsafe { CStr::from_ptr(id) })
}

fn table(id: &CStr) -> *const c_void {
    if id == CLAP_EXT_LOG {
        ptr::from_ref(&LOG).cast()
    } else if id == CLAP_EXT_THREAD_CHECK {
        ptr::from_ref(&THREAD_CHECK).cast()
    } else if id == CLAP_EXT_PARAMS {
        ptr::from_ref(&PARAMS).cast()
    } else if id == CLAP_EXT_STATE {
        ptr::from_ref(&STATE).cast()
    } else if id == CLAP_EXT_LATENCY {
        ptr::from_ref(&LATENCY).cast()
    } else if id == CLAP_EXT_TAIL {
        ptr::from_ref(&TAIL).cast()
    } else if id == CLAP_EXT_AUDIO_PORTS {
        ptr::from_ref(&AUDIO_PORTS).cast()
    } else if id == CLAP_EXT_NOTE_PORTS {
        ptr::from_ref(&NOTE_PORTS).cast()
    } else {
        ptr::null()
    }
}

static LOG: clap_host_log = clap_host_log { log: Some(log) };
static THREAD_CHECK: clap_host_thread_check = clap_host_thread_check {
    is_main_thread: Some(is_main_thread),
    is_audio_thread: Some(is_audio_thread),
};
static PARAMS: clap_host_params = clap_host_params {
    rescan: Some(params_rescan),
    clear: Some(params_clear),
    request_flush: Some(params_request_flush),
};
static STATE: clap_host_state = clap_host_state { mark_dirty: Some(state_mark_dirty) };
static LATENCY: clap_host_latency = clap_host_latency { changed: Some(latency_changed) };
static TAIL: clap_host_tail = clap_host_tail { changed: Some(tail_changed) };
static AUDIO_PORTS: clap_host_audio_ports = clap_host_audio_ports {
    is_rescan_flag_supported: Some(audio_ports_supported),
    rescan: Some(audio_ports_rescan),
};
static NOTE_PORTS: clap_host_note_ports = clap_host_note_ports {
    supported_dialects: Some(note_ports_dialects),
    rescan: Some(note_ports_rescan),
};

unsafe extern "C" fn log(_host: *const clap_host, _severity: i32, _text: *const c_char) {}

unsafe extern "C" fn is_main_thread(_host: *const clap_host) -> bool {
    role() == Role::Main
}

unsafe extern "C" fn is_audio_thread(_host: *const clap_host) -> bool {
    role() == Role::Audio
}

unsafe extern "C" fn params_rescan(host: *const clap_host, flags: u32) {
    expect(Role::Main, "params.rescan");
    if flags & (CLAP_PARAM_RESCAN_VALUES | CLAP_PARAM_RESCAN_ALL) != 0 {
        // SAFETY: the plugin passes the host that it was given.
        unsafe { host_of(host) }.value_rescans.fetch_add(1, Ordering::Relaxed);
    }
}

unsafe extern "C" fn params_clear(_host: *const clap_host, _id: u32, _flags: u32) {
    expect(Role::Main, "params.clear");
}

unsafe extern "C" fn params_request_flush(_host: *const clap_host) {
    if role() == Role::Audio {
        wrong("params.request_flush was called from the audio thread".to_owned());
    }
}

unsafe extern "C" fn state_mark_dirty(_host: *const clap_host) {
    expect(Role::Main, "state.mark_dirty");
}

unsafe extern "C" fn latency_changed(host: *const clap_host) {
    expect(Role::Main, "latency.changed");
    // SAFETY: the plugin passes the host that it was given.
    let host = unsafe { host_of(host) };
    let is_active = host.is_active.load(Ordering::Relaxed);
    if is_active && !host.is_activating.load(Ordering::Relaxed) {
        wrong("latency.changed was called while the plugin was active".to_owned());
    }
}

unsafe extern "C" fn tail_changed(host: *const clap_host) {
    expect(Role::Audio, "tail.changed");
    // SAFETY: the plugin passes the host that it was given.
    unsafe { host_of(host) }.tail_changes.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn audio_ports_supported(_host: *const clap_host, _flag: u32) -> bool {
    expect(Role::Main, "audio_ports.is_rescan_flag_supported");
    true
}

unsafe extern "C" fn audio_ports_rescan(_host: *const clap_host, _flags: u32) {
    expect(Role::Main, "audio_ports.rescan");
}

unsafe extern "C" fn note_ports_dialects(_host: *const clap_host) -> u32 {
    expect(Role::Main, "note_ports.supported_dialects");
    0b1111
}

unsafe extern "C" fn note_ports_rescan(_host: *const clap_host, _flags: u32) {
    expect(Role::Main, "note_ports.rescan");
}
