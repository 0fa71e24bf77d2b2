//! A hole in the sound: frames that did not come in time.
//!
//! Nobody knows of it before it is there, so there is nothing left to fade out: what was heard last
//! is held and dies away over 5 ms. What comes behind the hole fades in over the same time.

use std::ops::Range;

use super::glide::Glide;
use crate::planar::Planar;

const EDGE_MS: u32 = 5;

/// Both edges of holes, and what they need to know of the sound before.
#[derive(Debug)]
pub(crate) struct Edges {
    length: usize,
    /// Of what is there.
    level: Glide,
    /// Of what is held.
    echo: Glide,
    /// Per channel: what was heard last, and what is held of it.
    last: Box<[f32]>,
    held: Box<[f32]>,
}

impl Edges {
    pub(crate) fn new(channels: usize, rate: u32) -> Self {
        let length = (rate * EDGE_MS / 1_000) as usize;
        let silence: Box<[f32]> = vec![0.0; channels].into();
        Self {
            length,
            level: Glide::new(1.0, length),
            echo: Glide::new(0.0, length),
            last: silence.clone(),
            held: silence,
        }
    }

    /// These frames are there. Far from a hole every bit stays as it is.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(crate) fn hear(&mut self, out: &mut Planar, frames: Range<usize>) {
        self.level.head_for(1.0);
        self.shape(out, frames);
    }

    /// These frames are not there.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(crate) fn miss(&mut self, out: &mut Planar, frames: Range<usize>) {
        if self.level.at_rest() != Some(0.0) {
            self.level = Glide::new(0.0, self.length);
            self.echo = Glide::new(1.0, self.length);
            self.echo.head_for(0.0);
            self.held.copy_from_slice(&self.last);
        }
        out.rows_mut().for_each(|row| row[frames.clone()].fill(0.0));
        self.shape(out, frames);
    }

    /// Nothing follows; what is held is heard to its end. Returns how many of `frames` that took.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(crate) fn die_away(&mut self, out: &mut Planar, frames: Range<usize>) -> usize {
        let n = self.echo.left().min(frames.len());
        let frames = frames.start..frames.start + n;
        out.rows_mut().for_each(|row| row[frames.clone()].fill(0.0));
        self.shape(out, frames);
        n
    }

    /// What follows has nothing to do with what was.
    pub(crate) fn forget(&mut self) {
        self.level = Glide::new(1.0, self.length);
        self.echo = Glide::new(0.0, self.length);
        self.last.fill(0.0);
    }

    fn shape(&mut self, out: &mut Planar, frames: Range<usize>) {
        if frames.is_empty() {
            return;
        }
        let is_far = self.level.at_rest() == Some(1.0) && self.echo.at_rest() == Some(0.0);
        let channels = out.rows_mut().zip(&mut self.last).zip(&self.held);
        for ((row, last), held) in channels {
            if !is_far {
                shape_row(&mut row[frames.clone()], *held, (self.level, self.echo));
            }
            *last = row[frames.end - 1];
        }
        self.level.skip(frames.len());
        self.echo.skip(frames.len());
    }
}

fn shape_row(row: &mut [f32], held: f32, (mut level, mut echo): (Glide, Glide)) {
    for x in row {
        *x = *x * level.advance() + held * echo.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A constant with holes of these lengths after these lengths of sound, in blocks of 64.
    fn heard(parts: &[(usize, usize)]) -> Vec<f32> {
        let mut edges = Edges::new(1, 48_000);
        let mut out = Planar::new(1, 64);
        let parts = parts.iter().flat_map(|(there, missing)| [(*there, true), (*missing, false)]);
        let blocks = parts.flat_map(|(n, is_there)| {
            (0..n).step_by(64).map(move |at| (0..64.min(n - at), is_there))
        });
        let mut all = Vec::new();
        for (frames, is_there) in blocks {
            out.channel_mut(0).fill(1.0);
            let step = if is_there { Edges::hear } else { Edges::miss };
            step(&mut edges, &mut out, frames.clone());
            all.extend_from_slice(&out.channel(0)[frames]);
        }
        all
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "a constant is one to the bit")]
    fn a_hole_of_any_length_has_no_step_and_far_from_it_nothing_is_touched() {
        for length in [1, 63, 64, 239, 240, 241, 1_000] {
            let all = heard(&[(500, length), (1_000, 100), (30, 5), (1_000, 0)]);
            let steps = all.windows(2).map(|w| (w[1] - w[0]).abs());
            let worst = steps.fold(0.0, f32::max);
            assert!(worst <= 1.01 / 240.0, "{length}: a step of {worst}");
            assert!(all[..500].iter().all(|x| *x == 1.0));
            assert!(all[500 + length + 240..1_500 + length].iter().all(|x| *x == 1.0));
            assert!(length < 240 || all[739 + usize::from(length > 240)] < 0.01, "{length}");
        }
    }

    #[test]
    fn an_end_within_a_hole_dies_away() {
        let mut edges = Edges::new(1, 48_000);
        let mut out = Planar::new(1, 300);
        out.channel_mut(0).fill(1.0);
        edges.hear(&mut out, 0..100);
        edges.miss(&mut out, 0..40);
        assert_eq!(edges.die_away(&mut out, 0..150), 150);
        assert_eq!(edges.die_away(&mut out, 0..150), 50);
        assert!(out.channel(0)[49].abs() < 1e-6);
        assert_eq!(edges.die_away(&mut out, 0..150), 0);
    }
}
