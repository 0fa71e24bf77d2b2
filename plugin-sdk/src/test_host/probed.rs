//! What a plugin's probes show in a test.

use std::collections::BTreeMap;

use crate::alloc::TestAllocator;
use crate::context::ProbeSink;

/// What one call of [`Context::probe`](crate::Context::probe) or
/// [`probe_signal`](crate::Context::probe_signal) showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    /// The probe's name.
    pub name: String,
    /// The first frame, from the beginning of the block.
    pub frame: usize,
    /// The value of a scalar, or the samples of a signal.
    pub values: Vec<f64>,
}

/// Somebody who always looks, and whose memory does not count.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    probed: Vec<Probed>,
    meters: BTreeMap<String, f64>,
}

impl Recorder {
    pub(super) fn probed(&self) -> &[Probed] {
        &self.probed
    }

    pub(super) fn meters(&self) -> &BTreeMap<String, f64> {
        &self.meters
    }

    pub(super) fn clear(&mut self) {
        self.probed.clear();
    }

    fn record(&mut self, name: &str, frame: usize, values: impl Iterator<Item = f64>) {
        TestAllocator::uncounted(|| {
            let values = values.collect();
            self.probed.push(Probed { name: name.to_owned(), frame, values });
        });
    }
}

impl ProbeSink for Recorder {
    fn scalar(&mut self, name: &str, offset: usize, value: f64) {
        self.record(name, offset, std::iter::once(value));
    }

    fn meter(&mut self, key: &str, _offset: usize, value: f64) {
        TestAllocator::uncounted(|| self.meters.insert(key.to_owned(), value));
    }

    fn signal(&mut self, name: &str, offset: usize, samples: &[f32]) {
        self.record(name, offset, samples.iter().map(|sample| f64::from(*sample)));
    }
}
