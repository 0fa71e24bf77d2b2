use retake_sdk::{FloatParam, Params};

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = 0.5)]
    mix: f32,
}

fn main() {}
