//! What was found out about a plugin's code, for scripts, pages and people.

use retake_host::{AuditFinding, StackFrame};
use serde_json::{Value, json};

/// A place in `process` that does what an audio thread must not; without its rate, which means
/// nothing offline.
pub(crate) fn json_of(finding: &AuditFinding) -> Value {
    let place = finding.place();
    json!({
        "kind": finding.kind,
        "call": finding.call,
        "function": place.map(|frame| &frame.function),
        "file": place.and_then(|frame| frame.file.as_ref()),
        "line": place.and_then(|frame| frame.line),
        "stack": finding.stack,
        "n": finding.n,
    })
}

/// `src/lib.rs:42 in gain::process`, as far as it is known.
pub(crate) fn place_of(frame: &StackFrame) -> String {
    match (&frame.file, frame.line) {
        (Some(file), Some(line)) => format!("{file}:{line} in {}", frame.function),
        _ => frame.function.clone(),
    }
}
