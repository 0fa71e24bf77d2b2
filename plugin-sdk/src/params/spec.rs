//! The declaration of a parameter, made by the derive when the parameters are made.

use super::Smoothing;

/// How a parameter was declared. Values are plain: in the parameter's unit, never normalized.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    /// The number by which CLAP knows it; below 2³¹, unique in its plugin.
    pub id: u32,
    /// The names of the fields that lead to it, joined by dots: `envelope.attack`, `bands.0.gain`.
    /// The string by which states and scripts know it; at most 255 bytes.
    pub key: String,
    /// The names of the groups around it, joined by slashes; empty outside of groups.
    pub group: String,
    /// What people read.
    pub name: &'static str,
    /// Shown behind the value; may be empty, at most 31 bytes.
    pub unit: &'static str,
    /// What the value stands for.
    pub kind: ParamKind,
    /// The smallest plain value.
    pub min: f64,
    /// The largest plain value; above `min`, but for a choice of one.
    pub max: f64,
    /// The plain value it starts with.
    pub default: f64,
    /// The distance of two neighbouring values, counted from `min`; 0 if it is continuous.
    pub step: f64,
    /// How a control's way is spread over the range.
    pub taper: Taper,
    /// How a change is turned into a ramp.
    pub smoothing: Smoothing,
    /// What else a host should know.
    pub flags: ParamFlags,
}

/// What the value of a parameter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// A quantity.
    Float,
    /// A whole number.
    Int,
    /// 0 is off, 1 is on.
    Bool,
    /// The number of one of these names, counted from 0.
    Choice(&'static [&'static str]),
}

/// How a control's way `x` from 0 to 1 is spread over the range of plain values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Taper {
    /// `min + (max − min) · x`
    #[default]
    Linear,
    /// `min · (max / min)^x`; the range does not touch 0.
    Log,
    /// `min + (max − min) · x^s` with this s above 0: above 1 the low end gets more room.
    Skew(f64),
    /// `c + sign(y) · |y|^s · (max − min) / 2` with c in the middle of the range, y = 2x − 1 and
    /// this s above 0: above 1 the middle gets more room.
    Symmetric(f64),
}

/// What else a host should know of a parameter: a set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParamFlags(u32);

impl ParamFlags {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// The plugin's own bypass, which a host may join with its button. One per plugin.
    pub const BYPASS: Self = Self(1);
    /// Not to be shown.
    pub const HIDDEN: Self = Self(1 << 1);
    /// To be shown, not to be changed.
    pub const READONLY: Self = Self(1 << 2);
    /// Not to be automated.
    pub const NOT_AUTOMATABLE: Self = Self(1 << 3);
    /// The end of the range is its beginning, as with a phase.
    pub const PERIODIC: Self = Self(1 << 4);

    /// The flags of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl ParamSpec {
    /// The nearest value that the parameter can have: within the range, on a step if it has
    /// steps; nothing if `plain` is not finite.
    ///
    /// # Real time
    ///
    /// Pure arithmetic.
    #[must_use]
    pub fn nearest(&self, plain: f64) -> Option<f64> {
        if !plain.is_finite() {
            return None;
        }
        let inside = plain.clamp(self.min, self.max);
        if self.step <= 0.0 {
            return Some(inside);
        }
        let steps = ((inside - self.min) / self.step).round();
        Some((self.min + steps * self.step).min(self.max))
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
