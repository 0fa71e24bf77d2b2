//! What a plugin's probes show in a test.

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
}

impl Recorder {
    pub(super) fn probed(&self) -> &[Probed] {
        &self.probed
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

    fn signal(&mut self, name: &str, offset: usize, samples: &[f32]) {
        self.record(name, offset, samples.iter().map(|sample| f64::from(*sample)));
    }
}
