//! CLAP's events become the processor's inputs, and what the plugin sends becomes CLAP's; the
//! note ports that both go through.

use clack_extensions::note_ports::{
    NoteDialect, NoteDialects, NotePortInfo, NotePortInfoWriter, PluginNotePortsImpl,
};
use clack_plugin::events::event_types::{
    MidiEvent, NoteChokeEvent, NoteEndEvent, NoteExpressionEvent, NoteExpressionType, NoteOffEvent,
    NoteOnEvent, TransportEvent, TransportFlags,
};
use clack_plugin::events::io::{InputEvents, OutputEvents, TryPushError};
use clack_plugin::events::spaces::CoreEventSpace;
use clack_plugin::events::{Match, Pckn, UnknownEvent};
use clack_plugin::utils::ClapId;

use super::main_thread::MainSide;
use crate::event::{Event, EventKind, Expression, Note, Notes, Target, from_midi};
use crate::input::{Input, What};
use crate::transport::Transport;

/// CLAP's number for MIDI's expression, which clack does not know in this direction.
const EXPRESSION: i32 = NoteExpressionType::Expression as i32;

impl PluginNotePortsImpl for MainSide<'_> {
    fn count(&self, is_input: bool) -> u32 {
        let Notes { input, output } = self.notes();
        u32::from(if is_input { input } else { output })
    }

    fn get(&self, index: u32, is_input: bool, writer: &mut NotePortInfoWriter<'_>) {
        if index >= PluginNotePortsImpl::count(self, is_input) {
            return;
        }
        writer.set(&NotePortInfo {
            id: ClapId::new(0),
            name: if is_input { b"Notes in" } else { b"Notes out" },
            supported_dialects: NoteDialects::CLAP | NoteDialects::MIDI,
            preferred_dialect: Some(NoteDialect::Clap),
        });
    }
}

/// What the plugin takes of the host's events.
pub(super) fn inputs<'e>(
    events: &'e InputEvents<'_>,
    notes: Notes,
) -> impl Iterator<Item = Input> + use<'e> {
    events.iter().filter_map(move |event| {
        let what = what(event)?;
        let is_wanted = notes.input || !matches!(what, What::Event(_));
        is_wanted.then_some(Input { frame: event.header().time() as usize, what })
    })
}

fn what(event: &UnknownEvent) -> Option<What> {
    Some(match event.as_core_event()? {
        CoreEventSpace::ParamValue(event) => {
            What::Param { id: event.param_id()?.get(), plain: event.value() }
        }
        CoreEventSpace::Transport(event) => What::Transport(transport(event)),
        CoreEventSpace::NoteOn(event) => {
            let note = note(event.pckn())?;
            What::Event(EventKind::NoteOn { note, velocity: unit(event.velocity()) })
        }
        CoreEventSpace::NoteOff(event) => {
            let target = target(event.pckn())?;
            What::Event(EventKind::NoteOff { target, velocity: unit(event.velocity()) })
        }
        CoreEventSpace::NoteChoke(event) => {
            What::Event(EventKind::NoteChoke { target: target(event.pckn())? })
        }
        CoreEventSpace::NoteExpression(event) => What::Event(expression(event)?),
        CoreEventSpace::Midi(event) => What::Event(from_midi(event.data())),
        _ => return None,
    })
}

/// A velocity, whatever the host sends.
fn unit(velocity: f64) -> f32 {
    if velocity.is_finite() { single(velocity.clamp(0.0, 1.0)) } else { 0.0 }
}

#[expect(clippy::cast_possible_truncation, reason = "notes are played in f32")]
fn single(value: f64) -> f32 {
    value as f32
}

/// A key or channel within its range; a number out of it is `Err`.
fn within<T: TryInto<u8>>(value: Match<T>, end: u8) -> Result<Option<u8>, ()> {
    match value {
        Match::All => Ok(None),
        Match::Specific(value) => match value.try_into() {
            Ok(value) if value < end => Ok(Some(value)),
            _ => Err(()),
        },
    }
}

/// Whom an event is for; nothing if there can be no such note.
fn target(pckn: Pckn) -> Option<Target> {
    let id = match pckn.note_id {
        Match::Specific(id) => Some(id),
        Match::All => None,
    };
    let key = within(pckn.key, 128).ok()?;
    Some(Target { key, channel: within(pckn.channel, 16).ok()?, id })
}

fn note(pckn: Pckn) -> Option<Note> {
    let Target { key, channel, id } = target(pckn)?;
    Some(Note { key: key?, channel: channel.unwrap_or(0), id })
}

