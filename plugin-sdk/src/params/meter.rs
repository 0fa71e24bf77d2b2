//! A value that the plugin shows: the audio thread's half.

use std::sync::Arc;

/// How a meter was declared.
#[derive(Clone, Debug, PartialEq)]
pub struct MeterSpec {
    /// The names of the fields that lead to it, joined by dots; at most 63 bytes, unique among
    /// the meters of a plugin.
    pub key: String,
    /// What people read: the names of the groups around it and its own, joined by slashes.
    pub name: String,
    /// Shown behind the value; may be empty, at most 31 bytes.
    pub unit: &'static str,
    /// The value at the low end of the scale.
    pub min: f64,
    /// The value at the high end of the scale, above `min`.
    pub max: f64,
}

/// A value that the plugin shows, like the gain reduction of a compressor.
///
/// ```
/// use retake_sdk::{Meter, Params};
///
/// #[derive(Params)]
/// struct CompressorParams {
///     #[meter(name = "Gain reduction", range = 0.0..=24.0, unit = "dB")]
///     gain_reduction: Meter,
/// }
///
/// let mut params = CompressorParams::default();
/// params.gain_reduction.set(3.5);
/// assert_eq!(params.gain_reduction.value(), Some(3.5));
/// ```
///
/// - `name`: what people read; without it, the field's name.
/// - `range`: the ends of the scale, two number literals; required. A value beyond them is shown
///   at the end.
/// - `unit`: shown behind the value; without it, none.
///
/// # Real time
///
/// All methods are a load or a store of an own field: cheap enough for every frame.
#[derive(Debug)]
pub struct Meter {
    spec: Arc<MeterSpec>,
    value: Option<f32>,
}

impl Meter {
    /// A meter that shows nothing yet. The derive calls this.
    #[doc(hidden)]
    #[must_use]
    pub fn of(spec: MeterSpec) -> Self {
        Self { spec: Arc::new(spec), value: None }
    }

    /// How it was declared.
    pub fn spec(&self) -> &Arc<MeterSpec> {
        &self.spec
    }

    /// Shows a value, in the meter's unit; the last one of a block is seen. What is not finite is
    /// ignored.
    #[inline]
    pub fn set(&mut self, value: f32) {
        if value.is_finite() {
            self.value = Some(value);
        }
    }

    /// The value that was set last; nothing before the first.
    pub fn value(&self) -> Option<f32> {
        self.value
    }
}
