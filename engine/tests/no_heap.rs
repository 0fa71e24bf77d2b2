//! 10,000 blocks with everything going on, and not one call of the allocator on the audio thread.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

#[path = "support/interpose.rs"]
#[allow(unreachable_pub, reason = "support of this test")]
mod interpose;
#[path = "support/mortal.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod mortal;
#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::{f32::consts::TAU, sync::Arc};

use interpose::heap_calls;
use mortal::Mortal;
use retake_engine::{
    CommandKind, Engine, EngineControl, Event, EventBody, Fade, FrameConsumer, FrameProducer,
    Generation, InputClock, InputSpec, LiveInput, Note, Outcome, Probe, Replay, ToMono, WarmUp,
    drift::{DriftState, stamps},
    frame_ring,
    mixer::{
        Bus, Clip, ClipPlayer, Generator, Material, PanLaw, Repeat, Signal, StreamPlayer,
        StripSettings, Voice, VoiceChange, VoicePool,
    },
    window::window,
};
use rig::{Dice, Gain, MAX_BLOCK, RATE, STEREO, generation, set, setup, sine};

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
    (setup.record, setup.probe) = (Some(record), probe);
    (setup.is_real_output, setup.is_live_loop) = (true, true);
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
            n_side: 0,
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

/// Every third one dies, mostly while it sounds; before that it is late now and then.
fn mortal(number: u32, frame: u64) -> Mortal<Gain> {
    let outcome = if number.is_multiple_of(2) { Outcome::Error } else { Outcome::Gone };
    let death =
        if number.is_multiple_of(3) { frame + u64::from(number % 7) * 1_500 } else { u64::MAX };
    Mortal::new(Gain(f32::NAN), move |at| match at {
        _ if at >= death => outcome,
        _ if at > frame && at.is_multiple_of(11) => Outcome::Late,
        _ => Outcome::Ok,
    })
}

fn next(number: u32, now: (u64, &EngineControl)) -> CommandKind {
    let fade = match number % 3 {
        0 => Fade::OutIn { frames: 481 },
        1 => Fade::Cross { frames: 960 },
        _ => Fade::Cross { frames: 1 },
    };
    let next: Generation = generation(number, mortal(number, now.0))
        .with_journal([EventBody::Param { id: 1, value: 0.7 }]);
    CommandKind::Swap(Box::new(warmed(next, number, now)), fade)
}

/// What control does before block `n`.
fn command(n: usize, number: &mut u32, now: (u64, &EngineControl)) -> Option<(u64, CommandKind)> {
    let frame = now.0;
    let on = n.is_multiple_of(20);
    let round = n / 10;
    Some(match n % 10 {
        9 if n == 9_999 => (0, CommandKind::Stop),
        _ if is_howl(n) => return None,
        0 => (0, CommandKind::Bypass(on && round.is_multiple_of(50))),
        // Muted for some blocks now and then; what a howl has muted sounds again.
        1 => (0, CommandKind::Mute(round.is_multiple_of(40))),
        2 if round.is_multiple_of(5) => (frame + 9, CommandKind::Condemn { generation: *number }),
        2 if round.is_multiple_of(7) => (0, CommandKind::DropStandby),
        3..=5 => (frame + 100, set(1, 0.5)),
        6 => {
            let note = Note { key: 60, channel: 0, velocity: 0.5, on: round.is_multiple_of(2) };
            (0, CommandKind::Plugin(EventBody::Note(note)))
        }
        7 => {
            *number += 1;
            (frame + 50, next(*number, now))
        }
        _ => return None,
    })
}

/// Whether block `n` is part of a tone that is far too loud.
fn is_howl(n: usize) -> bool {
    n % 500 > 420
}

/// That tone, or a constant.
fn heard(n: usize, frames: usize, at: &mut usize) -> Vec<f32> {
    let from = std::mem::replace(at, *at + frames);
    let tone = |i: usize| 4.0 * ((i % 48_000) as f32 * (TAU / 48.0)).sin();
    let x = |i: usize| if is_howl(n) { tone(i) } else { 0.3 };
    (from..from + frames).flat_map(|i| [x(i), x(i)]).collect()
}

