//! Frames that a script or a pipe sends, found again in a recording of the output.

use std::{
    fs::OpenOptions,
    io::Write,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::{
    line::{Line, port_of},
    server::{Server, run, tmp},
    wav::Wav,
};

/// A script that sends frames.
struct Sender(WebSocket<TcpStream>);

impl Sender {
    /// Connects under a name and says what it sends; the answer.
    fn open(listening: &Value, name: &str) -> (Self, Value) {
        let port = port_of(listening);
        let token = listening["token"].as_str().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let url = format!("ws://127.0.0.1:{port}/push?name={name}&token={token}");
        let (socket, _) = tungstenite::client(url, stream).expect("a WebSocket");
        let mut sender = Self(socket);
        let answer = sender.say(&json!({"rate": 48_000, "channels": 2, "format": "f32"}));
        (sender, answer)
    }

    fn say(&mut self, what: &Value) -> Value {
        self.0.send(Message::text(what.to_string())).unwrap();
        self.answer()
    }

    fn send(&mut self, frames: Vec<u8>) -> Value {
        self.0.send(Message::binary(frames)).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.0.read().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}

/// A sample that is its frame's number, and exact: full scale is frame 2^18.
fn sample(frame: usize) -> f32 {
    (frame + 1) as f32 / 262_144.0
}

/// Frames of a ramp: left goes up, right is its negative.
fn ramp(frames: std::ops::Range<usize>) -> Vec<u8> {
    let samples = frames.flat_map(|n| [sample(n), -sample(n)]);
    samples.flat_map(f32::to_le_bytes).collect()
}

/// Where the first frame of the ramp stands; all `frames` of it follow, each in its place.
fn find_ramp(wav: &Wav, frames: usize, from: usize) -> usize {
    let [left, right] = &wav.channels[..] else { panic!("not stereo") };
    let first = (from..left.len()).find(|n| left[*n] != 0.0).expect("a sound");
    for n in 0..frames {
        let got = (left[first + n].to_bits(), right[first + n].to_bits());
        let expected = (sample(n).to_bits(), (-sample(n)).to_bits());
        assert!(got == expected, "frame {n} of the ramp, {first} frames into the recording");
    }
    first + frames
}

fn session(name: &str, sources: &[&str]) -> (Server, Value, PathBuf) {
    let out = tmp("push").join(format!("{name}.wav"));
    let output = format!("virtual:file={}", out.display());
    let mut words = vec!["run", "example-plugin", "--no-watch", "--output", &output];
    words.extend(["--set", "gain=0"]);
    for source in sources {
        words.extend(["--source", source]);
    }
    let mut server = Server::start(&words);
    let listening = server.wait("listening");
    server.wait("reloaded");
    (server, listening, out)
}

fn wait_for_state(server: &mut Server, id: u64, state: &str) -> Value {
    server.wait_for("source", |e| e["id"] == id && e["state"] == state)
}

#[test]
fn c18_every_frame_that_a_script_pushes_is_heard_in_order() {
    let (mut server, listening, out) = session("ramp", &["push:script,gain=0"]);
    let mut line = Line::open(&listening);
    let waits = &line.call("status", &json!({}))["sources"][0];
    assert_eq!((&waits["state"], &waits["kind"]), (&json!("waiting"), &json!("push")));
    let (mut sender, hello) = Sender::open(&listening, "script");
    assert_eq!(hello, json!({"source": 1, "room": 96_000}));
    // While it is there, nobody else is.
    let (_, refused) = Sender::open(&listening, "script");
    assert!(refused["error"].as_str().unwrap().contains("another client is connected"));
    // More than there is room for at once, as fast as there is room.
    let (frames, mut sent, mut room) = (140_000, 0, 96_000);
    while sent < frames {
        let n = room.min(60_000).min(frames - sent);
        let answer = sender.send(ramp(sent..sent + n));
        assert_eq!((&answer["accepted"], &answer["lost"]), (&json!(n), &json!(0)));
        room = usize::try_from(answer["room"].as_u64().unwrap()).unwrap();
        sent += n;
        std::thread::sleep(Duration::from_millis(20));
    }
    let farewell = sender.say(&json!({"end": true}));
    assert_eq!(farewell, json!({"ended": true, "accepted": frames, "lost": 0}));
    let end = wait_for_state(&mut server, 1, "eof");
    assert_eq!(end["channels"], 2);
    // The name is free again, and a second sound is one of its own.
    let (mut sender, hello) = Sender::open(&listening, "script");
    assert_eq!(hello["source"], 1);
    sender.send(ramp(0..5_000));
    drop(sender);
    wait_for_state(&mut server, 1, "eof");
    let states: Vec<_> = server.seen.iter().filter(|e| e["event"] == "source").collect();
    assert!(states.iter().all(|e| e["state"] != "starved"), "{states:?}");
    server.stop().succeeded();
    let wav = Wav::read(&out);
    let end = find_ramp(&wav, frames, 0);
    let end = find_ramp(&wav, 5_000, end);
    assert!(wav.channels[0][end..].iter().all(|x| *x == 0.0), "nothing behind the end");
}

#[test]
fn a_script_stalls_floods_and_dies_and_all_of_it_is_told() {
    let (mut server, listening, _) = session("stall", &["silence"]);
    // A name of which nobody knew is a new source.
    let (mut sender, hello) = Sender::open(&listening, "wild");
    let id = hello["source"].as_u64().unwrap();
    assert_eq!(id, 2);
    sender.send(ramp(0..4_800));
    wait_for_state(&mut server, id, "ready");
    wait_for_state(&mut server, id, "starved");
    let mut line = Line::open(&listening);
    std::thread::sleep(Duration::from_millis(100));
    let starved = line.call("sources", &json!({}))["sources"][1].take();
    assert!(starved["missed_frames"].as_u64().unwrap() >= 4_000, "{starved}");
    sender.send(ramp(0..4_800));
    wait_for_state(&mut server, id, "ready");
    let (mut accepted, mut lost) = (0, 0);
    for _ in 0..20 {
        let answer = sender.send(ramp(0..100_000));
        accepted += answer["accepted"].as_u64().unwrap();
        lost += answer["lost"].as_u64().unwrap();
    }
    assert_eq!(accepted + lost, 2_000_000);
    assert!(accepted >= 90_000 && lost > 1_000_000, "{accepted} and {lost}");
    // Dies in the middle of it: what it has sent is heard to its end.
    drop(sender);
    let end = wait_for_state(&mut server, id, "eof");
    assert_eq!(end["kind"], "push");
    // One that is removed while its client is there: the client is told.
    let (mut sender, hello) = Sender::open(&listening, "gone");
    sender.send(ramp(0..10_000));
    line.call("remove_source", &json!({"id": hello["source"]}));
    let refused = loop {
        let answer = sender.send(ramp(0..10));
        if answer["error"].is_string() {
            break answer;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(refused, json!({"error": "the source was removed"}));
    server.stop().succeeded();
}

fn pipe(name: &str) -> PathBuf {
    let path = tmp("push").join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

fn write_ramp(path: &Path, frames: usize) {
    let mut to = OpenOptions::new().write(true).open(path).unwrap();
    to.write_all(&ramp(0..frames)).unwrap();
}

#[test]
fn a_pipe_is_heard_to_its_end_and_waits_for_the_next_writer() {
    let path = pipe("pipe, with a comma");
    let source = format!("rate=48000,channels=2,format=f32,fifo:{}", path.display());
    let directory = format!("fifo:{}", tmp("push").display());
    let (mut server, _, out) = session("fifo", &[&source, &directory]);
    // It was told while the first build ran, maybe.
    let is_told = |e: &Value, id: u64, state: &str| e["id"] == id && e["state"] == state;
    if !server.seen.iter().any(|e| is_told(e, 1, "waiting")) {
        wait_for_state(&mut server, 1, "waiting");
    }
    let failed = server.seen.iter().find(|e| is_told(e, 2, "failed")).cloned();
    let failed = failed.unwrap_or_else(|| wait_for_state(&mut server, 2, "failed"));
    assert!(failed["reason"].as_str().unwrap().contains("it is no pipe"), "{failed}");
    // More than pipe and ring hold together: the writer waits.
    write_ramp(&path, 130_000);
    wait_for_state(&mut server, 1, "ready");
    wait_for_state(&mut server, 1, "waiting");
    write_ramp(&path, 3_000);
    wait_for_state(&mut server, 1, "waiting");
    server.stop().succeeded();
    let wav = Wav::read(&out);
    let end = find_ramp(&wav, 130_000, 0);
    find_ramp(&wav, 3_000, end);
}

#[test]
fn on_the_fast_clock_nothing_is_sent() {
    let fast = ["run", "example-plugin", "--output", "virtual", "--clock", "fast"];
    for source in ["push:script", "fifo:/tmp/pcm"] {
        let ended = run(&[&fast[..], &["--duration", "1", "--source", source]].concat());
        ended.failed(2, &[source, "what is sent comes in real time, and --clock fast has none"]);
    }
}
