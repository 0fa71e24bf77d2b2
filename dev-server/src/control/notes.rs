//! Notes for the plugin, whoever plays them: pages and scripts, the terminal's keys, a MIDI port, a
//! MIDI file.
//!
//! Who goes away lets go of what they held. The engine knows which notes are held and strikes them
//! anew for the next generation; here is only who holds them.

mod keyboard;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use retake_engine::{Busy, CommandKind, EventBody, Note};
use retake_io::{MidiEvent, MidiPlayer};
use serde_json::json;

use super::Control;
use crate::{
    report::{Tone, say},
    web::{ClientId, RpcError},
};
use keyboard::{Keyboard, Press};

/// Who plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Player {
    /// A page or a script.
    Client(ClientId),
    /// The terminal's keys.
    Keyboard,
    /// The MIDI port.
    Port,
}

/// How hard the terminal's keys strike: it cannot tell.
const KEY_VELOCITY: f64 = 0.8;

/// Who plays what.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Channel and key of every note that is held.
    held: BTreeMap<Player, BTreeSet<(u8, u8)>>,
    keyboard: Keyboard,
    /// The MIDI file.
    pub(super) file: Option<MidiPlayer>,
    said_unheard: bool,
}

impl Notes {
    /// Plays `file`, if there is one.
    pub(super) fn new(file: Option<MidiPlayer>) -> Self {
        Self { file, ..Self::default() }
    }

    fn follow(&mut self, player: Player, note: Note) {
        let held = self.held.entry(player).or_default();
        if note.on {
            held.insert((note.channel, note.key));
        } else {
            held.remove(&(note.channel, note.key));
        }
    }

    /// The notes that end with this player.
    fn leave(&mut self, player: Player) -> impl Iterator<Item = Note> + use<> {
        let held = self.held.remove(&player).unwrap_or_default();
        held.into_iter().map(|(channel, key)| Note { key, channel, velocity: 0.0, on: false })
    }
}

/// From whoever plays to the engine.
impl Control {
    /// Plays or ends a note.
    ///
    /// # Errors
    /// −32001 when the plugin takes no notes, −32000 when the engine has too much waiting.
    pub(super) fn play(&mut self, player: Player, note: Note) -> Result<(), RpcError> {
        self.send_notes(EventBody::Note(note))?;
        self.notes.follow(player, note);
        Ok(())
    }

    /// This player is gone: nothing it held sounds on.
    pub(super) fn let_go(&mut self, player: Player) {
        for note in self.notes.leave(player) {
            // A plugin without ears holds no note; a full ring has been said.
            let _ = self.send_notes(EventBody::Note(note));
        }
    }

    fn send_notes(&mut self, body: EventBody) -> Result<(), RpcError> {
        match self.reload.playing_info() {
            None => {
                return Err(RpcError::unsupported("no plugin is running that could take notes"));
            }
            Some(plugin) if !self.reload.takes_notes() => {
                let message = format!("{} takes no notes: it has no note input", plugin.name);
                return Err(RpcError::unsupported(message));
            }
            Some(_) => {}
        }
        let sent = self.audio.send(0, CommandKind::Plugin(body));
        sent.map_err(|busy: Busy| RpcError::busy(busy.to_string()))
    }

    /// What the MIDI port tells.
    pub(super) fn on_midi(&mut self, event: MidiEvent) {
        let played = match event {
            MidiEvent::Played(EventBody::Note(note)) => self.play(Player::Port, note),
            MidiEvent::Played(body) => self.send_notes(body),
            MidiEvent::State { state, port } => {
                let event =
                    self.parts.report.event("midi", json!({ "state": state, "port": port }));
                let word = event["state"].as_str().unwrap_or_default();
                say(Tone::Warning, "MIDI", format!("{port} {word}"));
                self.let_go(Player::Port);
                Ok(())
            }
        };
        if let Err(error) = played {
            self.say_unheard(&error.message);
        }
    }

    /// `--midi` plays a plugin that has no ear for it.
    pub(super) fn warn_of_unheard_midi(&mut self) {
        if self.parts.run.notes.midi.is_some() && !self.reload.takes_notes() {
            self.say_unheard("--midi plays, but the plugin takes no notes: it has no note input");
        }
    }

    /// Once: a keyboard may send a thousand notes.
    fn say_unheard(&mut self, why: &str) {
        if !std::mem::replace(&mut self.notes.said_unheard, true) {
            say(Tone::Warning, "Notes", why);
        }
    }

    /// A key of the terminal; whether it was one for the notes.
    pub(super) fn on_note_key(&mut self, key: char, now: Instant) -> bool {
        let Some(presses) = self.notes.keyboard.press(key, now) else {
            return false;
        };
        for press in presses {
            self.on_press(press);
        }
        true
    }

    fn on_press(&mut self, press: Press) {
        match press {
            Press::Note { key, on } => {
                let velocity = if on { KEY_VELOCITY } else { 0.0 };
                let note = Note { key, channel: 0, velocity, on };
                if let Err(error) = self.play(Player::Keyboard, note) {
                    say(Tone::Warning, "Notes", error.message);
                }
            }
            Press::Octave(octave) => {
                say(Tone::Plain, "Notes", format!("octave {octave}: a plays C{octave}"));
            }
            Press::Mode(true) => say(Tone::Plain, "Notes", keyboard::HELP),
            Press::Mode(false) => say(Tone::Plain, "Notes", "off: the keys are commands again"),
        }
    }

    /// Ends the terminal's notes that are over, and feeds the MIDI file.
    pub(super) fn tick_notes(&mut self, now: Instant) {
        for press in self.notes.keyboard.tick(now) {
            self.on_press(press);
        }
        self.feed_midi();
    }

    /// As far as the engine should know the MIDI file.
    pub(super) fn feed_midi(&mut self) {
        let Some(file) = &mut self.notes.file else {
            return;
        };
        let now = self.parts.probe.frames.get();
        file.feed(now, |frame, body| self.audio.send(frame, CommandKind::Plugin(body)).is_ok());
    }

    /// A note that the plugin plays.
    pub(super) fn on_plugin_note(&self, note: Note, frame: u64) {
        let Note { key, channel, velocity, on } = note;
        let note = json!({
            "key": key, "velocity": velocity, "on": on, "channel": channel,
            "frame": frame, "from": "plugin",
        });
        self.parts.report.notify("note", &note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_lets_go_of_what_they_held_and_no_more() {
        let mut notes = Notes::default();
        let (one, two) = (Player::Client(ClientId(1)), Player::Client(ClientId(2)));
        let note = |key, on| Note { key, channel: 3, velocity: 0.5, on };
        notes.follow(one, note(60, true));
        notes.follow(one, note(64, true));
        notes.follow(one, note(60, false));
        notes.follow(two, note(67, true));
        let released: Vec<_> = notes.leave(one).map(|n| (n.channel, n.key, n.on)).collect();
        assert_eq!(released, [(3, 64, false)]);
        assert_eq!(notes.leave(one).count(), 0);
        assert_eq!(notes.leave(two).count(), 1);
    }
}
