//! What the SDK costs per block, against the same arithmetic called directly.
//!
//! `cargo bench -p retake-sdk`. Medians and 99th percentiles of many rounds; nothing is asserted.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench tells what it measures")]

mod host;

use std::hint::black_box;
use std::time::Instant;

use clack_host::events::Pckn;
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use retake_sdk::export::Exported;
use retake_sdk::{Block, Context, FloatParam, Params, Plugin, TestHost, db_to_gain, param_id};

const FRAMES: usize = 128;
const ROUNDS: usize = 2001;
const BLOCKS_PER_ROUND: u32 = 200;

#[derive(Params)]
struct GainParams {
    #[param(name = "Gain", range = -60.0..=12.0, default = 0.0, unit = "dB")]
    gain: FloatParam,
}

#[derive(Default)]
struct Gain;

impl Gain {
    /// The DSP, at unity so that blocks processed in place keep their level; not inlined, so that it is the same code in every measurement.
    #[inline(never)]
    fn run(params: &mut GainParams, block: &mut Block<'_>) {
        block.each_frame(|frame| {
            let gain = db_to_gain(params.gain.next());
            frame.for_each(|sample| *sample *= gain);
        });
    }
}

impl Plugin for Gain {
    type Params = GainParams;
    const ID: &'static str = "org.retake.bench-gain";
    const NAME: &'static str = "Bench Gain";

    fn process(&mut self, params: &mut GainParams, block: &mut Block<'_>, _ctx: &mut Context<'_>) {
        Self::run(params, block);
    }
}

impl Exported for Gain {
    const VERSION: &'static str = "0";
}

/// Nanoseconds per call. The least is what a machine with nothing else to do would take.
#[derive(Clone, Copy)]
struct Cost {
    least: f64,
    median: f64,
    p99: f64,
}

fn measure(calls: u32, mut work: impl FnMut()) -> Cost {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            (0..calls).for_each(|_| work());
            start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    Cost { least: rounds[0], median: rounds[ROUNDS / 2], p99: rounds[ROUNDS * 99 / 100] }
}

fn print(name: &str, cost: Cost, direct: Cost) {
    let Cost { least, median, p99 } = cost;
    let over = [least - direct.least, median - direct.median].map(|over| format!("{over:+.1}"));
    let over = over.join(" / ");
    let ratio = median / direct.median;
    println!("{name:<34} {least:9.1} {median:9.1} {p99:9.1} {over:>23} {ratio:7.2}");
}

fn direct() -> Cost {
    let mut params = GainParams::default();
    let (mut left, mut right) = ([0.5; FRAMES], [0.5; FRAMES]);
    measure(BLOCKS_PER_ROUND, || {
        let mut block = Block::new([&mut left[..], &mut right[..]]);
        Gain::run(&mut params, black_box(&mut block));
    })
}

fn through_test_host() -> Cost {
    let mut host = TestHost::<Gain>::new(48_000.0, FRAMES);
    let (mut left, mut right) = ([0.5; FRAMES], [0.5; FRAMES]);
    measure(BLOCKS_PER_ROUND, || {
        host.process(black_box(&mut [&mut left, &mut right]));
    })
}

fn through_clap(events: &EventBuffer, calls: u32) -> Cost {
    let mut rig = host::Rig::<FRAMES>::new::<Gain>();
    measure(calls, || rig.process(black_box(events)))
}

fn ten_thousand(frames: u32) -> EventBuffer {
    let id = ClapId::new(param_id("gain"));
    let mut events = EventBuffer::new();
    for n in 0..10_000_u32 {
        let frame = n * frames / 10_000;
        let plain = -f64::from(n % 60);
        events.push(&ParamValueEvent::new(frame, id, Pckn::match_all(), plain));
    }
    events
}

fn main() {
    println!("a gain over stereo blocks of {FRAMES} frames; ns per block");
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>23} {:>7}",
        "", "least", "median", "p99", "over (least / median)", "ratio"
    );
    let direct = direct();
    print("direct", direct, direct);
    print("TestHost (the processor)", through_test_host(), direct);
    let none = EventBuffer::new();
    print("CLAP", through_clap(&none, BLOCKS_PER_ROUND), direct);
    print("CLAP, 10,000 changes at frame 0", through_clap(&ten_thousand(1), 1), direct);
    print("CLAP, 10,000 changes at 128 frames", through_clap(&ten_thousand(128), 1), direct);
}
