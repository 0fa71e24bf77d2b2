//! The guards, end to end: what howls is muted, what is music is not.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "silence is zero")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "times and counts of a test"
)]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::{collections::VecDeque, f32::consts::TAU};

use retake_engine::{
    CommandKind, Event, Generation, Layout, Outcome, ProcessIo, Processor, guard::CEILING,
    processor::Identity,
};
use rig::{Dice, Gain, Rig, generation};

const RATE: f32 = rig::RATE as f32;

/// A plugin that passes everything, between a real microphone and a real loudspeaker.
fn live() -> Rig {
    Rig::new(generation(1, Identity { channels: 2 }), |setup| {
        (setup.is_real_output, setup.is_live_loop) = (true, true);
    })
}

fn signal(seconds: f32, mut x: impl FnMut(f32) -> f32) -> Vec<f32> {
    let frames = (0..).map(|n| n as f32 / RATE).take((seconds * RATE) as usize);
    frames.map(|t| x(t).clamp(-1.0, 1.0)).collect()
}

fn sine(hz: f32, t: f32) -> f32 {
    // Whole turns are taken off in f64: a late t has few bits left.
    (f64::from(hz) * f64::from(t)).fract() as f32 * TAU
}

/// A tone of harmonics, the first with amplitude 1, `by(k)` that of the k-th.
fn tone(hz: f32, n: u16, by: impl Fn(f32) -> f32) -> impl Fn(f32) -> f32 {
    move |t| (1..=n).map(f32::from).map(|k| by(k) * (k * sine(hz, t)).sin()).sum()
}

/// As loud as it goes without clipping, times `gain`.
fn normal(gain: f32, signal: &[f32]) -> Vec<f32> {
    let peak = signal.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    signal.iter().map(|x| (x * gain / peak).clamp(-1.0, 1.0)).collect()
}

fn howls(rig: &mut Rig) -> Vec<(u64, f32)> {
    let howl = |event| if let Event::Howl { frame, hz } = event { Some((frame, hz)) } else { None };
    rig.events().into_iter().filter_map(howl).collect()
}

/// Plays a mono signal on both channels.
fn play(rig: &mut Rig, mono: &[f32], block: usize) -> Vec<f32> {
    let input: Vec<f32> = mono.iter().flat_map(|&x| [x, 0.5 * x]).collect();
    rig.play(&input, block)
}

#[test]
fn a_howl_is_muted_within_a_second_of_being_loud() {
    type Clip = fn(f32) -> f32;
    let clips: [Clip; 3] =
        [|x| x.clamp(-1.0, 1.0), f32::tanh, |x| x.clamp(-CEILING, CEILING) + 0.01 * x.signum()];
    for hz in [100.0, 1_000.0, 3_700.0, 10_000.0] {
        for (n, clip) in clips.iter().enumerate() {
            // From −60 dBFS up by 40 dB a second to +30 dBFS, as far as the clip lets it.
            let grown = |t: f32| 10.0_f32.powf((2.0 * t).min(4.5) - 3.0);
            let loud = 3.0 / 2.0 * RATE - 0.155 / 2.0 * RATE;
            let input = signal(4.0, |t| clip(grown(t) * sine(hz, t).sin()));
            let mut rig = live();
            let output = play(&mut rig, &input, 441);
            let howls = howls(&mut rig);
            let [(frame, found)] = howls[..] else { panic!("{hz} Hz, clip {n}: {howls:?}") };
            assert!(frame as f32 > loud && (frame as f32) < loud + RATE, "{hz}, clip {n}: {frame}");
            assert!((found - hz).abs() < 0.5, "{hz} Hz, clip {n}: {found}");
            let muted = 2 * (frame as usize + 2 * 441);
            assert!(output[muted..].iter().all(|&x| x == 0.0), "{hz} Hz, clip {n}");
        }
    }
}

