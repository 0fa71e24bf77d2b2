//! Events of one block, both ways: the engine's words here, CLAP's there.

pub(crate) mod ffi;

use std::ptr;

use clack_extensions::note_ports::NoteDialects;
use clack_host::{
    events::{
        Event as _, EventFlags, EventHeader, UnknownEvent,
        event_types::{
            MidiEvent, NoteOffEvent, NoteOnEvent, ParamValueEvent, TransportEvent, TransportFlags,
        },
        io::InputEventBuffer,
    },
    prelude::*,
    utils::{BeatTime, SecondsTime},
};
use retake_engine::{
    EventBody, Note, PluginEvent, Transport, generation::EVENTS_PER_BLOCK, processor::Replies,
};

use crate::wishes::{Fault, Wishes};

/// An event as a plugin reads it.
enum Slot {
    Param(ParamValueEvent),
    On(NoteOnEvent),
    Off(NoteOffEvent),
    Midi(MidiEvent),
}

/// The events for the plugin: room for 16,384 a block, made once.
pub(crate) struct Inbox {
    slots: Vec<Slot>,
    dialects: NoteDialects,
}

impl Inbox {
    pub(crate) fn new(dialects: NoteDialects) -> Self {
        Self { slots: Vec::with_capacity(EVENTS_PER_BLOCK), dialects }
    }

    /// Takes the events of a block, ordered by offset; how many found no room. Notes and MIDI
    /// that the plugin has no port or dialect for are left out.
    ///
    /// # Real time
    /// Within the room made at construction.
    pub(crate) fn fill(&mut self, events: impl Iterator<Item = PluginEvent>) -> u64 {
        self.slots.clear();
        let mut n_lost = 0;
        for event in events {
            let Some(slot) = self.slot(event) else {
                continue;
            };
            if self.slots.len() < EVENTS_PER_BLOCK {
                self.slots.push(slot);
            } else {
                n_lost += 1;
            }
        }
        n_lost
    }

    fn slot(&self, PluginEvent { offset, body }: PluginEvent) -> Option<Slot> {
        let has = |dialect| self.dialects.contains(dialect);
        match body {
            EventBody::Param { id, value } => {
                let id = ClapId::from_raw(id)?;
                Some(Slot::Param(ParamValueEvent::new(offset, id, Pckn::match_all(), value)))
            }
            EventBody::Note(note) if has(NoteDialects::CLAP) => Some(clap_note(offset, note)),
            EventBody::Note(note) if has(NoteDialects::MIDI) => {
                Some(Slot::Midi(MidiEvent::new(offset, 0, midi_note(note))))
            }
            EventBody::Midi(bytes) if has(NoteDialects::MIDI) => {
                Some(Slot::Midi(MidiEvent::new(offset, 0, bytes)))
            }
            EventBody::Note(_) | EventBody::Midi(_) => None,
        }
    }
}

impl InputEventBuffer for Inbox {
    fn len(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    fn get(&self, index: u32) -> Option<&UnknownEvent> {
        Some(match self.slots.get(index as usize)? {
            Slot::Param(event) => event.as_unknown(),
            Slot::On(event) => event.as_unknown(),
            Slot::Off(event) => event.as_unknown(),
            Slot::Midi(event) => event.as_unknown(),
        })
    }
}

fn clap_note(offset: u32, note: Note) -> Slot {
    let pckn = Pckn::from_raw(0, note.channel.into(), note.key.into(), -1);
    if note.on {
        Slot::On(NoteOnEvent::new(offset, pckn, note.velocity))
    } else {
        Slot::Off(NoteOffEvent::new(offset, pckn, note.velocity))
    }
}

/// MIDI has no note-on of velocity 0: it would end the note.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 127")]
fn midi_note(note: Note) -> [u8; 3] {
    let status = if note.on { 0x90 } else { 0x80 };
    let velocity = (note.velocity.clamp(0.0, 1.0) * 127.0).round() as u8;
    [status | note.channel & 0x0f, note.key & 0x7f, velocity.max(note.on.into())]
}

/// The musical time of a block: playing, 4/4, one tempo.
pub(crate) fn transport(time: Transport) -> TransportEvent {
    let bar = (time.beats / 4.0).floor();
    #[expect(clippy::cast_possible_truncation, reason = "saturates after 2^31 bars")]
    let bar_number = bar as i32;
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags: TransportFlags::HAS_TEMPO
            | TransportFlags::HAS_BEATS_TIMELINE
            | TransportFlags::HAS_SECONDS_TIMELINE
            | TransportFlags::HAS_TIME_SIGNATURE
            | TransportFlags::IS_PLAYING,
        song_pos_beats: BeatTime::from_float(time.beats),
        song_pos_seconds: SecondsTime::from_float(time.seconds),
        tempo: time.tempo_bpm,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_int(0),
        loop_end_beats: BeatTime::from_int(0),
        loop_start_seconds: SecondsTime::from_int(0),
        loop_end_seconds: SecondsTime::from_int(0),
        bar_start: BeatTime::from_float(bar * 4.0),
        bar_number,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}

/// What the plugin pushes in one block. Parameter values, notes and MIDI go to the engine;
/// gestures, ends of voices and what it has no word for are taken and left out.
pub(crate) struct Heard<'a> {
    replies: &'a mut Replies,
    wishes: &'a Wishes,
    /// Frames of the block, at least 1.
    frames: u32,
    /// Offset of the event before.
    last: u32,
}

