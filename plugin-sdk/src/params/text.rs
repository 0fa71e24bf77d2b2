//! Values as people read and write them: `-6.0 dB`, `2.00 kHz`, `C#4`. Main thread.

mod note;

use super::{ParamKind, ParamSpec, Taper};

/// From here down a level is silence: less than the last bit of 16.
const SILENCE_DB: f64 = -90.0;
const MINUS_INFINITY: &str = "-inf";

impl ParamSpec {
    /// Writes a plain value as people read it, with its unit.
    ///
    /// The number of decimals follows from the step, with a logarithmic taper from the value's
    /// magnitude, else from the width of the range. 1000 Hz and more are written in kHz. For a
    /// unit of dB, the smallest value of a range that reaches down to -90 dB is `-inf dB`.
    #[must_use]
    pub fn text_of(&self, plain: f64) -> String {
        match self.kind {
            ParamKind::Bool if plain >= 0.5 => "On".to_owned(),
            ParamKind::Bool => "Off".to_owned(),
            ParamKind::Choice(names) => choice_name(names, plain).to_owned(),
            ParamKind::Int if self.unit == "note" => note::name(plain),
            ParamKind::Int | ParamKind::Float => self.quantity(plain),
        }
    }

    /// Reads a plain value, with or without the unit, in any case; nothing if it is none or lies
    /// outside the range.
    ///
    /// For `Hz` also `2k` and `2 kHz`; for `ms` and `s` either; for `dB` also `-inf`, the smallest
    /// value; on/off, true/false, yes/no and 1/0 for a bool; the name of a choice.
    ///
    /// What [`text_of`](Self::text_of) has written can be read, and is then written the same.
    #[must_use]
    pub fn value_of(&self, text: &str) -> Option<f64> {
        let text = text.trim();
        match self.kind {
            ParamKind::Bool => switch(text),
            ParamKind::Choice(names) => {
                let name = text.to_lowercase();
                let index = names.iter().position(|known| known.trim().to_lowercase() == name);
                index.map(|index| index as f64)
            }
            ParamKind::Int if self.unit == "note" => {
                self.within(note::key(text).or_else(|| text.parse().ok())?)
            }
            ParamKind::Int | ParamKind::Float => self.number_of(text),
        }
    }

    fn quantity(&self, plain: f64) -> String {
        let text = self.rounded(plain);
        let is_silence =
            self.unit == "dB" && self.min <= SILENCE_DB && text == self.rounded(self.min);
        if is_silence { format!("{MINUS_INFINITY} dB") } else { text }
    }

    fn rounded(&self, plain: f64) -> String {
        let number = fixed(plain, self.decimals(plain));
        // Rounding may carry into a magnitude that is written with other decimals: 9.996, 10.0.
        let carried = number.parse().unwrap_or(plain);
        let decimals = self.decimals(carried);
        match self.unit {
            "" => fixed(plain, decimals),
            "Hz" if carried.abs() >= 1000.0 => {
                let decimals = if self.step > 0.0 { decimals + 3 } else { 2 };
                fixed(plain / 1000.0, decimals) + " kHz"
            }
            "st" if carried > 0.0 => format!("+{} st", fixed(plain, decimals)),
            unit => format!("{} {unit}", fixed(plain, decimals)),
        }
    }

    fn decimals(&self, plain: f64) -> usize {
        if self.step > 0.0 {
            return decimals_of([self.min, self.step]);
        }
        let magnitude = match self.taper {
            Taper::Log => plain.abs() * 2.0,
            _ => self.max - self.min,
        };
        match magnitude {
            width if width < 0.2 => 4,
            width if width < 2.0 => 3,
            width if width < 20.0 => 2,
            _ => 1,
        }
    }

    fn number_of(&self, text: &str) -> Option<f64> {
        let (number, factor) = self.without_unit(text);
        if self.unit == "dB" && number.eq_ignore_ascii_case(MINUS_INFINITY) {
            return Some(self.min);
        }
        let number: f64 = number.parse().ok()?;
        self.within(number * factor)
    }

    /// The number of a text, and what its unit multiplies it with.
    fn without_unit<'t>(&self, text: &'t str) -> (&'t str, f64) {
        let units: &[(&str, f64)] = match self.unit {
            "Hz" => &[("kHz", 1e3), ("Hz", 1.0), ("k", 1e3)],
            "ms" => &[("ms", 1.0), ("s", 1e3)],
            "s" => &[("ms", 1e-3), ("s", 1.0)],
            unit => &[(unit, 1.0)],
        };
        let found = units.iter().find_map(|(unit, factor)| {
            let (number, end) = text.split_at_checked(text.len().checked_sub(unit.len())?)?;
            end.eq_ignore_ascii_case(unit).then_some((number.trim_end(), *factor))
        });
        found.unwrap_or((text, 1.0))
    }

    /// The nearest possible value, if `plain` lies within the range, or reads like its end.
    fn within(&self, plain: f64) -> Option<f64> {
        let nearest = self.nearest(plain)?;
        let is_inside = (self.min..=self.max).contains(&plain);
        (is_inside || self.rounded(plain) == self.rounded(nearest)).then_some(nearest)
    }
}

/// A number with so many decimals; what rounds to zero has no sign worth reading.
fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if !digits.contains(|digit| matches!(digit, '1'..='9')) => digits.to_owned(),
        _ => text,
    }
}

/// The fewest decimals, up to 6, that write all of `numbers` exactly.
fn decimals_of(numbers: [f64; 2]) -> usize {
    let is_whole = |number: f64| (number - number.round()).abs() < 1e-6;
    let mut scale = 1.0;
    for decimals in 0..6 {
        if numbers.iter().all(|number| is_whole(number * scale)) {
            return decimals;
        }
        scale *= 10.0;
    }
    6
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and an index beyond the end has no name"
)]
fn choice_name(names: &'static [&'static str], plain: f64) -> &'static str {
    names.get(plain.round() as usize).copied().unwrap_or("")
}

fn switch(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Some(1.0),
        "off" | "false" | "no" | "0" => Some(0.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
