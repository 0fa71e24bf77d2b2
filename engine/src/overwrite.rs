//! The overwrite ring: one writer that never waits, any number of readers that know what they lost.
//!
//! Records of a fixed number of 32-bit words live, two by two, in a circular array of atomics (a
//! stereo frame is one store, not two). The writer
//! announces how far it will have written (`begun`), writes, then publishes (`done`). A reader
//! copies what is published and afterwards looks at `begun`: whatever the writer may have touched
//! meanwhile is discarded and counted. No slot is ever read as half old, half new. This is a
//! seqlock over a ring (Boehm, "Can seqlocks get along with programming language memory models?",
//! 2012), and the model in `tests/loom.rs` explores its interleavings.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, Ordering, fence};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU64, Ordering, fence};

use std::{ops::Range, sync::Arc};

/// Room for two words.
#[derive(Debug)]
pub(crate) struct Pair(AtomicU64);

impl Pair {
    /// # Real time
    /// One relaxed store.
    pub(crate) fn store(&self, first: u32, second: u32) {
        self.0.store(u64::from(first) | u64::from(second) << 32, Ordering::Relaxed);
    }

    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    fn load(&self) -> [u32; 2] {
        let words = self.0.load(Ordering::Relaxed);
        [words as u32, (words >> 32) as u32]
    }
}

#[derive(Debug)]
struct Shared {
    pairs: Box<[Pair]>,
    record_words: usize,
    record_pairs: usize,
    capacity: u64,
    /// Records whose writing has begun, since construction.
    begun: AtomicU64,
    /// Records that are whole.
    done: AtomicU64,
}

/// A ring of `capacity` records of `record_words` words. The writer is unique; readers are opened
/// from the source.
///
/// # Panics
/// If either is zero.
pub fn overwrite_ring(record_words: usize, capacity: usize) -> (OverwriteWriter, OverwriteSource) {
    assert!(record_words > 0 && capacity > 0, "a ring holds at least one record");
    let record_pairs = record_words.div_ceil(2);
    let shared = Arc::new(Shared {
        pairs: (0..record_pairs * capacity).map(|_| Pair(AtomicU64::new(0))).collect(),
        record_words,
        record_pairs,
        capacity: capacity as u64,
        begun: AtomicU64::new(0),
        done: AtomicU64::new(0),
    });
    (OverwriteWriter { shared: Arc::clone(&shared), written: 0 }, OverwriteSource { shared })
}

/// The one writer.
#[derive(Debug)]
pub struct OverwriteWriter {
    shared: Arc<Shared>,
    written: u64,
}

impl OverwriteWriter {
    /// Writes `n` records; `word(record, word)` gives their words. `n` is at most the capacity.
    ///
    /// # Real time
    /// Wait-free, whatever the readers do.
    pub fn write(&mut self, n: usize, word: impl Fn(usize, usize) -> u32) {
        let (words, pairs) = (self.shared.record_words, self.shared.record_pairs);
        let at = |record, w| if w < words { word(record, w) } else { 0 };
        let put = |slots: &[Pair], record| {
            let starts = (0..words).step_by(2);
            slots
                .iter()
                .zip(starts)
                .for_each(|(slot, w)| slot.store(at(record, w), at(record, w + 1)));
        };
        self.write_runs(n, |slots, records| {
            slots.chunks_exact(pairs).zip(records).for_each(|(slots, record)| put(slots, record));
        });
    }

    /// Writes `n` records; `put` gets the room for some of them and their numbers, at most twice: up
    /// to the ring's end, and from its beginning on.
    ///
    /// # Real time
    /// Wait-free, whatever the readers do.
    #[expect(clippy::cast_possible_truncation, reason = "an index below the capacity, a usize")]
    pub(crate) fn write_runs(&mut self, n: usize, put: impl Fn(&[Pair], Range<usize>)) {
        let shared = &*self.shared;
        let end = self.written + n as u64;
        shared.begun.store(end, Ordering::Relaxed);
        fence(Ordering::Release);
        let at = (self.written % shared.capacity) as usize;
        let n_after = n.min(shared.capacity as usize - at);
        let (before, after) = shared.pairs.split_at(at * shared.record_pairs);
        put(&after[..n_after * shared.record_pairs], 0..n_after);
        put(&before[..(n - n_after) * shared.record_pairs], n_after..n);
        shared.done.store(end, Ordering::Release);
        self.written = end;
    }

    /// Words of a record.
    pub(crate) fn record_words(&self) -> usize {
        self.shared.record_words
    }

    /// Records written since construction.
    pub fn written(&self) -> u64 {
        self.written
    }
}

