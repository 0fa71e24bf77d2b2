//! Where a plugin's forbidden calls are counted while it plays: a fixed table, one line per place.
//!
//! The thread that plays writes, the plugin's main thread reads; nobody waits. A place is the raw
//! stack of a call within the plugin: it is written down when the place comes first, and counted
//! after that.
//!
//! Walking the stack takes half a microsecond for each frame, so each way of calling (the function,
//! and the depth of the stack) has a ration of walks in a block. Calls beyond it count for the place
//! that last came that way; in a plugin that calls so often in a block, two places of one function
//! may then share their counts. What fits nowhere is counted as lost.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering},
};

use super::{interpose::Call, unwind::MAX_FRAMES};
use crate::hash;

/// Places that are told apart.
const N_PLACES: usize = 256;
/// How far from where it belongs a place is looked for.
const N_PROBES: usize = 16;
/// Walks of one way in one block.
const RATION: u8 = 4;
/// Ways that are told apart.
const N_WAYS: usize = 64;

/// What one plugin did.
#[derive(Debug)]
pub(crate) struct Recorder {
    places: Box<[Place]>,
    /// The place that came last on each way; counted from 1, so that 0 = none.
    recent: [AtomicU16; N_WAYS],
    n_calls: AtomicU64,
    n_lost: AtomicU64,
    frames: AtomicU64,
}

/// One call site; its key is 0 as long as it is free.
#[derive(Debug)]
struct Place {
    key: AtomicU64,
    call: AtomicU8,
    /// Length of the stack; set last, so 0 = not written yet.
    depth: AtomicU32,
    n: AtomicU64,
    stack: [AtomicU64; MAX_FRAMES],
}

/// A place as the main thread sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) call: Call,
    pub(super) n: u64,
    pub(super) stack: Vec<u64>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        let place = || Place {
            key: AtomicU64::new(0),
            call: AtomicU8::new(0),
            depth: AtomicU32::new(0),
            n: AtomicU64::new(0),
            stack: [const { AtomicU64::new(0) }; MAX_FRAMES],
        };
        Self {
            places: (0..N_PLACES).map(|_| place()).collect(),
            recent: [const { AtomicU16::new(0) }; N_WAYS],
            n_calls: AtomicU64::new(0),
            n_lost: AtomicU64::new(0),
            frames: AtomicU64::new(0),
        }
    }

    /// Forbidden calls so far.
    pub(super) fn n_calls(&self) -> u64 {
        self.n_calls.load(Ordering::Acquire)
    }

    /// Forbidden calls so far that no place counts.
    pub(crate) fn n_lost(&self) -> u64 {
        self.n_lost.load(Ordering::Relaxed)
    }

    /// Frames that were played so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// All places so far, each always at the same index.
    pub(super) fn seen(&self) -> Vec<Option<Seen>> {
        self.places.iter().map(Place::seen).collect()
    }

    /// The place with this key, taken for it if there is none.
    fn place(&self, key: u64, call: Call, stack: &[u64]) -> Option<usize> {
        // The lower bits of the product are the poorer.
        let first = (key >> 32) as usize;
        (0..N_PROBES).map(|step| (first + step) % N_PLACES).find(|index| {
            let place = &self.places[*index];
            let taken = place.key.compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire);
            if taken.is_ok() {
                place.write(call, stack);
            }
            taken.map_or_else(|owner| owner == key, |_| true)
        })
    }

    fn count(&self, place: Option<usize>) {
        let n = place.map_or(&self.n_lost, |place| &self.places[place].n);
        n.fetch_add(1, Ordering::Relaxed);
        self.n_calls.fetch_add(1, Ordering::Release);
    }
}

impl Place {
    fn write(&self, call: Call, stack: &[u64]) {
        self.call.store(call as u8, Ordering::Relaxed);
        for (to, address) in self.stack.iter().zip(stack) {
            to.store(*address, Ordering::Relaxed);
        }
        let depth = u32::try_from(stack.len()).unwrap_or(0);
        self.depth.store(depth, Ordering::Release);
    }

    fn is_of(&self, call: Call) -> bool {
        self.call.load(Ordering::Relaxed) == call as u8
    }

    fn seen(&self) -> Option<Seen> {
        let depth = self.depth.load(Ordering::Acquire) as usize;
        (depth > 0).then(|| Seen {
            call: Call::ALL[self.call.load(Ordering::Relaxed) as usize],
            n: self.n.load(Ordering::Relaxed),
            stack: self.stack.iter().take(depth).map(|at| at.load(Ordering::Relaxed)).collect(),
        })
    }
}

/// One block that the plugin plays.
#[derive(Debug)]
pub(super) struct Block<'a> {
    recorder: &'a Recorder,
    /// Above it on the stack is the host.
    base: usize,
    n_walks: [Cell<u8>; N_WAYS],
}

