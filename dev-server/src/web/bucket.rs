//! A token bucket: how often one client may ask. Pure arithmetic; time comes in as a value.

use std::time::Instant;

#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Bucket {
    /// Starts full: one second's worth at once.
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second: per_second.into(), left: per_second.into(), at: now }
    }

    /// Takes one, or says that there is none left.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let refill = now.saturating_duration_since(self.at).as_secs_f64() * self.per_second;
        self.left = (self.left + refill).min(self.per_second);
        self.at = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_is_one_second_and_refills_at_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(100, start);
        assert_eq!((0..500).filter(|_| bucket.take(start)).count(), 100);
        let later = start + Duration::from_millis(255);
        assert_eq!((0..500).filter(|_| bucket.take(later)).count(), 25);
        let much_later = later + Duration::from_hours(1);
        assert_eq!((0..500).filter(|_| bucket.take(much_later)).count(), 100);
    }
}
