//! One device's absence: when to try again, and what was said about it.

use std::time::Instant;

use super::backoff::Backoff;

/// From the loss of a device to its return.
#[derive(Debug)]
pub(super) struct Outage {
    backoff: Backoff,
    next_try: Option<Instant>,
    told: Option<String>,
}

impl Outage {
    pub(super) fn new() -> Self {
        Self { backoff: Backoff::new(), next_try: None, told: None }
    }

    /// It could not be opened; whether that is news.
    pub(super) fn fail(&mut self, now: Instant, reason: &str) -> bool {
        self.next_try = Some(now + self.backoff.next());
        let is_news = self.told.as_deref() != Some(reason);
        self.told = Some(reason.to_owned());
        is_news
    }

    /// The device is there again: the next opening is a try.
    pub(super) fn begin_try(&mut self) {
        self.next_try = None;
    }

    /// Whether the device may be opened now.
    pub(super) fn is_trying(&self) -> bool {
        self.next_try.is_none()
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next_try.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_reason_is_told_once_and_tries_wait() {
        let now = Instant::now();
        let mut outage = Outage::new();
        assert!(outage.fail(now, "unplugged"));
        assert!(!outage.fail(now, "unplugged"));
        assert!(outage.fail(now, "busy"));
        assert!(!outage.is_due(now + Duration::from_millis(199)));
        assert!(outage.is_due(now + Duration::from_millis(200)));
        assert!(!outage.is_trying());
        outage.begin_try();
        assert!(outage.is_trying());
        assert!(!outage.is_due(now + Duration::from_mins(1)));
    }
}
