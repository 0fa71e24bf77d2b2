//! Channel maps: how frames of one width become frames of another (one law for all ends).

use std::ops::Range;

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

/// Copies the first `frames` of `from` to `to`: the main channels, and the sidechain's likewise.
///
/// Mono goes to every channel; otherwise channel n goes to channel n, channels that `to` has not
/// are left out, and channels that `from` has not are silent. `to_mono` decides what one channel
/// takes from several.
///
/// # Real time
/// Arithmetic only.
pub fn adapt(from: &Planar, to: &mut Planar, frames: usize, to_mono: ToMono) {
    let (main_from, main_to) = (from.main_channels(), to.main_channels());
    let (all_from, all_to) = (from.channels(), to.channels());
    adapt_part((from, 0..main_from), (to, 0..main_to), frames, to_mono);
    adapt_part((from, main_from..all_from), (to, main_to..all_to), frames, to_mono);
}

fn adapt_part(
    (from, of): (&Planar, Range<usize>),
    (to, at): (&mut Planar, Range<usize>),
    frames: usize,
    to_mono: ToMono,
) {
    if at.len() == 1 && of.len() > 1 && to_mono == ToMono::Mean {
        return mean((from, of), &mut to.channel_mut(at.start)[..frames]);
    }
    let is_mono = of.len() == 1;
    for (c, to_channel) in at.enumerate() {
        let channel = of.start + if is_mono { 0 } else { c };
        let row = &mut to.channel_mut(to_channel)[..frames];
        if of.contains(&channel) {
            row.copy_from_slice(&from.channel(channel)[..frames]);
        } else {
            row.fill(0.0);
        }
    }
}

fn mean((from, of): (&Planar, Range<usize>), sum: &mut [f32]) {
    let scale = 1.0 / of.len() as f32;
    sum.fill(0.0);
    for channel in of {
        for (s, x) in sum.iter_mut().zip(from.channel(channel)) {
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
