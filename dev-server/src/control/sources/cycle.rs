//! Listening to one source after the other: the key `i`.

use super::Control;
use crate::report::{Tone, say};

/// One source is heard alone.
#[derive(Debug)]
pub(super) struct Cycle {
    alone: u32,
    /// Which sources were muted before.
    muted: Vec<u32>,
}

impl Control {
    /// The next of: each source alone, all as they were set.
    pub(in super::super) fn cycle_sources(&mut self) {
        let ids: Vec<u32> = self.sources.list.iter().map(|source| source.id).collect();
        let before = self.sources.cycle.take();
        if ids.len() < 2 && before.is_none() {
            return say(Tone::Plain, "Inputs", "there is one at most: nothing to choose from");
        }
        let next = match &before {
            None => ids.first().copied(),
            Some(cycle) => ids.iter().copied().skip_while(|id| *id != cycle.alone).nth(1),
        };
        let muted = before.map_or_else(|| self.muted_sources(), |cycle| cycle.muted);
        for (at, id) in ids.iter().enumerate() {
            let mute = next.map_or_else(|| muted.contains(id), |alone| alone != *id);
            self.mute_source(at, mute);
        }
        let alone = |id: u32| self.sources.list.iter().find(|source| source.id == id);
        match next.and_then(alone) {
            Some(source) => {
                let name = source.spec.kind.name();
                say(Tone::Plain, "Inputs", format!("{} {name} alone", source.id));
            }
            None => say(Tone::Plain, "Inputs", "all as they were set"),
        }
        self.sources.cycle = next.map(|alone| Cycle { alone, muted });
    }

    fn muted_sources(&self) -> Vec<u32> {
        let muted = self.sources.list.iter().filter(|source| source.mute);
        muted.map(|source| source.id).collect()
    }
}
