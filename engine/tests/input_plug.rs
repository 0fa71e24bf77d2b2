//! Another device in an input's place: silence while it is away, a fade when it is back, no heap call
//! on the audio thread, and not a bit of difference to anyone else.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "bits that pass unchanged")]

#[path = "support/interpose.rs"]
#[allow(unreachable_pub, reason = "support of this test")]
mod interpose;
#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::{f64::consts::TAU, sync::Arc};

use interpose::heap_calls;
use retake_engine::{
    CommandKind, Engine, FrameProducer, InputPlug, InputSpec, LiveInput, Probe, frame_ring,
    mixer::{LivePlayer, Material, StripSettings, Voice, VoicePool},
    processor::Identity,
};
use rig::{MAX_BLOCK, RATE, STEREO, generation, setup};

const BLOCK: usize = 256;
const TARGET: usize = 2 * BLOCK;
/// What is pushed before a block is heard so much later.
const LATE: usize = TARGET - BLOCK;

/// An input of a ring that holds `value` in every sample whenever it is fed.
fn input(probe: &Arc<Probe>) -> (FrameProducer, LiveInput) {
    input_of(RATE, probe)
}

fn input_of(rate: u32, probe: &Arc<Probe>) -> (FrameProducer, LiveInput) {
    let (capture, ring) = frame_ring(2, 1 << 14);
    let spec = InputSpec {
        rate,
        engine_rate: RATE,
        target_frames: TARGET,
        period_frames: BLOCK,
        max_block: MAX_BLOCK,
    };
    (capture, LiveInput::new(ring, spec, Arc::clone(probe)).unwrap())
}

/// A first input that stays, to the left, and a second one, to the right, with its plug.
struct Bench {
    engine: Engine,
    _control: retake_engine::EngineControl,
    first: FrameProducer,
    second: Option<FrameProducer>,
    plug: InputPlug,
    n: usize,
    calls: u64,
}

impl Bench {
    fn new(probe: &Arc<Probe>) -> Self {
        let (first, live) = input(&Arc::default());
        let (second, mut more) = input(probe);
        let plug = more.plug();
        let strip = |pan| StripSettings { pan, ..StripSettings::default() };
        let mut setup = setup(STEREO, Some(live), generation(1, Identity { channels: 2 }));
        setup.mixer.live = strip(-1.0);
        let (engine, mut control) = Engine::new(setup);
        let id = VoicePool::default().claim().unwrap();
        let material = Material::Live(LivePlayer::new(more));
        let voice = Box::new(Voice::new(id, material, strip(1.0), STEREO));
        control.commands.send(0, CommandKind::Play(voice)).unwrap();
        Self { engine, _control: control, first, second: Some(second), plug, n: 0, calls: 0 }
    }

    /// One block of both rings, and what is heard of it: left, right.
    fn block(&mut self) -> (Vec<f32>, Vec<f32>) {
        let tags = |n: usize| (n..n + BLOCK).flat_map(|n| [(n + 1) as f32; 2]);
        self.first.push(&tags(self.n).collect::<Vec<_>>());
        if let Some(second) = &mut self.second {
            second.push(&[0.5; 2 * BLOCK]);
        }
        self.n += BLOCK;
        let mut output = [9.0; 2 * BLOCK];
        self.calls += heap_calls(|| self.engine.render(&mut output, 0));
        let channel = |c: usize| output.iter().skip(c).step_by(2).copied().collect();
        (channel(0), channel(1))
    }

    /// `n` blocks; the left one must be what it would be without any of it.
    fn blocks(&mut self, n: usize) -> Vec<f32> {
        let mut right = Vec::new();
        for _ in 0..n {
            let begin = self.n;
            let (left, more) = self.block();
            let expected = |n: usize| (n + 1).checked_sub(LATE).map_or(0.0, |n| n as f32);
            assert!(left.iter().zip(begin..).all(|(x, n)| *x == expected(n)), "the other changed");
            right.extend(more);
        }
        right
    }
}