impl<'a> Heard<'a> {
    pub(crate) fn new(replies: &'a mut Replies, wishes: &'a Wishes, frames: u32) -> Self {
        Self { replies, wishes, frames, last: 0 }
    }

    /// Takes an event; whether there was room. `None` stands for one that is none.
    ///
    /// # Real time
    /// No allocation.
    pub(crate) fn push(&mut self, event: Option<&UnknownEvent>) -> bool {
        let Some(event) = event else {
            self.wishes.count(Fault::Malformed, 1);
            return false;
        };
        let body = match read(event) {
            Ok(Some(body)) => body,
            Ok(None) => return true,
            Err(fault) => {
                self.wishes.count(fault, 1);
                return true;
            }
        };
        let offset = self.place(event.header().time());
        let n_lost = self.replies.lost();
        self.replies.push(PluginEvent { offset, body });
        let n_lost = self.replies.lost() - n_lost;
        self.wishes.count(Fault::RepliesLost, n_lost);
        n_lost == 0
    }

    /// Where the event is to be: within the block and not before the one before it.
    fn place(&mut self, time: u32) -> u32 {
        self.wishes.count(Fault::OutOfBlock, (time >= self.frames).into());
        self.wishes.count(Fault::Unsorted, (time < self.last).into());
        self.last = time.min(self.frames - 1).max(self.last);
        self.last
    }
}

/// What an event says; `None` if the engine has no word for it.
fn read(event: &UnknownEvent) -> Result<Option<EventBody>, Fault> {
    const WITH_DOUBLES: [u16; 3] =
        [ParamValueEvent::TYPE_ID, NoteOnEvent::TYPE_ID, NoteOffEvent::TYPE_ID];
    let header = event.header();
    let is_core = header.space_id().is_some_and(|space| space.id() == 0);
    let kind = header.type_id();
    let has_doubles = WITH_DOUBLES.contains(&kind);
    if !is_core || !(has_doubles || kind == MidiEvent::TYPE_ID) {
        return Ok(None);
    }
    if has_doubles && !ptr::from_ref(event).addr().is_multiple_of(align_of::<f64>()) {
        return Err(Fault::Malformed);
    }
    if let Some(event) = event.as_event::<ParamValueEvent>() {
        let (id, value) = (event.param_id().ok_or(Fault::Malformed)?.get(), event.value());
        let body = EventBody::Param { id, value };
        return if value.is_finite() { Ok(Some(body)) } else { Err(Fault::Malformed) };
    }
    if let Some(event) = event.as_event::<NoteOnEvent>() {
        return Ok(note(event.pckn(), event.velocity(), true));
    }
    if let Some(event) = event.as_event::<NoteOffEvent>() {
        return Ok(note(event.pckn(), event.velocity(), false));
    }
    // What is left has a size that is not its type's.
    let midi = event.as_event::<MidiEvent>().ok_or(Fault::Malformed)?;
    Ok(EventBody::from_midi(midi.data()))
}

/// A note of one key; one for all keys at once is none that the engine knows.
fn note(pckn: Pckn, velocity: f64, on: bool) -> Option<EventBody> {
    let key = u8::try_from(pckn.raw_key()).ok().filter(|key| *key < 128)?;
    let channel = u8::try_from(pckn.raw_channel().max(0)).ok().filter(|channel| *channel < 16)?;
    let velocity = if velocity.is_finite() { velocity.clamp(0.0, 1.0) } else { 0.0 };
    Some(EventBody::Note(Note { key, channel, velocity, on }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_note_on_stays_a_note_on_in_midi() {
        let note = |velocity, on| midi_note(Note { key: 60, channel: 2, velocity, on });
        assert_eq!(note(0.0, true), [0x92, 60, 1]);
        assert_eq!(note(1.0, true), [0x92, 60, 127]);
        assert_eq!(note(0.0, false), [0x82, 60, 0]);
    }

    #[test]
    fn the_bar_begins_where_its_four_beats_do() {
        let event = transport(Transport { tempo_bpm: 120.0, seconds: 3.25, beats: 6.5 });
        assert_eq!((event.bar_number, event.bar_start.to_int()), (1, 4));
        assert_eq!(event.song_pos_beats.to_float().to_bits(), 6.5_f64.to_bits());
        assert_eq!(event.song_pos_seconds.to_float().to_bits(), 3.25_f64.to_bits());
    }
}
