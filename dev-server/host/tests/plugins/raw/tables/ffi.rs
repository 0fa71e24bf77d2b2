//! The extensions, each true or false as the kind has it.

use std::{
    ffi::{CStr, c_char, c_void},
    ptr::null,
    sync::atomic::Ordering,
};

use clap_sys::{
    events::{clap_input_events, clap_output_events},
    ext::audio_ports::CLAP_EXT_AUDIO_PORTS,
    ext::{
        audio_ports::{
            CLAP_AUDIO_PORT_IS_MAIN, CLAP_AUDIO_PORT_PREFERS_64BITS,
            CLAP_AUDIO_PORT_SUPPORTS_64BITS, CLAP_AUDIO_PORTS_RESCAN_LIST,
            CLAP_AUDIO_PORTS_RESCAN_NAMES, clap_audio_port_info, clap_host_audio_ports,
            clap_plugin_audio_ports,
        },
        audio_ports_config::{clap_audio_ports_config, clap_plugin_audio_ports_config},
        configurable_audio_ports::{
            clap_audio_port_configuration_request, clap_plugin_configurable_audio_ports,
        },
        latency::{CLAP_EXT_LATENCY, clap_host_latency},
        note_ports::{
            CLAP_EXT_NOTE_PORTS, CLAP_NOTE_DIALECT_CLAP, CLAP_NOTE_DIALECT_MIDI,
            CLAP_NOTE_DIALECT_MIDI_MPE, CLAP_NOTE_PORTS_RESCAN_ALL, clap_host_note_ports,
            clap_note_port_info, clap_plugin_note_ports,
        },
        params::{CLAP_PARAM_IS_ENUM, CLAP_PARAM_IS_STEPPED, clap_param_info, clap_plugin_params},
        state::{CLAP_EXT_STATE, clap_host_state, clap_plugin_state},
        tail::clap_plugin_tail,
        timer_support::clap_plugin_timer_support,
    },
    id::CLAP_INVALID_ID,
    plugin::clap_plugin,
    stream::{clap_istream, clap_ostream},
};

use crate::{
    Fixed, N_BLOCKS, host, is, log,
    misdeeds::{self, is_about},
};

/// Channels of the main ports that a configuration has chosen; 0 = none.
static CHOSEN: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

static PARAMS: Fixed<clap_plugin_params> = Fixed(clap_plugin_params {
    count: Some(param_count),
    get_info: Some(param_info),
    get_value: Some(param_value),
    value_to_text: Some(value_to_text),
    text_to_value: Some(text_to_value),
    flush: Some(flush),
});
static NULL_PARAMS: Fixed<clap_plugin_params> = Fixed(clap_plugin_params {
    count: Some(param_count),
    get_info: None,
    get_value: None,
    value_to_text: Some(value_to_text),
    text_to_value: Some(text_to_value),
    flush: Some(flush),
});
static PORTS: Fixed<clap_plugin_audio_ports> =
    Fixed(clap_plugin_audio_ports { count: Some(port_count), get: Some(port_info) });
static CONFIGS: Fixed<clap_plugin_audio_ports_config> = Fixed(clap_plugin_audio_ports_config {
    count: Some(config_count),
    get: Some(config_info),
    select: Some(select),
});
static CONFIGURABLE: Fixed<clap_plugin_configurable_audio_ports> =
    Fixed(clap_plugin_configurable_audio_ports {
        can_apply_configuration: Some(can_apply),
        apply_configuration: Some(apply),
    });
static NOTES: Fixed<clap_plugin_note_ports> =
    Fixed(clap_plugin_note_ports { count: Some(note_port_count), get: Some(note_port_info) });
static TIMER: Fixed<clap_plugin_timer_support> =
    Fixed(clap_plugin_timer_support { on_timer: Some(on_timer) });
static STATE: Fixed<clap_plugin_state> =
    Fixed(clap_plugin_state { save: Some(save), load: Some(load) });
static TAIL: Fixed<clap_plugin_tail> = Fixed(clap_plugin_tail { get: Some(tail) });

/// `retake.param-hints/1`, as a plugin declares it.
#[repr(C)]
struct Hints {
    key: [u8; 256],
    unit: [u8; 32],
    step: f64,
    taper: u32,
    skew: f64,
    smoothing: u32,
    smoothing_ms: f64,
    n_choices: u32,
}

