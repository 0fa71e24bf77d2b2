//! 10,000 blocks with everything going on, and not one call of the allocator on the audio thread.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

#[path = "support/interpose.rs"]
#[allow(unreachable_pub, reason = "support of this test")]
mod interpose;
#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::sync::Arc;

use interpose::heap_calls;
use retake_engine::{
    CommandKind, Engine, EngineControl, EventBody, Fade, FrameConsumer, FrameProducer, Generation,
    InputSpec, LiveInput, Probe, Replay, ToMono, WarmUp, frame_ring,
};
use rig::{Dice, Gain, MAX_BLOCK, RATE, STEREO, generation, set, setup};

/// An engine with a live input of another or the same rate, and a recorder's ring.
fn engine(capture_rate: u32) -> (Engine, EngineControl, FrameProducer, FrameConsumer) {
    let (capture, ring) = frame_ring(2, 1 << 14);
    let (record, recorded) = frame_ring(2, 1 << 14);
    let probe: Arc<Probe> = Arc::default();
    let spec = InputSpec {
        rate: capture_rate,
        engine_rate: RATE,
        target_frames: 4_000,
        period_frames: 512,
        max_block: MAX_BLOCK,
    };
    let input = LiveInput::new(ring, spec, Arc::clone(&probe)).unwrap();
    let mut setup = setup(STEREO, Some(input), generation(1, Gain(0.9)));
    (setup.record, setup.probe, setup.is_real_output) = (Some(record), probe, true);
    let (engine, control) = Engine::new(setup);
    (engine, control, capture, recorded)
}

/// Every other generation has heard what was before and catches up on the audio thread.
fn warmed(
    mut next: Generation,
    number: u32,
    (frame, control): (u64, &EngineControl),
) -> Generation {
    if number.is_multiple_of(2) {
        let replay = Replay {
            input: control.input.open_back(10_000),
            base: Vec::new(),
            events: Vec::new(),
            events_to: frame,
            to_mono: ToMono::First,
            tempo_bpm: 120.0,
        };
        let warm = next.warm_up(replay, &mut || false);
        assert!(frame == 0 || matches!(warm, WarmUp::Warm { frames: 1.., .. }));
    }
    next
}

/// What control does before block `n`.
fn command(n: usize, number: &mut u32, now: (u64, &EngineControl)) -> Option<(u64, CommandKind)> {
    let frame = now.0;
    let on = n.is_multiple_of(20);
    Some(match n % 10 {
        0 => (0, CommandKind::Bypass(on)),
        1 => (0, CommandKind::Mute(on)),
        3..=5 => (frame + 100, set(1, 0.5)),
        7 => {
            *number += 1;
            let fade = match *number % 3 {
                0 => Fade::OutIn { frames: 481 },
                1 => Fade::Cross { frames: 960 },
                _ => Fade::Cross { frames: 1 },
            };
            let next: Generation = generation(*number, Gain(f32::NAN))
                .with_journal([EventBody::Param { id: 1, value: 0.7 }]);
            (frame + 50, CommandKind::Swap(Box::new(warmed(next, *number, now)), fade))
        }
        9 if n == 9_999 => (0, CommandKind::Stop),
        _ => return None,
    })
}

fn ten_thousand_blocks(capture_rate: u32) {
    let (mut engine, mut control, mut capture, mut recorded) = engine(capture_rate);
    let mut tap = control.tap.open();
    let mut meters = control.meters.open();
    let mut dice = Dice(5);
    let (mut number, mut calls) = (1, 0);
    let mut output = vec![0.0; 2 * 1_500];
    let mut read = vec![0.0; 2 * 3_000];
    for n in 0..10_000 {
        let frames = dice.roll(1..1_500);
        // Now and then capture pauses, so the input runs dry and is primed again.
        if n % 1_000 < 990 {
            let n_in = frames * capture_rate as usize / RATE as usize + 1;
            capture.push(&vec![0.3; 2 * n_in]);
        }
        if let Some((at, kind)) = command(n, &mut number, (engine.frame(), &control)) {
            let sent = control.commands.send(at, kind);
            assert!(sent.is_ok() || n % 10 == 7, "only swaps wait for each other");
        }
        calls += heap_calls(|| engine.render(&mut output[..2 * frames], 0));
        while control.retired.pop().is_ok() {}
        while control.events.pop().is_ok() {}
        recorded.pop(&mut read);
        tap.read(&mut read);
        meters.merge();
    }
    assert_eq!(calls, 0);
    assert!(control.probe.underruns.get() > 3 && number > 900);
    assert_eq!(control.probe.record_lost_frames.get(), 0);
}

#[test]
fn rendering_never_calls_the_heap() {
    ten_thousand_blocks(RATE);
}

#[test]
fn rendering_with_rate_conversion_never_calls_the_heap() {
    ten_thousand_blocks(44_100);
}

#[test]
fn the_counter_counts() {
    assert_eq!(heap_calls(|| drop(std::hint::black_box(Box::new(1)))), 2);
}
