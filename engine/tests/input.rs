//! The live input through the engine: whole frames, defined delay, every loss counted.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "bits that pass unchanged")]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::sync::{Arc, atomic::Ordering::Relaxed};

use proptest::prelude::*;
use retake_engine::{Engine, InputSpec, LiveInput, Planar, Probe, frame_ring, processor::Identity};
use rig::{Dice, MAX_BLOCK, RATE, STEREO, generation, setup};

/// A signal that tells which frame it is, with its channels apart.
fn tagged(n: usize) -> [f32; 2] {
    let x = (n % 1_000_000 + 1) as f32;
    [x, -x]
}

fn live(capacity: usize, spec: InputSpec) -> (retake_engine::FrameProducer, LiveInput, Arc<Probe>) {
    let (tx, rx) = frame_ring(2, capacity);
    let probe: Arc<Probe> = Arc::default();
    let input = LiveInput::new(rx, spec, Arc::clone(&probe)).unwrap();
    (tx, input, probe)
}

/// 100 Hz, so that the 5 ms fade after a re-seed is no frame long and tags stay whole.
fn slow(target_frames: usize, period_frames: usize) -> InputSpec {
    InputSpec { rate: 100, engine_rate: 100, target_frames, period_frames, max_block: 64 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Callbacks of 1 to 8192 frames against capture blocks of another size: bit-exact after
    /// exactly the target, nothing lost.
    #[test]
    fn identity_any_block(seed in 1_u64.., capture_block in 1_usize..5_000) {
        let target_frames = 8_192 + capture_block;
        let spec = InputSpec {
            rate: RATE,
            engine_rate: RATE,
            target_frames,
            period_frames: 8_192,
            max_block: MAX_BLOCK,
        };
        let (mut tx, input, probe) = live(4 * target_frames, spec);
        let mut setup = setup(STEREO, Some(input), generation(1, Identity { channels: 2 }));
        setup.probe = Arc::clone(&probe);
        let (mut engine, _control) = Engine::new(setup);
        let mut dice = Dice(seed);
        let (mut captured, mut played) = (0, 0);
        while played < 60_000 {
            while captured + capture_block <= played {
                let block: Vec<f32> = (captured..captured + capture_block).flat_map(tagged).collect();
                prop_assert_eq!(tx.push(&block), capture_block);
                captured += capture_block;
            }
            let mut output = vec![9.0; 2 * dice.roll(1..8_193)];
            engine.render(&mut output, 0);
            for frame in output.chunks_exact(2) {
                let expected = played.checked_sub(target_frames).map_or([0.0; 2], tagged);
                prop_assert_eq!(frame, expected);
                played += 1;
            }
        }
        prop_assert_eq!(probe.lost_frames.get() + probe.discarded_frames.get(), 0);
        prop_assert_eq!(probe.underruns.get(), 0);
    }
}

/// What came out of an input, frame by frame.
#[derive(Debug, Default)]
struct Ledger {
    rendered: usize,
    silent: usize,
    last: f32,
}

impl Ledger {
    fn enter(&mut self, left: f32, right: f32) {
        assert_eq!(left, -right, "channels swapped or frames torn");
        if left == 0.0 {
            self.silent += usize::from(self.rendered > 0);
            return;
        }
        assert!(left > self.last || self.last - left > 900_000.0, "order");
        self.rendered += 1;
        self.last = left;
    }
}

/// A million underflows and overflows in turn: no frame is swapped, and every captured frame is
/// rendered, discarded, refused or still there.
#[test]
fn a_million_forced_limits_are_accounted_to_the_frame() {
    let (mut tx, mut input, probe) = live(16, slow(3, 1));
    let mut block = Planar::new(2, 64);
    let (mut captured, mut refused) = (0, 0);
    let mut ledger = Ledger::default();
    let mut dice = Dice(7);
    for _ in 0..1_000_000 {
        let n = dice.roll(0..24);
        let frames: [[f32; 2]; 24] = std::array::from_fn(|i| tagged(captured + i));
        refused += n - tx.push(&frames.as_flattened()[..2 * n]);
        captured += n;
        let wanted = dice.roll(1..24);
        input.read(&mut block, wanted);
        for i in 0..wanted {
            ledger.enter(block.channel(0)[i], block.channel(1)[i]);
        }
    }
    let left = 16 - tx.room_frames();
    let discarded = usize::try_from(probe.discarded_frames.get()).unwrap();
    assert_eq!(captured, ledger.rendered + discarded + refused + left);
    assert_eq!(probe.lost_frames.get(), ledger.silent as u64);
    assert!(probe.underruns.get() > 10_000 && refused > 10_000 && ledger.rendered > 100_000);
}

/// Reads `n` frames and gives the left channel.
fn read(input: &mut LiveInput, n: usize) -> Vec<f32> {
    let mut block = Planar::new(2, 64);
    input.read(&mut block, n);
    block.channel(0)[..n].to_vec()
}

fn push(tx: &mut retake_engine::FrameProducer, from: usize, to: usize) {
    let frames: Vec<f32> = (from..to).flat_map(tagged).collect();
    assert_eq!(tx.push(&frames), to - from);
}

#[test]
fn the_first_read_discards_all_but_the_target() {
    let (mut tx, mut input, probe) = live(64, slow(10, 4));
    push(&mut tx, 0, 25);
    assert_eq!(read(&mut input, 4), [16.0, 17.0, 18.0, 19.0]);
    assert_eq!(probe.discarded_frames.get(), 15);
    assert_eq!(probe.lost_frames.get(), 0);
    assert!(probe.primed.load(Relaxed));
}

#[test]
fn capture_that_begins_late_loses_nothing_and_gets_the_target() {
    let (mut tx, mut input, probe) = live(64, slow(6, 4));
    for _ in 0..10 {
        assert_eq!(read(&mut input, 4), [0.0; 4]);
    }
    assert!(!probe.primed.load(Relaxed));
    push(&mut tx, 0, 4);
    assert_eq!(read(&mut input, 4), [0.0, 0.0, 1.0, 2.0]);
    assert_eq!(probe.lost_frames.get() + probe.underruns.get(), 0);
}

/// Capture stops for a while and comes back with a burst: one underrun, each silent frame counted,
/// the delay afterwards is the raised target again.
#[test]
fn a_pause_and_a_burst_end_at_the_raised_target() {
    let (mut tx, mut input, probe) = live(64, slow(4, 4));
    push(&mut tx, 0, 4);
    assert_eq!(read(&mut input, 4), [1.0, 2.0, 3.0, 4.0]);
    for _ in 0..5 {
        assert_eq!(read(&mut input, 4), [0.0; 4]);
    }
    assert_eq!(probe.underruns.get(), 1);
    assert_eq!(probe.lost_frames.get(), 20);
    assert_eq!(probe.target_frames.get(), 8);
    push(&mut tx, 4, 34);
    assert_eq!(read(&mut input, 4), [27.0, 28.0, 29.0, 30.0]);
    assert_eq!(probe.discarded_frames.get(), 22);
    assert_eq!(probe.lost_frames.get(), 20);
    assert_eq!(input.latency_frames(), 8);
}

/// A playback callback larger than the target runs dry once; the raised target then carries it.
#[test]
fn a_callback_beyond_the_target_runs_dry_once() {
    let (mut tx, mut input, probe) = live(256, slow(8, 32));
    let mut captured = 0;
    for _ in 0..50 {
        push(&mut tx, captured, captured + 32);
        captured += 32;
        read(&mut input, 16);
        read(&mut input, 16);
    }
    assert_eq!(probe.underruns.get(), 1);
    assert_eq!(probe.target_frames.get(), 40);
    assert_eq!(probe.fill_frames.get(), 8);
}

/// When playback pauses the ring fills up: its sound is stale, and the delay must come back.
#[test]
fn a_full_ring_is_emptied_and_primed_again() {
    let (mut tx, mut input, probe) = live(32, slow(4, 4));
    push(&mut tx, 0, 4);
    read(&mut input, 4);
    push(&mut tx, 4, 36);
    assert_eq!(tx.push(&[1.0; 8]), 0);
    assert_eq!(read(&mut input, 2), [0.0; 2]);
    assert_eq!(probe.discarded_frames.get(), 32);
    push(&mut tx, 40, 44);
    assert_eq!(read(&mut input, 4), [0.0, 0.0, 41.0, 42.0]);
    assert_eq!(probe.lost_frames.get(), 4);
}

#[test]
#[should_panic(expected = "cannot be held")]
fn a_ring_below_its_target_is_refused() {
    live(8, slow(8, 1));
}

/// Playback stands still for 5,000 frames while capture goes on: two seconds later the delay is the
/// target again, and what was shed is counted.
#[test]
fn a_surplus_is_shed() {
    let spec = InputSpec {
        rate: RATE,
        engine_rate: RATE,
        target_frames: 1_024,
        period_frames: 256,
        max_block: 256,
    };
    let (mut tx, mut input, probe) = live(48_000, spec);
    let mut block = Planar::new(2, 256);
    let mut captured = 0;
    let mut turn = |input: &mut LiveInput, captures: usize| {
        let frames: Vec<f32> = (captured..captured + captures).flat_map(tagged).collect();
        assert_eq!(tx.push(&frames), captures);
        captured += captures;
        input.read(&mut block, 256);
        // How old the newest frame that is played is.
        let played = block.channel(0)[255];
        (0..=captured).rev().find(|&n| tagged(n)[0] == played).map_or(usize::MAX, |n| captured - n)
    };
    for _ in 0..40 {
        turn(&mut input, 256);
    }
    let delay = turn(&mut input, 256);
    assert_eq!(turn(&mut input, 256 + 5_000), delay + 5_000);
    let blocks = 5 * RATE as usize / 256;
    let last = (0..blocks).map(|_| turn(&mut input, 256)).last();
    assert_eq!(last, Some(delay));
    assert_eq!(probe.lost_frames.get(), 5_000);
    assert_eq!((probe.overruns.get(), probe.underruns.get()), (1, 0));
}
