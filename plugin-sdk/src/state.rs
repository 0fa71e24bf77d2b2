//! A plugin's state as bytes: text that says what it is. Main thread.
//!
//! ```text
//! retake-state 2 version 1
//! gain=-6.0
//! title=Rain\nand wind
//! end
//! ```
//!
//! UTF-8; a line per parameter and persisted field, sorted by key; every line ends with a line
//! feed. The first number is that of this format, the second one the plugin's `STATE_VERSION`. In
//! keys and values `\\`, `\n` and `\r` stand for a backslash, a line feed and a carriage return.
//! The same values make the same bytes. The format before, `retake-state 1`, had numbers only, no
//! escapes and no version, for which 1 is taken.

mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dsp::Dsp;
use crate::guard::guarded;
use crate::params::{PersistedSlot, Values};
use crate::plugin::Plugin;

/// The most bytes a state may have: a longer one is neither written nor read.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// A saved state on its way in: a text for each key, before the plugin reads it.
///
/// [`Plugin::migrate`](crate::Plugin::migrate) gets it to turn an older state into today's. Keys
/// are those of the parameters and persisted fields, like `bands.0.gain`.
///
/// ```
/// # use retake_sdk::State;
/// fn migrate(state: &mut State, from: u32) {
///     if from < 2 {
///         state.rename("level", "gain");
///         // It was linear once.
///         if let Some(gain) = state.number("gain") {
///             state.set("gain", 20.0 * gain.log10());
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    entries: BTreeMap<String, String>,
}

impl State {
    /// The text of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(String::as_str)
    }

    /// The number of a key; nothing if its text is no finite number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Gives a key a value, like a number or a text. A parameter whose value is then no finite
    /// number makes the state refused.
    ///
    /// # Panics
    ///
    /// If the key holds `=`. In `migrate` the panic refuses the state.
    pub fn set(&mut self, key: &str, value: impl fmt::Display) {
        assert!(!key.contains('='), "the key {key:?} holds `=`");
        self.entries.insert(key.to_owned(), value.to_string());
    }

    /// Moves the value of a key to another, whose own is then lost. Without such a value nothing
    /// happens, and the answer is false.
    ///
    /// # Panics
    ///
    /// If the new key holds `=`. In `migrate` the panic refuses the state.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        let value = self.remove(from);
        value.map(|value| self.set(to, value)).is_some()
    }

    /// Takes a key and its value away: a parameter then goes to its default.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        self.entries.remove(key)
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

/// Why a state was refused. The values are then as they were.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StateError {
    NotAState,
    TooLong,
    CutOff,
    Format { found: String },
    Line { number: usize, text: String },
    Value { key: String, text: String },
    Migration { panic: String },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAState => {
                write!(f, "this is no saved state: it must begin with {:?}", text::MAGIC)
            }
            Self::TooLong => write!(f, "the saved state is longer than {MAX_BYTES} bytes"),
            Self::CutOff => f.write_str("the saved state is cut off: its last line must be `end`"),
            Self::Format { found } => {
                write!(f, "the saved state has the format {found:?}; known are 1 and 2")
            }
            Self::Line { number, text } => {
                write!(f, "line {number} of the saved state is {text:?}; it must be KEY=VALUE")
            }
            Self::Value { key, text } => {
                write!(f, "{key} is {text:?} in the saved state, which is no value for it")
            }
            Self::Migration { panic } => write!(f, "the plugin's migration {panic}"),
        }
    }
}

impl std::error::Error for StateError {}

/// What a plugin's type says of its states.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    version: u32,
    migrate: fn(&mut State, u32),
}

impl Format {
    pub(crate) fn of<P: Plugin>() -> Self {
        Self { version: P::STATE_VERSION, migrate: P::migrate }
    }
}

/// What a state holds beside parameters.
#[derive(Debug)]
pub(crate) struct Keep {
    format: Format,
    persisted: Box<[Arc<dyn PersistedSlot>]>,
    /// What was loaded and belongs to nothing here: it is saved again.
    unknown: Mutex<BTreeMap<String, String>>,
}

impl Keep {
    /// What the plugin declared.
    pub(crate) fn of(dsp: &mut dyn Dsp) -> Self {
        let mut persisted = Vec::new();
        dsp.params().each_persisted(&mut |slot| persisted.push(slot));
        Self {
            format: dsp.format(),
            persisted: persisted.into(),
            unknown: Mutex::new(BTreeMap::new()),
        }
    }

    fn unknown(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The present values as bytes.
pub(crate) fn save(values: &Values) -> Vec<u8> {
    let mut entries = values.keep.unknown().clone();
    for slot in &values.keep.persisted {
        entries.insert(slot.key().to_owned(), slot.text());
    }
    for (index, spec) in values.specs().iter().enumerate() {
        let plain = values.get(index).unwrap_or(spec.default);
        // The debug form is the shortest that reads back as the same number, with an exponent
        // where that is shorter.
        entries.insert(spec.key.clone(), format!("{plain:?}"));
    }
    text::write(values.keep.format.version, &entries)
}

/// Sets all values from `bytes`: what the state does not name goes to its default, what it names
/// and the plugin does not have is kept for the next save, what lies outside its range goes to
/// the range's end. A state of another version goes through the plugin's migration first.
///
/// # Errors
///
/// See [`StateError`]; then no value has changed.
pub(crate) fn load(values: &Values, bytes: &[u8]) -> Result<(), StateError> {
    let (version, entries) = text::read(bytes)?;
    let mut state = State { entries };
    let Format { version: current, migrate } = values.keep.format;
    if version != current {
        guarded(|| migrate(&mut state, version))
            .map_err(|caught| StateError::Migration { panic: caught.line() })?;
    }
    let plain = values
        .specs()
        .iter()
        .map(|spec| Ok(number_of(&mut state, &spec.key)?.unwrap_or(spec.default)))
        .collect::<Result<Vec<f64>, StateError>>()?;
    let fields = values
        .keep
        .persisted
        .iter()
        .map(|slot| {
            let text = state.remove(slot.key());
            slot.prepare(text.as_deref()).ok_or_else(|| wrong_value(slot.key(), text))
        })
        .collect::<Result<Vec<_>, StateError>>()?;
    // Nothing is refused from here on.
    *values.keep.unknown() = state.entries;
    for set in fields {
        set();
    }
    for (index, plain) in plain.into_iter().enumerate() {
        values.set(index, plain);
    }
    values.announce();
    Ok(())
}

/// Takes the number of a key out of the state.
fn number_of(state: &mut State, key: &str) -> Result<Option<f64>, StateError> {
    let number = state.number(key);
    match state.remove(key) {
        Some(text) if number.is_none() => Err(wrong_value(key, Some(text))),
        _ => Ok(number),
    }
}

fn wrong_value(key: &str, text: Option<String>) -> StateError {
    StateError::Value { key: key.to_owned(), text: text.unwrap_or_default() }
}
