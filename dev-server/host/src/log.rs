//! Log lines from threads that must not wait: a fixed number of records of fixed size.
//!
//! Writers are any threads of the plugin, its audio thread among them; the reader is the plugin's
//! main thread. Nobody waits: a writer that finds no room, or finds another writer or the reader
//! inside, counts its line as lost. The reader is inside for the time of swapping two pointers.

pub(crate) mod ffi;

use std::{
    borrow::Cow,
    mem,
    sync::{
        Mutex, TryLockError,
        atomic::{AtomicU64, Ordering},
    },
};

use clack_extensions::log::LogSeverity;

const N_RECORDS: usize = 64;
const TEXT_BYTES: usize = 240;

/// Longest line that is read at all, in bytes.
pub(crate) const LINE_BYTES: usize = 4_096;

/// One line as bytes; what does not fit is cut, between characters if it is UTF-8.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    pub(crate) severity: LogSeverity,
    len: u8,
    text: [u8; TEXT_BYTES],
}

impl Record {
    fn new(severity: LogSeverity, message: &[u8]) -> Self {
        let mut len = message.len().min(TEXT_BYTES);
        // A byte that goes on with a character must not come first behind the cut.
        while len > 0 && message.get(len).is_some_and(|byte| byte & 0xc0 == 0x80) {
            len -= 1;
        }
        let mut text = [0; TEXT_BYTES];
        text[..len].copy_from_slice(&message[..len]);
        Self { severity, len: u8::try_from(len).unwrap_or(u8::MAX), text }
    }

    /// Its text; bytes that are none are replaced.
    pub(crate) fn message(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text[..self.len.into()])
    }
}

/// The lines that wait for the main thread.
pub(crate) struct LogQueue {
    waiting: Mutex<Vec<Record>>,
    n_lost: AtomicU64,
}

impl LogQueue {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::new(Vec::with_capacity(N_RECORDS)), n_lost: AtomicU64::new(0) }
    }

    /// Adds a line, or counts it.
    ///
    /// # Real time
    /// Never waits for the lock, never allocates. Nobody ever waits for it, so unlocking it is no
    /// system call either.
    pub(crate) fn push(&self, severity: LogSeverity, message: &[u8]) {
        let record = Record::new(severity, message);
        let is_added = self.with(|waiting| {
            let has_room = waiting.len() < N_RECORDS;
            if has_room {
                waiting.push(record);
            }
            has_room
        });
        if is_added != Some(true) {
            self.n_lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes all lines in the order of their coming and the number of those lost since last time.
    pub(crate) fn take(&self) -> (Vec<Record>, u64) {
        let mut fresh = Vec::with_capacity(N_RECORDS);
        // If a writer is inside, its line and the others come next time.
        self.with(|waiting| mem::swap(waiting, &mut fresh));
        (fresh, self.n_lost.swap(0, Ordering::Relaxed))
    }

    fn with<T>(&self, inside: impl FnOnce(&mut Vec<Record>) -> T) -> Option<T> {
        match self.waiting.try_lock() {
            Ok(mut waiting) => Some(inside(&mut waiting)),
            Err(TryLockError::Poisoned(mut poisoned)) => Some(inside(poisoned.get_mut())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_order_and_the_excess_is_counted() {
        let queue = LogQueue::new();
        for n in 0..N_RECORDS + 3 {
            queue.push(LogSeverity::Info, n.to_string().as_bytes());
        }
        let (records, n_lost) = queue.take();
        let lines: Vec<_> = records.iter().map(Record::message).collect();
        assert_eq!((lines.len(), &*lines[0], &*lines[63], n_lost), (64, "0", "63", 3));
        assert_eq!(queue.take().1, 0);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let queue = LogQueue::new();
        queue.push(LogSeverity::Info, "é".repeat(TEXT_BYTES).as_bytes());
        queue.push(LogSeverity::Info, format!("x{}", "é".repeat(TEXT_BYTES)).as_bytes());
        queue.push(LogSeverity::Info, &[0x80; 2 * TEXT_BYTES]);
        let (records, _) = queue.take();
        assert_eq!(records[0].message(), "é".repeat(TEXT_BYTES / 2));
        assert_eq!(records[1].message(), format!("x{}", "é".repeat(TEXT_BYTES / 2 - 1)));
        assert_eq!(records[2].message(), "");
    }
}
