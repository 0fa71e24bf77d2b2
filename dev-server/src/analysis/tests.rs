//! The views' figures for signals that are known, read as a page reads them.

use serde_json::json;

use super::{
    loudness::{Figures, Meter},
    signals::{Cursor, Desk, Eye, Rows, pink, shifted, sine, white},
    spectrum::N_BINS,
    traces::decimated,
};

const RATE: u32 = 48_000;
const FULL: u64 = 48_000;

fn stereo(left: &[f32], right: &[f32]) -> Rows {
    vec![left.to_vec(), right.to_vec()]
}

fn gained(row: &[f32], gain: f32) -> Vec<f32> {
    row.iter().map(|x| x * gain).collect()
}

/// Both curves in dB; `None` = silence.
struct Curves {
    input: Vec<Option<f64>>,
    output: Vec<Option<f64>>,
}

fn curves(eye: &mut Eye) -> Curves {
    let mut section = eye.look()[&4].clone();
    let (_size, rate, n) = (section.word(), section.float(), section.word());
    assert_eq!((f64::from(rate), n), (f64::from(RATE), N_BINS));
    let mut curve = || -> Vec<_> {
        let levels = (0..n).map(|_| section.short());
        levels.map(|l| (l != i16::MIN).then_some(f64::from(l) / 100.0)).collect()
    };
    let (input, output) = (curve(), curve());
    assert!(section.is_at_end());
    Curves { input, output }
}

fn hz(bin: usize) -> f64 {
    20.0 * (f64::from(RATE) / 40.0).powf(bin as f64 / (N_BINS - 1) as f64)
}

