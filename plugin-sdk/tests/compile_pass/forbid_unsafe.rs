//! An author's crate under the strictest lints.
#![forbid(unsafe_code, missing_docs, unreachable_pub, warnings)]

use retake_sdk::{Block, Context, FloatParam, Params, Plugin, export_plugin};

#[derive(Debug, Params)]
struct MixParams {
    #[param(range = 0..=1, default = 1, smoothing = exponential_ms(5), id = 3)]
    r#mix: FloatParam,
}

#[derive(Debug, Default)]
struct Mix;

impl Plugin for Mix {
    type Params = MixParams;
    const ID: &'static str = "org.example.mix";
    const NAME: &'static str = "Mix";

    fn process(&mut self, params: &mut MixParams, block: &mut Block<'_>, _ctx: &mut Context<'_>) {
        let mix = params.mix.next();
        block.channels_mut().flatten().for_each(|sample| *sample *= mix);
    }
}

export_plugin!(Mix);

fn main() {}
