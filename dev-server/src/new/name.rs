//! What a plugin may be called: what cargo, Rust and every file system accept.

use std::{fmt, str::FromStr};

/// Longest name: it is part of file names and of CLAP ids.
const MAX_LENGTH: usize = 64;

/// Names that Rust, cargo or Windows keep for themselves, beside `com1` and its like.
const RESERVED: [&str; 63] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "aux",
    "await",
    "become",
    "box",
    "break",
    "con",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "nul",
    "override",
    "priv",
    "prn",
    "proc-macro",
    "pub",
    "ref",
    "retake-sdk",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "target",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// A valid name of a package and a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginName(String);

impl PluginName {
    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For people: `warm-delay_2` is `Warm Delay 2`.
    pub fn title(&self) -> String {
        let words = self.0.split(['-', '_']).filter(|word| !word.is_empty());
        let words: Vec<_> = words.map(capitalized).collect();
        words.join(" ")
    }
}

impl FromStr for PluginName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(why) = fault(text) else {
            return Ok(Self(text.to_owned()));
        };
        let hint = suggestion(text).map_or_else(String::new, |name| format!("; try `{name}`"));
        Err(format!("{why}{hint}"))
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fault(text: &str) -> Option<String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.chars().all(is_allowed) {
        return Some("allowed are ASCII letters, digits, `-` and `_`, a letter first".to_owned());
    }
    if text.len() > MAX_LENGTH {
        return Some(format!("{} characters are too many, at most {MAX_LENGTH}", text.len()));
    }
    let plain = text.to_ascii_lowercase().replace('_', "-");
    let is_reserved = RESERVED.contains(&plain.as_str()) || is_port(&plain);
    is_reserved.then(|| "the name is reserved".to_owned())
}

/// `com1`, `lpt9`: no file of Windows can have such a name.
fn is_port(name: &str) -> bool {
    let number = name.strip_prefix("com").or_else(|| name.strip_prefix("lpt"));
    number.is_some_and(|n| n.len() == 1 && n.starts_with(|c: char| c.is_ascii_digit()))
}

/// The nearest valid name, if there is one.
fn suggestion(text: &str) -> Option<String> {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    let mut name = spaced.split_whitespace().collect::<Vec<_>>().join("-");
    name.truncate(MAX_LENGTH);
    let candidates = [format!("my-{name}"), name];
    candidates.into_iter().rev().find(|name| fault(name).is_none() && name != "my-")
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_takes_are_taken() {
        for good in ["gain", "warm-delay", "Warm_Delay2", "x", "comb"] {
            assert_eq!(good.parse::<PluginName>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn the_rest_is_refused_with_a_way_out() {
        let refused = [
            ("my plugin!", Some("my-plugin")),
            ("../gain", Some("gain")),
            ("3-band", Some("my-3-band")),
            ("fn", Some("my-fn")),
            ("CON", Some("my-con")),
            ("lpt1", Some("my-lpt1")),
            ("retake_sdk", Some("my-retake-sdk")),
            ("größe", Some("gr-e")),
            ("", None),
            ("音", None),
        ];
        for (bad, hint) in refused {
            let why = bad.parse::<PluginName>().unwrap_err();
            let expected = hint.map_or(String::new(), |name| format!("; try `{name}`"));
            assert!(why.ends_with(&expected), "{bad:?}: {why}");
            assert_eq!(why.contains("try"), hint.is_some(), "{bad:?}: {why}");
        }
        let long = "a".repeat(65).parse::<PluginName>().unwrap_err();
        assert!(long.starts_with("65 characters are too many, at most 64"), "{long}");
    }

    #[test]
    fn a_title_is_for_people() {
        let title = |name: &str| name.parse::<PluginName>().unwrap().title();
        assert_eq!(title("warm-delay_2"), "Warm Delay 2");
        assert_eq!(title("x--y-"), "X Y");
    }
}