fn highest(curve: &[Option<f64>]) -> (usize, f64) {
    let levels = curve.iter().enumerate().filter_map(|(b, level)| Some((b, (*level)?)));
    levels.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn a_sine_is_in_its_bin_and_as_high_as_it_is() {
    for size in [512, 2_048, 16_384] {
        for (frequency, amplitude) in [(997.0, 1.0), (3_150.5, 0.1), (10_007.0, 0.5)] {
            let mut desk = Desk::new((2, 2), RATE);
            let mut eye = desk.view(&json!({"spectrum": {"size": size}}));
            let row = sine(RATE, frequency, amplitude, 20_000);
            desk.play(&stereo(&row, &row), &stereo(&row, &gained(&row, -1.0)));
            let curves = curves(&mut eye);
            for curve in [curves.input, curves.output] {
                let (bin, level) = highest(&curve);
                let wanted = 20.0 * amplitude.log10();
                assert!((level - wanted).abs() <= 0.0101, "{size} {frequency}: {level}");
                let half = (hz(1) / hz(0)).sqrt();
                let distance = (hz(bin) / frequency).max(frequency / hz(bin));
                assert!(distance <= half * 1.0001, "{size} {frequency}: {}", hz(bin));
            }
        }
    }
}

#[test]
fn in_bands_a_sine_is_as_high_as_it_is_and_pink_noise_is_level() {
    let mut desk = Desk::new((1, 1), RATE);
    let mut eye = desk.view(&json!({"spectrum": {"size": 16_384, "smoothing": "third"}}));
    let (row, pink) = (sine(RATE, 997.0, 1.0, 20_000), pink(1_200_000));
    desk.play(&[row.clone()], &[row]);
    let (_, level) = highest(&curves(&mut eye).output);
    assert!(level.abs() <= 0.02, "{level}");
    let mut powers = vec![0.0; N_BINS];
    for part in pink.chunks_exact(20_000) {
        desk.play(&[part.to_vec()], &[part.to_vec()]);
        let curve = curves(&mut eye).output;
        powers.iter_mut().zip(&curve).for_each(|(p, l)| *p += 10_f64.powf(l.unwrap() / 10.0));
    }
    let levels: Vec<_> = powers.iter().map(|p| 10.0 * p.log10()).collect();
    let inside: Vec<_> =
        (0..N_BINS).filter(|b| (100.0..8_000.0).contains(&hz(*b))).map(|b| levels[b]).collect();
    let mean = inside.iter().sum::<f64>() / inside.len() as f64;
    let off = inside.iter().map(|level| (level - mean).abs()).fold(0.0, f64::max);
    assert!(off <= 1.5, "{off}");
}

#[test]
fn the_transfer_of_a_gain_is_constant_when_the_latency_is_known() {
    const LATENCY: usize = 777;
    let noise = white(60_000);
    for smoothing in ["none", "third"] {
        let mut desk = Desk::new((1, 1), RATE);
        desk.be_late(LATENCY);
        let wanted = json!({"spectrum": {"size": 4_096, "smoothing": smoothing}});
        let mut eye = desk.view(&wanted);
        let late: Vec<_> = std::iter::repeat_n(0.0, LATENCY).chain(gained(&noise, 0.5)).collect();
        desk.play(&[noise.clone()], &[late[..noise.len()].to_vec()]);
        let curves = curves(&mut eye);
        for (bin, (input, output)) in curves.input.iter().zip(&curves.output).enumerate() {
            let transfer = output.unwrap() - input.unwrap();
            assert!((transfer + 6.0206).abs() <= 0.0101, "{smoothing} {}: {transfer}", hz(bin));
        }
    }
}

#[test]
fn silence_is_silence() {
    let mut desk = Desk::new((0, 2), RATE);
    let mut eye = desk.view(&json!({"spectrum": {}, "stereo": {}, "levels": true}));
    let silence = vec![0.0; 9_600];
    desk.play(&[], &stereo(&silence, &silence));
    let mut sections = eye.look();
    let stereo = sections.get_mut(&3).unwrap();
    for points in [0, 252] {
        assert!(stereo.float().is_nan());
        assert_eq!((stereo.float(), stereo.word()), (0.0, points));
        stereo.floats(2 * points);
    }
    assert_eq!(sections.get_mut(&1).unwrap().floats(2), [0.0, 0.0]);
    let curves = curves(&mut eye);
    assert!(curves.input.iter().chain(&curves.output).all(Option::is_none));
}

#[test]
fn correlation_and_balance_of_known_channels() {
    let row = sine(RATE, 997.0, 0.5, 96_000);
    let quarter = shifted(RATE, 997.0, (0.5, 90.0), 96_000);
    let none = vec![0.0; 96_000];
    for (left, right, correlation, balance) in [
        (&row, &gained(&row, -1.0), -1.0, 0.0),
        (&row, &row, 1.0, 0.0),
        (&row, &quarter, 0.0, 0.0),
        (&row, &gained(&row, 0.5), 1.0, -1.0 / 3.0),
        (&none, &row, f32::NAN, 1.0),
    ] {
        let mut desk = Desk::new((2, 2), RATE);
        let mut eye = desk.view(&json!({"stereo": {"points": 100}}));
        let rows = stereo(left, right);
        desk.play(&rows, &rows);
        let mut section = eye.look()[&3].clone();
        for _ in 0..2 {
            let is = section.float();
            assert!(is.is_nan() && correlation.is_nan() || (is - correlation).abs() <= 0.02);
            assert!((section.float() - balance).abs() <= 0.02);
            let n = section.word();
            assert!(n <= 100, "{n}");
            let points = section.floats(2 * n);
            assert_eq!(points[2 * n - 2..], [left[95_999], right[95_999]]);
        }
        assert!(section.is_at_end());
    }
}

#[test]
fn every_one_sample_click_is_in_the_peaks() {
    let mut desk = Desk::new((1, 1), RATE);
    let mut eye = desk.view(&json!({"levels": true}));
    let mut n_seen = 0;
    for at in 0..1_000 {
        let mut row = vec![0.0; 1_024];
        row[at] = 0.9;
        desk.play(&[row.clone()], &[row]);
        let bytes = eye.bytes();
        let float = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        // Sample peaks behind the fixed part, true peaks behind the section's head.
        let peaks = [float(88), float(100), float(88 + 24 + 8), float(88 + 24 + 12)];
        n_seen += usize::from(peaks.iter().all(|peak| (0.9..1.0).contains(peak)));
    }
    assert_eq!(n_seen, 1_000);
}

/// EBU Tech 3341, signals 15 to 19: `(rate / frequency, phase, amplitude, dBTP)`.
const TRUE_PEAKS: [(f64, f64, f64, f64); 5] = [
    (4.0, 0.0, 0.5, -6.0),
    (4.0, 45.0, 0.5, -6.0),
    (6.0, 60.0, 0.5, -6.0),
    (8.0, 67.5, 0.5, -6.0),
    (4.0, 45.0, 1.41, 3.0),
];

#[test]
fn true_peaks_of_the_ebu_signals() {
    for (divisor, phase, amplitude, wanted) in TRUE_PEAKS {
        let hz = f64::from(RATE) / divisor;
        let row = faded(shifted(RATE, hz, (amplitude, phase), 48_000));
        let mut desk = Desk::new((2, 2), RATE);
        let mut eye = desk.view(&json!({"levels": true}));
        desk.play(&stereo(&row, &row), &stereo(&row, &row));
        let levels = eye.look().get_mut(&1).unwrap().floats(4);
        let mut meter = Meter::new(2, RATE);
        meter.take(&mut row.iter().flat_map(|x| [*x, *x]).collect::<Vec<_>>());
        let peaks = levels.into_iter().map(|peak| 20.0 * peak.log10());
        for peak in peaks.chain([meter.figures().true_peak]) {
            let off = f64::from(peak) - wanted;
            assert!((-0.4..=0.2).contains(&off), "rate / {divisor}, {phase}°: {peak}");
        }
    }
}

#[test]
fn true_peaks_begin_within_the_sound_without_a_step() {
    let row = shifted(RATE, 8_000.0, (0.5, 60.0), 14_400);
    for phase in 0..6 {
        let mut desk = Desk::new((1, 1), RATE);
        desk.play(&[row[..480].to_vec()], &[row[..480].to_vec()]);
        let mut eye = desk.view(&json!({"levels": true}));
        let rest = row[480 + phase..].to_vec();
        desk.play(&[rest.clone()], &[rest]);
        for peak in eye.look().get_mut(&1).unwrap().floats(2) {
            let off = 20.0 * peak.log10() + 6.0;
            assert!((-0.4..=0.2).contains(&off), "{off} dB off from phase {phase}");
        }
    }
}

/// EBU Tech 3341, signals 20 to 23: one period between others, four times as fast at first, then
/// filtered and thinned from each of the four offsets.
#[test]
fn true_peaks_between_the_samples() {
    let fast = 4 * RATE;
    let low = |n: usize| sine(fast, f64::from(RATE) / 6.0, 0.5, n);
    let high = sine(fast, f64::from(RATE) / 4.0, 1.0, 16);
    let signal = [low(9_600), high, low(9_600)].concat();
    let row = faded_over(signal, 1_920);
    for offset in 0..4 {
        let thin: Vec<_> = filtered(&row).into_iter().skip(offset).step_by(4).collect();
        let mut meter = Meter::new(1, RATE);
        meter.take(&mut thin.clone());
        let peak = meter.figures().true_peak;
        assert!((-0.4..=0.2).contains(&peak), "offset {offset}: {peak}");
    }
}

/// Low-pass at a quarter of the rate less a little: a windowed sinc of 257 taps.
fn filtered(row: &[f32]) -> Vec<f32> {
    let tap = |k: i32| {
        let x = std::f64::consts::PI * f64::from(k) / 4.0;
        let sinc = if k == 0 { 1.0 } else { x.sin() / x };
        let window = 0.5 + 0.5 * (std::f64::consts::PI * f64::from(k) / 129.0).cos();
        sinc * window / 4.0
    };
    let taps: Vec<_> = (-128..=128).map(tap).collect();
    let sum = |part: &[f32]| part.iter().zip(&taps).map(|(x, t)| f64::from(*x) * t).sum::<f64>();
    row.windows(taps.len()).map(|part| sum(part) as f32).collect()
}

fn faded(row: Vec<f32>) -> Vec<f32> {
    faded_over(row, 480)
}

fn faded_over(mut row: Vec<f32>, frames: usize) -> Vec<f32> {
    let n = row.len();
    for i in 0..frames {
        let gain = i as f32 / frames as f32;
        row[i] *= gain;
        row[n - 1 - i] *= gain;
    }
    row
}

/// Stereo tones: `(dBFS, seconds)` one after the other, at 1 kHz.
fn measured(tones: &[(f64, f64)]) -> Meter {
    let mut meter = Meter::new(2, RATE);
    play(&mut meter, tones, |_| {});
    meter
}

fn play(meter: &mut Meter, tones: &[(f64, f64)], mut look: impl FnMut(Figures)) {
    let mut frame = 0_u64;
    for (dbfs, seconds) in tones {
        let amplitude = 10_f64.powf(dbfs / 20.0);
        let frames = (seconds * f64::from(RATE)).round() as u64;
        let end = frame + frames;
        while frame < end {
            let n = (end - frame).min(480);
            let at = |i| {
                let angle = std::f64::consts::TAU * (i % FULL) as f64 * 1_000.0 / FULL as f64;
                (amplitude * angle.sin()) as f32
            };
            let mut block: Vec<_> = (frame..frame + n).flat_map(|i| [at(i), at(i)]).collect();
            meter.take(&mut block);
            frame += n;
            look(meter.figures());
        }
    }
}

fn near(is: f32, wanted: f32, tolerance: f32, what: &str) {
    assert!((is - wanted).abs() <= tolerance, "{what}: {is} instead of {wanted}");
}

#[test]
fn loudness_of_the_ebu_3341_tones() {
    for (case, wanted) in [(1, -23.0), (2, -33.0)] {
        let figures = measured(&[(f64::from(wanted), 20.0)]).figures();
        near(figures.momentary, wanted, 0.1, &format!("case {case} M"));
        near(figures.short_term, wanted, 0.1, &format!("case {case} S"));
        near(figures.integrated, wanted, 0.1, &format!("case {case} I"));
    }
    let tones: [&[_]; 3] = [
        &[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)],
        &[(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)],
        &[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)],
    ];
    for (case, tones) in (3..).zip(tones) {
        near(measured(tones).figures().integrated, -23.0, 0.1, &format!("case {case} I"));
    }
}

