//! The text form of a state: a first line that says what it is, then `KEY=VALUE` lines.

use std::collections::BTreeMap;

use super::StateError;

pub(super) const MAGIC: &str = "retake-state ";
const FORMAT: &str = "2";
const VERSION: &str = " version ";
/// The last line: without it, lines are missing. It holds no `=`, so it is no entry.
const END: &str = "end\n";

pub(super) fn write(version: u32, entries: &BTreeMap<String, String>) -> Vec<u8> {
    let mut text = format!("{MAGIC}{FORMAT}{VERSION}{version}\n");
    for (key, value) in entries {
        escape(key, &mut text);
        text.push('=');
        escape(value, &mut text);
        text.push('\n');
    }
    text.push_str(END);
    text.into_bytes()
}

/// The plugin's version and the entries; of a key that stands twice, the last.
pub(super) fn read(bytes: &[u8]) -> Result<(u32, BTreeMap<String, String>), StateError> {
    let text = str::from_utf8(bytes).map_err(|_| StateError::NotAState)?;
    let (header, body) = text.split_once('\n').unwrap_or((text, ""));
    let header = header.strip_prefix(MAGIC).ok_or(StateError::NotAState)?;
    let (version, is_escaped) = version_of(header)?;
    let body = if is_escaped {
        let whole = body.strip_suffix(END).filter(|body| body.is_empty() || body.ends_with('\n'));
        whole.ok_or(StateError::CutOff)?
    } else {
        body
    };
    let entries = body.split_terminator('\n').enumerate().map(|(index, line)| {
        let entry = if is_escaped { escaped_entry(line) } else { number_entry(line) };
        entry.ok_or_else(|| StateError::Line { number: index + 2, text: line.to_owned() })
    });
    Ok((version, entries.collect::<Result<_, _>>()?))
}

/// The plugin's version in the first line, and whether the lines below are escaped.
fn version_of(header: &str) -> Result<(u32, bool), StateError> {
    if header == "1" {
        return Ok((1, false));
    }
    let version = header.strip_prefix(FORMAT).and_then(|rest| rest.strip_prefix(VERSION));
    let version = version.and_then(|version| version.parse().ok());
    let version = version.ok_or_else(|| StateError::Format { found: header.to_owned() })?;
    Ok((version, true))
}

fn escaped_entry(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once('=')?;
    Some((unescaped(key)?, unescaped(value)?))
}

/// The old format knew finite numbers only.
fn number_entry(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once('=')?;
    let number: f64 = value.parse().ok()?;
    number.is_finite().then(|| (key.to_owned(), value.to_owned()))
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        out.push(match letter {
            '\\' => match letters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}
