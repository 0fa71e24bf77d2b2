//! A take: alone on the plugin's input, and from its first frame on with every new generation.
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

use std::{any::Any, sync::Arc};

use retake_engine::{
    CommandKind, Fade, Generation, Layout, Outcome, ProcessIo, Processor, Replay, ToMono, WarmUp,
    mixer::{
        Bus, Clip, ClipPlayer, Generator, Material, Signal, StripSettings, Voice, VoiceChange,
        VoiceId, VoicePool,
    },
};
use rig::{RATE, Rig, STEREO, sine};

/// Of the loop, in frames: longer than a fade, and no multiple of any block.
const LENGTH: usize = 3_001;
/// Of the fades of voices, and of what a take keeps away: 5 ms.
const FADE: usize = RATE as usize / 200;
const BLOCKS: [usize; 4] = [1, 7, 64, 4_095];

/// Left the number of the frame in the take, from 1 on, right its negative.
fn ramp() -> Arc<Clip> {
    let frames: Vec<f32> = (1..=LENGTH).flat_map(|n| [n as f32, -(n as f32)]).collect();
    Arc::new(Clip::new(2, &frames).unwrap())
}

/// Passes its input, times a gain, and writes down what it hears first.
struct Listener {
    gain: f32,
    first: rtrb::Producer<(u64, f32)>,
}