type Choice = unsafe extern "C" fn(*const clap_plugin, u32, u32, *mut u8, u32) -> bool;

#[repr(C)]
struct HintsTable {
    get: unsafe extern "C" fn(*const clap_plugin, u32, *mut Hints) -> bool,
    choice: Choice,
}
static HINTS: HintsTable = HintsTable { get: hints, choice };

/// The plugin's side of `retake.probe/1`.
#[repr(C)]
struct Meter {
    key: [u8; 64],
    name: [u8; 128],
    unit: [u8; 32],
    min: f64,
    max: f64,
}

#[repr(C)]
struct MetersTable {
    count: unsafe extern "C" fn(*const clap_plugin) -> u32,
    get: unsafe extern "C" fn(*const clap_plugin, u32, *mut Meter) -> bool,
}
static METERS: MetersTable = MetersTable { count: meter_count, get: meter };

pub(super) unsafe extern "C" fn get(_: *const clap_plugin, id: *const c_char) -> *const c_void {
    if is("null_extensions") {
        return null();
    }
    match unsafe { CStr::from_ptr(id) }.to_str().unwrap() {
        "clap.params" if is("null_get_info") => (&raw const NULL_PARAMS.0).cast(),
        "clap.params" => (&raw const PARAMS.0).cast(),
        "clap.audio-ports" => (&raw const PORTS.0).cast(),
        "clap.audio-ports-config" if is("configs") => (&raw const CONFIGS.0).cast(),
        "clap.configurable-audio-ports/1" | "clap.configurable-audio-ports"
            if is("configurable") || is("only_even") =>
        {
            (&raw const CONFIGURABLE.0).cast()
        }
        "clap.note-ports" if is("notes_clap") || is("notes_midi") || is("notes_mpe") => {
            (&raw const NOTES.0).cast()
        }
        "clap.timer-support" if is("timer") => (&raw const TIMER.0).cast(),
        "clap.state" if is("endless_state") || is_about("save") || is_about("load") => {
            (&raw const STATE.0).cast()
        }
        "clap.tail" if is("tail") => (&raw const TAIL.0).cast(),
        "retake.param-hints/1" if is("hints") => (&raw const HINTS).cast(),
        "retake.probe/1" if is("probes") => (&raw const METERS).cast(),
        _ => null(),
    }
}

/// What the plugin tells the host on its main thread.
pub(super) fn announce() {
    if is("renames_ports") || is("changes_ports") {
        let (host, ports) = host::<clap_host_audio_ports>(CLAP_EXT_AUDIO_PORTS);
        let names = is("renames_ports");
        let flags =
            if names { CLAP_AUDIO_PORTS_RESCAN_NAMES } else { CLAP_AUDIO_PORTS_RESCAN_LIST };
        unsafe { ports.unwrap().rescan.unwrap()(host, flags) };
    }
    if is("changes_note_ports") {
        let (host, ports) = host::<clap_host_note_ports>(CLAP_EXT_NOTE_PORTS);
        let dialects = unsafe { ports.unwrap().supported_dialects.unwrap()(host) };
        assert_eq!(dialects, CLAP_NOTE_DIALECT_CLAP | CLAP_NOTE_DIALECT_MIDI);
        unsafe { ports.unwrap().rescan.unwrap()(host, CLAP_NOTE_PORTS_RESCAN_ALL) };
    }
    if is("dirty") {
        let (host, state) = host::<clap_host_state>(CLAP_EXT_STATE);
        unsafe { state.unwrap().mark_dirty.unwrap()(host) };
        let (host, latency) = self::host::<clap_host_latency>(CLAP_EXT_LATENCY);
        unsafe { latency.unwrap().changed.unwrap()(host) };
    }
}

unsafe extern "C" fn param_count(_: *const clap_plugin) -> u32 {
    match () {
        () if is("count_lies") => u32::MAX,
        () if is("changes_params") && N_BLOCKS.load(Ordering::Relaxed) > 0 => 3,
        () => 2,
    }
}

