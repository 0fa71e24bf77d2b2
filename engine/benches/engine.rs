//! What the audio path costs: `cargo bench -p retake-engine` (`-- --quick` for a short run).
//!
//! Each call is timed on its own; the table shows the median and the 99th percentile. The clock
//! reads themselves are in every figure; the first row is their cost.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::print_stdout,
    reason = "a bench reads the clock, has threads and prints"
)]

use std::{hint::black_box, sync::Arc, time::Instant};

use retake_engine::{
    BusShape, CommandKind, Engine, EngineControl, Fade, FrameProducer, Generation, InputClock,
    InputSpec, LiveInput, Planar, Probe, Setup,
    convert::Converter,
    drift::stamps,
    frame_ring,
    meter::meters,
    mixer::{
        Clip, ClipPlayer, Generator, Material, MixerSetup, Repeat, Signal, StreamPlayer,
        StripSettings, VOICES, Voice, VoicePool,
    },
    processor::Identity,
    tap::tap,
    window::window,
};

const SHAPE: BusShape = BusShape { rate: 48_000, max_block: 64, n_output: 2 };

fn main() {
    let is_quick = std::env::args().any(|a| a == "--quick" || a == "--test");
    let calls = if is_quick { 1_000 } else { 100_000 };
    println!("{:<52}{:>12}{:>12}", "", "median ns", "p99 ns");
    row("two clock reads, nothing between", &timed(calls, |_| {}));
    render(calls);
    voices(calls / 20);
    swap(calls / 50);
    ring(calls);
    single_samples(calls);
    taps(calls);
    meter(calls);
    converter(calls);
    steered(calls);
}

/// Nanoseconds of each of `calls` calls, sorted.
fn timed(calls: usize, mut work: impl FnMut(usize)) -> Vec<f64> {
    let one = |call| {
        let start = Instant::now();
        work(call);
        start.elapsed().as_secs_f64() * 1e9
    };
    sorted((0..calls).map(one).collect())
}

fn sorted(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times
}

fn median(times: &[f64]) -> f64 {
    times[times.len() / 2]
}

fn row(name: &str, times: &[f64]) -> f64 {
    let p99 = times[times.len() * 99 / 100];
    println!("{name:<52}{:>12.0}{p99:>12.0}", median(times));
    median(times)
}

/// The engine of the goal: identity, meters in and out, a tap with one reader, no resampler.
fn engine() -> (Engine, EngineControl, FrameProducer) {
    let (capture, ring) = frame_ring(2, 4_096);
    let probe: Arc<Probe> = Arc::default();
    let spec = InputSpec {
        rate: 48_000,
        engine_rate: 48_000,
        target_frames: 256,
        period_frames: 64,
        max_block: 64,
    };
    let setup = Setup {
        input: Some(LiveInput::new(ring, spec, Arc::clone(&probe)).unwrap()),
        is_real_output: true,
        probe,
        ..Setup::new(SHAPE, generation(1))
    };
    let (engine, control) = Engine::new(setup);
    (engine, control, capture)
}

fn generation(number: u32) -> Box<Generation> {
    let identity = Box::new(Identity { channels: 2 });
    Box::new(Generation::new(number, identity, SHAPE))
}

/// Nanoseconds of one call of `render`, after `block` was captured.
fn one_render(engine: &mut Engine, capture: &mut FrameProducer, block: &[f32]) -> f64 {
    let mut output = [0.0; 128];
    capture.push(block);
    let start = Instant::now();
    engine.render(black_box(&mut output), 0);
    let took = start.elapsed().as_secs_f64() * 1e9;
    black_box(output);
    took
}

fn render(calls: usize) {
    let name = "Engine::render, 64 stereo frames (goal 5000)";
    row(name, &render_at(calls, 0.8));
    row("   the same with the limiter at work", &render_at(calls, 1.0));
}

fn render_at(calls: usize, level: f32) -> Vec<f64> {
    let (mut engine, control, mut capture) = engine();
    let mut reader = control.tap.open();
    let mut heard = vec![0.0; 128 * 64];
    let block: Vec<f32> = (0..128_u16).map(|n| level * (f32::from(n) * 0.1).sin()).collect();
    let mut times = Vec::with_capacity(calls);
    for call in 0..calls {
        times.push(one_render(&mut engine, &mut capture, &block));
        if call % 50 == 0 {
            reader.read(&mut heard);
        }
    }
    assert_eq!(control.probe.underruns.get(), 0);
    sorted(times)
}

