//! Taps: read-only copies of the plugin's output for any number of readers.
//!
//! The engine writes every frame once; a reader that falls behind by more than the ring is told
//! exactly how many frames it lost. See [`crate::overwrite`] for the law.

use crate::{
    overwrite::{
        OverwriteReader, OverwriteSource, OverwriteWriter, Received, overwrite_ring, pack,
    },
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
    /// Copies the first `frames` of `block`.
    ///
    /// # Real time
    /// Wait-free, whatever the readers do.
    pub fn write(&mut self, block: &Planar, frames: usize) {
        if block.channels() == 2 {
            let (left, right) = (&block.channel(0)[..frames], &block.channel(1)[..frames]);
            let rows = left.iter().zip(right);
            let pairs = rows.map(|(left, right)| pack(left.to_bits(), right.to_bits()));
            return self.0.write_pairs(frames, pairs);
        }
        if block.channels() == 0 {
            return self.0.write(frames, |_, _| 0);
        }
        self.0.write(frames, |frame, channel| block.channel(channel)[frame].to_bits());
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
        self.words.resize(interleaved.len(), 0);
        let received = self.reader.read(&mut self.words);
        let samples = received.records * self.reader.record_words();
        for (to, from) in interleaved.iter_mut().zip(&self.words[..samples]) {
            *to = f32::from_bits(*from);
        }
        received
    }
}
