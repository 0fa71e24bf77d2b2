//! Saved states: the same bytes, the same sound, through any stream, and nothing from a wrong one.

use std::sync::atomic::Ordering;

use anyhow::{Result, ensure};

use super::{Check, check};
use crate::case::{BLOCK, Case, RATE, Verdict, must_be_same, random_values};
use crate::events::Event;
use crate::instance::Instance;
use crate::score::{Score, Shape, play};

pub(super) const CHECKS: &[Check] = &[
    check("state-invalid-empty", invalid_empty),
    check("state-invalid-random", invalid_random),
    check("state-invalid-truncated", invalid_truncated),
    check("state-reproducibility-basic", reproducibility_basic),
    check("state-reproducibility-binary", reproducibility_binary),
    check("state-reproducibility-buffered", reproducibility_buffered),
    check("state-stream-full", stream_full),
    check("state-after-flush", after_flush),
    check("state-after-process", after_process),
    check("state-rescan", rescan),
    check("state-sound", sound),
    check("state-load-while-active", load_while_active),
];

const NONE: Verdict = Verdict::Skipped("no state");

/// An instance with random values, or `None` for a plugin without a state.
fn varied(case: &Case) -> Result<Option<Instance<'_>>> {
    let instance = case.instance()?;
    if !instance.has_state() {
        return Ok(None);
    }
    let params = instance.writable_params()?;
    if !params.is_empty() {
        instance.set(&random_values(&params, &mut case.rng()))?;
    }
    Ok(Some(instance))
}

/// The bytes are refused and leave the plugin as it was.
fn must_refuse(instance: &Instance<'_>, bytes: &[u8], what: &str) -> Result<()> {
    let (values, state) = (instance.values()?, instance.saved()?);
    let is_loaded = instance.load(bytes, usize::MAX)?;
    let changed = (instance.values()? != values, instance.saved()? != state);
    ensure!(!is_loaded, "{what} was loaded, expected to be refused");
    ensure!(changed == (false, false), "{what} was refused and has changed the plugin");
    Ok(())
}

fn invalid_empty(case: &Case) -> Result<Verdict> {
    let Some(instance) = varied(case)? else { return Ok(NONE) };
    must_refuse(&instance, &[], "an empty state")?;
    Ok(Verdict::Passed)
}

/// Random bytes alone, and behind a beginning that is right.
fn invalid_random(case: &Case) -> Result<Verdict> {
    let Some(instance) = varied(case)? else { return Ok(NONE) };
    let (good, mut rng) = (instance.saved()?, case.rng());
    for length in [1, 7, 64, 1000, 1 << 20] {
        for kept in [0, good.len() / 2] {
            let noise = (0..length).map(|_| rng.next().to_le_bytes()[7]);
            let bytes: Vec<u8> = good[..kept].iter().copied().chain(noise).collect();
            let what = format!("{length} random bytes behind {kept} good ones");
            must_refuse(&instance, &bytes, &what)?;
        }
    }
    Ok(Verdict::Passed)
}

fn invalid_truncated(case: &Case) -> Result<Verdict> {
    let Some(instance) = varied(case)? else { return Ok(NONE) };
    let good = instance.saved()?;
    // Cut everywhere in a short state, at 500 places in a long one.
    for cut in (0..good.len()).rev().step_by(good.len() / 500 + 1) {
        must_refuse(&instance, &good[..cut], &format!("{cut} of {} bytes", good.len()))?;
    }
    Ok(Verdict::Passed)
}

/// Saves, loads into a new instance with these stream sizes, and saves that one.
fn there_and_back(case: &Case, taken: usize, given: usize) -> Result<Option<[Vec<u8>; 2]>> {
    let Some(first) = varied(case)? else { return Ok(None) };
    let params = first.params()?;
    let values = first.values()?;
    let Some(saved) = first.save(taken, usize::MAX)? else {
        anyhow::bail!("`state.save` returned false on a stream of {taken} bytes at a time");
    };
    let whole = first.saved()?;
    ensure!(saved == whole, "saved twice, the same plugin gave different bytes");
    drop(first);
    let second = case.instance()?;
    let is_loaded = second.load(&saved, given)?;
    ensure!(is_loaded, "the plugin's own state was refused, {given} bytes at a time");
    must_be_same(&params, &values, &second.values()?, "after a load")?;
    Ok(Some([saved, second.saved()?]))
}

fn reproducibility_basic(case: &Case) -> Result<Verdict> {
    let Some(first) = varied(case)? else { return Ok(NONE) };
    let (params, values, saved) = (first.params()?, first.values()?, first.saved()?);
    drop(first);
    let second = case.instance()?;
    ensure!(second.load(&saved, usize::MAX)?, "the plugin's own state was refused");
    must_be_same(&params, &values, &second.values()?, "after a load")?;
    let third = case.instance()?;
    ensure!(third.load(&second.saved()?, usize::MAX)?, "the state saved again was refused");
    must_be_same(&params, &values, &third.values()?, "after a second load")?;
    Ok(Verdict::Passed)
}

