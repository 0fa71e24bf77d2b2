//! Notes, MIDI and time to the plugin; what it sends back, right or wrong.

use retake_engine::{EventBody, Note, Outcome, PluginEvent, Processor};
use retake_host::FaultCounts;

use crate::rig::{Block, Rig};

const STROKE: Note = Note { key: 60, channel: 2, velocity: 0.5, on: true };

fn notes() -> [PluginEvent; 3] {
    let at = |offset, body| PluginEvent { offset, body };
    let release = Note { on: false, velocity: 1.0, ..STROKE };
    [
        at(3, EventBody::Note(STROKE)),
        at(5, EventBody::Midi([0xb2, 7, 100])),
        at(60, EventBody::Note(release)),
    ]
}

/// What the plugin shows of those events: frame, kind, key or data.
fn seen(processor: &mut dyn Processor) -> Vec<(usize, f32, f32)> {
    let mut block = Block::new(2, 2);
    block.input.rows_mut().for_each(|row| row.fill(0.0));
    assert_eq!(block.run(processor, 64, &notes()), Outcome::Ok);
    let pairs = block.output.channel(0).iter().zip(block.output.channel(1)).enumerate();
    let pairs = pairs.take(64).filter(|(_, (_, data))| **data != 0.0);
    pairs.map(|(frame, (kind, data))| (frame, *kind, *data)).collect()
}

#[test]
fn notes_come_as_notes_where_the_plugin_knows_them() {
    let mut activated = Rig::raw("notes_clap").activated();
    assert!(activated.takes_notes);
    // CLAP's numbers: 0 = note on, 1 = note off; a half of the velocity is added to the key.
    let expected = [(3, 0.0, 60.25), (5, 178.0, 7.1), (60, 1.0, 60.5)];
    assert_eq!(seen(&mut *activated.processor), expected);
}

#[test]
fn notes_come_as_midi_where_it_knows_nothing_else() {
    for kind in ["notes_midi", "notes_mpe"] {
        let mut activated = Rig::raw(kind).activated();
        assert!(activated.takes_notes);
        let expected = [(3, 146.0, 60.064), (5, 178.0, 7.1), (60, 130.0, 60.127)];
        assert_eq!(seen(&mut *activated.processor), expected);
    }
}

#[test]
fn a_plugin_without_a_note_port_gets_none() {
    let mut activated = Rig::raw("notes_none").activated();
    assert!(!activated.takes_notes);
    assert_eq!(seen(&mut *activated.processor), []);
}

#[test]
fn the_transport_plays_in_four_four() {
    let mut activated = Rig::raw("transport").activated();
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    // Frame 1,000 at 48 kHz and 120 beats a minute.
    let seconds = 1_000.0 / 48_000.0;
    let expected = [120.0, seconds * 2.0, seconds, 4.4, 31.0];
    for (seen, expected) in block.output.channel(0).iter().zip(expected) {
        assert!((seen - expected).abs() < 1e-5, "{seen} {expected}");
    }
}

/// Runs two blocks; the replies of the second, the faults, and the first complaint.
fn heard(kind: &str) -> (Vec<PluginEvent>, FaultCounts, String) {
    let rig = Rig::raw(kind);
    let mut activated = rig.activated();
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    block.replies.drain().for_each(drop);
    let complaint = rig.complaint();
    assert_eq!(block.run(&mut *activated.processor, 64, &[]), Outcome::Ok);
    let replies = block.replies.drain().collect();
    let faults = rig.thread.faults();
    rig.thread.retire(activated.processor);
    let mut n_complaints = 0;
    rig.wait(|news| {
        let is_complaint = matches!(
            news,
            retake_host::News::Log { severity: retake_host::Severity::PluginMisbehaving, .. }
        );
        n_complaints += usize::from(is_complaint);
        matches!(news, retake_host::News::Gone { .. }).then_some(())
    });
    assert_eq!(n_complaints, 0, "each kind of fault is named once");
    (replies, faults, complaint)
}

#[test]
fn events_out_of_order_are_put_in_order_counted_and_named() {
    let (replies, faults, complaint) = heard("unsorted");
    assert_eq!(replies, [PluginEvent::param(40, 1, 0.25), PluginEvent::param(40, 1, 0.75)]);
    assert_eq!(faults, FaultCounts { unsorted: 2, ..FaultCounts::default() });
    assert!(complaint.contains("sends events out of order: sort"), "{complaint}");
}

#[test]
fn events_outside_the_block_are_held_within_it() {
    let (replies, faults, complaint) = heard("outside");
    assert_eq!(replies, [PluginEvent::param(63, 1, 0.25), PluginEvent::param(63, 1, 0.75)]);
    assert_eq!(faults, FaultCounts { out_of_block: 4, ..FaultCounts::default() });
    assert!(complaint.contains("below `frames_count`"), "{complaint}");
}

#[test]
fn events_that_are_none_are_left_out() {
    let (replies, faults, complaint) = heard("malformed");
    assert_eq!(replies, [PluginEvent::param(0, 1, 0.5)]);
    assert_eq!(faults, FaultCounts { malformed: 10, ..FaultCounts::default() });
    assert!(complaint.contains("`header.size`"), "{complaint}");
}

#[test]
fn more_events_than_room_are_counted_and_the_plugin_is_told() {
    let (replies, faults, complaint) = heard("floods");
    assert_eq!(replies.len(), 256);
    assert_eq!(faults, FaultCounts { replies_lost: 2 * 744, ..FaultCounts::default() });
    assert!(complaint.contains("send fewer"), "{complaint}");
}

#[test]
fn notes_and_midi_of_the_plugin_come_back_and_gestures_are_taken() {
    let mut activated = Rig::raw("plays").activated();
    let mut block = Block::new(2, 2);
    block.run(&mut *activated.processor, 64, &[]);
    let note = Note { key: 60, channel: 3, velocity: 0.5, on: true };
    let expected = [
        (1, EventBody::Note(note)),
        (2, EventBody::Note(Note { on: false, ..note })),
        (4, EventBody::Midi([0xb1, 7, 100])),
    ];
    let replies: Vec<_> = block.replies.drain().map(|e| (e.offset, e.body)).collect();
    assert_eq!(replies, expected);
}
