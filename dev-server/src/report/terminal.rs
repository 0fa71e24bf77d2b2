//! Lines for people, in cargo's style: a verb in the margin, then what.

use std::{fmt::Display, io::Write};

use clap::builder::styling::{AnsiColor, Style};

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Good,
    /// Something to know.
    Plain,
    /// Something to look at.
    Warning,
    /// Something failed.
    Error,
}

impl Tone {
    fn style(self) -> Style {
        let color = match self {
            Self::Good => AnsiColor::Green,
            Self::Plain => AnsiColor::Cyan,
            Self::Warning => AnsiColor::Yellow,
            Self::Error => AnsiColor::Red,
        };
        color.on_default().bold()
    }
}

/// Writes one line to stderr; colours as the terminal and `NO_COLOR` allow.
pub fn say(tone: Tone, verb: &str, what: impl Display) {
    let style = tone.style();
    // Nobody to tell: stderr is closed.
    let _ = writeln!(anstream::stderr().lock(), "{style}{verb:>12}{style:#} {what}");
}
