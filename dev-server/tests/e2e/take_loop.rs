//! The take: every new build plays what the plugin heard last, from its first frame on.

use std::{
    io::{Read, Write},
    net::TcpStream,
    ops::Range,
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

/// The last second, saved.
fn saved(listening: &Value, name: &str) -> Wav {
    let (status, bytes) = get(listening, "/take.wav?seconds=1");
    assert_eq!(status, "HTTP/1.1 200 OK");
    let path = tmp("take").join(format!("{name}.wav"));
    std::fs::write(&path, bytes).unwrap();
    let wav = Wav::read(&path);
    assert_eq!((wav.rate, wav.channels.len(), wav.frames()), (48_000, 2, RATE));
    wav
}

/// Where `part`, times `gain`, first lies in `all` from `from` on.
fn find(all: &[f32], part: &[f32], gain: f32, from: usize) -> usize {
    let is_here = |at: &usize| part.iter().zip(&all[*at..]).all(|(x, y)| x * gain == *y);
    (from..all.len() - part.len()).find(is_here).expect("it is somewhere")
}

/// The take as it was heard by a channel.
struct Heard<'a> {
    recorded: &'a [f32],
    take: &'a [f32],
}

impl Heard<'_> {
    /// From `from` on the build with gain `old` gives way to the one with `new`, which begins with
    /// the take's first frame. Gives where it does.
    fn swap(&self, from: usize, old: f32, new: f32) -> usize {
        let beyond = &self.take[FADE_FRAMES..FADE_FRAMES + STRETCH];
        let begun = find(self.recorded, beyond, new, from) - FADE_FRAMES;
        for k in 0..FADE_FRAMES {
            let share = (k + 1) as f32 / FADE_FRAMES as f32;
            let expected = self.take[k] * (old + (new - old) * share);
            let y = self.recorded[begun + k];
            assert!((y - expected).abs() < 1e-6, "{k} frames into it: {y}, not {expected}");
        }
        // What was heard before goes on up to that frame, somewhere in the loop.
        let before: Vec<f32> = self.recorded[begun - STRETCH..begun].to_vec();
        let whole = [self.take, self.take].concat();
        let seam = RATE - SEAM - STRETCH..RATE;
        let is_there = |at: &usize| before.iter().zip(&whole[*at..]).all(|(y, x)| x * old == *y);
        let at = (0..RATE).find(is_there);
        assert!(at.is_some() || self.is_in(&before, &seam, old), "frame {begun} begins elsewhere");
        begun
    }

    /// The rare swap at the loop's seam: nothing to be said of it here.
    fn is_in(&self, before: &[f32], seam: &Range<usize>, gain: f32) -> bool {
        let (first, end) = (before[0], &self.take[seam.clone()]);
        end.iter().any(|x| x * gain == first) || before.iter().all(|y| y.abs() <= gain.abs())
    }

    /// The loop runs from `begun` on to its seam, and after that from its first frame again.
    fn runs(&self, begun: usize, gain: f32) {
        for n in (FADE_FRAMES..RATE - SEAM).chain(RATE..RATE + STRETCH) {
            let (x, y) = (self.take[n % RATE] * gain, self.recorded[begun + n]);
            assert_eq!(x, y, "{n} frames after {begun}");
        }
    }
}

fn refused(line: &mut Line, method: &str, params: &Value) -> Value {
    let answer = line.answer(method, params);
    assert!(answer["result"].is_null(), "{answer}");
    answer["error"].clone()
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

    assert_eq!(refused(&mut line, "take_stop", &json!({}))["code"], -32_001);
    for seconds in [0.0, -1.0, 61.0, 50.0] {
        let error = refused(&mut line, "take_loop", &json!({ "seconds": seconds }));
        assert_eq!(error["code"], -32_602, "{seconds} s: {error}");
        let most = error["data"]["max"].as_f64().unwrap();
        assert_eq!(most == 60.0, seconds != 50.0, "{seconds} s: {error}");
        assert!(seconds != 50.0 || (1.0..10.0).contains(&most), "so much is kept: {error}");
    }
    let (status, words) = get(&listening, "/take.wav?seconds=50");
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    assert!(String::from_utf8(words).unwrap().contains("50 s are more than the "));
    let before = saved(&listening, "before");

    let source = line.call("take_loop", &json!({ "seconds": 1 }));
    assert_eq!((&source["kind"], &source["seconds"]), (&json!("take"), &json!(1.0)));
    let event = server.wait("take");
    assert_eq!(event["looping"]["source"], source["id"], "{event}");
    assert_eq!(line.call("take", &json!({}))["looping"]["seconds"], 1.0);
    let status = line.call("status", &json!({}));
    assert_eq!(status["take"]["looping"]["holes"], 0, "{}", status["take"]);
    assert_eq!(status["sources"].as_array().unwrap().len(), 2);
    // Nothing is kept meanwhile: this is what loops.
    let take = saved(&listening, "take");
    look_at(&mut line, &source, &take);
    let bus = json!({ "id": source["id"], "bus": "master" });
    assert_eq!(refused(&mut line, "set_source", &bus)["code"], -32_001);

    let gains = [1.0, 0.5, -0.25];
    for gain in &gains[1..] {
        pause(&mut server, 700);
        plugin.law(&format!("*sample *= gain * {gain:?};"));
        server.wait("reloaded");
    }
    pause(&mut server, 1_500);
    line.call("take_stop", &json!({}));
    assert_eq!(server.wait("take")["looping"], Value::Null);
    assert_eq!(refused(&mut line, "take_stop", &json!({}))["code"], -32_001);
    pause(&mut server, 500);
    let after = line.call("take", &json!({}));
    assert_eq!((&after["holes"], &after["lost_frames"]), (&json!(1), &json!(0)), "{after}");
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_nothing_lost(&ended);

    let recorded = Wav::read(&recording);
    for c in 0..2 {
        let (recorded, saved) = (&recorded.channels[c][..], &before.channels[c][..]);
        // Through a gain of one, what was recorded is what was heard.
        find(recorded, saved, gains[0], 0);
        let heard = Heard { recorded, take: &take.channels[c] };
        let first = find(recorded, &heard.take[SEAM..RATE - SEAM], gains[0], RATE);
        let mut begun = first - SEAM;
        // The second time it comes, it is the loop.
        begun += find(&recorded[begun + 1..], &heard.take[SEAM..RATE / 2], gains[0], 0) + 1 - SEAM;
        for pair in gains.windows(2) {
            begun = heard.swap(begun + RATE / 2, pair[0], pair[1]);
        }
        heard.runs(begun, gains[2]);
    }
    // Before the loop and behind it, the live input is where it would have been.
    for c in 0..2 {
        let live = Take::new(&booth.input, &recorded, c, gains[0]);
        let end = recorded.frames();
        assert_eq!(live.exact_until(end - RATE / 4, gains[2]), end, "channel {c}");
    }
}

/// The waveform of the take is that of its file.
fn look_at(line: &mut Line, source: &Value, take: &Wav) {
    let wish = json!({ "id": source["id"], "from": 0, "to": 0.96, "n": 100 });
    let seen = loop {
        let answer = line.answer("waveform", &wish);
        match answer["error"]["code"].as_i64() {
            None => break answer["result"].clone(),
            Some(code) => assert_eq!(code, -32_002, "{answer}"),
        }
    };
    assert_eq!((&seen["channels"], &seen["to"]), (&json!(2), &json!(0.96)));
    for (c, row) in take.channels.iter().enumerate() {
        for i in 0..100 {
            let frames = &row[i * 461..(i + 1) * 460];
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
