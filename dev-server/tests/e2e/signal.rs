//! Test signals and what is measured on them.

use std::f64::consts::TAU;

/// A sine of `hz` and `amplitude`, `frames` long.
pub(crate) fn sine(rate: u32, hz: f64, amplitude: f64, frames: usize) -> Vec<f32> {
    let step = TAU * hz / f64::from(rate);
    (0..frames).map(|n| (amplitude * (step * n as f64).sin()) as f32).collect()
}

/// Noise that is the same every time: frames can be told apart by it.
pub(crate) fn noise(seed: u32, amplitude: f32, frames: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    (0..frames).map(|_| next() * amplitude).collect()
}

/// Noise of equal power per octave, within some tenths of a dB from 40 Hz to a third of the rate:
/// one-pole filters side by side, three to the decade.
pub(crate) fn pink(rate: u32, amplitude: f64, frames: usize) -> Vec<f32> {
    let poles: Vec<f64> = (0..14).map(|i| 5.0 * 10_f64.powf(f64::from(i) / 3.0)).collect();
    let mut states = vec![0.0; poles.len()];
    let shaped = noise(77, 1.0, frames).into_iter().map(|x| {
        let mut sum = 0.0;
        for (state, hz) in states.iter_mut().zip(&poles) {
            *state += (f64::from(x) - *state) * (1.0 - (-TAU * hz / f64::from(rate)).exp());
            sum += *state / hz.sqrt();
        }
        (amplitude * sum) as f32
    });
    shaped.collect()
}

/// Signal-to-residual ratio in dB of `x` against the best-fitting sine of `hz` (least squares over
/// sine, cosine and a constant).
pub(crate) fn snr_of_sine(x: &[f32], rate: u32, hz: f64) -> f64 {
    let step = TAU * hz / f64::from(rate);
    let basis = |n: usize| {
        let phase = step * n as f64;
        [phase.sin(), phase.cos(), 1.0]
    };
    let mut normal = [[0.0; 4]; 3];
    for (n, &y) in x.iter().enumerate() {
        let b = basis(n);
        for (row, bi) in normal.iter_mut().zip(b) {
            for (to, bj) in row.iter_mut().zip(b) {
                *to += bi * bj;
            }
            row[3] += bi * f64::from(y);
        }
    }
    let fit = solve(normal);
    let (mut signal, mut residual) = (0.0, 0.0);
    for (n, &y) in x.iter().enumerate() {
        let b = basis(n);
        let sine = fit[0] * b[0] + fit[1] * b[1];
        signal += sine * sine;
        residual += (f64::from(y) - sine - fit[2]).powi(2);
    }
    10.0 * (signal / residual).log10()
}

/// Gauss elimination with pivots on three unknowns.
fn solve(mut m: [[f64; 4]; 3]) -> [f64; 3] {
    for i in 0..3 {
        let pivot = (i..3).max_by(|&a, &b| m[a][i].abs().total_cmp(&m[b][i].abs())).unwrap();
        m.swap(i, pivot);
        let pivot_row = m[i];
        for (j, row) in m.iter_mut().enumerate() {
            if j != i {
                let factor = row[i] / pivot_row[i];
                row.iter_mut().zip(pivot_row).for_each(|(x, p)| *x -= factor * p);
            }
        }
    }
    [m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]]
}

/// A logarithmic sine sweep (Farina 2000) from `from_hz` to `to_hz`.
pub(crate) fn sweep(
    rate: u32,
    from_hz: f64,
    to_hz: f64,
    amplitude: f64,
    frames: usize,
) -> Vec<f32> {
    let seconds = frames as f64 / f64::from(rate);
    let octaves = (to_hz / from_hz).ln();
    (0..frames)
        .map(|n| {
            let t = n as f64 / f64::from(rate) / seconds;
            let phase = TAU * from_hz * seconds / octaves * ((t * octaves).exp() - 1.0);
            (amplitude * phase.sin()) as f32
        })
        .collect()
}

/// Where `wanted` lies in `got` (whole frames), and what is left there after subtracting it, in dB
/// against `wanted`. The place is where a stretch from the middle fits best.
pub(crate) fn delay_and_residual_db(wanted: &[f32], got: &[f32]) -> (usize, f64) {
    let middle = wanted.len() / 2;
    let error = |at: usize, frames: usize| -> f64 {
        let pairs = wanted[middle..middle + frames].iter().zip(&got[at..]);
        pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum()
    };
    // A few samples tell most places apart; the rest is told apart by many.
    let mut places: Vec<usize> = (middle..got.len() - 4_000).collect();
    for frames in [8, 64, 4_000] {
        places.sort_by(|&a, &b| error(a, frames).total_cmp(&error(b, frames)));
        places.truncate(if frames == 8 { 5_000 } else { 50 });
    }
    let start = places[0] - middle;
    let level = |x: f64| x * x;
    let signal: f64 = wanted.iter().map(|&x| level(f64::from(x))).sum();
    let residual: f64 = wanted
        .iter()
        .enumerate()
        .map(|(n, &x)| level(f64::from(x) - got.get(start + n).map_or(0.0, |&y| f64::from(y))))
        .sum();
    (start, 10.0 * (residual.max(1e-30) / signal).log10())
}
