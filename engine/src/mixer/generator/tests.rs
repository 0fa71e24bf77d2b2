use super::*;

const RATE: u32 = 48_000;

fn played(signal: Signal, rate: u32, frames: usize, block: usize) -> Vec<f32> {
    rows(signal, rate, frames, block).swap_remove(0)
}

/// Every channel.
fn rows(signal: Signal, rate: u32, frames: usize, block: usize) -> Vec<Vec<f32>> {
    let mut generator = Generator::new(signal, rate);
    let mut out = Planar::new(generator.channels(), block);
    let mut rows = vec![Vec::new(); generator.channels()];
    while rows[0].len() < frames {
        let n = block.min(frames - rows[0].len());
        assert_eq!(generator.fill(&mut out, n), n);
        rows.iter_mut().zip(out.rows()).for_each(|(all, row)| all.extend_from_slice(&row[..n]));
    }
    rows
}

const ENDLESS: [Signal; 7] = [
    Signal::Sine { hz: 997.0 },
    Signal::Sweep,
    Signal::WhiteNoise { seed: 7 },
    Signal::PinkNoise { seed: 7 },
    Signal::Clicks { hz: 2.5 },
    Signal::Dc { level: -0.25 },
    Signal::LineUp,
];

#[test]
fn blocks_of_any_size_hold_the_same_frames() {
    for signal in ENDLESS {
        let whole = played(signal, RATE, 5_000, 5_000);
        for block in [1, 7, 64, 441, 4_096] {
            assert_eq!(played(signal, RATE, 5_000, block), whole, "{signal:?} by {block}");
        }
        assert!(whole.iter().all(|x| x.abs() <= 1.0), "{signal:?}");
    }
}

#[test]
fn a_sine_is_the_formula_an_hour_later_too() {
    let mut generator = Generator::new(Signal::Sine { hz: 997.0 }, RATE);
    generator.at = 3_600 * 48_000 + 5;
    let mut out = Planar::new(1, 480);
    generator.fill(&mut out, 480);
    for (n, x) in out.channel(0).iter().enumerate() {
        // 997 whole periods a second: the hour makes no difference.
        let expected = (TAU * 997.0 * (n + 5) as f64 / 48_000.0).sin();
        assert!((f64::from(*x) - expected).abs() < 1e-6, "frame {n}");
    }
}

#[test]
fn a_sweep_rises_from_end_to_end_and_begins_anew_without_a_step() {
    for rate in [8_000, 44_100, 48_000, 192_000] {
        let sweep = Sweep::new(f64::from(rate));
        let periods = SWEEP_FROM_HZ * sweep.growth * ((sweep.seconds / sweep.growth).exp() - 1.0);
        assert!((periods - periods.round()).abs() < 1e-6, "{rate}: {periods}");
        assert!((9.0..11.0).contains(&sweep.seconds), "{rate}: {} s", sweep.seconds);
        let hz = |seconds: f64| SWEEP_FROM_HZ * (seconds / sweep.growth).exp();
        assert!((hz(0.0) - 20.0).abs() < 1e-9);
        let top = 20_000_f64.min(0.45 * f64::from(rate));
        assert!(hz(sweep.seconds) <= top + 1e-6 && hz(sweep.seconds) > top - 20.0, "{rate}");
    }
}

/// Mean power within an octave from `low`, by correlating with sines over `x`.
fn octave_power(x: &[f32], low: f64) -> f64 {
    let n_lines = 200;
    let power = |line: u32| {
        let hz = low * 2_f64.powf((f64::from(line) + 0.5) / f64::from(n_lines));
        let (mut re, mut im) = (0.0, 0.0);
        for (n, x) in x.iter().enumerate() {
            let phase = TAU * hz * n as f64 / f64::from(RATE);
            re += f64::from(*x) * phase.cos();
            im += f64::from(*x) * phase.sin();
        }
        (re * re + im * im) * hz
    };
    (0..n_lines).map(power).sum()
}

#[test]
fn pink_noise_has_the_same_power_in_every_octave() {
    let noise = played(Signal::PinkNoise { seed: 1 }, RATE, 1 << 17, 4_096);
    let rms =
        (noise.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / noise.len() as f64).sqrt();
    assert!((20.0 * rms.log10() + 20.0).abs() < 0.5, "{rms}");
    let octaves = [80.0, 320.0, 1_280.0, 5_120.0, 10_240.0];
    let db = octaves.map(|low| 10.0 * octave_power(&noise[..1 << 15], low).log10());
    let mean = db.iter().sum::<f64>() / 5.0;
    assert!(db.iter().all(|x| (x - mean).abs() < 1.5), "{db:?}");
}

#[test]
fn white_noise_is_even_and_follows_its_seed() {
    let noise = played(Signal::WhiteNoise { seed: 1 }, RATE, 1 << 17, 4_096);
    let mean = noise.iter().sum::<f32>() / noise.len() as f32;
    let square = noise.iter().map(|x| x * x).sum::<f32>() / noise.len() as f32;
    assert!(mean.abs() < 0.01 && (square - 1.0 / 3.0).abs() < 0.01, "{mean} {square}");
    let next = noise.windows(2).map(|w| w[0] * w[1]).sum::<f32>() / noise.len() as f32;
    assert!(next.abs() < 0.01, "neighbours: {next}");
    assert_ne!(played(Signal::WhiteNoise { seed: 2 }, RATE, 64, 64), noise[..64]);
}

#[test]
fn an_impulse_is_one_frame_and_the_end() {
    let mut generator = Generator::new(Signal::Impulse, RATE);
    let mut out = Planar::new(1, 4);
    assert_eq!(generator.fill(&mut out, 4), 1);
    assert_eq!(out.channel(0), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(generator.fill(&mut out, 4), 0);
    assert_eq!(out.channel(0), [0.0; 4]);
}

#[test]
fn clicks_keep_time() {
    let clicks = played(Signal::Clicks { hz: 2.5 }, RATE, 96_000, 441);
    let at: Vec<_> = clicks.iter().enumerate().filter(|(_, x)| **x > 0.0).map(|x| x.0).collect();
    assert_eq!(at, [0, 19_200, 38_400, 57_600, 76_800]);
    let odd = played(Signal::Clicks { hz: 7.0 }, RATE, 48_000, 64);
    assert_eq!(odd.iter().filter(|x| **x == 1.0).count(), 7);
}

#[test]
fn the_line_up_signal_says_which_side_is_left() {
    for rate in [44_100, 48_000, 96_000] {
        let seconds = rate as usize;
        let [left, right] =
            rows(Signal::LineUp, rate, 7 * seconds, 441).try_into().unwrap_or_default();
        let gain = 10_f64.powf(-18.0 / 20.0);
        for (n, (left, right)) in left.iter().zip(&right).enumerate() {
            let expected = gain * (TAU * 1_000.0 * n as f64 / f64::from(rate)).sin();
            assert!((f64::from(*right) - expected).abs() < 1e-6, "frame {n} at {rate} Hz");
            let is_silent = n % (3 * seconds) >= 3 * seconds - seconds / 4;
            assert_eq!(*left, if is_silent { 0.0 } else { *right }, "frame {n} at {rate} Hz");
        }
        // The sine's own steps, and no greater one.
        let own = 1.001 * gain * TAU * 1_000.0 / f64::from(rate);
        let steps = left.windows(2).map(|w| f64::from(w[1] - w[0]).abs());
        assert!(steps.fold(0.0, f64::max) <= own, "{rate} Hz");
    }
}
