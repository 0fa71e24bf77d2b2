//! `retake.param-hints/1`: what CLAP does not say of a parameter. Main thread.

mod ffi;

use ffi::Hints;
pub(super) use ffi::ParamHints;
pub(super) use ffi::{array, with};

use super::cut;
use super::main_thread::MainSide;
use crate::params::{ParamKind, ParamSpec, Smoothing, Taper};

impl MainSide<'_> {
    /// The hints of the parameter with this number.
    fn hints(&self, id: u32) -> Option<Hints> {
        let (_, spec) = self.spec(id)?;
        Some(hints(spec))
    }

    /// The name of a choice, with at most `max_bytes`.
    fn choice(&self, id: u32, index: u32, max_bytes: usize) -> Option<&'static str> {
        let (_, spec) = self.spec(id)?;
        let ParamKind::Choice(names) = spec.kind else {
            return None;
        };
        let name: &'static str = names.get(index as usize)?;
        Some(cut(name, max_bytes))
    }
}

fn hints(spec: &ParamSpec) -> Hints {
    let (taper, skew) = match spec.taper {
        Taper::Linear => (0, 1.0),
        Taper::Log => (1, 1.0),
        Taper::Skew(skew) => (2, skew),
        Taper::Symmetric(skew) => (3, skew),
    };
    let (smoothing, smoothing_ms) = match spec.smoothing {
        Smoothing::None => (0, 0.0),
        Smoothing::LinearMs(ms) => (1, ms),
        Smoothing::ExponentialMs(ms) => (2, ms),
    };
    let n_choices = match spec.kind {
        ParamKind::Choice(names) => u32::try_from(names.len()).unwrap_or(u32::MAX),
        _ => 0,
    };
    Hints {
        key: array(&spec.key),
        unit: array(spec.unit),
        step: spec.step,
        taper,
        skew,
        smoothing,
        smoothing_ms,
        n_choices,
    }
}
