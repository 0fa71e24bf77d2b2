//! A compressor with a soft knee, a side input to listen to, and a meter of its gain reduction.
//!
//! Static curve and smoothing after Giannoulis, Massberg, Reiss, "Digital Dynamic Range Compressor
//! Design" (JAES 60, 2012): log domain, feed-forward, branching attack and release.

#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "sound is f32")]

use retake_sdk::{
    Block, BoolParam, Config, Context, FloatParam, Layout, Meter, Params, Plugin, db_to_gain,
    export_plugin, gain_to_db,
};

#[derive(Params)]
struct CompressorParams {
    #[param(name = "Threshold", unit = "dB", range = -60.0..=0.0, default = -18.0)]
    threshold: FloatParam,
    #[param(name = "Ratio", range = 1.0..=20.0, default = 4.0, taper = log)]
    ratio: FloatParam,
    #[param(name = "Knee", unit = "dB", range = 0.0..=24.0, default = 6.0)]
    knee: FloatParam,
    #[group(name = "Timing")]
    timing: Timing,
    #[param(name = "Make-up", unit = "dB", range = 0.0..=24.0, default = 0.0)]
    make_up: FloatParam,
    #[param(name = "Listen to sidechain", default = false)]
    external: BoolParam,
    #[meter(name = "Gain reduction", unit = "dB", range = 0.0..=24.0)]
    gain_reduction: Meter,
}

#[derive(Params)]
struct Timing {
    #[param(name = "Attack", unit = "ms", range = 0.1..=200.0, default = 10.0, taper = log)]
    attack: FloatParam,
    #[param(name = "Release", unit = "ms", range = 5.0..=2000.0, default = 100.0, taper = log)]
    release: FloatParam,
}

#[derive(Default)]
struct Compressor {
    sample_rate: f32,
    /// By how much the gain is reduced, in dB.
    reduction_db: f32,
}

/// What is to be taken from a level, in dB.
fn wanted_reduction(level: f32, threshold: f32, ratio: f32, knee: f32) -> f32 {
    let over = level - threshold;
    let slope = 1.0 - 1.0 / ratio;
    if 2.0 * over.abs() < knee {
        slope * (over + knee / 2.0).powi(2) / (2.0 * knee)
    } else {
        slope * over.max(0.0)
    }
}

impl Plugin for Compressor {
    type Params = CompressorParams;
    const ID: &'static str = "org.retake.example-compressor";
    const NAME: &'static str = "Example Compressor";
    const VENDOR: &'static str = "Retake";
    const LAYOUTS: &'static [Layout] = &[Layout::STEREO.with_sidechain(2), Layout::STEREO];
    const FEATURES: &'static [&'static str] = &["compressor"];

    fn activate(&mut self, config: Config) {
        self.sample_rate = config.sample_rate as f32;
        self.reset();
    }

    fn process(&mut self, p: &mut CompressorParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let side = block.sidechain();
        // The part of the way to the target that a frame goes: 1 − 1/e after the time.
        let step = |ms: f32| 1.0 - (-1e3 / (ms * self.sample_rate)).exp();
        let attack = step(p.timing.attack.value());
        let release = step(p.timing.release.value());
        let mut deepest = 0.0_f32;
        let mut at = 0;
        block.each_frame(|frame| {
            let mut samples: [Option<&mut f32>; 2] = [None, None];
            samples.iter_mut().zip(frame).for_each(|(place, sample)| *place = Some(sample));
            let peak = if p.external.value() {
                side.channels().fold(0.0_f32, |peak, channel| peak.max(channel[at].abs()))
            } else {
                samples.iter().flatten().fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
            };
            let level = gain_to_db(peak.max(1e-6));
            let (threshold, ratio, knee) = (p.threshold.next(), p.ratio.next(), p.knee.next());
            let wanted = wanted_reduction(level, threshold, ratio, knee);
            let step = if wanted > self.reduction_db { attack } else { release };
            self.reduction_db += step * (wanted - self.reduction_db);
            deepest = deepest.max(self.reduction_db);
            let gain = db_to_gain(p.make_up.next() - self.reduction_db);
            samples.into_iter().flatten().for_each(|sample| *sample *= gain);
            at += 1;
        });
        p.gain_reduction.set(deepest);
        ctx.probe("reduction_db", self.reduction_db);
    }

    fn reset(&mut self) {
        self.reduction_db = 0.0;
    }
}

export_plugin!(Compressor);

#[cfg(test)]
mod tests;
