//! Conversions at the edge: levels in dB, gains inside. Pure arithmetic, for any thread.

/// The gain (linear) of a level in dB: 0 dB is 1.0, −∞ dB is 0.0.
///
/// # Real time
///
/// Pure arithmetic, a few nanoseconds.
#[must_use]
pub fn db_to_gain(level_db: f32) -> f32 {
    10.0_f32.powf(level_db / 20.0)
}

/// The level in dB of a gain (linear): 1.0 is 0 dB, 0.0 is −∞; the sign of the gain is ignored.
///
/// # Real time
///
/// Pure arithmetic, a few nanoseconds.
#[must_use]
pub fn gain_to_db(gain: f32) -> f32 {
    20.0 * gain.abs().log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_gains_are_inverse() {
        assert!((db_to_gain(-6.0) - 0.501_187_2).abs() < 1e-7);
        assert!((db_to_gain(0.0) - 1.0).abs() < f32::EPSILON);
        for level_db in [-60.0, -6.0, 0.0, 12.0] {
            assert!((gain_to_db(db_to_gain(level_db)) - level_db).abs() < 1e-4);
        }
    }
}