impl<'a> Block<'a> {
    /// A block of so many frames, called from where the stack stands at `base`.
    pub(super) fn new(recorder: &'a Recorder, frames: usize, base: usize) -> Self {
        recorder.frames.fetch_add(frames as u64, Ordering::Relaxed);
        Self { recorder, base, n_walks: [const { Cell::new(0) }; N_WAYS] }
    }

    pub(super) fn base(&self) -> usize {
        self.base
    }

    /// Counts a call made where the stack stands at `here`; `walk` writes the stack down.
    ///
    /// # Real time
    /// Atomics, and at most [`RATION`] walks of each way, unless two share an entry.
    pub(super) fn note(
        &self,
        call: Call,
        here: usize,
        walk: impl FnOnce(&mut [u64; MAX_FRAMES]) -> usize,
    ) {
        let depth = self.base.wrapping_sub(here);
        let way = (call as usize * 7 + depth / 8) % N_WAYS;
        let (recent, n_walks) = (&self.recorder.recent[way], &self.n_walks[way]);
        let last = recent.load(Ordering::Relaxed).checked_sub(1).map(usize::from);
        // Another function can share the entry.
        let is_same = last.is_none_or(|last| self.recorder.places[last].is_of(call));
        if n_walks.get() >= RATION && is_same {
            return self.recorder.count(last);
        }
        n_walks.set(n_walks.get().saturating_add(1));
        let mut stack = [0; MAX_FRAMES];
        let n = walk(&mut stack);
        // Without a single frame there is nothing to name.
        let stack = if n == 0 { &stack[..1] } else { &stack[..n] };
        let key = hash::of_words(call as u64, stack) | 1;
        let place = self.recorder.place(key, call, stack);
        let number = place.and_then(|place| u16::try_from(place + 1).ok());
        recent.store(number.unwrap_or(0), Ordering::Relaxed);
        self.recorder.count(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(block: &Block<'_>, call: Call, stack: &[u64]) {
        block.note(call, 0, |to| {
            to[..stack.len()].copy_from_slice(stack);
            stack.len()
        });
    }

    fn seen(recorder: &Recorder) -> Vec<Seen> {
        let mut seen: Vec<_> = recorder.seen().into_iter().flatten().collect();
        seen.sort_by_key(|seen| (seen.stack.clone(), seen.n));
        seen
    }

    #[test]
    fn each_stack_and_call_has_its_count() {
        let recorder = Recorder::new();
        for _ in 0..3 {
            let block = Block::new(&recorder, 64, 1_000);
            note(&block, Call::malloc, &[1, 2]);
            note(&block, Call::malloc, &[1, 3]);
            note(&block, Call::free, &[1, 3]);
            note(&block, Call::free, &[1, 3]);
        }
        let seen = seen(&recorder);
        let expected = [
            (vec![1, 2], Call::malloc, 3),
            (vec![1, 3], Call::malloc, 3),
            (vec![1, 3], Call::free, 6),
        ];
        let found: Vec<_> = seen.into_iter().map(|s| (s.stack, s.call, s.n)).collect();
        assert_eq!(found, expected);
        assert_eq!((recorder.n_calls(), recorder.n_lost(), recorder.frames()), (12, 0, 192));
    }

    #[test]
    fn beyond_the_ration_the_last_place_of_that_way_counts() {
        let recorder = Recorder::new();
        let block = Block::new(&recorder, 64, 1_000);
        for _ in 0..RATION {
            note(&block, Call::malloc, &[1]);
        }
        block.note(Call::malloc, 0, |_| panic!("the ration is eaten"));
        assert_eq!(seen(&recorder)[0].n, u64::from(RATION) + 1);
        note(&block, Call::open, &[7]);
        assert_eq!(seen(&recorder).len(), 2, "another call is another way");
        let shares = Call::ALL.iter().find(|call| **call as usize == Call::malloc as usize + 64);
        note(&block, *shares.unwrap(), &[8]);
        assert_eq!(seen(&recorder).len(), 3, "even if it shares the entry");
        block.note(Call::malloc, 8, |stack| {
            stack[0] = 2;
            1
        });
        assert_eq!(seen(&recorder).len(), 4, "so is another depth");
        note(&Block::new(&recorder, 64, 1_000), Call::malloc, &[3]);
        assert_eq!(seen(&recorder).len(), 5, "the next block has its own ration");
    }

    #[test]
    fn places_without_room_are_counted_as_lost() {
        let recorder = Recorder::new();
        let n = 4 * N_PLACES as u64;
        for at in 0..n {
            note(&Block::new(&recorder, 1, 0), Call::read, &[at, 9]);
        }
        let seen = seen(&recorder);
        assert!(seen.len() > N_PLACES / 2 && recorder.n_lost() > 0);
        assert_eq!(seen.len() as u64 + recorder.n_lost(), n);
        assert_eq!(recorder.n_calls(), n);
    }
}
