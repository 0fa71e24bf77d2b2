//! What goes to a plugin beside samples, and what comes back: parameters, notes, MIDI, time.

use std::collections::VecDeque;

/// Something for the plugin, or from it, `offset` frames into the block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PluginEvent {
    /// Frames from the start of the block.
    pub offset: u32,
    /// What happens there.
    pub body: EventBody,
}

impl PluginEvent {
    /// Parameter `id` takes the plain `value`.
    pub fn param(offset: u32, id: u32, value: f64) -> Self {
        Self { offset, body: EventBody::Param { id, value } }
    }
}

/// What can happen to a plugin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EventBody {
    /// A parameter takes a value.
    Param {
        /// Parameter id (CLAP's number).
        id: u32,
        /// Plain value.
        value: f64,
    },
    /// A note begins or ends.
    Note(Note),
    /// Any other channel message of MIDI 1.0: status, data, data. Never a note: those are
    /// [`EventBody::Note`].
    Midi([u8; 3]),
}

impl EventBody {
    /// Reads a MIDI channel message: note-on and note-off become notes (a note-on of velocity 0
    /// ends the note, as MIDI 1.0 says). `None` for what is no channel message.
    pub fn from_midi(message: [u8; 3]) -> Option<Self> {
        let [status, key, velocity] = message;
        let note = |on| {
            let velocity = f64::from(velocity & 0x7f) / 127.0;
            Self::Note(Note { key: key & 0x7f, channel: status & 0x0f, velocity, on })
        };
        match status & 0xf0 {
            0x80 => Some(note(false)),
            0x90 => Some(note(velocity > 0)),
            0xa0..=0xe0 => Some(Self::Midi(message)),
            _ => None,
        }
    }
}

/// The beginning or the end of a note.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Note {
    /// MIDI key, 0 to 127; 60 = middle C.
    pub key: u8,
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// 0 to 1: of the stroke, or of the release.
    pub velocity: f64,
    /// Pressed, or released.
    pub on: bool,
}

const CHANNELS: usize = 16;
const KEYS: usize = 128;

/// Which notes are held, and how hard they were struck.
#[derive(Clone)]
pub struct HeldNotes {
    /// Per channel and key; 0 = not held.
    velocity: Box<[f64]>,
    n_held: usize,
}

impl std::fmt::Debug for HeldNotes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Default for HeldNotes {
    fn default() -> Self {
        Self { velocity: vec![0.0; CHANNELS * KEYS].into(), n_held: 0 }
    }
}

impl HeldNotes {
    /// Takes notice of an event; what is no note changes nothing.
    ///
    /// # Real time
    /// One store.
    pub fn follow(&mut self, body: &EventBody) {
        let EventBody::Note(note) = body else {
            return;
        };
        let at = usize::from(note.channel) * KEYS + usize::from(note.key);
        if let Some(velocity) = self.velocity.get_mut(at) {
            self.n_held -= usize::from(*velocity > 0.0);
            // A stroke of velocity 0 is held all the same.
            *velocity = if note.on { note.velocity.max(f64::MIN_POSITIVE) } else { 0.0 };
            self.n_held += usize::from(note.on);
        }
    }

    /// The note-ons that bring another instance to the same keys.
    ///
    /// # Real time
    /// No allocation.
    pub fn iter(&self) -> impl Iterator<Item = EventBody> + '_ {
        let held = self.velocity.iter().enumerate().filter(|(_, velocity)| **velocity > 0.0);
        held.take(self.n_held).map(|(at, &velocity)| EventBody::Note(note_on(at, velocity)))
    }

    /// How many notes are held.
    pub fn len(&self) -> usize {
        self.n_held
    }

    /// Whether no note is held.
    pub fn is_empty(&self) -> bool {
        self.n_held == 0
    }
}

#[expect(clippy::cast_possible_truncation, reason = "channel and key of a table of 16 × 128")]
fn note_on(at: usize, velocity: f64) -> Note {
    Note { key: (at % KEYS) as u8, channel: (at / KEYS) as u8, velocity, on: true }
}

