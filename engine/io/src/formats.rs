//! Every sample format of a device, to and from f32.
//!
//! Full scale of an integer of `b` bits is 2^(b−1), so what f32 can hold comes back exactly;
//! beyond ±1.0 the value saturates, NaN becomes 0. DSD is refused when a stream is opened.

use cpal::{Data, I24, SampleFormat, U24};

/// A sample as a device holds it.
pub(crate) trait Pcm: Copy {
    /// As f32, nominally −1.0…1.0.
    fn to_f32(self) -> f32;
    /// The nearest value of this format.
    fn from_f32(x: f32) -> Self;
}

macro_rules! signed {
    ($($t:ty),*) => {$(
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_lossless,
            reason = "a float cast saturates; one body for all widths"
        )]
        impl Pcm for $t {
            fn to_f32(self) -> f32 {
                (self as f64 / -(<$t>::MIN as f64)) as f32
            }
            fn from_f32(x: f32) -> Self {
                (f64::from(x) * -(<$t>::MIN as f64)).round() as $t
            }
        }
    )*};
}
signed!(i8, i16, i32, i64);

/// Unsigned formats are signed ones whose zero is in the middle: only the top bit differs.
macro_rules! unsigned {
    ($($u:ty: $i:ty),*) => {$(
        impl Pcm for $u {
            fn to_f32(self) -> f32 {
                (self ^ (1 << (<$u>::BITS - 1))).cast_signed().to_f32()
            }
            fn from_f32(x: f32) -> Self {
                <$i>::from_f32(x).cast_unsigned() ^ (1 << (<$u>::BITS - 1))
            }
        }
    )*};
}
unsigned!(u8: i8, u16: i16, u32: i32, u64: i64);

const FULL_24: f32 = 8_388_608.0;

impl Pcm for I24 {
    fn to_f32(self) -> f32 {
        self.inner() as f32 / FULL_24
    }
    #[expect(clippy::cast_possible_truncation, reason = "clamped first")]
    fn from_f32(x: f32) -> Self {
        let scaled = (x * FULL_24).round().clamp(-FULL_24, FULL_24 - 1.0);
        Self::new_unchecked(scaled as i32)
    }
}

impl Pcm for U24 {
    fn to_f32(self) -> f32 {
        (self.inner() - (1 << 23)) as f32 / FULL_24
    }
    fn from_f32(x: f32) -> Self {
        Self::new_unchecked(I24::from_f32(x).inner() + (1 << 23))
    }
}

impl Pcm for f32 {
    fn to_f32(self) -> f32 {
        self
    }
    fn from_f32(x: f32) -> Self {
        x
    }
}

impl Pcm for f64 {
    #[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is meant")]
    fn to_f32(self) -> f32 {
        self as f32
    }
    fn from_f32(x: f32) -> Self {
        x.into()
    }
}

/// Runs `$body` with `$slice` = the samples of `$data` in their own type; `None` for DSD.
macro_rules! with_samples {
    ($data:expr, $as_slice:ident, $slice:ident => $body:expr) => {
        match $data.sample_format() {
            SampleFormat::I8 => $data.$as_slice::<i8>().map(|$slice| $body),
            SampleFormat::I16 => $data.$as_slice::<i16>().map(|$slice| $body),
            SampleFormat::I24 => $data.$as_slice::<I24>().map(|$slice| $body),
            SampleFormat::I32 => $data.$as_slice::<i32>().map(|$slice| $body),
            SampleFormat::I64 => $data.$as_slice::<i64>().map(|$slice| $body),
            SampleFormat::U8 => $data.$as_slice::<u8>().map(|$slice| $body),
            SampleFormat::U16 => $data.$as_slice::<u16>().map(|$slice| $body),
            SampleFormat::U24 => $data.$as_slice::<U24>().map(|$slice| $body),
            SampleFormat::U32 => $data.$as_slice::<u32>().map(|$slice| $body),
            SampleFormat::U64 => $data.$as_slice::<u64>().map(|$slice| $body),
            SampleFormat::F32 => $data.$as_slice::<f32>().map(|$slice| $body),
            SampleFormat::F64 => $data.$as_slice::<f64>().map(|$slice| $body),
            _ => None,
        }
    };
}

/// Whether samples of that format can be converted.
pub(crate) fn is_supported(format: SampleFormat) -> bool {
    !format.is_dsd()
}

