//! The smallest good plugin: a gain.
//!
//! Change something below, save, and hear it: `retake run example-plugin`.

#![forbid(unsafe_code)]

use retake_sdk::{Block, Context, FloatParam, Params, Plugin, db_to_gain, export_plugin};

/// What the host and the page can turn.
#[derive(Params)]
struct GainParams {
    #[param(name = "Gain", unit = "dB", range = -60.0..=12.0, default = 0.0,
            smoothing = linear_ms(15.0))]
    gain: FloatParam,
}

/// The plugin: a gain needs no memory of its own.
#[derive(Default)]
struct Gain;

impl Plugin for Gain {
    type Params = GainParams;
    const ID: &'static str = "org.retake.example-gain";
    const NAME: &'static str = "Example Gain";
    const VENDOR: &'static str = "Retake";

    fn process(&mut self, params: &mut GainParams, block: &mut Block<'_>, _ctx: &mut Context<'_>) {
        block.each_frame(|frame| {
            let gain = db_to_gain(params.gain.next());
            frame.for_each(|sample| *sample *= gain);
        });
    }
}

export_plugin!(Gain);

#[cfg(test)]
mod tests {
    use super::*;
    use retake_sdk::TestHost;

    /// Renders ones, so that what comes out is the gain itself; left and right are the same.
    fn render(host: &mut TestHost<Gain>, frames: usize) -> Vec<f32> {
        let (mut left, mut right) = (vec![1.0; frames], vec![1.0; frames]);
        host.process(&mut [&mut left, &mut right]);
        assert_eq!(left, right);
        left
    }

    #[test]
    fn unity_gain_is_bit_exact() {
        let mut host = TestHost::<Gain>::new(48_000.0, 512);
        assert_eq!(render(&mut host, 1000), [1.0; 1000]);
    }

    #[test]
    fn a_gain_set_before_the_start_holds_from_the_first_frame() {
        let mut host = TestHost::<Gain>::new(48_000.0, 512);
        let out = render(host.set("gain", -6.0), 1000);
        assert!(out.iter().all(|out| (out - 0.501_187_2).abs() < 1e-7));
    }

    #[test]
    fn a_move_is_a_ramp_of_15_ms_without_a_step() {
        let mut host = TestHost::<Gain>::new(48_000.0, 512);
        render(&mut host, 512);
        let out = render(host.set_at(100, "gain", -60.0), 1000);
        assert_eq!(out[..100], [1.0; 100]);
        // 60 dB in 720 frames are 1/12 dB per frame: a step of less than one percent.
        let steps = out.windows(2).map(|pair| pair[0] - pair[1]);
        assert!(steps.fold(0.0, f32::max) < 0.01);
        assert!(out[818] > 0.001 && out[819..].iter().all(|out| (out - 0.001).abs() < 1e-7));
    }
}
