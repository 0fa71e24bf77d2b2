//! Strips and buses while they sound: levels, mutes, other buses, other loops, the live input.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    reason = "these bits are to come out as they went in; small numbers"
)]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::{f64::consts::TAU, sync::Arc};

use retake_engine::{
    BusShape, CommandKind, Engine, EngineControl,
    mixer::{
        Bus, Clip, ClipPlayer, Generator, Material, MixerSetup, PanLaw, Signal, StripSettings,
        Voice, VoiceChange, VoiceId, VoicePool, VoiceProbe, gain_of_db,
    },
    processor::Identity,
};
use rig::{MAX_BLOCK, RATE, Rig, STEREO, generation, setup, sine};

/// No change takes longer, in frames.
const RAMP: usize = 384;
/// 200 Hz at full scale moves by so much from frame to frame by itself.
const OWN: f32 = (TAU * 200.0 / 48_000.0) as f32;

/// An engine without a live input, and who may sound in it.
struct Desk {
    engine: Engine,
    control: EngineControl,
    pool: VoicePool,
}

impl Desk {
    fn new() -> Self {
        Self::of_shape(STEREO)
    }

    fn of_shape(shape: BusShape) -> Self {
        let first = retake_engine::Generation::new(1, Box::new(Identity { channels: 2 }), shape);
        let mut setup = setup(shape, None, Box::new(first));
        setup.mixer = MixerSetup { n_main: 2, n_side: 2, ..MixerSetup::default() };
        let (engine, control) = Engine::new(setup);
        Self { engine, control, pool: VoicePool::default() }
    }

    fn send(&mut self, at: u64, kind: CommandKind) {
        self.control.commands.send(at, kind).unwrap();
    }

    fn voice(&mut self, material: Material, strip: StripSettings) -> Voice {
        let id = self.pool.claim().unwrap();
        Voice::new(id, material, strip, self.engine.shape())
    }

    fn play(&mut self, material: Material, strip: StripSettings) -> (VoiceId, Arc<VoiceProbe>) {
        let voice = self.voice(material, strip);
        let seen = (voice.id(), voice.probe());
        self.send(0, CommandKind::Play(Box::new(voice)));
        seen
    }

