use proptest::prelude::*;

use super::*;
use crate::params::Place;

fn float(unit: &'static str, range: [f64; 2], taper: Taper) -> ParamSpec {
    ParamSpec { unit, taper, ..Place::root().float("x", None, range, range[0]) }
}

fn gain() -> ParamSpec {
    float("dB", [-60.0, 12.0], Taper::Linear)
}

#[test]
fn values_are_written_with_unit_and_no_negative_zero() {
    assert_eq!(gain().text_of(-6.0), "-6.0 dB");
    assert_eq!(gain().text_of(-0.04), "0.0 dB");
    assert_eq!(float("", [0.0, 1.0], Taper::Linear).text_of(0.25), "0.250");
    assert_eq!(float("%", [0.0, 100.0], Taper::Linear).text_of(50.0), "50.0 %");
    let semitones = float("st", [-12.0, 12.0], Taper::Linear);
    assert_eq!(semitones.text_of(7.0), "+7.0 st");
    assert_eq!(semitones.text_of(0.01), "0.0 st");
    assert_eq!(semitones.text_of(-7.0), "-7.0 st");
}

#[test]
fn decimals_follow_from_step_magnitude_or_width() {
    let stepped = ParamSpec { step: 0.25, ..float("s", [0.0, 2.0], Taper::Linear) };
    assert_eq!(stepped.text_of(0.5), "0.50 s");
    let int = Place::root().int("x", None, [1.0, 16.0], 8.0);
    assert_eq!(int.text_of(8.0), "8");
    let rate = float("Hz", [0.01, 20.0], Taper::Log);
    assert_eq!(rate.text_of(0.025), "0.0250 Hz");
    assert_eq!(rate.text_of(9.996), "10.0 Hz");
}

#[test]
fn frequencies_turn_into_kilohertz_where_they_read_as_1000() {
    let cutoff = float("Hz", [20.0, 20_000.0], Taper::Log);
    assert_eq!(cutoff.text_of(440.0), "440.0 Hz");
    assert_eq!(cutoff.text_of(999.94), "999.9 Hz");
    assert_eq!(cutoff.text_of(999.96), "1.00 kHz");
    assert_eq!(cutoff.text_of(2000.0), "2.00 kHz");
    for same in ["2k", "2 kHz", "2khz", "2000", "2000 hz", " 2.0K "] {
        assert_eq!(cutoff.value_of(same), Some(2000.0), "{same}");
    }
}

#[test]
fn times_are_read_in_either_unit() {
    let attack = float("ms", [0.1, 1000.0], Taper::Log);
    assert_eq!(attack.value_of("250 ms"), Some(250.0));
    assert_eq!(attack.value_of("0.25 s"), Some(250.0));
    let time = float("s", [0.0, 4.0], Taper::Linear);
    assert_eq!(time.value_of("250ms"), Some(0.25));
    assert_eq!(time.value_of("0.25"), Some(0.25));
}

#[test]
fn minus_infinity_is_the_smallest_level_and_written_where_it_is_silence() {
    assert_eq!(gain().value_of("-inf dB"), Some(-60.0));
    assert_eq!(gain().text_of(-60.0), "-60.0 dB");
    let fader = float("dB", [-120.0, 12.0], Taper::Linear);
    assert_eq!(fader.text_of(-120.0), "-inf dB");
    assert_eq!(fader.text_of(-119.97), "-inf dB");
    assert_eq!(fader.text_of(-119.9), "-119.9 dB");
    assert_eq!(fader.value_of("-INF"), Some(-120.0));
}

#[test]
fn keys_switches_and_choices_have_words() {
    let key = ParamSpec { unit: "note", ..Place::root().int("x", None, [0.0, 127.0], 60.0) };
    assert_eq!(key.text_of(61.0), "C#4");
    for same in ["C#4", "c#4", "Db4", "61"] {
        assert_eq!(key.value_of(same), Some(61.0));
    }
    assert_eq!(key.value_of("C10"), None);
    let switch = Place::root().boolean("x", None, false);
    assert_eq!((switch.text_of(1.0), switch.text_of(0.0)), ("On".into(), "Off".into()));
    assert_eq!((switch.value_of("TRUE"), switch.value_of("off")), (Some(1.0), Some(0.0)));
    assert_eq!(switch.value_of("perhaps"), None);
    let kind = ParamKind::Choice(&["Low pass", "Über"]);
    let choice = ParamSpec { kind, max: 1.0, ..switch };
    assert_eq!(choice.text_of(1.0), "Über");
    assert_eq!((choice.value_of("low PASS"), choice.value_of("über")), (Some(0.0), Some(1.0)));
    assert_eq!(choice.value_of("high pass"), None);
}

