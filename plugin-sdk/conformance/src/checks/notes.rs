//! Random notes, proper and not, in all dialects of all note ports.

use anyhow::Result;

use super::{Check, check};
use crate::case::{Case, Verdict};
use crate::notes::{self, Style};
use crate::score::{Score, Shape};

pub(super) const CHECKS: &[Check] = &[
    check("process-note-basic", |case| play_notes(case, Style::Proper)),
    check("process-note-inconsistent", |case| play_notes(case, Style::Inconsistent)),
    check("process-note-wildcard", |case| play_notes(case, Style::Wildcard)),
];

fn play_notes(case: &Case, style: Style) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let ports = instance.note_ports(true)?;
    if ports.is_empty() {
        return Ok(Verdict::Skipped("no note input"));
    }
    let frames = 16_384;
    let events = notes::random(&ports, frames, style, &mut rng);
    instance.hear(&Score::noise(&Shape::of(&instance)?, frames, &mut rng).with(events))?;
    Ok(Verdict::Passed)
}
