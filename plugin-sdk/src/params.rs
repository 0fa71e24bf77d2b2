//! Parameters: what the author declares, what the host sees, and the road between them.
//!
//! One file per noun: the declaration ([`ParamSpec`]), the kinds of parameters ([`FloatParam`]),
//! the ramp they share, their text, and the table of values that main and audio thread share.

mod float;
mod smoother;
mod spec;
mod text;
mod values;

pub use float::FloatParam;
pub use smoother::Smoothing;
pub use spec::{ParamSpec, param_id};
pub(crate) use values::Values;

/// A set of parameters; derive it.
///
/// `#[derive(Params)]` also implements `Default`, with every parameter at its default. Each field
/// needs an attribute:
///
/// ```
/// use retake_sdk::{FloatParam, Params};
///
/// #[derive(Params)]
/// struct FilterParams {
///     #[param(name = "Cutoff", range = 20.0..=20000.0, default = 1000.0, unit = "Hz",
///             smoothing = exponential_ms(30.0))]
///     cutoff: FloatParam,
/// }
/// ```
///
/// - `name`: what people read; without it, the field's name.
/// - `range`: smallest and largest plain value, two number literals; required.
/// - `default`: within the range; required.
/// - `unit`: shown behind the value; without it, none.
/// - `smoothing`: `linear_ms(MS)`, `exponential_ms(MS)` or `none`; without it, `linear_ms(10.0)`.
/// - `id`: the CLAP number, below 2³¹; without it, [`param_id`] of the field's name.
///
/// The field's name is the *key*: it stands in saved states, so renaming a field forgets its value.
pub trait Params: Send {
    /// How many parameters there are.
    fn count(&self) -> usize;

    /// The parameter at `index`, counted from 0 in the order of the fields.
    fn at(&mut self, index: usize) -> Option<&mut dyn Parameter>;
}

/// No parameters at all: `type Params = ();`.
impl Params for () {
    fn count(&self) -> usize {
        0
    }

    fn at(&mut self, _index: usize) -> Option<&mut dyn Parameter> {
        None
    }
}

/// One parameter of any kind, as the SDK moves it. Authors use the kind's own methods.
///
/// # Real time
///
/// All methods but `of` and `activate` run on the audio thread: they never allocate or wait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no kind of parameter",
    label = "expected `FloatParam`"
)]
pub trait Parameter: Send {
    /// A parameter at its default. The derive calls this.
    fn of(spec: &'static ParamSpec) -> Self
    where
        Self: Sized;

    /// How it was declared.
    fn spec(&self) -> &'static ParamSpec;

    /// Adapts the smoothing to a sample rate in Hz and ends a ramp at its target.
    fn activate(&mut self, sample_rate: f64);

    /// Sets the plain value, clamped to the range; what is not finite is ignored. The change is
    /// smoothed as declared.
    fn move_to(&mut self, plain: f64);

    /// Sets the plain value at once, without a ramp.
    fn jump_to(&mut self, plain: f64);

    /// Ends a ramp at its target.
    fn settle(&mut self);
}
