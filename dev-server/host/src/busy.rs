//! Since when the plugin's thread is inside foreign code: the one thing that others see of a hang.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

#[cfg(target_os = "linux")]
use crate::isolation::Board;

/// Shared by the plugin's thread, which enters and leaves, and whoever watches it.
#[derive(Debug, Clone)]
pub(crate) struct Busy {
    origin: Instant,
    /// Microseconds after `origin`, plus one; 0 = not in foreign code. The lowest bit is set when
    /// the plugin is on trial.
    since: Arc<AtomicU64>,
    /// Where another process sees it.
    #[cfg(target_os = "linux")]
    board: Option<&'static Board>,
}

/// A block before the plugin may sound.
const ON_TRIAL: u64 = 1;

impl Busy {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            since: Arc::new(AtomicU64::new(0)),
            #[cfg(target_os = "linux")]
            board: None,
        }
    }

    /// As [`Busy::new`], and visible on the board.
    #[cfg(target_os = "linux")]
    pub(crate) fn shown_on(board: &'static Board) -> Self {
        Self { board: Some(board), ..Self::new() }
    }

    /// Runs `foreign`, visibly.
    pub(crate) fn call<T>(&self, foreign: impl FnOnce() -> T) -> T {
        self.call_marked(0, foreign)
    }

    /// As [`Busy::call`], for blocks of a plugin that may not sound yet: it is expected to be quick.
    pub(crate) fn call_on_trial<T>(&self, foreign: impl FnOnce() -> T) -> T {
        self.call_marked(ON_TRIAL, foreign)
    }

    fn call_marked<T>(&self, mark: u64, foreign: impl FnOnce() -> T) -> T {
        self.since.store(((self.elapsed_us() + 1) << 1) | mark, Ordering::Relaxed);
        #[cfg(target_os = "linux")]
        self.board.iter().for_each(|board| board.enter(mark != 0));
        let result = foreign();
        #[cfg(target_os = "linux")]
        self.board.iter().for_each(|board| board.leave());
        self.since.store(0, Ordering::Relaxed);
        result
    }

    /// How long the present call has lasted; `None` between calls.
    pub(crate) fn lasting(&self) -> Option<Duration> {
        let since = (self.since.load(Ordering::Relaxed) >> 1).checked_sub(1)?;
        Some(Duration::from_micros(self.elapsed_us().saturating_sub(since)))
    }

    /// Whether the present call is a block of a plugin on trial.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.since.load(Ordering::Relaxed) & ON_TRIAL != 0
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX - 1)
    }
}