unsafe extern "C" fn param_info(_: *const clap_plugin, n: u32, to: *mut clap_param_info) -> bool {
    let to = unsafe { &mut *to };
    let names: [&[u8]; 3] = [b"Gain", b"Mode", b"Third"];
    let Some(name) = names.get(n as usize) else {
        return false;
    };
    *to = clap_param_info { id: n + 1, max_value: 2.0, ..unsafe { std::mem::zeroed() } };
    write(&mut to.name, name);
    to.default_value = 1.0;
    if n == 1 {
        to.flags = CLAP_PARAM_IS_STEPPED | CLAP_PARAM_IS_ENUM;
        return true;
    }
    if n == 0 {
        match () {
            () if is("ids_twice") => to.id = 2,
            () if is("invalid_id") => to.id = CLAP_INVALID_ID,
            () if is("min_above_max") => (to.min_value, to.max_value) = (2.0, 0.0),
            () if is("nan_default") => to.default_value = f64::NAN,
            () if is("endless_range") => to.max_value = f64::INFINITY,
            () if is("huge_names") => {
                to.name = [b'x' as c_char; 256];
                to.module = [b'y' as c_char; 1024];
            }
            () if is("bad_utf8") => write(&mut to.name, b"G\xe4in\x07"),
            () => {}
        }
    }
    true
}

fn write(to: &mut [c_char], name: &[u8]) {
    for (to, byte) in to.iter_mut().zip(name) {
        *to = *byte as c_char;
    }
}

fn write_bytes(to: &mut [u8], name: &[u8]) {
    to[..name.len()].copy_from_slice(name);
}

unsafe extern "C" fn param_value(_: *const clap_plugin, _: u32, to: *mut f64) -> bool {
    unsafe { *to = if is("nan_value") { f64::NAN } else { 1.0 } };
    true
}

unsafe extern "C" fn value_to_text(
    _: *const clap_plugin,
    _: u32,
    value: f64,
    to: *mut c_char,
    size: u32,
) -> bool {
    let to = unsafe { std::slice::from_raw_parts_mut(to, size as usize) };
    // Without a NUL at the end.
    write(
        to,
        if is("huge_names") { &[0xff; 128] } else { [b"low", b"mid", b"top"][value as usize] },
    );
    true
}

unsafe extern "C" fn text_to_value(
    _: *const clap_plugin,
    _: u32,
    _: *const c_char,
    to: *mut f64,
) -> bool {
    unsafe { *to = f64::NAN };
    true
}

unsafe extern "C" fn flush(
    _: *const clap_plugin,
    _: *const clap_input_events,
    _: *const clap_output_events,
) {
}

unsafe extern "C" fn port_count(_: *const clap_plugin, _: bool) -> u32 {
    match () {
        () if is("many_ports") => 1_000,
        () if is("vanishing") || is("side") => 2,
        () => 1,
    }
}

unsafe extern "C" fn port_info(
    _: *const clap_plugin,
    n: u32,
    is_input: bool,
    to: *mut clap_audio_port_info,
) -> bool {
    let to = unsafe { &mut *to };
    *to = unsafe { std::mem::zeroed() };
    to.id = n;
    to.flags = if n == 0 { CLAP_AUDIO_PORT_IS_MAIN } else { 0 };
    if is("f64_errs") || is("f64_ignores") || is("f64_too") {
        to.flags |= CLAP_AUDIO_PORT_SUPPORTS_64BITS | CLAP_AUDIO_PORT_PREFERS_64BITS;
    }
    let renamed = is("renames_ports") && N_BLOCKS.load(Ordering::Relaxed) > 0;
    write(
        &mut to.name,
        if n > 0 {
            b"Side"
        } else if renamed {
            b"Renamed"
        } else {
            b"Main"
        },
    );
    to.channel_count = match CHOSEN.load(Ordering::Relaxed) {
        0 if is("no_channels") => 0,
        0 if is("wide") => 64,
        0 if is("configs") || is("configurable") || is("only_even") => 1,
        0 if n == 1 && is_input => 3,
        0 => 2,
        chosen => chosen,
    };
    !(is("vanishing") && n == 1)
}

unsafe extern "C" fn config_count(_: *const clap_plugin) -> u32 {
    3
}

unsafe extern "C" fn config_info(
    _: *const clap_plugin,
    n: u32,
    to: *mut clap_audio_ports_config,
) -> bool {
    let channels = [1, 2, 6][n as usize];
    let to = unsafe { &mut *to };
    *to = unsafe { std::mem::zeroed() };
    to.id = channels;
    write(&mut to.name, [&b"Mono"[..], b"Stereo", b"Surround"][n as usize]);
    (to.input_port_count, to.output_port_count) = (1, 1);
    (to.has_main_input, to.main_input_channel_count) = (true, channels);
    (to.has_main_output, to.main_output_channel_count) = (true, channels);
    true
}

