use retake_sdk::{Meter, Params};

#[derive(Params)]
struct Wrong {
    #[meter(name = "Gain reduction")]
    gain_reduction: Meter,
    #[meter(range = 1.0..=0.0)]
    level: Meter,
    #[meter(range = 0.0..=1.0, default = 0.0)]
    peak: Meter,
}

fn main() {}
