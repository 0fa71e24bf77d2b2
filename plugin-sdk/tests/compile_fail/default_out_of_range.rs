use retake_sdk::{FloatParam, Params};

#[derive(Params)]
struct Wrong {
    #[param(range = -60.0..=12.0, default = 20.0)]
    gain: FloatParam,
    #[param(range = 1.0..=-1.0, default = 0.0)]
    pan: FloatParam,
}

fn main() {}
