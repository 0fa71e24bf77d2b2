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
    /// Microseconds after `origin`, plus one; 0 = not in foreign code.
    since: Arc<AtomicU64>,
    /// Where another process sees it.
    #[cfg(target_os = "linux")]
    board: Option<Arc<Board>>,
}

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
    pub(crate) fn shown_on(board: Arc<Board>) -> Self {
        Self { board: Some(board), ..Self::new() }
    }

    /// Runs `foreign`, visibly.
    pub(crate) fn call<T>(&self, foreign: impl FnOnce() -> T) -> T {
        self.since.store(self.elapsed_us() + 1, Ordering::Relaxed);
        #[cfg(target_os = "linux")]
        self.board.iter().for_each(|board| board.enter());
        let result = foreign();
        #[cfg(target_os = "linux")]
        self.board.iter().for_each(|board| board.leave());
        self.since.store(0, Ordering::Relaxed);
        result
    }

    /// How long the present call has lasted; `None` between calls.
    pub(crate) fn lasting(&self) -> Option<Duration> {
        let since = self.since.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Duration::from_micros(self.elapsed_us().saturating_sub(since)))
    }

    fn elapsed_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX - 1)
    }
}
