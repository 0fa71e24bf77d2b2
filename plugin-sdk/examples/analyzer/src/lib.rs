//! A spectrum analyser: it has no output, its sound is its input. What it finds is shown by probes.

#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "sound is f32")]

use std::f32::consts::TAU;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};
use retake_sdk::{
    Block, Config, Context, FloatParam, Layout, Meter, Params, Plugin, export_plugin, gain_to_db,
};

/// Frames of a spectrum.
const SIZE: usize = 2048;
/// A new spectrum after so many frames.
const HOP: usize = SIZE / 2;

#[derive(Params)]
struct AnalyzerParams {
    #[param(name = "Fall", unit = "dB", range = 0.5..=60.0, default = 6.0, taper = log)]
    fall: FloatParam,
    #[meter(name = "Loudest", unit = "Hz", range = 0.0..=24000.0)]
    loudest_hz: Meter,
    #[meter(name = "Its level", unit = "dB", range = -120.0..=0.0)]
    loudest_db: Meter,
}

/// Everything that a transform needs, made at activation.
struct Transform {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    frames: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

#[derive(Default)]
struct Analyzer {
    sample_rate: f32,
    transform: Option<Transform>,
    /// The last `SIZE` frames, in a circle.
    heard: Vec<f32>,
    n_heard: usize,
    /// The spectrum that is shown, in dB: it rises at once and falls slowly.
    levels_db: Vec<f32>,
}

impl Transform {
    fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(SIZE);
        let hann = |n: usize| 0.5 - 0.5 * (TAU * n as f32 / SIZE as f32).cos();
        Self {
            window: (0..SIZE).map(hann).collect(),
            frames: fft.make_input_vec(),
            bins: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// The levels of all bins of the frames in `circle` from `at` on: a full-scale sine has 0 dB.
    fn levels_db(&mut self, circle: &[f32], at: usize) -> impl Iterator<Item = f32> {
        let (newer, older) = circle.split_at(at % SIZE);
        let frames = older.iter().chain(newer).zip(&self.window);
        self.frames.iter_mut().zip(frames).for_each(|(to, (x, w))| *to = x * w);
        let Self { fft, frames, bins, scratch, .. } = self;
        // The lengths are those that the plan has asked for, so this cannot fail.
        let _ = fft.process_with_scratch(frames, bins, scratch);
        bins.iter().map(|bin| gain_to_db(4.0 * bin.norm() / SIZE as f32).max(-120.0))
    }
}

impl Plugin for Analyzer {
    type Params = AnalyzerParams;
    const ID: &'static str = "org.retake.example-analyzer";
    const NAME: &'static str = "Example Analyzer";
    const VENDOR: &'static str = "Retake";
    const LAYOUTS: &'static [Layout] = &[Layout::ANALYZER];
    const SPLIT: bool = false;

    fn activate(&mut self, config: Config) {
        self.sample_rate = config.sample_rate as f32;
        self.transform = Some(Transform::new());
        self.heard = vec![0.0; SIZE];
        self.levels_db = vec![-120.0; SIZE / 2 + 1];
    }

    fn process(&mut self, p: &mut AnalyzerParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let Some(transform) = &mut self.transform else { return };
        let n_channels = block.n_channels().max(1) as f32;
        block.each_frame(|frame| {
            self.heard[self.n_heard % SIZE] = frame.map(|x| *x).sum::<f32>() / n_channels;
            self.n_heard += 1;
            if self.n_heard.is_multiple_of(HOP) {
                let fresh = transform.levels_db(&self.heard, self.n_heard);
                let fall = p.fall.value();
                let levels = self.levels_db.iter_mut().zip(fresh);
                levels.for_each(|(shown, fresh)| *shown = fresh.max(*shown - fall));
            }
        });
        let levels = self.levels_db.iter().enumerate();
        if let Some((bin, level)) = levels.max_by(|a, b| a.1.total_cmp(b.1)) {
            p.loudest_hz.set(bin as f32 * self.sample_rate / SIZE as f32);
            p.loudest_db.set(*level);
        }
        ctx.probe_signal("spectrum_db", &self.levels_db);
    }

    fn reset(&mut self) {
        self.heard.fill(0.0);
        self.levels_db.fill(-120.0);
    }
}

export_plugin!(Analyzer);

#[cfg(test)]
mod tests;