unsafe extern "C" fn select(_: *const clap_plugin, id: u32) -> bool {
    CHOSEN.store(id, Ordering::Relaxed);
    true
}

unsafe extern "C" fn can_apply(
    _: *const clap_plugin,
    wishes: *const clap_audio_port_configuration_request,
    n: u32,
) -> bool {
    let wishes = unsafe { std::slice::from_raw_parts(wishes, n as usize) };
    wishes.iter().all(|wish| wish.channel_count == wishes[0].channel_count) || is("configurable")
}

unsafe extern "C" fn apply(
    plugin: *const clap_plugin,
    wishes: *const clap_audio_port_configuration_request,
    n: u32,
) -> bool {
    let is_fine = unsafe { can_apply(plugin, wishes, n) };
    CHOSEN.store(unsafe { (*wishes).channel_count }, Ordering::Relaxed);
    is_fine
}

unsafe extern "C" fn note_port_count(_: *const clap_plugin, is_input: bool) -> u32 {
    is_input.into()
}

unsafe extern "C" fn note_port_info(
    _: *const clap_plugin,
    _: u32,
    _: bool,
    to: *mut clap_note_port_info,
) -> bool {
    let to = unsafe { &mut *to };
    *to = unsafe { std::mem::zeroed() };
    to.supported_dialects = match () {
        () if is("notes_clap") => CLAP_NOTE_DIALECT_MIDI | CLAP_NOTE_DIALECT_CLAP,
        () if is("notes_mpe") => CLAP_NOTE_DIALECT_MIDI_MPE,
        () => CLAP_NOTE_DIALECT_MIDI,
    };
    true
}

/// Writes until it is stopped, or four bytes.
unsafe extern "C" fn save(_: *const clap_plugin, to: *const clap_ostream) -> bool {
    misdeeds::at("save");
    if !is("endless_state") {
        return unsafe { (*to).write.unwrap()(to, b"four".as_ptr().cast(), 4) } == 4;
    }
    let megabyte = vec![0_u8; 1 << 20];
    let bytes = megabyte.as_ptr().cast();
    while unsafe { (*to).write.unwrap()(to, bytes, 1 << 20) } > 0 {}
    true
}

unsafe extern "C" fn load(_: *const clap_plugin, _: *const clap_istream) -> bool {
    misdeeds::at("load");
    !is("load_refuses")
}

unsafe extern "C" fn on_timer(_: *const clap_plugin, _: u32) {
    log(c"tick");
}

unsafe extern "C" fn tail(_: *const clap_plugin) -> u32 {
    if N_BLOCKS.load(Ordering::Relaxed) == 0 { 480 } else { i32::MAX as u32 }
}

unsafe extern "C" fn hints(_: *const clap_plugin, id: u32, to: *mut Hints) -> bool {
    let to = unsafe { &mut *to };
    write_bytes(&mut to.key, if id == 1 { b"out.gain" } else { b"mode" });
    write_bytes(&mut to.unit, b"dB");
    // The second one is wrong: a log taper from 0 on.
    (to.step, to.taper, to.skew) = if id == 1 { (0.5, 2, 0.3) } else { (1.0, 1, 1.0) };
    to.n_choices = if id == 1 { 0 } else { 3 };
    true
}

unsafe extern "C" fn choice(
    _: *const clap_plugin,
    _: u32,
    n: u32,
    to: *mut u8,
    capacity: u32,
) -> bool {
    let to = unsafe { std::slice::from_raw_parts_mut(to, capacity as usize) };
    write_bytes(to, [&b"Low pass"[..], b"High pass", b"Band\xff"][n as usize]);
    true
}

unsafe extern "C" fn meter_count(_: *const clap_plugin) -> u32 {
    u32::MAX
}

unsafe extern "C" fn meter(_: *const clap_plugin, n: u32, to: *mut Meter) -> bool {
    let to = unsafe { &mut *to };
    write_bytes(&mut to.key, b"gain_reduction");
    write_bytes(&mut to.name, b"Gain reduction");
    write_bytes(&mut to.unit, b"dB");
    (to.min, to.max) = (0.0, 24.0);
    n == 0
}