/// A real loop: what leaves comes back 43 ms later, through a room with one resonance and a
/// converter that clips.
#[test]
fn a_loop_through_a_room_silences_itself() {
    for hz in [100.0, 1_000.0, 3_700.0, 10_000.0] {
        let mut rig = live();
        let mut dice = Dice(7);
        let (pole, turn) = (1.0 - 200.0 / RATE, TAU * hz / RATE);
        let (mut a, mut b) = (0.0, 0.0);
        let mut air = VecDeque::from(vec![0.0; 2_000]);
        let mut n_loud = 0;
        for _ in 0..4 * rig::RATE / 64 {
            let room = |x: f32| {
                let x = x + noise(&mut dice) * 1e-4;
                let y = 2.0 * pole * turn.cos() * a - pole * pole * b + 0.02 * turn.sin() * x;
                (b, a) = (a, y);
                y.clamp(-1.0, 1.0)
            };
            let heard: Vec<f32> = air.drain(..64).map(room).flat_map(|x| [x, x]).collect();
            let played = rig.play(&heard, 64);
            n_loud += u32::from(played.iter().any(|x| x.abs() > 0.7));
            air.extend(played.iter().step_by(2));
        }
        let howls = howls(&mut rig);
        let [(_, found)] = howls[..] else { panic!("{hz} Hz: {howls:?}") };
        assert!((found / hz - 1.0).abs() < 0.1, "{hz} Hz: {found}");
        let is_silent = rig.play(&[0.5; 128], 64).iter().all(|&x| x == 0.0);
        assert!(n_loud * 64 < rig::RATE && is_silent, "{hz} Hz: {n_loud}");
    }
}

#[test]
fn unmuting_releases_it_and_it_is_found_again() {
    let mut rig = live();
    let input = signal(1.0, |t| sine(440.0, t).sin());
    let count = |rig: &mut Rig| howls(rig).len();
    play(&mut rig, &input, 64);
    play(&mut rig, &input, 64);
    assert_eq!(count(&mut rig), 1);
    rig.control.commands.send(0, CommandKind::Mute(false)).unwrap();
    let output = play(&mut rig, &input[..4_800], 64);
    assert!(output[9_000..].iter().any(|x| x.abs() > 0.8));
    play(&mut rig, &input, 64);
    assert_eq!(count(&mut rig), 1);
    // Muted by hand there is nothing to find.
    rig.control.commands.send(0, CommandKind::Mute(true)).unwrap();
    play(&mut rig, &input, 64);
    assert_eq!(count(&mut rig), 0);
}

#[test]
fn a_microphone_that_comes_later_closes_the_loop() {
    let first = generation(1, Identity { channels: 2 });
    let mut rig = Rig::new(first, |setup| setup.is_real_output = true);
    let input = signal(2.0, |t| sine(440.0, t).sin());
    play(&mut rig, &input, 64);
    assert_eq!(howls(&mut rig), [], "nothing can come back: a tone is a tone");
    rig.control.commands.send(0, CommandKind::LiveLoop).unwrap();
    play(&mut rig, &input, 64);
    assert_eq!(howls(&mut rig).len(), 1);
}

fn noise(dice: &mut Dice) -> f32 {
    dice.roll(0..20_001) as f32 / 10_000.0 - 1.0
}

/// White noise through a sum of one-pole filters an octave and a half apart: 3 dB per octave, to a
/// fraction of a dB.
fn pink() -> Vec<f32> {
    let mut dice = Dice(3);
    let mut poles = [0.0_f32; 6];
    normal(
        1.0,
        &signal(6.0, |_| {
            let white = 0.1 * noise(&mut dice);
            for (n, pole) in poles.iter_mut().enumerate() {
                let share = 0.6 / 2.83_f32.powi(n as i32);
                *pole += share * (white * 2.83_f32.powf(n as f32 / 2.0) - *pole);
            }
            poles.iter().sum()
        }),
    )
}

/// Two bars at 120 bpm: a kick that falls from 160 to 45 Hz, a snare, a hat; driven into clipping.
fn drums() -> Vec<f32> {
    let mut dice = Dice(5);
    signal(8.0, |t| {
        let (beat, half) = (t % 0.5, t % 0.25);
        let kick = (TAU * (45.0 * beat - 115.0 * 0.03 * (-beat / 0.03).exp())).sin();
        let snare = if t % 1.0 < 0.5 { 0.0 } else { noise(&mut dice) * (-beat / 0.1).exp() };
        let hat = 0.4 * noise(&mut dice) * (-half / 0.02).exp();
        1.5 * (kick * (-beat / 0.18).exp() + snare + hat)
    })
}

