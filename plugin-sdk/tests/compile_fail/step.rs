use retake_sdk::{FloatParam, Params};

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = 0.6, step = 0.3)]
    uneven: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.55, step = 0.1)]
    between: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, step = 0)]
    none: FloatParam,
}

fn main() {}
