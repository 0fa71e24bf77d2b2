//! Blocks of all sizes and rates, in place and not, silence, denormals, the heap.

use anyhow::{Context as _, Result, bail, ensure};
use clap_sys::process::{
    CLAP_PROCESS_CONTINUE_IF_NOT_QUIET, CLAP_PROCESS_SLEEP, CLAP_PROCESS_TAIL,
};

use super::{Check, check};
use crate::case::{BLOCK, Case, RATE, Verdict};
use crate::events::Event;
use crate::instance::Instance;
use crate::interpose;
use crate::rng::Rng;
use crate::score::{Heard, Score, Shape, play};

pub(super) const CHECKS: &[Check] = &[
    check("process-audio-basic-out-of-place", basic_out_of_place),
    check("process-audio-basic-in-place", basic_in_place),
    check("process-audible", audible),
    check("process-in-place-same-output", in_place_same_output),
    check("process-audio-denormals", denormals),
    check("process-sleep-constant-mask", constant_mask),
    check("process-sleep-process-status", process_status),
    check("process-varying-sample-rates", varying_sample_rates),
    check("process-varying-block-sizes", varying_block_sizes),
    check("process-random-block-sizes", random_block_sizes),
    check("process-splitting-invariance", splitting_invariance),
    check("process-no-allocation", no_allocation),
];

fn basic_out_of_place(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    instance.hear(&instance.score(8 * BLOCK, &mut case.rng())?)?;
    Ok(Verdict::Passed)
}

fn basic_in_place(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let mut score = instance.score(8 * BLOCK, &mut case.rng())?;
    score.is_in_place = true;
    instance.hear(&score)?;
    Ok(Verdict::Passed)
}

/// Noise and notes in, something out: else the other checks compare silence with silence.
fn audible(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let heard = instance.hear(&instance.score(32 * BLOCK, &mut case.rng())?)?;
    if heard.output.is_empty() {
        return Ok(Verdict::Skipped("no audio output"));
    }
    ensure!(heard.peak_from(0) > 1e-4, "noise and notes with default values give silence");
    Ok(Verdict::Passed)
}

fn in_place_same_output(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let mut score = instance.score(8 * BLOCK, &mut case.rng())?;
    let apart = instance.hear(&score)?;
    score.is_in_place = true;
    apart.must_equal(&instance.hear(&score)?, "out of place and in place")?;
    Ok(Verdict::Passed)
}

/// Denormal numbers go in, none come out; and none remain inside, as far as output shows it.
fn denormals(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let mut score = Score::noise(&Shape::of(&instance)?, 16 * BLOCK, &mut rng);
    for sample in score.input.iter_mut().flatten() {
        *sample *= f32::MIN_POSITIVE;
    }
    // Behind them a signal that has almost died away, for filters and feedback to carry on.
    for channel in &mut score.input {
        channel[8 * BLOCK] = f32::MIN_POSITIVE * 16.0;
        channel[8 * BLOCK + 1..].fill(0.0);
    }
    instance.hear(&score)?;
    Ok(if score.input.is_empty() { Verdict::Skipped("no audio input") } else { Verdict::Passed })
}

/// Silence, noise, silence; channels that are constant are marked so in the input.
fn rest_noise_rest(instance: &Instance<'_>, rng: &mut Rng) -> Result<Score> {
    let shape = Shape::of(instance)?;
    let mut score = Score::silence(&shape, 48 * BLOCK);
    let loud = instance.score(4 * BLOCK, rng)?;
    for (channel, loud) in score.input.iter_mut().zip(&loud.input) {
        channel[BLOCK..5 * BLOCK].copy_from_slice(loud);
    }
    let start = u32::try_from(BLOCK)?;
    Ok(score.with(loud.events.iter().map(|event| event.at(event.time() + start))))
}

/// What the plugin marks as constant is so; the loop that plays looks at it in every block.
fn constant_mask(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    instance.hear(&rest_noise_rest(&instance, &mut case.rng())?)?;
    Ok(Verdict::Passed)
}

