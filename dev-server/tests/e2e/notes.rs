//! Notes from scripts and MIDI files, heard in the recording: the organ sounds a constant per key.

use std::{fs, path::PathBuf, time::Duration};

use serde_json::{Value, json};

use crate::{
    line::Line,
    organ::{organ, organ_of},
    server::{Server, retake, run, tmp},
    wav::Wav,
};

/// A MIDI file with one track and 480 ticks to the quarter.
pub(crate) fn midi(name: &str, track: &[u8]) -> PathBuf {
    midi_of(name, 480, track)
}

/// The same with so many ticks to the quarter.
fn midi_of(name: &str, ticks: u16, track: &[u8]) -> PathBuf {
    let mut bytes = b"MThd\0\0\0\x06\0\0\0\x01".to_vec();
    bytes.extend(ticks.to_be_bytes());
    bytes.extend(b"MTrk");
    let track = [track, &b"\0\xff\x2f\0"[..]].concat();
    bytes.extend(u32::try_from(track.len()).unwrap().to_be_bytes());
    bytes.extend(track);
    let path = tmp("midi").join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// C from a quarter on for a quarter, E from the middle of it on and never released; then from the
/// third quarter on twice as slow; its end is after four.
fn two_notes() -> PathBuf {
    let track = b"\x83\x60\x90\x3c\x7f\x81\x70\x40\x7f\x81\x70\x80\x3c\x00\
                  \x83\x60\xff\x51\x03\x0f\x42\x40\x83\x60\xff\x01\x00";
    midi("two.mid", track)
}

/// What the two notes sound like at 48 kHz and 120 bpm: a quarter is 24,000 frames, then 48,000.
fn two_notes_at(frame: usize) -> f64 {
    let key = |key: f64, from, to| if (from..to).contains(&frame) { key / 128.0 } else { 0.0 };
    key(60.0, 24_000, 48_000) + key(64.0, 36_000, 120_000)
}

fn assert_sounds(wav: &Wav, expected: impl Fn(usize) -> f64) {
    for (frame, x) in wav.channels[0].iter().enumerate() {
        let wanted = expected(frame);
        assert!((f64::from(*x) - wanted).abs() < 1e-6, "frame {frame}: {x} instead of {wanted}");
    }
}

#[test]
fn a_midi_file_plays_at_its_frames_and_twice_the_same() {
    let file = format!("file:{}", two_notes().display());
    for period in [64, 512, 8_191] {
        let out = tmp("midi").join(format!("out{period}.wav"));
        let output = format!("virtual:period={period},file={}", out.display());
        let path = organ();
        let words = [
            "run",
            path.to_str().unwrap(),
            "--input",
            "none",
            "--output",
            &output,
            "--clock",
            "fast",
            "--duration",
            "3",
            "--midi",
            &file,
        ];
        run(&words).succeeded();
        let wav = Wav::read(&out);
        assert_eq!(wav.frames(), 144_000);
        assert_sounds(&wav, two_notes_at);
        let bytes = fs::read(&out).unwrap();
        run(&words).succeeded();
        assert!(bytes == fs::read(&out).unwrap(), "the same command, other bytes");
    }
}

#[test]
fn a_file_longer_than_the_engine_holds_is_whole() {
    // A tick is 8 frames; the key goes down and up from one to the next: 18,000 events.
    let track = b"\x01\x90\x3c\x7f\x01\x80\x3c\x00".repeat(9_000);
    let file = format!("file:{}", midi_of("long.mid", 3_000, &track).display());
    let (out, path) = (tmp("midi").join("long.wav"), organ());
    let output = format!("virtual:period=512,file={}", out.display());
    let words = ["run", path.to_str().unwrap(), "--input", "none", "--output", &output];
    let more = ["--clock", "fast", "--duration", "3", "--midi", &file];
    run(&[&words[..], &more].concat()).succeeded();
    let wav = Wav::read(&out);
    assert_eq!(wav.frames(), 144_000);
    assert_sounds(&wav, |frame| if frame / 8 % 2 == 1 { 60.0 / 128.0 } else { 0.0 });
}

#[test]
fn a_rendering_plays_the_file_from_its_first_frame() {
    let (from, to) = (tmp("midi").join("in.wav"), tmp("midi").join("rendered.wav"));
    Wav::new(48_000, vec![vec![0.0; 96_000]; 2]).write(&from);
    let mut command = retake();
    command.arg("render").arg("--input").arg(from).arg("--output").arg(&to).arg(organ());
    command.arg("--midi").arg(format!("file:{}", two_notes().display())).arg("--json");
    Server::spawn(command).end().succeeded();
    let wav = Wav::read(&to);
    assert_eq!(wav.frames(), 96_000);
    assert_sounds(&wav, two_notes_at);
}

/// The organ at the real clock, recorded.
fn start(name: &str, library: PathBuf) -> (Server, Line, PathBuf) {
    let out = tmp("midi").join(format!("{name}.wav"));
    let mut command = retake();
    command.arg(library).args(["--input", "none", "--output", "virtual", "--record"]).arg(&out);
    command.args(["--json", "--port", "0"]);
    let mut server = Server::spawn(command);
    let line = Line::open(&server.wait("listening"));
    server.wait("reloaded");
    (server, line, out)
}

fn press(line: &mut Line, key: u8, on: bool) {
    line.call("note", &json!({ "key": key, "velocity": 0.5, "on": on, "channel": 3 }));
}

fn wait(server: &mut Server) {
    server.listen_for(Duration::from_millis(100));
}

/// What was heard, without its repetitions.
fn steps(wav: &Wav) -> Vec<f32> {
    let mut steps = wav.channels[0].clone();
    steps.dedup();
    steps
}

#[test]
fn who_leaves_lets_go_of_its_notes_only() {
    let (mut server, mut stays, out) = start("leaves", organ());
    let mut leaves = Line::open(&server.seen[0]);
    press(&mut stays, 64, true);
    wait(&mut server);
    press(&mut leaves, 32, true);
    wait(&mut server);
    drop(leaves);
    wait(&mut server);
    press(&mut stays, 64, false);
    wait(&mut server);
    assert_eq!(stays.call("status", &json!({}))["plugin_takes_notes"], true);
    server.stop().succeeded();
    assert_eq!(steps(&Wav::read(&out)), [0.0, 0.5, 0.75, 0.5, 0.0]);
}

#[test]
fn a_held_note_survives_a_reload() {
    let path = tmp("midi").join("held.clap");
    fs::copy(organ(), &path).unwrap();
    let (mut server, mut line, out) = start("held", path.clone());
    press(&mut line, 64, true);
    wait(&mut server);
    let aside = path.with_extension("aside");
    fs::copy(organ_of("0.5"), &aside).unwrap();
    fs::rename(&aside, &path).unwrap();
    let reloaded = server.wait("reloaded");
    assert_eq!(reloaded["lost_frames"], 0);
    wait(&mut server);
    press(&mut line, 64, false);
    wait(&mut server);
    server.stop().succeeded();
    let row = Wav::read(&out).channels.remove(0);
    let first = row.iter().position(|x| *x > 0.0).unwrap();
    let end = row.iter().rposition(|x| *x > 0.0).unwrap();
    let held = &row[first..=end];
    assert_eq!((held[0], held[held.len() - 1]), (0.5, 0.25), "the old sound, then the new one");
    // A straight line of 20 ms between the two, never below either.
    assert!(held.windows(2).all(|w| w[1] <= w[0] && w[0] - w[1] < 1e-3), "no gap and no click");
}

#[test]
fn a_note_of_the_plugin_is_told_to_pages() {
    let (server, mut line, _) = start("own", organ());
    line.call("set_param", &json!({ "id": "draw", "value": 9 }));
    let note = line.wait_for("note", |note| note["on"] == true);
    assert_eq!(
        (&note["key"], &note["channel"], &note["from"]),
        (&json!(100), &json!(2), &json!("plugin"))
    );
    assert!(note["frame"].as_u64().is_some() && note["velocity"] == 0.5, "{note}");
    server.stop().succeeded();
}

#[test]
fn a_plugin_without_ears_refuses_notes() {
    let words =
        ["run", "example-plugin", "--no-watch", "--input", "virtual", "--output", "virtual"];
    let mut server = Server::start(&words);
    let mut line = Line::open(&server.wait("listening"));
    let note = json!({ "key": 60, "on": true });
    let early = line.answer("note", &note);
    assert_eq!(early["error"]["code"], -32001, "{early}");
    server.wait("reloaded");
    let error: Value = line.answer("note", &note)["error"].take();
    assert_eq!(error["code"], -32001, "{error}");
    assert!(error["message"].as_str().unwrap().contains("takes no notes"), "{error}");
    assert_eq!(line.call("status", &json!({}))["plugin_takes_notes"], false);
    server.stop().succeeded();
}

#[test]
fn the_tempo_is_the_files_or_the_command_lines() {
    let slow = midi("slow.mid", b"\0\xff\x51\x03\x0f\x42\x40\0\x90\x3c\x7f");
    let file = format!("file:{}", slow.display());
    for (words, bpm) in [
        (&["--midi", &file][..], 60.0),
        (&["--midi", &file, "--bpm", "90.5"], 90.5),
        (&["--bpm", "999"], 999.0),
        (&[], 120.0),
    ] {
        let mut command = retake();
        command.arg(organ()).args(["--input", "none", "--output", "virtual"]).args(words);
        command.args(["--no-watch", "--json", "--port", "0"]);
        let mut server = Server::spawn(command);
        let mut line = Line::open(&server.wait("listening"));
        assert_eq!(line.call("status", &json!({}))["bpm"], bpm);
        server.stop().succeeded();
    }
}

#[test]
fn what_cannot_be_played_is_one_clear_line() {
    let play = |source: &str, more: &[&str]| {
        let words =
            ["run", "example-plugin", "--no-watch", "--input", "virtual", "--output", "virtual"];
        run(&[&words[..], &["--midi", source], more].concat())
    };
    let whole = fs::read(two_notes()).unwrap();
    let cut = tmp("midi").join("cut.mid");
    fs::write(&cut, &whole[..whole.len() - 9]).unwrap();
    let path = |path: &PathBuf| format!("file:{}", path.display());
    play(&path(&cut), &[]).failed(1, &["cut.mid", "breaks off in track 1"]);
    let manifest = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    play(&path(&manifest), &[]).failed(1, &["Cargo.toml", "no MIDI file"]);
    play("file:/no/such.mid", &[]).failed(1, &["/no/such.mid", "No such file"]);
    let fast = ["--clock", "fast", "--duration", "1"];
    play("KeyStep", &fast).failed(2, &["KeyStep", "--midi file:X.mid"]);
}

#[test]
fn devices_list_the_midi_ports() {
    let listed = retake().args(["devices", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(listed["hosts"].is_array());
    let midi = &listed["midi"];
    assert!(midi["inputs"].is_array(), "{midi}");
    assert!(midi["unavailable"].is_null() || midi["unavailable"].is_string(), "{midi}");
    let table = retake().arg("devices").output().unwrap();
    assert!(String::from_utf8(table.stdout).unwrap().lines().any(|line| line.starts_with("midi")));
}
