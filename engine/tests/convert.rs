//! Fixed-ratio conversion through engine and live input, with irregular blocks at both ends.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::{f64::consts::TAU, sync::Arc};

use retake_engine::{
    BusShape, Engine, Generation, InputSpec, LiveInput, Probe, frame_ring, processor::Identity,
};
use rig::{Dice, MAX_BLOCK, setup};

const HZ: f64 = 997.0;
const SECONDS: usize = 10;

/// Frame `n` of the sine that is captured.
#[allow(clippy::cast_possible_truncation, reason = "f32 is what devices give")]
fn captured(n: usize, rate: u32) -> f32 {
    (0.5 * (TAU * HZ * n as f64 / f64::from(rate)).sin()) as f32
}

/// The last channel of the engine's output, and the input's own word on its latency. Callbacks have
/// any length up to 2048 frames, at least `shortest`.
fn rendered(from: u32, to: u32, channels: usize, shortest: usize) -> (Vec<f64>, usize) {
    let spec = InputSpec {
        rate: from,
        engine_rate: to,
        // The least there is: a playback period and a capture period.
        target_frames: 2_048 + (480 * to as usize).div_ceil(from as usize),
        period_frames: 2_048,
        max_block: MAX_BLOCK,
    };
    let (mut tx, rx) = frame_ring(channels, 1 << 16);
    let probe: Arc<Probe> = Arc::default();
    let input = LiveInput::new(rx, spec, Arc::clone(&probe)).unwrap();
    let latency = input.latency_frames();
    let shape = BusShape { rate: to, max_block: MAX_BLOCK, n_output: channels };
    let first = Generation::new(1, Box::new(Identity { channels }), shape);
    let mut setup = setup(shape, Some(input), Box::new(first));
    setup.probe = Arc::clone(&probe);
    let (mut engine, _control) = Engine::new(setup);
    let mut dice = Dice(3);
    let (mut n_in, mut out) = (0, Vec::new());
    while out.len() < SECONDS * to as usize {
        // Capture delivers blocks of 480 frames, each when its last frame has passed.
        while (n_in + 480) * to as usize <= out.len() * from as usize {
            let frames = (n_in..n_in + 480).flat_map(|n| vec![captured(n, from); channels]);
            assert_eq!(tx.push(&frames.collect::<Vec<_>>()), 480);
            n_in += 480;
        }
        let mut block = vec![0.0; channels * dice.roll(shortest..2_049)];
        engine.render(&mut block, 0);
        out.extend(block.chunks_exact(channels).map(|f| f64::from(f[channels - 1])));
    }
    assert_eq!(probe.lost_frames.get() + probe.discarded_frames.get(), 0);
    (out, latency)
}

/// Least-squares fit of sine, cosine and a constant over the last eight seconds.
/// Gives the signal-to-rest ratio in dB and the phase in radians at frame 0.
fn fit(out: &[f64], rate: u32) -> (f64, f64) {
    let first = out.len() - 8 * rate as usize;
    let basis = |n: usize| {
        let angle = TAU * HZ * n as f64 / f64::from(rate);
        [angle.sin(), angle.cos(), 1.0]
    };
    let mut sums = [[0.0; 4]; 3];
    for (n, y) in out.iter().enumerate().skip(first) {
        let b = basis(n);
        for (row, bi) in sums.iter_mut().zip(b) {
            let columns = row.iter_mut().zip([b[0], b[1], b[2], *y]);
            columns.for_each(|(sum, x)| *sum += bi * x);
        }
    }
    let [s, c, dc] = solved(sums);
    let (mut signal, mut rest) = (0.0, 0.0);
    for (n, y) in out.iter().enumerate().skip(first) {
        let b = basis(n);
        let model = s * b[0] + c * b[1];
        signal += model * model;
        rest += (y - model - dc).powi(2);
    }
    (10.0 * (signal / rest).log10(), c.atan2(s))
}

/// Gauss without pivoting: the basis is as good as orthogonal.
fn solved(mut m: [[f64; 4]; 3]) -> [f64; 3] {
    for i in 0..3 {
        let pivot = m[i].map(|x| x / m[i][i]);
        m[i] = pivot;
        for (_, row) in m.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            let factor = row[i];
            row.iter_mut().zip(pivot).for_each(|(x, p)| *x -= factor * p);
        }
    }
    m.map(|row| row[3])
}

#[test]
fn every_ratio_keeps_120_db_and_its_word_on_latency() {
    for (from, to) in [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (48_000, 96_000)] {
        for channels in [1, 2] {
            let (out, latency) = rendered(from, to, channels, 1);
            let (snr_db, phase) = fit(&out, to);
            assert!(snr_db >= 120.0, "{from} to {to}: {snr_db:.1} dB");
            // A delay of d frames turns the phase back by 2π·f·d/rate, modulo whole turns.
            let turn = f64::from(to) / HZ;
            let measured = -phase / TAU * turn;
            let off = (latency as f64 - measured + turn / 2.0).rem_euclid(turn) - turn / 2.0;
            assert!(off.abs() <= 0.5, "latency {latency} off by {off:.3} frames");
        }
    }
}

/// Every callback as long as the target allows, against every phase of the capture blocks:
/// `rendered` asserts that nothing is lost.
#[test]
fn the_least_target_never_runs_dry() {
    for (from, to) in [(44_100, 48_000), (48_000, 44_100), (11_025, 48_000), (96_000, 44_100)] {
        rendered(from, to, 1, 2_048);
    }
}
