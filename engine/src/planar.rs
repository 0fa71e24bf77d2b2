//! Planar buffers: one contiguous row of samples per channel, sized once.

/// `channels` rows of at most `capacity` frames, allocated at construction and never resized.
#[derive(Debug, Clone)]
pub struct Planar {
    data: Vec<f32>,
    channels: usize,
    capacity: usize,
}

impl Planar {
    /// A silent buffer of `channels` × `capacity` frames.
    pub fn new(channels: usize, capacity: usize) -> Self {
        Self {
            data: vec![0.0; channels * capacity],
            channels,
            capacity,
        }
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames that fit.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The whole row of channel `c`; callers slice it to their block.
    ///
    /// # Panics
    /// If `c` is not a channel of this buffer.
    pub fn channel(&self, c: usize) -> &[f32] {
        &self.data[c * self.capacity..][..self.capacity]
    }

    /// The whole row of channel `c`, writable.
    ///
    /// # Panics
    /// If `c` is not a channel of this buffer.
    pub fn channel_mut(&mut self, c: usize) -> &mut [f32] {
        &mut self.data[c * self.capacity..][..self.capacity]
    }

    /// All rows in order, each `capacity` frames long.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        // A buffer without channels has no data; the chunk size must still not be zero.
        self.data.chunks_exact(self.capacity.max(1))
    }

    /// All rows in order, writable.
    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        self.data.chunks_exact_mut(self.capacity.max(1))
    }

    /// Silences the first `frames` of every channel.
    pub fn silence(&mut self, frames: usize) {
        for row in self.rows_mut() {
            row[..frames].fill(0.0);
        }
    }

    /// Fills frames `at..` from whole interleaved frames.
    ///
    /// # Real time
    /// No allocation, no system call.
    pub fn write_interleaved(&mut self, at: usize, interleaved: &[f32]) {
        let channels = self.channels;
        for (c, row) in self.rows_mut().enumerate() {
            for (to, frame) in row[at..].iter_mut().zip(interleaved.chunks_exact(channels)) {
                *to = frame[c];
            }
        }
    }

    /// Writes the first frames, as many as `interleaved` holds, interleaved.
    ///
    /// # Real time
    /// No allocation, no system call.
    pub fn read_interleaved(&self, interleaved: &mut [f32]) {
        let channels = self.channels;
        for (c, row) in self.rows().enumerate() {
            for (from, frame) in row.iter().zip(interleaved.chunks_exact_mut(channels)) {
                frame[c] = *from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaving_round_trips() {
        let mut planar = Planar::new(2, 4);
        planar.write_interleaved(1, &[1.0, -1.0, 2.0, -2.0]);
        assert_eq!(planar.channel(0), [0.0, 1.0, 2.0, 0.0]);
        assert_eq!(planar.channel(1), [0.0, -1.0, -2.0, 0.0]);
        let mut back = [0.0; 6];
        planar.read_interleaved(&mut back);
        assert_eq!(back, [0.0, 0.0, 1.0, -1.0, 2.0, -2.0]);
    }

    #[test]
    fn no_channels_is_no_rows() {
        assert_eq!(Planar::new(0, 64).rows().len(), 0);
    }
}