#[test]
fn loudness_of_the_ebu_3341_surround_tone() {
    let mut meter = Meter::new(5, RATE);
    let gains = [-28.0, -28.0, -24.0, -30.0, -30.0].map(|db: f64| 10_f64.powf(db / 20.0));
    let row = sine(RATE, 1_000.0, 1.0, 20 * RATE as usize);
    let mut frames: Vec<_> =
        row.iter().flat_map(|x| gains.map(|gain| (f64::from(*x) * gain) as f32)).collect();
    meter.take(&mut frames);
    near(meter.figures().integrated, -23.0, 0.1, "case 6 I");
}

#[test]
fn short_and_momentary_loudness_of_the_ebu_3341_bursts() {
    let mut meter = Meter::new(2, RATE);
    let mut steady = Vec::new();
    play(&mut meter, &[(-20.0, 1.34), (-30.0, 1.66)].repeat(5), |f| steady.push(f.short_term));
    assert!(steady.iter().skip(300).all(|s| (s + 23.0).abs() <= 0.1), "case 9");
    let mut meter = Meter::new(2, RATE);
    let mut steady = Vec::new();
    play(&mut meter, &[(-20.0, 0.18), (-30.0, 0.22)].repeat(25), |f| steady.push(f.momentary));
    assert!(steady.iter().skip(100).all(|m| (m + 23.0).abs() <= 0.1), "case 12");
    for i in 0..20 {
        let silence = f64::from(i) * 0.15;
        let tones = [(-200.0, silence), (-23.0, 3.0), (-200.0, 1.0)];
        let mut highest = f32::NEG_INFINITY;
        play(&mut Meter::new(2, RATE), &tones, |f| highest = highest.max(f.short_term));
        near(highest, -23.0, 0.1, &format!("case 10, {i}"));
        let tones = [(-200.0, f64::from(i) * 0.02), (-23.0, 0.4), (-200.0, 1.0)];
        let mut highest = f32::NEG_INFINITY;
        play(&mut Meter::new(2, RATE), &tones, |f| highest = highest.max(f.momentary));
        near(highest, -23.0, 0.1, &format!("case 13, {i}"));
    }
}

