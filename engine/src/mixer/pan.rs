//! Level and pan: what a strip's channels are multiplied with.

use std::f32::consts::{FRAC_PI_4, SQRT_2};

/// At and below this level a strip is silent.
pub const SILENCE_DB: f32 = -80.0;

/// The factor of a level: 10^(dB/20), and 0 from [`SILENCE_DB`] downwards.
pub fn gain_of_db(db: f32) -> f32 {
    if db <= SILENCE_DB {
        0.0
    } else if db == 0.0 {
        1.0
    } else {
        10_f32.powf(db / 20.0)
    }
}

/// How a pan position becomes two gains. In the middle both laws leave every bit as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PanLaw {
    /// The side that is turned away from fades, the other stays: min(1, 1 ∓ pan).
    #[default]
    Balance,
    /// The squares of both gains add up to the same everywhere: √2·cos and √2·sin of
    /// (pan + 1)·π/4. Far out, the louder side is 3 dB up.
    EqualPower,
}

impl PanLaw {
    /// Gains of the left and the right channel; `pan` runs from -1 (left) to 1 (right).
    pub fn gains(self, pan: f32) -> [f32; 2] {
        let pan = pan.clamp(-1.0, 1.0);
        match self {
            _ if pan == 0.0 => [1.0, 1.0],
            Self::Balance => [(1.0 - pan).min(1.0), (1.0 + pan).min(1.0)],
            Self::EqualPower => {
                let (sin, cos) = ((pan + 1.0) * FRAC_PI_4).sin_cos();
                // At the ends the far side is silent, whatever the sine rounds to.
                let side = |x: f32, end: f32| if pan * end >= 1.0 { 0.0 } else { SQRT_2 * x };
                [side(cos, 1.0), side(sin, -1.0)]
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    #[test]
    fn levels_are_factors_and_80_db_down_is_nothing() {
        assert_eq!(gain_of_db(0.0), 1.0);
        assert!((gain_of_db(-6.0) - 0.501_187_2).abs() < 1e-6);
        assert!((gain_of_db(24.0) - 15.848_932).abs() < 1e-4);
        assert!(gain_of_db(-79.9) > 0.0);
        assert_eq!((gain_of_db(-80.0), gain_of_db(f32::NEG_INFINITY)), (0.0, 0.0));
    }

    #[test]
    fn both_laws_agree_in_the_middle_and_at_the_ends() {
        for law in [PanLaw::Balance, PanLaw::EqualPower] {
            assert_eq!(law.gains(0.0), [1.0, 1.0], "{law:?}");
            assert_eq!((law.gains(-1.0)[1], law.gains(1.0)[0]), (0.0, 0.0), "{law:?}");
        }
        assert_eq!(PanLaw::Balance.gains(-0.25), [1.0, 0.75]);
        assert_eq!(PanLaw::Balance.gains(0.5), [0.5, 1.0]);
    }

    #[test]
    fn equal_power_is_of_equal_power() {
        for n in -100_i16..=100 {
            let [left, right] = PanLaw::EqualPower.gains(f32::from(n) / 100.0);
            assert!((left * left + right * right - 2.0).abs() < 1e-5, "{n}: {left} {right}");
        }
    }
}