impl Processor for Listener {
    fn layout(&self) -> Layout {
        Layout { n_input: 2, n_output: 2, ..Layout::default() }
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        // Nobody may be reading.
        let _ = self.first.push((io.frame, io.input.channel(0)[0]));
        for c in 0..2 {
            for i in 0..io.frames {
                io.output.channel_mut(c)[i] = io.input.channel(c)[i] * self.gain;
            }
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

fn listener(number: u32, gain: f32) -> (Box<Generation>, rtrb::Consumer<(u64, f32)>) {
    let (first, heard) = rtrb::RingBuffer::new(1 << 17);
    let plugin = Listener { gain, first };
    (Box::new(Generation::new(number, Box::new(plugin), STEREO)), heard)
}

fn play_take(rig: &mut Rig, pool: &mut VoicePool) -> VoiceId {
    let id = pool.claim().unwrap();
    let player = ClipPlayer::new(ramp(), Some(0..u64::MAX));
    let voice = Voice::new(id, Material::Clip(player), StripSettings::default(), STEREO).as_take();
    rig.control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
    id
}

/// Plays silence into the microphone; the left channel of what comes out.
fn left(rig: &mut Rig, frames: usize, block: usize) -> Vec<f32> {
    rig.play(&vec![0.0; 2 * frames], block).into_iter().step_by(2).collect()
}

/// The frame of the take at `n` frames after its beginning.
fn taken(n: usize) -> f32 {
    (n % LENGTH + 1) as f32
}

/// Three swaps of one kind: what each block size gives.
fn three_swaps(fade: Fade, block: usize) -> Vec<f32> {
    let (first, _heard) = listener(1, 1.0);
    let mut rig = Rig::new(first, |_| {});
    play_take(&mut rig, &mut VoicePool::default());
    let mut all = left(&mut rig, 5_000, block);
    for number in 2..5 {
        let (next, mut heard) = listener(number, 1.0);
        let at = rig.frame() + 1_234;
        rig.control.commands.send(at, CommandKind::Swap(next, fade)).unwrap();
        all.extend(left(&mut rig, 7_777, block));
        let alone = if let Fade::OutIn { frames } = fade { frames / 2 } else { 0 };
        let first = heard.pop().unwrap();
        assert_eq!(first, (at + alone as u64, 1.0), "{fade:?}, block {block}, swap {number}");
    }
    all
}

#[test]
fn every_new_generation_hears_the_take_from_its_first_frame_on() {
    let fades =
        [Fade::Cross { frames: 960 }, Fade::OutIn { frames: 480 }, Fade::OutIn { frames: 3 }];
    for fade in fades {
        let reference = three_swaps(fade, BLOCKS[0]);
        for block in BLOCKS {
            assert_eq!(three_swaps(fade, block), reference, "{fade:?}, block {block}");
        }
    }
}

#[test]
fn in_a_cross_fade_both_generations_play_the_take_from_its_first_frame_on() {
    let (first, _heard) = listener(1, 1.0);
    let mut rig = Rig::new(first, |_| {});
    play_take(&mut rig, &mut VoicePool::default());
    left(&mut rig, 1_000, 64);
    let (next, _heard) = listener(2, 3.0);
    let at = rig.frame() + 500;
    let swap = CommandKind::Swap(next, Fade::Cross { frames: 960 });
    rig.control.commands.send(at, swap).unwrap();
    let out = left(&mut rig, 8_000, 100);
    for (n, x) in out.iter().enumerate() {
        let (into, gain) = match n.checked_sub(500) {
            None => (1_000 + n, 1.0),
            Some(k) => (k, 1.0 + 2.0 * ((k + 1) as f32 / 960.0).min(1.0)),
        };
        let expected = taken(into) * gain;
        assert!((x - expected).abs() <= expected * 1e-5, "frame {n}: {x}, not {expected}");
    }
}

#[test]
fn a_warm_start_replays_what_was_heard_and_the_take_begins_when_it_has_caught_up() {
    for block in [7, 64, 480] {
        let (first, _heard) = listener(1, 1.0);
        let mut rig = Rig::new(first, |_| {});
        play_take(&mut rig, &mut VoicePool::default());
        left(&mut rig, 10_000, block);
        let (mut next, mut heard) = listener(2, 1.0);
        let replay = Replay {
            input: rig.control.input.open_back(5_000),
            n_side: 0,
            base: Vec::new(),
            events: Vec::new(),
            events_to: rig.frame(),
            to_mono: ToMono::First,
            tempo_bpm: 120.0,
        };
        let warm = next.warm_up(replay, &mut || false);
        assert!(matches!(warm, WarmUp::Warm { frames: 5_000, .. }), "{warm:?}");
        // Meanwhile the engine goes on: there is something to catch up with.
        left(&mut rig, 3_000, block);
        let before = rig.frame();
        let swap = CommandKind::Swap(next, Fade::Cross { frames: 960 });
        rig.control.commands.send(0, swap).unwrap();
        left(&mut rig, 20_000, block);
        // The past, as it was heard, up to where it sounds: there the take begins. (The engine's
        // first frame passed before the take.)
        let is_past = |(frame, x): (u64, f32)| x == taken(frame as usize - 1);
        let mut all = std::iter::from_fn(|| heard.pop().ok());
        let (begun, x) = all.find(|&first| !is_past(first)).unwrap();
        assert!(begun > before && begun < before + 10_000, "block {block}: {begun}");
        assert_eq!(x, 1.0, "block {block}");
        while let Ok((frame, x)) = heard.pop() {
            assert_eq!(x, taken((frame - begun) as usize), "block {block}, frame {frame}");
        }
    }
}

#[test]
fn a_take_is_alone_and_what_it_kept_away_comes_back_as_it_would_have_been() {
    let (first, _heard) = listener(1, 1.0);
    let mut rig = Rig::new(first, |_| {});
    let mut pool = VoicePool::default();
    let noise = Material::Generator(Generator::new(Signal::WhiteNoise { seed: 7 }, RATE));
    let other = pool.claim().unwrap();
    let voice = Voice::new(other, noise, StripSettings::default(), STEREO);
    rig.control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
    let input = sine(20_000);
    // What is heard without a take.
    let (first, _heard) = listener(1, 1.0);
    let mut plain = Rig::new(first, |_| {});
    let noise = Material::Generator(Generator::new(Signal::WhiteNoise { seed: 7 }, RATE));
    let voice = Voice::new(other, noise, StripSettings::default(), STEREO);
    plain.control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
    let without = plain.play(&input, 100);

    let mut with = rig.play(&input[..8_000], 100);
    let take = play_take(&mut rig, &mut pool);
    with.extend(rig.play(&input[8_000..20_000], 100));
    rig.control.commands.send(0, CommandKind::Voice(take, VoiceChange::Stop)).unwrap();
    with.extend(rig.play(&input[20_000..], 100));

    let frame = |n: usize| [with[2 * n], with[2 * n + 1]];
    for n in 0..20_000 {
        let plain = [without[2 * n], without[2 * n + 1]];
        if !(4_000..10_000 + FADE).contains(&n) {
            assert_eq!(frame(n), plain, "frame {n}");
        } else if (4_000 + FADE..10_000).contains(&n) {
            let x = taken(n - 4_000);
            assert_eq!(frame(n), [x, -x], "frame {n}");
        }
    }
    let spent: Vec<_> = std::iter::from_fn(|| rig.control.spent.pop().ok()).collect();
    assert!(spent.len() == 1 && spent[0].id() == take, "{spent:?}");
}

#[test]
fn what_goes_elsewhere_is_left_alone_and_a_stopped_take_does_not_begin_anew() {
    let (first, _heard) = listener(1, 1.0);
    let mut rig = Rig::new(first, |_| {});
    let mut pool = VoicePool::default();
    let take = play_take(&mut rig, &mut pool);
    let strip = StripSettings { bus: Bus::Master, ..StripSettings::default() };
    let dc = Material::Generator(Generator::new(Signal::Dc { level: 0.5 }, RATE));
    let around = Voice::new(pool.claim().unwrap(), dc, strip, STEREO);
    rig.control.commands.send(0, CommandKind::Play(Box::new(around))).unwrap();
    // It was recorded behind the bus's level.
    rig.control.commands.send(0, CommandKind::Bus(Bus::PluginIn, 0.25)).unwrap();
    let out = left(&mut rig, 2_000, 64);
    assert!((0..2_000).all(|n| out[n] == taken(n) + 0.5));
    let stop = CommandKind::Voice(take, VoiceChange::Stop);
    rig.control.commands.send(0, stop).unwrap();
    let (next, mut heard) = listener(2, 1.0);
    let swap = CommandKind::Swap(next, Fade::Cross { frames: 960 });
    rig.control.commands.send(rig.frame() + 100, swap).unwrap();
    left(&mut rig, 2_000, 64);
    let (_, first) = heard.pop().unwrap();
    assert!(first > 1_000.0, "{first} is not where it fades out");
}
