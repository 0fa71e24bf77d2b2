//! Sound in memory, and playing it.

use std::{ops::Range, sync::Arc};

use super::frames::{Cursor, Frames};
use crate::planar::Planar;

/// Frames at the engine's rate.
#[derive(Debug)]
pub struct Clip {
    rows: Planar,
}

/// A clip without a frame or a channel cannot be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it holds no audio")]
pub struct EmptyClip;

impl Clip {
    /// From whole interleaved frames of `channels` samples.
    ///
    /// # Errors
    /// [`EmptyClip`].
    pub fn new(channels: usize, interleaved: &[f32]) -> Result<Self, EmptyClip> {
        let frames = interleaved.len().checked_div(channels).unwrap_or(0);
        if frames == 0 {
            return Err(EmptyClip);
        }
        let mut rows = Planar::new(channels, frames);
        rows.write_interleaved(0, &interleaved[..frames * channels]);
        Ok(Self { rows })
    }

    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.rows.channels()
    }

    /// All samples of a channel.
    ///
    /// # Panics
    /// If there is no such channel.
    pub fn channel(&self, channel: usize) -> &[f32] {
        self.rows.channel(channel)
    }

    /// How long it is.
    pub fn frames(&self) -> u64 {
        self.rows.capacity() as u64
    }
}

/// A clip being played.
#[derive(Debug)]
pub struct ClipPlayer {
    course: Course,
    cursor: Cursor,
}

#[derive(Debug)]
struct Course {
    clip: Arc<Clip>,
    /// What is played over and over once it is reached.
    repeat: Option<Range<u64>>,
}

impl ClipPlayer {
    /// Begins with the first frame; `repeat` is played over and over once it is reached. A loop is cut to the clip; an empty one is none.
    pub fn new(clip: Arc<Clip>, repeat: Option<Range<u64>>) -> Self {
        let mut player = Self { course: Course { clip, repeat: None }, cursor: Cursor::default() };
        player.set_repeat(repeat);
        player
    }

    /// Another loop, or none, from where it stands.
    pub(crate) fn set_repeat(&mut self, repeat: Option<Range<u64>>) {
        let frames = self.course.clip.frames();
        self.cursor.frame = self.position();
        let repeat = repeat.map(|r| r.start.min(frames)..r.end.min(frames));
        self.course.repeat = repeat.filter(|repeat| !repeat.is_empty());
    }

    pub(crate) fn channels(&self) -> usize {
        self.course.channels()
    }

    pub(crate) fn fill(&mut self, out: &mut Planar, frames: usize, pitch: f64) -> usize {
        self.cursor.play(&self.course, out, frames, pitch)
    }

    pub(crate) fn seek(&mut self, frame: u64) {
        self.cursor = Cursor::at(frame);
    }

    /// Where in the clip it stands.
    pub(crate) fn position(&self) -> u64 {
        let frames = self.course.clip.frames();
        self.course.run(self.cursor.frame).map_or(frames, |(at, _)| at)
    }
}

impl Frames for Course {
    fn channels(&self) -> usize {
        self.clip.channels()
    }

    fn run(&self, n: u64) -> Option<(u64, u64)> {
        let frames = self.clip.frames();
        match &self.repeat {
            Some(repeat) if n >= repeat.end => {
                let into = (n - repeat.start) % (repeat.end - repeat.start);
                let at = repeat.start + into;
                Some((at, repeat.end - at))
            }
            Some(repeat) => Some((n, repeat.end - n)),
            None => (n < frames).then(|| (n, frames - n)),
        }
    }

    fn neighbour(&self, n: u64) -> Option<u64> {
        self.run(n).map(|(at, _)| at)
    }

    fn sample(&self, channel: usize, at: u64) -> f32 {
        self.clip.rows.channel(channel)[index(at)]
    }

    fn points(&self, channel: usize, at: u64) -> [f32; 4] {
        let points = &self.clip.rows.channel(channel)[index(at)..][..4];
        [points[0], points[1], points[2], points[3]]
    }

    fn copy(&self, channel: usize, at: u64, out: &mut [f32]) {
        out.copy_from_slice(&self.clip.rows.channel(channel)[index(at)..][..out.len()]);
    }
}

