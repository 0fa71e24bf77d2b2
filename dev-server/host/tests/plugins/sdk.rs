//! A plugin made with the SDK that panics when it is told to.
#![forbid(unsafe_code)]

use retake_sdk::{
    Block, Config, Context, FloatParam, Meter, Params, Plugin, db_to_gain, export_plugin,
};

#[derive(Params)]
struct FuseParams {
    #[param(name = "Gain", range = -60.0..=12.0, default = 0.0, unit = "dB", smoothing = linear_ms(15.0))]
    gain: FloatParam,
    #[param(name = "Fuse", range = 0.0..=1.0, default = 0.0)]
    fuse: FloatParam,
    #[meter(name = "Heat", range = 0.0..=2.0, unit = "K")]
    heat: Meter,
}

#[derive(Default)]
struct Fuse;

impl Plugin for Fuse {
    type Params = FuseParams;
    const ID: &'static str = "test.fuse";
    const NAME: &'static str = "Fuse";

    fn activate(&mut self, config: Config) {
        assert!(config.sample_rate < 200_000.0, "too fast");
    }

    fn process(&mut self, params: &mut FuseParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        assert!(params.fuse.next() <= 0.5, "fuse blown");
        params.heat.set(0.5);
        ctx.probe("spark", -0.25);
        ctx.probe_signal("wave", &[0.125, 0.75]);
        block.each_frame(|frame| {
            let gain = db_to_gain(params.gain.next());
            frame.for_each(|sample| *sample *= gain);
        });
    }
}

export_plugin!(Fuse);
