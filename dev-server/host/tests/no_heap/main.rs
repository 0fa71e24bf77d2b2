//! The audio half never touches the heap, and what a block costs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod ffi;
#[path = "../host/rig.rs"]
#[allow(dead_code, reason = "the other test program uses the rest")]
mod rig;

use std::time::{Duration, Instant};

use retake_engine::{EventBody, Note, Outcome, PluginEvent};

use crate::rig::{Block, Rig};

const ISOLATION: retake_host::Isolation = retake_host::Isolation::InProcess;

fn gain(offset: u32, value: f64) -> PluginEvent {
    PluginEvent::param(offset, 1, value)
}

#[test]
fn ten_thousand_blocks_with_events_answers_and_log_lines_do_not_touch_the_heap() {
    for kind in ["gain", "answers", "talks", "sidechain", "deaf_to_flush"] {
        let rig = Rig::load_with(kind, |r| r.params = vec![(1, 0.5), (2, 2.0)]);
        let mut activated = rig.activated();
        let mut block = Block::new(2, 2);
        let events = [gain(0, 0.5), gain(3, 0.75), gain(15, 0.25)];
        let before = ffi::n_calls();
        for n in 0..10_000 {
            let outcome = block.run(&mut *activated.processor, 16 + n % 200, &events);
            assert_eq!(outcome, Outcome::Ok);
            block.replies.drain().for_each(drop);
        }
        activated.processor.reset();
        assert_eq!(ffi::n_calls() - before, 0, "{kind}");
    }
}

#[test]
fn notes_probes_faults_and_broken_guards_do_not_touch_the_heap() {
    let kinds =
        ["notes_clap", "notes_midi", "plays", "unsorted", "malformed", "floods", "probes", "tail"];
    for kind in kinds.into_iter().chain(["writes_behind", "wrong_thread", "wide", "logs_badly"]) {
        let rig = Rig::raw(kind);
        rig.thread.probes().watch(Duration::MAX);
        let mut activated = rig.activated();
        let n = activated.layout.n_output;
        let mut block = Block::new(n, n);
        let note = Note { key: 60, channel: 0, velocity: 0.5, on: true };
        let bodies = [EventBody::Note(note), EventBody::Midi([0xb0, 1, 2])];
        let events = bodies.map(|body| PluginEvent { offset: 3, body });
        let before = ffi::n_calls();
        for _ in 0..1_000 {
            block.run(&mut *activated.processor, 64, &events);
            block.replies.drain().for_each(drop);
        }
        assert_eq!(ffi::n_calls() - before, 0, "{kind}");
    }
}

/// Heap calls of a child's audio thread until now: see `plugin_host`, which writes the file.
#[cfg(target_os = "linux")]
struct ChildHeap(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl ChildHeap {
    fn new() -> Self {
        let path = format!("/tmp/retake-heap-{}", std::process::id()).into();
        std::fs::write(&path, "").unwrap();
        Self(path)
    }

    fn n_calls(&self) -> u64 {
        std::fs::metadata(&self.0).unwrap().len()
    }
}

#[cfg(target_os = "linux")]
impl Drop for ChildHeap {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_isolated_blocks_do_not_touch_the_heap_on_either_side() {
    let heap = ChildHeap::new();
    for (kind, is_raw) in [("gain", false), ("answers", false), ("talks", false), ("probes", true)]
    {
        let change = |r: &mut retake_host::Request| {
            r.isolation = retake_host::Isolation::Process;
        };
        let rig = if is_raw { Rig::raw_with(kind, change) } else { Rig::load_with(kind, change) };
        let mut activated = rig.activated();
        rig.thread.probes().watch(Duration::from_mins(10));
        let mut block = Block::new(2, 2);
        let events = [gain(0, 0.5), gain(3, 0.75), gain(15, 0.25)];
        let mut run = |n| {
            for _ in 0..n {
                assert_eq!(block.run(&mut *activated.processor, 64, &events), Outcome::Ok);
                block.replies.drain().for_each(drop);
            }
        };
        // The first blocks make the thread-locals of their threads.
        run(10);
        let (here, there) = (ffi::n_calls(), heap.n_calls());
        run(10_000);
        assert_eq!((ffi::n_calls() - here, heap.n_calls() - there), (0, 0), "{kind}");
    }
    assert!(heap.n_calls() > 0, "the child counts");
}

#[test]
fn more_events_than_room_are_counted_and_not_made_room_for() {
    let rig = Rig::load("gain");
    let mut activated = rig.activated();
    let mut block = Block::new(2, 2);
    let events: Vec<_> = (0..20_000).map(|n| gain(0, f64::from(n) / 16_384.0)).collect();
    let before = ffi::n_calls();
    block.run(&mut *activated.processor, 64, &events);
    assert_eq!(ffi::n_calls() - before, 0);
    block.assert_gain(16_383.0 / 16_384.0, 64);
    assert_eq!(rig.thread.faults().events_lost, 20_000 - 16_384);
}

#[test]
fn the_counter_counts() {
    let before = ffi::n_calls();
    drop(std::hint::black_box(vec![1]));
    assert_eq!(ffi::n_calls() - before, 2);
}

/// `cargo test --release -p retake-host --test no_heap -- --ignored --nocapture`
#[test]
#[ignore = "reports, asserts nothing"]
fn cost() {
    let mut load: Vec<[f64; 3]> = (0..50).map(|_| load_once()).collect();
    for (n, what) in ["stage", "load", "create + activate"].iter().enumerate() {
        load.sort_by(|a, b| a[n].total_cmp(&b[n]));
        println!("{what}: median {:.3} ms, worst {:.3} ms", load[25][n], load[49][n]);
    }
    let mut activated = Rig::load("gain").activated();
    for frames in [64, 128] {
        let mut block = Block::new(2, 2);
        let hosted = median_ns(|| {
            block.run(&mut *activated.processor, frames, &[]);
        });
        let direct = median_ns(|| multiply(&mut block, frames, std::hint::black_box(1.0)));
        println!("{frames} stereo frames: plugin {hosted} ns, direct {direct} ns");
    }
}

/// What the plugin does, done here.
fn multiply(block: &mut Block, frames: usize, gain: f32) {
    for (to, from) in block.output.rows_mut().zip(block.input.rows()) {
        for (to, from) in to[..frames].iter_mut().zip(from) {
            *to = from * gain;
        }
    }
}

fn load_once() -> [f64; 3] {
    let rig = Rig::load("gain");
    let mut times = [0.0; 3];
    rig.wait(|news| {
        match news {
            retake_host::News::Staged { stage_ms, .. } => times[0] = stage_ms,
            retake_host::News::Loaded { load_ms, .. } => times[1] = load_ms,
            retake_host::News::Activated(a) => times[2] = a.activate_ms,
            _ => {}
        }
        (times[2] > 0.0).then_some(())
    });
    times
}

fn median_ns(mut call: impl FnMut()) -> u128 {
    let mut times: Vec<_> = (0..100_000)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    times[50_000]
}