/// A place within a clip, which is in memory.
fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    reason = "these bits are to come out as they went in; small numbers"
)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn player(samples: &[f32], repeat: Option<Range<u64>>) -> ClipPlayer {
        ClipPlayer::new(Arc::new(Clip::new(1, samples).unwrap()), repeat)
    }

    /// `frames` at `pitch`, in blocks of `block`, and how many of them there were.
    fn played(player: &mut ClipPlayer, frames: usize, pitch: f64, block: usize) -> Vec<f32> {
        let mut all = Vec::new();
        let mut out = Planar::new(1, block);
        while all.len() < frames {
            let n = block.min(frames - all.len());
            let got = player.fill(&mut out, n, pitch);
            all.extend_from_slice(&out.channel(0)[..got]);
            if got < n {
                break;
            }
        }
        all
    }

    fn ramp(frames: u16) -> Vec<f32> {
        (0..frames).map(f32::from).collect()
    }

    #[test]
    fn at_a_pitch_of_one_every_bit_is_copied_and_the_end_is_the_end() {
        let noise: Vec<f32> = (0..1_000).map(|n: u16| (f32::from(n) * 12.9898).sin()).collect();
        for block in [1, 7, 64, 4_096] {
            assert_eq!(played(&mut player(&noise, None), 5_000, 1.0, block), noise);
        }
        assert_eq!(Clip::new(2, &[0.5]).unwrap_err(), EmptyClip);
        assert_eq!(Clip::new(0, &[0.5]).unwrap_err(), EmptyClip);
    }

    #[test]
    fn a_loop_repeats_to_the_bit_however_short_it_is() {
        for repeat in [3..4, 3..5, 2..7, 0..10, 1..10] {
            let got = played(&mut player(&ramp(10), Some(repeat.clone())), 100, 1.0, 64);
            let expected: Vec<f32> = (0..repeat.end)
                .chain(
                    (repeat.end..100)
                        .map(|n| repeat.start + (n - repeat.start) % (repeat.end - repeat.start)),
                )
                .map(|n| n as f32)
                .collect();
            assert_eq!(got, expected, "{repeat:?}");
        }
        let nothing = Range { start: 5, end: 5 };
        assert_eq!(played(&mut player(&ramp(10), Some(nothing)), 100, 1.0, 64), ramp(10));
    }

    #[test]
    fn a_pitched_loop_stays_within_its_neighbours() {
        for length in [1_u64, 2, 5, 100] {
            let clip: Vec<f32> = (0..length).map(|n| (n as f32).sin()).collect();
            for pitch in [0.1, 0.7, 1.37, 4.0] {
                let mut player = player(&clip, Some(0..length));
                let got = played(&mut player, 2_000, pitch, 64);
                assert_eq!(got.len(), 2_000);
                // The polynomial overshoots a square wave by an eighth of its height.
                assert!(got.iter().all(|x| x.abs() <= 1.25), "{length} at {pitch}");
            }
        }
        // A sine of whole periods goes on as if it had no end.
        let sine = |n: f64| (TAU * n / 40.0).sin();
        let clip: Vec<f32> = (0..80).map(|n| sine(f64::from(n)) as f32).collect();
        let got = played(&mut player(&clip, Some(0..80)), 10_000, 1.37, 441);
        for (n, x) in got.iter().enumerate().skip(2) {
            assert!((f64::from(*x) - sine(n as f64 * 1.37)).abs() < 2e-3, "frame {n}");
        }
    }

    #[test]
    fn no_pitch_is_off_by_a_tenth_of_a_cent() {
        // Position after a minute: a tenth of a cent is 58 millionths.
        for pitch in [0.1, 0.37, 0.999, 1.001, 1.059_463_094, 1.37, 4.0] {
            let mut player = player(&ramp(100), Some(0..100));
            let frames = 60 * 48_000;
            played(&mut player, frames, pitch, 64);
            let moved = player.cursor.frame as f64 + player.cursor.part;
            let cents = 1_200.0 * (moved / (frames as f64 * pitch)).log2();
            assert!(cents.abs() < 1e-6, "{pitch}: {cents} cents");
        }
    }

    #[test]
    fn pitched_blocks_of_any_size_are_the_same() {
        let clip: Vec<f32> = (0..5_000).map(|n: u16| (f32::from(n) * 0.3).sin()).collect();
        let whole = played(&mut player(&clip, Some(100..4_000)), 20_000, 1.37, 20_000);
        for block in [1, 7, 64, 441, 4_096] {
            let cut = played(&mut player(&clip, Some(100..4_000)), 20_000, 1.37, block);
            assert!(cut == whole, "blocks of {block}");
        }
    }

    #[test]
    fn a_seek_is_exact_and_beyond_the_end_is_the_end() {
        let mut player = player(&ramp(1_000), None);
        for target in [700_u16, 3, 999, 0] {
            player.seek(target.into());
            assert_eq!(player.position(), target.into());
            assert_eq!(played(&mut player, 1, 1.0, 1), [f32::from(target)]);
        }
        player.seek(u64::MAX);
        assert_eq!((played(&mut player, 1, 1.0, 1).len(), player.position()), (0, 1_000));
    }
}