fn ten_thousand_blocks(capture_rate: u32) {
    let (mut engine, mut control, mut capture, mut recorded) = engine(capture_rate);
    let mut tap = control.tap.open();
    let mut meters = control.meters.open();
    let mut dice = Dice(5);
    let (mut number, mut calls, mut seen, mut at) = (1, 0, Seen::default(), 0);
    let mut output = vec![0.0; 2 * 1_500];
    let mut read = vec![0.0; 2 * 3_000];
    for n in 0..10_000 {
        let frames = dice.roll(1..1_500);
        // Now and then capture pauses, so the input runs dry and is primed again.
        if n % 1_000 < 990 {
            let n_in = frames * capture_rate as usize / RATE as usize + 1;
            capture.push(&heard(n, n_in, &mut at));
        }
        if let Some((at, kind)) = command(n, &mut number, (engine.frame(), &control)) {
            let sent = control.commands.send(at, kind);
            assert!(sent.is_ok() || n % 10 == 7, "only swaps wait for each other");
        }
        calls += heap_calls(|| engine.render(&mut output[..2 * frames], 0));
        while control.retired.pop().is_ok() {}
        while let Ok(event) = control.events.pop() {
            seen.count(&event);
        }
        recorded.pop(&mut read);
        tap.read(&mut read);
        meters.merge();
    }
    assert_eq!(calls, 0);
    assert!(control.probe.underruns.get() > 3 && number > 800);
    assert_eq!(control.probe.record_lost_frames.get(), 0);
    assert!(control.probe.missed_blocks.get() > 50 && control.probe.limited_samples.get() > 1_000);
    let Seen { failed, promoted, offsets, howls } = seen;
    assert!(failed > 50 && promoted > 50 && offsets > 1 && howls > 1, "{seen:?}");
}

/// That it all happened.
#[derive(Debug, Default)]
struct Seen {
    failed: u32,
    promoted: u32,
    offsets: u32,
    howls: u32,
}

impl Seen {
    fn count(&mut self, event: &Event) {
        match event {
            Event::ProcessError { .. } | Event::Gone { .. } => self.failed += 1,
            Event::Promoted { .. } => self.promoted += 1,
            Event::Dc { .. } => self.offsets += 1,
            Event::Howl { .. } => self.howls += 1,
            _ => {}
        }
    }
}

#[test]
fn rendering_never_calls_the_heap() {
    ten_thousand_blocks(RATE);
}

#[test]
fn rendering_with_rate_conversion_never_calls_the_heap() {
    ten_thousand_blocks(44_100);
}

/// A file that was read ahead for 2,000 frames, and no further.
fn starving() -> Material {
    let (mut writer, reader, _) = window(2, 4_096);
    writer.begin(writer.wanted());
    writer.write(&sine(2_000));
    Material::Stream(StreamPlayer::new(reader, Repeat::default(), RATE))
}

const ALL: [Bus; 4] = Bus::ALL;

fn any_of_voices(dice: &mut Dice) -> VoiceChange {
    match dice.roll(0..12) {
        0 | 10 => VoiceChange::Stop,
        1 => VoiceChange::Pause(true),
        2 => VoiceChange::Pause(false),
        3 => VoiceChange::Gain(0.2),
        4 => VoiceChange::Pan(-0.5),
        5 => VoiceChange::Pitch(0.7),
        6 => VoiceChange::Loop(Some((100, 900))),
        7 => VoiceChange::Loop(None),
        8 => VoiceChange::Law(PanLaw::EqualPower),
        9 => VoiceChange::Bus(ALL[dice.roll(0..4)]),
        _ => VoiceChange::Seek(1_000),
    }
}

fn any_of_buses(dice: &mut Dice) -> CommandKind {
    match dice.roll(0..3) {
        0 => CommandKind::Live(VoiceChange::Bus(ALL[dice.roll(0..4)])),
        1 => CommandKind::Live(VoiceChange::Gain([0.0, 0.5, 1.0][dice.roll(0..3)])),
        _ => CommandKind::Bus(ALL[dice.roll(0..4)], [0.0, 0.5, 1.0][dice.roll(0..3)]),
    }
}

fn any_material(n: u64, clip: &Arc<Clip>) -> Material {
    let generator = |signal| Material::Generator(Generator::new(signal, RATE));
    match n % 7 {
        0 => generator(Signal::PinkNoise { seed: n }),
        1 => generator(Signal::Sweep),
        2 => generator(Signal::Impulse),
        3 => Material::Clip(ClipPlayer::new(Arc::clone(clip), Some(3..2_000))),
        4 => generator(Signal::LineUp),
        5 => starving(),
        _ => Material::Clip(ClipPlayer::new(Arc::clone(clip), None)),
    }
}

