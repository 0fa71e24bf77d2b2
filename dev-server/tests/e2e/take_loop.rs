//! The take: every new build plays what the plugin heard last, from its first frame on.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::{
    crates::Crate,
    line::{Line, port_of},
    reload::{Booth, assert_nothing_lost, pause, wait_for_sound},
    server::{Server, tmp},
    signal::noise,
    take::{FADE_FRAMES, Take},
    wav::Wav,
};

const RATE: usize = 48_000;
/// Of the loop's seam, and of the fades around the take: 5 ms.
const SEAM: usize = RATE / 200;
/// So many frames in a row are no coincidence.
const STRETCH: usize = 200;

/// `GET PATH` as the page asks for it: status line and body.
fn get(listening: &Value, path: &str) -> (String, Vec<u8>) {
    let port = port_of(listening);
    let token = listening["token"].as_str().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let cookie = format!("Cookie: retake-{port}={token}");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    (head.lines().next().unwrap().to_owned(), answer[end + 4..].to_vec())
}

/// The last so many frames, saved.
fn saved(listening: &Value, frames: usize) -> Wav {
    let seconds = frames as f64 / RATE as f64;
    let (status, bytes) = get(listening, &format!("/take.wav?seconds={seconds}"));
    assert_eq!(status, "HTTP/1.1 200 OK");
    let path = tmp("take").join(format!("{frames}.wav"));
    std::fs::write(&path, bytes).unwrap();
    let wav = Wav::read(&path);
    assert_eq!((wav.rate, wav.channels.len(), wav.frames()), (48_000, 2, frames));
    wav
}

/// A channel of the loop, from what was kept: the take, and what came before it.
fn with_seam(kept: &[f32]) -> Vec<f32> {
    let (lead, take) = kept.split_at(SEAM);
    let (body, tail) = take.split_at(RATE - SEAM);
    let seam = tail.iter().zip(lead).enumerate().map(|(i, (x, y))| {
        let share = (i + 1) as f32 / SEAM as f32;
        x * (1.0 - share) + y * share
    });
    body.iter().copied().chain(seam).collect()
}

/// Where `part`, times `gain`, first lies in `all`, to the bit.
fn find(all: &[f32], part: &[f32], gain: f32) -> Option<usize> {
    let is_it = |(x, y): (&f32, &f32)| (x * gain).to_bits() == y.to_bits();
    (0..all.len() - part.len()).find(|at| part.iter().zip(&all[*at..]).all(is_it))
}

/// The loop as it was heard by a channel.
struct Heard<'a> {
    recorded: &'a [f32],
    looped: Vec<f32>,
}

impl Heard<'_> {
    /// After `from` the build with gain `old` gives way to the one with `new`, which begins with
    /// the take's first frame. Gives where it does.
    fn swap(&self, from: usize, old: f32, new: f32) -> usize {
        let beyond = &self.looped[FADE_FRAMES..FADE_FRAMES + STRETCH];
        let found = find(&self.recorded[from..], beyond, new).expect("the new build");
        let begun = from + found - FADE_FRAMES;
        for k in 0..FADE_FRAMES {
            let share = (k + 1) as f32 / FADE_FRAMES as f32;
            let expected = self.looped[k] * (old + (new - old) * share);
            let y = self.recorded[begun + k];
            assert!((y - expected).abs() < 1e-6, "{k} frames into it: {y}, not {expected}");
        }
        // The old one was in the midst of the loop until then.
        let before: Vec<f32> =
            self.recorded[begun - STRETCH..begun].iter().map(|y| y / old).collect();
        let twice = [&self.looped[..], &self.looped[..]].concat();
        let at = find(&twice, &before, 1.0).expect("the loop before it");
        println!("at frame {begun}, {at} of the loop's frames have passed");
        begun
    }

    /// The loop runs from `begun` on and comes round.
    fn assert_runs(&self, begun: usize, gain: f32) {
        for n in FADE_FRAMES..RATE + STRETCH {
            let (x, y) = (self.looped[n % RATE] * gain, self.recorded[begun + n]);
            assert!((x - y).abs() < 1e-7, "{n} frames after {begun}: {y}, not {x}");
        }
    }
}

fn refused(line: &mut Line, method: &str, params: &Value) -> Value {
    let answer = line.answer(method, params);
    assert!(answer["result"].is_null(), "{answer}");
    answer["error"].clone()
}

/// A second is not looped when it is none, too long, or not there yet.
fn assert_refusals(line: &mut Line, listening: &Value) {
    assert_eq!(refused(line, "take_stop", &json!({}))["code"], -32_001);
    for (seconds, most) in [(0, 60.0..60.1), (-1, 60.0..60.1), (61, 60.0..60.1), (50, 1.0..10.0)] {
        let error = refused(line, "take_loop", &json!({ "seconds": seconds }));
        assert_eq!(error["code"], -32_602, "{seconds} s: {error}");
        assert!(most.contains(&error["data"]["max"].as_f64().unwrap()), "{seconds} s: {error}");
    }
    let (status, words) = get(listening, "/take.wav?seconds=50");
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    assert!(String::from_utf8(words).unwrap().contains("50 s are more than the "));
}