#[test]
fn loudness_range_of_the_ebu_3342_tones() {
    let tones: [(&[_], _); 4] = [
        (&[(-20.0, 20.0), (-30.0, 20.0)], 10.0),
        (&[(-20.0, 20.0), (-15.0, 20.0)], 5.0),
        (&[(-40.0, 20.0), (-20.0, 20.0)], 20.0),
        (&[(-50.0, 20.0), (-35.0, 20.0), (-20.0, 20.0), (-35.0, 20.0), (-50.0, 20.0)], 15.0),
    ];
    for (case, (tones, wanted)) in (1..).zip(tones) {
        near(measured(tones).figures().range, wanted, 1.0, &format!("case {case}"));
    }
}

#[test]
fn what_is_not_known_yet_is_no_number() {
    let mut meter = Meter::new(2, RATE);
    let known = |meter: &Meter| {
        let f = meter.figures();
        [f.momentary, f.short_term, f.integrated, f.range, f.true_peak].map(f32::is_finite)
    };
    assert_eq!(known(&meter), [false; 5]);
    let mut silence = vec![0.0; 2 * 240_000];
    meter.take(&mut silence);
    assert_eq!(known(&meter), [false; 5]);
    let mut meter = measured(&[(-23.0, 0.39)]);
    assert_eq!(known(&meter), [false, false, false, false, true]);
    play(&mut meter, &[(-23.0, 0.1)], |_| {});
    assert_eq!(known(&meter), [true, false, true, false, true]);
    meter.take(&mut [f32::NAN, f32::INFINITY]);
    assert_eq!(known(&meter), [true, false, true, false, true]);
    assert_eq!(known(&Meter::new(0, RATE)), [false; 5]);
}

