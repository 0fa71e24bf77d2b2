//! Levels over frequency: one windowed transform per look, read at logarithmically spaced bins.
//!
//! The window is the four-term Blackman–Harris window (Harris, "On the use of windows for harmonic
//! analysis with the discrete Fourier transform", 1978): sidelobes at −92 dB, so that a sine's
//! harmonics are seen, at the price of a main lobe of eight bins.

use std::{f64::consts::TAU, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

use super::{
    feed::{Feed, Side},
    section::{float, word},
};
use crate::web::{Smoothing, SpectrumView};

/// Bins that are written.
pub(super) const N_BINS: usize = 512;
/// Frequency of the first one.
const LOWEST_HZ: f64 = 20.0;
/// What is written for silence.
const SILENCE: i16 = i16::MIN;
/// Powers below are taken for this one: a logarithm has to be found.
const FLOOR: f64 = 1e-33;
/// Coefficients of the window.
const HARRIS: [f64; 4] = [0.35875, -0.48829, 0.14128, -0.01168];

pub(super) struct Spectrum {
    size: usize,
    rate: u32,
    /// Width of the band that a bin sums up, in octaves; `None` = no sums.
    octaves: Option<f64>,
    window: Vec<f32>,
    /// What the window makes of a full-scale sine's power, and its equivalent noise bandwidth.
    gain: f64,
    noise_bins: f64,
    transform: Arc<dyn RealToComplex<f32>>,
    frames: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    powers: Vec<f64>,
}

impl Spectrum {
    pub(super) fn new(view: SpectrumView, rate: u32) -> Self {
        let SpectrumView { size, smoothing } = view;
        let transform = RealFftPlanner::new().plan_fft_forward(size);
        let angle = |n: usize| TAU * n as f64 / size as f64;
        let at = |n| (0..4).map(|m| HARRIS[m] * (m as f64 * angle(n)).cos()).sum::<f64>();
        let window: Vec<f64> = (0..size).map(at).collect();
        let (sum, squares) = window.iter().fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
        Self {
            size,
            rate,
            octaves: match smoothing {
                Smoothing::None => None,
                Smoothing::Third => Some(1.0 / 3.0),
                Smoothing::Sixth => Some(1.0 / 6.0),
                Smoothing::Twelfth => Some(1.0 / 12.0),
            },
            gain: (sum / 2.0).powi(2),
            noise_bins: size as f64 * squares / (sum * sum),
            #[expect(clippy::cast_possible_truncation, reason = "0 to 1")]
            window: window.into_iter().map(|w| w as f32).collect(),
            frames: transform.make_input_vec(),
            bins: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            powers: Vec::new(),
            transform,
        }
    }

    /// Writes the newest spectra; the input's frames are those that the output's were made of.
    pub(super) fn write(&mut self, feed: &Feed, latency_frames: usize, out: &mut Vec<u8>) {
        word(out, self.size);
        float(out, self.rate as f32);
        word(out, N_BINS);
        for (side, delay) in [(feed.input(), latency_frames), (feed.output(), 0)] {
            let levels = self.levels(side, delay);
            out.extend(levels.iter().flat_map(|level| level.to_le_bytes()));
        }
    }

    fn levels(&mut self, side: &Side, delay: usize) -> [i16; N_BINS] {
        if !self.transform(side, delay) {
            return [SILENCE; N_BINS];
        }
        match self.octaves {
            Some(octaves) => self.bands(octaves),
            None => self.curve(),
        }
    }

    /// The mean of the channels' powers, a full-scale sine = 1; whether there were frames enough.
    fn transform(&mut self, side: &Side, delay: usize) -> bool {
        self.powers.clear();
        self.powers.resize(self.size / 2 + 1, 0.0);
        let scale = 1.0 / (self.gain * side.channels() as f64);
        for row in side.rows() {
            let Some(first) = row.len().checked_sub(delay + self.size) else {
                return false;
            };
            let rows = row[first..].iter().zip(&self.window);
            for (to, (x, w)) in self.frames.iter_mut().zip(rows) {
                *to = x * w;
            }
            let (frames, bins) = (&mut self.frames, &mut self.bins);
            if self.transform.process_with_scratch(frames, bins, &mut self.scratch).is_err() {
                return false;
            }
            for (power, bin) in self.powers.iter_mut().zip(&self.bins) {
                *power += f64::from(bin.norm_sqr()) * scale;
            }
        }
        side.channels() > 0
    }

    /// Where the written bin `b` lies between the transform's.
    fn place(&self, b: usize) -> f64 {
        let share = b as f64 / (N_BINS - 1) as f64;
        LOWEST_HZ * self.span().powf(share) * self.size as f64 / f64::from(self.rate)
    }

    /// From the lowest to the highest frequency, as a factor.
    fn span(&self) -> f64 {
        f64::from(self.rate) / 2.0 / LOWEST_HZ
    }

    /// The power of the band around each bin: noise of the same power per octave is a level line,
    /// and a sine is as high as it is.
    fn bands(&self, octaves: f64) -> [i16; N_BINS] {
        let mut sum = 0.0;
        let sums: Vec<f64> = std::iter::once(0.0)
            .chain(self.powers.iter().map(|power| {
                sum += power;
                sum
            }))
            .collect();
        // A bin's power lies evenly half a bin to either side of it.
        let below = |x: f64| {
            let x = (x + 0.5).clamp(0.0, self.powers.len() as f64);
            let k = index(x).min(self.powers.len() - 1);
            sums[k] + (x - k as f64) * self.powers[k]
        };
        let half = (octaves / 2.0).exp2();
        std::array::from_fn(|b| {
            let x = self.place(b);
            hundredths(decibels((below(x * half) - below(x / half)) / self.noise_bins))
        })
    }

    /// The highest point of the curve through the transform's bins within each written bin.
    fn curve(&self) -> [i16; N_BINS] {
        let levels: Vec<f64> = self.powers.iter().map(|power| decibels(*power)).collect();
        let half = self.span().powf(0.5 / (N_BINS - 1) as f64);
        std::array::from_fn(|b| {
            let x = self.place(b);
            let (low, high) = (x / half, x * half);
            let nearest = index(low.round())..=index(high.round());
            let tops = nearest.filter_map(|k| top(&levels, k));
            let inside = tops.filter(|top| (low..high).contains(&top.at)).map(|top| top.level);
            let bins = index(low.ceil())..=index(high);
            let bins = bins.filter_map(|k| levels.get(k).copied());
            hundredths(inside.chain(bins).fold(between(&levels, x), f64::max))
        })
    }
}

/// A local maximum of the curve.
struct Top {
    at: f64,
    level: f64,
}

/// Where a sine must be to make the three bins around `k`, and how high: a parabola through their
/// levels, less what it is off for this window (by at most 0.0001 dB after that).
fn top(levels: &[f64], k: usize) -> Option<Top> {
    let [left, mid, right] = *levels.get(k.checked_sub(1)?..k + 2)? else {
        return None;
    };
    if mid < left || mid <= right {
        return None;
    }
    let p = 0.5 * (left - right) / (left - 2.0 * mid + right);
    let off = 0.161_108 * p.powi(2) - 0.135_036 * p.powi(4);
    Some(Top { at: k as f64 + p, level: mid - 0.25 * (left - right) * p - off })
}

/// The curve between two bins.
fn between(levels: &[f64], x: f64) -> f64 {
    let k = index(x).min(levels.len() - 2);
    let share = (x - k as f64).clamp(0.0, 1.0);
    levels[k] + share * (levels[k + 1] - levels[k])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the size")]
fn index(x: f64) -> usize {
    x as usize
}

fn decibels(power: f64) -> f64 {
    10.0 * power.max(FLOOR).log10()
}

#[expect(clippy::cast_possible_truncation, reason = "clamped first")]
fn hundredths(level: f64) -> i16 {
    let level = (level * 100.0).round();
    if level <= f64::from(SILENCE) { SILENCE } else { level.min(f64::from(i16::MAX)) as i16 }
}
