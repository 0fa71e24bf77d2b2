//! Presets and sessions: what is saved comes back, to the sample; what is a script's stays out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    line::Line,
    organ::organ,
    server::{Ended, Server, retake, tmp},
    signal::noise,
    wav::Wav,
};

/// An empty state directory.
fn state(name: &str) -> PathBuf {
    let dir = tmp("states").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// The organ between virtual devices, in that state directory, with more words.
fn start(state: &Path, more: &[&str]) -> (Server, Line) {
    let mut command = retake();
    command
        .arg(organ())
        .args(["--no-watch", "--input", "none", "--output", "virtual", "--json", "--port", "0"])
        .args(more)
        .env("RETAKE_STATE_DIR", state);
    let mut server = Server::spawn(command);
    let line = Line::open(&server.wait("listening"));
    server.wait("reloaded");
    (server, line)
}

fn level(line: &mut Line) -> Value {
    line.call("params", &json!({}))[0]["value"].take()
}

fn set(line: &mut Line, id: &str, value: f64) {
    line.call("set_param", &json!({ "id": id, "value": value }));
    line.wait_for("param", |param| param["value"] == value);
}

/// Pulls a stop: it is in the state, and in no parameter.
fn draw(line: &mut Line, stop: f64) {
    set(line, "draw", stop);
    set(line, "draw", 0.0);
}

fn names(line: &mut Line) -> Vec<Value> {
    let list = line.call("presets", &json!({}))["presets"].take();
    list.as_array().unwrap().iter().map(|preset| preset["name"].clone()).collect()
}

#[test]
fn a_preset_is_saved_listed_recalled_and_deleted() {
    let state = state("presets");
    let (server, mut line) = start(&state, &[]);
    let mut other = Line::open(&server.seen[0]);
    set(&mut line, "level", 0.25);
    assert_eq!(line.call("save_preset", &json!({ "name": "Soft" })), json!({ "name": "Soft" }));
    other.wait_for("presets_changed", |_| true);
    set(&mut line, "level", 0.75);
    line.call("save_preset", &json!({ "name": "loud" }));
    assert_eq!(names(&mut line), ["loud", "Soft"]);
    assert_eq!(line.call("recall_preset", &json!({ "name": "soft" })), json!({ "name": "Soft" }));
    other.wait_for("param", |param| param["id"] == 1 && param["value"] == 0.25);
    assert_eq!(level(&mut line), 0.25);
    line.call("reset_params", &json!({}));
    other.wait_for("param", |param| param["id"] == 1 && param["value"] == 1.0);
    for (method, name) in
        [("recall_preset", "nope"), ("delete_preset", "nope"), ("save_preset", "")]
    {
        let error = line.answer(method, &json!({ "name": name }))["error"].take();
        assert_eq!(error["code"], -32602, "{method}: {error}");
    }
    let files: Vec<_> = walk(&state.join("retake/presets"));
    fs::write(&files[0], "{ broken").unwrap();
    assert_eq!(names(&mut line).len(), 1, "the other stays usable");
    line.call("delete_preset", &json!({ "name": "Soft" }));
    line.call("delete_preset", &json!({ "name": "loud" }));
    assert_eq!(names(&mut line), [""; 0]);
    let ended = server.stop().succeeded();
    assert!(!ended.events.iter().any(|e| e["event"] == "reloaded" && e["generation"] == 2));
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn state_beyond_parameters_comes_by_a_new_instance_without_a_gap() {
    let state = state("beyond");
    let out = tmp("organ").join("beyond.wav");
    let (mut server, mut line) = start(&state, &["--record", out.to_str().unwrap()]);
    draw(&mut line, 3.0);
    line.call("save_preset", &json!({ "name": "three" }));
    draw(&mut line, 7.0);
    line.call("recall_preset", &json!({ "name": "three" }));
    let reloaded = server.wait("reloaded");
    assert_eq!((&reloaded["generation"], &reloaded["lost_frames"]), (&json!(2), &json!(0)));
    server.listen_for(std::time::Duration::from_millis(200));
    server.stop().succeeded();
    let wav = Wav::read(&out);
    let row = &wav.channels[0];
    let near = |x: f32, stop: f64| (f64::from(x) - stop / 1_000.0).abs() < 1e-9;
    let last = row.iter().rposition(|x| near(*x, 7.0)).expect("seven was heard");
    assert!(near(row[row.len() - 1], 3.0), "three is heard in the end");
    // From seven to three in a straight line: 20 ms.
    let fade: Vec<_> = row[last..].iter().take_while(|x| !near(**x, 3.0)).collect();
    assert!((900..=1_000).contains(&fade.len()), "{} frames", fade.len());
    assert!(fade.windows(2).all(|w| w[0] >= w[1] && w[0] - w[1] < 1e-5), "no click");
}

#[test]
fn a_session_begins_with_its_switches_as_they_stood() {
    let state = state("switches");
    let status = |line: &mut Line| {
        let status = line.call("status", &json!({}));
        ["bypass", "mute", "muted_at_start"].map(|name| status[name].as_bool().unwrap())
    };
    let (server, mut line) = start(&state, &[]);
    assert_eq!(status(&mut line), [false; 3]);
    line.call("bypass", &json!({ "on": true }));
    line.call("mute", &json!({ "on": true }));
    server.stop().succeeded();

    let (server, mut line) = start(&state, &[]);
    assert_eq!(status(&mut line), [true; 3]);
    let said = server.stop().succeeded().stderr;
    assert_eq!(said.matches("as in the last session").count(), 2, "{said}");

    let with = |more: &[&str]| {
        let (server, mut line) = start(&state, more);
        let status = status(&mut line);
        (status, server.stop().succeeded().stderr)
    };
    assert_eq!(with(&["--fresh", "--duration", "600"]).0, [false; 3]);
    assert_eq!(with(&["--duration", "600"]).0, [false; 3], "a script finds nothing");
    assert_eq!(with(&["--unmute"]).0, [true, false, false], "the command line wins");
    let file = walk(&state.join("retake/sessions")).remove(0);
    fs::write(file, "{ broken").unwrap();
    let (status, said) = with(&[]);
    assert_eq!(status, [false; 3]);
    assert_eq!(said.matches("starts afresh").count(), 1, "one line and defaults: {said}");
}

#[test]
fn a_session_goes_on_where_it_stood() {
    let state = state("session");
    let (server, mut line) = start(&state, &[]);
    draw(&mut line, 5.0);
    set(&mut line, "level", 0.5);
    server.stop().succeeded();

    let out = tmp("organ").join("session.wav");
    let (mut server, mut line) = start(&state, &["--record", out.to_str().unwrap()]);
    assert_eq!(level(&mut line), 0.5);
    server.listen_for(std::time::Duration::from_millis(50));
    assert!(server.stop().succeeded().stderr.contains("Restored"));
    let first = Wav::read(&out).channels[0][0];
    assert!(
        (f64::from(first) - 0.005).abs() < 1e-9,
        "the fifth stop from the first frame: {first}"
    );

    let with = |more: &[&str]| {
        let (server, mut line) = start(&state, more);
        let value = level(&mut line);
        server.stop().succeeded();
        value
    };
    assert_eq!(with(&["--set", "level=0.25"]), 0.25, "--set wins");
    assert_eq!(with(&["--fresh"]), 1.0);
    assert_eq!(with(&["--duration", "600"]), 1.0, "a script finds nothing");
    assert_eq!(with(&[]), 0.5, "and none of them has left anything");
}

#[test]
fn a_session_that_the_plugin_does_not_take_is_left() {
    let state = state("refused");
    let (server, mut line) = start(&state, &[]);
    set(&mut line, "level", 0.5);
    server.stop().succeeded();
    let file = walk(&state.join("retake/sessions")).remove(0);
    let text = fs::read_to_string(&file).unwrap();
    let saved: Value = serde_json::from_str(&text).unwrap();
    let bytes = saved["state"].as_str().unwrap();
    fs::write(&file, text.replace(bytes, "00")).unwrap();
    let (server, mut line) = start(&state, &[]);
    assert_eq!(level(&mut line), 1.0);
    let ended = server.stop().succeeded();
    assert!(ended.stderr.contains("starts afresh"), "{}", ended.stderr);
    fs::write(&file, "half of it").unwrap();
    let (server, _) = start(&state, &["--fresh"]);
    assert!(!server.stop().succeeded().stderr.contains("starts afresh"));
    let (server, _) = start(&state, &[]);
    assert!(server.stop().succeeded().stderr.contains("starts afresh"));
}

/// `retake render` of silence through the organ.
fn render(state: &Path, name: &str, more: &[&str]) -> (PathBuf, Ended) {
    let (from, to) = (tmp("organ").join("in.wav"), tmp("organ").join(name));
    Wav::new(48_000, vec![noise(1, 0.5, 4_801); 2]).write(&from);
    let mut command = retake();
    command.arg("render").arg("--input").arg(from).arg("--output").arg(&to).arg(organ());
    command.args(more).arg("--json").env("RETAKE_STATE_DIR", state);
    (to, Server::spawn(command).end())
}

#[test]
fn the_command_line_starts_from_a_preset_and_lists_them() {
    let state = state("words");
    let (_, ended) = render(&state, "none.wav", &["--preset", "soft"]);
    ended.failed(2, &["no preset \"soft\" of org.retake.organ", "none is saved yet"]);
    let (server, mut line) = start(&state, &[]);
    draw(&mut line, 4.0);
    set(&mut line, "level", 0.5);
    line.call("save_preset", &json!({ "name": "soft" }));
    set(&mut line, "level", 0.125);
    server.stop().succeeded();

    let (out, ended) = render(&state, "soft.wav", &["--preset", "soft"]);
    ended.succeeded();
    let wav = Wav::read(&out);
    assert!(wav.channels[0].iter().all(|x| (f64::from(*x) - 0.004).abs() < 1e-9));
    let (plain, ended) = render(&state, "plain.wav", &[]);
    ended.succeeded();
    assert!(Wav::read(&plain).channels[0].iter().all(|x| *x == 0.0), "no session in a rendering");
    let (_, ended) = render(&state, "typo.wav", &["--preset", "sift"]);
    ended.failed(2, &["no preset \"sift\"", "saved are \"soft\""]);

    let list = |words: &[&str]| {
        let mut command = retake();
        command.arg("presets").args(words).env("RETAKE_STATE_DIR", &state);
        let out = command.output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    assert_eq!(list(&[]), (Some(0), "org.retake.organ\n  soft\n".to_owned()));
    let library = organ();
    let (code, text) = list(&[library.to_str().unwrap(), "--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["plugins"][0]["presets"][0]["name"]), (Some(0), &json!("soft")));
    assert_eq!(list(&["example-plugin"]), (Some(2), String::new()), "never played here");
}