struct Wave {
    is_triggered: bool,
    is_done: bool,
    frame: f64,
    trigger: usize,
    input: Vec<f32>,
    output: Vec<f32>,
}

fn wave(eye: &mut Eye) -> Wave {
    let mut section = eye.look()[&5].clone();
    let (flags, frame) = (section.word(), section.double());
    let (n, trigger) = (section.word(), section.word());
    let (input, output) = (section.floats(n), section.floats(n));
    assert!(section.is_at_end());
    let (is_triggered, is_done) = (flags & 1 != 0, flags & 2 != 0);
    Wave { is_triggered, is_done, frame, trigger, input, output }
}

/// A ramp from 0 up through 0.5 at frame `at` and back down through it 1,000 frames later.
fn hump(at: usize, frames: usize) -> Vec<f32> {
    let level = |n: usize| {
        let up = (n as f32 - at as f32) / 1_000.0 + 0.5;
        let down = (at as f32 + 1_000.0 - n as f32) / 1_000.0 + 0.5;
        up.min(down).clamp(0.0, 1.0)
    };
    (0..frames).map(level).collect()
}

#[test]
fn the_window_begins_at_the_triggers_frame_less_its_share() {
    let row = hump(5_000, 20_000);
    for (slope, pre, at) in
        [("rising", 0.25, 5_000), ("rising", 0.0, 5_000), ("falling", 0.5, 6_000)]
    {
        for trigger in ["auto", "normal", "single"] {
            let mut desk = Desk::new((2, 2), RATE);
            let mut eye = desk.view(&json!({"scope": {
                "frames": 1_000, "channel": 1, "trigger": trigger, "level": 0.5,
                "slope": slope, "pre": pre,
            }}));
            let silence = vec![0.0; row.len()];
            // In two looks, the second of which finds the window.
            for part in [0..5_500, 5_500..12_000] {
                let (row, none) = (&row[part.clone()], &silence[part]);
                desk.play(&stereo(none, &gained(row, 2.0)), &stereo(none, row));
                eye.look();
            }
            let wave = wave(&mut eye);
            assert!(wave.is_triggered, "{trigger}");
            assert_eq!(wave.is_done, trigger == "single");
            let n_before = (1_000.0 * pre) as usize;
            assert_eq!((wave.frame, wave.trigger), ((at - n_before) as f64, n_before));
            assert_eq!(wave.output, row[at - n_before..][..1_000]);
            assert_eq!(wave.input, gained(&wave.output, 2.0));
        }
    }
}

