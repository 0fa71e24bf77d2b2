//! Planar buffers: one contiguous row of samples per channel, sized once.

/// `channels` rows of at most `capacity` frames, allocated at construction and never resized.
///
/// What goes into a plugin has the rows of its main input first and those of its sidechain behind
/// them; everything else has no sidechain.
#[derive(Debug, Clone)]
pub struct Planar {
    data: Vec<f32>,
    channels: usize,
    n_side: usize,
    capacity: usize,
}

impl Planar {
    /// A silent buffer of `channels` × `capacity` frames.
    pub fn new(channels: usize, capacity: usize) -> Self {
        Self::with_side(channels, 0, capacity)
    }

    /// A silent buffer for `n_main` channels and the `n_side` of a sidechain.
    pub fn with_side(n_main: usize, n_side: usize, capacity: usize) -> Self {
        let channels = n_main + n_side;
        Self { data: vec![0.0; channels * capacity], channels, n_side, capacity }
    }

    /// Number of channels without those of a sidechain: the first ones.
    pub fn main_channels(&self) -> usize {
        self.channels - self.n_side
    }

    /// Number of channels, a sidechain's included.
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
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> + Clone {
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
        if channels == 2 {
            return self.write_stereo(at, interleaved);
        }
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
        if channels == 2 {
            return self.read_stereo(interleaved);
        }
        for (c, row) in self.rows().enumerate() {
            for (from, frame) in row.iter().zip(interleaved.chunks_exact_mut(channels)) {
                frame[c] = *from;
            }
        }
    }

    /// The common case: with a width known at compile time the loop is a shuffle of vectors.
    fn write_stereo(&mut self, at: usize, interleaved: &[f32]) {
        let (left, right) = self.data.split_at_mut(self.capacity);
        let rows = left[at..].iter_mut().zip(&mut right[at..]);
        for ((left, right), frame) in rows.zip(interleaved.as_chunks::<2>().0) {
            [*left, *right] = *frame;
        }
    }

    fn read_stereo(&self, interleaved: &mut [f32]) {
        let (left, right) = self.data.split_at(self.capacity);
        let rows = left.iter().zip(right);
        for ((left, right), frame) in rows.zip(interleaved.as_chunks_mut::<2>().0) {
            *frame = [*left, *right];
        }
    }
}

/// The bits of the largest magnitude in `samples`: as integers they order like the magnitudes, and
/// what is not finite lies above everything that is. One pass answers "finite?" and "too loud?".
///
/// # Real time
/// Arithmetic only; compiles to vector code.
pub(crate) fn loudest_bits(samples: &[f32]) -> u32 {
    let magnitude = |x: &f32| x.to_bits() & !SIGN_BIT;
    samples.iter().map(magnitude).fold(0, u32::max)
}

const SIGN_BIT: u32 = 1 << 31;
/// Below this the bits of a magnitude are a finite number.
pub(crate) const INFINITY_BITS: u32 = f32::INFINITY.to_bits();
/// The bits of 1.0.
pub(crate) const FULL_SCALE_BITS: u32 = 1.0_f32.to_bits();

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
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
    fn three_channels_round_trip() {
        let frames = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut planar = Planar::new(3, 2);
        planar.write_interleaved(0, &frames);
        assert_eq!(planar.channel(2), [3.0, 6.0]);
        let mut back = [0.0; 6];
        planar.read_interleaved(&mut back);
        assert_eq!(back, frames);
    }

    #[test]
    fn the_loudest_bits_tell_finite_loud_and_neither() {
        assert_eq!(loudest_bits(&[0.25, -0.5, 0.0]), 0.5_f32.to_bits());
        assert!(loudest_bits(&[1.0, -1.0]) <= FULL_SCALE_BITS);
        assert!(loudest_bits(&[-f32::MAX]) < INFINITY_BITS);
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(loudest_bits(&[0.0, bad, 1.0]) >= INFINITY_BITS);
        }
    }

    #[test]
    fn no_channels_is_no_rows() {
        assert_eq!(Planar::new(0, 64).rows().len(), 0);
    }
}
