//! Parameters: what the author declares, what the host sees, and the road between them.
//!
//! One file per noun: the declaration ([`ParamSpec`]), the kinds of parameters ([`FloatParam`]
//! and its kin), the other fields ([`Meter`], [`Persisted`]), the ramp, the text, the tree of
//! groups, and the table of values that main and audio thread share.

mod boolean;
mod choice;
mod float;
mod int;
mod meter;
mod persisted;
mod place;
mod smoother;
mod spec;
mod text;
mod tree;
mod values;

use std::sync::Arc;

pub use boolean::BoolParam;
pub use choice::{Choice, ChoiceParam};
pub use float::FloatParam;
pub use int::IntParam;
pub use meter::{Meter, MeterSpec};
pub use persisted::{Persist, Persisted, PersistedHandle};
pub use smoother::Smoothing;
pub use spec::{ParamFlags, ParamKind, ParamSpec, Taper, param_id};

pub use persisted::PersistedSlot;
pub use place::Place;
pub use tree::{Node, Shape, check};

pub(crate) use values::Values;

/// A set of parameters; derive it.
///
/// `#[derive(Params)]` also implements `Default`, with every parameter at its default. Each field
/// has one attribute:
///
/// ```
/// use retake_sdk::{BoolParam, Choice, ChoiceParam, FloatParam, IntParam, Meter, Params, Persisted};
///
/// #[derive(Choice)]
/// enum Shape {
///     #[choice(name = "Low pass")]
///     LowPass,
///     Bell,
/// }
///
/// #[derive(Params)]
/// struct BandParams {
///     #[param(name = "Frequency", range = 20.0..=20000.0, default = 1000.0, unit = "Hz",
///             taper = log, smoothing = exponential_ms(30.0))]
///     frequency: FloatParam,
///     #[param(name = "Shape", default = Bell)]
///     shape: ChoiceParam<Shape>,
/// }
///
/// #[derive(Params)]
/// struct EqualizerParams {
///     #[param(name = "Bypass", default = false, flags(bypass))]
///     bypass: BoolParam,
///     #[param(name = "Order", range = 1..=8, default = 2)]
///     order: IntParam,
///     #[group(name = "Band {}")]
///     bands: [BandParams; 4],
///     #[persist]
///     title: Persisted<String>,
///     #[meter(name = "Level", range = -60.0..=0.0, unit = "dB")]
///     level: Meter,
/// }
/// ```
///
/// The path of field names is the *key*: `order`, `bands.0.frequency`. It stands in saved states,
/// so renaming a field forgets its value.
///
/// # `#[param(...)]`
///
/// | attribute | of | meaning |
/// |---|---|---|
/// | `name = "…"` | all | what people read; without it, the field's name |
/// | `default = …` | all | number literal, `true` or `false`, or a variant; required |
/// | `range = MIN..=MAX` | float, int | smallest and largest plain value, two literals; required |
/// | `unit = "…"` | float, int | shown behind the value; see below |
/// | `taper = …` | float, int | `linear` (without it), `log`, `skew(s)`, `symmetric(s)`; see [`Taper`] |
/// | `step = …` | float | distance of neighbouring values; it divides the range; without it, continuous |
/// | `smoothing = …` | float | `linear_ms(MS)`, `exponential_ms(MS)`, `none`; without it, `linear_ms(10.0)` |
/// | `flags(…)` | all | `bypass` (bool), `hidden`, `readonly`, `not_automatable`, `periodic` (float, int) |
/// | `id = …` | all | the CLAP number, below 2³¹; without it, [`param_id`] of the key |
///
/// Values are in the unit: with `"%"`, half is 50. Some units are read and written in their own
/// way: `"Hz"` (2.00 kHz; 2k), `"ms"` and `"s"` (each reads both), `"dB"` (-inf dB reads as the
/// smallest value, and is written for it where that is -90 dB or less), `"st"` (+7.0 st) and
/// `"note"`, for an [`IntParam`] of MIDI keys (C#4 is 61).
///
/// # `#[group(name = "…")]`
///
/// Another struct that derives `Params`, or an array of one, in which `{}` is the number counted
/// from 1. Without a name it is the field's.
///
/// # `#[persist]`, `#[meter(...)]`
///
/// See [`Persisted`] and [`Meter`].
///
/// # Errors
///
/// What cannot be is an error of the compiler that names the place: a default outside the range,
/// a logarithmic taper through zero, two parameters with one number, also across groups.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no group of parameters",
    label = "expected a struct that derives `Params`, or an array of one"
)]
pub trait Params: Send {
    /// All parameters at their defaults, as a group at `place`. The derive writes it.
    #[doc(hidden)]
    fn declare(place: &Place) -> Self
    where
        Self: Sized;

