//! The audit where there is none: the system does not let this program see a plugin's calls.

use std::{fs::File, time::Instant};

use crate::finding::AuditFinding;

/// Begins to audit every plugin of this process.
///
/// # Errors
/// Always, here.
pub fn enable() -> Result<(), String> {
    Err("only Linux lets a program see what a plugin calls".to_owned())
}

#[derive(Debug)]
pub(crate) struct Recorder;

impl Recorder {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn n_lost(&self) -> u64 {
        0
    }
}

pub(crate) fn in_block<T>(_: &Recorder, _: usize, work: impl FnOnce() -> T) -> T {
    work()
}

pub(crate) fn as_host<T>(work: impl FnOnce() -> T) -> T {
    work()
}

pub(crate) fn note_library(_: u64) {}

pub(crate) struct Auditor;

impl Auditor {
    pub(crate) fn new(_: u64, _: Option<File>) -> Self {
        Self
    }

    pub(crate) fn set_rate(&mut self, _: f64) {}

    pub(crate) fn look(&mut self, _: &Recorder, _: Option<Instant>) -> Option<Vec<AuditFinding>> {
        None
    }
}
