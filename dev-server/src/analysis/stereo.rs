//! How the first two channels stand to each other.

use super::{
    feed::{Feed, Side},
    section::{float, floats, word},
};

/// Time constant of the running means, in seconds.
const SECONDS: f64 = 0.3;
/// Mean square below which a channel is silent: −120 dB.
const SILENCE: f64 = 1e-12;
/// Bytes before the points of a side.
const HEAD_BYTES: usize = 12;

pub(super) struct Stereo {
    input: Means,
    output: Means,
    /// What a frame counts for.
    weight: f64,
}

/// Running means of the channels' squares and their product.
#[derive(Debug, Clone, Copy, Default)]
struct Means {
    left: f64,
    right: f64,
    product: f64,
}

impl Stereo {
    pub(super) fn new(rate: u32) -> Self {
        let weight = 1.0 - (-1.0 / (SECONDS * f64::from(rate))).exp();
        Self { input: Means::default(), output: Means::default(), weight }
    }

    /// Takes in the newest frames.
    pub(super) fn take(&mut self, feed: &Feed) {
        self.input.take(feed.input(), feed.n_new(), self.weight);
        self.output.take(feed.output(), feed.n_new(), self.weight);
    }

    /// Writes both sides with at most `points` points each, and at most `room` bytes.
    pub(super) fn write(&mut self, feed: &Feed, points: usize, room: usize, out: &mut Vec<u8>) {
        let room = room.saturating_sub(super::section::HEAD_BYTES) / 2;
        let points = points.min(room.saturating_sub(HEAD_BYTES) / 8);
        for (means, side) in [(self.input, feed.input()), (self.output, feed.output())] {
            float(out, means.correlation(side.channels()));
            float(out, means.balance(side.channels()));
            write_points(side, feed.n_look(), points, out);
        }
    }
}

impl Means {
    fn take(&mut self, side: &Side, n: usize, weight: f64) {
        for (l, r) in side.newest(0, n).iter().zip(side.newest(1, n)) {
            let (l, r) = (f64::from(*l), f64::from(*r));
            self.left += (l * l - self.left) * weight;
            self.right += (r * r - self.right) * weight;
            self.product += (l * r - self.product) * weight;
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "−1 to 1")]
    fn correlation(&self, channels: usize) -> f32 {
        if channels < 2 || self.left < SILENCE || self.right < SILENCE {
            return f32::NAN;
        }
        (self.product / (self.left * self.right).sqrt()).clamp(-1.0, 1.0) as f32
    }

    /// By the channels' effective values.
    #[expect(clippy::cast_possible_truncation, reason = "−1 to 1")]
    fn balance(&self, channels: usize) -> f32 {
        if channels < 2 || self.left + self.right < SILENCE {
            return 0.0;
        }
        let (left, right) = (self.left.sqrt(), self.right.sqrt());
        ((right - left) / (right + left)) as f32
    }
}

/// Points spread evenly over the frames of this look, the newest last.
fn write_points(side: &Side, n_look: usize, points: usize, out: &mut Vec<u8>) {
    let (left, right) = (side.newest(0, n_look), side.newest(1, n_look));
    let n = if right.is_empty() || points == 0 { 0 } else { left.len() };
    let stride = n.div_ceil(points.max(1)).max(1);
    let n_points = n / stride;
    word(out, n_points);
    let first = n - n_points * stride + stride - 1;
    for at in (first..n).step_by(stride) {
        floats(out, &[left[at], right[at]]);
    }
}
