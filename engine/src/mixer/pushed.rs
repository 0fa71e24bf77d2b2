//! Sound that someone else sends: frames of a script or a pipe, through a ring of fixed size.
//!
//! The writer, off the audio thread, states rate and channels, asks for room, and is told exactly
//! what was taken. The player begins once there are [`TARGET_MS`] of sound, or its end. Every frame
//! that was taken is heard, in order: where they come too late there is silence, counted, until
//! there are [`TARGET_MS`] again, with edges of 5 ms (`hole.rs`). So who sends just in time falls back
//! until it suffices. It has no pitch and no place to go back to.
//!
//! Full: the newest frames are refused and counted as lost. Empty: silence, counted as missed.

mod writer;

use std::sync::{
    Arc,
    atomic::{
        AtomicBool,
        Ordering::{Acquire, Release},
    },
};

use super::{hole::Edges, voice::Supply};
use crate::{
    convert::ConvertError,
    planar::Planar,
    ring::{FrameConsumer, frame_ring},
};
use writer::Conversion;
pub use writer::PushedWriter;

/// Sound that fits between both ends.
pub const CAPACITY_MS: u32 = 2_000;
/// Sound that has to be there before it begins, and before it goes on after it ran dry.
pub const TARGET_MS: u32 = 20;
/// Frames that are taken out of the ring at once.
const CHUNK_FRAMES: usize = 256;

/// What is sent, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushedSpec {
    /// Of the frames that are sent, Hz.
    pub rate: u32,
    /// Samples per frame.
    pub channels: usize,
    /// Of the engine, Hz.
    pub engine_rate: u32,
}

/// A way for frames from anywhere into a voice; both ends.
///
/// # Errors
/// [`ConvertError`] when no converter can be made between both rates.
///
/// # Panics
/// If there is no channel or the engine's rate is zero.
pub fn pushed(spec: PushedSpec) -> Result<(PushedWriter, PushedPlayer), ConvertError> {
    let frames = |ms: u32| (u64::from(spec.engine_rate) * u64::from(ms) / 1_000) as usize;
    let convert = Conversion::new(spec)?;
    let reserve = convert.as_ref().map_or(0, Conversion::reserve_frames);
    let (ring, reader) = frame_ring(spec.channels, frames(CAPACITY_MS).max(1) + reserve);
    let end = End::default();
    let player = PushedPlayer {
        ring: reader,
        end: end.clone(),
        target: frames(TARGET_MS).max(1),
        supply: Supply::Filling,
        edges: Edges::new(spec.channels, spec.engine_rate),
        chunk: vec![0.0; CHUNK_FRAMES * spec.channels].into(),
        position: 0,
        missed: 0,
    };
    Ok((PushedWriter::new(ring, convert, end), player))
}

/// Whether the last frame was sent.
#[derive(Debug, Clone, Default)]
struct End(Arc<AtomicBool>);

impl End {
    /// Whoever hears of it sees every frame that was sent before.
    fn tell(&self) {
        self.0.store(true, Release);
    }

    fn is_told(&self) -> bool {
        self.0.load(Acquire)
    }
}

/// The end that plays.
#[derive(Debug)]
pub struct PushedPlayer {
    ring: FrameConsumer,
    end: End,
    /// Frames that have to be there before it begins.
    target: usize,
    supply: Supply,
    edges: Edges,
    /// Interleaved.
    chunk: Box<[f32]>,
    /// Frames that were heard.
    position: u64,
    /// Frames of silence for want of sound.
    missed: u64,
}

impl PushedPlayer {
    pub(crate) fn channels(&self) -> usize {
        self.ring.channels()
    }

    /// How it stood with the last block, and how many frames were missed so far.
    pub(crate) fn supply(&self) -> (Supply, u64) {
        (self.supply, self.missed)
    }

    /// Frames that were heard.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Fills the first frames of `out`; returns how many there were before the end.
    ///
    /// # Real time
    /// Arithmetic, and a ring that is wait-free.
    pub(crate) fn fill(&mut self, out: &mut Planar, frames: usize) -> usize {
        // Asked before the ring is looked at: then everything that was sent is seen there.
        let is_all = self.end.is_told();
        let there = self.ring.fill_frames();
        if self.supply != Supply::Flowing {
            if there < self.target && !is_all {
                return self.wait(out, frames);
            }
            if there == 0 {
                self.supply = Supply::Starved;
                return self.edges.die_away(out, 0..frames);
            }
        }
        let got = there.min(frames);
        self.take(out, got);
        self.edges.hear(out, 0..got);
        self.supply = Supply::Flowing;
        if got == frames || is_all {
            return got;
        }
        self.edges.miss(out, got..frames);
        self.supply = Supply::Starved;
        self.missed += (frames - got) as u64;
        frames
    }

    /// Silence until there is enough.
    fn wait(&mut self, out: &mut Planar, frames: usize) -> usize {
        if self.supply == Supply::Filling {
            out.silence(frames);
        } else {
            self.edges.miss(out, 0..frames);
            self.missed += frames as u64;
        }
        frames
    }

    fn take(&mut self, out: &mut Planar, frames: usize) {
        let channels = self.channels();
        let mut done = 0;
        while done < frames {
            let n = (frames - done).min(CHUNK_FRAMES);
            let got = self.ring.pop(&mut self.chunk[..n * channels]);
            out.write_interleaved(done, &self.chunk[..got * channels]);
            done += n;
        }
        self.position += frames as u64;
    }
}
