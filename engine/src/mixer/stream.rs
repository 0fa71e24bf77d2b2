//! Sound that is read ahead, and playing it.
//!
//! A voice begins to sound, and goes on after a seek, once a whole block is there. From then on its
//! time passes: what is not there in time is silent and counted, and what comes after it is in its
//! right place. Both edges of such a hole are fades of 5 ms.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::{
    frames::{Cursor, Frames},
    hole::Edges,
    interpolate::{LOOK_AHEAD, LOOK_BACK},
    voice::{PITCHES, Supply},
};
use crate::{planar::Planar, window::WindowReader};

/// What is played over and over of a file that is read ahead. The time line of its window goes on
/// counting behind the loop's end; whoever fills the window repeats the frames.
#[derive(Debug, Clone, Default)]
pub struct Repeat(Arc<Bounds>);

#[derive(Debug, Default)]
struct Bounds {
    start: AtomicU64,
    /// 0 = it never ends.
    end: AtomicU64,
}

impl Repeat {
    /// From now on this is played over and over, or nothing if it is empty.
    pub fn set(&self, frames: Range<u64>) {
        self.0.start.store(frames.start, Relaxed);
        self.0.end.store(if frames.is_empty() { 0 } else { frames.end }, Relaxed);
    }

    /// The frame of the file that lies at `n` of the time line.
    pub fn frame_at(&self, n: u64) -> u64 {
        let (start, end) = (self.0.start.load(Relaxed), self.0.end.load(Relaxed));
        if end == 0 || n < end { n } else { start + (n - start) % (end - start) }
    }
}

/// Frames of a file that one frame of sound can take.
const FASTEST: usize = 4;
const _: () = assert!(*PITCHES.end() <= FASTEST as f64);

/// A window being played.
#[derive(Debug)]
pub struct StreamPlayer {
    window: WindowReader,
    repeat: Repeat,
    cursor: Cursor,
    /// Whether its time passes.
    has_begun: bool,
    /// Frames of silence for want of sound.
    missed: u64,
    edges: Edges,
    supply: Supply,
}

impl StreamPlayer {
    /// Begins with the first frame; `rate` is the engine's, Hz.
    pub fn new(window: WindowReader, repeat: Repeat, rate: u32) -> Self {
        Self {
            edges: Edges::new(window.channels(), rate),
            window,
            repeat,
            cursor: Cursor::default(),
            has_begun: false,
            missed: 0,
            supply: Supply::Filling,
        }
    }

    /// Frames of its file that a block of `frames` can need at most.
    pub fn most_frames(frames: usize) -> u64 {
        (frames * FASTEST) as u64 + LOOK_BACK + LOOK_AHEAD + 1
    }

    pub(crate) fn channels(&self) -> usize {
        self.window.channels()
    }

    /// How it stands with the last block, and how many frames were missed so far.
    pub(crate) fn supply(&self) -> (Supply, u64) {
        (self.supply, self.missed)
    }

    /// Fills the first frames of `out`; returns how many there were before the end.
    ///
    /// # Real time
    /// Arithmetic and wait-free loads.
    pub(crate) fn fill(&mut self, out: &mut Planar, frames: usize, pitch: f64) -> usize {
        let there = self.window.look();
        let is_all = there.is_some_and(|there| there.is_all);
        if !self.has_begun {
            let wanted = self.cursor.after(frames, pitch) + LOOK_AHEAD + 1;
            self.has_begun = is_all || there.is_some_and(|there| there.end >= wanted);
        }
        if !self.has_begun {
            self.supply = Supply::Filling;
            out.silence(frames);
            return frames;
        }
        let behind = if is_all { 0 } else { LOOK_AHEAD };
        let end = there.map_or(0, |there| there.end.saturating_sub(behind));
        let view = View { window: &self.window, end };
        let got = self.cursor.play(&view, out, frames, pitch);
        self.edges.hear(out, 0..got);
        self.supply = Supply::Flowing;
        let heard = match () {
            () if is_all => got + self.edges.die_away(out, got..frames),
            () if got < frames => self.miss(out, got..frames, pitch),
            () => got,
        };
        self.window.release(self.cursor.frame.saturating_sub(LOOK_BACK));
        heard
    }

    fn miss(&mut self, out: &mut Planar, missing: Range<usize>, pitch: f64) -> usize {
        let end = missing.end;
        self.cursor.skip(missing.len(), pitch);
        self.missed += missing.len() as u64;
        self.supply = Supply::Starved;
        self.edges.miss(out, missing);
        end
    }

    /// Goes on with `frame`: at once when a block of it is there.
    pub(crate) fn seek(&mut self, frame: u64) {
        let before = frame.saturating_sub(LOOK_BACK);
        self.window.look();
        if self.window.holds(before) {
            self.window.release(before);
        } else {
            self.window.seek(before);
        }
        self.has_begun = false;
        self.edges.forget();
        self.cursor = Cursor::at(frame);
    }

    /// Where in the file it stands.
    pub(crate) fn position(&self) -> u64 {
        self.repeat.frame_at(self.cursor.frame)
    }
}

/// What of a window can be played in a block.
struct View<'a> {
    window: &'a WindowReader,
    /// Behind it the neighbours are missing.
    end: u64,
}

impl Frames for View<'_> {
    fn channels(&self) -> usize {
        self.window.channels()
    }

    fn run(&self, n: u64) -> Option<(u64, u64)> {
        (n < self.end && self.window.holds(n)).then(|| (n, self.end - n))
    }

    fn neighbour(&self, n: u64) -> Option<u64> {
        self.window.holds(n).then_some(n)
    }

    fn sample(&self, channel: usize, at: u64) -> f32 {
        self.window.sample(channel, at)
    }

    fn points(&self, channel: usize, at: u64) -> [f32; 4] {
        self.window.four(channel, at)
    }

    fn copy(&self, channel: usize, at: u64, out: &mut [f32]) {
        self.window.copy(channel, at, out);
    }
}
