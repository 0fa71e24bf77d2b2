//! Ports, layouts, latency, tail.

use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

use clap_sys::ext::audio_ports::{
    CLAP_AUDIO_PORT_IS_MAIN, CLAP_EXT_AUDIO_PORTS, CLAP_PORT_MONO, CLAP_PORT_STEREO,
    clap_audio_port_info, clap_plugin_audio_ports,
};
use clap_sys::ext::audio_ports_config::{
    CLAP_EXT_AUDIO_PORTS_CONFIG, clap_audio_ports_config, clap_plugin_audio_ports_config,
};
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_plugin_latency};
use clap_sys::ext::note_ports::{
    CLAP_EXT_NOTE_PORTS, CLAP_NOTE_DIALECT_CLAP, CLAP_NOTE_DIALECT_MIDI, CLAP_NOTE_DIALECT_MIDI2,
    clap_note_port_info, clap_plugin_note_ports,
};
use clap_sys::ext::params::CLAP_EXT_PARAMS;
use clap_sys::ext::state::CLAP_EXT_STATE;
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::plugin::clap_plugin;

use crate::instance::{ECHO, shared};
use crate::{broken, params, put, state};

pub(crate) fn extension(id: &CStr) -> *const c_void {
    if id == CLAP_EXT_PARAMS {
        ptr::from_ref(&params::TABLE).cast()
    } else if id == CLAP_EXT_STATE {
        ptr::from_ref(&state::TABLE).cast()
    } else if id == CLAP_EXT_AUDIO_PORTS {
        ptr::from_ref(&AUDIO_PORTS).cast()
    } else if id == CLAP_EXT_NOTE_PORTS {
        ptr::from_ref(&NOTE_PORTS).cast()
    } else if id == CLAP_EXT_AUDIO_PORTS_CONFIG {
        ptr::from_ref(&CONFIGS).cast()
    } else if id == CLAP_EXT_LATENCY {
        ptr::from_ref(&LATENCY).cast()
    } else if id == CLAP_EXT_TAIL || broken("any-extension") {
        ptr::from_ref(&TAIL).cast()
    } else {
        ptr::null()
    }
}

static AUDIO_PORTS: clap_plugin_audio_ports =
    clap_plugin_audio_ports { count: Some(audio_count), get: Some(audio_get) };
static NOTE_PORTS: clap_plugin_note_ports =
    clap_plugin_note_ports { count: Some(note_count), get: Some(note_get) };
static CONFIGS: clap_plugin_audio_ports_config = clap_plugin_audio_ports_config {
    count: Some(config_count),
    get: Some(config_get),
    select: Some(config_select),
};
static LATENCY: clap_plugin_latency = clap_plugin_latency { get: Some(latency) };
static TAIL: clap_plugin_tail = clap_plugin_tail { get: Some(tail) };

unsafe extern "C" fn audio_count(_: *const clap_plugin, _: bool) -> u32 {
    1
}

unsafe extern "C" fn audio_get(
    plugin: *const clap_plugin,
    index: u32,
    _: bool,
    info: *mut clap_audio_port_info,
) -> bool {
    if index != 0 {
        return false;
    }
    let info = unsafe { &mut *info };
    let is_mono = unsafe { shared(plugin) }.is_mono.load(Relaxed);
    put(&mut info.name, "Main");
    info.id = 0;
    info.flags = CLAP_AUDIO_PORT_IS_MAIN;
    info.channel_count = if is_mono { 1 } else { 2 };
    info.port_type = if is_mono { CLAP_PORT_MONO } else { CLAP_PORT_STEREO }.as_ptr();
    info.in_place_pair = if broken("pair-unknown") { 5 } else { 0 };
    true
}

unsafe extern "C" fn note_count(_: *const clap_plugin, is_input: bool) -> u32 {
    u32::from(is_input)
}

unsafe extern "C" fn note_get(
    _: *const clap_plugin,
    index: u32,
    is_input: bool,
    info: *mut clap_note_port_info,
) -> bool {
    if index != 0 || !is_input {
        return false;
    }
    let info = unsafe { &mut *info };
    put(&mut info.name, "Keys");
    info.id = 3;
    info.supported_dialects = CLAP_NOTE_DIALECT_CLAP | CLAP_NOTE_DIALECT_MIDI;
    info.preferred_dialect = CLAP_NOTE_DIALECT_CLAP;
    if broken("prefers-the-unsupported") {
        info.preferred_dialect = CLAP_NOTE_DIALECT_MIDI2;
    }
    true
}

unsafe extern "C" fn config_count(_: *const clap_plugin) -> u32 {
    2
}

unsafe extern "C" fn config_get(
    _: *const clap_plugin,
    index: u32,
    config: *mut clap_audio_ports_config,
) -> bool {
    if index > 1 {
        return false;
    }
    let config = unsafe { &mut *config };
    let (name, kind) =
        if index == 0 { ("Stereo", CLAP_PORT_STEREO) } else { ("Mono", CLAP_PORT_MONO) };
    put(&mut config.name, name);
    config.id = index;
    (config.input_port_count, config.output_port_count) = (1, 1);
    (config.has_main_input, config.has_main_output) = (true, true);
    config.main_input_channel_count = if broken("layout-lies") { 2 } else { 2 - index };
    config.main_output_channel_count = 2 - index;
    config.main_input_port_type = kind.as_ptr();
    config.main_output_port_type = kind.as_ptr();
    true
}

unsafe extern "C" fn config_select(plugin: *const clap_plugin, id: u32) -> bool {
    unsafe { shared(plugin) }.is_mono.store(id == 1, Relaxed);
    id < 2
}

unsafe extern "C" fn latency(plugin: *const clap_plugin) -> u32 {
    let n_blocks = unsafe { shared(plugin) }.n_blocks.load(Relaxed);
    if broken("latency-moves") { n_blocks } else { 0 }
}

unsafe extern "C" fn tail(plugin: *const clap_plugin) -> u32 {
    let n_blocks = unsafe { shared(plugin) }.n_blocks.load(Relaxed);
    ECHO as u32 + if broken("tail-moves") { n_blocks } else { 0 }
}
