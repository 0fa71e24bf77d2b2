//! Events on their way to a plugin and back.

mod ffi;

pub(crate) use ffi::{Input, Output};

use std::ptr;

use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, CLAP_EVENT_MIDI2, CLAP_EVENT_NOTE_EXPRESSION,
    CLAP_EVENT_PARAM_MOD, CLAP_EVENT_PARAM_VALUE, CLAP_EVENT_TRANSPORT, clap_event_header,
    clap_event_midi, clap_event_midi2, clap_event_note, clap_event_note_expression,
    clap_event_param_mod, clap_event_param_value, clap_event_transport,
};

use crate::instance::Cookie;

/// An event at a frame. In a score the frame counts from the score's beginning, in a block from
/// the block's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Param(clap_event_param_value),
    Mod(clap_event_param_mod),
    Note(clap_event_note),
    Expression(clap_event_note_expression),
    Midi(clap_event_midi),
    Midi2(clap_event_midi2),
    Transport(clap_event_transport),
}

/// What a note or a value is addressed to; -1 is everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub(crate) id: i32,
    pub(crate) port: i16,
    pub(crate) channel: i16,
    pub(crate) key: i16,
}

impl Address {
    pub(crate) const ALL: Self = Self { id: -1, port: -1, channel: -1, key: -1 };
}

/// The header of a core event that is a `T`.
fn header<T>(time: u32, type_: u16) -> clap_event_header {
    let size = u32::try_from(size_of::<T>()).unwrap_or(0);
    clap_event_header { size, time, space_id: CLAP_CORE_EVENT_SPACE_ID, type_, flags: 0 }
}

impl Event {
    pub(crate) fn param(time: u32, param_id: u32, value: f64) -> Self {
        Self::param_at(time, param_id, value, Address::ALL)
    }

    pub(crate) fn param_at(time: u32, param_id: u32, value: f64, to: Address) -> Self {
        Self::Param(clap_event_param_value {
            header: header::<clap_event_param_value>(time, CLAP_EVENT_PARAM_VALUE),
            param_id,
            cookie: ptr::null_mut(),
            note_id: to.id,
            port_index: to.port,
            channel: to.channel,
            key: to.key,
            value,
        })
    }

    pub(crate) fn modulation(time: u32, param_id: u32, amount: f64, to: Address) -> Self {
        Self::Mod(clap_event_param_mod {
            header: header::<clap_event_param_mod>(time, CLAP_EVENT_PARAM_MOD),
            param_id,
            cookie: ptr::null_mut(),
            note_id: to.id,
            port_index: to.port,
            channel: to.channel,
            key: to.key,
            amount,
        })
    }

    /// `type_` is one of CLAP's four note events.
    pub(crate) fn note(time: u32, type_: u16, to: Address, velocity: f64) -> Self {
        Self::Note(clap_event_note {
            header: header::<clap_event_note>(time, type_),
            note_id: to.id,
            port_index: to.port,
            channel: to.channel,
            key: to.key,
            velocity,
        })
    }

    pub(crate) fn expression(time: u32, expression_id: i32, to: Address, value: f64) -> Self {
        Self::Expression(clap_event_note_expression {
            header: header::<clap_event_note_expression>(time, CLAP_EVENT_NOTE_EXPRESSION),
            expression_id,
            note_id: to.id,
            port_index: to.port,
            channel: to.channel,
            key: to.key,
            value,
        })
    }

    pub(crate) fn midi(time: u32, port_index: u16, data: [u8; 3]) -> Self {
        let header = header::<clap_event_midi>(time, CLAP_EVENT_MIDI);
        Self::Midi(clap_event_midi { header, port_index, data })
    }

    pub(crate) fn midi2(time: u32, port_index: u16, data: [u32; 4]) -> Self {
        let header = header::<clap_event_midi2>(time, CLAP_EVENT_MIDI2);
        Self::Midi2(clap_event_midi2 { header, port_index, data })
    }

    pub(crate) fn transport(time: u32, mut transport: clap_event_transport) -> Self {
        transport.header = transport_header(time);
        Self::Transport(transport)
    }

    pub(crate) fn time(&self) -> u32 {
        self.header().time
    }

    /// The same event at another frame.
    pub(crate) fn at(mut self, time: u32) -> Self {
        self.header_mut().time = time;
        self
    }

    /// A value with what the plugin gave along with its parameter.
    pub(crate) fn with_cookie(mut self, cookie: Cookie) -> Self {
        if let Self::Param(event) = &mut self {
            event.cookie = cookie.0;
        }
        self
    }

    /// The same event in another namespace.
    pub(crate) fn in_space(mut self, space_id: u16) -> Self {
        self.header_mut().space_id = space_id;
        self
    }

    fn header(&self) -> &clap_event_header {
        match self {
            Self::Param(event) => &event.header,
            Self::Mod(event) => &event.header,
            Self::Note(event) => &event.header,
            Self::Expression(event) => &event.header,
            Self::Midi(event) => &event.header,
            Self::Midi2(event) => &event.header,
            Self::Transport(event) => &event.header,
        }
    }

    fn header_mut(&mut self) -> &mut clap_event_header {
        match self {
            Self::Param(event) => &mut event.header,
            Self::Mod(event) => &mut event.header,
            Self::Note(event) => &mut event.header,
            Self::Expression(event) => &mut event.header,
            Self::Midi(event) => &mut event.header,
            Self::Midi2(event) => &mut event.header,
            Self::Transport(event) => &mut event.header,
        }
    }

    /// The address of the whole event, as CLAP passes it.
    fn raw(&self) -> *const clap_event_header {
        match self {
            Self::Param(event) => ptr::from_ref(event).cast(),
            Self::Mod(event) => ptr::from_ref(event).cast(),
            Self::Note(event) => ptr::from_ref(event).cast(),
            Self::Expression(event) => ptr::from_ref(event).cast(),
            Self::Midi(event) => ptr::from_ref(event).cast(),
            Self::Midi2(event) => ptr::from_ref(event).cast(),
            Self::Transport(event) => ptr::from_ref(event).cast(),
        }
    }
}

/// The header of a transport event.
pub(crate) fn transport_header(time: u32) -> clap_event_header {
    header::<clap_event_transport>(time, CLAP_EVENT_TRANSPORT)
}
