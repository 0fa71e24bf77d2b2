//! A plugin's state as bytes: text that says what it is. Main thread.
//!
//! ```text
//! retake-state 1
//! gain=-6.0
//! ```
//!
//! UTF-8, a line per parameter in the order of declaration, key and plain value; every line ends
//! with a line feed. The same values make the same bytes.

use std::fmt::{self, Write as _};

use crate::params::Values;

const MAGIC: &str = "retake-state ";
const VERSION: &str = "1";

/// The most bytes a state may have; a stream that goes on longer is refused.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Why a state was refused. The values are then as they were.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StateError {
    NotAState,
    TooLong,
    Version { found: String },
    Line { number: usize, text: String },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAState => write!(f, "this is no saved state: it must begin with {MAGIC:?}"),
            Self::TooLong => write!(f, "the saved state is longer than {MAX_BYTES} bytes"),
            Self::Version { found } => {
                write!(f, "the saved state has version {found:?}; known is {VERSION}")
            }
            Self::Line { number, text } => write!(
                f,
                "line {number} of the saved state is {text:?}; it must be KEY=FINITE NUMBER"
            ),
        }
    }
}

impl std::error::Error for StateError {}

/// The present values as bytes.
pub(crate) fn save(values: &Values) -> Vec<u8> {
    let mut text = format!("{MAGIC}{VERSION}\n");
    for (index, spec) in values.specs().iter().enumerate() {
        let plain = values.get(index).unwrap_or(spec.default);
        // The debug form is the shortest that reads back as the same number, with an exponent
        // where that is shorter.
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}={plain:?}", spec.key);
    }
    text.into_bytes()
}

/// Sets all values from `bytes`: what the state does not name goes to its default, what it names
/// and the plugin does not have is ignored, what lies outside its range is clamped.
///
/// # Errors
///
/// See [`StateError`]; then no value has changed.
pub(crate) fn load(values: &Values, bytes: &[u8]) -> Result<(), StateError> {
    let loaded = parse(bytes)?;
    for (index, spec) in values.specs().iter().enumerate() {
        let found = loaded.iter().rfind(|(key, _)| *key == spec.key);
        values.set(index, found.map_or(spec.default, |(_, plain)| *plain));
    }
    values.announce();
    Ok(())
}

fn parse(bytes: &[u8]) -> Result<Vec<(&str, f64)>, StateError> {
    let text = str::from_utf8(bytes).map_err(|_| StateError::NotAState)?;
    let mut lines = text.lines();
    let version =
        lines.next().and_then(|line| line.strip_prefix(MAGIC)).ok_or(StateError::NotAState)?;
    if version != VERSION {
        return Err(StateError::Version { found: version.to_owned() });
    }
    lines
        .enumerate()
        .map(|(index, line)| {
            value_of(line)
                .ok_or_else(|| StateError::Line { number: index + 2, text: line.to_owned() })
        })
        .collect()
}

fn value_of(line: &str) -> Option<(&str, f64)> {
    let (key, value) = line.split_once('=')?;
    let plain: f64 = value.parse().ok()?;
    plain.is_finite().then_some((key, plain))
}
