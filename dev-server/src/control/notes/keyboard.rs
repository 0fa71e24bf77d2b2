//! The terminal's keys as a piano: two rows of letters, no key-up.
//!
//! A terminal tells presses only, and repeats the key that is held. So a note lasts for
//! [`LENGTH`] from its last press; a press that comes as fast as only a repeat can prolongs it, a
//! later one releases it and strikes it again. Time is a value: nobody sleeps here.

use std::time::{Duration, Instant};

/// How a note lasts: longer than the pause between two repeats of any terminal.
const LENGTH: Duration = Duration::from_millis(300);
/// Presses of one key that are closer than this are its repetition; a hand is slower.
const REPEAT: Duration = Duration::from_millis(80);
/// The keys from C upwards, as in every DAW.
const ROW: &str = "awsedftgyhujkolp;'";
/// The octave whose C is `a`, at first: middle C.
const OCTAVE: u8 = 4;
const OCTAVES: std::ops::RangeInclusive<u8> = 0..=8;

/// What the mode does.
pub(super) const HELP: &str = "on: a w s e d f t g y h u j k … play, z x octave, n or Esc leaves; \
                               a note lasts 0.3 s, or as long as its key repeats";

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    /// A note begins or ends.
    Note {
        /// MIDI key.
        key: u8,
        /// It begins.
        on: bool,
    },
    /// Another octave.
    Octave(u8),
    /// The note mode begins or ends.
    Mode(bool),
}

/// The note mode.
#[derive(Debug)]
pub(super) struct Keyboard {
    is_on: bool,
    octave: u8,
    /// MIDI key and last press of every note that sounds.
    sounding: Vec<(u8, Instant)>,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self { is_on: false, octave: OCTAVE, sounding: Vec::new() }
    }
}

impl Keyboard {
    /// A key was pressed; `None` when it is none of ours: a command, as ever.
    pub(super) fn press(&mut self, key: char, now: Instant) -> Option<Vec<Press>> {
        match key {
            'n' if !self.is_on => self.is_on = true,
            _ if !self.is_on => return None,
            'n' | '\x1b' => {
                self.is_on = false;
                let released =
                    self.sounding.drain(..).map(|(key, _)| Press::Note { key, on: false });
                return Some(released.chain([Press::Mode(false)]).collect());
            }
            'z' => return Some(self.shift(self.octave.wrapping_sub(1))),
            'x' => return Some(self.shift(self.octave + 1)),
            // A slip of the finger must not quit.
            key => return Some(self.strike(key, now)),
        }
        Some(vec![Press::Mode(true)])
    }

    fn shift(&mut self, octave: u8) -> Vec<Press> {
        if !OCTAVES.contains(&octave) {
            return Vec::new();
        }
        self.octave = octave;
        vec![Press::Octave(octave)]
    }

    fn strike(&mut self, letter: char, now: Instant) -> Vec<Press> {
        let at = ROW.chars().position(|c| c == letter).and_then(|at| u8::try_from(at).ok());
        let Some(key) = at.map(|at| 12 * (self.octave + 1) + at).filter(|key| *key < 128) else {
            return Vec::new();
        };
        let strike = Press::Note { key, on: true };
        let Some((_, pressed)) = self.sounding.iter_mut().find(|(sounds, _)| *sounds == key) else {
            self.sounding.push((key, now));
            return vec![strike];
        };
        let since = now - std::mem::replace(pressed, now);
        if since < REPEAT { Vec::new() } else { vec![Press::Note { key, on: false }, strike] }
    }

    /// The notes whose time is over.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<Press> {
        let over = self.sounding.extract_if(.., |(_, pressed)| now - *pressed >= LENGTH);
        over.map(|(key, _)| Press::Note { key, on: false }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: bool = true;

    fn note(key: u8, on: bool) -> Press {
        Press::Note { key, on }
    }

    /// A keyboard in note mode, and a clock.
    fn piano() -> (Keyboard, impl Fn(u64) -> Instant) {
        let mut keyboard = Keyboard::default();
        let start = Instant::now();
        let at = move |ms| start + Duration::from_millis(ms);
        assert_eq!(keyboard.press('n', at(0)), Some(vec![Press::Mode(true)]));
        (keyboard, at)
    }

    #[test]
    fn outside_of_the_mode_no_key_is_a_note() {
        let mut keyboard = Keyboard::default();
        assert_eq!(keyboard.press('a', Instant::now()), None);
        assert_eq!(keyboard.press('\x1b', Instant::now()), None);
    }

    #[test]
    fn the_rows_play_as_in_a_daw_and_other_keys_do_nothing() {
        let (mut keyboard, at) = piano();
        for (letter, key) in [('a', 60), ('w', 61), ('j', 71), ('k', 72), (';', 76)] {
            assert_eq!(keyboard.press(letter, at(0)), Some(vec![note(key, ON)]), "{letter}");
        }
        assert_eq!(keyboard.press('q', at(0)), Some(vec![]));
        assert_eq!(keyboard.press('z', at(0)), Some(vec![Press::Octave(3)]));
        assert_eq!(keyboard.press('a', at(0)), Some(vec![note(48, ON)]));
    }

    #[test]
    fn octaves_end_where_midi_does() {
        let (mut keyboard, at) = piano();
        for _ in 0..20 {
            keyboard.press('x', at(0));
        }
        assert_eq!(keyboard.press('a', at(0)), Some(vec![note(108, ON)]));
        for _ in 0..20 {
            keyboard.press('z', at(0));
        }
        assert_eq!(keyboard.press('a', at(0)), Some(vec![note(12, ON)]));
    }

    #[test]
    fn a_note_lasts_its_length_or_while_its_key_repeats() {
        let (mut keyboard, at) = piano();
        keyboard.press('a', at(0));
        assert_eq!(keyboard.tick(at(299)), []);
        assert_eq!(keyboard.tick(at(300)), [note(60, !ON)]);
        assert_eq!(keyboard.press('a', at(500)), Some(vec![note(60, ON)]));
        for ms in (530..2_000).step_by(30) {
            assert_eq!(keyboard.press('a', at(ms)), Some(vec![]), "{ms}: a repeat is no stroke");
            assert_eq!(keyboard.tick(at(ms)), []);
        }
        assert_eq!(keyboard.tick(at(2_400)), [note(60, !ON)]);
    }

    #[test]
    fn a_second_press_releases_and_strikes() {
        let (mut keyboard, at) = piano();
        keyboard.press('a', at(0));
        assert_eq!(keyboard.press('a', at(150)), Some(vec![note(60, !ON), note(60, ON)]));
        assert_eq!(keyboard.tick(at(400)), []);
    }

    #[test]
    fn leaving_releases_everything() {
        for leave in ['n', '\x1b'] {
            let (mut keyboard, at) = piano();
            keyboard.press('a', at(0));
            keyboard.press('d', at(1));
            let end = [note(60, !ON), note(64, !ON), Press::Mode(false)];
            assert_eq!(keyboard.press(leave, at(2)), Some(end.to_vec()));
            assert_eq!(keyboard.tick(at(1_000)), []);
            assert_eq!(keyboard.press('a', at(1_001)), None);
        }
    }
}
