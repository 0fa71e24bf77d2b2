use retake_sdk::{BoolParam, Choice, ChoiceParam, FloatParam, IntParam, Params};

#[derive(Choice)]
enum Mode {
    Clean,
}

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = 0.5)]
    mix: f32,
    #[meter(range = 0.0..=1.0)]
    level: FloatParam,
    #[persist]
    title: String,
    #[param(range = 0.0..=1.0, default = 0)]
    voices: IntParam,
    #[param(default = 1)]
    external: BoolParam,
    #[param(default = 0)]
    mode: ChoiceParam<Mode>,
    #[param(range = 0.0..=1.0, default = true)]
    width: FloatParam,
    #[param(range = 0..=2147483648, default = 0)]
    many: IntParam,
}

fn main() {}
