//! The way of a caught panic from the thread where it happened to the one that may log it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::guard::Caught;

/// A place for one caught panic. The flag says whose turn it is, so the lock is always free.
#[derive(Debug, Default)]
pub(crate) struct Fault {
    is_full: AtomicBool,
    caught: Mutex<Option<Caught>>,
}

impl Fault {
    /// Keeps the panic, unless an earlier one still waits. One thread.
    pub(crate) fn put(&self, caught: Caught) {
        if self.is_full.load(Ordering::Acquire) {
            return;
        }
        if let Ok(mut place) = self.caught.try_lock() {
            *place = Some(caught);
        }
        self.is_full.store(true, Ordering::Release);
    }

    /// Takes what waits. One thread.
    ///
    /// # Real time
    ///
    /// One atomic load while nothing waits; never blocks.
    pub(crate) fn take(&self) -> Option<Caught> {
        if !self.is_full.load(Ordering::Acquire) {
            return None;
        }
        let caught = self.caught.try_lock().ok()?.take();
        self.is_full.store(false, Ordering::Release);
        caught
    }
}
