//! What the plugin does in a block.

use std::{
    ffi::{CStr, c_char},
    ptr::null,
    sync::atomic::Ordering,
};

use clap_sys::{
    events::{
        CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_CHOKE, CLAP_EVENT_NOTE_END,
        CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_GESTURE_BEGIN,
        CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_midi, clap_event_note,
        clap_event_param_gesture, clap_event_param_value,
    },
    ext::{
        params::{CLAP_EXT_PARAMS, clap_host_params},
        tail::{CLAP_EXT_TAIL, clap_host_tail},
    },
    host::clap_host,
    plugin::clap_plugin,
    process::{CLAP_PROCESS_CONTINUE, CLAP_PROCESS_ERROR, clap_process, clap_process_status},
};

use crate::{HOST, N_BLOCKS, host, is};

pub(super) unsafe extern "C" fn process(
    _: *const clap_plugin,
    process: *const clap_process,
) -> clap_process_status {
    let process = unsafe { &*process };
    crate::misdeeds::at("process");
    if is("f64_errs") {
        return CLAP_PROCESS_ERROR;
    }
    if is("f64_ignores") {
        return CLAP_PROCESS_CONTINUE;
    }
    pass_through(process);
    push_events(process);
    if is("writes_behind") {
        output(process, 0, 1, process.frames_count as isize, 0.0);
    }
    if is("writes_before") {
        output(process, 0, 0, -1, 0.0);
    }
    if ["notes_clap", "notes_midi", "notes_mpe", "notes_none"].into_iter().any(is) {
        show_notes(process);
    }
    if is("transport") {
        show_transport(process);
    }
    if is("probes") {
        probe();
    }
    ask_host();
    N_BLOCKS.fetch_add(1, Ordering::Relaxed);
    CLAP_PROCESS_CONTINUE
}

fn pass_through(process: &clap_process) {
    if process.audio_inputs_count == 0 || process.audio_outputs_count == 0 {
        return;
    }
    let (input, output) = unsafe { (&*process.audio_inputs, &*process.audio_outputs) };
    for channel in 0..input.channel_count.min(output.channel_count) as usize {
        let from = unsafe { *input.data32.add(channel) };
        let to = unsafe { *output.data32.add(channel) };
        unsafe { from.copy_to(to, process.frames_count as usize) };
    }
}

/// Writes one sample wherever it is told.
fn output(process: &clap_process, port: usize, channel: usize, frame: isize, sample: f32) {
    let port = unsafe { &*process.audio_outputs.add(port) };
    let row = unsafe { *port.data32.add(channel) };
    unsafe { row.offset(frame).write(sample) };
}

fn header<T>(time: u32, kind: u16) -> clap_event_header {
    clap_event_header {
        size: size_of::<T>() as u32,
        time,
        space_id: CLAP_CORE_EVENT_SPACE_ID,
        type_: kind,
        flags: 0,
    }
}

fn value(time: u32, value: f64) -> clap_event_param_value {
    clap_event_param_value {
        header: header::<clap_event_param_value>(time, CLAP_EVENT_PARAM_VALUE),
        param_id: 1,
        cookie: std::ptr::null_mut(),
        note_id: -1,
        port_index: -1,
        channel: -1,
        key: -1,
        value,
    }
}

fn note(time: u32, kind: u16, key: i16) -> clap_event_note {
    clap_event_note {
        header: header::<clap_event_note>(time, kind),
        note_id: -1,
        port_index: 0,
        channel: 3,
        key,
        velocity: 0.5,
    }
}

fn push<T>(process: &clap_process, event: &T) -> bool {
    let list = process.out_events;
    let event = std::ptr::from_ref(event).cast::<clap_event_header>();
    unsafe { (*list).try_push.unwrap()(list, event) }
}

fn push_events(process: &clap_process) {
    if is("unsorted") {
        push(process, &value(40, 0.25));
        push(process, &value(10, 0.75));
    }
    if is("outside") {
        push(process, &value(process.frames_count, 0.25));
        push(process, &value(u32::MAX, 0.75));
    }
    if is("malformed") {
        let mut big = value(0, 0.5);
        big.header.size = u32::MAX;
        push(process, &big);
        big.header.size = 3;
        push(process, &big);
        push(process, &value(0, f64::NAN));
        // Where no double can stand.
        let mut shifted = [0_u32; 16];
        let at = usize::from(shifted.as_ptr().cast::<u64>().is_aligned());
        let bytes = std::ptr::from_ref(&value(0, 0.5)).cast::<u32>();
        unsafe { shifted[at..].as_mut_ptr().copy_from(bytes, 14) };
        push(process, &shifted[at]);
        let list = process.out_events;
        assert!(!unsafe { (*list).try_push.unwrap()(list, null()) });
        push(process, &value(0, 0.5));
    }
    if is("floods") {
        let n_taken = (0..1_000).filter(|_| push(process, &value(0, 0.5))).count();
        assert_eq!(n_taken, 256);
    }
    if is("plays") {
        let gesture = clap_event_param_gesture {
            header: header::<clap_event_param_gesture>(0, CLAP_EVENT_PARAM_GESTURE_BEGIN),
            param_id: 1,
        };
        push(process, &gesture);
        push(process, &note(1, CLAP_EVENT_NOTE_ON, 60));
        push(process, &note(2, CLAP_EVENT_NOTE_OFF, 60));
        push(process, &note(3, CLAP_EVENT_NOTE_END, 60));
        push(process, &note(3, CLAP_EVENT_NOTE_CHOKE, 60));
        push(process, &note(3, CLAP_EVENT_NOTE_ON, 1_000));
        push(
            process,
            &clap_event_midi {
                header: header::<clap_event_midi>(4, CLAP_EVENT_MIDI),
                port_index: 0,
                data: [0xb1, 7, 100],
            },
        );
    }
}

