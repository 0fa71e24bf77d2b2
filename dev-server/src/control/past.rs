//! What happened lately, for pages that come later: reloads with their outcome, losses with their
//! time. Pure; counters and times come in as values.

use std::collections::{BTreeMap, VecDeque};

use retake_engine::Probe;
use serde_json::{Value, json};

/// Events and losses that are kept, of each the newest.
const KEPT: usize = 20;
/// Losses of a kind that follow each other within this time are one, seconds.
const SAME_S: f64 = 1.0;
/// Diagnostics of a failed build that are kept.
const DIAGNOSTICS: usize = 4;

/// Counters that tell of a loss, by the names of what they count.
type Counts<const N: usize> = [(&'static str, u64); N];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Past {
    events: VecDeque<Value>,
    losses: VecDeque<Loss>,
    /// Of playback and the recorder.
    seen: Counts<2>,
    /// Of each capture device, by its number.
    seen_inputs: BTreeMap<usize, Counts<3>>,
}

#[derive(Debug, PartialEq, serde::Serialize)]
struct Loss {
    kind: &'static str,
    /// Of which capture device; none of playback and the recorder.
    input: Option<usize>,
    /// How many since the first of them.
    n: u64,
    /// The engine's clock at the first.
    frame: u64,
    /// Seconds since the start, of the first.
    t: f64,
}

/// Where and when a loss was seen.
#[derive(Debug, Clone, Copy)]
struct Look {
    input: Option<usize>,
    frame: u64,
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

    /// Looks for losses since the last look: of the engine, and of each capture device by its
    /// number. `t` in seconds since the start.
    pub(super) fn look<'a>(
        &mut self,
        engine: &Probe,
        inputs: impl Iterator<Item = (usize, &'a Probe)>,
        t: f64,
    ) {
        let frame = engine.frames.get();
        let at = |input| Look { input, frame, t };
        for (number, probe) in inputs {
            let now = [
                ("underrun", probe.underruns.get()),
                ("overrun", probe.overruns.get()),
                ("lost_frames", probe.lost_frames.get()),
            ];
            let before = self.seen_inputs.insert(number, now).unwrap_or_default();
            self.count(now, before, at(Some(number)));
        }
        let now = [
            ("late_callback", engine.late_callbacks.get()),
            ("record_lost_frames", engine.record_lost_frames.get()),
        ];
        let before = std::mem::replace(&mut self.seen, now);
        self.count(now, before, at(None));
    }

    fn count<const N: usize>(&mut self, now: Counts<N>, before: Counts<N>, look: Look) {
        let Look { input, frame, t } = look;
        for ((kind, now), (_, before)) in now.into_iter().zip(before) {
            let n = now.saturating_sub(before);
            if n == 0 {
                continue;
            }
            let same =
                |loss: &&mut Loss| (loss.kind, loss.input) == (kind, input) && t - loss.t < SAME_S;
            match self.losses.iter_mut().rev().find(same) {
                Some(loss) => loss.n += n,
                None => push(&mut self.losses, Loss { kind, input, n, frame, t }),
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

    /// One device's probe, at a frame of the engine's clock.
    fn probe(underruns: u64, lost: u64, frame: u64) -> Probe {
        let probe = Probe::default();
        probe.underruns.add(underruns);
        probe.lost_frames.add(lost);
        probe.frames.set(frame);
        probe
    }

    fn look(past: &mut Past, probe: &Probe, t: f64) {
        past.look(probe, [(0, probe)].into_iter(), t);
    }

    #[test]
    fn a_loss_has_its_first_frame_and_time_and_a_burst_is_one() {
        let mut past = Past::default();
        look(&mut past, &probe(0, 0, 100), 0.5);
        assert_eq!(past.xruns(), json!([]));
        look(&mut past, &probe(1, 64, 48_000), 1.0);
        look(&mut past, &probe(1, 96, 48_200), 1.1);
        look(&mut past, &probe(2, 96, 144_000), 3.0);
        assert_eq!(
            past.xruns(),
            json!([
                { "kind": "underrun", "input": 0, "n": 1, "frame": 48_000, "t": 1.0 },
                { "kind": "lost_frames", "input": 0, "n": 96, "frame": 48_000, "t": 1.0 },
                { "kind": "underrun", "input": 0, "n": 1, "frame": 144_000, "t": 3.0 },
            ])
        );
    }

    #[test]
    fn each_device_loses_for_itself_and_playback_for_none() {
        let (mut past, engine, second) = (Past::default(), probe(1, 0, 480), probe(2, 7, 0));
        engine.late_callbacks.add(3);
        past.look(&engine, [(0, &engine), (2, &second)].into_iter(), 1.0);
        let of = |kind: &str, input: Value, n: u32| json!({ "kind": kind, "input": input, "n": n, "frame": 480, "t": 1.0 });
        let expected = json!([
            of("underrun", json!(0), 1),
            of("underrun", json!(2), 2),
            of("lost_frames", json!(2), 7),
            of("late_callback", Value::Null, 3),
        ]);
        assert_eq!(past.xruns(), expected);
        // Another device in its place counts from nothing again: that is no loss.
        past.look(&engine, [(0, &engine), (2, &probe(1, 0, 0))].into_iter(), 5.0);
        assert_eq!(past.xruns(), expected);
    }

    #[test]
    fn the_newest_twenty_are_kept() {
        let mut past = Past::default();
        for n in 1..=25_u32 {
            past.note(&json!({ "event": "reloaded", "generation": n }));
            look(&mut past, &probe(n.into(), 0, 0), f64::from(2 * n));
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
