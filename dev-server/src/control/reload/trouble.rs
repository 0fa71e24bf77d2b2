//! Failures between the engine's word and the plugin's: the engine knows at once that a generation
//! failed, why comes later, by the plugin's log or from its process. One `fault` tells both.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Control, faults::Fault};

/// How long the reason of an error may take: the line of a panic comes within 20 ms.
const REASON_LIMIT: Duration = Duration::from_millis(150);
/// The same for a process that ended, whose stack has to be read.
const END_LIMIT: Duration = Duration::from_secs(5);
/// How long the engine may take to put the standby in the place of what was condemned.
const PROMOTION_LIMIT: Duration = Duration::from_millis(150);

/// What the engine saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::control) enum Outcome {
    /// An error from `process`.
    Error,
    /// Its process is gone.
    Gone,
    /// Nothing: control has condemned it.
    Condemned,
}

/// A generation that failed.
#[derive(Debug)]
struct Trouble {
    since: Instant,
    outcome: Outcome,
    /// Why, once it is known.
    reason: Option<Fault>,
    /// What plays in its place.
    promoted: Option<u32>,
}

/// All that were not told yet, by generation.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<u32, Trouble>);

impl Trouble {
    fn new(outcome: Outcome) -> Self {
        Self { since: Instant::now(), outcome, reason: None, promoted: None }
    }

    fn is_ripe(&self, has_standby: bool) -> bool {
        let age = self.since.elapsed();
        let limit = if self.outcome == Outcome::Gone { END_LIMIT } else { REASON_LIMIT };
        let is_explained = self.reason.is_some() || age > limit;
        let is_settled = self.promoted.is_some() || !has_standby || age > PROMOTION_LIMIT;
        is_explained && is_settled
    }

    fn into_fault(self) -> Fault {
        let action = if self.promoted.is_some() { "standby" } else { "bypassed" };
        let fault = self.reason.unwrap_or_else(|| match self.outcome {
            Outcome::Gone => Fault::of("crash", "the plugin's process is gone"),
            _ => Fault::of("process_error", "the plugin returned an error from process"),
        });
        fault.with_action(action)
    }
}

impl Troubles {
    fn of(&mut self, number: u32, outcome: Outcome) -> &mut Trouble {
        self.0.entry(number).or_insert_with(|| Trouble::new(outcome))
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.0.contains_key(&number)
    }

    pub(super) fn note_promotion(&mut self, instead_of: u32, number: u32) {
        self.of(instead_of, Outcome::Condemned).promoted = Some(number);
    }

    /// Takes the first that can be told.
    fn take_ripe(&mut self, has_standby: bool, is_ending: bool) -> Option<(u32, Trouble)> {
        let is_ripe = |trouble: &Trouble| is_ending || trouble.is_ripe(has_standby);
        let number = *self.0.iter().find(|(_, trouble)| is_ripe(trouble))?.0;
        self.0.remove_entry(&number)
    }
}

impl Control {
    /// The engine says that a generation failed.
    pub(in crate::control) fn on_outcome(&mut self, number: u32, outcome: Outcome) {
        self.reload.troubles.of(number, outcome);
        // Until it is known better: without a standby the input is heard from this block on.
        self.look_at_troubles(false);
    }

    /// Why a generation failed, whether the engine knows already or not.
    pub(super) fn explain(&mut self, number: u32, reason: Fault) {
        let trouble = self.reload.troubles.of(number, Outcome::Condemned);
        trouble.reason.get_or_insert(reason);
        self.look_at_troubles(false);
    }

    /// Tells what can be told; at the end of the session all of it.
    pub(in crate::control) fn look_at_troubles(&mut self, is_ending: bool) {
        loop {
            let has_standby = !self.reload.behind.is_empty();
            let Some((number, trouble)) = self.reload.troubles.take_ripe(has_standby, is_ending)
            else {
                return;
            };
            let promoted = trouble.promoted;
            self.on_fault(number, &trouble.into_fault());
            if let Some(generation) = promoted {
                let fields = json!({ "generation": generation, "instead_of": number });
                self.tell("promoted", fields);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(troubles: &mut Troubles, has_standby: bool) -> Option<(u32, Fault)> {
        let (number, trouble) = troubles.take_ripe(has_standby, false)?;
        Some((number, trouble.into_fault()))
    }

    fn panic() -> Fault {
        Fault { file: Some("src/lib.rs".into()), line: Some(7), ..Fault::of("panic", "boom") }
    }

    #[test]
    fn an_error_waits_for_its_panic_and_is_one_fault() {
        let mut troubles = Troubles::default();
        troubles.of(3, Outcome::Error);
        assert!(told(&mut troubles, false).is_none(), "the panic's line may come");
        troubles.of(3, Outcome::Condemned).reason = Some(panic());
        let (number, fault) = told(&mut troubles, false).unwrap();
        assert_eq!((number, fault.kind, fault.action), (3, "panic", "bypassed"));
        assert_eq!(fault.line, Some(7));
        assert!(!troubles.has(3));
    }

    #[test]
    fn a_condemned_one_waits_for_the_standby() {
        let mut troubles = Troubles::default();
        troubles.of(3, Outcome::Condemned).reason = Some(panic());
        assert!(told(&mut troubles, true).is_none());
        troubles.note_promotion(3, 2);
        assert_eq!(told(&mut troubles, true).unwrap().1.action, "standby");
    }

    #[test]
    fn what_nobody_explains_is_told_all_the_same() {
        let mut troubles = Troubles::default();
        let long_ago = Instant::now().checked_sub(END_LIMIT).unwrap();
        for (number, outcome) in [(3, Outcome::Error), (4, Outcome::Gone)] {
            troubles.of(number, outcome).since = long_ago;
        }
        let faults = [told(&mut troubles, true), told(&mut troubles, true)];
        let kinds = faults.map(|fault| fault.map(|(number, fault)| (number, fault.kind)));
        assert_eq!(kinds, [Some((3, "process_error")), Some((4, "crash"))]);
    }
}
