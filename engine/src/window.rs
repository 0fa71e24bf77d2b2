//! The window: the part of a file that is in memory, ahead of the voice that plays it.
//!
//! Frames have numbers on a time line, and frame `n` always lies in slot `n` mod capacity. One
//! thread (the *writer*, off the audio thread) puts frames there, in order; the voice (the
//! *reader*) plays them. What crosses is two words, each an epoch and a frame:
//!
//! | word | written by | says |
//! |---|---|---|
//! | `wanted` | reader | the epoch, and the first frame of it that is still needed |
//! | `filled` | writer | the epoch, and the frame after the last that is there |
//!
//! A seek is a new epoch in `wanted`. The writer answers it with the same epoch in `filled`, once
//! its frames are those of the new place; until then the reader hears nothing, so no frame of the
//! old place is ever taken for one of the new. The writer never touches a slot of a frame that is
//! still wanted: the reader alone gives slots free, by moving `wanted`. `tests/loom.rs` explores the
//! interleavings.

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use std::sync::{Arc, Weak};

/// A place on a window's time line, as it is told: 16 bits of epoch, 48 of frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// How-manieth place, counted from 0 and around.
    pub epoch: u16,
    /// Below 2^48: 186 years at 48 kHz.
    pub frame: u64,
}

const FRAME_BITS: u32 = 48;
const MAX_FRAME: u64 = (1 << FRAME_BITS) - 1;

impl Mark {
    fn to_word(self) -> u64 {
        u64::from(self.epoch) << FRAME_BITS | self.frame.min(MAX_FRAME)
    }

    fn of_word(word: u64) -> Self {
        Self { epoch: (word >> FRAME_BITS) as u16, frame: word & MAX_FRAME }
    }
}

struct Shared {
    /// Whole frames, interleaved, as bits.
    samples: Box<[AtomicU32]>,
    channels: usize,
    capacity: u64,
    wanted: AtomicU64,
    filled: AtomicU64,
    /// Where the sound ends, in which epoch; told before `filled`.
    end: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("channels", &self.channels)
            .field("capacity", &self.capacity)
            .field("wanted", &self.wanted())
            .finish_non_exhaustive()
    }
}

/// A window of `channels` and at least `capacity` frames; the voice begins at frame 0. Both ends,
/// and one that looks.
///
/// # Panics
/// If either is zero.
pub fn window(channels: usize, capacity: usize) -> (WindowWriter, WindowReader, WindowGauge) {
    assert!(channels > 0 && capacity > 0, "a window holds at least one sample");
    let capacity = capacity.next_power_of_two();
    let alive = Arc::new(());
    let shared = Arc::new(Shared {
        samples: (0..channels * capacity).map(|_| AtomicU32::new(0)).collect(),
        channels,
        capacity: capacity as u64,
        wanted: AtomicU64::new(0),
        // Of the first epoch there is nothing yet.
        filled: AtomicU64::new(no_end(0).to_word()),
        end: AtomicU64::new(no_end(1).to_word()),
    });
    let gauge = WindowGauge { shared: Arc::clone(&shared), reader: Arc::downgrade(&alive) };
    let reader = Arc::downgrade(&alive);
    let writer = WindowWriter { shared: Arc::clone(&shared), at: no_end(0), reader };
    (writer, WindowReader { shared, epoch: 0, start: 0, there: None, _alive: alive }, gauge)
}

/// What is no mark of that epoch.
fn no_end(epoch: u16) -> Mark {
    Mark { epoch: epoch.wrapping_sub(1), frame: 0 }
}

impl Shared {
    fn wanted(&self) -> Mark {
        Mark::of_word(self.wanted.load(Ordering::Acquire))
    }

    #[expect(clippy::cast_possible_truncation, reason = "below the capacity, a usize")]
    fn slot(&self, frame: u64) -> usize {
        (frame & (self.capacity - 1)) as usize * self.channels
    }
}

/// The end that puts frames in. Not for the audio thread.
#[derive(Debug)]
pub struct WindowWriter {
    shared: Arc<Shared>,
    /// Where the next frame goes.
    at: Mark,
    reader: Weak<()>,
}

impl WindowWriter {
    /// What the reader wants: the first frame that it still needs.
    pub fn wanted(&self) -> Mark {
        self.shared.wanted()
    }

    /// Where the next frame goes.
    pub fn at(&self) -> Mark {
        self.at
    }

