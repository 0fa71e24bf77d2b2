//! All that a set of parameters can hold, under the strictest lints.
#![forbid(unsafe_code, missing_docs, unreachable_pub, warnings)]

use retake_sdk::{
    BoolParam, Choice, ChoiceParam, FloatParam, IntParam, Meter, Params, Persisted,
};

#[derive(Choice)]
enum Mode {
    #[choice(name = "Low pass")]
    LowPass,
    Notch,
}

#[derive(Debug, Params)]
struct Band {
    #[param(range = 20.0..=20000.0, default = 1000.0, unit = "Hz", taper = log)]
    frequency: FloatParam,
    #[param(range = -12.0..=12.0, default = 0.0, unit = "dB", step = 0.1, taper = symmetric(2))]
    gain: FloatParam,
    #[meter(range = -60.0..=0.0, unit = "dB")]
    level: Meter,
}

#[derive(Debug, Params)]
struct Bank<const N: usize> {
    #[group(name = "Band {}")]
    bands: [Band; N],
}

#[derive(Debug, Params)]
struct Everything {
    #[param(default = false, flags(bypass))]
    bypass: BoolParam,
    #[group(name = "Bank")]
    bank: Bank<4>,
    #[param(range = 0..=127, default = 60, unit = "note", flags(hidden, not_automatable))]
    key: IntParam,
    #[param(default = Notch)]
    mode: ChoiceParam<Mode>,
    #[persist]
    title: Persisted<String>,
    #[group]
    nothing: (),
}

#[derive(Debug, Params)]
struct Empty {}

fn main() {
    let mut everything = Everything::default();
    assert_eq!(everything.count(), 11);
    assert_eq!(Empty::default().count(), 0);
    assert!(matches!(everything.mode.value(), Mode::Notch));
    assert!(matches!(Mode::at(0), Mode::LowPass));
    assert!(!everything.bypass.value() && everything.title.get().is_empty());
    assert_eq!(everything.key.value() + i32::from(everything.bank.bands[3].level.value().is_some()), 60);
    let fourth = &everything.bank.bands[3];
    assert!(fourth.frequency.value() > fourth.gain.value());
}
