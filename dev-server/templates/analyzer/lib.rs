//! Plugin Name: shows how loud the input is. Run `retake` here, change it, save, and look.

use retake_sdk::{Block, Config, Context, FloatParam, Layout, Params, Plugin};
use retake_sdk::{export_plugin, gain_to_db};

#[derive(Params)]
struct AnalyzerParams {
    #[param(name = "Window", unit = "ms", range = 10.0..=1000.0, default = 300.0, taper = log)]
    window: FloatParam,
}

#[derive(Default)]
struct Analyzer {
    sample_rate: f32,
    power: f32, // mean of the squares, over the window
}

impl Plugin for Analyzer {
    type Params = AnalyzerParams;
    const ID: &'static str = "org.example.plugin-name"; // yours for ever: hosts know it by this
    const NAME: &'static str = "Plugin Name";
    const LAYOUTS: &'static [Layout] = &[Layout::ANALYZER];

    fn activate(&mut self, config: Config) {
        *self = Self { sample_rate: config.sample_rate as f32, power: 0.0 };
    }

    fn process(
        &mut self,
        params: &mut AnalyzerParams,
        block: &mut Block<'_>,
        ctx: &mut Context<'_>,
    ) {
        let mut peak = 0.0_f32;
        block.each_frame(|frame| {
            let mut loudest = 0.0_f32;
            frame.for_each(|sample| loudest = loudest.max(sample.abs()));
            let share = 1.0 / (params.window.next() / 1000.0 * self.sample_rate);
            self.power += (loudest * loudest - self.power) * share;
            peak = peak.max(loudest);
        });
        // Any variable of yours can be a probe: it shows on the page, and is free in a DAW.
        ctx.probe("level in dB", gain_to_db(self.power.sqrt()).max(-99.0));
        ctx.probe("peak in dB", gain_to_db(peak).max(-99.0));
    }
}

export_plugin!(Analyzer);

#[test]
fn a_half_is_six_decibels_below_full_scale() {
    let (mut left, mut right) = (vec![0.5; 96_000], vec![-0.5; 96_000]);
    let mut host = retake_sdk::TestHost::<Analyzer>::new(48_000.0, 512);
    host.process(&mut [&mut left, &mut right]);
    for shown in &host.probes()[host.probes().len() - 2..] {
        assert!((shown.values[0] + 6.02).abs() < 0.1, "{shown:?}");
    }
}
