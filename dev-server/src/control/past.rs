//! What happened lately, for pages that come later: reloads with their outcome, losses with their
//! time. Pure; counters and times come in as values.

use std::collections::VecDeque;

use retake_engine::Probe;
use serde_json::{Value, json};

/// Events and losses that are kept, of each the newest.
const KEPT: usize = 20;
/// Losses of a kind that follow each other within this time are one, seconds.
const SAME_S: f64 = 1.0;
/// Diagnostics of a failed build that are kept.
const DIAGNOSTICS: usize = 4;

/// Counters that tell of a loss, by the names of what they count.
type Counts = [(&'static str, u64); 5];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Past {
    events: VecDeque<Value>,
    losses: VecDeque<Loss>,
    seen: Counts,
}

#[derive(Debug, PartialEq, serde::Serialize)]
struct Loss {
    kind: &'static str,
    /// How many since the first of them.
    n: u64,
    /// The engine's clock at the first.
    frame: u64,
    /// Seconds since the start, of the first.
    t: f64,
}

impl Past {
    /// An event that belongs to the plugin's history.
    pub(super) fn note(&mut self, event: &Value) {
        let mut event = event.clone();
        if let Some(diagnostics) = event.get_mut("diagnostics").and_then(Value::as_array_mut) {
            diagnostics.truncate(DIAGNOSTICS);
            // The long form is in `status.build`, as long as it matters.
            for diagnostic in diagnostics.iter_mut().filter_map(Value::as_object_mut) {
                diagnostic.remove("rendered");
            }
        }
        push(&mut self.events, event);
    }

    /// Looks for losses since the last look; `t` in seconds since the start.
    pub(super) fn look(&mut self, probe: &Probe, t: f64) {
        let now = [
            ("underrun", probe.underruns.get()),
            ("overrun", probe.overruns.get()),
            ("late_callback", probe.late_callbacks.get()),
            ("lost_frames", probe.lost_frames.get()),
            ("record_lost_frames", probe.record_lost_frames.get()),
        ];
        self.count(now, probe.frames.get(), t);
    }

    fn count(&mut self, now: Counts, frame: u64, t: f64) {
        let before = std::mem::replace(&mut self.seen, now);
        for ((kind, now), (_, before)) in now.into_iter().zip(before) {
            let n = now.saturating_sub(before);
            if n == 0 {
                continue;
            }
            let same = |loss: &&mut Loss| loss.kind == kind && t - loss.t < SAME_S;
            match self.losses.iter_mut().rev().find(same) {
                Some(loss) => loss.n += n,
                None => push(&mut self.losses, Loss { kind, n, frame, t }),
            }
        }
    }

    /// `status.history`, newest last.
    pub(super) fn history(&self) -> Value {
        json!(self.events)
    }

    /// `status.xruns`, newest last.
    pub(super) fn xruns(&self) -> Value {
        json!(self.losses)
    }
}

fn push<T>(list: &mut VecDeque<T>, what: T) {
    if list.len() == KEPT {
        list.pop_front();
    }
    list.push_back(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(underruns: u64, lost: u64) -> Counts {
        let kinds = ["underrun", "overrun", "late_callback", "lost_frames", "record_lost_frames"];
        let n = [underruns, 0, 0, lost, 0];
        std::array::from_fn(|i| (kinds[i], n[i]))
    }

    #[test]
    fn a_loss_has_its_first_frame_and_time_and_a_burst_is_one() {
        let mut past = Past::default();
        past.count(counts(0, 0), 100, 0.5);
        assert_eq!(past.xruns(), json!([]));
        past.count(counts(1, 64), 48_000, 1.0);
        past.count(counts(1, 96), 48_200, 1.1);
        past.count(counts(2, 96), 144_000, 3.0);
        assert_eq!(
            past.xruns(),
            json!([
                { "kind": "underrun", "n": 1, "frame": 48_000, "t": 1.0 },
                { "kind": "lost_frames", "n": 96, "frame": 48_000, "t": 1.0 },
                { "kind": "underrun", "n": 1, "frame": 144_000, "t": 3.0 },
            ])
        );
    }

    #[test]
    fn the_newest_twenty_are_kept() {
        let mut past = Past::default();
        for n in 1..=25_u32 {
            past.note(&json!({ "event": "reloaded", "generation": n }));
            past.count(counts(n.into(), 0), 0, f64::from(2 * n));
        }
        let (history, xruns) = (past.history(), past.xruns());
        assert_eq!(history.as_array().map(Vec::len), Some(20));
        let [first, last] = [6, 25].map(|n| json!({ "event": "reloaded", "generation": n }));
        assert_eq!((&history[0], &history[19]), (&first, &last));
        assert_eq!((xruns.as_array().map(Vec::len), &xruns[19]["t"]), (Some(20), &json!(50.0)));
    }

    #[test]
    fn a_failed_build_is_kept_in_short() {
        let mut past = Past::default();
        let one = json!({ "file": "src/lib.rs", "line": 3, "message": "no", "rendered": "long" });
        past.note(&json!({ "event": "build_failed", "diagnostics": vec![one; 9] }));
        let short = json!({ "file": "src/lib.rs", "line": 3, "message": "no" });
        assert_eq!(past.history()[0]["diagnostics"], json!(vec![short; 4]));
    }
}
