//! What outlives a session: presets, and where the last session stood.
//!
//! One JSON file each, in the user's state directory, written aside and renamed: a file is whole or
//! not there. The thread `store` does all of it, because a disk may be slow and control must not
//! wait; it answers who asked by itself. At the start, a plugin's own thread reads: see [`Start`].
//!
//! | file | what it deals with |
//! |---|---|
//! | `saved` | what is in a file |
//! | `quarantine` | builds that hung |
//! | `folder` | which files there are, and that their names are safe |
//! | `thread` | the thread, its orders and its answers |
//! | `start` | where the first generation starts from |

mod folder;
mod quarantine;
mod saved;
mod start;
mod thread;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use folder::{Entry, Folder, Listing, NAME_CHARS};
pub use saved::{Asked, Mic, Saved, SavedParam, Stand};
pub use start::Start;
pub use thread::{Asker, Order, QUICK, Store, StoreEvent, Which};

/// What can go wrong with a preset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A name that no preset can have.
    #[error(
        "{given:?} is no name for a preset: give 1 to {NAME_CHARS} characters, \
         none of them a control character, no space at either end"
    )]
    BadName {
        /// What was asked for.
        given: String,
    },
    /// There is no preset of that name.
    #[error("there is no preset {given:?} of {plugin}; {}", listed(.names))]
    Unknown {
        /// What was asked for.
        given: String,
        /// Whose.
        plugin: String,
        /// All that there are.
        names: Vec<String>,
    },
    /// A file that holds no preset.
    #[error("{} {reason}; delete it, or save the preset anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The disk refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or its directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither a state directory nor a home is known.
    #[error("no place for presets: set HOME, XDG_STATE_HOME or RETAKE_STATE_DIR")]
    NoDirectory,
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none is saved yet".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("saved are {}", quoted.join(", "))
}

/// `retake` in the user's state directory: below `$RETAKE_STATE_DIR`, else `$XDG_STATE_HOME`, else
/// the system's place for it.
pub fn state_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let home = |place: &str| std::env::home_dir().map(|home| home.join(place));
    let system = || match std::env::consts::OS {
        "windows" => set("LOCALAPPDATA"),
        "macos" => home("Library/Application Support"),
        _ => home(".local/state"),
    };
    let root = set("RETAKE_STATE_DIR").or_else(|| set("XDG_STATE_HOME")).or_else(system)?;
    Some(root.join("retake"))
}

/// Writes a file, whole or not at all, for the user alone.
fn write_json(what: &impl serde::Serialize, path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    make_directory(directory)?;
    // tempfile creates with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer_pretty(&mut file, what)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Makes a directory for the user alone.
pub(crate) fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}
