//! MIDI keys by name: C4 is 60, the middle C.

const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The name of the key nearest to `key`: 61 is `C#4`, 0 is `C-1`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range of an i32 is not left, and the rest of a division by 12 is positive"
)]
pub(super) fn name(key: f64) -> String {
    let key = key.round();
    let octave = (key / 12.0).floor() - 1.0;
    let name = NAMES[key.rem_euclid(12.0) as usize % 12];
    format!("{name}{octave}")
}

/// The key of a name in any case, with any number of sharps or flats: `C#4`, `db4`, `A-1`.
pub(super) fn key(text: &str) -> Option<f64> {
    let mut rest = text.chars();
    let degree = match rest.next()?.to_ascii_uppercase() {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    let octave = rest.as_str().trim_start_matches(['#', '♯', 'b', 'B', '♭']);
    let accidentals = rest.as_str().strip_suffix(octave)?;
    let accidental: i32 =
        accidentals.chars().map(|sign| if matches!(sign, '#' | '♯') { 1 } else { -1 }).sum();
    let octave: i8 = octave.trim_start().parse().ok()?;
    Some(f64::from((i32::from(octave) + 1) * 12 + degree + accidental))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names_both_ways() {
        for (number, text) in [(0.0, "C-1"), (60.0, "C4"), (61.0, "C#4"), (127.0, "G9")] {
            assert_eq!(name(number), text);
            assert_eq!(key(text), Some(number));
        }
        for number in -24..=200 {
            let number = f64::from(number);
            assert_eq!(key(&name(number)), Some(number));
        }
        for (text, number) in [("db4", 61.0), ("Cb4", 59.0), ("B3", 59.0), ("bb3", 58.0)] {
            assert_eq!(key(text), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "H4", "C", "#4", "C#x", "C4 #", "C999"] {
            assert_eq!(key(text), None, "{text}");
        }
    }
}
