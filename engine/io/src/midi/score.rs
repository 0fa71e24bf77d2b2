//! A standard MIDI file as events at their times: all tracks merged, the tempo map applied.
//!
//! Pure: bytes in, seconds out. A file that breaks off is refused whole, because half a piece that
//! plays looks like a fault of the plugin.

use std::path::Path;

use midly::{Format, MetaMessage, Smf, Timing, TrackEventKind, live::LiveEvent};
use retake_engine::{EventBody, Note, event::HeldNotes};

use crate::error::IoError;

/// Tempo of a file until it names one, in microseconds per quarter note: 120 bpm.
const DEFAULT_TEMPO_US: f64 = 500_000.0;

/// What a MIDI file plays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Score {
    /// In the order of their times. Every note that begins ends.
    pub events: Vec<TimedEvent>,
    /// The first tempo that the file names, in quarter notes per minute.
    pub tempo_bpm: Option<f64>,
}

/// An event and when it comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimedEvent {
    /// Seconds since the beginning.
    pub seconds: f64,
    /// What comes.
    pub body: EventBody,
}

impl Score {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`IoError::MidiRead`] when it is not there, no MIDI file, broken off, or of format 2.
    pub fn read(path: &Path) -> Result<Self, IoError> {
        let failed = |reason| IoError::MidiRead { path: path.to_owned(), reason };
        let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        Self::parse(&bytes).map_err(failed)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = unwrapped(bytes);
        check_chunks(bytes)?;
        let smf = Smf::parse(bytes).map_err(|error| format!("no MIDI file: {error}"))?;
        if smf.header.format == Format::Sequential {
            return Err(
                "a file of format 2 holds patterns, not a piece: save it as format 1".into()
            );
        }
        let mut changes = Vec::new();
        for (n, track) in smf.tracks.iter().enumerate() {
            let mut tick = 0_u64;
            for event in track {
                tick += u64::from(event.delta.as_int());
                changes.extend(Change::of(&event.kind).map(|change| (tick, change)));
            }
            let end = track.last().map(|event| event.kind);
            if end != Some(TrackEventKind::Meta(MetaMessage::EndOfTrack)) {
                return Err(format!("track {} has no end: the file is damaged", n + 1));
            }
        }
        changes.sort_by_key(|(tick, _)| *tick);
        Ok(Self::of_changes(&changes, Ticks::new(smf.header.timing)))
    }

    fn of_changes(changes: &[(u64, Change)], mut ticks: Ticks) -> Self {
        let mut score = Self::default();
        let mut held = HeldNotes::default();
        let mut seconds = 0.0;
        for &(tick, change) in changes {
            seconds = ticks.seconds_at(tick);
            match change {
                Change::Tempo(us) => {
                    score.tempo_bpm.get_or_insert(60e6 / us);
                    ticks.set_tempo(tick, us);
                }
                Change::Event(body) => {
                    held.follow(&body);
                    score.events.push(TimedEvent { seconds, body });
                }
                Change::End => {}
            }
        }
        score.events.extend(held.iter().filter_map(|body| {
            let EventBody::Note(note) = body else { return None };
            let body = EventBody::Note(Note { on: false, velocity: 0.0, ..note });
            Some(TimedEvent { seconds, body })
        }));
        score
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.events.last().map_or(0.0, |event| event.seconds)
    }
}

/// What matters of a track.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// Microseconds per quarter note.
    Tempo(f64),
    Event(EventBody),
    /// The end of a track.
    End,
}

impl Change {
    fn of(kind: &TrackEventKind<'_>) -> Option<Self> {
        match *kind {
            // A tempo of 0 would stop time.
            TrackEventKind::Meta(MetaMessage::Tempo(us)) if us > 0 => {
                Some(Self::Tempo(us.as_int().into()))
            }
            TrackEventKind::Meta(MetaMessage::EndOfTrack) => Some(Self::End),
            TrackEventKind::Midi { channel, message } => {
                let mut bytes = [0; 3];
                let mut rest = &mut bytes[..];
                LiveEvent::Midi { channel, message }.write(&mut rest).ok()?;
                EventBody::from_midi(bytes).map(Self::Event)
            }
            _ => None,
        }
    }
}

/// From ticks to seconds, while the tempo changes.
struct Ticks {
    /// Ticks per quarter note; none where the file counts by time code, whose ticks have one length.
    per_quarter: Option<f64>,
    tick_seconds: f64,
    /// The last change of tempo.
    since_tick: u64,
    since_seconds: f64,
}

impl Ticks {
    fn new(timing: Timing) -> Self {
        let mut ticks =
            Self { per_quarter: None, tick_seconds: 0.0, since_tick: 0, since_seconds: 0.0 };
        match timing {
            Timing::Metrical(per_quarter) => {
                ticks.per_quarter = Some(f64::from(per_quarter.as_int().max(1)));
                ticks.set_tempo(0, DEFAULT_TEMPO_US);
            }
            Timing::Timecode(fps, subframes) => {
                let frames_per_second = match fps {
                    midly::Fps::Fps29 => 30.0 / 1.001,
                    whole => f64::from(whole.as_int()),
                };
                ticks.tick_seconds = 1.0 / (frames_per_second * f64::from(subframes.max(1)));
            }
        }
        ticks
    }

    /// Of a tick since the last change of tempo.
    fn seconds_at(&self, tick: u64) -> f64 {
        self.since_seconds + (tick - self.since_tick) as f64 * self.tick_seconds
    }

    fn set_tempo(&mut self, tick: u64, us: f64) {
        (self.since_seconds, self.since_tick) = (self.seconds_at(tick), tick);
        if let Some(per_quarter) = self.per_quarter {
            self.tick_seconds = us * 1e-6 / per_quarter;
        }
    }
}

/// The file inside of a RIFF file, as old systems wrote it; any other file is itself.
fn unwrapped(bytes: &[u8]) -> &[u8] {
    let Some((head, body)) = bytes.split_first_chunk::<20>() else {
        return bytes;
    };
    if !head.starts_with(b"RIFF") || head[8..16] != *b"RMIDdata" {
        return bytes;
    }
    let [.., a, b, c, d] = *head;
    body.get(..u32::from_le_bytes([a, b, c, d]) as usize).unwrap_or(body)
}

/// Whether the file is as long as its chunks say: the parser would play what is there.
fn check_chunks(bytes: &[u8]) -> Result<(), String> {
    if !bytes.starts_with(b"MThd") {
        return Err("no MIDI file: it does not begin with MThd".to_owned());
    }
    let mut rest = bytes;
    let mut n_tracks = 0_u16;
    while !rest.is_empty() {
        let cut = || format!("truncated: it breaks off in track {}", n_tracks + 1);
        let (head, body) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let [.., a, b, c, d] = *head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        rest = body.get(length..).ok_or_else(cut)?;
        n_tracks = n_tracks.saturating_add(u16::from(head.starts_with(b"MTrk")));
    }
    // The parser negates this byte, and has no number for the result.
    if bytes.get(12) == Some(&0x80) {
        return Err("no MIDI file: its time code counts no frames".to_owned());
    }
    let promised = bytes.get(10..12).map_or(0, |n| u16::from_be_bytes([n[0], n[1]]));
    if n_tracks < promised {
        return Err(format!("truncated: it promises {promised} tracks, {n_tracks} are there"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
