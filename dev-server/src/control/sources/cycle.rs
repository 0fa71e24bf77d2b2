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

/// Who is alone next; nobody after the last.
fn next_of(ids: &[u32], alone: Option<u32>) -> Option<u32> {
    let Some(alone) = alone else {
        return ids.first().copied();
    };
    // The one that was alone may be gone.
    ids.iter().copied().find(|id| *id > alone)
}

impl Control {
    /// The next of: each source alone, all as they were set.
    pub(in super::super) fn cycle_sources(&mut self) {
        let ids: Vec<u32> = self.sources.list.iter().map(|source| source.id).collect();
        let before = self.sources.cycle.take();
        if ids.len() < 2 && before.is_none() {
            return say(Tone::Plain, "Inputs", "there is one at most: nothing to choose from");
        }
        let next = next_of(&ids, before.as_ref().map(|cycle| cycle.alone));
        let muted = before.map_or_else(|| self.muted_sources(), |cycle| cycle.muted);
        for (at, id) in ids.iter().enumerate() {
            let mute = next.map_or_else(|| muted.contains(id), |alone| alone != *id);
            self.mute_source(at, mute);
        }
        let alone = |id: u32| self.sources.list.iter().find(|source| source.id == id);
        match next.and_then(alone) {
            Some(source) => {
                let name = source.name();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_alone_once_and_then_nobody() {
        let ids = [0, 2, 5];
        let mut seen = vec![next_of(&ids, None)];
        while let Some(Some(alone)) = seen.last() {
            seen.push(next_of(&ids, Some(*alone)));
        }
        assert_eq!(seen, [Some(0), Some(2), Some(5), None]);
        assert_eq!(next_of(&ids, Some(3)), Some(5), "it is gone: the one after it");
    }
}
