//! The plain values that main and audio thread share: one atomic per parameter.
//!
//! Either side may write; the last write holds. A load of the main thread raises a count, which
//! tells the audio thread to fetch all values before its next block.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::ParamSpec;
use crate::dsp::Dsp;
use crate::state::Keep;

/// The shared table of parameter values.
#[derive(Debug)]
pub(crate) struct Values {
    specs: Box<[Arc<ParamSpec>]>,
    /// The number of each parameter and its index, sorted by number.
    by_id: Box<[(u32, usize)]>,
    plain: Box<[AtomicU64]>,
    loads: AtomicU32,
    /// What else the state keeps. Main thread.
    pub(crate) keep: Keep,
}

impl Values {
    /// The table of the plugin's parameters, every value at its default.
    pub(crate) fn of(dsp: &mut dyn Dsp) -> Self {
        let keep = Keep::of(dsp);
        let params = dsp.params();
        let specs: Box<[_]> = (0..params.count())
            .filter_map(|index| params.at(index).map(|param| Arc::clone(param.spec())))
            .collect();
        let mut by_id: Box<[_]> =
            specs.iter().enumerate().map(|(index, spec)| (spec.id, index)).collect();
        by_id.sort_unstable();
        let plain = specs.iter().map(|spec| AtomicU64::new(spec.default.to_bits())).collect();
        Self { specs, by_id, plain, loads: AtomicU32::new(0), keep }
    }

    pub(crate) fn specs(&self) -> &[Arc<ParamSpec>] {
        &self.specs
    }

    /// The index of the parameter with this number.
    ///
    /// # Real time
    ///
    /// A binary search: 10 comparisons among 1,000 parameters.
    pub(crate) fn index_of(&self, id: u32) -> Option<usize> {
        let place = self.by_id.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.by_id[place].1)
    }

    /// The plain value at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<f64> {
        let bits = self.plain.get(index)?.load(Ordering::Relaxed);
        Some(f64::from_bits(bits))
    }

    /// Sets the value at `index` to the nearest possible one and returns what now holds; nothing if
    /// `plain` is not finite or there is no such parameter.
    ///
    /// # Real time
    ///
    /// One atomic store.
    pub(crate) fn set(&self, index: usize, plain: f64) -> Option<f64> {
        let plain = self.specs.get(index)?.nearest(plain)?;
        self.plain[index].store(plain.to_bits(), Ordering::Relaxed);
        Some(plain)
    }

    /// Tells the audio thread that values were set behind its back. Main thread, after `set`.
    pub(crate) fn announce(&self) {
        self.loads.fetch_add(1, Ordering::Release);
    }

    /// The number of announcements so far.
    pub(crate) fn loads(&self) -> u32 {
        self.loads.load(Ordering::Acquire)
    }
}
