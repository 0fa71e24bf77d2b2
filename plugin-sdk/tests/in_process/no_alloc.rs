//! The audio path does not touch the heap.

#![allow(unsafe_code, reason = "an allocator that counts is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use crate::host::{Buffers, activate, create, events};
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
