//! The plugins that the tests run.

use retake_sdk::export::Exported;
use retake_sdk::{Block, Config, Context, FloatParam, Params, Plugin};

/// `gain` is linear here, so that the output is the value itself.
#[derive(Params)]
pub(crate) struct GainParams {
    #[param(name = "Gain", range = -1.0..=2.0, default = 1.0, unit = "x")]
    gain: FloatParam,
    #[param(range = 0.0..=100.0, default = 0.0, smoothing = none, id = 7)]
    lag: FloatParam,
}

/// A gain; its latency is half the largest block.
#[derive(Default)]
pub(crate) struct Gain {
    latency_frames: u32,
}

impl Plugin for Gain {
    type Params = GainParams;
    const ID: &'static str = "org.retake.test-gain";
    const NAME: &'static str = "Test Gain";

    fn activate(&mut self, config: Config) {
        self.latency_frames = u32::try_from(config.max_block / 2).unwrap();
    }

    fn process(&mut self, params: &mut GainParams, block: &mut Block<'_>, _ctx: &mut Context<'_>) {
        block.each_frame(|frame| {
            let gain = params.gain.next();
            frame.for_each(|sample| *sample *= gain);
        });
    }

    fn latency_frames(&self) -> u32 {
        self.latency_frames
    }
}

impl Exported for Gain {
    const VERSION: &'static str = "1.2.3";
}

/// Panics in `process` while `bad` is 1, in `reset` while it is 2, in `activate` while it is 3.
#[derive(Default)]
pub(crate) struct Fragile {
    bad: f32,
}

#[derive(Params)]
pub(crate) struct FragileParams {
    #[param(range = 0.0..=3.0, default = 0.0, smoothing = none)]
    bad: FloatParam,
}

/// The line of the panic in `process`.
pub(crate) const PROCESS_PANIC_LINE: u32 = line!() + 20;

impl Plugin for Fragile {
    type Params = FragileParams;
    const ID: &'static str = "org.retake.test-fragile";
    const NAME: &'static str = "Test Fragile";

    fn activate(&mut self, _config: Config) {
        assert!(self.bad < 3.0, "no activation");
    }

    fn process(
        &mut self,
        params: &mut FragileParams,
        block: &mut Block<'_>,
        _ctx: &mut Context<'_>,
    ) {
        self.bad = params.bad.value();
        if (1.0..2.0).contains(&self.bad) {
            block.channels_mut().for_each(|channel| channel.fill(f32::NAN));
            panic!("bad is {}", self.bad);
        }
    }

    fn reset(&mut self) {
        assert!(!(2.0..3.0).contains(&self.bad), "no reset");
    }
}

impl Exported for Fragile {
    const VERSION: &'static str = "0";
}

/// Panics when it is made.
pub(crate) struct Stillborn;

impl Default for Stillborn {
    fn default() -> Self {
        panic!("not today")
    }
}

impl Plugin for Stillborn {
    type Params = ();
    const ID: &'static str = "org.retake.test-stillborn";
    const NAME: &'static str = "Test Stillborn";

    fn process(&mut self, _params: &mut (), _block: &mut Block<'_>, _ctx: &mut Context<'_>) {}
}

impl Exported for Stillborn {
    const VERSION: &'static str = "0";
}
