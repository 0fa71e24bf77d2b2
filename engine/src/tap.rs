//! Taps: read-only copies of the plugin's output for any number of readers.
//!
//! The engine writes every frame once; a reader that falls behind by more than the ring is told
//! exactly how many frames it lost. See [`crate::overwrite`] for the law.

use crate::{
    overwrite::{OverwriteReader, OverwriteSource, OverwriteWriter, Received, overwrite_ring},
    planar::Planar,
};

/// A tap of frames with `channels` samples that remembers the last `capacity` frames.
///
/// `frame` is the engine's clock at the first frame that will be written. A tap of no channels
/// keeps the count of frames.
pub fn tap(channels: usize, capacity: usize, frame: u64) -> (TapWriter, TapSource) {
    let (writer, source) = overwrite_ring(channels.max(1), capacity);
    (TapWriter(writer), TapSource { source, channels, frame })
}

/// The engine's end.
#[derive(Debug)]
pub struct TapWriter(OverwriteWriter);

impl TapWriter {
    /// Copies the first `frames` of `block`; channels that it has not are silent.
    ///
    /// # Real time
    /// Wait-free, whatever the readers do.
    pub fn write(&mut self, block: &Planar, frames: usize) {
        let n = block.channels();
        match (n, self.0.record_words()) {
            (2, 2) => self.write_stereo::<1>(block, frames),
            // Stereo, and a sidechain that nothing is routed to.
            (2, 4) => self.write_stereo::<2>(block, frames),
            _ => self.0.write(frames, |frame, channel| {
                if channel < n { block.channel(channel)[frame].to_bits() } else { 0 }
            }),
        }
    }

    /// Two channels, at the beginning of records of so many pairs: as fast as the processor stores.
    fn write_stereo<const PAIRS: usize>(&mut self, block: &Planar, frames: usize) {
        let (left, right) = (block.channel(0), block.channel(1));
        self.0.write_runs(frames, |slots, range| {
            let frames = left[range.clone()].iter().zip(&right[range]);
            for (slots, (left, right)) in slots.as_chunks::<PAIRS>().0.iter().zip(frames) {
                slots[0].store(left.to_bits(), right.to_bits());
                slots[1..].iter().for_each(|slot| slot.store(0, 0));
            }
        });
    }
}

/// Opens readers.
#[derive(Debug, Clone)]
pub struct TapSource {
    source: OverwriteSource,
    channels: usize,
    frame: u64,
}

impl TapSource {
    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The same for readers of the first `channels` only.
    #[must_use]
    pub fn first(&self, channels: usize) -> Self {
        Self { channels: channels.min(self.channels), ..self.clone() }
    }

    /// A reader that begins with the next frame.
    pub fn open(&self) -> TapReader {
        self.open_back(0)
    }

    /// A reader that begins `frames` back, or as many as there were.
    pub fn open_back(&self, frames: u64) -> TapReader {
        let Self { channels, frame, .. } = *self;
        TapReader { reader: self.source.open_back(frames), channels, frame, words: Vec::new() }
    }
}

/// One reader at its own pace. Not for the audio thread: it allocates its scratch.
#[derive(Debug)]
pub struct TapReader {
    reader: OverwriteReader,
    channels: usize,
    frame: u64,
    words: Vec<u32>,
}

impl TapReader {
    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The engine's clock at the next frame to be read.
    pub fn position(&self) -> u64 {
        self.frame + self.reader.position()
    }

    /// Copies the oldest unread frames, interleaved, into `interleaved`; says how many frames came
    /// and how many were lost before them. (A tap of no channels fills it with one zero per frame.)
    pub fn read(&mut self, interleaved: &mut [f32]) -> Received {
        let (n, n_words) = (self.channels.max(1), self.reader.record_words());
        self.words.resize(interleaved.len() / n * n_words, 0);
        let received = self.reader.read(&mut self.words);
        let records = self.words.chunks_exact(n_words).take(received.records);
        for (frame, record) in interleaved.chunks_exact_mut(n).zip(records) {
            for (to, from) in frame.iter_mut().zip(record) {
                *to = f32::from_bits(*from);
            }
        }
        received
    }
}
