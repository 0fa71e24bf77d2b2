//! Notes and MIDI through CLAP, in and out.

use clack_extensions::log::LogSeverity;
use clack_extensions::note_ports::{
    NoteDialect, NoteDialects, NotePortInfoBuffer, PluginNotePorts,
};
use clack_host::events::event_types::{
    MidiEvent, NoteChokeEvent, NoteEndEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent,
    NoteOnEvent,
};
use clack_host::events::io::{OutputEventBuffer, TryPushError};
use clack_host::events::spaces::CoreEventSpace;
use clack_host::events::{Match, Pckn};
use clack_host::prelude::*;
use retake_sdk::export::Exported;
use retake_sdk::{Block, Context, EventKind, Note, Notes, Plugin};

use crate::host::{Buffers, activate, create};

/// Sends everything back, a note an octave higher, and says of each note that it has ended.
#[derive(Default)]
pub(crate) struct Echo<const TAKES: bool, const SENDS: bool>;

impl<const TAKES: bool, const SENDS: bool> Plugin for Echo<TAKES, SENDS> {
    type Params = ();
    const ID: &'static str = "org.retake.test-echo";
    const NAME: &'static str = "Test Echo";
    const NOTES: Notes = match (TAKES, SENDS) {
        (true, true) => Notes::INPUT_OUTPUT,
        (true, false) => Notes::INPUT,
        (false, true) => Notes::OUTPUT,
        (false, false) => Notes::NONE,
    };

    fn process(&mut self, _params: &mut (), _block: &mut Block<'_>, ctx: &mut Context<'_>) {
        for event in ctx.events() {
            match event.kind {
                EventKind::NoteOn { note, velocity } => {
                    let note = Note { key: note.key + 12, ..note };
                    ctx.send(EventKind::NoteOn { note, velocity });
                    ctx.send(EventKind::NoteEnd { note });
                }
                kind => {
                    ctx.send(kind);
                }
            }
        }
    }
}

impl<const TAKES: bool, const SENDS: bool> Exported for Echo<TAKES, SENDS> {
    const VERSION: &'static str = "0";
}

fn pckn(key: u16) -> Pckn {
    Pckn::new(0_u16, 3_u16, key, 42_u32)
}

/// What the plugin sent for `events`, as text.
fn sent<P: Exported>(events: &EventBuffer) -> Vec<String> {
    let mut instance = create::<P>().0.unwrap();
    let mut processor = activate(&mut instance);
    let mut sent = EventBuffer::new();
    let output = &mut OutputEvents::from_buffer(&mut sent);
    Buffers::new().process_with(&mut processor, events, output, None);
    sent.iter().map(text).collect()
}

