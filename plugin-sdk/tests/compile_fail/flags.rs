use retake_sdk::{BoolParam, FloatParam, Params};

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = 0.5, flags(bypass))]
    mix: FloatParam,
    #[param(default = false, flags(periodic))]
    mono: BoolParam,
    #[param(default = false, flags(secret))]
    mute: BoolParam,
    #[param(range = 0.0..=127.0, default = 60.0, unit = "note")]
    key: FloatParam,
    #[param(default = false, smoothing = none)]
    solo: BoolParam,
}

fn main() {}