/// After a status that lets the host stop calling, silence in gives silence out.
fn process_status(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let score = rest_noise_rest(&instance, &mut case.rng())?;
    let heard = instance.hear(&score)?;
    let tail = instance.tail()?;
    let mut begin = 0;
    // Only the last silence has no input behind it.
    for &(frames, status) in &heard.blocks {
        begin += frames;
        if begin <= 6 * BLOCK {
            continue;
        }
        let quiet_from = match (status, tail) {
            (CLAP_PROCESS_SLEEP, _) => begin,
            (CLAP_PROCESS_CONTINUE_IF_NOT_QUIET, _) if is_silent(&heard, begin - frames, begin) => {
                begin
            }
            (CLAP_PROCESS_TAIL, Some(tail)) if tail < i32::MAX.unsigned_abs() => {
                begin + tail as usize
            }
            (CLAP_PROCESS_TAIL, None) => {
                bail!("the status is tail, but there is no tail extension")
            }
            _ => continue,
        };
        let peak = heard.peak_from(quiet_from.min(score.frames));
        ensure!(peak == 0.0, "after status {status} at frame {begin} a peak of {peak:e} came");
    }
    Ok(Verdict::Passed)
}

fn is_silent(heard: &Heard, begin: usize, end: usize) -> bool {
    heard.output.iter().all(|channel| channel[begin..end].iter().all(|sample| *sample == 0.0))
}

fn varying_sample_rates(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    for rate in [
        8000.0,
        22_050.0,
        44_100.0,
        48_000.0,
        88_200.0,
        96_000.0,
        192_000.0,
        384_000.0,
        768_000.0,
        1_234.567_8,
        12_345.678,
        45_678.901,
        123_456.78,
    ] {
        let score = instance.score(4 * BLOCK, &mut rng)?;
        instance
            .run_at(rate, BLOCK, |audio, shape| play(audio, shape, &score, || BLOCK))
            .with_context(|| format!("at {rate} Hz"))?;
    }
    Ok(Verdict::Passed)
}

fn varying_block_sizes(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    for size in [1, 10, 17, 256, 1024, 1536, 2027, 4096, 16_384] {
        let score = instance.score((4 * size).clamp(64, 20_000), &mut rng)?;
        instance
            .run_at(RATE, size, |audio, shape| play(audio, shape, &score, || size))
            .with_context(|| format!("blocks of {size} frames"))?;
    }
    Ok(Verdict::Passed)
}

fn random_block_sizes(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let score = instance.score(20_000, &mut rng)?;
    instance.run_at(RATE, 2048, |audio, shape| {
        let next = || if rng.one_in(5) { 1 } else { 1 + rng.below(2048) as usize };
        play(audio, shape, &score, next)
    })?;
    Ok(Verdict::Passed)
}

/// The same input and events give the same output, however time is cut into blocks.
fn splitting_invariance(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let score = busy_score(&instance, 8192, &mut rng)?;
    // Each instance comes to the score with its defaults.
    let whole =
        case.instance()?.run_at(RATE, 8192, |audio, shape| play(audio, shape, &score, || 8192))?;
    for cut in [64, 1, 0] {
        let parts = case.instance()?.run_at(RATE, 8192, |audio, shape| {
            let next = || if cut == 0 { 1 + rng.below(700) as usize } else { cut };
            play(audio, shape, &score, next)
        })?;
        let size = if cut == 0 { "random sizes".to_owned() } else { format!("{cut} frames") };
        whole.must_equal(&parts, &format!("one block, and blocks of {size}"))?;
    }
    Ok(Verdict::Passed)
}

/// Notes, and a value for some parameter about every 100 frames.
fn busy_score(instance: &Instance<'_>, frames: u32, rng: &mut Rng) -> Result<Score> {
    let params = instance.writable_params()?;
    let mut score = instance.score(frames as usize, rng)?;
    for _ in 0..frames / 100 {
        let Some(param) = rng.clone().pick(&params) else { break };
        let value = param.random(rng);
        score.events.push(Event::param(rng.below(frames), param.id, value));
    }
    Ok(score.with([]))
}

fn no_allocation(case: &Case) -> Result<Verdict> {
    if !interpose::SUPPORTED {
        return Ok(Verdict::Skipped("heap calls are counted with glibc only"));
    }
    let (instance, mut rng) = (case.instance()?, case.rng());
    let score = busy_score(&instance, 16_384, &mut rng)?;
    let calls = instance.run(|audio, shape| {
        // A thread's first block may make its thread-locals.
        play(audio, shape, &Score::silence(shape, BLOCK), || BLOCK)?;
        Ok(play(audio, shape, &score, || BLOCK)?.heap_calls)
    })?;
    ensure!(calls == 0, "`process` made {calls} calls to the heap, expected none");
    Ok(Verdict::Passed)
}