fn expression(event: &NoteExpressionEvent) -> Option<EventKind> {
    let expression = match event.expression_type() {
        Some(NoteExpressionType::Volume) => Expression::Volume,
        Some(NoteExpressionType::Pan) => Expression::Pan,
        Some(NoteExpressionType::Tuning) => Expression::Pitch,
        Some(NoteExpressionType::Vibrato) => Expression::Vibrato,
        Some(NoteExpressionType::Brightness) => Expression::Brightness,
        Some(NoteExpressionType::Pressure) => Expression::Pressure,
        None if event.as_raw().expression_id == EXPRESSION => Expression::Expression,
        _ => return None,
    };
    let value = event.value();
    let target = target(event.pckn())?;
    value.is_finite().then(|| EventKind::NoteExpression {
        target,
        expression,
        value: single(value),
    })
}

/// The host's transport; numbers that are none are left out.
pub(super) fn transport(event: &TransportEvent) -> Transport {
    let has = |flag| event.flags.contains(flag);
    let finite = |value: f64| value.is_finite().then_some(value);
    let if_beats = has(TransportFlags::HAS_BEATS_TIMELINE);
    let tempo = finite(event.tempo).filter(|tempo| *tempo > 0.0 && has(TransportFlags::HAS_TEMPO));
    let signature = (event.time_signature_numerator, event.time_signature_denominator);
    let has_signature = has(TransportFlags::HAS_TIME_SIGNATURE);
    let loop_beats = (event.loop_start_beats.to_float(), event.loop_end_beats.to_float());
    Transport {
        is_playing: has(TransportFlags::IS_PLAYING),
        is_recording: has(TransportFlags::IS_RECORDING),
        tempo,
        beats: if_beats.then(|| event.song_pos_beats.to_float()),
        seconds: has(TransportFlags::HAS_SECONDS_TIMELINE)
            .then(|| event.song_pos_seconds.to_float()),
        bar_start_beats: if_beats.then(|| event.bar_start.to_float()),
        bar: if_beats.then_some(event.bar_number),
        time_signature: Some(signature).filter(|(n, d)| has_signature && *n > 0 && *d > 0),
        loop_beats: Some(loop_beats).filter(|_| if_beats && has(TransportFlags::IS_LOOP_ACTIVE)),
        tempo_per_frame: finite(event.tempo_inc).filter(|_| tempo.is_some()).unwrap_or(0.0),
    }
}

/// Gives the host what the plugin sent; returns how many events it refused.
///
/// # Real time
///
/// One call of the host per event; allocates nothing.
pub(super) fn push(sent: &[Event], output: &mut OutputEvents<'_>) -> u64 {
    let refused = sent.iter().filter(|event| push_one(event, output).is_err());
    refused.count() as u64
}

fn push_one(event: &Event, output: &mut OutputEvents<'_>) -> Result<(), TryPushError> {
    let time = u32::try_from(event.frame).unwrap_or(u32::MAX);
    match event.kind {
        EventKind::NoteOn { note, velocity } => {
            output.try_push(NoteOnEvent::new(time, pckn(note.into()), velocity.into()))
        }
        EventKind::NoteOff { target, velocity } => {
            output.try_push(NoteOffEvent::new(time, pckn(target), velocity.into()))
        }
        EventKind::NoteChoke { target } => output.try_push(NoteChokeEvent::new(time, pckn(target))),
        EventKind::NoteEnd { note } => output.try_push(NoteEndEvent::new(time, pckn(note.into()))),
        EventKind::NoteExpression { target, expression, value } => {
            let kind = expression_type(expression);
            output.try_push(NoteExpressionEvent::new(time, pckn(target), kind, value.into()))
        }
        EventKind::Midi(bytes) => output.try_push(MidiEvent::new(time, 0, bytes)),
    }
}

fn expression_type(expression: Expression) -> NoteExpressionType {
    match expression {
        Expression::Volume => NoteExpressionType::Volume,
        Expression::Pan => NoteExpressionType::Pan,
        Expression::Pitch => NoteExpressionType::Tuning,
        Expression::Vibrato => NoteExpressionType::Vibrato,
        Expression::Expression => NoteExpressionType::Expression,
        Expression::Brightness => NoteExpressionType::Brightness,
        Expression::Pressure => NoteExpressionType::Pressure,
    }
}

fn pckn(target: Target) -> Pckn {
    let narrow =
        |value: Option<u8>| value.map_or(Match::All, |value| Match::Specific(value.into()));
    Pckn {
        port_index: Match::Specific(0),
        channel: narrow(target.channel),
        key: narrow(target.key),
        note_id: target.id.map_or(Match::All, Match::Specific),
    }
}
