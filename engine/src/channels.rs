//! Channel maps: how frames of one width become frames of another (one law for all ends).

use crate::planar::Planar;

/// What a mono taker takes from a wider giver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ToMono {
    /// Channel 1.
    #[default]
    First,
    /// The mean of all channels (`--mix-mono`).
    Mean,
}

/// Copies the first `frames` of `from` to `to`.
///
/// Mono goes to every channel; otherwise channel n goes to channel n, channels that `to` has not
/// are left out, and channels that `from` has not are silent. `to_mono` decides what one channel
/// takes from several.
///
/// # Real time
/// Arithmetic only.
pub fn adapt(from: &Planar, to: &mut Planar, frames: usize, to_mono: ToMono) {
    if to.channels() == 1 && from.channels() > 1 && to_mono == ToMono::Mean {
        return mean(from, to, frames);
    }
    let is_mono = from.channels() == 1;
    for (c, row) in to.rows_mut().enumerate() {
        let c = if is_mono { 0 } else { c };
        if c < from.channels() {
            row[..frames].copy_from_slice(&from.channel(c)[..frames]);
        } else {
            row[..frames].fill(0.0);
        }
    }
}

fn mean(from: &Planar, to: &mut Planar, frames: usize) {
    let scale = 1.0 / from.channels() as f32;
    let sum = &mut to.channel_mut(0)[..frames];
    sum.fill(0.0);
    for row in from.rows() {
        for (s, x) in sum.iter_mut().zip(row) {
            *s += x * scale;
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    fn adapted(from: &[f32], n_to: usize, to_mono: ToMono) -> Vec<f32> {
        let mut source = Planar::new(from.len(), 1);
        source.write_interleaved(0, from);
        let mut target = Planar::new(n_to, 1);
        target.rows_mut().for_each(|row| row.fill(9.0));
        adapt(&source, &mut target, 1, to_mono);
        target.rows().map(|row| row[0]).collect()
    }

    #[test]
    fn each_width_to_each_width() {
        assert_eq!(adapted(&[0.5], 2, ToMono::First), [0.5, 0.5]);
        assert_eq!(adapted(&[0.5], 6, ToMono::First), [0.5; 6]);
        assert_eq!(adapted(&[0.5, -0.25], 1, ToMono::First), [0.5]);
        assert_eq!(adapted(&[0.5, -0.25], 1, ToMono::Mean), [0.125]);
        assert_eq!(adapted(&[0.5, -0.25], 6, ToMono::First), [0.5, -0.25, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(adapted(&[1.0, 2.0, 3.0], 2, ToMono::First), [1.0, 2.0]);
        assert_eq!(adapted(&[], 2, ToMono::First), [0.0, 0.0]);
    }
}
