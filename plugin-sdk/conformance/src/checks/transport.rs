//! The host's transport: none, random ones, changes within a block.

use anyhow::{Context as _, Result};
use clap_sys::events::clap_event_transport;

use super::{Check, check};
use crate::case::{BLOCK, Case, Verdict};
use crate::events::{Event, transport_header};
use crate::rng::Rng;

pub(super) const CHECKS: &[Check] = &[
    check("transport-null", null),
    check("transport-fuzz", fuzz),
    check("transport-fuzz-sample-accurate", fuzz_sample_accurate),
];

fn null(case: &Case) -> Result<Verdict> {
    let instance = case.instance()?;
    let score = instance.score(8 * BLOCK, &mut case.rng())?;
    instance.hear(&score)?;
    Ok(Verdict::Passed)
}

fn fuzz(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    let mut score = instance.score(64 * BLOCK, &mut rng)?;
    score.transports = (0..64).map(|_| random(&mut rng)).collect();
    instance.hear(&score)?;
    Ok(Verdict::Passed)
}

fn fuzz_sample_accurate(case: &Case) -> Result<Verdict> {
    let (instance, mut rng) = (case.instance()?, case.rng());
    for distance in [1, 100, 1000] {
        let mut score = instance.score(4 * BLOCK, &mut rng)?;
        score.transports = vec![random(&mut rng)];
        let frames = (0..u32::try_from(score.frames)?).step_by(distance);
        let events: Vec<_> =
            frames.map(|frame| Event::transport(frame, random(&mut rng))).collect();
        instance
            .hear(&score.with(events))
            .with_context(|| format!("a transport every {distance} frames"))?;
    }
    Ok(Verdict::Passed)
}

/// Any set of flags; a tempo and positions as far apart as hosts may have them.
fn random(rng: &mut Rng) -> clap_event_transport {
    let mut position = || {
        // CLAP's fixed point has 31 bits behind the point; up to two hours.
        let whole = i64::from(rng.below(7200)) << 31;
        whole + i64::from(rng.below(1 << 31)) - (1 << 33)
    };
    let [beats, seconds, start_beats, start_seconds, bar] = [(); 5].map(|()| position());
    clap_event_transport {
        header: transport_header(0),
        flags: rng.below(256),
        song_pos_beats: beats,
        song_pos_seconds: seconds,
        tempo: rng.between(0.1, 999.0),
        tempo_inc: if rng.one_in(2) { 0.0 } else { rng.between(-0.1, 0.1) },
        loop_start_beats: start_beats,
        loop_end_beats: start_beats + (16 << 31),
        loop_start_seconds: start_seconds,
        loop_end_seconds: start_seconds + (8 << 31),
        bar_start: bar,
        bar_number: i32::try_from(rng.below(1000)).unwrap_or(0) - 4,
        tsig_num: u16::try_from(1 + rng.below(16)).unwrap_or(4),
        tsig_denom: 1 << rng.below(5),
    }
}
