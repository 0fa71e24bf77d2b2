//! Figures of the fast clock, for the README; nothing is asserted about time.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "it prints what it measures")]

use std::time::Instant;

#[path = "common/rig.rs"]
mod rig;
use rig::{Rig, fast};

#[test]
#[ignore = "prints figures; run with --release"]
fn how_fast_is_the_fast_clock() {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("virtual:period=PERIOD,file={}", dir.path().join("o.wav").display());
    for (period, output) in
        [(64, "virtual:period=PERIOD"), (512, "virtual:period=PERIOD"), (512, &file)]
    {
        let keys = format!("virtual:tone=997,period={period}");
        let output = output.replace("PERIOD", &period.to_string());
        let seconds = 600;
        let begun = Instant::now();
        let (rig, _) = Rig::start(fast(&keys, &output, seconds * 48_000));
        rig.finished().unwrap();
        let factor = seconds as f64 / begun.elapsed().as_secs_f64();
        eprintln!("period {period} to {output}: {factor:.0} × real time");
        rig.stop();
    }
}
