//! A block that does not end must not take the core from all others: after half a second its thread
//! loses its priority, and gets it back when it comes out.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Longest callback with a priority, in nanoseconds.
const LONGEST_NS: u64 = 500_000_000;

/// Since when the thread has been in its callback; shared with whoever holds the leash.
#[derive(Debug, Clone, Default)]
pub(super) struct Inside(Arc<AtomicU64>);

impl Inside {
    /// The callback begins.
    ///
    /// # Real time
    /// One relaxed store, as [`Inside::leave`].
    pub(super) fn enter(&self, now_ns: u64) {
        // 0 is outside.
        self.0.store(now_ns.max(1), Relaxed);
    }

    pub(super) fn leave(&self) {
        self.0.store(0, Relaxed);
    }

    fn is_long(&self, now_ns: u64) -> bool {
        let since = self.0.load(Relaxed);
        since != 0 && now_ns.saturating_sub(since) > LONGEST_NS
    }
}

/// What is to be done with the thread's priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pull {
    Take,
    GiveBack,
}

/// Who holds it looks every few milliseconds.
#[derive(Debug, Default)]
pub(super) struct Leash {
    is_taken: bool,
}

impl Leash {
    /// What has become necessary since the last look.
    pub(super) fn look(&mut self, inside: &Inside, now_ns: u64) -> Option<Pull> {
        let is_long = inside.is_long(now_ns);
        if is_long == self.is_taken {
            return None;
        }
        self.is_taken = is_long;
        Some(if is_long { Pull::Take } else { Pull::GiveBack })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_second_in_one_callback_costs_the_priority_until_it_comes_out() {
        let (inside, mut leash) = (Inside::default(), Leash::default());
        assert_eq!(leash.look(&inside, 9_000_000_000), None, "outside");
        inside.enter(1_000_000_000);
        assert_eq!(leash.look(&inside, 1_500_000_000), None);
        assert_eq!(leash.look(&inside, 1_500_000_001), Some(Pull::Take));
        assert_eq!(leash.look(&inside, 7_000_000_000), None, "once");
        inside.leave();
        assert_eq!(leash.look(&inside, 7_000_000_001), Some(Pull::GiveBack));
        inside.enter(7_000_000_002);
        assert_eq!(leash.look(&inside, 7_000_000_003), None);
    }
}
