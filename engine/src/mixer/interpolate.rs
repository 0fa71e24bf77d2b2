//! Between two frames: the 4-point, third-order Hermite polynomial (Catmull and Rom, "A class of
//! local interpolating splines", 1974): it passes through the two middle points with the slopes of
//! their neighbours, so its pieces join without a kink.

/// Frames that are needed before the position.
pub(crate) const LOOK_BACK: u64 = 1;
/// Frames that are needed after it.
pub(crate) const LOOK_AHEAD: u64 = 2;

/// What the four frames around a position weigh; `at` is the way from the second to the third, 0
/// to 1. At 0 the second alone counts, to the bit.
pub(crate) fn weights(at: f32) -> [f32; 4] {
    let (at2, at3) = (at * at, at * at * at);
    [
        0.5 * (-at + 2.0 * at2 - at3),
        0.5 * (2.0 - 5.0 * at2 + 3.0 * at3),
        0.5 * (at + 4.0 * at2 - 3.0 * at3),
        0.5 * (at3 - at2),
    ]
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    fn between(points: [f32; 4], at: f32) -> f32 {
        weights(at).iter().zip(points).map(|(w, x)| w * x).sum()
    }

    #[test]
    fn it_meets_the_points_and_straight_lines_stay_straight() {
        assert_eq!(weights(0.0), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(weights(1.0), [0.0, 0.0, 1.0, 0.0]);
        for n in 0..=10_u8 {
            let at = f32::from(n) / 10.0;
            assert!((between([-1.0, 0.0, 1.0, 2.0], at) - at).abs() < 1e-6);
            assert!((between([1.0; 4], at) - 1.0).abs() < 1e-6);
        }
    }
}