/// Opens readers; clones share the ring.
#[derive(Debug, Clone)]
pub struct OverwriteSource {
    shared: Arc<Shared>,
}

impl OverwriteSource {
    /// A reader that begins with the next record to be written.
    pub fn open(&self) -> OverwriteReader {
        self.open_back(0)
    }

    /// A reader that begins `records` before the next one to be written, or as many as there were.
    pub fn open_back(&self, records: u64) -> OverwriteReader {
        let next = self.shared.done.load(Ordering::Acquire).saturating_sub(records);
        OverwriteReader { shared: Arc::clone(&self.shared), next }
    }
}

/// What a read gave: `records` whole records, `lost` that were overwritten before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// Records at the start of the buffer.
    pub records: usize,
    /// Records lost immediately before them.
    pub lost: u64,
}

/// One reader at its own pace.
#[derive(Debug)]
pub struct OverwriteReader {
    shared: Arc<Shared>,
    next: u64,
}

impl OverwriteReader {
    /// Words of a record.
    pub fn record_words(&self) -> usize {
        self.shared.record_words
    }

    /// The number of the next record to be read, counted since construction.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Records that the ring holds.
    pub fn capacity(&self) -> usize {
        usize::try_from(self.shared.capacity).unwrap_or(usize::MAX)
    }

    /// Copies the oldest unread records into `buffer` (a whole number of records long).
    ///
    /// Received and lost records of all reads add up to the records written.
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the buffer's length, a usize")]
    pub fn read(&mut self, buffer: &mut [u32]) -> Received {
        let shared = &*self.shared;
        let done = shared.done.load(Ordering::Acquire);
        // Older than the ring is long: surely gone.
        let first = self.next.max(done.saturating_sub(shared.capacity));
        let room = (buffer.len() / shared.record_words) as u64;
        let n = (done - first).min(room);
        for (record, to) in (first..first + n).zip(buffer.chunks_exact_mut(shared.record_words)) {
            let slot = (record % shared.capacity) as usize * shared.record_pairs;
            for (from, to) in shared.pairs[slot..].iter().zip(to.chunks_mut(2)) {
                to.copy_from_slice(&from.load()[..to.len()]);
            }
        }
        fence(Ordering::Acquire);
        let begun = shared.begun.load(Ordering::Relaxed);
        let torn_before = begun.saturating_sub(shared.capacity).clamp(first, first + n);
        let torn = (torn_before - first) as usize;
        buffer.copy_within(torn * shared.record_words..n as usize * shared.record_words, 0);
        let lost = torn_before - self.next;
        self.next = first + n;
        Received { records: n as usize - torn, lost }
    }
}

#[cfg(all(test, not(loom)))]
#[allow(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn received_and_lost_add_up_and_records_are_whole(
            capacity in 1_usize..20,
            moves in prop::collection::vec((any::<bool>(), 1_usize..30), 1..100),
        ) {
            let (mut writer, source) = overwrite_ring(2, capacity);
            let mut reader = source.open();
            let (mut written, mut expected) = (0_u32, 0_u32);
            for (is_write, n) in moves {
                if is_write {
                    let n = n.min(capacity);
                    writer.write(n, |r, w| (written + r as u32) * 2 + w as u32);
                    written += n as u32;
                } else {
                    let mut buffer = vec![0; n * 2];
                    let got = reader.read(&mut buffer);
                    expected += u32::try_from(got.lost).unwrap();
                    for record in buffer[..got.records * 2].chunks_exact(2) {
                        prop_assert_eq!(record, [expected * 2, expected * 2 + 1]);
                        expected += 1;
                    }
                }
            }
            let mut rest = vec![0; capacity * 2];
            let got = reader.read(&mut rest);
            prop_assert_eq!(expected + got.lost as u32 + got.records as u32, written);
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test plays the other thread")]
    fn a_running_writer_never_tears_a_record() {
        const RECORDS: u32 = 400_000;
        let (mut writer, source) = overwrite_ring(4, 64);
        let mut reader = source.open();
        let writing = std::thread::spawn(move || {
            for n in 0..RECORDS {
                writer.write(1, |_, _| n);
            }
        });
        let mut buffer = [0; 4 * 48];
        let mut total = 0_u64;
        while total < u64::from(RECORDS) {
            let got = reader.read(&mut buffer);
            total += got.lost;
            for record in buffer[..got.records * 4].chunks_exact(4) {
                assert_eq!(record, [u32::try_from(total).unwrap(); 4]);
                total += 1;
            }
        }
        writing.join().unwrap();
        assert_eq!(total, u64::from(RECORDS));
    }
}
