//! Pages that both processes see from the child's start to its end: what others must know of the
//! child even while it answers nothing, and the word that the server's audio thread waits on.

use std::{
    io,
    os::fd::OwnedFd,
    sync::atomic::{
        AtomicU32,
        Ordering::{AcqRel, Relaxed, Release},
    },
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

use super::shm::{self, PAGE_WORDS, Region, Writers};
use crate::{audit::LastWords, wishes::FaultCounts};

const BUSY: usize = 0;
const ON_TRIAL: usize = 1;
const FAULTS: usize = 2;
const N_FAULTS: usize = 7;
/// Twice the number of blocks that the child has answered since its ring was made, and [`ENDED`]; on
/// a cache line of its own.
const ANSWERED: usize = 16;
/// The page from which on the last words of a crash lie.
const LAST_WORDS: usize = 1;
const N_WORDS: usize = PAGE_WORDS + size_of::<LastWords>().div_ceil(size_of::<u32>());

/// Set beside the count of answers when nobody will answer any more.
const ENDED: u32 = 1;

/// The shared pages.
#[derive(Debug)]
pub(crate) struct Board(Region);

impl Board {
    /// A new page, and the descriptor for the child.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn create() -> io::Result<(Self, OwnedFd)> {
        let (region, file) = Region::create("retake-board", N_WORDS, Writers::Everybody)?;
        Ok((Self(region), file))
    }

    /// The parent's page, in the child.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn map(file: &OwnedFd) -> io::Result<Self> {
        Region::map(file, N_WORDS, Writers::Everybody).map(Self)
    }

    /// The child's main thread enters foreign code, as a trial or not.
    pub(crate) fn enter(&self, is_on_trial: bool) {
        self.0.words()[ON_TRIAL].store(is_on_trial.into(), Relaxed);
        // 0 stands for "outside".
        self.0.words()[BUSY].store(now_ms() | 1, Relaxed);
    }

    /// The child's main thread left foreign code.
    pub(crate) fn leave(&self) {
        self.0.words()[BUSY].store(0, Relaxed);
    }

    /// How long the child's main thread has been in foreign code; `None` when it is not.
    pub(crate) fn busy_for(&self) -> Option<Duration> {
        let since = self.0.words()[BUSY].load(Relaxed);
        (since != 0).then(|| Duration::from_millis(since_ms(since).into()))
    }

    /// Whether the present call is a block of a plugin that may not sound yet.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.busy_for().is_some() && self.0.words()[ON_TRIAL].load(Relaxed) != 0
    }

    /// Shows the child's counts.
    ///
    /// # Real time
    /// Stores.
    pub(super) fn show(&self, counts: &FaultCounts) {
        let words = &self.0.words()[FAULTS..][..N_FAULTS];
        for (word, n) in words.iter().zip(counts.as_array()) {
            word.store(u32::try_from(n).unwrap_or(u32::MAX), Relaxed);
        }
    }

    /// The child's counts.
    pub(crate) fn counts(&self) -> FaultCounts {
        let words = self.0.words();
        FaultCounts::from_array(std::array::from_fn(|n| words[FAULTS + n].load(Relaxed).into()))
    }

    /// A new ring counts from 0; nobody serves the one before.
    pub(super) fn begin_answers(&self) {
        self.answered().fetch_and(ENDED, AcqRel);
    }

    /// What changes with each answer, and at the end.
    ///
    /// # Real time
    /// Nothing; of the following, an atomic operation and a call of the system that does not wait.
    pub(super) fn answered(&self) -> &AtomicU32 {
        &self.0.words()[ANSWERED]
    }

    /// So many blocks are answered.
    pub(super) fn answer(&self, n_blocks: u32) {
        // The mark of the end stays, even when another thread sets it now.
        let count = |word| Some(n_blocks << 1 | word & ENDED);
        let _ = self.answered().fetch_update(Release, Relaxed, count);
        shm::wake(self.answered());
    }

    /// Nobody answers any more: who waits is woken.
    pub(super) fn end(&self) {
        self.answered().fetch_or(ENDED, Release);
        shm::wake(self.answered());
    }

    /// Whether nobody answers any more.
    ///
    /// # Real time
    /// One load.
    pub(super) fn has_ended(&self) -> bool {
        shm::acquire(self.answered()) & ENDED != 0
    }

    /// Where the child leaves its last words, and the parent finds them.
    pub(super) fn last_words(&self) -> Option<&LastWords> {
        self.0.place(LAST_WORDS)
    }
}

/// Milliseconds of the system's own clock, which all processes share; wraps after 49 days.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "wraps on purpose")]
pub(super) fn now_ms() -> u32 {
    let now = clock_gettime(ClockId::Monotonic);
    (now.tv_sec as u32).wrapping_mul(1_000).wrapping_add((now.tv_nsec / 1_000_000) as u32)
}

/// Milliseconds since then; 0 for what is not yet (its last bit may be set).
pub(super) fn since_ms(then: u32) -> u32 {
    let passed = now_ms().wrapping_sub(then);
    if passed > u32::MAX / 2 { 0 } else { passed }
}
