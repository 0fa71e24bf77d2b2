//! Whole-frame SPSC rings: the only way samples cross from one thread to another.
//!
//! One producer, one consumer; transfers are whole interleaved frames through rtrb's slice calls,
//! so a ring that runs full or dry can never swap channels. Capacity is not latency: whoever reads
//! holds the fill at its own target (see [`crate::input`]).
//!
//! Full: the newest frames are refused and the caller counts them. Empty: fewer frames come back.

/// A ring of `capacity` frames of `channels` samples; the constructor returns both ends.
///
/// # Panics
/// If `channels` or `capacity` is zero.
pub fn frame_ring(channels: usize, capacity: usize) -> (FrameProducer, FrameConsumer) {
    assert!(channels > 0 && capacity > 0, "a ring holds at least one sample");
    let (producer, consumer) = rtrb::RingBuffer::new(channels * capacity);
    (FrameProducer { ring: producer, channels }, FrameConsumer { ring: consumer, channels })
}

/// The writing end.
#[derive(Debug)]
pub struct FrameProducer {
    ring: rtrb::Producer<f32>,
    channels: usize,
}

impl FrameProducer {
    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames that the ring can hold at most.
    pub fn capacity_frames(&self) -> usize {
        self.ring.buffer().capacity() / self.channels
    }

    /// Frames that fit now.
    pub fn room_frames(&self) -> usize {
        self.ring.slots() / self.channels
    }

    /// Whether the reader is gone.
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }

    /// Writes as many whole frames of `interleaved` as fit; returns that number of frames.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn push(&mut self, interleaved: &[f32]) -> usize {
        let offered = interleaved.len() / self.channels;
        // The cached count is exact when it suffices: the other core's line is left alone.
        let frames = offered.min(self.ring.cached_slots() / self.channels);
        let frames = if frames < offered { offered.min(self.room_frames()) } else { frames };
        let (_, refused) = self.ring.push_partial_slice(&interleaved[..frames * self.channels]);
        debug_assert!(refused.is_empty());
        frames
    }
}

/// The reading end.
#[derive(Debug)]
pub struct FrameConsumer {
    ring: rtrb::Consumer<f32>,
    channels: usize,
}

impl FrameConsumer {
    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames that the ring can hold at most.
    pub fn capacity_frames(&self) -> usize {
        self.ring.buffer().capacity() / self.channels
    }

    /// Frames that can be read now.
    pub fn fill_frames(&self) -> usize {
        self.ring.slots() / self.channels
    }

    /// Whether the writer is gone.
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }

    /// Fills as many whole frames of `interleaved` as there are; returns that number of frames.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn pop(&mut self, interleaved: &mut [f32]) -> usize {
        let wanted = interleaved.len() / self.channels;
        let frames = wanted.min(self.ring.cached_slots() / self.channels);
        let frames = if frames < wanted { wanted.min(self.fill_frames()) } else { frames };
        let (_, missing) = self.ring.pop_partial_slice(&mut interleaved[..frames * self.channels]);
        debug_assert!(missing.is_empty());
        frames
    }

    /// Throws away as many of `frames` as there are; returns that number.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn discard(&mut self, frames: usize) -> usize {
        let frames = frames.min(self.fill_frames());
        if let Ok(chunk) = self.ring.read_chunk(frames * self.channels) {
            chunk.commit_all();
        }
        frames
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Frame `n` of a stereo ramp: left `2n`, right `2n + 1`, so a swapped or torn frame shows.
    fn frame(n: usize) -> [f32; 2] {
        [(2 * n) as f32, (2 * n + 1) as f32]
    }

    proptest! {
        #[test]
        fn frames_stay_whole_and_in_order(
            capacity in 1_usize..40,
            moves in prop::collection::vec((any::<bool>(), 0_usize..50), 1..200),
        ) {
            let (mut tx, mut rx) = frame_ring(2, capacity);
            let (mut written, mut read) = (0, 0);
            for (is_push, n) in moves {
                if is_push {
                    let block: Vec<f32> = (written..written + n).flat_map(frame).collect();
                    let room = tx.room_frames();
                    let pushed = tx.push(&block);
                    prop_assert_eq!(pushed, n.min(room));
                    written += pushed;
                } else {
                    let mut block = vec![f32::NAN; n * 2];
                    let fill = rx.fill_frames();
                    let popped = rx.pop(&mut block);
                    prop_assert_eq!(popped, n.min(fill));
                    for got in block[..popped * 2].chunks_exact(2) {
                        prop_assert_eq!(got, frame(read));
                        read += 1;
                    }
                }
                prop_assert_eq!(rx.fill_frames(), written - read);
            }
        }
    }

    #[test]
    fn a_million_forced_limits_swap_no_channel() {
        let (mut tx, mut rx) = frame_ring(2, 7);
        let (mut written, mut read) = (0, 0);
        let mut out = [0.0; 2 * 11];
        for turn in 0..1_000_000_usize {
            let block: [f32; 10] = std::array::from_fn(|i| frame((written + i / 2) % 1_000)[i % 2]);
            written += tx.push(&block);
            let popped = rx.pop(&mut out[..2 * (1 + turn % 11)]);
            for got in out[..popped * 2].chunks_exact(2) {
                assert_eq!(got, frame(read % 1_000));
                read += 1;
            }
        }
        assert!(read > 1_000_000);
    }
}
