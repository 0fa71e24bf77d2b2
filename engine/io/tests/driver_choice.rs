//! Who should call the engine on a sound server: the playback callback, whose thread serves the socket
//! too, or a thread of its own, two periods ahead? Both on a real daemon, with a rendering that takes
//! a third of the period, and what arrives counted frame by frame. Figures only: see `docs/inputs.md`.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    dead_code,
    reason = "a test fails loudly and says what it measured; samples are numbers of frames"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use audio_thread_priority::promote_current_thread_to_real_time;
use cpal::{
    BufferSize, Device, InputCallbackInfo, OutputCallbackInfo, Stream, StreamConfig,
    traits::{DeviceTrait, HostTrait, StreamTrait},
};
use retake_engine::{FrameConsumer, FrameProducer, frame_ring};

#[path = "common/home.rs"]
mod home;
#[path = "common/pulse.rs"]
mod pulse;
use home::in_private_home;
use pulse::Daemon;

const RATE: u32 = 48_000;
const RUN: Duration = Duration::from_secs(8);
const RUNS: usize = 3;
/// Frames are told apart up to here; a power of two, so that all of it is exact.
const NUMBERS: u64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Driver {
    Callback,
    OwnThread,
}

/// Periods that the own thread is ahead.
const AHEAD: usize = 2;

/// What renders: numbers its frames, and takes a third of their time.
struct Renderer(u64);

impl Renderer {
    fn render(&mut self, out: &mut [f32]) {
        let begun = Instant::now();
        for frame in out.chunks_exact_mut(2) {
            frame.fill((self.0 % NUMBERS + 1) as f32 / NUMBERS as f32);
            self.0 += 1;
        }
        let third = Duration::from_secs_f64(out.len() as f64 / 2.0 / 3.0 / f64::from(RATE));
        while begun.elapsed() < third {
            std::hint::spin_loop();
        }
    }
}

/// The thread `engine`, two periods ahead: servers ask for as much at once, now and then.
struct Own {
    thread: JoinHandle<()>,
    is_over: Arc<AtomicBool>,
}

impl Own {
    fn spawn(period: usize) -> (Self, FrameConsumer) {
        let (mut ring, ready): (FrameProducer, _) = frame_ring(2, AHEAD * period);
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            drop(promote_current_thread_to_real_time(period as u32, RATE));
            keep_ahead(&mut ring, period, &over);
        });
        (Self { thread, is_over }, ready)
    }

    fn end(self) {
        self.is_over.store(true, Relaxed);
        self.thread.thread().unpark();
        self.thread.join().unwrap();
    }
}

