//! A parameter of whole numbers: the audio thread's half.

use std::sync::Arc;

use super::{ParamSpec, Parameter};

/// A parameter of whole numbers, declared with `#[param(...)]` in a struct that derives
/// [`Params`](derive@crate::Params). A change holds from its frame on, without a ramp.
///
/// # Real time
///
/// All methods are arithmetic on own fields.
#[derive(Debug)]
pub struct IntParam {
    spec: Arc<ParamSpec>,
    value: i32,
}

#[expect(clippy::cast_possible_truncation, reason = "the derive holds the range within i32")]
fn whole(plain: f64) -> i32 {
    plain as i32
}

impl IntParam {
    /// The value that was set last.
    pub fn value(&self) -> i32 {
        self.value
    }
}

impl Parameter for IntParam {
    fn of(spec: ParamSpec) -> Self {
        let value = whole(spec.default);
        Self { spec: Arc::new(spec), value }
    }

    fn spec(&self) -> &Arc<ParamSpec> {
        &self.spec
    }

    fn jump_to(&mut self, plain: f64) {
        if let Some(plain) = self.spec.nearest(plain) {
            self.value = whole(plain);
        }
    }
}
