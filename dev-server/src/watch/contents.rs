//! A content hash per file: only another content is a change, not a read, a touch or a save of the
//! same text.

use std::collections::HashMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Larger files (recordings, samples) are told apart by length and time of change.
const MOST_HASHED_BYTES: u64 = 16 << 20;

/// The files seen so far. A file that is absent has no hash.
#[derive(Debug, Default)]
pub(super) struct Contents {
    hashes: HashMap<PathBuf, Option<u64>>,
}

impl Contents {
    /// Whether the file was seen before, present or not.
    pub(super) fn knows(&self, path: &Path) -> bool {
        self.hashes.contains_key(path)
    }

    /// Reads the file; true when its content is not that of the last look.
    pub(super) fn look(&mut self, path: &Path) -> bool {
        let hash = hash(path).ok();
        let before = self.hashes.insert(path.into(), hash);
        before.flatten() != hash
    }

    /// Takes the content of files that were not seen before as it is.
    pub(super) fn learn(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        for file in files {
            self.hashes.entry(file).or_insert_with_key(|file| hash(file).ok());
        }
    }

    /// The files seen so far.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.hashes.keys()
    }
}

fn hash(path: &Path) -> io::Result<u64> {
    let metadata = fs::metadata(path)?;
    let mut hasher = DefaultHasher::new();
    if metadata.len() > MOST_HASHED_BYTES {
        hasher.write_u64(metadata.len());
        let modified = metadata.modified()?.duration_since(std::time::UNIX_EPOCH);
        hasher.write_u128(modified.unwrap_or_default().as_nanos());
        return Ok(hasher.finish());
    }
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    hasher.write(&bytes);
    Ok(hasher.finish())
}
