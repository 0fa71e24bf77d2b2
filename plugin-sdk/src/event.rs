//! What happens besides parameters: notes and MIDI, coming in and going out.

/// Something that happens at a frame: a note, or a MIDI message.
///
/// A MIDI message that is a note arrives as a note; all others arrive as [`EventKind::Midi`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When, in frames from the beginning of the block that `process` is given. With
    /// [`Plugin::SPLIT`](crate::Plugin::SPLIT) it is always 0, because the block begins there.
    pub frame: usize,
    /// What.
    pub kind: EventKind,
}

/// What an [`Event`] is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A key goes down.
    NoteOn {
        /// The note that begins.
        note: Note,
        /// How hard, 0 to 1; 0 is a very soft note and no release.
        velocity: f32,
    },
    /// A key goes up: the notes fade as their release says.
    NoteOff {
        /// The notes that are let go.
        target: Target,
        /// How fast, 0 to 1.
        velocity: f32,
    },
    /// The notes end at once.
    NoteChoke {
        /// The notes that end.
        target: Target,
    },
    /// A voice has ended. Plugins send it to the host, hosts never to plugins.
    NoteEnd {
        /// The note as it came with its `NoteOn`.
        note: Note,
    },
    /// Sounding notes are shaped.
    NoteExpression {
        /// The notes that are shaped.
        target: Target,
        /// Which of their qualities.
        expression: Expression,
        /// Its new value, finite, in the unit of `expression`.
        value: f32,
    },
    /// A MIDI 1.0 message: status and two bytes of data.
    Midi([u8; 3]),
}

impl EventKind {
    /// This, at a frame of the block that `process` is given.
    #[must_use]
    pub fn at(self, frame: usize) -> Event {
        Event { frame, kind: self }
    }
}

impl From<EventKind> for Event {
    /// At the block's first frame.
    fn from(kind: EventKind) -> Self {
        kind.at(0)
    }
}

/// One note that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// The key, 0 to 127; 60 is the middle C, 69 the A of 440 Hz.
    pub key: u8,
    /// The channel, 0 to 15.
    pub channel: u8,
    /// The host's own number of this note, if it gives one: it tells two notes of one key apart.
    pub id: Option<u32>,
}

impl Note {
    /// A note without a number of the host.
    #[must_use]
    pub const fn new(key: u8, channel: u8) -> Self {
        Self { key, channel, id: None }
    }

    /// The frequency of its key in equal temperament, in Hz; key 69 has 440 Hz.
    #[must_use]
    pub fn hz(self) -> f32 {
        440.0 * ((f32::from(self.key) - 69.0) / 12.0).exp2()
    }
}

/// Which notes an event is for. What is `None` is no condition: all `None` means all notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// Those of this key, 0 to 127.
    pub key: Option<u8>,
    /// Those of this channel, 0 to 15.
    pub channel: Option<u8>,
    /// The one with this number of the host.
    pub id: Option<u32>,
}

impl Target {
    /// Whether `note` is meant. A note without a number is not excluded by a number.
    #[must_use]
    pub fn matches(&self, note: &Note) -> bool {
        self.key.is_none_or(|key| key == note.key)
            && self.channel.is_none_or(|channel| channel == note.channel)
            && (self.id.is_none() || note.id.is_none() || self.id == note.id)
    }
}

impl From<Note> for Target {
    /// Exactly this note.
    fn from(note: Note) -> Self {
        Self { key: Some(note.key), channel: Some(note.channel), id: note.id }
    }
}

/// A quality of a sounding note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expression {
    /// Gain, linear, 0 to 4; 1 is unchanged.
    Volume,
    /// Place between left (0) and right (1); 0.5 is the middle.
    Pan,
    /// Distance from the key in semitones, −120 to 120.
    Pitch,
    /// Amount of vibrato, 0 to 1.
    Vibrato,
    /// Expression in MIDI's sense, 0 to 1.
    Expression,
    /// Brightness, 0 to 1.
    Brightness,
    /// Pressure on the key, 0 to 1.
    Pressure,
}

/// Whether a plugin takes notes and sends them: [`Plugin::NOTES`](crate::Plugin::NOTES).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    pub(crate) input: bool,
    pub(crate) output: bool,
}

impl Notes {
    /// Neither.
    pub const NONE: Self = Self { input: false, output: false };
    /// Takes notes and MIDI, like an instrument.
    pub const INPUT: Self = Self { input: true, output: false };
    /// Sends notes and MIDI, like a sequencer.
    pub const OUTPUT: Self = Self { input: false, output: true };
    /// Takes and sends them, like an arpeggiator.
    pub const INPUT_OUTPUT: Self = Self { input: true, output: true };

    /// Whether the plugin may send `kind`: the end of a note to whoever sent the note.
    pub(crate) fn may_send(self, kind: EventKind) -> bool {
        match kind {
            EventKind::NoteEnd { .. } => self.input || self.output,
            _ => self.output,
        }
    }
}

/// A MIDI message as the event that it means.
pub(crate) fn from_midi(bytes: [u8; 3]) -> EventKind {
    let [status, key, value] = bytes.map(|byte| byte & 0x7f);
    let channel = status & 0x0f;
    let amount = f32::from(value) / 127.0;
    let note = Note::new(key, channel);
    match (bytes[0] & 0xf0, value) {
        (0x90, 1..) => EventKind::NoteOn { note, velocity: amount },
        (0x80 | 0x90, _) => EventKind::NoteOff { target: note.into(), velocity: amount },
        (0xa0, _) => EventKind::NoteExpression {
            target: note.into(),
            expression: Expression::Pressure,
            value: amount,
        },
        _ => EventKind::Midi(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midi_notes_are_notes_and_the_rest_is_midi() {
        let note = Note::new(60, 3);
        let target = note.into();
        let on = EventKind::NoteOn { note, velocity: 1.0 };
        assert_eq!(from_midi([0x93, 60, 127]), on);
        let off = EventKind::NoteOff { target, velocity: 0.0 };
        assert_eq!(from_midi([0x93, 60, 0]), off, "a note of velocity 0 is a release");
        assert_eq!(from_midi([0x83, 60, 0]), off);
        let expression = Expression::Pressure;
        let pressure = EventKind::NoteExpression { target, expression, value: 1.0 };
        assert_eq!(from_midi([0xa3, 60, 127]), pressure);
        assert_eq!(from_midi([0xb0, 1, 64]), EventKind::Midi([0xb0, 1, 64]));
    }

    #[test]
    fn a_target_means_the_notes_that_meet_all_its_conditions() {
        let note = Note { key: 60, channel: 1, id: Some(7) };
        assert!(Target::default().matches(&note));
        assert!(Target::from(note).matches(&note));
        assert!(Target::from(note).matches(&Note::new(60, 1)));
        for other in [Note { key: 61, ..note }, Note { channel: 2, ..note }] {
            assert!(!Target::from(note).matches(&other));
        }
        assert!(!Target::from(note).matches(&Note { id: Some(8), ..note }));
    }

    #[test]
    fn an_octave_doubles_the_frequency() {
        assert!((Note::new(69, 0).hz() - 440.0).abs() < 1e-3);
        assert!((Note::new(81, 0).hz() - 880.0).abs() < 1e-3);
    }
}
