//! The declaration of a parameter: constant data, made by the derive.

use super::Smoothing;

/// How a parameter was declared. Values are plain: in the parameter's unit, never normalized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSpec {
    /// The number by which CLAP knows it; below 2³¹, unique in its plugin.
    pub id: u32,
    /// The field's name: the string by which states and scripts know it.
    pub key: &'static str,
    /// What people read.
    pub name: &'static str,
    /// Shown behind the value; may be empty.
    pub unit: &'static str,
    /// The smallest plain value.
    pub min: f64,
    /// The largest plain value, above `min`.
    pub max: f64,
    /// The plain value it starts with.
    pub default: f64,
    /// How a change is turned into a ramp.
    pub smoothing: Smoothing,
}

impl ParamSpec {
    /// `plain` held within the range, or nothing if it is not finite.
    pub(crate) fn clamp(&self, plain: f64) -> Option<f64> {
        plain.is_finite().then(|| plain.clamp(self.min, self.max))
    }
}

/// The CLAP number of a key: the 32-bit FNV-1a hash of its UTF-8 bytes without the top bit.
///
/// The top bit is off because some hosts and plugin formats take only numbers below 2³¹.
///
/// ```
/// assert_eq!(retake_sdk::param_id("gain"), 0x1b54_26fe);
/// ```
#[must_use]
pub const fn param_id(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let mut hash = 0x811c_9dc5_u32;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash & 0x7fff_ffff
}
