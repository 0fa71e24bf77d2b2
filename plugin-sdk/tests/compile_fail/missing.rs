use retake_sdk::{FloatParam, Params};

#[derive(Params)]
struct Wrong {
    gain: FloatParam,
    #[param(default = 0.0)]
    pan: FloatParam,
    #[param(range = 0.0..=1.0)]
    mix: FloatParam,
}

fn main() {}
