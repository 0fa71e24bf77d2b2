//! Where a known burst comes back: the peak of the cross-correlation.

use realfft::{RealFftPlanner, num_complex::Complex};

use super::prober::Signal;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RoundTrip {
    /// The median of the bursts, in frames; between them where the clocks are not one.
    pub(super) frames: f64,
    /// From the shortest to the longest.
    pub(super) spread: f64,
    /// Bursts that came back.
    pub(super) n_found: usize,
}

/// A peak so many times above the rest is the burst. Noise alone has about 5.
const CLEAR: f32 = 12.0;
/// A burst that lost more than 90 dB on its way is none.
const LEAST: f32 = 3e-5;
/// The first that is so much of the highest is the burst on its shortest way.
const FIRST: f32 = 0.5;
/// Frames beside the peak that belong to it: what a loudspeaker and a room make of a sample.
const WIDTH: usize = 64;

/// The round trip, if at least half of the bursts came back. `heard` begins with the engine's first
/// frame.
pub(super) fn round_trip(signal: &Signal, heard: &[f32]) -> Option<RoundTrip> {
    let mut finder = Finder::new(&signal.burst, signal.interval);
    let begins: Vec<_> = signal.begins().collect();
    let window = |&begin: &usize| heard.get(begin..heard.len().min(begin + signal.interval));
    let found = begins.iter().filter_map(window).filter_map(|window| finder.find(window));
    let mut found: Vec<_> = found.collect();
    if 2 * found.len() < begins.len() {
        return None;
    }
    found.sort_unstable_by(f64::total_cmp);
    let spread = found.last()? - found.first()?;
    Some(RoundTrip { frames: found[found.len() / 2], spread, n_found: found.len() })
}

/// The burst's spectrum and room to correlate.
pub(super) struct Finder {
    planner: RealFftPlanner<f32>,
    burst: Vec<Complex<f32>>,
    energy: f32,
    size: usize,
    /// Lags that are looked at: a burst behind the last would not have ended.
    n_lags: usize,
}

impl Finder {
    /// Of a burst that is to be found in windows of up to so many frames.
    pub(super) fn new(burst: &[f32], window: usize) -> Self {
        let size = (window + burst.len()).next_power_of_two();
        let n_lags = window.saturating_sub(burst.len()).max(1);
        let energy = burst.iter().map(|x| x * x).sum();
        let mut finder =
            Self { planner: RealFftPlanner::new(), burst: Vec::new(), energy, size, n_lags };
        finder.burst = finder.spectrum(burst);
        finder
    }

    fn spectrum(&mut self, samples: &[f32]) -> Vec<Complex<f32>> {
        let forward = self.planner.plan_fft_forward(self.size);
        let (mut time, mut spectrum) = (forward.make_input_vec(), forward.make_output_vec());
        let n = samples.len().min(self.size);
        time[..n].copy_from_slice(&samples[..n]);
        // Both were made for it.
        let _ = forward.process(&mut time, &mut spectrum);
        spectrum
    }

    /// The frame of `window` where the burst begins.
    pub(super) fn find(&mut self, window: &[f32]) -> Option<f64> {
        let mut product = self.spectrum(window);
        for (x, burst) in product.iter_mut().zip(&self.burst) {
            *x *= burst.conj();
        }
        let inverse = self.planner.plan_fft_inverse(self.size);
        let mut correlation = inverse.make_output_vec();
        // Numerically they need not be real; their imaginary parts are dropped.
        if let [first, .., last] = &mut product[..] {
            (first.im, last.im) = (0.0, 0.0);
        }
        inverse.process(&mut product, &mut correlation).ok()?;
        let scale = 1.0 / (self.size as f32 * self.energy);
        let lags: Vec<_> = correlation[..self.n_lags].iter().map(|x| x * scale).collect();
        peak(&lags)
    }
}

/// The place of the first clear peak of `lags`, which may be upside down, between samples: where the
/// input is heard, a burst comes back more than once.
fn peak(lags: &[f32]) -> Option<f64> {
    let highest = |lags: &[f32]| {
        let lags = lags.iter().map(|x| x.abs()).enumerate();
        // Of several that are as high, the first.
        lags.rev().max_by(|a, b| a.1.total_cmp(&b.1))
    };
    let (_, height) = highest(lags)?;
    let first = lags.iter().position(|x| x.abs() >= FIRST * height)?;
    let (within, height) = highest(&lags[first..lags.len().min(first + WIDTH)])?;
    let at = first + within;
    let rest = lags.iter().enumerate().filter(|(n, _)| n.abs_diff(at) > WIDTH);
    let (sum, n) = rest.fold((0.0_f32, 0_usize), |(sum, n), (_, x)| (sum + x * x, n + 1));
    let noise = (sum / n.max(1) as f32).sqrt();
    if height < LEAST || height < CLEAR * noise {
        return None;
    }
    let beside = |n: Option<usize>| n.and_then(|n| lags.get(n)).map_or(0.0, |x| x.abs());
    let (before, after) = (beside(at.checked_sub(1)), beside(Some(at + 1)));
    let bend = before - 2.0 * height + after;
    let shift = if bend < 0.0 { 0.5 * (before - after) / bend } else { 0.0 };
    Some(at as f64 + f64::from(shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signal, late by so many frames, at that gain, in that much noise.
    fn heard(signal: &Signal, late: usize, gain: f32, noise: f32) -> Vec<f32> {
        let mut state = 7_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let mut heard: Vec<_> = (0..signal.frames()).map(|_| noise * random()).collect();
        for begin in signal.begins() {
            for (x, burst) in heard[begin + late..].iter_mut().zip(&*signal.burst) {
                *x += gain * burst;
            }
        }
        heard
    }

    #[test]
    fn a_burst_is_found_upside_down_and_below_the_noise() {
        let signal = Signal::new(48_000);
        for (late, gain, noise) in [(0, 1.0, 0.0), (512, -0.5, 0.0), (31_337, 0.05, 0.05)] {
            let trip = round_trip(&signal, &heard(&signal, late, gain, noise)).unwrap();
            assert!((trip.frames - late as f64).abs() < 0.1, "{late}: {trip:?}");
            assert_eq!(trip.n_found, 4);
            assert!(trip.spread < 0.2, "{trip:?}");
        }
    }

    #[test]
    fn silence_noise_and_another_sound_are_no_burst() {
        let signal = Signal::new(48_000);
        assert_eq!(round_trip(&signal, &[]), None);
        assert_eq!(round_trip(&signal, &heard(&signal, 0, 0.0, 0.0)), None);
        assert_eq!(round_trip(&signal, &heard(&signal, 0, 0.0, 0.5)), None);
        let tone = |n: usize| (n as f32 * 0.0288).sin();
        let tone: Vec<_> = (0..signal.frames()).map(tone).collect();
        assert_eq!(round_trip(&signal, &tone), None);
    }
}
