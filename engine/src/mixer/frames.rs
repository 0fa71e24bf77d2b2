//! Reading material at any speed: what clips and windows have in common.

use super::interpolate::{LOOK_AHEAD, LOOK_BACK, weights};
use crate::planar::Planar;

/// Frames that can be reached by their number on a time line without an end: loops go on counting.
pub(crate) trait Frames {
    /// Samples per frame.
    fn channels(&self) -> usize;

    /// Where frame `n` lies, and how many that can be played follow each other from there on, itself
    /// included. `None` where there is nothing to be played.
    fn run(&self, n: u64) -> Option<(u64, u64)>;

    /// Where frame `n` lies, as the neighbour of one that is played.
    fn neighbour(&self, n: u64) -> Option<u64>;

    /// A sample of the frame that lies `at`.
    fn sample(&self, channel: usize, at: u64) -> f32;

    /// The samples of four frames that lie beside each other, from `at` on.
    fn points(&self, channel: usize, at: u64) -> [f32; 4];

    /// Copies what lies from `at` on.
    fn copy(&self, channel: usize, at: u64, out: &mut [f32]);
}

/// A place on the time line, between frames too.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    pub(crate) frame: u64,
    /// On the way to the next frame: from 0 to before 1.
    pub(crate) part: f64,
}

impl Cursor {
    pub(crate) fn at(frame: u64) -> Self {
        Self { frame, part: 0.0 }
    }

    /// # Real time
    /// Arithmetic only.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, positive")]
    fn advance(&mut self, by: f64) {
        let part = self.part + by;
        let whole = part.floor();
        self.frame += whole as u64;
        self.part = part - whole;
    }

    /// The whole frame it stands behind once `frames` were played.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, positive")]
    pub(crate) fn after(&self, frames: usize, pitch: f64) -> u64 {
        self.frame + (self.part + frames as f64 * pitch).ceil() as u64
    }

    /// Lets `frames` pass unheard.
    pub(crate) fn skip(&mut self, frames: usize, pitch: f64) {
        for _ in 0..frames {
            self.advance(pitch);
        }
    }

    /// Plays `frames` of `from` into `out`, `pitch` frames of material for each; returns how many
    /// there were. At a pitch of 1 and on a whole frame every bit is copied.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(crate) fn play(
        &mut self,
        from: &impl Frames,
        out: &mut Planar,
        frames: usize,
        pitch: f64,
    ) -> usize {
        let is_plain = pitch.to_bits() == 1_f64.to_bits() && self.part == 0.0;
        let mut done = 0;
        while done < frames
            && let Some((at, run)) = from.run(self.frame)
        {
            let place = Place { at, run, done, frames };
            done = match () {
                () if is_plain => self.copy(from, out, &place),
                () if self.is_inside(from, &place) => self.glide(from, out, &place, pitch),
                () => self.step(from, out, &place, pitch),
            };
        }
        done
    }

    fn copy(&mut self, from: &impl Frames, out: &mut Planar, place: &Place) -> usize {
        let n = usize::try_from(place.run).unwrap_or(usize::MAX).min(place.frames - place.done);
        for (c, row) in out.rows_mut().enumerate() {
            from.copy(c, place.at, &mut row[place.done..place.done + n]);
        }
        self.frame += n as u64;
        place.done + n
    }

    /// Whether all neighbours lie beside each other.
    fn is_inside(&self, from: &impl Frames, place: &Place) -> bool {
        let before = self.frame.checked_sub(LOOK_BACK).and_then(|n| from.neighbour(n));
        let is_joined = before.is_some_and(|at| at + LOOK_BACK == place.at);
        is_joined && place.run > LOOK_AHEAD
    }

    /// As far as all neighbours lie beside each other.
    fn glide(&mut self, from: &impl Frames, out: &mut Planar, place: &Place, pitch: f64) -> usize {
        let last = self.frame + place.run - LOOK_AHEAD;
        let shift = |frame: u64, first: u64| place.at + (frame - first) - LOOK_BACK;
        let first = self.frame;
        let mut done = place.done;
        while done < place.frames && self.frame < last {
            let weights = self.weights();
            let at = shift(self.frame, first);
            for (c, row) in out.rows_mut().enumerate() {
                row[done] = weigh(weights, from.points(c, at));
            }
            self.advance(pitch);
            done += 1;
        }
        done
    }

    /// One frame at a seam: the neighbours are looked up one by one, and what is not there is silent.
    fn step(&mut self, from: &impl Frames, out: &mut Planar, place: &Place, pitch: f64) -> usize {
        let weights = self.weights();
        let neighbours = [0, 1, 2, 3].map(|i| {
            let n = (self.frame + i).checked_sub(LOOK_BACK);
            n.and_then(|n| from.neighbour(n))
        });
        for (c, row) in out.rows_mut().enumerate() {
            let points = neighbours.map(|at| at.map_or(0.0, |at| from.sample(c, at)));
            row[place.done] = weigh(weights, points);
        }
        self.advance(pitch);
        place.done + 1
    }

    #[expect(clippy::cast_possible_truncation, reason = "a weight of an f32")]
    fn weights(&self) -> [f32; 4] {
        weights(self.part as f32)
    }
}

/// A run of material, and the frames of the block that are to be filled.
struct Place {
    at: u64,
    run: u64,
    done: usize,
    frames: usize,
}

fn weigh(weights: [f32; 4], points: [f32; 4]) -> f32 {
    let [a, b, c, d] = weights;
    let [x, y, z, w] = points;
    (a * x + b * y) + (c * z + d * w)
}