#[test]
fn each_trigger_has_its_own_patience() {
    let view = |trigger: &str| json!({"scope": {"frames": 500, "trigger": trigger, "level": 0.5}});
    let (pulse, flat) = (hump(2_000, 8_000), vec![0.25; 48_000]);
    let rows = |row: &[f32]| [row.to_vec()];
    let run = |trigger: &str| {
        let mut desk = Desk::new((1, 1), RATE);
        let mut eye = desk.view(&view(trigger));
        let mut seen = Vec::new();
        for row in [&flat, &pulse, &flat, &pulse] {
            desk.play(&rows(row), &rows(row));
            let wave = wave(&mut eye);
            seen.push((wave.is_triggered, wave.frame as u64, wave.output.len()));
        }
        eye.subscribe(&view(trigger));
        desk.play(&rows(&pulse), &rows(&pulse));
        let wave = wave(&mut eye);
        seen.push((wave.is_triggered, wave.frame as u64, wave.output.len()));
        seen
    };
    // Triggers at 50,000, 106,000 and 114,000, each window 125 frames before.
    let (first, second, third) = (49_875, 105_875, 113_875);
    let at = |frame| (true, frame, 500);
    let free = |end: u64| (false, end - 500, 500);
    let auto = [free(48_000), at(first), free(104_000), at(second), at(third)];
    assert_eq!(run("auto"), auto);
    let normal = [(false, 48_000, 0), at(first), at(first), at(second), at(third)];
    assert_eq!(run("normal"), normal);
    let single = [(false, 48_000, 0), at(first), at(first), at(first), at(third)];
    assert_eq!(run("single"), single);
    let off = [free(48_000), free(56_000), free(104_000), free(112_000), free(120_000)];
    assert_eq!(run("off"), off);
}

#[test]
fn a_long_window_comes_as_extremes() {
    let mut desk = Desk::new((1, 1), RATE);
    let mut eye = desk.view(&json!({"scope": {"frames": 16_384, "trigger": "off"}}));
    let mut row = vec![0.0; 20_000];
    row[10_000] = 0.75;
    desk.play(&[row.clone()], &[row]);
    let wave = wave(&mut eye);
    assert_eq!((wave.frame, wave.output.len()), (3_616.0, 1_024));
    assert_eq!(wave.output.iter().filter(|x| **x != 0.0).collect::<Vec<_>>(), [&0.75]);
    assert_eq!(decimated(&[1.0, -1.0, 3.0, 2.0, 5.0], 4), [-1.0, 1.0, 2.0, 5.0]);
}

