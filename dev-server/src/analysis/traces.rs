//! Signal probes of the plugin, as traces.

use std::{sync::Arc, time::Duration};

use retake_engine::overwrite::OverwriteReader;
use retake_host::Probes;

use super::section::{HEAD_BYTES, floats, word};

/// Who looks keeps the plugin sending for so long.
const WATCH: Duration = Duration::from_secs(2);
/// Most samples of a trace.
const MAX_SAMPLES: usize = 1_024;
/// Samples of a trace that points of the goniometer give way to.
const LEAST_SAMPLES: usize = 48;
/// Bytes before the samples of a trace.
const TRACE_HEAD_BYTES: usize = 8;

pub(super) struct Traces {
    /// Whose probes the readers read.
    of: Option<Arc<Probes>>,
    readers: Vec<(String, Option<OverwriteReader>)>,
    words: Vec<u32>,
}

impl Traces {
    pub(super) fn new(names: &[String]) -> Self {
        let readers = names.iter().map(|name| (name.clone(), None)).collect();
        Self { of: None, readers, words: Vec::new() }
    }

    pub(super) fn least_bytes(&self) -> usize {
        let trace = TRACE_HEAD_BYTES + 4 * LEAST_SAMPLES;
        HEAD_BYTES + 4 + self.readers.len() * trace
    }

    /// Writes all samples since the last look, in at most `room` bytes, and keeps the plugin
    /// sending. A probe that does not exist yet has none.
    pub(super) fn write(&mut self, probes: Option<&Arc<Probes>>, room: usize, out: &mut Vec<u8>) {
        self.follow(probes);
        let room = room.saturating_sub(HEAD_BYTES + 4) / self.readers.len().max(1);
        let most = (room.saturating_sub(TRACE_HEAD_BYTES) / 4).min(MAX_SAMPLES) & !1;
        word(out, self.readers.len());
        for (index, (_, reader)) in self.readers.iter_mut().enumerate() {
            let samples = reader.as_mut().map_or(Vec::new(), |r| newest(r, &mut self.words));
            let shown = decimated(&samples, most);
            word(out, index);
            word(out, shown.len());
            floats(out, &shown);
        }
    }

    /// Reads the plugin that sounds; what it has not sent yet is looked for again each time.
    fn follow(&mut self, probes: Option<&Arc<Probes>>) {
        let is_same = match (&self.of, probes) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !is_same {
            self.readers.iter_mut().for_each(|(_, reader)| *reader = None);
            self.of = probes.cloned();
        }
        let Some(probes) = probes else {
            return;
        };
        probes.watch(WATCH);
        for (name, reader) in &mut self.readers {
            if reader.is_none() {
                *reader = probes.open(name);
            }
        }
    }
}

/// Everything that came, as far as the ring still has it.
fn newest(reader: &mut OverwriteReader, words: &mut Vec<u32>) -> Vec<f32> {
    words.resize(reader.capacity(), 0);
    let received = reader.read(words);
    words[..received.records].iter().map(|word| f32::from_bits(*word)).collect()
}

/// At most `most` samples: as they are, or the smallest and the largest of each stretch in turn.
pub(super) fn decimated(samples: &[f32], most: usize) -> Vec<f32> {
    let n = samples.len();
    if n <= most {
        return samples.to_vec();
    }
    let n_pairs = most / 2;
    let stretch = |i: usize| &samples[i * n / n_pairs..(i + 1) * n / n_pairs];
    let extremes = |samples: &[f32]| {
        let min = samples.iter().copied().fold(f32::INFINITY, f32::min);
        let max = samples.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        [min, max]
    };
    (0..n_pairs).flat_map(|i| extremes(stretch(i))).collect()
}
