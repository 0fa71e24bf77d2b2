//! When to try again: soon at first, then ever more seldom.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
/// As often as it is looked whether those that play are still there: a try that finds nothing asks the
/// same of a sound server, some 10 ms of its time. A device that returns is opened within this.
const LONGEST: Duration = Duration::from_millis(500);

/// Doubling waits, 50 ms … 0.5 s.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) fn new() -> Self {
        Self(FIRST)
    }

    /// The wait before the next try.
    pub(super) fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = (wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_second() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..8).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 500, 500, 500, 500]);
    }
}