/// Begins the loop; gives its source.
fn begin(server: &mut Server, line: &mut Line) -> Value {
    let source = line.call("take_loop", &json!({ "seconds": 1 }));
    assert_eq!((&source["kind"], &source["seconds"]), (&json!("take"), &json!(1.0)));
    let event = server.wait("take");
    assert_eq!(event["looping"]["source"], source["id"], "{event}");
    assert_eq!(line.call("take", &json!({}))["looping"]["seconds"], 1.0);
    let status = line.call("status", &json!({}));
    assert_eq!(status["take"]["looping"]["holes"], 0, "{}", status["take"]);
    assert_eq!(status["sources"].as_array().unwrap().len(), 2);
    let bus = json!({ "id": source["id"], "bus": "master" });
    assert_eq!(refused(line, "set_source", &bus)["code"], -32_001);
    source
}

fn end(server: &mut Server, line: &mut Line) {
    line.call("take_stop", &json!({}));
    assert_eq!(server.wait("take")["looping"], Value::Null);
    assert_eq!(refused(line, "take_stop", &json!({}))["code"], -32_001);
    pause(server, 500);
    let after = line.call("take", &json!({}));
    assert_eq!((&after["holes"], &after["lost_frames"]), (&json!(1), &json!(0)), "{after}");
}

#[test]
fn every_build_begins_with_the_takes_first_frame() {
    let plugin = Crate::new("take");
    let mut booth = Booth::new("take");
    booth.input = Wav::new(48_000, vec![noise(21, 0.5, 96_000), noise(22, 0.5, 96_000)]);
    booth.input.write(&booth.file("in"));
    let recording = booth.file("record");
    let mut server = booth.start(&plugin, &["--record", recording.to_str().unwrap()]);
    let listening = server.wait("listening");
    wait_for_sound(&mut server);
    let mut line = Line::open(&listening);
    pause(&mut server, 1_500);
    assert_refusals(&mut line, &listening);
    let before = saved(&listening, RATE);
    let source = begin(&mut server, &mut line);
    // Nothing is kept meanwhile: this is what loops.
    let kept = saved(&listening, SEAM + RATE);
    look_at(&mut line, &source, &kept);
    let gains = [1.0, 0.5, -0.25];
    // The loop comes to its end once with the first gain, too.
    for gain in &gains[1..] {
        pause(&mut server, 1_300);
        plugin.law(&format!("*sample *= gain * {gain:?};"));
        server.wait("reloaded");
    }
    pause(&mut server, 1_500);
    end(&mut server, &mut line);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);

    let recorded = Wav::read(&recording);
    for (c, row) in recorded.channels.iter().enumerate() {
        // Through a gain of one, what was recorded is what was heard.
        assert!(find(row, &before.channels[c], gains[0]).is_some(), "channel {c}");
        let heard = Heard { recorded: row, looped: with_seam(&kept.channels[c]) };
        // It comes once as it was kept, and with its seam as the loop.
        let mut begun = find(row, &heard.looped[RATE - SEAM..], gains[0]).expect("a seam");
        for pair in gains.windows(2) {
            begun = heard.swap(begun, pair[0], pair[1]);
        }
        heard.assert_runs(begun, gains[2]);
        // Behind the loop the live input is where it would have been.
        let live = Take::new(&booth.input, &recorded, c, gains[0]);
        let end = recorded.frames();
        assert_eq!(live.exact_until(end - RATE / 4, gains[2]), end, "channel {c}");
    }
}

/// The waveform of the take is that of what was kept.
fn look_at(line: &mut Line, source: &Value, kept: &Wav) {
    let wish = json!({ "id": source["id"], "from": 0, "to": 0.96, "n": 100 });
    let seen = loop {
        let answer = line.answer("waveform", &wish);
        match answer["error"]["code"].as_i64() {
            None => break answer["result"].clone(),
            Some(code) => assert_eq!(code, -32_002, "{answer}"),
        }
    };
    assert_eq!((&seen["channels"], &seen["to"]), (&json!(2), &json!(0.96)));
    for (c, row) in kept.channels.iter().enumerate() {
        for i in 0..100 {
            let frames = &row[SEAM + i * 461..SEAM + (i + 1) * 460];
            let (low, high) = frames.iter().fold((1.0, -1.0), |(low, high), x| {
                (f64::from(*x).min(low), f64::from(*x).max(high))
            });
            let of = |word: &str| seen[word][c][i].as_f64().unwrap();
            assert!(of("min") <= low && of("max") >= high, "column {i}");
            assert!(of("min") >= -0.5 && of("max") <= 0.5, "column {i}");
        }
    }
    for (wish, code) in [
        (json!({ "id": 0, "from": 0, "to": 1, "n": 10 }), -32_001),
        (json!({ "id": 99, "from": 0, "to": 1, "n": 10 }), -32_602),
    ] {
        assert_eq!(refused(line, "waveform", &wish)["code"], code);
    }
}

#[test]
fn on_the_fast_clock_nothing_is_kept_and_that_is_said() {
    let words = ["run", "example-plugin", "--input", "virtual:tone=220", "--output", "virtual"];
    let fast = ["--clock", "fast", "--duration", "1000000"];
    let mut server = Server::start(&[&words[..], &fast].concat());
    let listening = server.wait("listening");
    wait_for_sound(&mut server);
    let mut line = Line::open(&listening);
    assert_eq!(line.call("take", &json!({}))["max_seconds"], 0);
    assert_eq!(refused(&mut line, "take_loop", &json!({ "seconds": 1 }))["code"], -32_001);
    let (status, words) = get(&listening, "/take.wav?seconds=1");
    assert_eq!(status, "HTTP/1.1 404 Not Found");
    assert!(String::from_utf8(words).unwrap().contains("on the fast clock nothing is kept"));
    server.stop().succeeded();
}
