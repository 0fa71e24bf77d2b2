//! Stamps: how many frames a device has moved, and when. The capture callback writes them, the
//! engine reads them.
//!
//! Full: the newest is left out, which harms nobody, since counts are totals. Empty: the engine goes
//! on with what it knows.

/// So many frames in all had been moved at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Frames since the stream began.
    pub frames: u64,
    /// Nanoseconds on the clock that all devices of a session are stamped with.
    pub at_ns: u64,
}

/// Stamps that can wait: more than a third of a second of the shortest blocks.
const CAPACITY: usize = 256;

/// The two ends of a ring of stamps.
pub fn stamps() -> (StampWriter, StampReader) {
    let (writer, reader) = rtrb::RingBuffer::new(CAPACITY);
    (StampWriter { ring: writer, frames: 0 }, StampReader { ring: reader })
}

/// The capture callback's end.
#[derive(Debug)]
pub struct StampWriter {
    ring: rtrb::Producer<Stamp>,
    frames: u64,
}

impl StampWriter {
    /// `frames` more went into the input ring, by a callback that came at `at_ns`.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn add(&mut self, frames: usize, at_ns: u64) {
        self.frames += frames as u64;
        // A full ring means that nobody reads: the next stamp says as much.
        let _ = self.ring.push(Stamp { frames: self.frames, at_ns });
    }
}

/// The engine's end.
#[derive(Debug)]
pub struct StampReader {
    ring: rtrb::Consumer<Stamp>,
}

impl StampReader {
    /// The oldest stamp that was not read yet.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn read(&mut self) -> Option<Stamp> {
        self.ring.pop().ok()
    }
}
