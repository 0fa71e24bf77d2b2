use retake_sdk::{FloatParam, Params};

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = 0.5, colour = "red")]
    mix: FloatParam,
    #[param(log)]
    cutoff: FloatParam,
}

fn main() {}
