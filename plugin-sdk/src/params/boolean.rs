//! A parameter that is on or off: the audio thread's half.

use std::sync::Arc;

use super::{ParamSpec, Parameter};

/// A parameter that is on or off, declared with `#[param(...)]` in a struct that derives
/// [`Params`](derive@crate::Params). A change holds from its frame on, without a ramp.
///
/// # Real time
///
/// All methods are arithmetic on own fields.
#[derive(Debug)]
pub struct BoolParam {
    spec: Arc<ParamSpec>,
    is_on: bool,
}

impl BoolParam {
    /// Whether it is on.
    pub fn value(&self) -> bool {
        self.is_on
    }
}

impl Parameter for BoolParam {
    fn of(spec: ParamSpec) -> Self {
        let is_on = spec.default >= 0.5;
        Self { spec: Arc::new(spec), is_on }
    }

    fn spec(&self) -> &Arc<ParamSpec> {
        &self.spec
    }

    fn jump_to(&mut self, plain: f64) {
        if let Some(plain) = self.spec.nearest(plain) {
            self.is_on = plain >= 0.5;
        }
    }
}