fn reproducibility_binary(case: &Case) -> Result<Verdict> {
    let Some([first, second]) = there_and_back(case, usize::MAX, usize::MAX)? else {
        return Ok(NONE);
    };
    ensure!(first == second, "saved, loaded, saved: the bytes differ");
    Ok(Verdict::Passed)
}

fn reproducibility_buffered(case: &Case) -> Result<Verdict> {
    for (taken, given) in [(23, 17), (1, 1), (usize::MAX, 3)] {
        let Some([first, second]) = there_and_back(case, taken, given)? else {
            return Ok(NONE);
        };
        ensure!(first == second, "through a stream of {taken} and {given} bytes the bytes differ");
    }
    Ok(Verdict::Passed)
}

/// A stream that takes no more is a save that failed.
fn stream_full(case: &Case) -> Result<Verdict> {
    let Some(instance) = varied(case)? else { return Ok(NONE) };
    let length = instance.saved()?.len();
    for room in [0, length / 2, length - 1] {
        let saved = instance.save(usize::MAX, room)?;
        ensure!(saved.is_none(), "{length} bytes were \"saved\" to a stream with room for {room}");
    }
    Ok(Verdict::Passed)
}

/// The state holds the values, however they were set: `saved` must load into them.
fn must_hold(case: &Case, instance: &Instance<'_>, what: &str) -> Result<()> {
    let (params, values) = (instance.params()?, instance.values()?);
    let other = case.instance()?;
    ensure!(other.load(&instance.saved()?, usize::MAX)?, "{what} the state was refused");
    must_be_same(&params, &values, &other.values()?, what)
}

fn after_flush(case: &Case) -> Result<Verdict> {
    let Some(instance) = varied(case)? else { return Ok(NONE) };
    must_hold(case, &instance, "saved after a flush")?;
    let params = instance.writable_params()?;
    let values = random_values(&params, &mut case.rng());
    let events: Vec<_> = values.iter().map(|&(id, value)| Event::param(0, id, value)).collect();
    instance.run(|audio, _| audio.flush(&events))?;
    must_hold(case, &instance, "saved after a flush while active")?;
    Ok(Verdict::Passed)
}

fn after_process(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    if !instance.has_state() {
        return Ok(NONE);
    }
    let params = instance.writable_params()?;
    let values = random_values(&params, &mut case.rng());
    let events = values.iter().map(|&(id, value)| Event::param(7, id, value));
    instance.hear(&instance.score(BLOCK, &mut case.rng())?.with(events))?;
    must_hold(case, &instance, "saved after a block")?;
    Ok(Verdict::Passed)
}

/// A load that changes values tells the host so.
fn rescan(case: &Case) -> Result<Verdict> {
    let Some(first) = varied(case)? else { return Ok(NONE) };
    let saved = first.saved()?;
    let second = case.instance()?;
    let before = second.values()?;
    ensure!(second.load(&saved, usize::MAX)?, "the plugin's own state was refused");
    second.on_main_thread()?;
    let is_changed = second.values()? != before;
    let is_told = second.host.value_rescans.load(Ordering::Relaxed) > 0;
    ensure!(is_told || !is_changed, "a load changed values, and no `params.rescan` came");
    Ok(Verdict::Passed)
}

/// A new instance with the state sounds like the one that saved it.
fn sound(case: &Case) -> Result<Verdict> {
    let Some(first) = varied(case)? else { return Ok(NONE) };
    let score = first.score(4096, &mut case.rng())?;
    let saved = first.saved()?;
    let second = case.instance()?;
    ensure!(second.load(&saved, usize::MAX)?, "the plugin's own state was refused");
    first.hear(&score)?.must_equal(&second.hear(&score)?, "the one that saved, and the loaded")?;
    Ok(Verdict::Passed)
}

/// The same while the second one is active: the state is loaded between two blocks.
fn load_while_active(case: &Case) -> Result<Verdict> {
    let Some(first) = varied(case)? else { return Ok(NONE) };
    let score = first.score(4096, &mut case.rng())?;
    let saved = first.saved()?;
    let expected = first.hear(&score)?;
    let second = case.instance()?;
    let shape = Shape::of(&second)?;
    second.activate(RATE, u32::try_from(BLOCK)?)?;
    let silence = Score::silence(&shape, BLOCK);
    second.on_audio_thread(
        |audio| {
            audio.start()?;
            play(audio, &shape, &silence, || BLOCK)
        },
        || Ok(()),
    )?;
    ensure!(second.load(&saved, usize::MAX)?, "the state was refused while active");
    let heard = second.on_audio_thread(
        |audio| {
            audio.reset()?;
            let heard = play(audio, &shape, &score, || BLOCK)?;
            audio.stop()?;
            Ok(heard)
        },
        || Ok(()),
    )?;
    second.deactivate()?;
    expected.must_equal(&heard, "the one that saved, and the one that was loaded while active")?;
    Ok(Verdict::Passed)
}
