use retake_sdk::{FloatParam, Params};

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = "half")]
    mix: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, smoothing = slow)]
    width: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, default = 0.6)]
    depth: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, id = 4294967295)]
    rate: FloatParam,
    #[param(range = 0.0..1.0, default = 0.5)]
    shape: FloatParam,
}

fn main() {}