    /// How many parameters there are, groups included.
    fn count(&self) -> usize;

    /// The parameter at `index`, counted from 0 in the order of the fields.
    ///
    /// # Real time
    ///
    /// A comparison per group and a jump.
    fn at(&mut self, index: usize) -> Option<&mut dyn Parameter>;

    /// Calls `meet` with each meter, in the order of the fields.
    ///
    /// # Real time
    ///
    /// A call per meter.
    fn each_meter(&mut self, meet: &mut dyn FnMut(&mut Meter)) {
        let _ = meet;
    }

    /// Calls `meet` with each persisted field, in the order of the fields. Main thread.
    #[doc(hidden)]
    fn each_persisted(&mut self, meet: &mut dyn FnMut(Arc<dyn PersistedSlot>)) {
        let _ = meet;
    }
}

/// No parameters at all: `type Params = ();`.
impl Params for () {
    fn declare(_place: &Place) -> Self {}

    fn count(&self) -> usize {
        0
    }

    fn at(&mut self, _index: usize) -> Option<&mut dyn Parameter> {
        None
    }
}

/// The same group many times.
impl<T: Params, const N: usize> Params for [T; N] {
    fn declare(place: &Place) -> Self {
        std::array::from_fn(|index| T::declare(&place.element(index)))
    }

    fn count(&self) -> usize {
        self.first().map_or(0, |first| first.count() * N)
    }

    fn at(&mut self, index: usize) -> Option<&mut dyn Parameter> {
        let each = self.first()?.count();
        let element = self.get_mut(index.checked_div(each)?)?;
        element.at(index % each)
    }

    fn each_meter(&mut self, meet: &mut dyn FnMut(&mut Meter)) {
        for element in self {
            element.each_meter(meet);
        }
    }

    fn each_persisted(&mut self, meet: &mut dyn FnMut(Arc<dyn PersistedSlot>)) {
        for element in self {
            element.each_persisted(meet);
        }
    }
}

/// One parameter of any kind, as the SDK moves it. Authors use the kind's own methods.
///
/// # Real time
///
/// All methods but `of` and `activate` run on the audio thread: they never allocate or wait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no kind of parameter",
    label = "expected `FloatParam`, `IntParam`, `BoolParam` or `ChoiceParam<…>`"
)]
pub trait Parameter: Send {
    /// A parameter at its default. The derive calls this.
    fn of(spec: ParamSpec) -> Self
    where
        Self: Sized;

    /// How it was declared.
    fn spec(&self) -> &Arc<ParamSpec>;

    /// Sets the plain value at once, to the nearest possible one; what is not finite is ignored.
    fn jump_to(&mut self, plain: f64);

    /// Like [`jump_to`](Self::jump_to), but smoothed as declared.
    fn move_to(&mut self, plain: f64) {
        self.jump_to(plain);
    }

    /// Adapts the smoothing to a sample rate in Hz and ends a ramp at its target.
    fn activate(&mut self, sample_rate: f64) {
        let _ = sample_rate;
    }

    /// Ends a ramp at its target.
    fn settle(&mut self) {}
}