fn keep_ahead(ring: &mut FrameProducer, period: usize, is_over: &AtomicBool) {
    let (mut renderer, mut block) = (Renderer(0), vec![0.0; 2 * period]);
    while !is_over.load(Relaxed) {
        while ring.room_frames() >= period {
            renderer.render(&mut block);
            ring.push(&block);
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

#[derive(Default)]
struct Counts {
    callbacks: AtomicU64,
    late: AtomicU64,
    dry: AtomicU64,
}

/// Counts callbacks that come later than two periods after the last.
fn on_time(counts: Arc<Counts>, period: u32) -> impl FnMut() {
    let mut last: Option<Instant> = None;
    let limit = Duration::from_secs_f64(2.0 * f64::from(period) / f64::from(RATE));
    move || {
        if last.is_none() {
            drop(promote_current_thread_to_real_time(period, RATE));
        }
        let is_late = last.replace(Instant::now()).is_some_and(|last| last.elapsed() > limit);
        counts.callbacks.fetch_add(1, Relaxed);
        counts.late.fetch_add(u64::from(is_late), Relaxed);
    }
}

fn config(period: u32) -> StreamConfig {
    StreamConfig { channels: 2, sample_rate: RATE, buffer_size: BufferSize::Fixed(period) }
}

fn device(host: &cpal::Host, id: &str) -> Device {
    host.devices().unwrap().find(|d| d.id().unwrap().id() == id).unwrap()
}

fn play(
    speaker: &Device,
    driver: Driver,
    period: u32,
    counts: &Arc<Counts>,
) -> (Stream, Option<Own>) {
    let mut on_time = on_time(Arc::clone(counts), period);
    if driver == Driver::Callback {
        let mut renderer = Renderer(0);
        let call = move |out: &mut [f32], _: &OutputCallbackInfo| {
            on_time();
            renderer.render(out);
        };
        return (speaker.build_output_stream(config(period), call, |_| {}, None).unwrap(), None);
    }
    let (own, mut ready) = Own::spawn(period as usize);
    let (waiting, counts) = (own.thread.thread().clone(), Arc::clone(counts));
    let call = move |out: &mut [f32], _: &OutputCallbackInfo| {
        on_time();
        let got = ready.pop(out);
        out[2 * got..].fill(0.0);
        counts.dry.fetch_add(u64::from(2 * got < out.len()), Relaxed);
        waiting.unpark();
    };
    (speaker.build_output_stream(config(period), call, |_| {}, None).unwrap(), Some(own))
}

/// Keeps the first channel of what a source gives.
fn listen(source: &Device, size: BufferSize) -> (Stream, Arc<Mutex<Vec<f32>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&heard);
    let mut is_first = true;
    let listen = move |samples: &[f32], _: &InputCallbackInfo| {
        if std::mem::take(&mut is_first) {
            drop(promote_current_thread_to_real_time(256, RATE));
        }
        keep.lock().unwrap().extend(samples.iter().step_by(2));
    };
    let config = StreamConfig { buffer_size: size, ..config(0) };
    (source.build_input_stream(config, listen, |_| {}, None).unwrap(), heard)
}

/// Breaks in what was heard, and frames that are silence or missing there.
fn damage(heard: &[f32]) -> [u64; 2] {
    let number = |x: f32| (x * NUMBERS as f32) as u64;
    let (mut breaks, mut lost, mut last) = (0, 0, None);
    for n in heard.iter().map(|x| number(*x)).skip_while(|n| *n == 0) {
        if n == 0 {
            lost += 1;
        } else if let Some(last) = last.replace(n)
            && n != last % NUMBERS + 1
        {
            breaks += 1;
            lost += (n + NUMBERS - last % NUMBERS - 1) % NUMBERS;
        }
    }
    [breaks, lost]
}

/// Callbacks, late ones, dry reads of the own thread's ring, breaks, frames lost.
fn measure(driver: Driver, period: u32) -> [u64; 5] {
    let _daemon = Daemon::start();
    let host = cpal::host_from_id(cpal::HostId::PulseAudio).unwrap();
    let others = cpal::host_from_id(cpal::HostId::PulseAudio).unwrap();
    let counts = Arc::new(Counts::default());
    // Whatever the server wants: a fixed size is all that it would keep while nobody fetches.
    let monitor = device(&others, pulse::SPEAKER_MONITOR);
    let (heard_stream, heard) = listen(&monitor, BufferSize::Default);
    heard_stream.play().unwrap();
    let (microphone, _) = listen(&device(&host, pulse::MIC), BufferSize::Fixed(period));
    let (speaker, own) = play(&device(&host, pulse::SPEAKER), driver, period, &counts);
    microphone.play().unwrap();
    speaker.play().unwrap();
    std::thread::sleep(RUN);
    let [calls, late, dry] =
        [&counts.callbacks, &counts.late, &counts.dry].map(|count| count.load(Relaxed));
    let heard = heard.lock().unwrap().clone();
    let [breaks, lost] = damage(&heard);
    drop((speaker, microphone, heard_stream));
    own.into_iter().for_each(Own::end);
    assert!(heard.iter().any(|x| *x > 0.0), "nothing was heard");
    [calls, late, dry, breaks, lost]
}

/// Two threads that do nothing, as fast as they can.
fn beside_hogs<T>(n: usize, run: impl FnOnce() -> T) -> T {
    let is_over = AtomicBool::new(false);
    let idle = || {
        while !is_over.load(Relaxed) {
            std::hint::spin_loop();
        }
    };
    std::thread::scope(|scope| {
        (0..n).for_each(|_| drop(scope.spawn(idle)));
        let result = run();
        is_over.store(true, Relaxed);
        result
    })
}

/// In turns, so that what else the machine does meets all alike. A callback of twice the period
/// has the latency of the own thread's.
#[test]
#[ignore = "prints figures of eight minutes"]
fn callback_or_own_thread() {
    in_private_home("callback_or_own_thread", || {
        for (hogs, period) in [0, 2].into_iter().flat_map(|n| [128, 256, 1_024].map(|p| (n, p))) {
            compare(hogs, period);
        }
    });
}

fn compare(hogs: usize, period: u32) {
    let both = [Driver::Callback, Driver::OwnThread].map(|driver| (driver, period));
    let ways = [both[0], both[1], (Driver::Callback, 2 * period)];
    let mut runs = [const { Vec::new() }; 3];
    for n in (0..RUNS).flat_map(|_| 0..3) {
        let (driver, period) = ways[n];
        runs[n].push(beside_hogs(hogs, || measure(driver, period)));
    }
    for ((driver, period), mut runs) in ways.into_iter().zip(runs) {
        runs.sort_by_key(|run| run[4]);
        eprintln!("{hogs} hogs, {driver:?} at {period}: [calls, late, dry, breaks, lost] {runs:?}");
    }
}
