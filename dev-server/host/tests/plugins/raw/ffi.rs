//! A plugin in plain C terms that breaks CLAP's rules as the name of its file says.
//!
//! What a Rust wrapper would never let through: null functions, lies about counts, writes outside
//! the buffers, events that are none. One instance per copy of the library, so its state is global.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_ptr_alignment,
    clippy::cast_sign_loss,
    reason = "a plugin that is wrong on purpose, for tests alone"
)]

#[path = "blocks/ffi.rs"]
mod blocks;
#[path = "misdeeds/ffi.rs"]
mod misdeeds;
#[path = "tables/ffi.rs"]
mod tables;

use std::{
    ffi::{CStr, c_char, c_void},
    path::Path,
    ptr::{null, null_mut},
    sync::{
        OnceLock,
        atomic::{AtomicPtr, AtomicU32, Ordering},
    },
};

use clap_sys::{
    entry::clap_plugin_entry,
    ext::{
        log::{CLAP_EXT_LOG, CLAP_LOG_INFO, clap_host_log},
        timer_support::{CLAP_EXT_TIMER_SUPPORT, clap_host_timer_support},
    },
    factory::plugin_factory::clap_plugin_factory,
    host::clap_host,
    plugin::{clap_plugin, clap_plugin_descriptor},
    version::CLAP_VERSION,
};

static KIND: OnceLock<String> = OnceLock::new();
static HOST: AtomicPtr<clap_host> = AtomicPtr::new(null_mut());
/// Blocks processed, and whatever else a kind counts.
static N_BLOCKS: AtomicU32 = AtomicU32::new(0);

fn is(kind: &str) -> bool {
    KIND.get().is_some_and(|k| k == kind)
}

/// The host, and one of its extensions.
fn host<T>(id: &CStr) -> (*const clap_host, Option<&'static T>) {
    let host = HOST.load(Ordering::Relaxed).cast_const();
    let extension = unsafe { (*host).get_extension.unwrap()(host, id.as_ptr()) };
    (host, unsafe { extension.cast::<T>().as_ref() })
}

fn log(message: &CStr) {
    let (host, log) = host::<clap_host_log>(CLAP_EXT_LOG);
    unsafe { log.unwrap().log.unwrap()(host, CLAP_LOG_INFO, message.as_ptr()) };
}

/// Nothing, no text, no severity, no end.
fn log_badly(severity: i32) {
    let (host, log) = host::<clap_host_log>(CLAP_EXT_LOG);
    let log = log.unwrap().log.unwrap();
    unsafe { log(host, severity, null()) };
    unsafe { log(host, severity, c"bad \xff byte".as_ptr()) };
    unsafe { log(host, 77, c"no such severity".as_ptr()) };
    let endless = std::ffi::CString::new(vec![b'e'; 100_000]).unwrap();
    unsafe { log(host, severity, endless.as_ptr()) };
}

unsafe extern "C" fn enter(path: *const c_char) -> bool {
    let path = unsafe { CStr::from_ptr(path) }.to_string_lossy().into_owned();
    let stem = Path::new(&path).file_stem().unwrap().to_string_lossy();
    // The host names its copies `0000-NAME.so`.
    let is_first =
        KIND.set(stem.split_once('-').map_or(&*stem, |(_, name)| name).to_owned()).is_ok();
    misdeeds::at("enter");
    is_first
}

unsafe extern "C" fn leave() {
    misdeeds::at("leave");
}

/// A structure of pointers that never change.
struct Fixed<T>(T);
unsafe impl<T> Sync for Fixed<T> {}

static FACTORY: Fixed<clap_plugin_factory> = Fixed(clap_plugin_factory {
    get_plugin_count: Some(count),
    get_plugin_descriptor: Some(descriptor),
    create_plugin: Some(create),
});

static DESCRIPTOR: Fixed<clap_plugin_descriptor> = Fixed(clap_plugin_descriptor {
    clap_version: CLAP_VERSION,
    id: c"test.raw".as_ptr(),
    name: c"Raw \xff name".as_ptr(),
    vendor: null(),
    url: null(),
    manual_url: null(),
    support_url: null(),
    version: null(),
    description: null(),
    features: null(),
});

unsafe extern "C" fn factory(_: *const c_char) -> *const c_void {
    (&raw const FACTORY.0).cast()
}

unsafe extern "C" fn count(_: *const clap_plugin_factory) -> u32 {
    if is("many_plugins") { u32::MAX } else { 1 }
}

unsafe extern "C" fn descriptor(
    _: *const clap_plugin_factory,
    _: u32,
) -> *const clap_plugin_descriptor {
    &raw const DESCRIPTOR.0
}

unsafe extern "C" fn create(
    _: *const clap_plugin_factory,
    host: *const clap_host,
    _: *const c_char,
) -> *const clap_plugin {
    HOST.store(host.cast_mut(), Ordering::Relaxed);
    misdeeds::at("create");
    Box::into_raw(Box::new(clap_plugin {
        desc: &raw const DESCRIPTOR.0,
        plugin_data: null_mut(),
        init: Some(init),
        destroy: Some(destroy),
        activate: if is("null_activate") { None } else { Some(activate) },
        deactivate: Some(deactivate),
        start_processing: Some(start),
        stop_processing: Some(stop),
        reset: Some(nothing),
        process: if is("null_process") { None } else { Some(blocks::process) },
        get_extension: if is("null_get_extension") { None } else { Some(tables::get) },
        on_main_thread: Some(on_main_thread),
    }))
}

unsafe extern "C" fn init(_: *const clap_plugin) -> bool {
    misdeeds::at("init");
    if is("timer") {
        let (host, timers) = host::<clap_host_timer_support>(CLAP_EXT_TIMER_SUPPORT);
        let mut id = 0;
        return unsafe { timers.unwrap().register_timer.unwrap()(host, 1, &raw mut id) };
    }
    true
}

unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
    misdeeds::at("destroy");
    drop(unsafe { Box::from_raw(plugin.cast_mut()) });
}

unsafe extern "C" fn activate(_: *const clap_plugin, _: f64, _: u32, _: u32) -> bool {
    misdeeds::at("activate");
    true
}

unsafe extern "C" fn deactivate(_: *const clap_plugin) {
    misdeeds::at("deactivate");
}

unsafe extern "C" fn start(_: *const clap_plugin) -> bool {
    misdeeds::at("start");
    true
}

unsafe extern "C" fn stop(_: *const clap_plugin) {
    misdeeds::at("stop");
}

unsafe extern "C" fn nothing(_: *const clap_plugin) {}

unsafe extern "C" fn on_main_thread(_: *const clap_plugin) {
    misdeeds::at("callback");
    log(c"on main thread");
    if is("logs_badly") {
        log_badly(1);
    }
    tables::announce();
}

/// The way in.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "CLAP's name")]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(enter),
    deinit: Some(leave),
    get_factory: Some(factory),
};
