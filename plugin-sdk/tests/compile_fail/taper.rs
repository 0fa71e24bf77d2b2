use retake_sdk::{FloatParam, IntParam, Params};

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = 0.5, taper = log)]
    touches: FloatParam,
    #[param(range = -1..=1, default = 1, taper = log)]
    crosses: IntParam,
    #[param(range = 0.0..=1.0, default = 0.5, taper = skew(0))]
    flat: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, taper = symmetric(-2.0))]
    inverse: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, taper = cubic)]
    unknown: FloatParam,
}

fn main() {}
