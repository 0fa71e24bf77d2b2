//! The sections of a snapshot, little-endian, whole words.

use retake_engine::load::Load;

use super::loudness::{Figures, Reading};

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Kind {
    Levels = 1,
    Loudness = 2,
    Stereo = 3,
    Spectrum = 4,
    Scope = 5,
    Probes = 6,
    Load = 7,
    Sources = 8,
}

/// Bytes before a payload.
pub(super) const HEAD_BYTES: usize = 8;

/// Appends a section; `payload` appends what it holds.
pub(super) fn section(out: &mut Vec<u8>, kind: Kind, payload: impl FnOnce(&mut Vec<u8>)) {
    out.extend((kind as u16).to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    let size_at = out.len();
    word(out, 0);
    let begin = out.len();
    payload(out);
    let n_bytes = (out.len() - begin).next_multiple_of(4);
    out.resize(begin + n_bytes, 0);
    out[size_at..begin].copy_from_slice(&count(n_bytes).to_le_bytes());
}

/// A number of things, as it is written; none of ours is near the limit.
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(super) fn word(out: &mut Vec<u8>, n: usize) {
    out.extend(count(n).to_le_bytes());
}

pub(super) fn float(out: &mut Vec<u8>, x: f32) {
    out.extend(x.to_le_bytes());
}

pub(super) fn floats<'a>(out: &mut Vec<u8>, samples: impl IntoIterator<Item = &'a f32>) {
    out.extend(samples.into_iter().flat_map(|x| x.to_le_bytes()));
}

pub(super) fn loudness(reading: Reading, out: &mut Vec<u8>) {
    for figures in reading.sides {
        let Figures { momentary, short_term, integrated, range, true_peak } = figures;
        floats(out, &[momentary, short_term, integrated, range, true_peak]);
    }
    float(out, reading.seconds);
}

pub(super) fn load(load: &Load, out: &mut Vec<u8>) {
    float(out, load.max);
    out.extend((load.max_frame as f64).to_le_bytes());
    word(out, load.histogram.len());
    out.extend(load.histogram.iter().flat_map(|n| n.to_le_bytes()));
}
