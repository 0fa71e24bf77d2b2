//! Sources and buses over the line, while it runs.

use std::{f64::consts::TAU, time::Duration};

use serde_json::{Value, json};

use crate::{
    line::Line,
    server::{Server, tmp},
    signal::noise,
    wav::Wav,
};

/// Lets the engine play so many frames.
fn pass(line: &mut Line, frames: u64) {
    let clock = |line: &mut Line| line.call("status", &json!({}))["counters"]["frames"].as_u64();
    let until = clock(line).unwrap() + frames;
    while clock(line).unwrap() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The example plugin stands at −6 dB.
fn minus_6_db() -> f64 {
    10_f64.powf(-6.0 / 20.0)
}

/// Finds, one after the other, stretches of a thousand frames in which a sine that begins at frame
/// `first` has exactly these levels.
fn assert_levels(row: &[f32], first: usize, levels: &[f64]) {
    const STRETCH: usize = 1_000;
    let sine = |n: usize| (TAU * 997.0 * (n - first) as f64 / 48_000.0).sin();
    let mut at = first;
    for level in levels {
        let is_it = |n: usize| (f64::from(row[n]) - level * sine(n)).abs() < 1e-6;
        let mut run = 0;
        while run < STRETCH {
            assert!(at < row.len(), "no level of {level}");
            run = if is_it(at) { run + 1 } else { 0 };
            at += 1;
        }
    }
}

#[test]
fn a_tone_comes_changes_and_goes_and_is_heard_exactly() {
    let out = tmp("sources").join("rpc-out.wav");
    let output = format!("virtual:file={}", out.display());
    let words = ["run", "example-plugin", "--no-watch", "--input", "none", "--set", "gain=-6"];
    let mut server = Server::start(&[&words[..], &["--output", &output]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut line = Line::open(&listening);
    assert_eq!(line.call("sources", &json!({}))["sources"], json!([]));
    let tone = line.call("add_source", &json!({ "spec": "tone:997,gain=-20" }));
    let shown = ["id", "kind", "name", "state", "gain_db", "bus", "pitch", "loop", "mute"];
    let values = shown.map(|member| tone[member].clone());
    let told = [json!(1), json!("tone"), json!("997 Hz"), json!("ready"), json!(-20.0)];
    let rest = [json!("plugin-in"), json!(1.0), Value::Null, json!(false)];
    assert_eq!(values[..], [&told[..], &rest].concat());
    pass(&mut line, 6_000);
    let tone = line.call("set_source", &json!({ "id": 1, "gain_db": -40 }));
    assert_eq!((&tone["gain_db"], &tone["id"]), (&json!(-40.0), &json!(1)));
    pass(&mut line, 6_000);
    let bus = line.call("set_bus", &json!({ "bus": "plugin-in", "mute": true }));
    let muted = json!({ "bus": "plugin-in", "gain_db": 0.0, "mute": true, "solo": false });
    assert_eq!(bus, muted);
    assert_eq!(line.call("status", &json!({}))["buses"][0], muted);
    pass(&mut line, 6_000);
    line.call("set_bus", &json!({ "bus": "plugin-in", "mute": false, "gain_db": 6 }));
    pass(&mut line, 6_000);
    line.call("set_bus", &json!({ "bus": "master", "solo": true }));
    pass(&mut line, 6_000);
    line.call("set_bus", &json!({ "bus": "master", "solo": false }));
    line.call("set_bus", &json!({ "bus": "plugin-in", "gain_db": 0 }));
    pass(&mut line, 6_000);
    line.call("set_source", &json!({ "id": 1, "mute": true }));
    pass(&mut line, 6_000);
    line.call("set_source", &json!({ "id": 1, "mute": false, "gain_db": -20, "bus": "dry" }));
    pass(&mut line, 6_000);
    assert_eq!(line.call("remove_source", &json!({ "id": 1 })), json!({}));
    pass(&mut line, 6_000);
    assert_eq!(line.call("sources", &json!({}))["sources"], json!([]));
    let event = line.wait_for("event", |event| event["event"] == "source_removed");
    assert_eq!(event["id"], 1);
    let ended = server.stop();
    assert!(ended.stderr.contains("1 997 Hz: -20 dB, plugin-in"), "{}", ended.stderr);
    assert!(ended.stderr.contains("1 997 Hz removed"), "{}", ended.stderr);
    let row = &Wav::read(&out).channels[0];
    // The sine's first frame is a zero.
    let first = row.iter().position(|x| *x != 0.0).unwrap() - 1;
    let (soft, loud) = (0.01 * minus_6_db(), 0.1 * minus_6_db());
    let raised = soft * 10_f64.powf(6.0 / 20.0);
    assert_levels(row, first, &[loud, soft, 0.0, raised, 0.0, soft, 0.0, 0.1, 0.0]);
    assert!(row[row.len() - 100..].iter().all(|x| *x == 0.0));
}

/// The error of a call that is refused: code, and what it says.
fn refused(line: &mut Line, method: &str, params: &Value) -> (i64, String) {
    let answer = line.answer(method, params);
    let error = &answer["error"];
    assert!(error.is_object(), "{method} {params}: {answer}");
    let text = format!("{} {}", error["message"].as_str().unwrap(), error["data"]);
    (error["code"].as_i64().unwrap(), text)
}

/// What cannot be: method, parameters, code, and what is said or allowed.
const REFUSED: &[(&str, &str, i64, &str)] = &[
    ("set_source", r#"{"id": 9, "pan": 0}"#, -32_602, "source 9 was never there"),
    ("set_source", r#"{"id": 9, "pan": 0}"#, -32_602, r#"{"allowed":[0,1,2]}"#),
    ("remove_source", r#"{"id": 3}"#, -32_602, "source 3 is gone"),
    ("pause_source", r#"{"id": -1, "on": true}"#, -32_602, "invalid value"),
    ("set_source", r#"{"id": 2, "gain_db": 30}"#, -32_602, r#"{"min":-80.0,"max":24.0}"#),
    ("set_source", r#"{"id": 2, "pan": "left"}"#, -32_602, "pan must be a number between -1"),
    ("set_source", r#"{"id": 2, "law": "linear"}"#, -32_602, "balance, power"),
    ("set_source", r#"{"id": 2, "bus": "aux"}"#, -32_602, r#"["plugin-in","sidechain""#),
    ("set_source", r#"{"id": 2, "mute": 1}"#, -32_602, "mute must be true or false"),
    ("set_source", r#"{"id": 2}"#, -32_602, "nothing is to be changed"),
    ("set_source", r#"{"id": 2, "volume": 1}"#, -32_602, "volume"),
    ("set_source", r#"{"id": 2, "pitch": 2}"#, -32_001, "source 2 is of the kind tone"),
    ("set_source", r#"{"id": 1, "pitch": 9}"#, -32_602, r#"{"min":0.1,"max":4.0}"#),
    ("set_source", r#"{"id": 2, "loop": null}"#, -32_001, "loop is for files"),
    ("set_source", r#"{"id": 2, "bus": "sidechain"}"#, -32_001, "has no sidechain"),
    ("add_source", r#"{"spec": "sweep,bus=sidechain"}"#, -32_001, "has no sidechain"),
    ("set_source", r#"{"id": 1, "loop": {"from": 0.3, "to": 0.2}}"#, -32_602, "after its start"),
    ("set_source", r#"{"id": 1, "loop": {"from": 0.2, "to": 0.2}}"#, -32_602, "after its start"),
    (
        "set_source",
        r#"{"id": 1, "loop": {"from": 0, "to": 0.6}}"#,
        -32_602,
        "(0.6 s) is beyond the end (0.5 s)",
    ),
    ("set_source", r#"{"id": 1, "loop": {"from": -1, "to": 0.6}}"#, -32_602, "loop: -1 is no time"),
    ("set_source", r#"{"id": 1, "loop": [0, 1]}"#, -32_602, "null or {from, to}"),
    ("set_source", r#"{"id": 1, "loop": {"from": 0.1, "to": 0.100001}}"#, -32_602, "a frame long"),
    ("seek_source", r#"{"id": 1, "seconds": 0.7}"#, -32_602, "(0.7 s) is beyond the end (0.5 s)"),
    ("seek_source", r#"{"id": 1, "seconds": -1}"#, -32_602, "seconds must be a number"),
    ("seek_source", r#"{"id": 2, "seconds": 0}"#, -32_001, "seek is for files"),
    ("seek_source", r#"{"id": 0, "seconds": 0}"#, -32_001, "seek is for files"),
    ("set_source", r#"{"id": 0, "pitch": 2}"#, -32_001, "pitch is for files"),
    ("pause_source", r#"{"id": 0, "on": true}"#, -32_001, "live input cannot be paused"),
    ("remove_source", r#"{"id": 0}"#, -32_001, "live input cannot be removed"),
    ("add_source", r#"{"spec": "file:/etc/hostname"}"#, -32_602, "a client names no path"),
    ("add_source", r#"{"spec": "mic"}"#, -32_602, "the live input is there already"),
    ("add_source", r#"{"spec": "kazoo"}"#, -32_602, "it is one of file:PATH, tone:HZ"),
    ("add_source", r#"{"spec": "tone:30000"}"#, -32_602, "has to be below 24000 Hz"),
    ("add_source", "{}", -32_602, "missing field `spec`"),
    ("set_bus", r#"{"bus": "aux", "mute": true}"#, -32_602, "bus must be one of plugin-in"),
    ("set_bus", r#"{"bus": "dry"}"#, -32_602, "nothing is to be changed"),
    ("set_bus", r#"{"bus": "dry", "gain_db": "loud"}"#, -32_602, r#"{"min":-80.0,"max":24.0}"#),
];

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    let short = Wav::new(48_000, vec![noise(1, 0.4, 24_000)]);
    let path = tmp("sources").join("short.wav");
    short.write(&path);
    let file = format!("loop=all,file:{}", path.display());
    let words = ["run", "example-plugin", "--no-watch", "--input", "virtual:tone=220"];
    let more = ["--output", "virtual", "--source", "mic,gain=-20", "--source", &file];
    let mut server = Server::start(&[&words[..], &more].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    server.wait_for("source", |source| source["id"] == 1 && source["state"] == "ready");
    let mut line = Line::open(&listening);
    line.call("add_source", &json!({ "spec": "tone:440" }));
    line.call("add_source", &json!({ "spec": "impulse" }));
    line.call("remove_source", &json!({ "id": 3 }));
    let before = line.call("sources", &json!({}))["sources"].clone();
    let ids: Vec<_> = before.as_array().unwrap().iter().map(|s| s["id"].clone()).collect();
    assert_eq!(ids, [0, 1, 2]);
    for (method, params, code, says) in REFUSED {
        let params = serde_json::from_str(params).unwrap();
        let (got, text) = refused(&mut line, method, &params);
        assert!(got == *code && text.contains(says), "{method} {params}: {got} {text}");
    }
    // None of it has changed anything.
    let still = |source: &Value| {
        let mut source = source.clone();
        source["position"] = Value::Null;
        source
    };
    let after = line.call("sources", &json!({}))["sources"].clone();
    for (before, after) in before.as_array().unwrap().iter().zip(after.as_array().unwrap()) {
        assert_eq!(still(before), still(after));
    }
    fill_up(&mut line);
    assert_eq!(server.stop().code, Some(0));
}

/// There are two sources beside the live input; then there are 64.
fn fill_up(line: &mut Line) {
    let max = line.call("sources", &json!({}))["max"].as_u64().unwrap();
    for _ in 2..max {
        line.call("add_source", &json!({ "spec": "silence" }));
    }
    let (code, text) = refused(line, "add_source", &json!({ "spec": "silence" }));
    assert!(code == -32_000 && text.contains(&format!("{max} sources already")), "{code} {text}");
    line.call("remove_source", &json!({ "id": 2 }));
    let mut again = line.answer("add_source", &json!({ "spec": "silence" }));
    // The one that was removed fades out first.
    while again["error"]["code"] == -32_000 {
        std::thread::sleep(Duration::from_millis(5));
        again = line.answer("add_source", &json!({ "spec": "silence" }));
    }
    assert_eq!(again["result"]["id"], max + 2, "no number is used twice: {again}");
}

#[test]
fn a_file_is_moved_looped_halted_and_played_again() {
    let short = Wav::new(48_000, vec![noise(1, 0.4, 96_000)]);
    let path = tmp("sources").join("two-seconds.wav");
    short.write(&path);
    let file = format!("file:{}", path.display());
    let words = ["run", "example-plugin", "--no-watch", "--input", "virtual:tone=220"];
    let mut server =
        Server::start(&[&words[..], &["--output", "virtual", "--source", &file]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    server.wait_for("source", |source| source["state"] == "eof");
    let mut line = Line::open(&listening);
    let file = line.call("sources", &json!({}))["sources"][1].clone();
    let shown = ["kind", "name", "state", "seconds", "position"].map(|member| file[member].clone());
    assert_eq!(
        shown,
        [json!("file"), json!("two-seconds.wav"), json!("eof"), json!(2.0), Value::Null]
    );
    let (code, text) = refused(&mut line, "pause_source", &json!({ "id": 1, "on": true }));
    assert!(code == -32_001 && text.contains("at its end"), "{code} {text}");
    // At its end it plays again, from where it is moved to.
    let span = json!({ "from": 1.0, "to": 1.5 });
    let file = line.call("set_source", &json!({ "id": 1, "loop": span }));
    assert_eq!((&file["loop"], &file["state"]), (&span, &json!("eof")));
    line.call("seek_source", &json!({ "id": 1, "seconds": 1.2 }));
    line.wait_for("event", |e| e["event"] == "source" && e["id"] == 1 && e["state"] == "ready");
    let position = |line: &mut Line| {
        line.call("sources", &json!({}))["sources"][1]["position"].as_f64().unwrap()
    };
    for _ in 0..4 {
        pass(&mut line, 10_000);
        assert!((1.0..1.5).contains(&position(&mut line)));
    }
    let file = line.call("pause_source", &json!({ "id": 1, "on": true }));
    assert_eq!(file["paused"], true);
    pass(&mut line, 2_000);
    let at = position(&mut line);
    pass(&mut line, 2_000);
    assert_eq!(position(&mut line).to_bits(), at.to_bits(), "it stands still");
    line.call("set_source", &json!({ "id": 1, "loop": null, "pitch": 4 }));
    line.call("seek_source", &json!({ "id": 1, "seconds": 0.25 }));
    pass(&mut line, 2_000);
    assert_eq!(position(&mut line).to_bits(), 0.25_f64.to_bits(), "moved, and still halted");
    line.call("pause_source", &json!({ "id": 1, "on": false }));
    line.wait_for("event", |e| e["event"] == "source" && e["id"] == 1 && e["state"] == "eof");
    let file = line.call("pause_source", &json!({ "id": 1, "on": false }));
    assert_eq!(file["paused"], false);
    line.wait_for("event", |e| e["event"] == "source" && e["id"] == 1 && e["state"] == "ready");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_long_file_gets_another_loop_while_it_plays() {
    // Longer than what is kept in memory.
    let long = Wav::new(48_000, vec![noise(5, 0.9, 2_200_000), noise(6, 0.9, 2_200_000)]);
    let path = tmp("sources").join("looped-later.wav");
    long.write(&path);
    let file = format!("file:{}", path.display());
    let out = tmp("sources").join("looped-later-out.wav");
    let output = format!("virtual:file={}", out.display());
    let words = ["run", "example-plugin", "--no-watch", "--set", "gain=-6", "--source", &file];
    let mut server = Server::start(&[&words[..], &["--output", &output]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    server.wait_for("source", |source| source["state"] == "ready");
    let mut line = Line::open(&listening);
    line.call("seek_source", &json!({ "id": 1, "seconds": 40.1 }));
    pass(&mut line, 4_000);
    line.call("set_source", &json!({ "id": 1, "loop": { "from": 40.0, "to": 40.25 } }));
    pass(&mut line, 60_000);
    let file = line.call("sources", &json!({}))["sources"][0].clone();
    assert_eq!((&file["state"], &file["missed_frames"]), (&json!("ready"), &json!(0)));
    assert_eq!(server.stop().code, Some(0));
    // The last loops are heard, frame by frame.
    let row = &Wav::read(&out).channels[0];
    let (start, length) = (40 * 48_000, 12_000);
    let from = row.len() - 30_000;
    let expected = |at: usize| minus_6_db() * f64::from(long.channels[0][start + at % length]);
    let fits = |at: usize, n: usize| (f64::from(row[from + n]) - expected(at + n)).abs() < 1e-6;
    let at = (0..length).find(|at| (0..50).all(|n| fits(*at, n))).expect("the loop is heard");
    let wrong = (0..24_000).find(|n| !fits(at, *n));
    assert_eq!(wrong, None, "one loop after the other, without a seam");
}

/// The payload of the section of that kind.
fn section(snapshot: &[u8], kind: u16) -> Vec<u8> {
    let word = |at: usize| u32::from_le_bytes(snapshot[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 88 + 12 * (usize::from(snapshot[1]) + usize::from(snapshot[2]));
    while u16::from_le_bytes([snapshot[at], snapshot[at + 1]]) != kind {
        at += 8 + word(at + 4);
    }
    snapshot[at + 8..at + 8 + word(at + 4)].to_vec()
}

#[test]
fn snapshots_tell_where_sources_stand_and_how_loud_they_are() {
    let words = ["run", "plugin-sdk/examples/compressor", "--no-watch"];
    let more = ["--input", "virtual:tone=220", "--output", "virtual"];
    let mut server = Server::start(&[&words[..], &more].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut line = Line::open(&listening);
    let live = line.call("status", &json!({}))["sources"].clone();
    assert_eq!(
        (&live[0]["id"], &live[0]["kind"], &live[1]),
        (&json!(0), &json!("mic"), &Value::Null)
    );
    line.call("subscribe", &json!({ "views": { "sources": true } }));
    let n_inputs = line.snapshot()[1];
    line.call("add_source", &json!({ "spec": "dc:0.5,gain=-6" }));
    line.call("set_source", &json!({ "id": 0, "gain_db": null }));
    // The plugin has a sidechain: it is there when something goes to it.
    line.call("add_source", &json!({ "spec": "dc:0.25,bus=sidechain" }));
    pass(&mut line, 4_000);
    let snapshot = line.snapshot();
    assert_eq!(snapshot[1], n_inputs.max(2) + 2);
    let records = section(&line.snapshot(), 8);
    let read = |record: &[u8]| {
        let id = u32::from_le_bytes(record[..4].try_into().unwrap());
        let seconds = f64::from_le_bytes(record[4..12].try_into().unwrap());
        (id, seconds, f32::from_le_bytes(record[12..].try_into().unwrap()))
    };
    let looks: Vec<_> = records.chunks_exact(16).map(read).collect();
    assert_eq!(looks.iter().map(|look| look.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(looks[0].1.is_nan() && looks[0].2 == 0.0, "{looks:?}");
    assert!(looks[1].1 > 0.08 && (looks[1].2 - 0.250_593_6).abs() < 1e-6, "{looks:?}");
    assert!((looks[2].2 - 0.25).abs() < 1e-6, "{looks:?}");
    let meters = line.call("meters", &json!({}));
    assert_eq!(meters["input"].as_array().unwrap().len(), usize::from(snapshot[1]));
    assert_eq!(server.stop().code, Some(0));
}
