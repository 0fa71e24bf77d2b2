//! Values as people read and write them: `-6.0 dB`. Main thread.

use std::fmt;

use super::ParamSpec;

impl ParamSpec {
    /// Writes a plain value with its unit; more decimals for a narrow range.
    pub(crate) fn write_text(&self, plain: f64, out: &mut impl fmt::Write) -> fmt::Result {
        let decimals = match self.max - self.min {
            span if span < 2.0 => 3,
            span if span < 20.0 => 2,
            _ => 1,
        };
        // A value that rounds to zero has no sign worth reading.
        let half_step = 0.5 / 10_f64.powi(decimals);
        let shown = if plain.abs() < half_step { 0.0 } else { plain };
        let places = decimals.unsigned_abs() as usize;
        write!(out, "{shown:.places$}")?;
        if self.unit.is_empty() {
            return Ok(());
        }
        write!(out, " {}", self.unit)
    }

    /// Reads a plain value, with or without the unit in any case; nothing if it is no number or
    /// outside the range.
    pub(crate) fn read_text(&self, text: &str) -> Option<f64> {
        let text = text.trim();
        let number_len = text.len().checked_sub(self.unit.len());
        let number = number_len
            .and_then(|at| text.split_at_checked(at))
            .filter(|(_, unit)| unit.eq_ignore_ascii_case(self.unit))
            .map_or(text, |(number, _)| number);
        let plain: f64 = number.trim().parse().ok()?;
        (self.min..=self.max).contains(&plain).then_some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Smoothing;

    const GAIN: ParamSpec = ParamSpec {
        id: 1,
        key: "gain",
        name: "Gain",
        unit: "dB",
        min: -60.0,
        max: 12.0,
        default: 0.0,
        smoothing: Smoothing::None,
    };

    fn text(spec: &ParamSpec, plain: f64) -> String {
        let mut out = String::new();
        spec.write_text(plain, &mut out).unwrap();
        out
    }

    #[test]
    fn values_are_written_with_unit_and_no_negative_zero() {
        assert_eq!(text(&GAIN, -6.0), "-6.0 dB");
        assert_eq!(text(&GAIN, -0.04), "0.0 dB");
        let mix = ParamSpec { unit: "", min: 0.0, max: 1.0, ..GAIN };
        assert_eq!(text(&mix, 0.25), "0.250");
    }

    #[test]
    fn what_was_written_can_be_read() {
        for plain in [-60.0, -6.0, 0.0, 12.0] {
            assert_eq!(GAIN.read_text(&text(&GAIN, plain)), Some(plain));
        }
        for same in ["-6", " -6.0dB ", "-6 db", "-6.0 DB"] {
            assert_eq!(GAIN.read_text(same), Some(-6.0));
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for wrong in ["", "dB", "loud", "nan", "inf", "-inf dB", "13", "-61 dB", "6 Hz", "ﬀ"] {
            assert_eq!(GAIN.read_text(wrong), None, "{wrong}");
        }
    }
}
