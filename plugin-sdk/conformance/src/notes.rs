//! Random notes in every dialect that a plugin takes.

use clap_sys::events::{CLAP_EVENT_NOTE_CHOKE, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON};
use clap_sys::ext::note_ports::{
    CLAP_NOTE_DIALECT_CLAP, CLAP_NOTE_DIALECT_MIDI, CLAP_NOTE_DIALECT_MIDI_MPE,
    CLAP_NOTE_DIALECT_MIDI2,
};

use crate::events::{Address, Event};
use crate::instance::NotePort;
use crate::rng::Rng;

/// How the notes keep to the rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Style {
    /// Each note begins and ends once.
    Proper,
    /// Ends without beginnings, beginnings without ends, channels, keys and ports that nobody has.
    Inconsistent,
    /// Ends, chokes and expressions for -1, that is for everything.
    Wildcard,
}

/// Notes over `frames`, about one in 40 frames for each dialect of each port.
pub(crate) fn random(ports: &[NotePort], frames: usize, style: Style, rng: &mut Rng) -> Vec<Event> {
    let mut events = Vec::new();
    for (index, port) in (0..).zip(ports) {
        let dialects: [(u32, Make); 4] = [
            (CLAP_NOTE_DIALECT_CLAP, clap),
            (CLAP_NOTE_DIALECT_MIDI, midi),
            (CLAP_NOTE_DIALECT_MIDI_MPE, midi),
            (CLAP_NOTE_DIALECT_MIDI2, midi2),
        ];
        for (dialect, make) in dialects {
            if port.supported & dialect != 0 {
                one_dialect(&mut events, index, (frames, style), make, rng);
            }
        }
    }
    events.sort_by_key(Event::time);
    events
}

/// Makes one event; the flag says whether the note begins or ends.
type Make = fn(u32, Address, bool, &mut Rng) -> Event;

fn one_dialect(
    events: &mut Vec<Event>,
    port: i16,
    (frames, style): (usize, Style),
    make: Make,
    rng: &mut Rng,
) {
    let last = u32::try_from(frames).unwrap_or(u32::MAX).max(2);
    for number in 0..i32::try_from(frames / 80 + 1).unwrap_or(i32::MAX) {
        let to = Address { id: number, port, channel: small(rng, 16), key: small(rng, 128) };
        let begin = rng.below(last - 1);
        let end = begin + 1 + rng.below(last - begin - 1);
        match style {
            Style::Proper => {
                events.push(make(begin, to, true, rng));
                events.push(make(end, to, false, rng));
            }
            Style::Inconsistent => {
                events.push(make(begin, lost(to, rng), rng.one_in(2), rng));
            }
            Style::Wildcard => {
                events.push(make(begin, to, true, rng));
                events.push(wild(end, to, rng));
            }
        }
    }
}

/// A whole number in `0..n`.
fn small(rng: &mut Rng, n: u32) -> i16 {
    i16::try_from(rng.below(n)).unwrap_or(0)
}

/// An address that may lie outside of everything.
fn lost(to: Address, rng: &mut Rng) -> Address {
    match rng.below(5) {
        0 => Address { id: i32::MAX, ..to },
        1 => Address { port: 99, ..to },
        2 => Address { channel: 16 + small(rng, 100), ..to },
        3 => Address { key: 128 + small(rng, 1000), ..to },
        _ => to,
    }
}

/// An end or an expression with a part of its address left open.
fn wild(time: u32, to: Address, rng: &mut Rng) -> Event {
    let to = match rng.below(5) {
        0 => Address { id: -1, ..to },
        1 => Address { port: -1, ..to },
        2 => Address { channel: -1, ..to },
        3 => Address { key: -1, ..to },
        _ => Address::ALL,
    };
    match rng.below(3) {
        0 => Event::note(time, CLAP_EVENT_NOTE_OFF, to, 0.5),
        1 => Event::note(time, CLAP_EVENT_NOTE_CHOKE, to, 0.0),
        // A gain of at most 1 is in the range of all seven expressions.
        _ => Event::expression(time, i32::from(small(rng, 7)), to, rng.between(0.0, 1.0)),
    }
}

fn clap(time: u32, to: Address, begins: bool, rng: &mut Rng) -> Event {
    let kind = if begins { CLAP_EVENT_NOTE_ON } else { CLAP_EVENT_NOTE_OFF };
    Event::note(time, kind, to, rng.between(0.0, 1.0))
}

fn midi(time: u32, to: Address, begins: bool, rng: &mut Rng) -> Event {
    let [channel, key] =
        [to.channel & 15, to.key & 127].map(|part| u8::try_from(part).unwrap_or(0));
    let velocity = u8::try_from(rng.below(128)).unwrap_or(0);
    let status = if rng.one_in(8) {
        // Pressure, controllers, programs, bends: not only notes.
        [0xa0, 0xb0, 0xc0, 0xd0, 0xe0][rng.below(5) as usize]
    } else if begins {
        0x90
    } else {
        0x80
    };
    Event::midi(time, u16::try_from(to.port).unwrap_or(0), [status | channel, key, velocity])
}

fn midi2(time: u32, to: Address, begins: bool, rng: &mut Rng) -> Event {
    let [channel, key] =
        [to.channel & 15, to.key & 127].map(|part| u32::try_from(part).unwrap_or(0));
    let status = if begins { 9 } else { 8 };
    let first = 4 << 28 | status << 20 | channel << 16 | key << 8;
    let second = rng.below(1 << 16) << 16;
    Event::midi2(time, u16::try_from(to.port).unwrap_or(0), [first, second, 0, 0])
}
