//! The audio path does not touch the heap.

#![allow(unsafe_code, reason = "an allocator that counts is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use crate::host::{Buffers, activate, create, events};
use clack_extensions::params::PluginParams;
use clack_host::utils::ClapId;

use crate::every_kind::Every;
use crate::plugins::Gain;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn ten_thousand_blocks_with_events_make_no_heap_call() {
    let mut instance = create::<Gain>().0.unwrap();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    let moves = [0, 16, 32, 48].map(|frame| (frame, "gain", f64::from(frame) / 48.0));
    let events = events(&moves);

    let before = CALLS.get();
    for block in 0..10_000 {
        buffers.process(&mut processor, &events);
        if block % 100 == 0 {
            processor.reset();
        }
    }
    assert_eq!(CALLS.get() - before, 0);
    assert!(before > 0, "the counter counts");
}

#[test]
fn ten_thousand_events_in_a_block_of_every_kind_make_no_heap_call_and_none_is_lost() {
    let mut instance = create::<Every>().0.unwrap();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    let keys = ["bypass", "cutoff", "bands.0.gain", "bands.1.gain", "key", "mode", "nobody"];
    let moves: Vec<_> = (0..10_000_u32)
        .map(|n| (n * 64 / 10_000, keys[n as usize % keys.len()], f64::from(n % 12)))
        .collect();
    let events = events(&moves);

    let before = CALLS.get();
    buffers.process(&mut processor, &events);
    assert_eq!(CALLS.get() - before, 0);

    let params: PluginParams = instance.plugin_shared_handle().get_extension().unwrap();
    for key in &keys[..6] {
        let last = moves.iter().rfind(|(_, moved, _)| moved == key).unwrap().2;
        let id = ClapId::new(retake_sdk::param_id(key));
        let (low, high) = match *key {
            "bypass" => (0.0, 1.0),
            "mode" => (0.0, 2.0),
            "cutoff" => (20.0, 20_000.0),
            _ => (-12.0, 127.0),
        };
        let value = params.get_value(&instance.plugin_handle(), id);
        assert_eq!(value, Some(last.clamp(low, high)), "{key}");
    }
}