#[test]
fn a_device_goes_and_comes_and_the_other_does_not_notice() {
    let probe = Arc::<Probe>::default();
    let mut bench = Bench::new(&probe);
    let right = bench.blocks(10);
    assert!(right[..LATE].iter().all(|x| *x == 0.0) && right[LATE..].iter().all(|x| *x == 0.5));
    // It is lost: what its ring holds fades out, then silence.
    bench.second = None;
    let absent = LiveInput::absent((2, RATE, MAX_BLOCK), Arc::clone(&probe)).unwrap();
    bench.plug.replace(Box::new(absent)).unwrap();
    let gone = bench.blocks(1);
    assert!(gone[0] == 0.5 && gone[BLOCK - 1] == 0.0, "it fades out");
    assert!(gone.windows(2).all(|pair| pair[1] <= pair[0] && pair[0] - pair[1] < 0.01));
    assert!(bench.blocks(20).iter().all(|x| *x == 0.0));
    assert_eq!(probe.lost_frames.get(), 0, "a device that is away loses nothing");
    // It is back.
    let (again, input) = input(&probe);
    bench.second = Some(again);
    bench.plug.replace(Box::new(input.fading_in())).unwrap();
    let right = bench.blocks(10);
    assert!(right[..LATE].iter().all(|x| *x == 0.0), "at its own delay");
    let fade = (RATE / 200) as usize;
    let back = &right[LATE..];
    assert!(back[..fade].windows(2).all(|pair| pair[1] >= pair[0]), "it fades in");
    assert!(back[0] < 0.01 && back[fade..].iter().all(|x| *x == 0.5));
    assert_eq!(bench.calls, 0, "calls of the allocator on the audio thread");
}

#[allow(clippy::cast_possible_truncation, reason = "f32 is what devices give")]
fn tone(angle: f64) -> [f32; 2] {
    [0.5 * angle.sin() as f32; 2]
}

/// It comes back with another rate: its pitch is the same, and the other does not notice.
#[test]
fn a_device_comes_back_with_another_rate() {
    for rate in [44_100, 96_000] {
        let probe = Arc::<Probe>::default();
        let mut bench = Bench::new(&probe);
        bench.blocks(10);
        bench.second = None;
        let (mut again, input) = input_of(rate, &probe);
        bench.plug.replace(Box::new(input.fading_in())).unwrap();
        let step = TAU * 1_000.0 / f64::from(rate);
        let (mut captured, mut right) = (0, Vec::new());
        for n in 1..=200 {
            let due = n * BLOCK * rate as usize / RATE as usize;
            again.push(&(captured..due).flat_map(|n| tone(step * n as f64)).collect::<Vec<_>>());
            captured = due;
            right.extend(bench.blocks(1).into_iter().map(f64::from));
        }
        // A sine of 1 kHz at the engine's rate is the middle of its neighbours over a cosine.
        let cosine = (TAU * 1_000.0 / f64::from(RATE)).cos();
        let tone = &right[20 * BLOCK..];
        let off = |w: &[f64]| (f64::midpoint(w[0], w[2]) - cosine * w[1]).abs();
        let worst = tone.windows(3).map(off).fold(0.0, f64::max);
        assert!(worst < 1e-5, "{rate} Hz: {worst:e}");
        assert!(tone.iter().any(|x| *x > 0.49), "{rate} Hz is heard");
        assert_eq!((probe.lost_frames.get(), bench.calls), (0, 0), "{rate} Hz");
    }
}

#[test]
fn another_device_takes_over_behind_a_fade() {
    let probe = Arc::<Probe>::default();
    let mut bench = Bench::new(&probe);
    bench.blocks(10);
    let (other, next) = input(&probe);
    bench.plug.replace(Box::new(next.fading_in())).unwrap();
    let before = bench.blocks(1);
    assert!(before[0] == 0.5 && before[BLOCK - 1] == 0.0, "the one before fades out");
    bench.second = Some(other);
    let after = bench.blocks(10);
    assert!(before.windows(2).chain(after.windows(2)).all(|p| (p[1] - p[0]).abs() < 0.01));
    assert!(after[LATE + (RATE / 200) as usize..].iter().all(|x| *x == 0.5));
    assert_eq!((bench.calls, probe.lost_frames.get()), (0, 0));
}

#[test]
fn what_does_not_fit_or_finds_no_room_is_given_back() {
    let probe = Arc::<Probe>::default();
    let mut bench = Bench::new(&probe);
    let absent = |channels| {
        Box::new(LiveInput::absent((channels, RATE, MAX_BLOCK), Arc::default()).unwrap())
    };
    assert!(bench.plug.replace(absent(1)).is_err(), "of other channels");
    // An engine that stands still takes nothing.
    let n_taken = (0..20).take_while(|_| bench.plug.replace(absent(2)).is_ok()).count();
    assert!((1..20).contains(&n_taken), "{n_taken}");
    bench.blocks(20);
    assert!(bench.plug.replace(absent(2)).is_ok(), "there is room again");
    bench.blocks(2);
    assert_eq!(bench.calls, 0);
}
