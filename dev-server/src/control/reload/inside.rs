//! What is known of a generation's inside: its library's bytes, the process it lives in, and what its `process` does
//! that an audio thread must not.

use std::collections::BTreeMap;

use retake_host::AuditFinding;
use serde_json::{Value, json};

use super::{Control, Reload};
use crate::{
    finding::{json_of, place_of},
    report::{Tone, say},
};

/// By generation, as long as it is not gone.
#[derive(Debug, Default)]
pub(super) struct Inside {
    hashes: BTreeMap<u32, u64>,
    isolation: BTreeMap<u32, Value>,
    audit: BTreeMap<u32, Vec<AuditFinding>>,
}

impl Inside {
    pub(super) fn forget(&mut self, number: u32) {
        self.hashes.remove(&number);
        self.isolation.remove(&number);
        self.audit.remove(&number);
    }

    pub(super) fn note_hash(&mut self, number: u32, hash: u64) {
        self.hashes.insert(number, hash);
    }

    /// The hash of a generation's library.
    pub(super) fn hash_of(&self, number: u32) -> Option<u64> {
        self.hashes.get(&number).copied()
    }

    fn isolation_of(&self, number: u32) -> Value {
        let in_process = || {
            json!({
                "mode": "in-process",
                "pid": null,
                "pinned": null,
                "priority": null,
                "lacks": [],
            })
        };
        self.isolation.get(&number).cloned().unwrap_or_else(in_process)
    }

    fn audit_of(&self, number: u32) -> Vec<Value> {
        self.audit.get(&number).into_iter().flatten().map(finding_json).collect()
    }

    /// Takes the newest list; the places that were not in the one before.
    fn note_audit(&mut self, number: u32, findings: Vec<AuditFinding>) -> Vec<AuditFinding> {
        let known = self.audit.entry(number).or_default();
        let is_new = |new: &&AuditFinding| !known.iter().any(|old| old.is_same_place(new));
        let new = findings.iter().filter(is_new).cloned().collect();
        *known = findings;
        new
    }
}

fn finding_json(finding: &AuditFinding) -> Value {
    let mut shown = json_of(finding);
    shown["per_second"] = finding.per_second.into();
    shown
}

impl Reload {
    /// The `isolation` of a generation.
    pub(super) fn isolation_of(&self, number: u32) -> Value {
        self.inside.isolation_of(number)
    }

    /// `status.isolation`.
    pub(in crate::control) fn isolation(&self) -> Value {
        self.playing_number().map_or(Value::Null, |number| self.inside.isolation_of(number))
    }

    /// `status.audit`.
    pub(in crate::control) fn audit(&self) -> Vec<Value> {
        self.playing_number().map_or_else(Vec::new, |number| self.inside.audit_of(number))
    }
}

impl Control {
    pub(super) fn on_isolated(&mut self, number: u32, isolation: Value) {
        let lacks = isolation["lacks"].as_array().into_iter().flatten();
        let lacks: Vec<_> = lacks.filter_map(Value::as_str).collect();
        // The system does not change between two builds.
        if !lacks.is_empty() && self.reload.playing.is_none() {
            say(Tone::Plain, "Isolation", format!("works, and lacks: {}", lacks.join("; ")));
        }
        self.reload.inside.isolation.insert(number, isolation);
    }

    pub(super) fn on_audit(&mut self, number: u32, findings: Vec<AuditFinding>) {
        let new = self.reload.inside.note_audit(number, findings);
        for finding in &new {
            let place = finding.place().map_or_else(String::new, place_of);
            let what =
                format!("generation {number} calls {} on the audio thread: {place}", finding.call);
            say(Tone::Warning, "Audit", what);
        }
        if !new.is_empty() {
            let findings = self.reload.inside.audit_of(number);
            self.parts.report.event("audit", json!({ "generation": number, "findings": findings }));
        }
    }
}

#[cfg(test)]
mod tests {
    use retake_host::{AuditKind, StackFrame};

    use super::*;

    fn finding(call: &str, line: u32, n: u64) -> AuditFinding {
        let frame = |function: &str, file: &str, line| StackFrame {
            function: function.into(),
            file: Some(file.into()),
            line: Some(line),
        };
        AuditFinding {
            kind: AuditKind::Allocation,
            call: call.into(),
            stack: vec![
                frame("alloc", "/rustc/1/library/alloc/src/vec.rs", 900),
                frame("gain::process", "/home/me/gain/src/lib.rs", line),
            ],
            n,
            per_second: 375.0,
        }
    }

    #[test]
    fn only_a_new_place_is_news() {
        let mut inside = Inside::default();
        assert_eq!(inside.note_audit(1, vec![finding("malloc", 7, 1)]).len(), 1);
        assert_eq!(inside.note_audit(1, vec![finding("malloc", 7, 900)]).len(), 0);
        let more =
            vec![finding("malloc", 7, 901), finding("malloc", 8, 1), finding("malloc", 9, 1)];
        assert_eq!(inside.note_audit(1, more.clone()), more[1..]);
        assert_eq!(inside.note_audit(2, more).len(), 3, "another generation's");
    }

    #[test]
    fn a_finding_is_shown_at_the_authors_own_line() {
        let mut inside = Inside::default();
        inside.note_audit(1, vec![finding("malloc", 7, 3)]);
        let shown = &inside.audit_of(1)[0];
        assert_eq!((&shown["function"], &shown["line"]), (&json!("gain::process"), &json!(7)));
        assert_eq!((&shown["kind"], &shown["n"]), (&json!("allocation"), &json!(3)));
        assert_eq!(shown["stack"].as_array().map(Vec::len), Some(2));
        inside.forget(1);
        assert!(inside.audit_of(1).is_empty());
        assert_eq!(inside.isolation_of(1)["mode"], "in-process");
    }
}
