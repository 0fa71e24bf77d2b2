//! Voices, strips and buses, heard at the engine's output on virtual time.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    reason = "these bits are to come out as they went in; small numbers"
)]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test plays the threads that share control"
)]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::{
    any::Any,
    f64::consts::TAU,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use retake_engine::{
    BusShape, CommandKind, Engine, EngineControl, Fade, Layout, Outcome, ProcessIo, Processor,
    mixer::{
        Bus, Clip, ClipPlayer, Generator, Material, MixerSetup, PanLaw, Signal, StripSettings,
        Voice, VoiceChange, VoiceId, VoicePool, gain_of_db,
    },
    processor::Identity,
};
use rig::{Dice, Late, MAX_BLOCK, RATE, Rig, STEREO, generation, setup, sine};

/// An engine without a live input, and who may sound in it.
struct Desk {
    engine: Engine,
    control: EngineControl,
    pool: VoicePool,
}

const WIDE: MixerSetup = MixerSetup {
    n_main: 2,
    n_side: 2,
    live: StripSettings { gain: 1.0, pan: 0.0, law: PanLaw::Balance, bus: Bus::PluginIn },
};

impl Desk {
    fn new(plugin: impl Processor + 'static) -> Self {
        Self::of_shape(plugin, STEREO)
    }

    fn of_shape(plugin: impl Processor + 'static, shape: BusShape) -> Self {
        let first = retake_engine::Generation::new(1, Box::new(plugin), shape);
        let mut setup = setup(shape, None, Box::new(first));
        setup.mixer = WIDE;
        let (engine, control) = Engine::new(setup);
        Self { engine, control, pool: VoicePool::default() }
    }

    fn send(&mut self, kind: CommandKind) {
        self.control.commands.send(0, kind).unwrap();
    }

    fn play(&mut self, material: Material, strip: StripSettings) -> VoiceId {
        self.play_pitched(material, strip, 1.0)
    }

    fn play_pitched(&mut self, material: Material, strip: StripSettings, pitch: f64) -> VoiceId {
        let id = self.pool.claim().unwrap();
        let shape = self.engine.shape();
        let voice = Voice::new(id, material, strip, shape).with_pitch(pitch);
        self.send(CommandKind::Play(Box::new(voice)));
        id
    }

    fn change(&mut self, id: VoiceId, change: VoiceChange) {
        self.send(CommandKind::Voice(id, change));
    }

    /// The next `frames`, in callbacks of `block`: left and right.
    fn hear(&mut self, frames: usize, block: usize) -> [Vec<f32>; 2] {
        let mut out = vec![9.0; 2 * frames];
        out.chunks_mut(2 * block).for_each(|part| self.engine.render(part, 0));
        [0, 1].map(|c| out.iter().skip(c).step_by(2).copied().collect())
    }

    fn left(&mut self, frames: usize) -> Vec<f32> {
        self.hear(frames, 441)[0].clone()
    }

    /// The voices that have ended.
    fn spent(&mut self) -> Vec<VoiceId> {
        let spent = std::iter::from_fn(|| self.control.spent.pop().ok());
        let ids: Vec<_> = spent.map(|voice| voice.id()).collect();
        for id in &ids {
            self.pool.release(*id);
        }
        ids
    }
}

fn tone(hz: f64) -> Material {
    Material::Generator(Generator::new(Signal::Sine { hz }, RATE))
}

fn dc(level: f32) -> Material {
    Material::Generator(Generator::new(Signal::Dc { level }, RATE))
}

fn clip(channels: usize, samples: &[f32], repeat: Option<std::ops::Range<u64>>) -> Material {
    let clip = Arc::new(Clip::new(channels, samples).unwrap());
    Material::Clip(ClipPlayer::new(clip, repeat))
}

/// A clip whose samples are their frames' numbers.
fn ramp(frames: u16) -> Material {
    clip(1, &(0..frames).map(f32::from).collect::<Vec<_>>(), None)
}

fn to(bus: Bus) -> StripSettings {
    StripSettings { bus, ..StripSettings::default() }
}

/// Gives its sidechain.
#[derive(Debug)]
struct Side;

impl Processor for Side {
    fn layout(&self) -> Layout {
        Layout { n_input: 2, n_side: 2, n_output: 2, latency_frames: 0 }
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        assert_eq!((io.input.main_channels(), io.input.channels()), (2, 4));
        for c in 0..2 {
            io.output.channel_mut(c)[..io.frames]
                .copy_from_slice(&io.input.channel(2 + c)[..io.frames]);
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

#[test]
fn a_tone_is_the_formula_from_its_first_frame_on() {
    let mut desk = Desk::new(Identity { channels: 2 });
    let id = desk.pool.claim().unwrap();
    let gain = gain_of_db(-20.0);
    let strip = StripSettings { gain, ..StripSettings::default() };
    let voice = Voice::new(id, tone(997.0), strip, STEREO);
    desk.control.commands.send(1_000, CommandKind::Play(Box::new(voice))).unwrap();
    let [left, right] = desk.hear(48_000, 512);
    assert_eq!(left, right);
    assert!(left[..1_000].iter().all(|x| *x == 0.0));
    for (n, x) in left[1_000..].iter().enumerate() {
        let expected = f64::from(gain) * (TAU * 997.0 * n as f64 / 48_000.0).sin();
        assert!((f64::from(*x) - expected).abs() < 1e-6, "frame {n}");
    }
}

#[test]
fn sounds_add_up_and_clips_come_out_bit_for_bit() {
    let mut desk = Desk::new(Identity { channels: 2 });
    let noise: Vec<f32> = sine(5_000);
    desk.play(clip(2, &noise, None), StripSettings::default());
    let [left, right] = desk.hear(6_000, 333);
    for n in 0..5_000 {
        assert_eq!([left[n], right[n]], noise[2 * n..2 * n + 2], "frame {n}");
    }
    assert!(left[5_000..].iter().all(|x| *x == 0.0));
    desk.play(dc(0.25), StripSettings::default());
    desk.play(dc(0.5), StripSettings { pan: 0.5, ..StripSettings::default() });
    let [left, right] = desk.hear(100, 64);
    assert!(left.iter().all(|x| *x == 0.5) && right.iter().all(|x| *x == 0.75));
}

#[test]
fn blocks_of_any_size_sound_the_same() {
    let scene = |block: usize| {
        let mut desk =
            Desk::of_shape(Identity { channels: 2 }, BusShape { max_block: 4_096, ..STEREO });
        let material = sine(3_000);
        let strip = StripSettings { gain: 0.3, pan: -0.4, ..StripSettings::default() };
        let pitched = desk.play_pitched(clip(2, &material, Some(100..2_900)), strip, 1.37);
        for signal in [Signal::Sweep, Signal::PinkNoise { seed: 3 }] {
            let material = Material::Generator(Generator::new(signal, RATE));
            desk.play(material, StripSettings { gain: 0.2, ..to(Bus::Master) });
        }
        let straight = desk.play(clip(1, &material, Some(7..12)), to(Bus::Dry));
        for (at, id, change) in [
            (5_000, pitched, VoiceChange::Pan(0.9)),
            (6_001, pitched, VoiceChange::Gain(0.7)),
            (7_123, straight, VoiceChange::Pause(true)),
            (9_000, pitched, VoiceChange::Seek(50)),
            (11_111, straight, VoiceChange::Pause(false)),
            (15_000, pitched, VoiceChange::Stop),
        ] {
            desk.control.commands.send(at, CommandKind::Voice(id, change)).unwrap();
        }
        desk.hear(20_000, block)
    };
    let whole = scene(4_096);
    for block in [1, 7, 64, 441] {
        for (whole, cut) in whole.iter().zip(scene(block)) {
            let worst = whole.iter().zip(cut).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-6, "blocks of {block}: {worst}");
        }
    }
}

#[test]
fn whatever_changes_a_full_scale_sine_stays_without_a_click() {
    // 200 Hz at full scale moves by up to 0.0262 from frame to frame by itself; on the side that
    // equal power raises, by 3 dB more.
    let own = (TAU * 200.0 / 48_000.0) as f32;
    let period = 240 * 200;
    let looped: Vec<f32> =
        (0..period).map(|n| (TAU * 200.0 * f64::from(n) / 48_000.0).sin() as f32).collect();
    let changes = [
        VoiceChange::Gain(0.0),
        VoiceChange::Gain(0.5),
        VoiceChange::Pan(1.0),
        VoiceChange::Pause(true),
        VoiceChange::Seek(60),
        VoiceChange::Stop,
    ];
    for change in changes {
        for law in [PanLaw::Balance, PanLaw::EqualPower] {
            let mut desk = Desk::new(Identity { channels: 2 });
            let material = clip(1, &looped, Some(0..u64::try_from(period).unwrap()));
            let id = desk.play(material, StripSettings { law, ..StripSettings::default() });
            desk.hear(1_000, 100);
            desk.change(id, change);
            let mut heard = desk.hear(2_000, 100);
            desk.change(id, VoiceChange::Pause(false));
            for (all, more) in heard.iter_mut().zip(desk.hear(2_000, 100)) {
                all.extend(more);
            }
            let raised = law.gains(-1.0)[0];
            for row in &heard {
                let steps = row.windows(2).map(|w| (w[1] - w[0]).abs());
                let worst = steps.fold(0.0, f32::max);
                assert!(worst - own * raised <= 0.01, "{change:?}: a step of {worst}");
            }
        }
    }
}

#[test]
fn a_pause_stands_still_and_goes_on_with_the_next_frame() {
    let mut desk = Desk::new(Identity { channels: 2 });
    let id = desk.play(ramp(20_000), StripSettings::default());
    desk.left(1_000);
    desk.change(id, VoiceChange::Pause(true));
    assert!(desk.left(1_000)[240..].iter().all(|x| *x == 0.0));
    desk.change(id, VoiceChange::Pause(false));
    let heard = desk.left(1_000);
    // 5 ms passed while it faded out, and 5 ms while it faded in.
    assert_eq!(heard[240..], (1_480..2_240_u16).map(f32::from).collect::<Vec<_>>());
}

#[test]
fn every_seek_sounds_from_its_very_target() {
    let mut desk = Desk::new(Identity { channels: 2 });
    let id = desk.play(ramp(60_000), StripSettings::default());
    desk.left(1);
    let mut dice = Dice(3);
    for _ in 0..1_000 {
        let target = u16::try_from(dice.roll(0..59_000)).unwrap();
        desk.change(id, VoiceChange::Seek(target.into()));
        let heard = desk.left(600);
        // 5 ms of the old, 5 ms while the new comes up, then the new at its full level.
        let first = f32::from(target) + 239.0;
        assert_eq!(heard[479..481], [first, first + 1.0], "after a seek to {target}");
    }
}

#[test]
fn a_paused_voice_that_is_moved_stays_paused() {
    let mut desk = Desk::new(Identity { channels: 2 });
    let id = desk.play(ramp(20_000), StripSettings::default());
    desk.change(id, VoiceChange::Pause(true));
    desk.left(600);
    desk.change(id, VoiceChange::Seek(9_000));
    assert!(desk.left(600).iter().all(|x| *x == 0.0));
    desk.change(id, VoiceChange::Pause(false));
    assert_eq!(desk.left(600)[500], 9_500.0);
}

#[test]
fn what_ends_comes_back_and_its_id_means_nobody_any_more() {
    let mut desk = Desk::new(Identity { channels: 2 });
    let short = desk.play(ramp(100), StripSettings::default());
    let impulse = Material::Generator(Generator::new(Signal::Impulse, RATE));
    let impulse = desk.play(impulse, StripSettings::default());
    let tone = desk.play(tone(100.0), StripSettings::default());
    assert_eq!(desk.left(100)[0], 1.0);
    assert_eq!(desk.spent(), [impulse]);
    desk.left(1);
    assert_eq!(desk.spent(), [short]);
    desk.change(tone, VoiceChange::Stop);
    desk.change(tone, VoiceChange::Pause(false));
    assert!(desk.left(1_000)[241..].iter().all(|x| *x == 0.0));
    assert_eq!(desk.spent(), [tone]);
    let next = desk.play(dc(0.5), StripSettings::default());
    for old in [short, impulse, tone] {
        desk.change(old, VoiceChange::Stop);
    }
    assert!(desk.left(1_000).iter().all(|x| *x == 0.5), "{next:?}");
}

#[test]
fn ten_thousand_voices_come_and_go_without_a_loss() {
    let mut desk = Desk::new(Identity { channels: 2 });
    let mut dice = Dice(9);
    let (mut alive, mut begun, mut ended) = (Vec::new(), 0, 0);
    while begun < 10_000 {
        if dice.roll(0..3) > 0 && alive.len() < retake_engine::mixer::VOICES {
            let length = u16::try_from(dice.roll(1..3_000)).unwrap();
            alive.push(desk.play(ramp(length), StripSettings::default()));
            begun += 1;
        } else if !alive.is_empty() {
            let id = alive[dice.roll(0..alive.len())];
            desk.change(id, VoiceChange::Stop);
        }
        desk.hear(dice.roll(1..200), 64);
        let spent = desk.spent();
        ended += spent.len();
        alive.retain(|id| !spent.contains(id));
    }
    for id in alive {
        desk.change(id, VoiceChange::Stop);
    }
    desk.hear(1_000, 64);
    assert_eq!(ended + desk.spent().len(), begun);
}

/// What four threads that share control got done, and what they were refused.
#[derive(Debug, Default)]
struct Tally {
    begun: AtomicUsize,
    full: AtomicUsize,
    busy: AtomicUsize,
}

/// Plays and stops, as fast as it goes.
fn play_and_stop(control: &Mutex<(EngineControl, VoicePool)>, tally: &Tally, seed: u64) {
    let mut dice = Dice(seed);
    for _ in 0..2_500 {
        let mut guard = control.lock().unwrap();
        let (control, pool) = &mut *guard;
        while let Ok(voice) = control.spent.pop() {
            pool.release(voice.id());
        }
        let Ok(id) = pool.claim() else {
            tally.full.fetch_add(1, Relaxed);
            drop(guard);
            std::thread::yield_now();
            continue;
        };
        let length = u16::try_from(dice.roll(1..3_000)).unwrap();
        let voice = Voice::new(id, ramp(length), StripSettings::default(), STEREO);
        if control.commands.send(0, CommandKind::Play(Box::new(voice))).is_err() {
            tally.busy.fetch_add(1, Relaxed);
            pool.release(id);
            continue;
        }
        tally.begun.fetch_add(1, Relaxed);
        let stop = CommandKind::Voice(id, VoiceChange::Stop);
        tally.busy.fetch_add(usize::from(control.commands.send(0, stop).is_err()), Relaxed);
    }
}

#[test]
fn ten_thousand_plays_and_stops_from_four_threads_are_done_or_refused() {
    let Desk { mut engine, control, pool } = Desk::new(Identity { channels: 2 });
    let (control, tally) = (Mutex::new((control, pool)), Tally::default());
    let (control, tally) = (&control, &tally);
    std::thread::scope(|scope| {
        let asking: Vec<_> =
            (1..5).map(|seed| scope.spawn(move || play_and_stop(control, tally, seed))).collect();
        let mut block = [0.0; 2 * 64];
        while asking.iter().any(|thread| !thread.is_finished()) {
            engine.render(&mut block, 0);
        }
    });
    engine.render(&mut vec![0.0; 2 * 4_000], 0);
    let mut guard = control.lock().unwrap();
    let (control, pool) = &mut *guard;
    while let Ok(voice) = control.spent.pop() {
        pool.release(voice.id());
    }
    let [begun, full, busy] = [&tally.begun, &tally.full, &tally.busy].map(|n| n.load(Relaxed));
    // Each was done or refused, and every stop found its voice.
    assert!(begun > 100 && begun + full + busy >= 10_000, "{tally:?}");
    // Whatever began has ended and given its place back; nothing was lost.
    let places = std::iter::from_fn(|| pool.claim().ok()).count();
    assert_eq!(places, retake_engine::mixer::VOICES);
}

#[test]
fn a_line_up_signal_keeps_its_sides() {
    let mut desk = Desk::new(Identity { channels: 2 });
    let signal = Material::Generator(Generator::new(Signal::LineUp, RATE));
    desk.play(signal, StripSettings::default());
    let [left, right] = desk.hear(3 * 48_000, 441);
    assert_eq!(left[..132_000], right[..132_000]);
    assert!(left[132_000..].iter().all(|x| *x == 0.0));
    let loudest = right[132_000..].iter().copied().fold(0.0, f32::max);
    assert!((20.0 * loudest.log10() + 18.0).abs() < 0.001, "{loudest}");
}

#[test]
fn the_sidechain_hears_what_is_routed_there_and_nothing_else() {
    let mut desk = Desk::new(Side);
    desk.play(dc(0.5), StripSettings::default());
    assert!(desk.left(1_000).iter().all(|x| *x == 0.0));
    desk.play(dc(0.25), to(Bus::Sidechain));
    assert!(desk.left(1_000).iter().all(|x| *x == 0.25));
    // A plugin without one does not hear it.
    let next =
        Box::new(retake_engine::Generation::new(2, Box::new(Identity { channels: 2 }), STEREO));
    desk.send(CommandKind::Swap(next, Fade::Cross { frames: 10 }));
    assert!(desk.left(1_000)[10..].iter().all(|x| *x == 0.5));
}

#[test]
fn dry_is_late_by_the_latency_and_master_is_not() {
    let mut desk = Desk::new(Late::by(100));
    desk.play(ramp(1_000), StripSettings { gain: -1.0, ..StripSettings::default() });
    desk.play(ramp(1_000), to(Bus::Dry));
    assert!(desk.left(1_000).iter().all(|x| *x == 0.0), "the plugin's output against the dry one");
    let mut desk = Desk::new(Late::by(100));
    desk.play(ramp(1_000), to(Bus::Master));
    assert_eq!(desk.left(1_000), (0..1_000_u16).map(f32::from).collect::<Vec<_>>());
}

#[test]
fn another_latency_moves_the_dry_signal_without_a_click() {
    let mut desk = Desk::new(Late::by(0));
    desk.play(tone(200.0), to(Bus::Dry));
    desk.hear(1_000, 100);
    let next = generation(2, Late::by(777));
    desk.send(CommandKind::Swap(next, Fade::Cross { frames: 1 }));
    let heard = desk.left(3_000);
    let worst = heard.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(worst <= 0.0262 + 0.01, "a step of {worst}");
    let late = |n: usize| (TAU * 200.0 * (1_000 + n - 777) as f64 / 48_000.0).sin();
    assert!((f64::from(heard[2_000]) - late(2_000)).abs() < 1e-6);
}

#[test]
fn the_live_input_is_a_strip_too() {
    let live = StripSettings { gain: 0.5, pan: -1.0, ..StripSettings::default() };
    let mut rig = Rig::new(generation(1, Identity { channels: 2 }), |setup| {
        setup.mixer = MixerSetup { live, ..MixerSetup::default() };
    });
    let input = sine(3_000);
    let output = rig.play(&input, MAX_BLOCK);
    for (x, y) in input.chunks(2).zip(output.chunks(2)) {
        assert_eq!(y, [0.5 * x[0], 0.0]);
    }
    let mut rig = Rig::new(generation(1, Side), |setup| {
        let live = to(Bus::Sidechain);
        setup.mixer = MixerSetup { n_main: 2, n_side: 2, live };
    });
    assert_eq!(rig.play(&input, 100), input);
}
