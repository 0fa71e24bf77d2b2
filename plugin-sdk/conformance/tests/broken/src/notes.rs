//! Which keys are held.

use std::ptr;

use clap_sys::events::{
    CLAP_EVENT_MIDI, CLAP_EVENT_NOTE_CHOKE, CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON,
    clap_event_header, clap_event_midi, clap_event_note,
};

use crate::broken;

/// A flag for each key.
#[derive(Default)]
pub(crate) struct Keys(u128);

impl Keys {
    pub(crate) fn held(&self) -> u32 {
        self.0.count_ones()
    }

    /// Follows a note event of CLAP or of MIDI; the header is a core event's.
    pub(crate) fn take(&mut self, header: &clap_event_header) {
        let place = ptr::from_ref(header);
        match header.type_ {
            CLAP_EVENT_NOTE_ON => self.hold(unsafe { &*place.cast::<clap_event_note>() }.key, true),
            CLAP_EVENT_NOTE_OFF | CLAP_EVENT_NOTE_CHOKE => {
                self.hold(unsafe { &*place.cast::<clap_event_note>() }.key, false);
            }
            CLAP_EVENT_MIDI => {
                let [status, key, velocity] = unsafe { &*place.cast::<clap_event_midi>() }.data;
                match status & 0xf0 {
                    0x90 => self.hold(i16::from(key), velocity > 0),
                    0x80 => self.hold(i16::from(key), false),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn hold(&mut self, key: i16, is_held: bool) {
        if broken("lost-key") && key >= 128 || broken("wild-key") && key < 0 {
            panic!("there is no key {key}");
        }
        match key {
            0..128 if is_held => self.0 |= 1 << key,
            0..128 => self.0 &= !(1 << key),
            -1 if !is_held => self.0 = 0,
            _ => {}
        }
    }
}
