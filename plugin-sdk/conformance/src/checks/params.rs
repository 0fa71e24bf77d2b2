//! Parameters: what they are, what sets them, what random values do.

use std::ptr::null_mut;

use anyhow::{Context as _, Result, ensure};
use clap_sys::ext::params::{CLAP_PARAM_IS_BYPASS, CLAP_PARAM_IS_ENUM, CLAP_PARAM_IS_STEPPED};

use super::{Check, check};
use crate::case::{BLOCK, Case, Verdict, must_be_same, random_values};
use crate::events::{Address, Event, Output};
use crate::instance::{Cookie, Instance, Param};
use crate::rng::Rng;
use crate::score::{Score, Shape, play};

pub(super) const CHECKS: &[Check] = &[
    check("param-infos", infos),
    check("param-default-values", default_values),
    check("param-conversions", conversions),
    check("param-set-events", |case| set_events(case, true)),
    check("param-set-no-cookies", |case| set_events(case, false)),
    check("param-set-wrong-namespace", set_wrong_namespace),
    check("param-set-unknown-id", set_unknown_id),
    check("param-set-no-number", set_no_number),
    check("param-fuzz-basic", |case| fuzz(case, Param::random)),
    check("param-fuzz-bounds", |case| fuzz(case, bound)),
    check("param-fuzz-sample-accurate", fuzz_sample_accurate),
    check("param-fuzz-modulation", fuzz_modulation),
];

const NONE: Verdict = Verdict::Skipped("no parameters");

fn infos(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let params = instance.params()?;
    for (index, param) in params.iter().enumerate() {
        check_info(param).with_context(|| format!("parameter {:?}", param.name))?;
        let is_new = !params[..index].iter().any(|other| other.id == param.id);
        ensure!(is_new, "parameter {:?} has the id {} of another", param.name, param.id);
    }
    let n_bypass = params.iter().filter(|param| param.has(CLAP_PARAM_IS_BYPASS)).count();
    ensure!(n_bypass <= 1, "{n_bypass} parameters are the bypass");
    ensure!(params == case.instance()?.params()?, "a second instance has other parameters");
    instance.run(|_, _| Ok(()))?;
    ensure!(params == instance.params()?, "after an activation the parameters are others");
    if instance.has_params() {
        let beyond = instance.param(instance.param_count()?)?;
        ensure!(beyond.is_none(), "there is a parameter behind the last");
        ensure!(instance.value(unknown_id(&params))?.is_none(), "an unknown id has a value");
    }
    Ok(if params.is_empty() { NONE } else { Verdict::Passed })
}

fn check_info(param: &Param) -> Result<()> {
    let Param { min, max, default, .. } = *param;
    ensure!(param.id != u32::MAX, "it has the invalid id");
    ensure!(!param.name.is_empty(), "it has no name");
    ensure!(min.is_finite() && max.is_finite() && min < max, "its range is {min}..={max}");
    ensure!((min..=max).contains(&default), "its default {default} is outside {min}..={max}");
    let is_stepped = param.has(CLAP_PARAM_IS_STEPPED);
    let is_whole = [min, max, default].iter().all(|value| value.fract() == 0.0);
    ensure!(!is_stepped || is_whole, "it is stepped, but {min}, {max}, {default} are not whole");
    ensure!(is_stepped || !param.has(CLAP_PARAM_IS_ENUM), "it is an enum and not stepped");
    let is_switch =
        is_stepped && min.to_bits() == 0.0_f64.to_bits() && max.to_bits() == 1.0_f64.to_bits();
    ensure!(is_switch || !param.has(CLAP_PARAM_IS_BYPASS), "it is the bypass and no switch");
    Ok(())
}

fn default_values(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let params = instance.params()?;
    let defaults: Vec<f64> = params.iter().map(|param| param.default).collect();
    must_be_same(&params, &defaults, &instance.values()?, "of a new instance")?;
    Ok(if params.is_empty() { NONE } else { Verdict::Passed })
}