fn text(event: &UnknownEvent) -> String {
    let frame = event.header().time();
    let text = |name: &str, pckn: Pckn, value: f64| {
        let key = pckn.raw_key();
        format!("{frame} {name} {key} {} {} {value}", pckn.raw_channel(), pckn.raw_note_id())
    };
    match event.as_core_event().unwrap() {
        CoreEventSpace::NoteOn(event) => text("on", event.pckn(), event.velocity()),
        CoreEventSpace::NoteOff(event) => text("off", event.pckn(), event.velocity()),
        CoreEventSpace::NoteChoke(event) => text("choke", event.pckn(), 0.0),
        CoreEventSpace::NoteEnd(event) => text("end", event.pckn(), 0.0),
        CoreEventSpace::NoteExpression(event) => text("expression", event.pckn(), event.value()),
        CoreEventSpace::Midi(event) => format!("{frame} midi {:?}", event.data()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn note_ports_are_as_declared() {
    fn counts<P: Exported>() -> [u32; 2] {
        let mut instance = create::<P>().0.unwrap();
        let ports: PluginNotePorts = instance.plugin_shared_handle().get_extension().unwrap();
        let handle = instance.plugin_handle();
        [true, false].map(|is_input| {
            let count = ports.count(&handle, is_input);
            let mut buffer = NotePortInfoBuffer::new();
            if count > 0 {
                let port = ports.get(&handle, 0, is_input, &mut buffer).unwrap();
                assert_eq!(port.supported_dialects, NoteDialects::CLAP | NoteDialects::MIDI);
                assert_eq!(port.preferred_dialect, Some(NoteDialect::Clap));
            }
            assert!(ports.get(&handle, count, is_input, &mut buffer).is_none());
            count
        })
    }
    assert_eq!(counts::<Echo<false, false>>(), [0, 0]);
    assert_eq!(counts::<Echo<true, false>>(), [1, 0]);
    assert_eq!(counts::<Echo<false, true>>(), [0, 1]);
    assert_eq!(counts::<Echo<true, true>>(), [1, 1]);
}

#[test]
fn every_kind_of_event_goes_through_at_its_frame() {
    let mut events = EventBuffer::new();
    events.push(&NoteOnEvent::new(3, pckn(60), 0.5));
    events.push(&NoteExpressionEvent::new(5, pckn(60), NoteExpressionType::Tuning, -0.5));
    events.push(&NoteExpressionEvent::new(6, pckn(60), NoteExpressionType::Expression, 0.25));
    events.push(&MidiEvent::new(7, 0, [0x93, 61, 127]));
    events.push(&MidiEvent::new(8, 0, [0xb3, 1, 2]));
    events.push(&NoteOffEvent::new(9, Pckn::match_all(), 0.25));
    events.push(&NoteChokeEvent::new(9, pckn(60)));
    assert_eq!(
        sent::<Echo<true, true>>(&events),
        [
            "3 on 72 3 42 0.5",
            "3 end 72 3 42 0",
            "5 expression 60 3 42 -0.5",
            "6 expression 60 3 42 0.25",
            "7 on 73 3 -1 1",
            "7 end 73 3 -1 0",
            "8 midi [179, 1, 2]",
            "9 off -1 -1 -1 0.25",
            "9 choke 60 3 42 0",
        ]
    );
}

#[test]
fn what_can_be_no_note_is_left_out() {
    let mut events = EventBuffer::new();
    events.push(&NoteOnEvent::new(0, pckn(128), 0.5));
    events.push(&NoteOnEvent::new(0, Pckn::match_all(), 0.5));
    let channel = Pckn { channel: Match::Specific(16), ..pckn(60) };
    events.push(&NoteOffEvent::new(0, channel, 0.5));
    events.push(&NoteExpressionEvent::new(0, pckn(60), NoteExpressionType::Pan, f64::NAN));
    events.push(&NoteEndEvent::new(0, pckn(60)));
    assert_eq!(sent::<Echo<true, true>>(&events), [""; 0]);
    events.push(&NoteOnEvent::new(0, pckn(60), f64::NAN));
    events.push(&NoteOnEvent::new(0, pckn(61), 7.0));
    assert_eq!(sent::<Echo<true, true>>(&events)[0], "0 on 72 3 42 0");
    assert_eq!(sent::<Echo<true, true>>(&events)[2], "0 on 73 3 42 1");
}

#[test]
fn a_plugin_without_notes_gets_none_and_one_without_output_only_ends_them() {
    let mut events = EventBuffer::new();
    events.push(&NoteOnEvent::new(3, pckn(60), 0.5));
    assert_eq!(sent::<Echo<false, true>>(&events), [""; 0]);
    assert_eq!(sent::<Echo<true, false>>(&events), ["3 end 72 3 42 0"]);
}

/// A host without room for any event.
struct Full;

impl OutputEventBuffer for Full {
    fn try_push(&mut self, _event: &UnknownEvent) -> Result<(), TryPushError> {
        Err(TryPushError::new())
    }
}

#[test]
fn what_has_no_room_is_counted_and_named_in_the_log() {
    let (instance, heard) = create::<Echo<true, true>>();
    let mut instance = instance.unwrap();
    let mut processor = activate(&mut instance);
    let mut events = EventBuffer::new();
    for _ in 0..2000 {
        events.push(&MidiEvent::new(1, 0, [0xb0, 1, 2]));
    }
    let mut sent = EventBuffer::new();
    let mut buffers = Buffers::new();
    let output = &mut OutputEvents::from_buffer(&mut sent);
    buffers.process_with(&mut processor, &events, output, None);
    assert_eq!(sent.len(), 1024);
    let mut full = Full;
    let none = &mut OutputEvents::from_buffer(&mut full);
    buffers.process_with(&mut processor, &events, none, None);
    assert!(heard.log.lock().unwrap().is_empty(), "not from the audio thread");
    instance.call_on_main_thread_callback();
    instance.call_on_main_thread_callback();
    let line = format!("{} events had no room or no port and were left out", 976 + 2000);
    assert_eq!(*heard.log.lock().unwrap(), [(LogSeverity::Warning, line)]);
}
