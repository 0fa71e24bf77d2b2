//! All of it: isolation is Linux's.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds and frames of a bench"
)]

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, mpsc::channel},
    time::{Duration, Instant},
};

use audio_thread_priority::promote_current_thread_to_real_time;
use retake_engine::{Outcome, Planar, ProcessIo, Transport, processor::Replies};
use retake_host::{
    Activated, Admission, Format, Isolation, News, Patience, PluginThread, Request, StagingDir,
};

const RATE: f64 = 48_000.0;

pub(crate) fn main() {
    let args: Vec<_> = env::args().collect();
    if args.get(1).is_some_and(|arg| arg == "plugin-host") {
        retake_host::plugin_host_main();
    }
    let numbers: Vec<usize> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let frames = numbers.first().copied().unwrap_or(128);
    let seconds = numbers.get(1).copied().unwrap_or(10);
    let library = library();
    // As a driver of a device asks.
    let is_real_time = promote_current_thread_to_real_time(128, 48_000).is_ok();
    println!("audio thread: {} priority", if is_real_time { "real-time" } else { "normal" });
    for isolation in [Isolation::InProcess, Isolation::Process] {
        measure(isolation, &library, frames, seconds);
    }
}

/// The gain of the tests, built as an author builds for shipping.
fn library() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "-p", "retake-host", "--example", "host_subject"])
        .status();
    assert!(built.unwrap().success());
    let exe = env::current_exe().unwrap();
    let path = exe.ancestors().nth(2).unwrap().join("examples/libhost_subject.so");
    let gain = env::temp_dir().join(format!("retake-bench-{}", std::process::id()));
    std::fs::create_dir_all(&gain).unwrap();
    std::fs::copy(path, gain.join("gain.so")).unwrap();
    gain.join("gain.so")
}

fn measure(isolation: Isolation, library: &Path, frames: usize, seconds: usize) {
    let (_thread, mut activated) = load(isolation, library, frames);
    let period = Duration::from_secs_f64(frames as f64 / RATE);
    let n_blocks = (seconds as f64 * RATE / frames as f64) as usize;
    let (mut input, mut output) = (Planar::new(2, frames), Planar::new(2, frames));
    input.rows_mut().for_each(|row| row.fill(0.5));
    let mut replies = Replies::new(256);
    let (mut times, mut n_late) = (Vec::with_capacity(n_blocks), 0);
    let begin = Instant::now();
    for n in 0..n_blocks {
        let due = begin + period * u32::try_from(n).unwrap();
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let start = Instant::now();
        let outcome = activated.processor.process(&mut ProcessIo {
            input: &input,
            output: &mut output,
            frames,
            frame: (n * frames) as u64,
            transport: Transport::at((n * frames) as u64, 48_000, 120.0),
            events: &[],
            replies: &mut replies,
        });
        times.push(start.elapsed().as_secs_f64() * 1e6);
        n_late += usize::from(outcome == Outcome::Late);
    }
    times.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{isolation:?}, {frames} stereo frames, {n_blocks} blocks: p50 {:.1} µs, p99 {:.1} µs, \
         p99.9 {:.1} µs, worst {:.1} µs, {n_late} late",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

fn load(isolation: Isolation, library: &Path, frames: usize) -> (PluginThread, Activated) {
    let request = Request {
        generation: 1,
        artifact: library.to_owned(),
        staging: Arc::new(StagingDir::new().unwrap()),
        plugin_id: None,
        format: Format { rate: RATE, max_block: frames, n_input: 2, n_output: 2 },
        is_guarded: false,
        state: None,
        params: Vec::new(),
        start: None,
        set: Vec::new(),
        admission: Admission::default(),
        isolation,
        patience: Patience::HalfBlock,
        executable: "/proc/self/exe".into(),
    };
    let (send, notes) = channel();
    let thread =
        PluginThread::spawn(request, Box::new(move |note| drop(send.send(note.news)))).unwrap();
    loop {
        match notes.recv().unwrap() {
            News::Activated(activated) => return (thread, *activated),
            News::Isolated { priority, lacks, .. } => {
                println!("child: priority {priority:?}, lacks {lacks:?}");
            }
            News::Failed { message, .. } => panic!("{message}"),
            _ => {}
        }
    }
}