/// The musical time of a block: the transport always plays, in 4/4, at one tempo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transport {
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
    /// Position of the block's first frame, in seconds since the engine's frame 0.
    pub seconds: f64,
    /// The same in quarter notes.
    pub beats: f64,
}

impl Transport {
    /// The time at `frame` of an engine of `rate` Hz.
    pub fn at(frame: u64, rate: u32, tempo_bpm: f64) -> Self {
        let seconds = frame as f64 / f64::from(rate);
        Self { tempo_bpm, seconds, beats: seconds * tempo_bpm / 60.0 }
    }
}

/// What has happened lately, by the engine's clock, oldest first: fixed room, the oldest go first.
#[derive(Debug)]
pub struct EventLog {
    events: VecDeque<(u64, EventBody)>,
    capacity: usize,
    /// Everything from this frame on is here.
    complete_from: u64,
}

impl EventLog {
    /// Room for the last `capacity` events.
    pub fn new(capacity: usize, from: u64) -> Self {
        Self { events: VecDeque::with_capacity(capacity), capacity, complete_from: from }
    }

    /// Adds an event of a frame that is not before that of the last one.
    ///
    /// # Real time
    /// No allocation.
    pub fn push(&mut self, frame: u64, body: EventBody) {
        if self.events.len() == self.capacity
            && let Some((oldest, _)) = self.events.pop_front()
        {
            self.complete_from = oldest + 1;
        }
        self.events.push_back((frame, body));
    }

    /// The first frame from which on no event is missing.
    pub fn complete_from(&self) -> u64 {
        self.complete_from
    }

    /// The events of the frames from `from` to before `to`.
    ///
    /// # Real time
    /// A binary search; no allocation.
    pub fn between(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, EventBody)> + '_ {
        let start = self.events.partition_point(|(frame, _)| *frame < from);
        self.events.range(start..).copied().take_while(move |(frame, _)| *frame < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(key: u8, on: bool) -> EventBody {
        EventBody::Note(Note { key, channel: 3, velocity: 0.5, on })
    }

    #[test]
    fn midi_notes_are_notes_and_the_rest_passes() {
        let on = Note { key: 60, channel: 2, velocity: 1.0, on: true };
        assert_eq!(EventBody::from_midi([0x92, 60, 127]), Some(EventBody::Note(on)));
        let off = |message| match EventBody::from_midi(message) {
            Some(EventBody::Note(note)) => !note.on,
            other => panic!("{other:?}"),
        };
        assert!(off([0x92, 60, 0]) && off([0x82, 60, 64]));
        let bend = [0xe1, 0, 64];
        assert_eq!(EventBody::from_midi(bend), Some(EventBody::Midi(bend)));
        assert_eq!(EventBody::from_midi([0xf8, 0, 0]), None);
        assert_eq!(EventBody::from_midi([60, 60, 0]), None);
    }

    #[test]
    fn held_notes_are_those_pressed_and_not_released() {
        let mut held = HeldNotes::default();
        for body in [note(60, true), note(64, true), note(60, true), note(67, false)] {
            held.follow(&body);
        }
        assert_eq!(held.iter().collect::<Vec<_>>(), [note(60, true), note(64, true)]);
        held.follow(&note(60, false));
        held.follow(&note(60, false));
        held.follow(&EventBody::Midi([0xb0, 1, 1]));
        assert_eq!((held.len(), held.iter().collect::<Vec<_>>()), (1, vec![note(64, true)]));
    }

    #[test]
    fn the_log_forgets_the_oldest_and_says_from_when_it_is_whole() {
        let mut log = EventLog::new(3, 5);
        let frames = |log: &EventLog, from, to| -> Vec<u64> {
            log.between(from, to).map(|(frame, _)| frame).collect()
        };
        for frame in [5, 7, 7] {
            log.push(frame, note(1, true));
        }
        assert_eq!((log.complete_from(), frames(&log, 5, 7)), (5, vec![5]));
        log.push(9, note(2, true));
        assert_eq!((log.complete_from(), frames(&log, 0, 10)), (6, vec![7, 7, 9]));
        log.push(9, note(3, true));
        assert_eq!((log.complete_from(), frames(&log, 8, 10)), (8, vec![9, 9]));
    }
}
