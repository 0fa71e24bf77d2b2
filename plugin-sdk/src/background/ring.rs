//! A ring of fixed room between two threads, in safe Rust.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One thread pushes, one pops. The two counts say whose turn a place is, so its lock is always
/// free.
///
/// Full: the value comes back. Empty: nothing.
pub(super) struct Ring<T> {
    places: Box<[Mutex<Option<T>>]>,
    n_pushed: AtomicUsize,
    n_popped: AtomicUsize,
}

impl<T> Ring<T> {
    /// A ring with `room` places, a power of two, so that the counts may wrap.
    pub(super) fn new(room: usize) -> Self {
        debug_assert!(room.is_power_of_two(), "{room} is no power of two");
        let places: Box<[_]> = (0..room).map(|_| Mutex::new(None)).collect();
        // Some systems allocate when a lock is taken for the first time.
        places.iter().for_each(|place| drop(place.lock()));
        Self { places, n_pushed: AtomicUsize::new(0), n_popped: AtomicUsize::new(0) }
    }

    /// # Real time
    ///
    /// Moves the value: neither waits nor allocates.
    pub(super) fn push(&self, value: T) -> Result<(), T> {
        let at = self.n_pushed.load(Ordering::Relaxed);
        if at.wrapping_sub(self.n_popped.load(Ordering::Acquire)) == self.places.len() {
            return Err(value);
        }
        let Ok(mut place) = self.places[at % self.places.len()].try_lock() else {
            return Err(value);
        };
        *place = Some(value);
        drop(place);
        self.n_pushed.store(at.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    /// # Real time
    ///
    /// Moves the value: neither waits nor frees.
    pub(super) fn pop(&self) -> Option<T> {
        let at = self.n_popped.load(Ordering::Relaxed);
        if at == self.n_pushed.load(Ordering::Acquire) {
            return None;
        }
        let value = self.places[at % self.places.len()].try_lock().ok()?.take();
        self.n_popped.store(at.wrapping_add(1), Ordering::Release);
        value
    }

    /// Whether a push would fail; asked by the thread that pushes.
    pub(super) fn is_full(&self) -> bool {
        let n_popped = self.n_popped.load(Ordering::Acquire);
        self.n_pushed.load(Ordering::Relaxed).wrapping_sub(n_popped) == self.places.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_full_gives_back_and_what_is_empty_gives_nothing() {
        let ring = Ring::new(2);
        assert_eq!((ring.push(1), ring.push(2), ring.push(3)), (Ok(()), Ok(()), Err(3)));
        assert!(ring.is_full());
        assert_eq!((ring.pop(), ring.pop(), ring.pop()), (Some(1), Some(2), None));
    }

    #[test]
    fn a_hundred_thousand_values_cross_in_order() {
        let ring = Ring::new(16);
        let push = |number| {
            while ring.push(number).is_err() {
                std::thread::yield_now();
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| (0..100_000).for_each(push));
            for number in 0..100_000 {
                let popped = std::iter::repeat_with(|| ring.pop()).find_map(|popped| popped);
                assert_eq!(popped, Some(number));
            }
        });
    }
}
