//! How samples are written as bytes.

use std::str::FromStr;

/// A sample as bytes, little-endian; whole frames lie interleaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PcmFormat {
    /// 32-bit float. One that is not finite is taken for silence: it would stay in a filter for ever.
    #[default]
    F32,
    /// 16-bit integer.
    S16,
    /// 24-bit integer in three bytes.
    S24,
    /// 32-bit integer.
    S32,
}

const NAMES: [(&str, PcmFormat); 4] = [
    ("f32", PcmFormat::F32),
    ("s16", PcmFormat::S16),
    ("s24", PcmFormat::S24),
    ("s32", PcmFormat::S32),
];

impl FromStr for PcmFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, format)| *format).ok_or_else(|| {
            let known = NAMES.map(|(known, _)| known).join(", ");
            format!("\"{name}\" is no sample format; it is one of {known}")
        })
    }
}

impl PcmFormat {
    /// Bytes of one sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::S16 => 2,
            Self::S24 => 3,
            Self::F32 | Self::S32 => 4,
        }
    }

    /// Adds the whole samples of `bytes` to `samples`; full scale of an integer is −1 to before 1.
    pub fn decode(self, bytes: &[u8], samples: &mut Vec<f32>) {
        match self {
            Self::F32 => samples.extend(bytes.as_chunks().0.iter().map(|b| finite(*b))),
            Self::S16 => samples.extend(bytes.as_chunks().0.iter().map(|b| short(*b))),
            Self::S24 => samples.extend(bytes.as_chunks().0.iter().map(|&[a, b, c]| {
                // The three bytes are the upper ones of four.
                whole([0, a, b, c])
            })),
            Self::S32 => samples.extend(bytes.as_chunks().0.iter().map(|b| whole(*b))),
        }
    }
}

fn finite(bytes: [u8; 4]) -> f32 {
    let x = f32::from_le_bytes(bytes);
    if x.is_finite() { x } else { 0.0 }
}

fn short(bytes: [u8; 2]) -> f32 {
    f32::from(i16::from_le_bytes(bytes)) / 32_768.0
}

fn whole(bytes: [u8; 4]) -> f32 {
    i32::from_le_bytes(bytes) as f32 / 2_147_483_648.0
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "powers of two divide exactly")]
mod tests {
    use super::*;

    fn decoded(name: &str, bytes: &[u8]) -> Vec<f32> {
        let mut samples = Vec::new();
        name.parse::<PcmFormat>().unwrap().decode(bytes, &mut samples);
        samples
    }

    #[test]
    fn each_format_has_its_full_scale_and_its_smallest_step() {
        assert_eq!(
            decoded("s16", &[0, 0x80, 1, 0, 0xff, 0x7f]),
            [-1.0, 1.0 / 32_768.0, 32_767.0 / 32_768.0]
        );
        let step = 1.0 / 8_388_608.0;
        let s24 = [0, 0, 0x80, 1, 0, 0, 0xff, 0xff, 0x7f];
        assert_eq!(decoded("s24", &s24), [-1.0, step, 1.0 - step]);
        assert_eq!(decoded("s32", &[0, 0, 0, 0x80, 0, 0, 0, 0x40]), [-1.0, 0.5]);
        let floats: Vec<u8> =
            [0.1_f32, -2.5, f32::NAN, f32::INFINITY].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(decoded("f32", &floats), [0.1, -2.5, 0.0, 0.0]);
        assert_eq!(decoded("s16", &[1, 0, 7]).len(), 1, "half a sample is none");
        let error = "u8".parse::<PcmFormat>().unwrap_err();
        assert!(error.contains("\"u8\" is no sample format; it is one of f32, s16, s24, s32"));
    }
}
