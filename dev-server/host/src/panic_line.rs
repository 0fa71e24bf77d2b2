//! The one line by which the SDK reports a caught panic: `panicked at src/lib.rs:12:5: message`.

use std::fmt;

/// Where a plugin panicked and what it said.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PanicLine {
    /// Source file, as the compiler named it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What the panic said.
    pub message: String,
}

impl PanicLine {
    /// Reads a log line; `None` if it does not report a panic.
    pub(crate) fn parse(log: &str) -> Option<Self> {
        let place = log.strip_prefix("panicked at ")?;
        // A file may have colons (a drive letter), a message too: the place ends at the first
        // `:LINE:COLUMN: `.
        let gaps = place.match_indices(": ").chain(place.match_indices(":\n"));
        gaps.chain([(place.len(), "")]).find_map(|(end, gap)| {
            let mut parts = place[..end].rsplitn(3, ':');
            let column = parts.next()?.parse().ok()?;
            let line = parts.next()?.parse().ok()?;
            Some(Self {
                file: parts.next()?.to_owned(),
                line,
                column,
                message: place[end + gap.len()..].trim().to_owned(),
            })
        })
    }
}

impl fmt::Display for PanicLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(log: &str) -> Option<(String, u32, u32, String)> {
        PanicLine::parse(log).map(|p| (p.file, p.line, p.column, p.message))
    }

    #[test]
    fn a_panic_line_has_file_line_column_and_message() {
        let expect = |file: &str, message: &str| Some((file.into(), 12, 5, message.into()));
        assert_eq!(place("panicked at src/lib.rs:12:5: oh: no"), expect("src/lib.rs", "oh: no"));
        assert_eq!(place(r"panicked at C:\a b\lib.rs:12:5: x"), expect(r"C:\a b\lib.rs", "x"));
        assert_eq!(place("panicked at src/lib.rs:12:5:\nx"), expect("src/lib.rs", "x"));
        assert_eq!(place("panicked at src/lib.rs:12:5"), expect("src/lib.rs", ""));
        assert_eq!(place("panicked at nowhere: x"), None);
        assert_eq!(place("all is well at src/lib.rs:12:5: x"), None);
    }
}