#[test]
fn what_was_written_can_be_read() {
    for plain in [-60.0, -6.0, 0.0, 12.0] {
        assert_eq!(gain().value_of(&gain().text_of(plain)), Some(plain));
    }
    for same in ["-6", " -6.0dB ", "-6 db", "-6.0 DB"] {
        assert_eq!(gain().value_of(same), Some(-6.0));
    }
}

#[test]
fn what_is_no_value_is_refused() {
    for wrong in ["", "dB", "loud", "nan", "inf", "13", "-61 dB", "6 Hz", "ﬀ", "1e999"] {
        assert_eq!(gain().value_of(wrong), None, "{wrong}");
    }
}

fn any_taper() -> impl Strategy<Value = Taper> {
    prop_oneof![
        Just(Taper::Linear),
        Just(Taper::Log),
        (0.1..4.0).prop_map(Taper::Skew),
        (0.1..4.0).prop_map(Taper::Symmetric),
    ]
}

/// A declaration as the derive would let it pass, and a value that it can have.
fn any_spec() -> impl Strategy<Value = (ParamSpec, f64)> {
    const UNITS: [&str; 10] = ["", "dB", "Hz", "%", "ms", "s", "st", "x", "µs", "k"];
    let unit = prop::sample::select(&UNITS[..]);
    let step = prop_oneof![Just(0.0), Just(0.1), Just(0.25), Just(1.0), Just(50.0)];
    let low = prop_oneof![-2000.0..2000.0_f64, 0.0..0.1_f64];
    let width = prop_oneof![0.001..30_000.0_f64, 0.001..10.0_f64];
    // The ends, anywhere, and just below a power of ten, where rounding carries.
    let place = prop_oneof![
        Just((0.0_f64, 0_i32)),
        Just((1.0, 0)),
        (0.0..=1.0, Just(0)),
        (0.9995..1.0, prop_oneof![-2..=-1, 1..=3]),
    ];
    let parts = (unit, any_taper(), low, width, step, place);
    parts.prop_map(|(unit, taper, low, width, step, (at, power))| {
        let low = if taper == Taper::Log { low.abs() + 0.001 } else { low };
        let width = if step > 0.0 { step * (width / step).ceil() } else { width };
        let spec = ParamSpec { step, ..float(unit, [low, low + width], taper) };
        let plain = if power == 0 { low + width * at } else { at * 10_f64.powi(power) };
        let plain = spec.nearest(plain).unwrap();
        (spec, plain)
    })
}

/// Half of the last decimal of a number as it was written.
fn precision(text: &str) -> f64 {
    let number = text.split(' ').next().unwrap();
    let decimals = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let scale = if text.ends_with(" kHz") { 1000.0 } else { 1.0 };
    scale * 0.5 / 10_f64.powi(i32::try_from(decimals).unwrap())
}

proptest! {
    #[test]
    fn a_text_reads_back_within_its_precision_and_is_written_the_same((spec, plain) in any_spec()) {
        let text = spec.text_of(plain);
        let read = spec.value_of(&text);
        let read = read.ok_or_else(|| TestCaseError::fail(format!("{text} is refused")))?;
        prop_assert!((spec.min..=spec.max).contains(&read));
        let half = if text == "-inf dB" { 0.05 } else { precision(&text) };
        prop_assert!((read - plain).abs() <= half.max(spec.step / 2.0) * 1.001, "{plain} {text} {read}");
        prop_assert_eq!(spec.text_of(read), text);
    }

    #[test]
    fn no_text_is_read_as_a_value_outside((spec, _) in any_spec(), text in "-?[0-9]{1,5}(\\.[0-9]{1,3})?( ?(k|kHz|Hz|dB|ms|s|st|%))?") {
        let value = spec.value_of(&text);
        prop_assert!(value.is_none_or(|value| (spec.min..=spec.max).contains(&value)));
    }

    #[test]
    fn every_key_comes_back(key in -200_i32..400) {
        let spec = ParamSpec { unit: "note", ..Place::root().int("x", None, [-200.0, 400.0], 0.0) };
        let key = f64::from(key);
        prop_assert_eq!(spec.value_of(&spec.text_of(key)), Some(key));
    }
}
