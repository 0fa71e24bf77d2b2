//! Plugin Name: shows how loud the input is. Run `retake` here, change it, save, and look.

use retake_sdk::{Block, Config, Context, FloatParam, Layout, Meter, Params};
use retake_sdk::{Plugin, export_plugin, gain_to_db};

#[derive(Params)]
struct AnalyzerParams {
    #[param(name = "Window", unit = "ms", range = 10.0..=1000.0, default = 300.0, taper = log)]
    window: FloatParam,
    #[meter(name = "Level", unit = "dB", range = -60.0..=0.0)]
    level: Meter,
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
        params.level.set(gain_to_db(self.power.sqrt()));
        // Any variable can be a probe: it shows on the page, and is free where nobody looks.
        ctx.probe("peak of the block", peak);
    }
}

export_plugin!(Analyzer);

#[test]
fn a_half_is_six_decibels_below_full_scale() {
    let (mut left, mut right) = (vec![0.5; 96_000], vec![-0.5; 96_000]);
    let mut host = retake_sdk::TestHost::<Analyzer>::new(48_000.0, 512);
    host.process(&mut [&mut left, &mut right]);
    let level = host.meters()["level"];
    assert!((level + 6.02).abs() < 0.1, "{level} dB");
    assert!(host.probes().iter().all(|shown| shown.values == [0.5]));
}
