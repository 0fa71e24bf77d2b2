//! Private copies of libraries: whole, unique in path, gone afterwards.
//!
//! Never loads the file that the compiler writes: it is a hard link into the build cache, it may
//! be rewritten at any time, and the loader caches by path. [`stage`] reads the artifact once,
//! judges those bytes, and writes the very same bytes to a path that was never used before.
//! Runs on the plugin's thread; blocks on the disk.

#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    error::HostError,
    hash::fingerprint,
    whole::{self, Verdict},
};

/// Locked as long as its process lives; a directory whose lock can be taken is left over.
const LOCK: &str = "lock";
const PREFIX: &str = "run-";

/// A directory of this process alone (0700), removed on drop.
///
/// Directories of processes that died are removed when the next one is made.
#[derive(Debug)]
pub struct StagingDir {
    /// Closed before the directory is removed.
    _lock: File,
    dir: tempfile::TempDir,
    n_staged: AtomicU64,
}

impl StagingDir {
    /// A directory under the user's cache, or under the system's temporary directory.
    ///
    /// # Errors
    /// What the system says when neither can be written.
    pub fn new() -> io::Result<Self> {
        match user_cache() {
            Some(cache) => Self::within(&cache.join("retake").join("staged"))
                .or_else(|_| Self::within(&std::env::temp_dir().join("retake-staged"))),
            None => Self::within(&std::env::temp_dir().join("retake-staged")),
        }
    }

    /// A directory under `base`, which is made if need be.
    ///
    /// # Errors
    /// What the system says when `base` cannot be written.
    pub fn within(base: &Path) -> io::Result<Self> {
        fs::create_dir_all(base)?;
        remove_stale(base);
        let dir = private(tempfile::Builder::new().prefix(PREFIX)).tempdir_in(base)?;
        // Locked before it has its name: nobody ever sees the lock of a living process free.
        let unnamed = dir.path().join("locking");
        let lock = File::create_new(&unnamed)?;
        lock.lock()?;
        fs::rename(&unnamed, dir.path().join(LOCK))?;
        Ok(Self { dir, n_staged: AtomicU64::new(0), _lock: lock })
    }

    /// Where the copies are.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Removes all copies and the directory, even while a plugin that hangs holds on to one: at the
    /// end of the process. What the system keeps goes when the next directory is made.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(self.path());
    }

    /// A path that was never used before, named after the artifact.
    pub(crate) fn unique_path(&self, artifact: &Path) -> PathBuf {
        let n = self.n_staged.fetch_add(1, Ordering::Relaxed);
        let name = artifact.file_name().unwrap_or_default().to_string_lossy();
        self.path().join(format!("{n:04}-{name}"))
    }
}

/// A whole private copy of a library; the file is removed on drop.
#[derive(Debug)]
pub struct StagedCopy {
    path: PathBuf,
    hash: u64,
    has_tls: bool,
    /// A copy without a name, and the path that the plugin is told instead.
    #[cfg(target_os = "linux")]
    memory: Option<(OwnedFd, PathBuf)>,
}

impl StagedCopy {
    /// The file to load.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hash of its bytes, equal for equal bytes.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether it has thread-locals: their first use on each thread allocates.
    pub fn has_tls(&self) -> bool {
        self.has_tls
    }
}

#[cfg(target_os = "linux")]
impl StagedCopy {
    /// A copy in a memory file of this process.
    pub(crate) fn in_memory(file: OwnedFd, told: PathBuf, hash: u64, has_tls: bool) -> Self {
        let path = format!("/proc/self/fd/{}", file.as_raw_fd()).into();
        Self { path, hash, has_tls, memory: Some((file, told)) }
    }

    /// The memory file.
    pub(crate) fn file(&self) -> Option<BorrowedFd<'_>> {
        self.memory.as_ref().map(|(file, _)| file.as_fd())
    }
}

impl StagedCopy {
    /// The path that the plugin is told it was loaded from.
    pub(crate) fn told(&self) -> &Path {
        #[cfg(target_os = "linux")]
        if let Some((_, told)) = &self.memory {
            return told;
        }
        &self.path
    }
}

