//! Sample memory of the virtual devices, lent to callbacks as cpal's own `Data`.
#![allow(
    unsafe_code,
    reason = "cpal's Data is made from a pointer; this is the one place that does it"
)]

use cpal::{Data, SampleFormat};

/// Room for `capacity` samples of one format, allocated once.
#[derive(Debug)]
pub(crate) struct SampleMemory {
    /// Words of 8 bytes: aligned for every format.
    words: Vec<u64>,
    format: SampleFormat,
    capacity: usize,
}

impl SampleMemory {
    pub(crate) fn new(format: SampleFormat, capacity: usize) -> Self {
        let n_words = (capacity * format.sample_size()).div_ceil(8);
        Self { words: vec![0; n_words], format, capacity }
    }

    /// Lends the first `samples` (at most the capacity) as cpal's `Data`.
    pub(crate) fn lend<R>(&mut self, samples: usize, user: impl FnOnce(&mut Data) -> R) -> R {
        let samples = samples.min(self.capacity);
        // SAFETY: `words` is aligned to 8 and holds `capacity` samples of `format`, all bytes
        // initialised; the borrow of `self` outlives `data`, which `user` cannot keep. Every bit
        // pattern is a value of the integer and float formats; I24 and U24 are plain i32 inside.
        let mut data =
            unsafe { Data::from_parts(self.words.as_mut_ptr().cast(), samples, self.format) };
        user(&mut data)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact in every format")]
mod tests {
    use super::*;
    use crate::formats;

    #[test]
    fn every_format_comes_back_through_its_memory() {
        use SampleFormat::{F32, F64, I8, I16, I24, I32, I64, U8, U16, U24, U32, U64};
        for format in [I8, I16, I24, I32, I64, U8, U16, U24, U32, U64, F32, F64] {
            let mut memory = SampleMemory::new(format, 5);
            memory.lend(5, |data| {
                formats::silence(data);
                formats::write(data, 1, &[0.5, -0.25, -1.0]);
                let mut back = [9.0; 5];
                formats::read(data, 0, &mut back);
                assert_eq!(back, [0.0, 0.5, -0.25, -1.0, 0.0], "{format}");
            });
            assert_eq!(memory.lend(9, |data| data.len()), 5);
        }
    }
}