/// Value to text to value to text: all or none can, and after one rounding nothing moves.
fn conversions(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let (mut able, mut unable) = (0, 0);
    let params = instance.params()?;
    for param in &params {
        for step in 0..=50 {
            let value = param.min + (param.max - param.min) * f64::from(step) / 50.0;
            let value = if param.has(CLAP_PARAM_IS_STEPPED) { value.round() } else { value };
            if convert(&instance, param, value)? {
                able += 1;
            } else {
                unable += 1;
            }
        }
        for nonsense in ["", " ", "nonsense", "1e999", "--3", "\u{7f}", &"9".repeat(5000)] {
            let value = instance.value_of_text(param.id, nonsense)?;
            let is_in_range = value.is_none_or(|value| (param.min..=param.max).contains(&value));
            ensure!(is_in_range, "{:?} reads {nonsense:?} as {value:?}", param.name);
        }
    }
    ensure!(able == 0 || unable == 0, "{able} values have a text, {unable} have none");
    let unknown = unknown_id(&params);
    if instance.has_params() {
        ensure!(instance.text(unknown, 0.0)?.is_none(), "an unknown id has a text");
    }
    Ok(if params.is_empty() { NONE } else { Verdict::Passed })
}

/// One value there and back; false when the plugin has no text for it.
fn convert(instance: &Instance<'_>, param: &Param, value: f64) -> Result<bool> {
    let (id, name) = (param.id, &param.name);
    let Some(text) = instance.text(id, value)? else {
        return Ok(false);
    };
    let Some(read) = instance.value_of_text(id, &text)? else {
        return Ok(false);
    };
    ensure!((param.min..=param.max).contains(&read), "{name:?} reads {text:?} as {read}");
    let again = instance.text(id, read)?;
    ensure!(
        again.as_ref() == Some(&text),
        "{name:?} writes {value} as {text:?}, reads that as {read} and writes {again:?}"
    );
    let last = instance.value_of_text(id, &text)?;
    ensure!(last == Some(read), "{name:?} reads {text:?} as {read} and as {last:?}");
    if param.has(CLAP_PARAM_IS_STEPPED) {
        ensure!(param.is_same(read, value), "{name:?} writes {value} as {text:?}, reads {read}");
    }
    Ok(true)
}

/// Values set by a flush while inactive, by a block and by a flush while active are those that
/// were sent, with the plugin's cookies and with none.
fn set_events(case: &Case, has_cookies: bool) -> Result<Verdict> {
    let first = case.instance()?;
    let params = first.writable_params()?;
    if params.is_empty() {
        return Ok(NONE);
    }
    let sent = random_values(&params, &mut case.rng());
    let events = |instance: &Instance<'_>| -> Result<Vec<Event>> {
        let cookie = |id| if has_cookies { instance.cookie(id) } else { Ok(Cookie(null_mut())) };
        let event = |&(id, value)| Ok(Event::param(0, id, value).with_cookie(cookie(id)?));
        sent.iter().map(event).collect()
    };
    first.flush(&events(&first)?, &mut Output::new())?;
    must_be_set(&first, &params, &sent, "after a flush")?;

    let second = case.instance()?;
    let score = Score::silence(&Shape::of(&second)?, BLOCK).with(events(&second)?);
    second.hear(&score)?;
    must_be_set(&second, &params, &sent, "after a block")?;

    let third = case.instance()?;
    let events = events(&third)?;
    third.run(|audio, _| audio.flush(&events))?;
    must_be_set(&third, &params, &sent, "after a flush while active")?;
    Ok(Verdict::Passed)
}

fn must_be_set(
    instance: &Instance<'_>,
    params: &[Param],
    sent: &[(u32, f64)],
    what: &str,
) -> Result<()> {
    for (param, (_, expected)) in params.iter().zip(sent) {
        let value = instance.known_value(param)?;
        let name = &param.name;
        ensure!(param.is_same(value, *expected), "{what} {name:?} is {value}, expected {expected}");
    }
    Ok(())
}

fn set_wrong_namespace(case: &Case) -> Result<Verdict> {
    let wrong = |param: &Param, value| Event::param(0, param.id, value).in_space(0xb33f);
    ignored(case, "an event of another namespace", wrong)
}

fn set_unknown_id(case: &Case) -> Result<Verdict> {
    let unknown = unknown_id(&case.instance()?.params()?);
    ignored(case, "an event for an unknown id", |_, value| Event::param(0, unknown, value))
}

