//! Seconds as frames: the nearest one.

/// For times below a year, as the command line keeps them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a year")]
pub(crate) fn frames_of(seconds: f64, rate: u32) -> u64 {
    (seconds * f64::from(rate)).round() as u64
}

/// Of a time that fits into memory.
pub(crate) fn few_frames_of(seconds: f64, rate: u32) -> usize {
    usize::try_from(frames_of(seconds, rate)).unwrap_or(usize::MAX)
}
