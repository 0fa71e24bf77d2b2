//! Activation, reset, latency and tail.

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};

use super::{Check, check};
use crate::audio::Audio;
use crate::case::{BLOCK, Case, RATE, Verdict, random_values};
use crate::events::Event;
use crate::score::{Score, Shape, play};

pub(super) const CHECKS: &[Check] = &[
    check("activation-cycles", activation_cycles),
    check("process-reset-reactivate", reset_reactivate),
    check("reset-silence", reset_silence),
    check("latency-constant", latency_constant),
    check("tail-constant", tail_constant),
];

/// Ten activations at changing rates and sizes, with and without a block, starts without a stop.
fn activation_cycles(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let score = instance.score(1000, &mut rng)?;
    for cycle in 0..10 {
        let rate = [44_100.0, 48_000.0, 96_000.0][cycle % 3];
        let size = [64, 512, 1][cycle % 3];
        instance.run_at(rate, size, |audio, shape| {
            if cycle % 2 == 0 {
                play(audio, shape, &score, || size)?;
                audio.stop()?;
                audio.start()?;
                play(audio, shape, &score, || size)?;
            }
            Ok(())
        })?;
        instance.activate(rate, 32)?;
        instance.deactivate()?;
    }
    Ok(Verdict::Passed)
}

/// After a reset, and after a new activation, the plugin sounds as it did at first.
fn reset_reactivate(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let score = instance.score(4096, &mut case.rng())?;
    let (fresh, reset) = instance.run(|audio, shape| {
        let fresh = play(audio, shape, &score, || BLOCK)?;
        audio.reset()?;
        Ok((fresh, play(audio, shape, &score, || BLOCK)?))
    })?;
    fresh.must_equal(&reset, "before and after `reset`")?;
    let again = instance.hear(&score)?;
    fresh.must_equal(&again, "before and after a new activation")?;
    Ok(Verdict::Passed)
}

/// After a reset, silence goes in and silence comes out, whatever sounded before.
fn reset_silence(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let loud = instance.score(4096, &mut case.rng())?;
    let silence = Score::silence(&Shape::of(&instance)?, 8192);
    let (alone, after) = instance.run(|audio, shape| {
        let alone = play(audio, shape, &silence, || BLOCK)?;
        play(audio, shape, &loud, || BLOCK)?;
        audio.reset()?;
        Ok((alone, play(audio, shape, &silence, || BLOCK)?))
    })?;
    if alone.peak_from(0) > 0.0 {
        return Ok(Verdict::Skipped("the plugin sounds without input"));
    }
    let peak = after.peak_from(0);
    ensure!(peak == 0.0, "after `reset`, silence in gives a peak of {peak:e}, expected silence");
    Ok(Verdict::Passed)
}

/// While a plugin is active its latency stays, whatever it plays and whatever is set.
fn latency_constant(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let params = instance.writable_params()?;
    instance.activate(RATE, u32::try_from(BLOCK)?)?;
    let Some(before) = instance.latency()? else {
        return Ok(Verdict::Skipped("no latency extension"));
    };
    let shape = Shape::of(&instance)?;
    for _ in 0..10 {
        let values = random_values(&params, &mut rng);
        let events = values.iter().map(|&(id, value)| Event::param(0, id, value));
        let score = Score::noise(&shape, 1024, &mut rng).with(events);
        let played = |audio: Audio<'_>| {
            audio.start()?;
            play(audio, &shape, &score, || BLOCK)?;
            audio.stop()
        };
        instance.on_audio_thread(played, || Ok(()))?;
        let after = instance.latency()?;
        ensure!(after == Some(before), "the active plugin's latency was {before}, is {after:?}");
    }
    instance.deactivate()?;
    Ok(Verdict::Passed)
}

/// The tail changes only with a word to the host.
fn tail_constant(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    if instance.tail()?.is_none() {
        return Ok(Verdict::Skipped("no tail extension"));
    }
    let params = instance.writable_params()?;
    let changes = &instance.host.tail_changes;
    instance.run(|audio, shape| {
        let mut last = audio.tail()?;
        for _ in 0..10 {
            let told = changes.load(Ordering::Relaxed);
            let values = random_values(&params, &mut rng);
            let events = values.iter().map(|&(id, value)| Event::param(0, id, value));
            let score = Score::noise(shape, 1024, &mut rng).with(events);
            play(audio, shape, &score, || BLOCK)?;
            let (now, is_told) = (audio.tail()?, changes.load(Ordering::Relaxed) != told);
            ensure!(now == last || is_told, "the tail went from {last:?} to {now:?} in silence");
            last = now;
        }
        Ok(())
    })?;
    Ok(Verdict::Passed)
}
