//! Where a sound file is: a path, or a file that is open already and may have no name.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use symphonia::core::io::MediaSource;

/// A sound file to be opened, as often as one likes.
#[derive(Debug, Clone)]
pub enum SoundFile {
    /// This path.
    Path(PathBuf),
    /// An open file. It is read at places, never by its own cursor, which all who have it share.
    Open {
        /// The file, from its first byte.
        file: Arc<File>,
        /// What it is called; its extension is a hint at what it holds. Never opened.
        name: PathBuf,
    },
}

impl<P: AsRef<Path>> From<P> for SoundFile {
    fn from(path: P) -> Self {
        Self::Path(path.as_ref().to_owned())
    }
}

impl SoundFile {
    /// Its path, or what it is called.
    pub fn name(&self) -> &Path {
        match self {
            Self::Path(path) | Self::Open { name: path, .. } => path,
        }
    }

    /// Its bytes, from the first on.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub(super) fn open(&self) -> Result<Bytes, String> {
        match self {
            Self::Path(path) => {
                let about = path.metadata().map_err(|e| e.to_string())?;
                if about.is_dir() {
                    return Err("it is a directory".to_owned());
                }
                if !about.is_file() {
                    // Opening a pipe waits for its other end.
                    return Err("it is not a file".to_owned());
                }
                Bytes::new(Arc::new(File::open(path).map_err(|e| e.to_string())?))
            }
            Self::Open { file, .. } => Bytes::new(Arc::clone(file)),
        }
    }
}

/// A file's bytes, and a place in them that is nobody else's.
pub(super) struct Bytes {
    file: Arc<File>,
    len: u64,
    at: u64,
}

impl Bytes {
    fn new(file: Arc<File>) -> Result<Self, String> {
        let len = file.metadata().map_err(|e| e.to_string())?.len();
        if len == 0 {
            return Err("it is empty".to_owned());
        }
        Ok(Self { file, len, at: 0 })
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = read_at(&self.file, buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for Bytes {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}
