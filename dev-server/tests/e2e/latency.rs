//! `retake latency`: a round trip through a loop whose length is known.

use serde_json::Value;

use crate::server::{Ended, Server, retake};

/// Runs `retake latency ARGS --json` to its end.
fn latency(args: &[&str]) -> Ended {
    let mut command = retake();
    command.arg("latency").args(args).arg("--json");
    Server::spawn(command).end()
}

/// On the fast clock.
fn fast(input: &str, output: &str) -> Ended {
    latency(&["--input", input, "--output", output, "--clock", "fast"])
}

/// What was measured and what is reported, in frames.
fn frames(event: &Value) -> (f64, f64) {
    println!("{event}");
    let sum: u64 = event["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["frames"].as_u64().unwrap())
        .sum();
    assert_eq!(event["reported_frames"], sum, "the stages are the whole way");
    (event["measured_frames"].as_f64().unwrap(), event["reported_frames"].as_f64().unwrap())
}

#[test]
fn what_is_measured_is_what_is_reported_and_the_air() {
    let cases = [
        ("virtual:loop", "virtual", 0.0),
        ("virtual:loop=10", "virtual", 480.0),
        ("virtual:loop=1.5,period=64", "virtual:period=441", 72.0),
        ("virtual:loop,period=960,channels=1", "virtual:period=512,channels=6", 0.0),
        // The converter's own delay is no whole number of frames.
        ("virtual:loop=5,rate=44100", "virtual", 240.0),
    ];
    for (input, output, air) in cases {
        let ended = fast(input, output).succeeded();
        let (measured, reported) = frames(ended.event("latency"));
        let tolerance = if input.contains("rate") { 1.0 } else { 0.05 };
        let beyond = measured - reported - air;
        assert!(beyond.abs() < tolerance, "{input}: {beyond}\n{}", ended.stderr);
        for word in ["Reported", "Measured", "capture", "playback"] {
            assert!(ended.stderr.contains(word), "{word} in {}", ended.stderr);
        }
    }
}

#[test]
fn on_the_wall_clock_it_is_the_same() {
    let ended = latency(&["--input", "virtual:loop=20", "--output", "virtual"]).succeeded();
    let (measured, reported) = frames(ended.event("latency"));
    // A busy machine may have cost a re-seed, which the report cannot know.
    assert!(measured - reported > 959.0, "{measured} against {reported}");
}

#[test]
fn where_nothing_comes_back_it_says_so_and_fails() {
    let ended = fast("virtual:tone=997", "virtual");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing came back"), "{}", ended.stderr);
    assert_eq!(ended.event("latency")["measured_frames"], Value::Null);
    let fails = |input: &str, output: &str, word: &str| {
        let ended = fast(input, output);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(word), "{}", ended.stderr);
    };
    fails("none", "virtual", "needs both");
    fails("virtual:loop", "none", "there is none");
    fails("virtual", "virtual:loop", "loop is for a microphone");
}