    /// Frames that can be written now; none for another epoch than the one that is wanted.
    pub fn room(&self) -> usize {
        let wanted = self.wanted();
        if wanted.epoch != self.at.epoch {
            return 0;
        }
        let room = (wanted.frame + self.shared.capacity).saturating_sub(self.at.frame);
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// The next frames are those from `mark` on: a place that was [`WindowWriter::wanted`].
    pub fn begin(&mut self, mark: Mark) {
        self.at = mark;
        self.shared.end.store(no_end(mark.epoch).to_word(), Ordering::Relaxed);
        self.publish();
    }

    /// Adds whole interleaved frames, at most as many as there was [`WindowWriter::room`] for. (When
    /// the reader has gone elsewhere since, nobody looks at them.)
    pub fn write(&mut self, interleaved: &[f32]) {
        let channels = self.shared.channels;
        for frame in interleaved.chunks_exact(channels) {
            let slot = self.shared.slot(self.at.frame);
            for (to, sample) in self.shared.samples[slot..].iter().zip(frame) {
                to.store(sample.to_bits(), Ordering::Relaxed);
            }
            self.at.frame += 1;
        }
        self.publish();
    }

    /// The sound ends here; nothing follows but another place.
    pub fn end(&mut self) {
        self.shared.end.store(self.at.to_word(), Ordering::Relaxed);
        self.publish();
    }

    /// Whether the reader is gone.
    pub fn is_abandoned(&self) -> bool {
        self.reader.strong_count() == 0
    }

    fn publish(&self) {
        self.shared.filled.store(self.at.to_word(), Ordering::Release);
    }
}

/// What of the wanted place is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct There {
    /// The frame after the last.
    pub end: u64,
    /// Whether the sound ends there.
    pub is_all: bool,
}

/// The end that plays.
#[derive(Debug)]
pub struct WindowReader {
    shared: Arc<Shared>,
    epoch: u16,
    /// The first frame that was not given free.
    start: u64,
    there: Option<There>,
    _alive: Arc<()>,
}

impl WindowReader {
    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.shared.channels
    }

    /// Looks once at what is there; every sample until the next look is of that. `None` while
    /// nothing of the wanted place is.
    ///
    /// # Real time
    /// Two loads.
    pub fn look(&mut self) -> Option<There> {
        let filled = Mark::of_word(self.shared.filled.load(Ordering::Acquire));
        let end = Mark::of_word(self.shared.end.load(Ordering::Relaxed));
        let there = There { end: filled.frame, is_all: end == filled };
        self.there = (filled.epoch == self.epoch).then_some(there);
        self.there
    }

    /// Whether `frame` is there, as of the last look.
    pub fn holds(&self, frame: u64) -> bool {
        frame >= self.start && self.there.is_some_and(|there| frame < there.end)
    }

    /// A sample of a frame that the window [`WindowReader::holds`].
    ///
    /// # Real time
    /// One load.
    pub fn sample(&self, channel: usize, frame: u64) -> f32 {
        let slot = self.shared.slot(frame) + channel;
        f32::from_bits(self.shared.samples[slot].load(Ordering::Relaxed))
    }

    /// The samples of four frames from `frame` on, all of which the window
    /// [`WindowReader::holds`].
    ///
    /// # Real time
    /// Four loads.
    pub fn four(&self, channel: usize, frame: u64) -> [f32; 4] {
        let (slot, n) = (self.shared.slot(frame) + channel, self.shared.channels);
        // At the ring's end they do not lie beside each other.
        let Some(beside) = self.shared.samples.get(slot..=slot + 3 * n) else {
            return [0, 1, 2, 3].map(|i| self.sample(channel, frame + i));
        };
        [0, n, 2 * n, 3 * n].map(|i| f32::from_bits(beside[i].load(Ordering::Relaxed)))
    }

    /// Fills `out` with the samples of one channel from `frame` on, all of which the window
    /// [`WindowReader::holds`].
    ///
    /// # Real time
    /// Loads.
    pub fn copy(&self, channel: usize, frame: u64, out: &mut [f32]) {
        let mut done = 0;
        while done < out.len() {
            // As far as the ring's end.
            let slot = self.shared.slot(frame + done as u64) + channel;
            let row = self.shared.samples[slot..].iter().step_by(self.shared.channels);
            for (x, sample) in out[done..].iter_mut().zip(row) {
                *x = f32::from_bits(sample.load(Ordering::Relaxed));
                done += 1;
            }
        }
    }

    /// Gives all frames before `frame` free.
    ///
    /// # Real time
    /// One store.
    pub fn release(&mut self, frame: u64) {
        self.start = self.start.max(frame);
        self.want();
    }

    /// Wants another place; what is there is forgotten.
    ///
    /// # Real time
    /// One store.
    pub fn seek(&mut self, frame: u64) {
        self.epoch = self.epoch.wrapping_add(1);
        (self.start, self.there) = (frame, None);
        self.want();
    }

    fn want(&self) {
        let mark = Mark { epoch: self.epoch, frame: self.start };
        self.shared.wanted.store(mark.to_word(), Ordering::Release);
    }
}

/// Looks at a window from outside: for the scheduler of a fast clock, and for people.
#[derive(Debug, Clone)]
pub struct WindowGauge {
    shared: Arc<Shared>,
    reader: Weak<()>,
}

impl WindowGauge {
    /// Whether the reader is gone.
    pub fn is_abandoned(&self) -> bool {
        self.reader.strong_count() == 0
    }

    /// Whether the next `frames` of the time line are there, or all that ever will be.
    pub fn has(&self, frames: u64) -> bool {
        let wanted = self.shared.wanted();
        let filled = Mark::of_word(self.shared.filled.load(Ordering::Acquire));
        let end = Mark::of_word(self.shared.end.load(Ordering::Relaxed));
        let frames = frames.min(self.shared.capacity);
        filled.epoch == wanted.epoch && (end == filled || filled.frame >= wanted.frame + frames)
    }
}
