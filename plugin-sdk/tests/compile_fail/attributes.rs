use retake_sdk::{FloatParam, Meter, Params, Persisted};

#[derive(Params)]
struct Wrong {
    #[param(range = 0.0..=1.0, default = 0.5)]
    #[meter(range = 0.0..=1.0)]
    both: FloatParam,
    #[persist(name = "Title")]
    title: Persisted<String>,
    #[meter = "Level"]
    level: Meter,
    #[param(range = 0.0..=1e999, default = 0.5)]
    endless: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, unit = "thirty-two bytes are one too many")]
    wordy: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, name = "N\0L")]
    cut: FloatParam,
    #[param(range = 0.0..=1.0, default = 0.5, smoothing = linear_ms(20000))]
    slow: FloatParam,
}

fn main() {}
