//! What a notify event means to us. Runs on notify's own thread, once per event: opens, reads and
//! attribute changes end here.

use std::path::PathBuf;

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind};

/// A hint that some path should be looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// A file is written and closed, or was moved here.
    Written(PathBuf),
    /// Something was created and may still be written to, or is a directory.
    Appeared(PathBuf),
    /// Something was removed or moved away.
    Gone(PathBuf),
    /// Events were lost: look at everything.
    Lost,
    /// The watcher reports an error.
    Error(String),
}

/// The signals of one event.
pub(super) fn signals(event: notify::Result<Event>) -> Vec<Signal> {
    let event = match event {
        Ok(event) if event.need_rescan() => return vec![Signal::Lost],
        Ok(event) => event,
        Err(error) => return vec![Signal::Error(error.to_string())],
    };
    let signal: fn(PathBuf) -> Signal = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Signal::Written,
        // Linux tells when a file is closed; elsewhere the write itself is all there is.
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) if !cfg!(target_os = "linux") => {
            Signal::Written
        }
        EventKind::Modify(ModifyKind::Name(RenameMode::Any)) | EventKind::Create(_) => {
            Signal::Appeared
        }
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Remove(_) => {
            Signal::Gone
        }
        _ => return Vec::new(),
    };
    event.paths.into_iter().map(signal).collect()
}