    fn change(&mut self, id: VoiceId, change: VoiceChange) {
        self.send(0, CommandKind::Voice(id, change));
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
}

fn generator(signal: Signal) -> Material {
    Material::Generator(Generator::new(signal, RATE))
}

fn dc(level: f32) -> Material {
    generator(Signal::Dc { level })
}

fn to(bus: Bus) -> StripSettings {
    StripSettings { bus, ..StripSettings::default() }
}

/// A clip whose samples are their frames' numbers.
fn ramp(frames: u16, repeat: Option<std::ops::Range<u64>>) -> Material {
    let samples: Vec<f32> = (0..frames).map(f32::from).collect();
    let clip = Arc::new(Clip::new(1, &samples).unwrap());
    Material::Clip(ClipPlayer::new(clip, repeat))
}

/// 200 Hz at full scale, as a clip without an end.
fn looped_sine() -> Material {
    let sine = |n: u32| (TAU * 200.0 * f64::from(n) / 48_000.0).sin() as f32;
    let clip = Arc::new(Clip::new(1, &(0..48_000).map(sine).collect::<Vec<_>>()).unwrap());
    Material::Clip(ClipPlayer::new(clip, Some(0..48_000)))
}

/// The largest step in what follows a frame.
fn worst_step_after(before: f32, row: &[f32]) -> f32 {
    worst_step(row).max((row[0] - before).abs())
}

fn worst_step(row: &[f32]) -> f32 {
    row.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn a_bus_has_exactly_its_level_and_gets_there_without_a_click() {
    let gain = gain_of_db(-6.5);
    for bus in [Bus::PluginIn, Bus::Dry, Bus::Master] {
        let mut desk = Desk::new();
        desk.play(dc(1.0), to(bus));
        desk.play(dc(0.25), to(if bus == Bus::Master { Bus::Dry } else { Bus::Master }));
        assert_eq!(desk.left(100), [1.25; 100], "{bus:?}");
        desk.send(0, CommandKind::Bus(bus, gain));
        let heard = desk.left(2 * RAMP);
        assert!(worst_step_after(1.25, &heard) <= 0.01, "{bus:?}");
        assert_eq!(heard[RAMP..], [gain + 0.25; RAMP], "{bus:?}");
        // A mute is a level of nothing.
        desk.send(0, CommandKind::Bus(bus, 0.0));
        let heard = desk.left(2 * RAMP);
        assert!(worst_step_after(gain + 0.25, &heard) <= 0.01, "{bus:?}");
        assert_eq!(heard[RAMP..], [0.25; RAMP], "{bus:?}");
        desk.send(0, CommandKind::Bus(bus, 1.0));
        assert_eq!(desk.left(2 * RAMP)[RAMP..], [1.25; RAMP], "{bus:?}");
    }
}

#[test]
fn what_is_set_before_the_first_frame_is_so_from_the_first_frame_on() {
    let mut desk = Desk::new();
    let (id, _) = desk.play(dc(1.0), StripSettings::default());
    desk.change(id, VoiceChange::Gain(0.5));
    desk.change(id, VoiceChange::Bus(Bus::Master));
    desk.send(0, CommandKind::Bus(Bus::PluginIn, 0.0));
    desk.send(0, CommandKind::Bus(Bus::Master, 0.5));
    assert_eq!(desk.left(100), [0.25; 100]);
    let mut desk = Desk::new();
    let voice = desk.voice(ramp(10_000, None), StripSettings::default());
    let (id, voice) = (voice.id(), voice.with(VoiceChange::Pause(true)));
    desk.send(0, CommandKind::Play(Box::new(voice.with(VoiceChange::Seek(5_000)))));
    assert_eq!(desk.left(1_000), [0.0; 1_000]);
    desk.change(id, VoiceChange::Pause(false));
    // It comes up within 5 ms, from the frame that it was moved to.
    assert_eq!(desk.left(400)[300..302], [5_300.0, 5_301.0]);
}

#[test]
fn a_strip_changes_its_bus_by_way_of_silence() {
    let mut desk = Desk::new();
    let (id, _) = desk.play(looped_sine(), StripSettings::default());
    desk.send(0, CommandKind::Bus(Bus::Master, 0.5));
    let before = desk.left(1_000);
    desk.change(id, VoiceChange::Bus(Bus::Master));
    let heard = desk.left(4 * RAMP);
    assert!(worst_step_after(before[999], &heard) <= OWN + 0.01);
    let sine = |n: usize| (TAU * 200.0 * n as f64 / 48_000.0).sin() as f32;
    for (n, x) in heard.iter().enumerate().skip(2 * RAMP) {
        assert!((x - 0.5 * sine(1_000 + n)).abs() < 1e-6, "frame {n}");
    }
    // There is nothing to be heard: it is there at once.
    desk.change(id, VoiceChange::Gain(0.0));
    desk.left(RAMP);
    desk.change(id, VoiceChange::Bus(Bus::Sidechain));
    desk.change(id, VoiceChange::Gain(1.0));
    assert!(desk.left(1_000).iter().all(|x| *x == 0.0), "the plugin has no sidechain");
    desk.change(id, VoiceChange::Bus(Bus::PluginIn));
    desk.change(id, VoiceChange::Bus(Bus::Sidechain));
    assert!(desk.left(1_000).iter().all(|x| *x == 0.0), "the last word counts");
}

#[test]
fn another_law_is_a_ramp_too() {
    let mut desk = Desk::new();
    let strip = StripSettings { pan: 1.0, ..StripSettings::default() };
    let (id, _) = desk.play(dc(1.0), strip);
    desk.hear(100, 100);
    desk.change(id, VoiceChange::Law(PanLaw::EqualPower));
    let [left, right] = desk.hear(2 * RAMP, 64);
    assert!(left.iter().all(|x| *x == 0.0) && worst_step_after(1.0, &right) <= 0.01);
    assert_eq!(right[RAMP], PanLaw::EqualPower.gains(1.0)[1]);
}

#[test]
fn another_loop_is_taken_where_it_stands_or_from_its_start() {
    let playing = |repeat: Option<std::ops::Range<u64>>, frames: usize| {
        let mut desk = Desk::new();
        let (id, probe) = desk.play(ramp(20_000, repeat), StripSettings::default());
        desk.left(frames);
        (desk, id, probe)
    };
    // It is not at the end yet: nothing is heard of the change but the loop.
    let (mut desk, id, _) = playing(None, 1_000);
    desk.change(id, VoiceChange::Loop(Some((500, 1_200))));
    let expected = |n: u16| if n < 200 { 1_000 + n } else { 500 + (n - 200) % 700 };
    assert_eq!(desk.left(2_000), (0..2_000).map(expected).map(f32::from).collect::<Vec<_>>());
    // No loop any more: on to the end.
    desk.change(id, VoiceChange::Loop(None));
    let at = expected(2_000);
    assert_eq!(desk.left(2_000), (at..at + 2_000).map(f32::from).collect::<Vec<_>>());
    // Beyond the end: from the loop's start, behind a fade.
    let (mut desk, id, probe) = playing(None, 9_000);
    desk.change(id, VoiceChange::Loop(Some((500, 1_200))));
    assert_eq!(desk.left(600)[479..481], [500.0 + 239.0, 500.0 + 240.0]);
    assert_eq!(probe.position(), 500 + 360);
    // Within the loop that was: its frames are counted as the clip's.
    let (mut desk, id, _) = playing(Some(100..200), 1_050);
    desk.change(id, VoiceChange::Loop(Some((100, 160))));
    assert_eq!(
        desk.left(12),
        [150_u16, 151, 152, 153, 154, 155, 156, 157, 158, 159, 100, 101].map(f32::from)
    );
    // Shorter than a block, and a frame long.
    desk.change(id, VoiceChange::Loop(Some((300, 301))));
    assert_eq!(desk.left(1_000)[1..3], [103.0, 104.0]);
    assert_eq!(desk.left(1_000), [300.0; 1_000]);
}

#[test]
fn a_seek_just_before_the_end_is_not_lost() {
    let mut desk = Desk::new();
    let (id, _) = desk.play(ramp(1_000, None), StripSettings::default());
    desk.left(900);
    desk.change(id, VoiceChange::Seek(100));
    let heard = desk.left(600);
    assert_eq!(heard[100], 0.0, "the end comes before the fade's");
    assert_eq!(heard[479..481], [100.0 + 239.0, 100.0 + 240.0]);
    assert!(desk.control.spent.pop().is_err());
}

#[test]
fn everyone_sees_how_loud_a_strip_is() {
    let mut desk = Desk::new();
    let strip = StripSettings { gain: 0.5, pan: -1.0, ..StripSettings::default() };
    let (id, probe) = desk.play(dc(-0.8), strip);
    let (mut one, mut other) = (0, 0);
    desk.left(600);
    assert_eq!(probe.peaks().since(&mut one), 0.4);
    desk.change(id, VoiceChange::Gain(0.0));
    desk.left(RAMP + 4_000);
    assert!((0.35..=0.4).contains(&probe.peaks().since(&mut one)), "the ramp's beginning");
    desk.left(4_000);
    assert_eq!((probe.peaks().since(&mut one), probe.peaks().since(&mut other)), (0.0, 0.4));
}

#[test]
fn the_live_input_changes_like_any_strip_and_passes_bit_for_bit_again() {
    let mut rig = Rig::new(generation(1, Identity { channels: 2 }), |setup| {
        setup.mixer = MixerSetup { n_main: 2, n_side: 2, ..MixerSetup::default() };
    });
    let mut tap = rig.control.input.open();
    let input = sine(3_000);
    assert_eq!(rig.play(&input, MAX_BLOCK), input);
    let mut seen = 0;
    assert!(rig.control.live.peaks().since(&mut seen) > 0.99);
    // Its sidechain is there, and silent.
    let mut heard = vec![9.0; 4 * 3_000];
    assert_eq!(tap.read(&mut heard).records, 3_000);
    for (got, x) in heard.chunks(4).zip(input.chunks(2)) {
        assert_eq!(got, [x[0], x[1], 0.0, 0.0]);
    }
    assert_eq!(rig.control.meters.open().merge().input.len(), 4);
    let send = |rig: &mut Rig, change| rig.control.commands.send(0, change).unwrap();
    send(&mut rig, CommandKind::Live(VoiceChange::Gain(0.5)));
    let output = rig.play(&input, 100);
    for (y, x) in output.iter().zip(&input).skip(2 * RAMP) {
        assert_eq!(*y, 0.5 * x);
    }
    send(&mut rig, CommandKind::Live(VoiceChange::Gain(1.0)));
    send(&mut rig, CommandKind::Bus(Bus::PluginIn, 0.0));
    assert!(rig.play(&input, 100)[2 * RAMP..].iter().all(|x| *x == 0.0));
    send(&mut rig, CommandKind::Bus(Bus::PluginIn, 1.0));
    assert_eq!(rig.play(&input, 100)[2 * RAMP..], input[2 * RAMP..]);
    send(&mut rig, CommandKind::Live(VoiceChange::Bus(Bus::Sidechain)));
    assert!(rig.play(&input, 100)[2 * RAMP..].iter().all(|x| *x == 0.0));
    send(&mut rig, CommandKind::Live(VoiceChange::Bus(Bus::PluginIn)));
    rig.play(&input, 100);
    assert_eq!(rig.play(&input, MAX_BLOCK), input);
}

#[test]
fn a_live_input_that_is_changed_does_not_click() {
    let changes = [
        VoiceChange::Gain(0.0),
        VoiceChange::Pan(-1.0),
        VoiceChange::Bus(Bus::Master),
        VoiceChange::Bus(Bus::Sidechain),
    ];
    for change in changes {
        let mut rig = Rig::new(generation(1, Identity { channels: 2 }), |setup| {
            setup.mixer = MixerSetup { n_main: 2, n_side: 2, ..MixerSetup::default() };
        });
        let x = |n: usize| (TAU * 200.0 * n as f64 / 48_000.0).sin() as f32;
        let input: Vec<f32> = (0..4_800).flat_map(|n| [x(n), x(n)]).collect();
        let mut output = rig.play(&input[..2_000], 100);
        rig.control.commands.send(0, CommandKind::Live(change)).unwrap();
        output.extend(rig.play(&input[2_000..], 100));
        for c in 0..2 {
            let row: Vec<f32> = output.iter().skip(c).step_by(2).copied().collect();
            assert!(worst_step(&row) <= OWN + 0.01, "{change:?}: {}", worst_step(&row));
        }
    }
}

#[test]
fn blocks_of_any_size_change_the_same() {
    let scene = |block: usize| {
        let mut desk = Desk::of_shape(BusShape { max_block: 4_096, ..STEREO });
        let (noise, _) = desk.play(generator(Signal::PinkNoise { seed: 3 }), to(Bus::Dry));
        let (clip, _) = desk.play(looped_sine(), StripSettings::default());
        for (at, kind) in [
            (3_000, CommandKind::Bus(Bus::Dry, 0.3)),
            (3_100, CommandKind::Voice(noise, VoiceChange::Bus(Bus::PluginIn))),
            (4_001, CommandKind::Voice(clip, VoiceChange::Law(PanLaw::EqualPower))),
            (4_002, CommandKind::Voice(clip, VoiceChange::Pan(0.7))),
            (5_555, CommandKind::Bus(Bus::PluginIn, 0.0)),
            (5_700, CommandKind::Voice(clip, VoiceChange::Loop(Some((100, 2_000))))),
            (6_400, CommandKind::Bus(Bus::PluginIn, 0.9)),
            (7_000, CommandKind::Voice(clip, VoiceChange::Bus(Bus::Master))),
            (7_200, CommandKind::Voice(clip, VoiceChange::Bus(Bus::Dry))),
        ] {
            desk.send(at, kind);
        }
        desk.hear(10_000, block)
    };
    let whole = scene(4_096);
    for block in [1, 7, 64, 441] {
        for (whole, cut) in whole.iter().zip(scene(block)) {
            let worst = whole.iter().zip(cut).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-6, "blocks of {block}: {worst}");
        }
    }
}
