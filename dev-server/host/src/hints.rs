//! What the SDK says about a parameter beside CLAP: `retake.param-hints/1`.

pub(crate) mod ffi;

/// How a control's travel maps to a parameter's plain value.
///
/// With x from 0 to 1: linear `min + (max-min)·x`; log `min·(max/min)^x`; skew
/// `min + (max-min)·x^s`; symmetric bends both halves around the middle alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taper {
    /// Even.
    #[default]
    Linear,
    /// Even in ratios: both ends above zero, or both below.
    Log,
    /// A power of the travel.
    Skew,
    /// A power of the distance from the middle.
    Symmetric,
}

/// A plugin's hints for one parameter, as they came but for their texts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hints {
    pub(crate) key: String,
    pub(crate) unit: String,
    pub(crate) step: f64,
    pub(crate) taper: u32,
    pub(crate) skew: f64,
    pub(crate) n_choices: u32,
}

impl Hints {
    /// The taper and its exponent, if they can work over that range.
    ///
    /// # Errors
    /// What is wrong and what would be right.
    pub(crate) fn taper(&self, min: f64, max: f64) -> Result<(Taper, Option<f64>), String> {
        let skew = self.skew;
        match self.taper {
            0 => Ok((Taper::Linear, None)),
            1 if min > 0.0 || max < 0.0 => Ok((Taper::Log, None)),
            1 => Err(format!(
                "its taper is log over {min} to {max}, which touches zero: keep both ends above \
                 it, or below"
            )),
            2 | 3 if !(skew.is_finite() && skew > 0.0) => {
                Err(format!("its skew is {skew}: give a number above 0"))
            }
            2 => Ok((Taper::Skew, Some(skew))),
            3 => Ok((Taper::Symmetric, Some(skew))),
            other => Err(format!(
                "its taper is {other}: give 0 (linear), 1 (log), 2 (skew) or 3 (symmetric)"
            )),
        }
    }
}
