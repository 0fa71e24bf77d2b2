//! Microphones of a real sound server: the next session has them again, and while the server hangs nobody
//! waits for them but who asked.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    changing_inputs::pass,
    line::Line,
    pulse::{Daemon, build_example},
    server::{Server, retake},
};

const SINKS: &str = "\
load-module module-native-protocol-unix
load-module module-null-sink sink_name=mic format=float32le rate=48000 channels=2
load-module module-null-sink sink_name=speaker format=float32le rate=48000 channels=2
";

fn pactl(daemon: &Daemon, words: &[&str]) -> String {
    let done = daemon.command("pactl").args(words).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A session on that daemon that goes on where the last one in `state` stood.
fn session(daemon: &Daemon, state: &Path, more: &[&str]) -> (Server, Line) {
    let mut command = retake();
    command.args(["run", "example-plugin", "--no-watch", "--json", "--port", "0"]).args(more);
    command.env("RETAKE_STATE_DIR", state);
    let mut server = daemon.run(command);
    let listening = server.wait("listening");
    server.wait("reloaded");
    (server, Line::open(&listening))
}

/// The second source, once it is in that state.
fn second(line: &mut Line, state: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let source = line.call("sources", &json!({}))["sources"].get(1).cloned();
        let source = source.unwrap_or_default();
        if source["state"] == state {
            return source;
        }
        assert!(Instant::now() < until, "{source} is not {state}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_session_remembers_them_and_one_that_is_away_comes_later() {
    build_example();
    let (daemon, state) = (Daemon::with(SINKS), tempfile::tempdir().unwrap());
    let load = ["load-module", "module-null-sink", "sink_name=second", "rate=48000"];
    let module = pactl(&daemon, &load);
    let ends = ["--host", "pulseaudio", "--input", "mic.monitor", "--output", "speaker"];
    let (server, mut line) = session(&daemon, state.path(), &ends);
    let listed = line.call("devices", &json!({}))["input"].take();
    let is_second = |device: &&Value| device["id"] == "second.monitor";
    let listed = listed.as_array().unwrap().iter().find(is_second).unwrap().clone();
    assert_eq!((&listed["host"], &listed["default"]), (&json!("pulseaudio"), &json!(false)));
    let added = line.call("add_source", &json!({ "spec": "gain=-6,pan=-0.3,mic:second.monitor" }));
    line.call("set_source", &json!({ "id": added["id"], "gain_db": -9, "mute": true }));
    // Not kept: it is no device of the machine.
    line.call("add_source", &json!({ "spec": "mic:virtual" }));
    server.stop().succeeded();

    let (server, mut line) = session(&daemon, state.path(), &[]);
    let again = second(&mut line, "ready");
    let shown = ["kind", "gain_db", "pan", "mute"].map(|member| again[member].clone());
    assert_eq!(shown, [json!("mic"), json!(-9.0), json!(-0.3), json!(true)]);
    let status = line.call("status", &json!({}));
    assert_eq!(status["inputs"].as_array().unwrap().len(), 2);
    assert_eq!(status["muted_at_start"], true, "nobody asked for its sound today");
    assert!(server.stop().succeeded().stderr.contains("one more, as in the last session"));

    pactl(&daemon, &["unload-module", &module]);
    let (mut server, mut line) = session(&daemon, state.path(), &[]);
    let is_lost = |event: &Value| event["input"] == 1 && event["state"] == "lost";
    assert!(server.seen.iter().any(is_lost) || is_lost(&server.wait_for("device", is_lost)));
    assert_eq!(second(&mut line, "waiting")["gain_db"], -9.0);
    pactl(&daemon, &load);
    second(&mut line, "ready");
    server.wait_for("device", |event| event["input"] == 1 && event["state"] == "back");
    server.stop().succeeded();

    for words in [&["--fresh"][..], &["--input", "none"], &["--source", "tone:997"]] {
        // Each of these is what is remembered from then on.
        let copy = tempfile::tempdir().unwrap();
        let mut copying = Command::new("cp");
        copying.arg("-r").arg(state.path().join(".")).arg(copy.path());
        assert!(copying.status().unwrap().success());
        let (server, mut line) =
            session(&daemon, copy.path(), &[&["--host", "pulseaudio"], words].concat());
        let sources = line.call("sources", &json!({}))["sources"].take();
        let is_second = |source: &Value| source["spec"].as_str().unwrap().contains("second");
        assert!(!sources.as_array().unwrap().iter().any(is_second), "{words:?}: {sources}");
        drop(server);
    }
}

/// Who asks for a device waits; everybody else is answered as ever, and what was asked for comes when
/// it can.
#[test]
fn while_the_sound_server_hangs_only_who_asked_waits() {
    build_example();
    let (daemon, state) = (Daemon::with(SINKS), tempfile::tempdir().unwrap());
    let ends = ["--host", "pulseaudio", "--input", "mic.monitor", "--output", "speaker"];
    let (server, mut line) = session(&daemon, state.path(), &ends);
    let listening = server.seen.iter().find(|event| event["event"] == "listening").unwrap().clone();
    let (mut adds, mut lists) = (Line::open(&listening), Line::open(&listening));
    pass(&mut line, 9_600);
    daemon.signal(Signal::STOP);
    adds.say("add_source", &json!({ "spec": "mic:mic.monitor" }));
    lists.say("devices", &json!({}));
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        assert!(line.call("set_param", &json!({ "id": "gain", "value": -1 })).is_object());
        times.push(asked.elapsed());
        std::thread::sleep(Duration::from_millis(5));
    }
    daemon.signal(Signal::CONT);
    times.sort();
    println!("{} answered, at the most in {:?}", times.len(), times.last().unwrap());
    assert!(times.len() > 20, "{} answers in three seconds", times.len());
    for waiting in [&mut adds, &mut lists] {
        assert_eq!(waiting.next_answer()["error"]["code"], -32_002);
    }
    assert_eq!(second(&mut line, "ready")["spec"], "mic:mic.monitor");
    assert!(lists.call("devices", &json!({}))["input"].is_array());
    server.stop().succeeded();
}
