//! Memory that two processes share, and the one way to wait on a word of it.
//!
//! A region is a run of 32-bit atomics in a memory file without a name: the system frees it with
//! its last user, however that one ends. Whatever lies in it may be written by the other process at
//! any time, so everything is an atomic, and nothing read from it is believed.
#![allow(unsafe_code, reason = "a mapping is a pointer, and only we know how long it lives")]

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU32, Ordering, fence},
    time::Duration,
};

use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fstat, ftruncate, memfd_create},
    mm::{MapFlags, ProtFlags, mmap, munmap},
    thread::futex,
};

pub(super) const PAGE_WORDS: usize = 1_024;
const WORD_BYTES: usize = size_of::<AtomicU32>();

/// Who may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writers {
    /// Whoever maps it.
    Everybody,
    /// Only who made it; a store elsewhere is a fault.
    Maker,
}

/// A mapped run of words, zero at first.
#[derive(Debug)]
pub(crate) struct Region {
    at: NonNull<AtomicU32>,
    n_words: usize,
}

// SAFETY: the mapping belongs to this value alone and holds nothing but atomics.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// Makes and maps a region, all of it present; the descriptor is for the other process, where
    /// nobody can make it shorter.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn create(
        name: &str,
        n_words: usize,
        writers: Writers,
    ) -> io::Result<(Self, OwnedFd)> {
        let n_words = n_words.next_multiple_of(PAGE_WORDS);
        let file = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, (n_words * WORD_BYTES) as u64)?;
        let region = Self::map_as(&file, n_words, ProtFlags::READ | ProtFlags::WRITE)?;
        let mut seals = SealFlags::SHRINK | SealFlags::GROW;
        if writers == Writers::Maker {
            seals |= SealFlags::FUTURE_WRITE;
        }
        fcntl_add_seals(&file, seals | SealFlags::SEAL)?;
        Ok((region, file))
    }

    /// Maps a region that another process made.
    ///
    /// # Errors
    /// What the system says, or that it is shorter than `n_words`.
    pub(crate) fn map(file: &OwnedFd, n_words: usize, writers: Writers) -> io::Result<Self> {
        let n_words = n_words.next_multiple_of(PAGE_WORDS);
        let has = usize::try_from(fstat(file)?.st_size).unwrap_or(0);
        if has < n_words * WORD_BYTES {
            return Err(io::Error::other("a shared region is too short"));
        }
        let write = match writers {
            Writers::Everybody => ProtFlags::WRITE,
            Writers::Maker => ProtFlags::empty(),
        };
        Self::map_as(file, n_words, ProtFlags::READ | write)
    }

    fn map_as(file: impl AsFd, n_words: usize, prot: ProtFlags) -> io::Result<Self> {
        let flags = MapFlags::SHARED | MapFlags::POPULATE;
        // SAFETY: a new mapping at an address of the system's choice touches no other memory.
        let at = unsafe { mmap(ptr::null_mut(), n_words * WORD_BYTES, prot, flags, file, 0) }?;
        let at = NonNull::new(at.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { at, n_words })
    }

    /// Its words. Where only the maker may write, others only load.
    pub(crate) fn words(&self) -> &[AtomicU32] {
        // SAFETY: the mapping has that many words, aligned to a page, until `self` is dropped.
        unsafe { slice::from_raw_parts(self.at.as_ptr(), self.n_words) }
    }
}

/// What all bytes 0 stand for, and nothing but atomics: fit to lie in a region.
///
/// # Safety
/// Both are true of the type, and its alignment is at most a page.
pub(crate) unsafe trait Shared: Sync {}

// SAFETY: `repr(C)` of atomics, and 0 means that nothing was said.
unsafe impl Shared for crate::audit::LastWords {}

impl Region {
    /// A value from its `page` on; `None` if that is more than it has.
    pub(crate) fn place<T: Shared>(&self, page: usize) -> Option<&T> {
        let words = self.words().get(page * PAGE_WORDS..)?;
        let has_room = words.len() * WORD_BYTES >= size_of::<T>();
        // SAFETY: inside the mapping, aligned to a page, and any bytes are a `T`.
        has_room.then(|| unsafe { &*words.as_ptr().cast::<T>() })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: what `mmap` gave, once; no borrow of the words outlives `self`.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.n_words * WORD_BYTES) };
    }
}

/// A load that what follows comes after; fit for memory that may only be read.
///
/// # Real time
/// One load.
pub(crate) fn acquire(word: &AtomicU32) -> u32 {
    let value = word.load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    value
}

/// Waits until the word is no longer `seen`, somebody wakes it, or the time is over; may return
/// sooner.
pub(crate) fn wait(word: &AtomicU32, seen: u32, at_most: Option<Duration>) {
    let limit = at_most.and_then(|limit| limit.try_into().ok());
    // Whatever ended it, the caller looks at the word again.
    let _ = futex::wait(word, futex::Flags::empty(), seen, limit.as_ref());
}

/// Wakes whoever waits on the word, in whichever process.
///
/// # Real time
/// One call of the system, which does not wait.
pub(crate) fn wake(word: &AtomicU32) {
    let _ = futex::wake(word, futex::Flags::empty(), u32::MAX >> 1);
}
