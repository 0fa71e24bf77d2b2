//! The audio thread.

use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_MOD, CLAP_EVENT_PARAM_VALUE,
    CLAP_EVENT_TRANSPORT, CLAP_TRANSPORT_IS_LOOP_ACTIVE, clap_event_header, clap_event_param_value,
    clap_output_events,
};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_host_state};
use clap_sys::plugin::clap_plugin;
use clap_sys::process::{
    CLAP_PROCESS_CONTINUE, CLAP_PROCESS_ERROR, CLAP_PROCESS_SLEEP, clap_process,
};

use crate::broken;
use crate::instance::{Instance, Source, of};
use crate::params::{self, ECHO, GAIN, MODE};

pub(crate) unsafe extern "C" fn process(
    plugin: *const clap_plugin,
    process: *const clap_process,
) -> i32 {
    let (this, process) = unsafe { (of(plugin), &*process) };
    this.n_blocks.fetch_add(1, Relaxed);
    if !misbehave(this, process) {
        return CLAP_PROCESS_ERROR;
    }
    let channels = channels_of(process);
    let n_frames = process.frames_count as usize;
    let mut frame = 0;
    for index in 0..unsafe { (*process.in_events).size.unwrap()(process.in_events) } {
        let event = unsafe { &*(*process.in_events).get.unwrap()(process.in_events, index) };
        let time = if broken("events-at-start") { 0 } else { event.time as usize };
        render(this, &channels, frame..time);
        frame = frame.max(time);
        take(this, event);
    }
    render(this, &channels, frame..n_frames);
    finish(process, &channels, n_frames)
}

/// The faults that need no sound; false for an error.
fn misbehave(this: &mut Instance, process: &clap_process) -> bool {
    while broken("hangs") {
        std::hint::spin_loop();
    }
    if broken("allocates") {
        drop(std::hint::black_box(Vec::<u8>::with_capacity(100)));
    }
    if broken("dirty-from-audio") {
        let state: *const clap_host_state = this.host_extension(CLAP_EXT_STATE);
        unsafe { (*state).mark_dirty.unwrap()(this.host) };
    }
    if broken("transport-needed") {
        std::hint::black_box(unsafe { ptr::read_volatile(&raw const (*process.transport).tempo) });
    }
    let is_looping = unsafe { process.transport.as_ref() }
        .is_some_and(|transport| transport.flags & CLAP_TRANSPORT_IS_LOOP_ACTIVE != 0);
    this.is_mad |= is_looping && broken("loop-maddens");
    this.is_mad |= this.rate < 10_000.0 && broken("low-rate-maddens");
    if broken("sends-unsorted") {
        send(process.out_events, 1);
        send(process.out_events, 0);
    }
    let thread = std::thread::current().id();
    *this.thread.get_or_insert(thread) == thread || !broken("bound-to-thread")
}

fn send(list: *const clap_output_events, time: u32) {
    let mut event: clap_event_param_value = unsafe { std::mem::zeroed() };
    event.header.size = size_of::<clap_event_param_value>() as u32;
    event.header.type_ = CLAP_EVENT_PARAM_VALUE;
    event.header.time = time;
    unsafe { (*list).try_push.unwrap()(list, ptr::from_ref(&event).cast()) };
}

/// Follows an event.
fn take(this: &mut Instance, event: &clap_event_header) {
    params::take(this, event, Source::Block);
    if event.space_id != CLAP_CORE_EVENT_SPACE_ID {
        return;
    }
    this.keys.take(event);
    this.is_mad |= match event.type_ {
        CLAP_EVENT_NOTE_ON => broken("note-maddens"),
        CLAP_EVENT_PARAM_MOD => broken("modulation-maddens"),
        CLAP_EVENT_TRANSPORT => broken("transport-event-maddens"),
        CLAP_EVENT_PARAM_VALUE => {
            let gain = this.value(GAIN);
            broken("late-value-maddens") && event.time > 0
                || broken("high-gain-maddens") && (1.5..2.0).contains(&gain)
                || broken("full-gain-maddens") && gain == 2.0
        }
        _ => false,
    };
}

/// Input and output of each channel, which may be the same; and how many channels there are.
type Channels = ([(*mut f32, *mut f32); 2], usize);

fn channels_of(process: &clap_process) -> Channels {
    let (input, output) = unsafe { (&*process.audio_inputs, &*process.audio_outputs) };
    let mut channels = [(ptr::null_mut(), ptr::null_mut()); 2];
    let count = output.channel_count as usize;
    for (index, channel) in channels.iter_mut().enumerate().take(count) {
        *channel = unsafe { (*input.data32.add(index), *output.data32.add(index)) };
    }
    (channels, count)
}

fn render(this: &mut Instance, (channels, count): &Channels, mut frames: std::ops::Range<usize>) {
    if broken("fixed-buffer") {
        frames.end = frames.end.min(4096);
    }
    let value = |index: usize| f64::from_bits(this.sounding[index].load(Relaxed)) as f32;
    let (gain, echo) = (value(GAIN), value(ECHO));
    let gain = [gain, -gain, 0.5 * gain][value(MODE) as usize % 3];
    let hum = if this.is_mad { f32::NAN } else { 0.01 * this.keys.held() as f32 };
    for frame in frames {
        for (channel, (input, output)) in channels.iter().take(*count).enumerate() {
            if broken("clears-first") {
                unsafe { output.add(frame).write(0.0) };
            }
            let x = flushed(unsafe { input.add(frame).read() });
            let line = &mut this.lines[channel][this.at];
            let y = gain * x + echo * *line + hum;
            *line = x;
            let y = if broken("mute") { 0.0 } else { y };
            let is_in_place_nan = input == output && broken("in-place-maddens");
            let y = if is_in_place_nan { f32::NAN } else { flushed(y) };
            unsafe { output.add(frame).write(y) };
        }
        this.at = (this.at + 1) % crate::instance::ECHO;
    }
}

/// Without denormals.
fn flushed(x: f32) -> f32 {
    if x.is_subnormal() && !broken("denormals") { 0.0 } else { x }
}

/// What is done after the sound.
fn finish(process: &clap_process, (channels, count): &Channels, n_frames: usize) -> i32 {
    let output = unsafe { &mut *process.audio_outputs };
    if broken("constant-lie") {
        output.constant_mask = 0b11;
    }
    for (input, output) in channels.iter().take(*count) {
        if broken("writes-input") {
            unsafe { input.write(0.125) };
        }
        if broken("writes-behind") {
            unsafe { output.add(n_frames).write(0.0) };
        }
    }
    if broken("sleeps-early") { CLAP_PROCESS_SLEEP } else { CLAP_PROCESS_CONTINUE }
}
