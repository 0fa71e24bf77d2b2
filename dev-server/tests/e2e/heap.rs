//! The audio thread of the real binary, with the real plugin in it, leaves the heap alone.
//!
//! A preloaded library counts the heap calls of the thread that renders. Opening the device makes
//! some; from then on there is none, whatever is reloaded, and whichever microphone comes or goes.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::{
    crates::{Crate, UNITY},
    line::Line,
    server::{Server, retake, tmp},
};

/// The count of the preloaded library so far.
struct Count<'a> {
    log: PathBuf,
    server: &'a Server,
}

impl Count<'_> {
    fn now(&self) -> u64 {
        let lines = || std::fs::read_to_string(&self.log).unwrap_or_default();
        let before = lines().len();
        let pid = Pid::from_raw(self.server.pid().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::USR1).unwrap();
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let lines = lines();
            if lines.len() > before && lines.ends_with('\n') {
                return lines.lines().last().unwrap().parse().unwrap();
            }
            assert!(Instant::now() < end, "the library does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A session whose audio thread is counted, and the count when it plays.
fn counted(name: &str, plugin: &Crate) -> (Server, Line, PathBuf, u64) {
    let library = tmp("heap").join(format!("{name}.so"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/audio_heap.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .args(["-lpthread"])
        .status()
        .expect("cc is installed (./setup.sh)");
    assert!(compiled.success());
    let log = tmp("heap").join(name);
    let _ = std::fs::remove_file(&log);
    let mut command = retake();
    command
        .arg(&plugin.dir)
        .args(["--input", "virtual:tone=220", "--output", "virtual", "--json", "--port", "0"])
        .env("LD_PRELOAD", library)
        .env("RETAKE_HEAP_LOG", &log);
    let mut server = Server::spawn(command);
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut line = Line::open(&listening);
    // The thread that opens the devices is the one that plays them: now it plays.
    play(&mut line, 4_800);
    let opened = Count { log: log.clone(), server: &server }.now();
    assert!(opened > 0, "opening a device makes some calls: else nothing was counted");
    (server, line, log, opened)
}

/// Until so many frames have passed.
fn play(line: &mut Line, n: u64) {
    let frames = |line: &mut Line| line.call("status", &json!({}))["counters"]["frames"].as_u64();
    let until = frames(line).unwrap() + n;
    while frames(line) < Some(until) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn reloads_make_no_heap_call_on_the_audio_thread() {
    let plugin = Crate::new("law");
    plugin.law(UNITY);
    let (mut server, mut line, log, opened) = counted("reloads", &plugin);
    for n in 0..10 {
        line.call("set_param", &json!({ "id": "gain", "value": -f64::from(n) }));
        plugin.law(&format!("*sample *= gain * 0.{};", 50 + n));
        let reloaded = server.wait("reloaded");
        assert_eq!(reloaded["lost_frames"], 0);
    }
    let played = Count { log, server: &server }.now();
    assert_eq!(played - opened, 0, "calls in ten reloads");
    server.stop().succeeded();
}

#[test]
fn microphones_make_no_heap_call_on_the_audio_thread() {
    let plugin = Crate::new("law");
    plugin.law(UNITY);
    let (server, mut line, log, opened) = counted("microphones", &plugin);
    for n in 0..10 {
        let spec = format!("gain=-20,mic:virtual:tone=440,ppm={n}");
        let mic = line.call("add_source", &json!({ "spec": spec }));
        play(&mut line, 2_400);
        let device = "virtual:tone=997,channels=1";
        line.call("set_input", &json!({ "id": mic["id"], "device": device }));
        let first = format!("virtual:tone={}", 220 + n);
        line.call("set_input", &json!({ "id": 0, "device": first }));
        play(&mut line, 2_400);
        line.call("remove_source", &json!({ "id": mic["id"] }));
        play(&mut line, 2_400);
    }
    let played = Count { log, server: &server }.now();
    assert_eq!(played - opened, 0, "calls while ten came, changed and went");
    server.stop().succeeded();
}