/// A kind of material, and the pitch it is played at.
type Sound = (&'static str, fn() -> Material, f64);

const SOUNDS: [Sound; 5] = [
    ("a clip as it is (goal 3)", clip, 1.0),
    ("a clip, pitched (goal 12)", clip, 1.37),
    ("a file that is read ahead, as it is", stream, 1.0),
    ("a file that is read ahead, pitched", stream, 1.37),
    ("a sine", sine, 1.0),
];

fn clip() -> Material {
    let samples: Vec<f32> = (0..96_000).map(|n| (n as f32 * 0.1).sin()).collect();
    Material::Clip(ClipPlayer::new(Arc::new(Clip::new(2, &samples).unwrap()), Some(7..40_000)))
}

fn sine() -> Material {
    Material::Generator(Generator::new(Signal::Sine { hz: 997.0 }, SHAPE.rate))
}

/// Its writer is gone, and said that there is more: what was written suffices.
fn stream() -> Material {
    let (mut writer, reader, _) = window(2, 1 << 20);
    writer.begin(writer.wanted());
    writer.write(&vec![0.25; 2 << 20]);
    Material::Stream(StreamPlayer::new(reader, Repeat::default(), SHAPE.rate))
}

/// What voices add to the engine's block of 128 stereo frames: per voice and frame, and the whole
/// of 64 and 128 of them.
fn voices(calls: usize) {
    let none = median(&mixed(None, 0, calls));
    for sound in SOUNDS {
        // More than a million frames were not written.
        let calls = calls.min((1 << 20) / (2 * 128) - 10);
        let all = mixed(Some(sound), 64, calls);
        let each = (median(&all) - none) / (64.0 * 128.0);
        println!("{:<52}{each:>12.2}", format!("voice, ns per stereo frame: {}", sound.0));
    }
    for (n, sound) in [(64, SOUNDS[0]), (64, SOUNDS[1]), (VOICES, SOUNDS[1])] {
        let all = mixed(Some(sound), n, calls);
        row(&format!("Engine::render, 128 frames, {n} voices at {}", sound.2), &all);
        let block_ns = 128.0 / 48_000.0 * 1e9;
        let (share, p99) = (median(&all) / block_ns, all[all.len() * 99 / 100] / block_ns);
        println!("{:<52}{:>11.1}%{:>11.1}%", "   of a core", 100.0 * share, 100.0 * p99);
    }
}

/// Nanoseconds of blocks in which `n` voices sound, sorted.
fn mixed(sound: Option<Sound>, n: usize, calls: usize) -> Vec<f64> {
    let shape = BusShape { max_block: 128, ..SHAPE };
    let first = Generation::new(1, Box::new(Identity { channels: 2 }), shape);
    let (mut engine, mut control) = Engine::new(Setup {
        mixer: MixerSetup { n_main: 2, ..MixerSetup::default() },
        ..Setup::new(shape, Box::new(first))
    });
    let mut pool = VoicePool::default();
    for (_, material, pitch) in std::iter::repeat_n(sound, n).flatten() {
        let strip = StripSettings { gain: 0.01, ..StripSettings::default() };
        let voice = Voice::new(pool.claim().unwrap(), material(), strip, shape).with_pitch(pitch);
        control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
    }
    let mut out = [0.0; 256];
    (0..10).for_each(|_| engine.render(&mut out, 0));
    timed(calls, |_| engine.render(black_box(&mut out), 0))
}

/// The block that takes the command against the next of the same fade.
fn swap(rounds: usize) {
    let (mut engine, mut control, mut capture) = engine();
    let block = [0.5; 128];
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for number in 2..u32::try_from(rounds).unwrap() + 2 {
        let fade = Fade::OutIn { frames: 10 * 64 };
        let command = CommandKind::Swap(generation(number), fade);
        control.commands.send(0, command).unwrap();
        first.push(one_render(&mut engine, &mut capture, &block));
        second.push(one_render(&mut engine, &mut capture, &block));
        for _ in 0..50 {
            one_render(&mut engine, &mut capture, &block);
        }
        // What played before stands by; the standby before it is back.
        let back = control.retired.pop().ok().map(|generation| generation.number());
        assert_eq!(back, (number > 2).then(|| number - 2));
        while control.events.pop().is_ok() {}
    }
    let first = row("   the block that takes a swap", &sorted(first));
    let second = row("   the next block of its fade", &sorted(second));
    println!("{:<52}{:>12.0}", "swap, extra (goal 1000)", first - second);
}

/// About a microsecond: devices do not poll either, and polling slows the other side's index.
fn pause() {
    for _ in 0..30 {
        std::hint::spin_loop();
    }
}

/// Push on one core, pop on the other, 128 stereo frames each time.
fn ring(calls: usize) {
    let (mut tx, mut rx) = frame_ring(2, 1_024);
    let writing = std::thread::spawn(move || {
        let block = [0.5; 256];
        let mut times = Vec::with_capacity(calls);
        while times.len() < calls {
            pause();
            if tx.room_frames() < 128 {
                continue;
            }
            let start = Instant::now();
            tx.push(black_box(&block));
            times.push(start.elapsed().as_secs_f64() * 1e9);
        }
        sorted(times)
    });
    let mut block = [0.0; 256];
    let mut times = Vec::with_capacity(calls);
    while times.len() < calls {
        pause();
        if rx.fill_frames() < 128 {
            continue;
        }
        let start = Instant::now();
        rx.pop(black_box(&mut block));
        times.push(start.elapsed().as_secs_f64() * 1e9);
    }
    let push = row("   ring push, 128 stereo frames, two cores", &writing.join().unwrap());
    let pop = row("   ring pop, 128 stereo frames, two cores", &sorted(times));
    println!("{:<52}{:>12.0}", "ring push + pop (goal 250)", push + pop);
}

/// Why whole frames: the same transfer sample by sample.
fn single_samples(calls: usize) {
    let (mut tx, mut rx) = frame_ring(2, 1_024);
    let mut block = [0.5; 256];
    let whole = timed(calls, |_| {
        tx.push(black_box(&block));
        rx.pop(black_box(&mut block));
    });
    let (mut tx, mut rx) = rtrb::RingBuffer::new(2_048);
    let single = timed(calls, |_| {
        for &x in black_box(&block) {
            tx.push(x).unwrap();
        }
        black_box(&mut block).fill_with(|| rx.pop().unwrap());
    });
    let whole = row("   push + pop of 128 frames by slices, one core", &whole);
    let single = row("   push + pop of 128 frames by samples, one core", &single);
    println!("{:<52}{:>12.1}", "samples : slices", single / whole);
}

fn noise(channels: usize, frames: usize) -> Planar {
    let mut block = Planar::new(channels, frames);
    for row in block.rows_mut() {
        row.fill_with(|| 0.25);
    }
    block
}

fn taps(calls: usize) {
    let block = noise(2, 128);
    for n_readers in [0, 1, 4, 16] {
        let (mut writer, source) = tap(2, 96_000, 0);
        let mut readers: Vec<_> = (0..n_readers).map(|_| source.open()).collect();
        let mut heard = [0.0; 256];
        let mut times = Vec::with_capacity(calls);
        for _ in 0..calls {
            times.extend(timed(1, |_| writer.write(black_box(&block), 128)));
            for reader in &mut readers {
                reader.read(&mut heard);
            }
        }
        row(&format!("tap write, 128 stereo frames, {n_readers} readers"), &sorted(times));
    }
}

fn meter(calls: usize) {
    let block = noise(2, 64);
    let (mut writer, _source) = meters(2, 2, 48_000);
    let times = timed(calls, |_| {
        writer.measure(black_box(&block), black_box(&block), 64, 0);
    });
    row("meters in and out, 64 stereo frames", &times);
}

fn converter(calls: usize) {
    for (from, to) in [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000)] {
        let mut convert = Converter::new(from, to, 2, 128).unwrap();
        let mut times = timed(calls / 10, |_| {
            convert.input_for(128).fill(0.25);
            black_box(convert.convert(128));
        });
        for t in &mut times {
            *t /= 128.0;
        }
        row(&format!("converter {from} to {to}, per stereo frame"), &times);
    }
}

/// A live input whose clock is not the engine's: stamps, loop, ring, resampler.
fn steered(calls: usize) {
    let (mut capture, ring) = frame_ring(2, 1 << 14);
    let (mut writer, reader) = stamps();
    let spec = InputSpec {
        rate: 48_000,
        engine_rate: 48_000,
        target_frames: 512,
        period_frames: 128,
        max_block: 128,
    };
    let clock = InputClock::Own(reader);
    let mut input = LiveInput::with_clock(ring, clock, spec, Arc::default()).unwrap();
    let mut block = Planar::new(2, 128);
    let mut times = timed(calls / 4, |call| {
        // 100 ppm apart, to the block: what is measured is the reading end and the stamp.
        let at_ns = call as u64 * 128 * 1_000_000_000 / 48_000;
        if !call.is_multiple_of(10_000) {
            capture.push(&[0.25; 256]);
            writer.add(128, at_ns);
        }
        input.begin(at_ns);
        input.read(&mut block, 128);
        black_box(block.channel(0));
    });
    for t in &mut times {
        *t /= 128.0;
    }
    row("steered input, per stereo frame (goal 40)", &times);
}