/// What a microphone may hear, and how much louder the plugin makes it.
fn music() -> Vec<(&'static str, f32, Vec<f32>)> {
    let saw = |k: f32| 1.0 / k;
    let chord = |gain, n| {
        let [c, e, g] = [261.6, 329.6, 392.0].map(|hz| tone(hz, n, saw));
        normal(gain, &signal(4.0, |t| 0.2 * (c(t) + e(t) + g(t))))
    };
    let bass = |hz| {
        let bass = tone(hz, 20, saw);
        normal(1.0, &signal(4.0, |t| 0.5 * bass(t)))
    };
    let organ = tone(220.0, 4, |k| if k < 2.5 { 1.0 } else { 0.5 });
    let flute = tone(523.0, 1, saw);
    let whistle = |t| (sine(1_500.0, t) + 1_500.0 * 0.02 / 6.0 * sine(6.0, t).sin()).sin();
    vec![
        ("pink noise", 4.0, pink()),
        ("pink noise, clipped", 4.0, normal(4.0, &pink())),
        ("a chord", 4.0, chord(1.0, 12)),
        ("a chord, clipped", 4.0, chord(4.0, 12)),
        ("a chord of sines", 4.0, chord(1.0, 1)),
        ("a bass of 41 Hz", 4.0, bass(41.2)),
        ("a bass of 98 Hz", 4.0, bass(98.0)),
        ("an organ at -6 dBFS", 1.0, normal(0.5, &signal(4.0, |t| 0.3 * organ(t)))),
        ("a flute stop at -6 dBFS", 1.0, normal(0.5, &signal(4.0, flute))),
        ("drums", 4.0, drums()),
        ("a string", 4.0, signal(4.0, |t| (-t % 2.0 / 0.7).exp() * sine(55.0, t).sin())),
        ("a whistle with vibrato", 4.0, signal(4.0, whistle)),
    ]
}

#[test]
fn music_is_no_howl() {
    for (name, most, input) in music() {
        for gain in [1.0, most] {
            let mut rig = Rig::new(generation(1, Gain(gain)), |setup| {
                (setup.is_real_output, setup.is_live_loop) = (true, true);
            });
            play(&mut rig, &input, 512);
            let howls = howls(&mut rig);
            assert!(howls.is_empty(), "{name}, times {gain}: {howls:?}");
        }
    }
}

/// Sings for itself, without an input.
#[derive(Debug)]
struct Singer(u64);

impl Processor for Singer {
    fn layout(&self) -> Layout {
        Layout { n_output: 2, ..Layout::default() }
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        for n in 0..io.frames {
            let x = sine(440.0, self.0 as f32 / RATE).sin();
            io.output.rows_mut().for_each(|row| row[n] = x);
            self.0 += 1;
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

/// Without a loop there is no howl: on virtual ends, and where the plugin has no input.
#[test]
fn where_nothing_comes_back_nothing_howls() {
    let input = signal(2.0, |t| sine(440.0, t).sin());
    let mut rig = Rig::new(generation(1, Identity { channels: 2 }), |setup| {
        setup.is_real_output = true;
    });
    play(&mut rig, &input, 64);
    assert_eq!(howls(&mut rig), []);
    let singer = || Generation::new(1, Box::new(Singer(0)), rig::STEREO);
    let mut rig = Rig::new(Box::new(singer()), |setup| setup.is_live_loop = true);
    play(&mut rig, &input, 64);
    assert_eq!(howls(&mut rig), []);
}

#[test]
fn an_offset_is_told_with_its_frame() {
    let mut rig = Rig::new(generation(1, Identity { channels: 2 }), |_| {});
    play(&mut rig, &vec![0.25; 100_000], 64);
    let events = rig.events();
    let dc = events.iter().filter(|e| matches!(e, Event::Dc { .. })).collect::<Vec<_>>();
    let [Event::Dc { frame, level }] = dc[..] else { panic!("{dc:?}") };
    assert!((48_000..53_000).contains(frame) && (level - 0.25).abs() < 1e-4, "{dc:?}");
}
