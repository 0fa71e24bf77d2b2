//! What the parent's threads share of one child: whether it lives, how long it is waited for, and
//! when it is given up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use super::board::{Board, now_ms, since_ms};
use crate::mode::Patience;

/// A child that missed so many blocks in a row, for so long, is given up.
const MISSES: u32 = 8;
const MISSED_MS: u32 = 100;
/// Longest call into the plugin's main thread.
pub(super) const STUCK: Duration = Duration::from_secs(5);
/// Longest block of a plugin that may not sound yet.
pub(super) const TRIAL: Duration = Duration::from_millis(1_500);
/// Longest block where nobody hears how late it is.
const WATCHDOG: Duration = Duration::from_secs(10);

/// One child as its parent sees it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) board: Arc<Board>,
    usual: Patience,
    /// Milliseconds that a block is waited for; 0 = half its length.
    patience_ms: AtomicU32,
    /// Answers that came late since the last in time.
    n_late: AtomicU32,
    n_missed: AtomicU32,
    missed_since: AtomicU32,
    is_given_up: AtomicBool,
    /// The thread that plays, as the system numbers it; 0 = none yet.
    audio_thread: AtomicU32,
    is_dead: AtomicBool,
}

impl Link {
    pub(super) fn new(board: Board, usual: Patience) -> Self {
        let link = Self {
            board: Arc::new(board),
            usual,
            patience_ms: AtomicU32::new(0),
            n_late: AtomicU32::new(0),
            n_missed: AtomicU32::new(0),
            missed_since: AtomicU32::new(0),
            is_given_up: AtomicBool::new(false),
            audio_thread: AtomicU32::new(0),
            is_dead: AtomicBool::new(false),
        };
        link.be_usual();
        link
    }

    /// From now on a block is waited for as the caller's clock allows.
    pub(super) fn be_usual(&self) {
        self.be_patient(match self.usual {
            Patience::HalfBlock => Duration::ZERO,
            Patience::Watchdog => WATCHDOG,
        });
    }

    /// From now on a block is waited for so long.
    pub(super) fn be_patient(&self, patience: Duration) {
        let ms = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
        self.patience_ms.store(ms, Ordering::Relaxed);
    }

    /// How long a block of that length is waited for.
    ///
    /// # Real time
    /// One load.
    pub(super) fn patience(&self, length: Duration) -> Duration {
        match self.patience_ms.load(Ordering::Relaxed) {
            0 => length / 2,
            ms => Duration::from_millis(ms.into()),
        }
    }

    /// The calling thread plays from now on.
    ///
    /// # Real time
    /// A call of the system, once for each thread, which does not wait.
    pub(super) fn note_thread(&self) {
        let thread = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
        self.audio_thread.store(thread, Ordering::Relaxed);
    }

    /// The thread that plays; 0 = none yet.
    pub(super) fn audio_thread(&self) -> u32 {
        self.audio_thread.load(Ordering::Relaxed)
    }

    /// A block came in time.
    ///
    /// # Real time
    /// One store.
    pub(super) fn note_answer(&self) {
        self.n_late.store(0, Ordering::Relaxed);
        self.n_missed.store(0, Ordering::Relaxed);
    }

    /// A block did not come in time.
    ///
    /// # Real time
    /// Stores, and a look at the clock.
    pub(super) fn note_miss(&self) {
        if self.n_missed.load(Ordering::Relaxed) == 0 {
            self.missed_since.store(now_ms(), Ordering::Relaxed);
        }
        self.n_missed.fetch_add(1, Ordering::Release);
        if self.patience_ms.load(Ordering::Relaxed) > 0 {
            self.give_up();
        }
    }

    /// A block came, but not in time.
    ///
    /// # Real time
    /// One atomic operation.
    pub(super) fn note_late_answer(&self) {
        self.n_late.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether blocks come, only too late.
    pub(super) fn is_slow(&self) -> bool {
        self.n_late.load(Ordering::Relaxed) > 1
    }

    /// Nothing more is expected of it.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Release);
    }

    /// Whether it is to be ended, because it does not come back from a call.
    pub(super) fn is_stuck(&self) -> bool {
        let n_missed = self.n_missed.load(Ordering::Acquire);
        let missed_ms = since_ms(self.missed_since.load(Ordering::Relaxed));
        let limit = if self.board.is_on_trial() { TRIAL } else { STUCK };
        self.is_given_up.load(Ordering::Acquire)
            || (n_missed >= MISSES && missed_ms >= MISSED_MS)
            || self.board.busy_for().is_some_and(|lasting| lasting > limit)
    }

    /// The child is gone; who waits for it is woken.
    pub(super) fn die(&self) {
        self.is_dead.store(true, Ordering::Release);
        self.board.end();
    }

    /// Whether the child is gone.
    ///
    /// # Real time
    /// One load.
    pub(super) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Acquire)
    }
}