impl Drop for StagedCopy {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if self.memory.is_some() {
            return;
        }
        // What cannot be removed now goes with its directory.
        let _ = fs::remove_file(&self.path);
    }
}

/// Checks that `artifact` is a whole library and makes a private copy of it.
///
/// # Errors
/// [`HostError::LibraryMissing`], [`HostError::Truncated`], [`HostError::NotALibrary`],
/// [`HostError::Loader`] or [`HostError::Copy`]; no file is left then.
pub fn stage(artifact: &Path, dir: &StagingDir) -> Result<StagedCopy, HostError> {
    let (bytes, shape) = read_whole(artifact)?;
    let copy = StagedCopy {
        path: dir.unique_path(artifact),
        hash: fingerprint(&bytes),
        has_tls: shape.has_tls,
        #[cfg(target_os = "linux")]
        memory: None,
    };
    write_checked(&copy.path, &bytes).map_err(HostError::Copy)?;
    Ok(copy)
}

/// As [`stage`], but to a memory file that nobody can change and that goes with its last user; the
/// plugin is told that it was loaded from `told`.
///
/// # Errors
/// As [`stage`].
#[cfg(target_os = "linux")]
pub(crate) fn stage_in_memory(artifact: &Path, told: PathBuf) -> Result<StagedCopy, HostError> {
    let (bytes, shape) = read_whole(artifact)?;
    let file = write_memory(&bytes).map_err(HostError::Copy)?;
    Ok(StagedCopy::in_memory(file, told, fingerprint(&bytes), shape.has_tls))
}

#[cfg(target_os = "linux")]
fn write_memory(bytes: &[u8]) -> io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("retake-plugin", flags)?);
    file.write_all(bytes)?;
    let all = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    fcntl_add_seals(&file, all)?;
    Ok(file.into())
}

/// The bytes of a library that is whole.
fn read_whole(artifact: &Path) -> Result<(Vec<u8>, whole::Shape), HostError> {
    let bytes = fs::read(artifact)
        .map_err(|source| HostError::LibraryMissing { path: artifact.to_owned(), source })?;
    let path = || artifact.to_owned();
    match whole::judge(&bytes) {
        Verdict::Whole(shape) => Ok((bytes, shape)),
        Verdict::Cut(what) => Err(HostError::Truncated { path: path(), what }),
        Verdict::Foreign(why) => Err(HostError::Loader(why)),
        Verdict::NotALibrary => Err(HostError::NotALibrary { path: path() }),
    }
}

/// Writes and reads back: a full disk or a meddler must not reach the loader.
fn write_checked(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    drop(file);
    let mut copy = File::open(path)?;
    let mut piece = [0; 1 << 14];
    for expected in bytes.chunks(piece.len()) {
        let piece = &mut piece[..expected.len()];
        copy.read_exact(piece)?;
        if piece != expected {
            return Err(io::Error::other("the copy differs from what was read"));
        }
    }
    Ok(())
}

fn remove_stale(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for dir in entries.flatten().map(|entry| entry.path()) {
        let is_ours = (dir.file_name()).is_some_and(|n| n.to_string_lossy().starts_with(PREFIX));
        let is_free = is_ours && File::open(dir.join(LOCK)).is_ok_and(|l| l.try_lock().is_ok());
        if is_free {
            // Another process may be removing it too; then there is nothing left to do.
            let _ = fs::remove_dir_all(&dir);
        }
    }
}

fn user_cache() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty());
    if cfg!(windows) {
        return set("LOCALAPPDATA").map(PathBuf::from);
    }
    let home = || set("HOME").map(PathBuf::from);
    if cfg!(target_os = "macos") {
        return home().map(|home| home.join("Library/Caches"));
    }
    set("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| home().map(|home| home.join(".cache")))
}

#[cfg(unix)]
fn private<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn private<'a, 'b>(
    builder: &'a mut tempfile::Builder<'b, 'b>,
) -> &'a mut tempfile::Builder<'b, 'b> {
    builder
}