fn set_no_number(case: &Case) -> Result<Verdict> {
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let instance = case.instance()?;
        let params = instance.writable_params()?;
        let events: Vec<_> = params.iter().map(|param| Event::param(0, param.id, wrong)).collect();
        let score = instance.score(2048, &mut case.rng())?.with(events);
        instance.hear(&score).with_context(|| format!("parameters set to {wrong}"))?;
        for param in &params {
            let value = instance.known_value(param)?;
            let is_legal = (param.min..=param.max).contains(&value);
            ensure!(is_legal, "{:?} was set to {wrong} and is {value}", param.name);
        }
    }
    Ok(if case.instance()?.params()?.is_empty() { NONE } else { Verdict::Passed })
}

/// No value changes by these events, in a flush and in a block.
fn ignored(case: &Case, what: &str, event: impl Fn(&Param, f64) -> Event) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let params = instance.writable_params()?;
    if params.is_empty() {
        return Ok(NONE);
    }
    let before = instance.values()?;
    let events: Vec<_> = params.iter().map(|param| event(param, param.random(&mut rng))).collect();
    instance.flush(&events, &mut Output::new())?;
    must_be_same(&instance.params()?, &before, &instance.values()?, what)?;
    instance.hear(&instance.score(BLOCK, &mut rng)?.with(events))?;
    must_be_same(&instance.params()?, &before, &instance.values()?, what)?;
    Ok(Verdict::Passed)
}

fn unknown_id(params: &[Param]) -> u32 {
    let is_free = |id: &u32| params.iter().all(|param| param.id != *id);
    (0x1234_5678..u32::MAX).find(is_free).unwrap_or(0)
}

fn bound(param: &Param, rng: &mut Rng) -> f64 {
    if rng.one_in(2) { param.min } else { param.max }
}

/// Fifty sets of values, each for five blocks.
fn fuzz(case: &Case, value: fn(&Param, &mut Rng) -> f64) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let params = instance.writable_params()?;
    if params.is_empty() {
        return Ok(NONE);
    }
    let scores: Vec<Score> = (0..50)
        .map(|_| {
            let events: Vec<_> = params
                .iter()
                .map(|param| Event::param(0, param.id, value(param, &mut rng)))
                .collect();
            Ok(instance.score(5 * 128, &mut rng)?.with(events))
        })
        .collect::<Result<_>>()?;
    instance.run(|audio, shape| {
        for score in &scores {
            let values: Vec<_> = score.events.iter().take(params.len()).collect();
            play(audio, shape, score, || 128).with_context(|| format!("with {values:?}"))?;
        }
        Ok(())
    })?;
    Ok(Verdict::Passed)
}

/// Values at every 1, 10, 100, 1000 frames, and at random ones.
fn fuzz_sample_accurate(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let params = instance.writable_params()?;
    for distance in [1, 10, 100, 1000, 0] {
        let mut score = instance.score(4096, &mut rng)?;
        let mut frame = 0;
        while (frame as usize) < score.frames {
            if let Some(param) = rng.clone().pick(&params) {
                let value = param.random(&mut rng);
                score.events.push(Event::param(frame, param.id, value));
            }
            frame += if distance == 0 { rng.below(300) } else { distance };
        }
        instance
            .hear(&score.with([]))
            .with_context(|| format!("values at a distance of {distance} frames"))?;
    }
    Ok(if params.is_empty() { NONE } else { Verdict::Passed })
}

/// Modulation and values for single notes, whether the parameter takes them or not.
fn fuzz_modulation(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let params = instance.writable_params()?;
    if params.is_empty() {
        return Ok(NONE);
    }
    let mut score = instance.score(8192, &mut rng)?;
    for number in 0..400 {
        let Some(param) = rng.clone().pick(&params) else { break };
        let frame = rng.below(8192);
        let key = i16::try_from(rng.below(128))?;
        let to = match rng.below(3) {
            0 => Address::ALL,
            1 => Address { key, ..Address::ALL },
            _ => Address { id: number % 20, port: 0, channel: 0, key },
        };
        let reach = param.max - param.min;
        score.events.push(if rng.one_in(3) {
            Event::param_at(frame, param.id, param.random(&mut rng), to)
        } else {
            Event::modulation(frame, param.id, rng.between(-reach, reach), to)
        });
    }
    instance.hear(&score.with([]))?;
    for param in &params {
        let value = instance.known_value(param)?;
        let is_legal = (param.min..=param.max).contains(&value);
        ensure!(is_legal, "{:?} was modulated and its value is {value}", param.name);
    }
    Ok(Verdict::Passed)
}
