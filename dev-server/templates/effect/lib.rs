//! Plugin Name: a tremolo.
//!
//! Run `retake` in this folder, change something below, save, and hear it.

use retake_sdk::{Block, Config, Context, FloatParam, Params, Plugin, export_plugin};

#[derive(Params)]
struct TremoloParams {
    #[param(name = "Rate", unit = "Hz", range = 0.1..=20.0, default = 4.0, taper = log)]
    rate: FloatParam,
    #[param(name = "Depth", range = 0.0..=1.0, default = 0.5)]
    depth: FloatParam,
}

#[derive(Default)]
struct Tremolo {
    sample_rate: f32,
    phase: f32, // of the oscillator, 0 to 1
}

impl Plugin for Tremolo {
    type Params = TremoloParams;
    const ID: &'static str = "org.example.plugin-name"; // yours for ever: hosts know it by this
    const NAME: &'static str = "Plugin Name";

    fn activate(&mut self, config: Config) {
        *self = Self { sample_rate: config.sample_rate as f32, phase: 0.0 };
    }

    fn process(&mut self, params: &mut TremoloParams, block: &mut Block<'_>, _: &mut Context<'_>) {
        block.each_frame(|frame| {
            self.phase = (self.phase + params.rate.next() / self.sample_rate).fract();
            let wave = 0.5 - 0.5 * (self.phase * std::f32::consts::TAU).cos();
            let gain = 1.0 - params.depth.next() * wave;
            frame.for_each(|sample| *sample *= gain);
        });
    }
}

export_plugin!(Tremolo);

#[cfg(test)]
mod tests {
    use super::*;
    use retake_sdk::TestHost;

    #[test]
    fn four_times_a_second_the_sound_is_half_as_loud() {
        let (mut left, mut right) = (vec![1.0; 48_000], vec![1.0; 48_000]);
        TestHost::<Tremolo>::new(48_000.0, 512).process(&mut [&mut left, &mut right]);
        let lowest = left.iter().copied().fold(1.0, f32::min);
        let dips = left.windows(2).filter(|pair| pair[0] >= 0.75 && pair[1] < 0.75).count();
        assert!((lowest - 0.5).abs() < 1e-4 && dips == 4 && left == right);
    }
}
