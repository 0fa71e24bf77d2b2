//! Which role this thread has for which plugin: what CLAP's thread-check asks.
//!
//! Two plain cells per thread, without destructors: no allocation, no lock, any thread.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

thread_local! {
    static MAIN: Cell<u64> = const { Cell::new(0) };
    static AUDIO: Cell<u64> = const { Cell::new(0) };
}

/// One plugin instance, by a number that is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plugin(u64);

impl Plugin {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes this thread the plugin's main thread until it ends.
    pub(crate) fn become_main(self) {
        MAIN.set(self.0);
    }

    pub(crate) fn is_main(self) -> bool {
        MAIN.get() == self.0
    }

    pub(crate) fn is_audio(self) -> bool {
        AUDIO.get() == self.0
    }

    /// Makes this thread the plugin's audio thread as long as the guard lives.
    ///
    /// # Real time
    /// Two moves.
    pub(crate) fn on_audio(self) -> AudioRole {
        AudioRole { before: AUDIO.replace(self.0) }
    }
}

/// This thread processes.
pub(crate) struct AudioRole {
    before: u64,
}

impl Drop for AudioRole {
    fn drop(&mut self) {
        AUDIO.set(self.before);
    }
}
