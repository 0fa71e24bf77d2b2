//! The audio path does not touch the heap.

use clack_extensions::params::PluginParams;
use clack_host::events::event_types::{MidiEvent, NoteOffEvent, NoteOnEvent};
use clack_host::events::io::{OutputEventBuffer, TryPushError};
use clack_host::events::{Pckn, UnknownEvent};
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use retake_sdk::TestAllocator;

use crate::every_kind::Every;
use crate::host::{Buffers, activate, create, create_probed, events};
use crate::notes::Echo;
use crate::plugins::Gain;
use crate::probes::Shower;

retake_sdk::test_allocator!();

#[test]
fn ten_thousand_blocks_with_events_make_no_heap_call() {
    let mut instance = create::<Gain>().0.unwrap();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    let moves = [0, 16, 32, 48].map(|frame| (frame, "gain", f64::from(frame) / 48.0));
    let events = events(&moves);

    let before = TestAllocator::calls();
    for block in 0..10_000 {
        buffers.process(&mut processor, &events);
        if block % 100 == 0 {
            processor.reset();
        }
    }
    assert_eq!(TestAllocator::calls() - before, 0);
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

    let before = TestAllocator::calls();
    buffers.process(&mut processor, &events);
    assert_eq!(TestAllocator::calls() - before, 0);

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

/// Has room for all that a plugin may send.
struct Room(Vec<u32>);

impl OutputEventBuffer for Room {
    fn try_push(&mut self, event: &UnknownEvent) -> Result<(), TryPushError> {
        if self.0.len() == self.0.capacity() {
            return Err(TryPushError::new());
        }
        self.0.push(event.header().time());
        Ok(())
    }
}

#[test]
fn notes_in_and_out_with_more_than_there_is_room_for_make_no_heap_call() {
    let mut instance = create::<Echo<true, true>>().0.unwrap();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    let mut events = EventBuffer::new();
    for n in 0..3000_u32 {
        let (frame, pckn) = (n / 50, Pckn::new(0_u16, 0_u16, 60_u16, n));
        match n % 3 {
            0 => events.push(&NoteOnEvent::new(frame, pckn, 0.5)),
            1 => events.push(&NoteOffEvent::new(frame, pckn, 0.5)),
            _ => events.push(&MidiEvent::new(frame, 0, [0xb0, 1, 2])),
        }
    }
    let mut room = Room(Vec::with_capacity(1000));

    let before = TestAllocator::calls();
    for _ in 0..10 {
        room.0.clear();
        let mut output = OutputEvents::from_buffer(&mut room);
        buffers.process_with(&mut processor, &events, &mut output, None);
    }
    assert_eq!(TestAllocator::calls() - before, 0);
    assert_eq!(room.0.len(), 1000);
    assert!(room.0.is_sorted());
}

#[test]
fn probes_and_meters_that_are_looked_at_make_no_heap_call() {
    let (mut instance, heard) = create_probed::<Shower>();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    let cut = events(&[(20, "env", 2.0), (40, "env", 3.0)]);

    let before = TestAllocator::calls();
    for _ in 0..100 {
        heard.probes.clear();
        buffers.process(&mut processor, &cut);
    }
    assert_eq!(TestAllocator::calls() - before, 0);
    assert_eq!(heard.probes.scalars.lock().unwrap().len(), 3 * 2 + 1);
}