/// Each note or message as a sample at its frame: left what it is, right its key and value.
fn show_notes(process: &clap_process) {
    let list = process.in_events;
    for n in 0..unsafe { (*list).size.unwrap()(list) } {
        let event = unsafe { (*list).get.unwrap()(list, n) };
        let header = unsafe { &*event };
        let (kind, data) = match header.type_ {
            CLAP_EVENT_NOTE_ON | CLAP_EVENT_NOTE_OFF => {
                let note = unsafe { &*event.cast::<clap_event_note>() };
                (f32::from(header.type_), f32::from(note.key) + note.velocity as f32 / 2.0)
            }
            CLAP_EVENT_MIDI => {
                let [status, data, value] = unsafe { (*event.cast::<clap_event_midi>()).data };
                (f32::from(status), f32::from(data) + f32::from(value) / 1_000.0)
            }
            _ => continue,
        };
        output(process, 0, 0, header.time as isize, kind);
        output(process, 0, 1, header.time as isize, data);
    }
}

fn show_transport(process: &clap_process) {
    let time = unsafe { &*process.transport };
    output(process, 0, 0, 0, time.tempo as f32);
    output(process, 0, 0, 1, (time.song_pos_beats as f64 / 2_f64.powi(31)) as f32);
    output(process, 0, 0, 2, (time.song_pos_seconds as f64 / 2_f64.powi(31)) as f32);
    output(process, 0, 0, 3, f32::from(time.tsig_num) + f32::from(time.tsig_denom) / 10.0);
    output(process, 0, 0, 4, time.flags as f32);
}

/// `retake.probe/1`, as a plugin declares it.
#[repr(C)]
struct Probe {
    is_watched: unsafe extern "C" fn(*const clap_host) -> bool,
    find: unsafe extern "C" fn(*const clap_host, *const c_char, u32) -> u32,
    scalar: unsafe extern "C" fn(*const clap_host, u32, u32, f64),
    signal: unsafe extern "C" fn(*const clap_host, u32, u32, *const f32, u32),
}

fn probe() {
    let (host, probe) = host::<Probe>(c"retake.probe/1");
    let probe = probe.unwrap();
    if !unsafe { (probe.is_watched)(host) } {
        return;
    }
    let find =
        |name: &CStr| unsafe { (probe.find)(host, name.as_ptr(), name.count_bytes() as u32) };
    let (env, wave, bad) = (find(c"env"), find(c"wave"), find(c"\xff"));
    for (offset, value) in [(0, 0.5), (1, -2.0), (2, 0.25)] {
        unsafe { (probe.scalar)(host, env, offset, value) };
    }
    unsafe { (probe.scalar)(host, bad, 0, 1.0) };
    let samples = [0.125, -0.5, 1.0];
    unsafe { (probe.signal)(host, wave, 5, samples.as_ptr(), 3) };
    // What must do no harm.
    unsafe { (probe.scalar)(host, u32::MAX, 0, 1.0) };
    unsafe { (probe.signal)(host, wave, 0, null(), 3) };
    assert_eq!(unsafe { (probe.find)(host, null(), 3) }, u32::MAX);
    assert_eq!(unsafe { (probe.find)(host, [b'x' as c_char; 64].as_ptr(), 64) }, u32::MAX);
}

/// What the plugin asks for on the audio thread, rightly or not.
fn ask_host() {
    let own = HOST.load(Ordering::Relaxed).cast_const();
    if is("wants_restart") {
        unsafe { (*own).request_restart.unwrap()(own) };
    }
    if !(is("unsorted") || is("floods")) {
        unsafe { (*own).request_callback.unwrap()(own) };
    }
    if is("logs_badly") {
        crate::log_badly(1);
    }
    if is("tail") && N_BLOCKS.load(Ordering::Relaxed) == 1 {
        let (host, tail) = host::<clap_host_tail>(CLAP_EXT_TAIL);
        unsafe { tail.unwrap().changed.unwrap()(host) };
    }
    if is("wrong_thread") {
        let (host, params) = host::<clap_host_params>(CLAP_EXT_PARAMS);
        unsafe { params.unwrap().rescan.unwrap()(host, 1) };
    }
}
