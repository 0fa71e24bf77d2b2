//! Values as runs of 32-bit words: what lies in shared memory, written and read in order.
//!
//! Both ends stop at the end of their run: a writer says whether there was room, a reader gives
//! zeros.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use retake_engine::{EventBody, Note, PluginEvent, Transport};

/// Words of an event.
pub(crate) const EVENT_WORDS: usize = 5;

/// Writes one value after the other.
///
/// # Real time
/// Stores, as all of this type.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    words: &'a [AtomicU32],
    at: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(words: &'a [AtomicU32]) -> Self {
        Self { words, at: 0 }
    }

    /// Whether so many words have room.
    pub(crate) fn has_room(&self, n_words: usize) -> bool {
        self.words.len() - self.at >= n_words
    }

    pub(crate) fn u32(&mut self, value: u32) {
        if let Some(word) = self.words.get(self.at) {
            word.store(value, Relaxed);
            self.at += 1;
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    pub(crate) fn u64(&mut self, value: u64) {
        self.u32(value as u32);
        self.u32((value >> 32) as u32);
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    pub(crate) fn transport(&mut self, time: Transport) {
        for value in [time.tempo_bpm, time.seconds, time.beats] {
            self.f64(value);
        }
    }

    pub(crate) fn event(&mut self, event: PluginEvent) {
        self.u32(event.offset);
        let bytes = |[a, b, c]: [u8; 3], kind: u8| u32::from_le_bytes([kind, a, b, c]);
        match event.body {
            EventBody::Param { id, value } => {
                self.u32(0);
                self.u32(id);
                self.f64(value);
            }
            EventBody::Note(note) => {
                self.u32(bytes([note.key, note.channel, note.on.into()], 1));
                self.u32(0);
                self.f64(note.velocity);
            }
            EventBody::Midi(message) => {
                self.u32(bytes(message, 2));
                self.u32(0);
                self.u64(0);
            }
        }
    }
}

/// Reads one value after the other.
///
/// # Real time
/// Loads, as all of this type.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    words: &'a [AtomicU32],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(words: &'a [AtomicU32]) -> Self {
        Self { words, at: 0 }
    }

    pub(crate) fn u32(&mut self) -> u32 {
        let value = self.words.get(self.at).map_or(0, |word| word.load(Relaxed));
        self.at += 1;
        value
    }

    pub(crate) fn u64(&mut self) -> u64 {
        let low = self.u32();
        u64::from(low) | u64::from(self.u32()) << 32
    }

    pub(crate) fn f64(&mut self) -> f64 {
        f64::from_bits(self.u64())
    }

    pub(crate) fn transport(&mut self) -> Transport {
        let [tempo_bpm, seconds, beats] = [(); 3].map(|()| self.f64());
        Transport { tempo_bpm, seconds, beats }
    }

    /// The next event; `None` for what is none.
    pub(crate) fn event(&mut self) -> Option<PluginEvent> {
        let offset = self.u32();
        let [kind, a, b, c] = self.u32().to_le_bytes();
        let id = self.u32();
        let value = self.f64();
        let body = match kind {
            0 => EventBody::Param { id, value },
            1 => EventBody::Note(Note { key: a, channel: b, on: c != 0, velocity: value }),
            2 => EventBody::Midi([a, b, c]),
            _ => return None,
        };
        Some(PluginEvent { offset, body })
    }
}

/// Copies samples into words.
///
/// # Real time
/// Stores.
pub(crate) fn store(words: &[AtomicU32], samples: &[f32]) {
    for (word, sample) in words.iter().zip(samples) {
        word.store(sample.to_bits(), Relaxed);
    }
}

/// Copies words into samples.
///
/// # Real time
/// Loads.
pub(crate) fn load(words: &[AtomicU32], samples: &mut [f32]) {
    for (sample, word) in samples.iter_mut().zip(words) {
        *sample = f32::from_bits(word.load(Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_the_end_is_the_end() {
        let words: [AtomicU32; 24] = Default::default();
        let note = Note { key: 60, channel: 15, velocity: 0.3, on: true };
        let bodies = [
            EventBody::Param { id: 7, value: -0.1 },
            EventBody::Note(note),
            EventBody::Midi([1; 3]),
        ];
        let events = bodies.map(|body| PluginEvent { offset: 9, body });
        let time = Transport::at(1_234, 48_000, 93.0);
        let mut writer = Writer::new(&words);
        writer.transport(time);
        for event in events {
            writer.event(event);
        }
        assert!(writer.has_room(3) && !writer.has_room(4));
        (1..=5).for_each(|n| writer.u32(n));
        let mut reader = Reader::new(&words);
        assert_eq!(reader.transport(), time);
        assert_eq!(events.map(|_| reader.event()), events.map(Some));
        assert_eq!([(); 4].map(|()| reader.u32()), [1, 2, 3, 0]);
    }
}
