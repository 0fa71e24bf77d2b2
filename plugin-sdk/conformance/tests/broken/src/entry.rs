//! The entry, the factory and the descriptor.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use clap_sys::entry::clap_plugin_entry;
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::{clap_plugin, clap_plugin_descriptor};
use clap_sys::version::CLAP_VERSION;

use crate::broken;
use crate::instance::Instance;

#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};

static INITS: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn init(_path: *const c_char) -> bool {
    INITS.fetch_add(1, Ordering::Relaxed) == 0 || !broken("init-once")
}

unsafe extern "C" fn deinit() {}

unsafe extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    let id = unsafe { CStr::from_ptr(id) };
    let presets = broken("preset-factory") && id == c"clap.preset-discovery-factory/2";
    if id == CLAP_PLUGIN_FACTORY_ID || presets || broken("any-factory") {
        ptr::from_ref(&FACTORY).cast()
    } else {
        ptr::null()
    }
}

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(count),
    get_plugin_descriptor: Some(descriptor),
    create_plugin: Some(create),
};

unsafe extern "C" fn count(_: *const clap_plugin_factory) -> u32 {
    if broken("factory-count") { 2 } else { 1 }
}

unsafe extern "C" fn descriptor(
    _: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    if index == 0 { describe(false) } else { ptr::null() }
}

const ID: &CStr = c"org.retake.broken";

unsafe extern "C" fn create(
    _: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    let id = unsafe { CStr::from_ptr(id) };
    let is_alike = broken("prefix-id") && id.to_bytes().starts_with(ID.to_bytes());
    if id == ID || is_alike { Instance::create(host, describe(true)) } else { ptr::null() }
}

struct Features<const N: usize>([*const c_char; N]);
unsafe impl<const N: usize> Sync for Features<N> {}

static FEATURES: Features<4> =
    Features([c"audio-effect".as_ptr(), c"stereo".as_ptr(), c"delay".as_ptr(), ptr::null()]);
static NO_CATEGORY: Features<2> = Features([c"stereo".as_ptr(), ptr::null()]);
static DUPLICATE: Features<4> =
    Features([c"audio-effect".as_ptr(), c"stereo".as_ptr(), c"stereo".as_ptr(), ptr::null()]);

/// A descriptor that lives as long as the library.
fn describe(is_of_instance: bool) -> *const clap_plugin_descriptor {
    let features = if broken("no-category") {
        NO_CATEGORY.0.as_ptr()
    } else if broken("duplicate-feature") {
        DUPLICATE.0.as_ptr()
    } else {
        FEATURES.0.as_ptr()
    };
    let is_other = is_of_instance && broken("other-descriptor");
    let descriptor = clap_plugin_descriptor {
        clap_version: CLAP_VERSION,
        id: ID.as_ptr(),
        name: if is_other { c"Other" } else { c"Broken" }.as_ptr(),
        vendor: c"Retake".as_ptr(),
        url: ptr::null(),
        manual_url: ptr::null(),
        support_url: ptr::null(),
        version: if broken("no-version") { c"" } else { c"0.1.0" }.as_ptr(),
        description: ptr::null(),
        features,
    };
    Box::leak(Box::new(descriptor))
}
