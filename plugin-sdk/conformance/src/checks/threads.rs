//! Threads, and hosts that offer little.

use std::sync::mpsc;

use anyhow::{Result, bail, ensure};

use super::{Check, check};
use crate::audio::Audio;
use crate::case::{BLOCK, Case, RATE, Verdict, random_values};
use crate::events::Event;
use crate::host;
use crate::score::{Score, Shape, play};

pub(super) const CHECKS: &[Check] = &[
    check("threads-host-calls", host_calls),
    check("threads-audio-thread-changes", audio_thread_changes),
    check("threads-main-beside-audio", main_beside_audio),
    check("host-without-extensions", host_without_extensions),
];

/// A plugin's calls to its host come from the threads they belong to, over a whole life.
fn host_calls(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let params = instance.writable_params()?;
    for _ in 0..3 {
        let values = random_values(&params, &mut rng);
        let events = values.iter().map(|&(id, value)| Event::param(3, id, value));
        instance.hear(&instance.score(4096, &mut rng)?.with(events))?;
        if instance.has_state() {
            instance.load(&instance.saved()?, usize::MAX)?;
        }
        instance.on_main_thread()?;
    }
    drop(instance);
    match host::wrongs().first() {
        Some(wrong) => bail!("{wrong}"),
        None => Ok(Verdict::Passed),
    }
}

/// The audio thread is a role: each run of blocks may come from another thread, and no reset is
/// needed between.
fn audio_thread_changes(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let score = instance.score(4 * BLOCK, &mut case.rng())?;
    let shape = Shape::of(&instance)?;
    instance.activate(RATE, u32::try_from(BLOCK)?)?;
    for turn in 0..5 {
        let work = |audio: Audio<'_>| {
            if turn == 0 {
                audio.start()?;
            }
            play(audio, &shape, &score, || BLOCK)?;
            if turn == 4 { audio.stop() } else { Ok(()) }
        };
        instance.on_audio_thread(work, || Ok(()))?;
    }
    instance.deactivate()?;
    Ok(Verdict::Passed)
}

/// The main thread reads, writes texts, saves and loads while the audio thread plays.
fn main_beside_audio(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let params = instance.params()?;
    let score = instance.score(64 * BLOCK, &mut rng)?;
    let shape = Shape::of(&instance)?;
    instance.activate(RATE, u32::try_from(BLOCK)?)?;
    // The audio thread starts before the main thread begins, and stops after it has ended.
    let (started, is_started) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel::<()>();
    let playing = move |audio: Audio<'_>| {
        audio.start()?;
        started.send(())?;
        play(audio, &shape, &score, || 32)?;
        // An error, too, says that the main thread is through.
        let _ = has_ended.recv();
        audio.stop()
    };
    let (instance, params) = (&instance, &params);
    let beside = move || {
        is_started.recv()?;
        let _ended_when_dropped = ended;
        for _ in 0..100 {
            for param in params {
                let value = instance.known_value(param)?;
                ensure!((param.min..=param.max).contains(&value), "{:?} is {value}", param.name);
                instance.text(param.id, value)?;
            }
            if instance.has_state() {
                let saved = instance.saved()?;
                ensure!(instance.load(&saved, usize::MAX)?, "its own state was refused");
            }
            instance.on_main_thread()?;
        }
        Ok(())
    };
    instance.on_audio_thread(playing, beside)?;
    instance.deactivate()?;
    Ok(Verdict::Passed)
}

/// A host without any extension gets the same plugin.
fn host_without_extensions(case: &Case) -> Result<Verdict> {
    let (bare, rich) = (case.instance_without_host_extensions()?, case.instance()?);
    let score = rich.score(8 * BLOCK, &mut case.rng())?;
    rich.hear(&score)?.must_equal(&bare.hear(&score)?, "with and without host extensions")?;
    if bare.has_state() {
        ensure!(bare.load(&rich.saved()?, usize::MAX)?, "the state was refused");
    }
    bare.hear(&Score::silence(&Shape::of(&bare)?, BLOCK))?;
    Ok(Verdict::Passed)
}
