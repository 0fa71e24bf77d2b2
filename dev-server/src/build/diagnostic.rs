//! What went wrong in a build, as data: a place in a file, a level and a text.

use std::path::Path;

use cargo_metadata::diagnostic::{Diagnostic as RustcDiagnostic, DiagnosticLevel, DiagnosticSpan};
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Level {
    /// Stops the build.
    Error,
    /// Does not.
    Warning,
    /// Neither.
    Note,
}

/// One message of a compiler or a build tool. Serialized as the JSON events name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Relative to the workspace's root, as rustc says it, or absolute outside of it.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<usize>,
    /// From 1, in characters.
    pub column: Option<usize>,
    /// How bad it is.
    pub level: Level,
    /// The compiler's code, such as `E0308`.
    pub code: Option<String>,
    /// One line.
    pub message: String,
    /// The whole text without terminal codes.
    pub rendered: String,
    /// The whole text as a terminal shows it, with colours.
    #[serde(skip)]
    pub ansi: String,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            file: None,
            line: None,
            column: None,
            level: Level::Error,
            code: None,
            rendered: message.clone(),
            ansi: message.clone(),
            message,
        }
    }

    /// What rustc said. None for its closing lines ("aborting due to 2 previous errors").
    pub(super) fn from_rustc(message: &RustcDiagnostic) -> Option<Self> {
        let level = match message.level {
            DiagnosticLevel::Error | DiagnosticLevel::Ice => Level::Error,
            DiagnosticLevel::Warning => Level::Warning,
            DiagnosticLevel::FailureNote => return None,
            _ => Level::Note,
        };
        let span = message.spans.iter().find(|span| span.is_primary).map(call_site);
        let closing = span.is_none()
            && (message.message.starts_with("aborting due to")
                || message.message.ends_with("emitted"));
        if closing {
            return None;
        }
        let ansi = message.rendered.clone().unwrap_or_else(|| message.message.clone());
        Some(Self {
            file: span.map(|span| span.file_name.clone()),
            line: span.map(|span| span.line_start),
            column: span.map(|span| span.column_start),
            level,
            code: message.code.as_ref().map(|code| code.code.clone()),
            message: message.message.clone(),
            rendered: anstream::adapter::strip_str(&ansi).to_string(),
            ansi,
        })
    }

    /// The text of a tool that failed without structured messages; never empty.
    pub(super) fn from_text(ansi: &str, fallback: &str) -> Self {
        let rendered = anstream::adapter::strip_str(ansi).to_string();
        let rendered = rendered.trim();
        if rendered.is_empty() {
            return Self::error(fallback);
        }
        let first = rendered.lines().find_map(|line| line.strip_prefix("error: "));
        let message = first.or(rendered.lines().next()).unwrap_or(fallback).to_owned();
        let place = rendered.lines().find_map(arrow);
        Self {
            rendered: rendered.to_owned(),
            ansi: ansi.trim_end().to_owned(),
            ..Self::error(message)
        }
        .at(place)
    }

    /// A line such as `src/gain.c:12:5: error: expected ';'`, as C compilers write it.
    pub(super) fn from_line(ansi: &str) -> Option<Self> {
        let rendered = anstream::adapter::strip_str(ansi).to_string();
        let levels = [
            (": fatal error: ", Level::Error),
            (": error: ", Level::Error),
            (": warning: ", Level::Warning),
        ];
        let (place, message, level) = levels.into_iter().find_map(|(mark, level)| {
            let (place, message) = rendered.split_once(mark)?;
            Some((place, message.to_owned(), level))
        })?;
        let place = place_of(place)?;
        let diagnostic = Self {
            level,
            rendered: rendered.clone(),
            ansi: ansi.to_owned(),
            ..Self::error(message)
        };
        Some(diagnostic.at(Some(place)))
    }

    fn at(self, place: Option<(String, usize, Option<usize>)>) -> Self {
        match place {
            Some((file, line, column)) => {
                Self { file: Some(file), line: Some(line), column, ..self }
            }
            None => self,
        }
    }
}

/// Where the author wrote it: the call of the macro that this span is inside of, if any.
fn call_site(span: &DiagnosticSpan) -> &DiagnosticSpan {
    span.expansion.as_ref().map_or(span, |expansion| call_site(&expansion.span))
}

/// ` --> Cargo.toml:3:5`, as cargo points into a manifest.
fn arrow(line: &str) -> Option<(String, usize, Option<usize>)> {
    place_of(line.trim_start().strip_prefix("--> ")?)
}

/// `file:line:column` or `file:line`; the file may hold colons itself.
fn place_of(text: &str) -> Option<(String, usize, Option<usize>)> {
    let (head, last) = text.trim().rsplit_once(':')?;
    let last: usize = last.parse().ok()?;
    let (file, line, column) = match head.rsplit_once(':') {
        Some((file, line)) if line.parse::<usize>().is_ok() => {
            (file, line.parse().ok()?, Some(last))
        }
        _ => (head, last, None),
    };
    let named = Path::new(file).file_name().is_some();
    named.then(|| (file.to_owned(), line, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c_compilers_line_has_a_place() {
        let line = "\x1b[1m/a b/gain.c:12:5: \x1b[31merror: \x1b[0mexpected ';' before '}'";
        let found = Diagnostic::from_line(line).unwrap();
        assert_eq!(found.file.as_deref(), Some("/a b/gain.c"));
        assert_eq!((found.line, found.column), (Some(12), Some(5)));
        assert_eq!(
            (found.level, found.message.as_str()),
            (Level::Error, "expected ';' before '}'")
        );
        assert!(!found.rendered.contains('\x1b') && found.ansi.contains('\x1b'));
    }

    #[test]
    fn the_column_may_be_missing_and_the_file_may_hold_colons() {
        let found = Diagnostic::from_line("C:/x.c:7: warning: unused").unwrap();
        assert_eq!((found.file.as_deref(), found.line), (Some("C:/x.c"), Some(7)));
        assert_eq!((found.column, found.level), (None, Level::Warning));
        assert_eq!(Diagnostic::from_line("make: *** [gain.o] Error 1"), None);
    }

    #[test]
    fn cargos_text_points_into_the_manifest() {
        let text = "error: expected `]`\n --> Cargo.toml:3:9\n  |\n";
        let found = Diagnostic::from_text(text, "cargo failed");
        assert_eq!((found.file.as_deref(), found.line), (Some("Cargo.toml"), Some(3)));
        assert_eq!(found.message, "expected `]`");
        assert_eq!(Diagnostic::from_text(" \n", "cargo failed").message, "cargo failed");
    }
}
