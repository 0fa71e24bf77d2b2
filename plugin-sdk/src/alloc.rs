//! Counts the heap calls of a thread, for the author's tests.

mod ffi;

use std::cell::Cell;
use std::hint::black_box;

thread_local! {
    // Without a destructor, so that it needs none itself.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting; installed by [`test_allocator!`](crate::test_allocator).
#[derive(Debug, Default)]
pub struct TestAllocator;

impl TestAllocator {
    /// How often this thread has allocated or freed so far; 0 for ever if the allocator is not
    /// installed.
    #[must_use]
    pub fn calls() -> u64 {
        CALLS.get()
    }

    /// Whether this program uses it.
    #[must_use]
    pub fn is_installed() -> bool {
        let before = Self::calls();
        drop(black_box(Box::new(black_box(0_u64))));
        Self::calls() != before
    }

    /// Runs `work`, whose heap calls do not count.
    pub(crate) fn uncounted<T>(work: impl FnOnce() -> T) -> T {
        let before = CALLS.get();
        let result = work();
        CALLS.set(before);
        result
    }
}

/// Installs the allocator that [`TestHost::assert_no_alloc`](crate::TestHost::assert_no_alloc)
/// needs: `#[cfg(test)] retake_sdk::test_allocator!();`, once per test program.
#[macro_export]
macro_rules! test_allocator {
    () => {
        #[global_allocator]
        static TEST_ALLOCATOR: $crate::TestAllocator = $crate::TestAllocator;
    };
}
