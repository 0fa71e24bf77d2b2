//! The audio thread of the real binary, with the real plugin in it, leaves the heap alone.
//!
//! A preloaded library counts the heap calls of the thread that renders: opening the device makes
//! some, so a session without a reload is compared with a session of many.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::process::Command;

use serde_json::json;

use crate::{
    crates::{Crate, UNITY},
    line::Line,
    server::{Server, retake, tmp},
};

/// Heap calls of the audio thread in a session with that many reloads and as many moves of a
/// parameter.
fn heap_calls(plugin: &Crate, library: &str, n_reloads: usize) -> u64 {
    let log = tmp("heap").join("calls");
    plugin.law(UNITY);
    let mut command = retake();
    command
        .arg(&plugin.dir)
        .args(["--input", "virtual:tone=220", "--output", "virtual", "--json", "--port", "0"])
        .env("LD_PRELOAD", library)
        .env("RETAKE_HEAP_LOG", &log);
    let mut server = Server::spawn(command);
    let mut line = Line::open(&server.wait("listening"));
    server.wait("reloaded");
    for n in 0..n_reloads {
        line.call("set_param", &json!({ "id": "gain", "value": -((n % 12) as f64) }));
        plugin.law(&format!("*sample *= gain * 0.{};", 50 + n));
        let reloaded = server.wait("reloaded");
        assert_eq!(reloaded["lost_frames"], 0);
    }
    server.stop().succeeded();
    std::fs::read_to_string(log).unwrap().trim().parse().unwrap()
}

#[test]
fn reloads_make_no_heap_call_on_the_audio_thread() {
    let library = tmp("heap").join("audio_heap.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/audio_heap.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .args(["-lpthread"])
        .status()
        .expect("cc is installed (./setup.sh)");
    assert!(compiled.success());
    let plugin = Crate::new("law");
    let library = library.to_str().unwrap();
    // The devices open while control goes on: now and then a session makes three calls more. A call
    // of a reload would be there every time.
    let same = (0..3).any(|_| {
        let (without, with) = (heap_calls(&plugin, library, 0), heap_calls(&plugin, library, 10));
        println!("heap calls of the audio thread: {without} without a reload, {with} with ten");
        assert!(without > 0, "opening a device makes some: else nothing was counted");
        without == with
    });
    assert!(same, "reloads make heap calls");
}
