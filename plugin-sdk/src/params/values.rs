//! The plain values that main and audio thread share: one atomic per parameter.
//!
//! Either side may write; the last write holds. A load of the main thread raises a count, which
//! tells the audio thread to fetch all values before its next block.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{ParamSpec, Params};

/// The shared table of parameter values.
#[derive(Debug)]
pub(crate) struct Values {
    specs: Box<[&'static ParamSpec]>,
    plain: Box<[AtomicU64]>,
    loads: AtomicU32,
}

impl Values {
    /// The table of `params`, every value at its default.
    pub(crate) fn of(params: &mut dyn Params) -> Self {
        let specs: Box<[_]> = (0..params.count())
            .filter_map(|index| params.at(index).map(|param| param.spec()))
            .collect();
        let plain = specs.iter().map(|spec| AtomicU64::new(spec.default.to_bits())).collect();
        Self { specs, plain, loads: AtomicU32::new(0) }
    }

    pub(crate) fn specs(&self) -> &[&'static ParamSpec] {
        &self.specs
    }

    pub(crate) fn index_of(&self, id: u32) -> Option<usize> {
        self.specs.iter().position(|spec| spec.id == id)
    }

    /// The plain value at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<f64> {
        let bits = self.plain.get(index)?.load(Ordering::Relaxed);
        Some(f64::from_bits(bits))
    }

    /// Sets the plain value at `index`, clamped, and returns what now holds; nothing if it is not
    /// finite or there is no such parameter.
    ///
    /// # Real time
    ///
    /// One atomic store.
    pub(crate) fn set(&self, index: usize, plain: f64) -> Option<f64> {
        let plain = self.specs.get(index)?.clamp(plain)?;
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
