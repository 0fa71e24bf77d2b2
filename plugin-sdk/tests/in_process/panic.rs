//! A panic of the author's code stays inside, is silent, and is named once.

use std::sync::atomic::Ordering;

use crate::host::{Buffers, activate, create, events, try_activate};
use crate::plugins::{Fragile, PROCESS_PANIC_LINE, Stillborn};
use clack_host::prelude::*;
use retake_sdk::TestHost;

const FILE: &str = "plugin-sdk/tests/in_process/plugins.rs";

fn is_silent(buffers: &Buffers) -> bool {
    buffers.output.as_flattened().iter().all(|sample| sample.to_bits() == 0)
}

fn bad(value: f64) -> EventBuffer {
    events(&[(0, "bad", value)])
}

#[test]
fn a_panic_in_process_is_silence_and_one_line() {
    let (instance, heard) = create::<Fragile>();
    let mut instance = instance.unwrap();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::that_count_errors();
    buffers.process(&mut processor, &EventBuffer::new());
    assert!(!is_silent(&buffers));

    for _ in 0..100 {
        buffers.process(&mut processor, &bad(1.0));
        assert!(is_silent(&buffers), "also where the plugin had written before");
    }
    assert_eq!(buffers.n_errors, Some(1), "the host learns of it in that very block, once");
    assert_eq!(heard.callbacks.load(Ordering::Relaxed), 1);
    assert!(heard.fatal().is_empty(), "not from the audio thread");

    instance.call_on_main_thread_callback();
    instance.call_on_main_thread_callback();
    let line = format!("panicked at {FILE}:{PROCESS_PANIC_LINE}:13: bad is 1");
    assert_eq!(heard.fatal(), [line]);
    assert_eq!(heard.log.lock().unwrap().len(), 2, "with the error of that block");

    // A good value does not bring it back; a reset does.
    buffers.process(&mut processor, &bad(0.0));
    assert!(is_silent(&buffers));
    processor.reset();
    buffers.process(&mut processor, &EventBuffer::new());
    assert!(!is_silent(&buffers));
}

#[test]
fn a_new_activation_brings_it_back_and_a_new_panic_is_named_again() {
    let (instance, heard) = create::<Fragile>();
    let mut instance = instance.unwrap();
    let mut buffers = Buffers::that_count_errors();
    for round in 1..=3 {
        let mut processor = activate(&mut instance);
        buffers.process(&mut processor, &bad(0.0));
        assert!(!is_silent(&buffers));
        buffers.process(&mut processor, &bad(1.0));
        assert!(is_silent(&buffers));
        instance.call_on_main_thread_callback();
        assert_eq!(heard.fatal().len(), round);
        instance.deactivate(processor.stop_processing());
    }
}

#[test]
fn of_two_panics_before_the_main_thread_comes_the_first_is_named() {
    let (instance, heard) = create::<Fragile>();
    let mut instance = instance.unwrap();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::that_count_errors();
    buffers.process(&mut processor, &bad(1.0));
    processor.reset();
    buffers.process(&mut processor, &bad(1.5));
    instance.call_on_main_thread_callback();
    assert_eq!(heard.fatal().len(), 1);
    assert!(heard.fatal()[0].ends_with(": bad is 1"));
}

#[test]
fn a_panic_in_reset_is_silence_until_the_next_reset() {
    let (instance, heard) = create::<Fragile>();
    let mut instance = instance.unwrap();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::that_count_errors();
    buffers.process(&mut processor, &bad(2.0));
    processor.reset();
    buffers.process(&mut processor, &EventBuffer::new());
    assert!(is_silent(&buffers));
    instance.call_on_main_thread_callback();
    assert!(heard.fatal()[0].ends_with(": no reset"));
}

#[test]
fn a_panic_in_activate_is_a_failed_activation() {
    let (instance, heard) = create::<Fragile>();
    let mut instance = instance.unwrap();
    let mut processor = activate(&mut instance);
    Buffers::that_count_errors().process(&mut processor, &bad(3.0));
    instance.deactivate(processor.stop_processing());
    assert!(try_activate(&mut instance).is_err());
    assert!(heard.fatal()[0].ends_with(": no activation"));
}

#[test]
fn a_panic_in_the_making_is_a_failed_creation() {
    let (instance, heard) = create::<Stillborn>();
    assert!(instance.is_err());
    let fatal = heard.fatal();
    assert_eq!(fatal.len(), 1);
    assert!(fatal[0].starts_with(&format!("panicked at {FILE}:")));
    assert!(fatal[0].ends_with(": not today"));
}

#[test]
#[should_panic(expected = "the plugin panicked at plugin-sdk/tests/in_process/plugins.rs:")]
fn a_panic_fails_the_authors_own_test() {
    TestHost::<Fragile>::new(48_000.0, 64)
        .set("bad", 1.0)
        .process(&mut [&mut [0.0; 8], &mut [0.0; 8]]);
}
