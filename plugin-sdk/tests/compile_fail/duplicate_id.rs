use retake_sdk::{FloatParam, Params};

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = 0.5, id = 7)]
    mix: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, id = 7)]
    width: FloatParam,
    // The hash of `mono`.
    #[param(range = 0.0..=1.0, default = 0.5)]
    mono: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, id = 1921445482)]
    other: FloatParam,
}

fn main() {}
