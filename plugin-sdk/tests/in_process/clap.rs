//! The plugin as a host meets it: ports, parameters, sound, state, latency.

use crate::host::{Buffers, FRAMES, Host, activate, create, events};
use crate::plugins::Gain;
use std::sync::atomic::Ordering;

use clack_extensions::audio_ports::{AudioPortFlags, AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::latency::PluginLatency;
use clack_extensions::params::{ParamInfoBuffer, PluginParams};
use clack_extensions::state::PluginState;
use clack_host::prelude::*;
use clack_host::process::StartedPluginAudioProcessor;
use clack_host::utils::ClapId;
use retake_sdk::param_id;

fn gain() -> PluginInstance<Host> {
    create::<Gain>().0.unwrap()
}

fn extension<E>(instance: &PluginInstance<Host>) -> E
where
    E: clack_host::extensions::Extension<
            ExtensionSide = clack_host::extensions::PluginExtensionSide,
        >,
{
    instance.plugin_shared_handle().get_extension().unwrap()
}

fn flush(instance: &mut PluginInstance<Host>, key: &str, plain: f64) {
    let params: PluginParams = extension(instance);
    let events = events(&[(0, key, plain)]);
    let mut handle = instance.inactive_plugin_handle().unwrap();
    params.flush(&mut handle, &events.as_input(), &mut OutputEvents::void());
}

fn save(instance: &mut PluginInstance<Host>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let state: PluginState = extension(instance);
    state.save(&instance.plugin_handle(), &mut bytes).unwrap();
    bytes
}

fn load(instance: &mut PluginInstance<Host>, mut bytes: &[u8]) -> bool {
    let state: PluginState = extension(instance);
    state.load(&instance.plugin_handle(), &mut bytes).is_ok()
}

fn assert_all(samples: &[f32], expected: f32) {
    let wrong = samples.iter().position(|sample| sample.to_bits() != expected.to_bits());
    assert_eq!(wrong, None, "{expected}: {samples:?}");
}

#[test]
fn the_descriptor_names_the_plugin() {
    let entry = PluginEntry::load_from_clack::<retake_sdk::export::Linked<Gain>>(c"").unwrap();
    let factory = entry.get_plugin_factory().unwrap();
    assert_eq!(factory.plugin_count(), 1);
    let descriptor = factory.plugin_descriptor(0).unwrap();
    assert_eq!(descriptor.id().unwrap(), c"org.retake.test-gain");
    assert_eq!(descriptor.name().unwrap(), c"Test Gain");
    assert_eq!(descriptor.version().unwrap(), c"1.2.3");
}

#[test]
fn one_stereo_port_at_each_end_in_place() {
    let mut instance = gain();
    let ports: PluginAudioPorts = extension(&instance);
    let handle = instance.plugin_handle();
    let mut buffer = AudioPortInfoBuffer::new();
    for is_input in [true, false] {
        assert_eq!(ports.count(&handle, is_input), 1);
        let port = ports.get(&handle, 0, is_input, &mut buffer).unwrap();
        assert_eq!(port.channel_count, 2);
        assert!(port.flags.contains(AudioPortFlags::IS_MAIN));
        assert_eq!(port.in_place_pair, Some(port.id));
    }
}

#[test]
fn parameters_are_listed_and_have_text_both_ways() {
    let mut instance = gain();
    let params: PluginParams = extension(&instance);
    let handle = instance.plugin_handle();
    assert_eq!(params.count(&handle), 2);

    let mut buffer = ParamInfoBuffer::new();
    let info = params.get_info(&handle, 0, &mut buffer).unwrap();
    let id = ClapId::new(param_id("gain"));
    assert_eq!((info.id, info.name), (id, &b"Gain"[..]));
    assert_eq!((info.min_value, info.max_value, info.default_value), (-1.0, 2.0, 1.0));
    let lag = params.get_info(&handle, 1, &mut buffer).unwrap();
    assert_eq!((lag.id, lag.name), (ClapId::new(7), &b"lag"[..]));

    let mut text = [0; 32];
    assert_eq!(params.value_to_text(&handle, id, 0.5, &mut text).unwrap(), b"0.50 x");
    assert_eq!(params.text_to_value(&handle, id, c"-0.25 X"), Some(-0.25));
    assert_eq!(params.text_to_value(&handle, id, c"3 x"), None);
}

#[test]
fn a_value_flushed_before_activation_holds_from_the_first_frame() {
    let mut instance = gain();
    flush(&mut instance, "gain", 0.5);
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    buffers.process(&mut processor, &EventBuffer::new());
    assert_all(buffers.output.as_flattened(), 0.5);
}

#[test]
fn values_that_are_no_numbers_or_out_of_range_do_no_harm() {
    let mut instance = gain();
    for plain in [f64::NAN, f64::INFINITY] {
        flush(&mut instance, "gain", plain);
    }
    flush(&mut instance, "nobody", 0.5);
    let params: PluginParams = extension(&instance);
    let id = ClapId::new(param_id("gain"));
    assert_eq!(params.get_value(&instance.plugin_handle(), id), Some(1.0));
    flush(&mut instance, "gain", 17.0);
    assert_eq!(params.get_value(&instance.plugin_handle(), id), Some(2.0));
}

#[test]
fn events_of_the_first_block_at_frame_0_are_initial_values() {
    let mut instance = gain();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    buffers.process(&mut processor, &events(&[(0, "gain", 0.5)]));
    assert_all(buffers.output.as_flattened(), 0.5);

    buffers.process(&mut processor, &events(&[(0, "gain", 1.0)]));
    assert!(buffers.output[0][0] < 0.6, "a later event is a move");

    processor.reset();
    buffers.process(&mut processor, &events(&[]));
    assert_all(buffers.output.as_flattened(), 1.0);
    processor.reset();
    buffers.process(&mut processor, &events(&[(0, "gain", 2.0)]));
    assert_all(buffers.output.as_flattened(), 2.0);
}

#[test]
fn a_flush_of_the_audio_thread_is_an_initial_value_or_a_move() {
    let mut instance = gain();
    let params: PluginParams = extension(&instance);
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    let flush = |processor: &mut StartedPluginAudioProcessor<Host>, plain| {
        let changes = events(&[(0, "gain", plain)]);
        let mut handle = processor.plugin_handle();
        params.flush_active(&mut handle, &changes.as_input(), &mut OutputEvents::void());
    };
    flush(&mut processor, 0.5);
    buffers.process(&mut processor, &events(&[]));
    assert_all(buffers.output.as_flattened(), 0.5);
    flush(&mut processor, 1.0);
    buffers.process(&mut processor, &events(&[]));
    assert!((0.5..0.6).contains(&buffers.output[0][0]));
}

#[test]
fn the_main_thread_reads_what_a_block_has_carried() {
    let mut instance = gain();
    let params: PluginParams = extension(&instance);
    let mut processor = activate(&mut instance);
    Buffers::new().process(&mut processor, &events(&[(5, "gain", 0.25)]));
    let id = ClapId::new(param_id("gain"));
    assert_eq!(params.get_value(&instance.plugin_handle(), id), Some(0.25));
}

#[test]
fn an_event_acts_at_its_frame_and_ramps_from_there() {
    let mut instance = gain();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    let events = events(&[(20, "gain", 0.0)]);
    buffers.process(&mut processor, &events);
    assert_all(&buffers.output[0][..20], 1.0);
    // 10 ms at 48 kHz are 480 frames.
    for (past, sample) in buffers.output[1][20..].iter().enumerate() {
        assert!((sample - (1.0 - (past + 1) as f32 / 480.0)).abs() < 1e-6);
    }
    for _ in 0..8 {
        buffers.process(&mut processor, &EventBuffer::new());
    }
    assert_all(buffers.output.as_flattened(), 0.0);
}

#[test]
fn what_is_not_finite_does_not_reach_the_plugin() {
    let mut instance = gain();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    buffers.input[0] = [f32::NAN; FRAMES];
    buffers.process(&mut processor, &EventBuffer::new());
    assert_all(&buffers.output[0], 0.0);
    assert_all(&buffers.output[1], 1.0);
}

#[test]
fn a_state_comes_back_byte_for_byte_and_without_a_ramp() {
    let mut instance = gain();
    flush(&mut instance, "gain", 0.1 + 0.2);
    let bytes = save(&mut instance);
    assert_eq!(bytes, b"retake-state 2 version 1\ngain=0.30000000000000004\nlag=0.0\nend\n");

    let mut other = gain();
    let mut processor = activate(&mut other);
    let mut buffers = Buffers::new();
    buffers.process(&mut processor, &EventBuffer::new());
    assert!(load(&mut other, &bytes));
    assert_eq!(save(&mut other), bytes);
    buffers.process(&mut processor, &EventBuffer::new());
    assert_all(buffers.output.as_flattened(), 0.3);
}

#[test]
fn a_wrong_state_is_refused_and_changes_nothing() {
    let (instance, heard) = create::<Gain>();
    let mut instance = instance.unwrap();
    flush(&mut instance, "gain", 0.5);
    let before = save(&mut instance);
    let mut too_long = b"retake-state 1\n".to_vec();
    too_long.extend(b"gain=1.0\n".repeat(1 << 21));
    let wrong: [&[u8]; 13] = [
        b"",
        b"\xff\xfe",
        b"something else",
        b"retake-state 3 version 1\ngain=1.0\nend\n",
        b"retake-state 2\ngain=1.0\nend\n",
        b"retake-state 2 version 1\ngain=1.0\n",
        b"retake-state 2 version 1\ngain=1.0end\n",
        b"retake-state 2 version 1\ngain=1.0\nlag=\\x\nend\n",
        b"retake-state 2 version 1\nlag=1.0\ngain=NaN\nend\n",
        b"retake-state 1\ngain\n",
        b"retake-state 1\nlag=1.0\ngain=NaN\n",
        b"retake-state 1\ngain=inf\n",
        &too_long,
    ];
    for bytes in wrong {
        assert!(!load(&mut instance, bytes));
        assert_eq!(save(&mut instance), before);
    }
    assert_eq!(heard.log.lock().unwrap().len(), wrong.len(), "each says why");
}

#[test]
fn a_state_of_another_version_of_the_plugin_is_taken_as_far_as_it_goes() {
    let mut instance = gain();
    flush(&mut instance, "gain", 0.5);
    assert!(load(&mut instance, b"retake-state 1\nlag=1e6\nlost=1.0\n"));
    // Held within its range; what is not named goes to its default; what is unknown is kept.
    let bytes = b"retake-state 2 version 1\ngain=1.0\nlag=100.0\nlost=1.0\nend\n";
    assert_eq!(save(&mut instance), bytes);
}

#[test]
fn latency_is_that_of_the_last_activation() {
    let (instance, heard) = create::<Gain>();
    let mut instance = instance.unwrap();
    let latency: PluginLatency = extension(&instance);
    assert_eq!(latency.get(&instance.plugin_handle()), 0);
    let processor = activate(&mut instance);
    assert_eq!(latency.get(&instance.plugin_handle()), 32);
    instance.deactivate(processor.stop_processing());
    assert_eq!(latency.get(&instance.plugin_handle()), 32);
    activate(&mut instance);
    assert_eq!(heard.latency_changes.load(Ordering::Relaxed), 1);
}