#[test]
fn nobody_pays_for_what_nobody_sees() {
    let mut desk = Desk::new((2, 2), RATE);
    let rows = stereo(&white(2_048), &white(2_048));
    let mut eye = desk.view(&json!({}));
    desk.play(&rows, &rows);
    assert_eq!(eye.bytes().len(), 88 + 4 * 12);
    let all = json!({"levels": true, "loudness": true, "stereo": {}, "spectrum": {}, "scope": {},
                     "probes": ["env"], "load": true});
    eye.subscribe(&all);
    assert_eq!(eye.look().into_keys().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    eye.subscribe(&json!({}));
    assert_eq!(eye.bytes().len(), 88 + 4 * 12);
    let mut analysis = super::Analysis::default();
    analysis.connect(desk.taps());
    for (wanted, is_open) in [(json!({}), false), (json!({"loudness": true, "load": true}), false)]
    {
        analysis.subscribe(&super::signals::subscription(&wanted));
        assert_eq!(analysis.feed.is_some(), is_open);
    }
    analysis.subscribe(&super::signals::subscription(&all));
    assert!(analysis.feed.is_some() && analysis.scope.is_some() && analysis.levels.is_some());
    analysis.subscribe(&super::signals::subscription(&json!({})));
    assert!(analysis.feed.is_none() && analysis.scope.is_none() && analysis.levels.is_none());
    assert!(analysis.stereo.is_none() && analysis.spectrum.is_none() && analysis.traces.is_none());
}

#[test]
fn a_snapshot_with_everything_fits() {
    let names: Vec<_> = (0..8).map(|n| format!("{n:063}")).collect();
    let mut desk = Desk::new((8, 8), RATE);
    let mut eye = desk.view(&json!({
        "levels": true, "loudness": true, "stereo": {"points": 512}, "spectrum": {"size": 16_384},
        "scope": {"frames": 16_384}, "probes": names, "load": true,
    }));
    let rows = vec![white(60_000); 8];
    desk.play(&rows, &rows);
    let n_bytes = eye.bytes().len();
    assert!((12_000..=16_384).contains(&n_bytes), "{n_bytes}");
}

#[test]
fn traces_follow_the_plugin_that_sounds() {
    let desk = Desk::new((1, 1), RATE);
    let mut eye = desk.view(&json!({"probes": ["gone", "env"]}));
    let traces = |eye: &mut Eye| {
        let mut section = eye.look()[&6].clone();
        let n = section.word();
        let trace = |_| {
            let (index, n) = (section.word(), section.word());
            (index, section.floats(n))
        };
        (0..n).map(trace).collect::<Vec<_>>()
    };
    for _generation in 0..2 {
        let probes = desk.reload();
        assert_eq!(traces(&mut eye), [(0, vec![]), (1, vec![])]);
        let env = probes.find(b"env").unwrap();
        probes.signal(env, &[9.0]);
        // The first look that finds it begins there.
        assert_eq!(traces(&mut eye), [(0, vec![]), (1, vec![])]);
        probes.signal(env, &[1.0, -2.0]);
        probes.signal(env, &[3.0]);
        assert_eq!(traces(&mut eye), [(0, vec![]), (1, vec![1.0, -2.0, 3.0])]);
        probes.signal(env, &sine(RATE, 997.0, 1.0, 10_000));
        let long = traces(&mut eye).remove(1).1;
        assert_eq!(long.len(), 1_024);
        assert!(long.chunks_exact(2).all(|pair| pair[0] <= pair[1]));
    }
}

#[test]
fn another_engine_is_followed_and_a_loss_forgets_the_past() {
    let mut desk = Desk::new((2, 2), RATE);
    let mut eye = desk.view(&json!({"levels": true, "spectrum": {}, "stereo": {}, "scope": {}}));
    let rows = stereo(&white(20_000), &white(20_000));
    desk.play(&rows, &rows);
    assert!(curves(&mut eye).output[256].is_some());
    let mut desk = desk.rebuilt((1, 1), RATE);
    eye.look();
    let row = sine(RATE, 997.0, 1.0, 20_000);
    desk.play(&[row.clone()], &[row.clone()]);
    let mut sections = eye.look();
    assert!((sections.get_mut(&1).unwrap().floats(2)[1] - 1.0).abs() < 0.03);
    // Four seconds without a look: more than either tap remembers.
    for _ in 0..10 {
        desk.play(&[row.clone()], &[row.clone()]);
    }
    eye.look();
    desk.play(&[row.clone()], &[row]);
    let curves = curves(&mut eye);
    assert_eq!(highest(&curves.input), highest(&curves.output));
}

#[test]
fn what_is_no_number_poisons_no_view() {
    let mut desk = Desk::new((1, 2), RATE);
    let mut eye = desk.view(&json!({"levels": true, "spectrum": {}, "stereo": {}, "scope": {}}));
    let row = sine(RATE, 997.0, 0.5, 20_000);
    let mut bad = row.clone();
    (bad[300], bad[19_000]) = (f32::NAN, f32::INFINITY);
    desk.play(&[bad.clone()], &stereo(&bad, &bad));
    let mut sections = eye.look();
    assert!(sections.get_mut(&1).unwrap().floats(3).iter().all(|x| x.is_finite() && *x < 0.8));
    let stereo: &mut Cursor = sections.get_mut(&3).unwrap();
    let input = (stereo.float().is_nan(), stereo.float(), stereo.word());
    assert_eq!(input, (true, 0.0, 0));
    assert!((stereo.float() - 1.0).abs() <= 0.02);
}
