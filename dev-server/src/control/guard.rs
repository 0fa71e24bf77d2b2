//! What the output guard did, told while it does it.

use std::time::{Duration, Instant};

use serde_json::json;

use super::Control;
use crate::{
    report::{Tone, say},
    telemetry::Flag,
};

/// What happens again within this time is told in one event.
const EVERY: Duration = Duration::from_secs(1);
/// People are told again after so long without.
const QUIET: Duration = Duration::from_secs(10);

/// The counters as they were told.
#[derive(Debug, Default)]
pub(super) struct Guard {
    limiter: Tally,
    non_finite: Tally,
}

/// One counter.
#[derive(Debug, Default)]
struct Tally {
    told: u64,
    told_at: Option<Instant>,
}

impl Tally {
    /// What is to be told of the counter at `now`: how many since last time, and whether people are
    /// to hear of it, too.
    fn look(&mut self, counter: u64, now: Instant) -> Option<(u64, bool)> {
        let since = self.told_at.map(|at| now - at);
        let n = counter.saturating_sub(self.told);
        if n == 0 || since.is_some_and(|since| since < EVERY) {
            return None;
        }
        (self.told, self.told_at) = (counter, Some(now));
        Some((n, since.is_none_or(|since| since > QUIET)))
    }
}

impl Control {
    /// Tells what was limited or silenced since last time.
    pub(super) fn look_at_guard(&mut self) {
        let now = Instant::now();
        let limited = self.parts.probe.limited_samples.get();
        if let Some((n, is_news)) = self.guard.limiter.look(limited, now) {
            let message = "the output is held below −1 dBFS";
            self.tell_guard("limiter", message, Some(n), is_news);
        }
        let silenced = self.parts.probe.guarded_blocks.get();
        if let Some((n, is_news)) = self.guard.non_finite.look(silenced, now) {
            let message = "blocks with samples that are not finite are silence";
            self.tell_guard("non_finite", message, Some(n), is_news);
        }
    }

    /// The output has an offset.
    pub(super) fn on_dc(&mut self, level: f32) {
        let dbfs = 20.0 * level.abs().log10();
        let message = format!(
            "the output has an offset of {level:+.3} ({dbfs:.1} dBFS): it moves the speaker and is \
             not heard; a high-pass of some hertz removes it"
        );
        self.tell_guard("dc", &message, None, true);
    }

    /// The engine has muted a howl.
    pub(super) fn on_howl(&mut self, hz: f32) {
        let message = format!(
            "the speaker feeds the microphone, at {hz:.0} Hz: muted; turn it down or use headphones, \
             then unmute"
        );
        self.tell_guard("howl", &message, None, true);
        self.mute = true;
        self.parts.telemetry.set(Flag::Mute, true);
        self.tell_state();
    }

    fn tell_guard(&mut self, kind: &str, message: &str, n: Option<u64>, is_news: bool) {
        if is_news {
            say(Tone::Warning, "Guard", message);
        }
        self.parts.report.event("guard", json!({ "kind": kind, "message": message, "n": n }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_told_once_a_second_and_to_people_after_a_silence() {
        let mut tally = Tally::default();
        let start = Instant::now();
        let mut look = |counter, ms| tally.look(counter, start + Duration::from_millis(ms));
        assert_eq!(look(0, 0), None);
        assert_eq!(look(5, 10), Some((5, true)));
        assert_eq!(look(9, 500), None, "too soon");
        assert_eq!(look(9, 1_100), Some((4, false)));
        assert_eq!(look(9, 9_000), None, "nothing more");
        assert_eq!(look(10, 12_000), Some((1, true)));
    }
}
