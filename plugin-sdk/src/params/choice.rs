//! A parameter with a list of named values: the audio thread's half.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{ParamSpec, Parameter};

/// An enum whose variants are the values of a [`ChoiceParam`]; derive it.
///
/// ```
/// use retake_sdk::{Choice, ChoiceParam, Params};
///
/// #[derive(Choice)]
/// enum Mode {
///     #[choice(name = "Low pass")]
///     LowPass,
///     Notch,
/// }
///
/// #[derive(Params)]
/// struct FilterParams {
///     #[param(name = "Mode", default = LowPass)]
///     mode: ChoiceParam<Mode>,
/// }
///
/// assert_eq!(Mode::NAMES, ["Low pass", "Notch"]);
/// ```
///
/// A variant without a `name` is called as it is written. The plain value is the number of the
/// variant, counted from 0: states and automation keep it, so new variants belong at the end.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no choices",
    label = "expected an enum that derives `Choice`"
)]
pub trait Choice: Send + Sized + 'static {
    /// What people read, in the order of the variants; at least one.
    const NAMES: &'static [&'static str];

    /// The number of this variant, counted from 0.
    fn index(&self) -> usize;

    /// The variant with this number; beyond the end, the last.
    fn at(index: usize) -> Self;
}

/// A parameter with a list of named values, declared with `#[param(...)]` in a struct that derives
/// [`Params`](derive@crate::Params). A change holds from its frame on, without a ramp.
///
/// # Real time
///
/// All methods are arithmetic on own fields.
pub struct ChoiceParam<T> {
    spec: Arc<ParamSpec>,
    index: usize,
    choice: PhantomData<fn() -> T>,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of a choice, within the range"
)]
fn index(plain: f64) -> usize {
    plain as usize
}

impl<T: Choice> ChoiceParam<T> {
    /// The choice that was made last.
    pub fn value(&self) -> T {
        T::at(self.index)
    }
}

impl<T: Choice> Parameter for ChoiceParam<T> {
    fn of(spec: ParamSpec) -> Self {
        let index = index(spec.default);
        Self { spec: Arc::new(spec), index, choice: PhantomData }
    }

    fn spec(&self) -> &Arc<ParamSpec> {
        &self.spec
    }

    fn jump_to(&mut self, plain: f64) {
        if let Some(plain) = self.spec.nearest(plain) {
            self.index = index(plain);
        }
    }
}

impl<T> fmt::Debug for ChoiceParam<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChoiceParam").field("spec", &self.spec).field("index", &self.index).finish()
    }
}
