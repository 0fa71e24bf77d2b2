//! Three parameters, and what sets them.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_param_value,
    clap_input_events, clap_output_events,
};
use clap_sys::ext::params::{
    CLAP_PARAM_IS_AUTOMATABLE, CLAP_PARAM_IS_ENUM, CLAP_PARAM_IS_STEPPED, clap_param_info,
    clap_plugin_params,
};
use clap_sys::plugin::clap_plugin;

use crate::instance::{Instance, Source, shared};
use crate::{broken, put};

pub(crate) struct Spec {
    id: u32,
    name: &'static str,
    flags: u32,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) default: f64,
}

pub(crate) const COUNT: usize = 3;
pub(crate) const GAIN: usize = 0;
pub(crate) const MODE: usize = 1;
pub(crate) const ECHO: usize = 2;

pub(crate) const SPECS: [&Spec; COUNT] = [
    &Spec { id: 10, name: "Gain", flags: 0, min: 0.0, max: 2.0, default: 1.0 },
    &Spec {
        id: 20,
        name: "Mode",
        flags: CLAP_PARAM_IS_STEPPED | CLAP_PARAM_IS_ENUM,
        min: 0.0,
        max: 2.0,
        default: 0.0,
    },
    &Spec { id: 30, name: "Echo", flags: 0, min: -1.0, max: 1.0, default: 0.5 },
];

pub(crate) static TABLE: clap_plugin_params = clap_plugin_params {
    count: Some(count),
    get_info: Some(get_info),
    get_value: Some(get_value),
    value_to_text: Some(value_to_text),
    text_to_value: Some(text_to_value),
    flush: Some(flush),
};

fn index_of(id: u32) -> Option<usize> {
    SPECS.iter().position(|spec| spec.id == id)
}

unsafe extern "C" fn count(_: *const clap_plugin) -> u32 {
    COUNT as u32
}

unsafe extern "C" fn get_info(
    _: *const clap_plugin,
    index: u32,
    info: *mut clap_param_info,
) -> bool {
    let Some(spec) = SPECS.get(index as usize) else {
        return false;
    };
    let info = unsafe { &mut *info };
    info.id = spec.id;
    info.flags = spec.flags | CLAP_PARAM_IS_AUTOMATABLE;
    // The cookie is the index and one more.
    let next = if broken("cookie-lies") { (index + 1) % COUNT as u32 } else { index };
    info.cookie = ptr::without_provenance_mut(next as usize + 1);
    put(&mut info.name, spec.name);
    put(&mut info.module, "");
    (info.min_value, info.max_value, info.default_value) = (spec.min, spec.max, spec.default);
    if broken("default-outside") {
        info.default_value = spec.max + 1.0;
    }
    if broken("enum-without-steps") {
        info.flags &= !CLAP_PARAM_IS_STEPPED;
    }
    if broken("same-ids") {
        info.id = 10;
    }
    true
}

unsafe extern "C" fn get_value(plugin: *const clap_plugin, id: u32, value: *mut f64) -> bool {
    let this = unsafe { shared(plugin) };
    let Some(index) = index_of(id) else {
        return false;
    };
    let is_torn = broken("torn-while-playing") && this.is_started.load(Relaxed);
    unsafe { value.write(if is_torn { 99.0 } else { this.value(index) }) };
    true
}

unsafe extern "C" fn value_to_text(
    _: *const clap_plugin,
    id: u32,
    value: f64,
    text: *mut c_char,
    capacity: u32,
) -> bool {
    if index_of(id).is_none() {
        return false;
    }
    let text = unsafe { std::slice::from_raw_parts_mut(text, capacity as usize) };
    put(text, &format!("{value:.3}"));
    true
}

unsafe extern "C" fn text_to_value(
    _: *const clap_plugin,
    id: u32,
    text: *const c_char,
    value: *mut f64,
) -> bool {
    let Some(index) = index_of(id) else {
        return false;
    };
    let text = unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default();
    let Ok(read) = text.parse::<f64>() else {
        return false;
    };
    let read = if broken("text-lies") { read / 2.0 } else { read };
    unsafe { value.write(read) };
    (SPECS[index].min..=SPECS[index].max).contains(&read)
}

unsafe extern "C" fn flush(
    plugin: *const clap_plugin,
    input: *const clap_input_events,
    _: *const clap_output_events,
) {
    let this = unsafe { shared(plugin) };
    if broken("flush-deaf") && this.is_active.load(Relaxed) {
        return;
    }
    for index in 0..unsafe { (*input).size.unwrap()(input) } {
        let header = unsafe { &*(*input).get.unwrap()(input, index) };
        take(this, header, Source::Flush);
    }
}

/// Sets what an event sets.
pub(crate) fn take(this: &Instance, header: &clap_event_header, from: Source) {
    let is_core = header.space_id == CLAP_CORE_EVENT_SPACE_ID || broken("any-namespace");
    if !is_core || header.type_ != CLAP_EVENT_PARAM_VALUE {
        return;
    }
    let event = unsafe { &*ptr::from_ref(header).cast::<clap_event_param_value>() };
    let is_for_all = event.note_id == -1 && event.key == -1;
    let index = match event.cookie.addr() {
        0 if broken("cookie-needed") => None,
        0 => index_of(event.param_id).or(broken("any-id").then_some(GAIN)),
        next => Some(next - 1),
    };
    if let (Some(index), true) = (index, is_for_all) {
        this.set(index, event.value, from);
    }
}
