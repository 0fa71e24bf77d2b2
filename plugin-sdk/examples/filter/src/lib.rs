//! A state-variable filter: low pass, band pass, high pass or notch.
//!
//! Trapezoidal integrators after Zavalishin, "The Art of VA Filter Design" (2012), §4: the cutoff can
//! move at every frame and the filter stays stable.

#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "sound is f32")]

use std::f32::consts::PI;

use retake_sdk::{
    Block, Choice, ChoiceParam, Config, Context, FloatParam, Layout, Params, Plugin, export_plugin,
};

/// What is let through.
#[derive(Choice)]
enum Mode {
    #[choice(name = "Low pass")]
    LowPass,
    #[choice(name = "Band pass")]
    BandPass,
    #[choice(name = "High pass")]
    HighPass,
    Notch,
}

#[derive(Params)]
struct FilterParams {
    #[param(name = "Mode", default = LowPass)]
    mode: ChoiceParam<Mode>,
    #[param(name = "Cutoff", unit = "Hz", range = 20.0..=20000.0, default = 1000.0, taper = log,
            smoothing = exponential_ms(50.0))]
    cutoff: FloatParam,
    #[param(name = "Resonance", range = 0.5..=20.0, default = 0.71, taper = log)]
    resonance: FloatParam,
}

/// The two integrators of one channel.
#[derive(Clone, Copy, Default)]
struct State {
    band: f32,
    low: f32,
}

#[derive(Default)]
struct Filter {
    sample_rate: f32,
    states: [State; 2],
}

impl State {
    /// One frame; `g` is the warped cutoff, `k` the damping, 1 / resonance.
    fn next(&mut self, input: f32, g: f32, k: f32, mode: &Mode) -> f32 {
        let high = (input - (g + k) * self.band - self.low) / (1.0 + g * (g + k));
        let band = self.band + g * high;
        let low = self.low + g * band;
        *self = Self { band: band + g * high, low: low + g * band };
        match mode {
            Mode::LowPass => low,
            Mode::BandPass => k * band,
            Mode::HighPass => high,
            Mode::Notch => low + high,
        }
    }
}

impl Plugin for Filter {
    type Params = FilterParams;
    const ID: &'static str = "org.retake.example-filter";
    const NAME: &'static str = "Example Filter";
    const VENDOR: &'static str = "Retake";
    const LAYOUTS: &'static [Layout] = &[Layout::STEREO, Layout::MONO];
    const FEATURES: &'static [&'static str] = &["filter"];

    fn activate(&mut self, config: Config) {
        self.sample_rate = config.sample_rate as f32;
        self.reset();
    }

    fn process(&mut self, params: &mut FilterParams, block: &mut Block<'_>, _: &mut Context<'_>) {
        let mode = params.mode.value();
        block.each_frame(|frame| {
            let cutoff = params.cutoff.next().min(0.49 * self.sample_rate);
            let (g, k) = ((PI * cutoff / self.sample_rate).tan(), 1.0 / params.resonance.next());
            for (sample, state) in frame.zip(&mut self.states) {
                *sample = state.next(*sample, g, k, &mode);
            }
        });
    }

    fn reset(&mut self) {
        self.states = Default::default();
    }
}

export_plugin!(Filter);

#[cfg(test)]
mod tests;
