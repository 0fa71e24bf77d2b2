//! Timers that a plugin registers: plain arithmetic, the main thread brings the time.

use std::time::{Duration, Instant};

/// Shorter periods are lengthened to this: how often the main thread looks.
const SHORTEST: Duration = Duration::from_millis(10);
/// More are refused: a plugin that registers without end would stop its own thread.
const MAX_TIMERS: usize = 64;

#[derive(Debug)]
struct Timer {
    id: u32,
    period: Duration,
    next: Instant,
}

/// The timers of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    list: Vec<Timer>,
    next_id: u32,
}

impl Timers {
    /// A new timer's number; `None` beyond 64 timers.
    pub(crate) fn register(&mut self, period_ms: u32, now: Instant) -> Option<u32> {
        let period = Duration::from_millis(period_ms.into()).max(SHORTEST);
        let id = self.next_id;
        (self.list.len() < MAX_TIMERS).then(|| {
            self.next_id += 1;
            self.list.push(Timer { id, period, next: now + period });
            id
        })
    }

    /// Whether there was such a timer.
    pub(crate) fn unregister(&mut self, id: u32) -> bool {
        let before = self.list.len();
        self.list.retain(|timer| timer.id != id);
        self.list.len() < before
    }

    /// The timers whose time has come, each once, however late.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<u32> {
        let due = self.list.iter_mut().filter(|timer| timer.next <= now);
        due.map(|timer| {
            timer.next = (timer.next + timer.period).max(now);
            timer.id
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_comes_once_per_period_and_not_after_its_end() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        let fast = timers.register(1, start).unwrap();
        let slow = timers.register(25, start).unwrap();
        assert!(timers.due(at(9)).is_empty());
        assert_eq!(timers.due(at(10)), [fast]);
        assert!(timers.due(at(10)).is_empty());
        // Late by several periods: once, and not more often afterwards.
        assert_eq!(timers.due(at(55)), [fast, slow]);
        assert!(timers.unregister(fast) && !timers.unregister(fast));
        assert_eq!(timers.due(at(200)), [slow]);
        for _ in 1..MAX_TIMERS {
            timers.register(10, start).unwrap();
        }
        assert_eq!(timers.register(10, start), None);
    }
}
