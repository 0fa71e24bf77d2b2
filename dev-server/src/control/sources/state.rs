//! Where a source stands.

use retake_engine::mixer::Supply;

use crate::source::SourceKind;

/// The words are those of the event `source`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// Nobody sends anything.
    Waiting,
    /// Its first frames are not there yet.
    Filling,
    /// It sounds.
    Ready,
    /// Its frames do not come in time: it is silent, and goes on where it should be.
    Starved,
    /// It has come to its end.
    Eof,
    /// It cannot be played.
    Failed(String),
}

impl State {
    pub(super) fn of(supply: Supply) -> Self {
        match supply {
            Supply::Filling => Self::Filling,
            Supply::Flowing => Self::Ready,
            Supply::Starved => Self::Starved,
        }
    }

    /// Where it stands when its voice has ended: a pipe's next writer is waited for.
    pub(super) fn at_end_of(kind: &SourceKind) -> Self {
        if matches!(kind, SourceKind::Fifo(_)) { Self::Waiting } else { Self::Eof }
    }

    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Filling => "filling",
            Self::Ready => "ready",
            Self::Starved => "starved",
            Self::Eof => "eof",
            Self::Failed(_) => "failed",
        }
    }

    /// Why it cannot be played.
    pub(super) fn reason(&self) -> Option<&str> {
        if let Self::Failed(reason) = self { Some(reason) } else { None }
    }
}
