//! Hashes of builds that hung, in one small file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Folder, StoreError, folder};

const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct File {
    format: u32,
    /// Hexadecimal, the oldest first.
    hung: Vec<String>,
}

impl Folder {
    /// The hashes of builds that hung, the oldest first; none if there is no file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn quarantine(&self) -> Result<Vec<u64>, StoreError> {
        let path = self.quarantine_file();
        let Some(text) = folder::read_if_there(&path)? else {
            return Ok(Vec::new());
        };
        let damaged = |reason: String| StoreError::Damaged { path: path.clone(), reason };
        let file: File = serde_json::from_slice(&text)
            .map_err(|error| damaged(format!("holds no quarantine: {error}")))?;
        if file.format != FORMAT {
            return Err(damaged(format!("is of format {}", file.format)));
        }
        let hashes = file.hung.iter().map(|hash| u64::from_str_radix(hash, 16));
        hashes.collect::<Result<_, _>>().map_err(|error| damaged(error.to_string()))
    }

    /// Writes them.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn save_quarantine(&self, hashes: &[u64]) -> Result<(), StoreError> {
        let path = self.quarantine_file();
        let hung = hashes.iter().map(|hash| format!("{hash:016x}")).collect();
        let written = super::write_json(&File { format: FORMAT, hung }, &path);
        written.map_err(|source| StoreError::Io { path, source })
    }

    fn quarantine_file(&self) -> PathBuf {
        self.root().join("quarantine.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("retake"));
        assert_eq!(folder.quarantine().unwrap(), [0_u64; 0]);
        let hashes = [0, 1, u64::MAX];
        folder.save_quarantine(&hashes).unwrap();
        assert_eq!(folder.quarantine().unwrap(), hashes);
    }

    #[test]
    fn a_damaged_file_is_a_sentence() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().to_owned());
        for text in ["", "{", "[]", "{\"format\":2,\"hung\":[]}", "{\"format\":1,\"hung\":[\"x\"]}"]
        {
            std::fs::write(folder.quarantine_file(), text).unwrap();
            let error = folder.quarantine().unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{text}: {error}");
        }
    }
}
