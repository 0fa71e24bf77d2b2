use retake_sdk::{BoolParam, FloatParam, Meter, Params};

#[derive(Params)]
struct Band {
    #[param(range = 0.0..=1.0, default = 0.5, id = 7)]
    gain: FloatParam,
}

// The same number twice across two levels.
#[derive(Params)]
struct Nested {
    #[param(range = 0.0..=1.0, default = 0.5, id = 7)]
    mix: FloatParam,
    #[group]
    band: Band,
}

// The same number in each element.
#[derive(Params)]
struct Repeated {
    #[group]
    bands: [Band; 12],
}

#[derive(Params)]
struct Switch {
    #[param(default = false, flags(bypass))]
    bypass: BoolParam,
}

#[derive(Params)]
struct TwoBypasses {
    #[group]
    first: Switch,
    #[group]
    second: Switch,
}

#[derive(Params)]
struct LongKey {
    #[meter(range = 0.0..=1.0)]
    a_meter_with_a_name_that_no_probe_has_room_for_because_it_is_so_long: Meter,
}

#[derive(Params)]
struct Generic<const N: usize> {
    #[group]
    bands: [Band; N],
}

fn main() {
    let _ = Generic::<1>::default();
}