/// Voices of every kind come, change and go, and so do strips and buses.
#[test]
fn mixing_never_calls_the_heap() {
    let (mut engine, mut control, mut capture, mut recorded) = engine(RATE);
    let mut pool = VoicePool::default();
    let clip = Arc::new(Clip::new(2, &sine(5_000)).unwrap());
    let mut dice = Dice(11);
    let (mut alive, mut ended, mut calls) = (Vec::new(), 0, 0);
    let mut output = vec![0.0; 2 * 1_500];
    for n in 0..5_000 {
        let frames = dice.roll(1..1_500);
        capture.push(&vec![0.3; 2 * frames]);
        if let (true, Ok(id)) = (alive.len() < 60, pool.claim()) {
            let material = any_material(n, &clip);
            let bus = ALL[dice.roll(0..4)];
            let strip = StripSettings { gain: 0.1, pan: 0.3, bus, ..StripSettings::default() };
            let pitch = 1.0 + (n % 3) as f64 / 10.0;
            let mut voice = Voice::new(id, material, strip, STEREO).with_pitch(pitch);
            if n % 21 == 3 {
                voice = voice.as_take();
            }
            control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
            alive.push(id);
        }
        let change = any_of_voices(&mut dice);
        let id = alive[dice.roll(0..alive.len())];
        control.commands.send(0, CommandKind::Voice(id, change)).unwrap();
        if n.is_multiple_of(50) {
            let next = generation(2 + u32::try_from(n).unwrap(), Gain(0.5));
            let swap = CommandKind::Swap(next, Fade::OutIn { frames: 481 });
            control.commands.send(0, swap).unwrap();
        }
        let kind = any_of_buses(&mut dice);
        control.commands.send(0, kind).unwrap();
        calls += heap_calls(|| engine.render(&mut output[..2 * frames], 0));
        while let Ok(voice) = control.spent.pop() {
            pool.release(voice.id());
            alive.retain(|id| *id != voice.id());
            ended += 1;
        }
        while control.retired.pop().is_ok() {}
        while control.events.pop().is_ok() {}
        recorded.pop(&mut vec![0.0; 2 * 3_000]);
    }
    assert_eq!(calls, 0);
    assert!(ended > 700, "{ended}");
}

/// Two clocks, their stamps, pauses on either side, and a clock that is not shared after all.
#[test]
fn steering_never_calls_the_heap() {
    for clock in [InputClock::Own, InputClock::Shared] {
        let (mut capture, ring) = frame_ring(2, 1 << 14);
        let (mut writer, reader) = stamps();
        let probe: Arc<Probe> = Arc::default();
        let spec = InputSpec {
            rate: RATE,
            engine_rate: RATE,
            target_frames: 2_000,
            period_frames: 512,
            max_block: MAX_BLOCK,
        };
        let input = LiveInput::with_clock(ring, clock(reader), spec, Arc::clone(&probe)).unwrap();
        let mut setup = setup(STEREO, Some(input), generation(1, Gain(0.9)));
        setup.probe = Arc::clone(&probe);
        let (mut engine, _control) = Engine::new(setup);
        let mut output = vec![0.0; 2 * 512];
        let (mut calls, mut captured) = (0, 0);
        for n in 1..=5_000_u64 {
            let at_ns = n * 512 * 1_000_000_000 / u64::from(RATE);
            // Capture is 500 ppm fast, and pauses now and then.
            while captured * 1_999 < n * 512 * 2_000 {
                captured += 300;
                if n % 1_000 < 990 {
                    calls += heap_calls(|| {
                        let pushed = capture.push(&[0.3; 600]);
                        writer.add(pushed, at_ns);
                    });
                }
            }
            let is_paused = n % 1_300 < 60;
            calls += heap_calls(|| {
                if !is_paused {
                    engine.begin_callback(at_ns);
                    engine.render(&mut output, 0);
                }
            });
        }
        assert_eq!(calls, 0);
        assert!(probe.underruns.get() > 2 && probe.drift.reseeds.get() > 4);
        assert_ne!(probe.drift.state(), DriftState::Shared);
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(heap_calls(|| drop(std::hint::black_box(Box::new(1)))), 2);
}