/// Converts `to.len()` samples of `data`, from sample `at` on.
///
/// # Real time
/// Arithmetic only.
pub(crate) fn read(data: &Data, at: usize, to: &mut [f32]) {
    fn convert<T: Pcm>(from: &[T], to: &mut [f32]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = from.to_f32();
        }
    }
    if let Some(slice) = data.as_slice::<f32>() {
        to.copy_from_slice(&slice[at..at + to.len()]);
        return;
    }
    let done = with_samples!(data, as_slice, slice => convert(&slice[at..], to));
    debug_assert!(done.is_some(), "streams of DSD are never opened");
}

/// Converts `from` into the samples of `data`, from sample `at` on.
///
/// # Real time
/// Arithmetic only.
pub(crate) fn write(data: &mut Data, at: usize, from: &[f32]) {
    fn convert<T: Pcm>(from: &[f32], to: &mut [T]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = T::from_f32(*from);
        }
    }
    if let Some(slice) = data.as_slice_mut::<f32>() {
        slice[at..at + from.len()].copy_from_slice(from);
        return;
    }
    let done = with_samples!(data, as_slice_mut, slice => convert(from, &mut slice[at..]));
    debug_assert!(done.is_some(), "streams of DSD are never opened");
}

/// Makes all of `data` silent.
///
/// # Real time
/// Arithmetic only.
pub(crate) fn silence(data: &mut Data) {
    fn fill<T: Pcm>(to: &mut [T]) {
        to.fill(T::from_f32(0.0));
    }
    let done = with_samples!(data, as_slice_mut, slice => fill(slice));
    debug_assert!(done.is_some(), "streams of DSD are never opened");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of every size, and both ends.
    fn probes(bits: u32) -> impl Iterator<Item = i64> {
        let full = 1_i64 << (bits - 1);
        let step = (full / 5_000).max(1);
        let steps = (-5_000..5_000).map(move |n| n * step);
        steps
            .chain([-full, -full + 1, -1, 0, 1, full - 2, full - 1])
            .filter(move |v| (-full..full).contains(v))
    }

    #[test]
    fn up_to_24_bits_come_back_exactly() {
        for v in probes(8) {
            let v = i8::try_from(v).unwrap();
            assert_eq!(i8::from_f32(v.to_f32()), v);
            let u = v.cast_unsigned();
            assert_eq!(u8::from_f32(u.to_f32()), u);
        }
        for v in probes(16) {
            let v = i16::try_from(v).unwrap();
            assert_eq!(i16::from_f32(v.to_f32()), v);
            let u = v.cast_unsigned();
            assert_eq!(u16::from_f32(u.to_f32()), u);
        }
        for v in probes(24) {
            let v = i32::try_from(v).unwrap();
            let i = I24::new(v).unwrap();
            assert_eq!(I24::from_f32(i.to_f32()), i);
            let u = U24::new(v + (1 << 23)).unwrap();
            assert_eq!(U24::from_f32(u.to_f32()), u);
        }
    }

    /// f32 holds 24 bits of the 32: the way back is off by half a unit of those at most.
    #[test]
    fn beyond_24_bits_the_error_is_that_of_f32() {
        for v in probes(32) {
            let v = i32::try_from(v).unwrap();
            let back = i32::from_f32(v.to_f32());
            assert!(back.abs_diff(v) <= 64, "{v} came back as {back}");
            let u = v.cast_unsigned();
            assert!(u32::from_f32(u.to_f32()).abs_diff(u) <= 128);
        }
    }

    #[test]
    fn floats_are_floats() {
        for x in [-2.0_f32, -1.0, -1e-30, 0.0, 0.1, 1.0, 7.5] {
            assert_eq!(f32::from_f32(x).to_bits(), x.to_bits());
            assert_eq!(f64::from_f32(x).to_f32().to_bits(), x.to_bits());
        }
    }

    #[test]
    fn full_scale_saturates_and_nan_is_silence() {
        assert_eq!(i16::from_f32(1.0), i16::MAX);
        assert_eq!(i16::from_f32(9.0), i16::MAX);
        assert_eq!(i16::from_f32(-9.0), i16::MIN);
        assert_eq!(I24::from_f32(1.0).inner(), (1 << 23) - 1);
        assert_eq!(i32::from_f32(1.0), i32::MAX);
        assert_eq!(u8::from_f32(-1.5), 0);
        assert_eq!(u8::from_f32(0.0), 128);
        assert_eq!(u16::from_f32(2.0), u16::MAX);
        assert_eq!(U24::from_f32(0.0).inner(), 1 << 23);
        assert_eq!(i16::from_f32(f32::NAN), 0);
        assert_eq!(u16::from_f32(f32::NAN), 1 << 15);
        assert_eq!(I24::from_f32(f32::NAN).inner(), 0);
    }
}
