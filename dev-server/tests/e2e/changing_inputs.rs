//! Microphones that come, go and change while a session runs, over the line; and on the command line.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    line::Line,
    many_inputs::amplitude,
    server::{Server, run, tmp},
    signal::noise,
    wav::Wav,
};

fn out(name: &str) -> PathBuf {
    tmp("changing-inputs").join(name)
}

fn frames(line: &mut Line) -> u64 {
    line.call("status", &json!({}))["counters"]["frames"].as_u64().unwrap()
}

/// Lets the engine play so many frames; where it is then.
pub(crate) fn pass(line: &mut Line, n: u64) -> usize {
    let until = frames(line) + n;
    while frames(line) < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    usize::try_from(frames(line)).unwrap()
}

/// Noise to the left, nothing to the right; where what is heard goes.
fn noisy(name: &str) -> (Server, Line, PathBuf) {
    let (from, to) = (out(&format!("{name}-in.wav")), out(&format!("{name}-out.wav")));
    Wav::new(48_000, vec![noise(5, 0.3, 40_009), vec![0.0; 40_009]]).write(&from);
    let input = format!("virtual:period=256,file={}", from.display());
    let output = format!("virtual:period=256,file={}", to.display());
    let words = ["run", "example-plugin", "--no-watch", "--set", "gain=0"];
    let (server, line) = start(&[&words[..], &["--input", &input, "--output", &output]].concat());
    (server, line, to)
}

fn start(words: &[&str]) -> (Server, Line) {
    let mut server = Server::start(words);
    let listening = server.wait("listening");
    server.wait("reloaded");
    (server, Line::open(&listening))
}

fn plain() -> (Server, Line) {
    start(&["run", "example-plugin", "--no-watch", "--input", "virtual", "--output", "virtual"])
}

/// That left is what `noisy` gives when it is left alone, up to that frame: the end of a session is a
/// fade. What is to the right.
fn assert_left_alone(to: &Path, end: usize) -> Vec<f32> {
    let heard = Wav::read(to);
    let material = noise(5, 0.3, 40_009);
    let expected = |n: usize| material[(n - 512) % material.len()];
    let wrong = (512..end).find(|n| (heard.channels[0][*n] - expected(*n)).abs() > 0.0);
    assert_eq!(wrong, None, "the other has changed, of {} frames", heard.frames());
    heard.channels[1].clone()
}

#[test]
fn one_is_added_is_heard_and_is_removed_and_the_other_is_bit_identical() {
    let (mut server, mut line, to) = noisy("added");
    let before = pass(&mut line, 9_600);
    let spec = "gain=-6,pan=1,mic:virtual:tone=997,ppm=50,period=256";
    let mic = line.call("add_source", &json!({ "spec": spec }));
    let shown = ["id", "kind", "name", "spec", "gain_db", "pan", "channels"];
    let values = shown.map(|member| mic[member].clone());
    let name = "virtual:tone=997,ppm=50,period=256";
    let told =
        [json!(1), json!("mic"), json!(name), json!(spec), json!(-6.0), json!(1.0), json!(2)];
    assert_eq!(values, told);
    let added = server.wait_for("source", |event| event["id"] == 1);
    assert_eq!(added["kind"], "mic");
    let status = line.call("status", &json!({}));
    let clock = &status["inputs"][1];
    assert_eq!((&clock["source"], &clock["input"]), (&json!(1), &json!(1)));
    assert_eq!(clock["device"], name);
    assert_eq!(status["audio"]["more"][0]["period"], 256);
    let end = pass(&mut line, 48_000);
    assert_eq!(line.call("remove_source", &json!({ "id": 1 })), json!({}));
    server.wait_for("source_removed", |event| event["id"] == 1);
    assert_eq!(line.call("status", &json!({}))["inputs"].as_array().unwrap().len(), 1);
    let gone = pass(&mut line, 4_800);
    let last = pass(&mut line, 4_800);
    server.stop().succeeded();
    let right = assert_left_alone(&to, last);
    assert!(right[..before].iter().all(|x| *x == 0.0), "it was not there yet");
    let found = amplitude(&right[end - 24_000..end], 997.05);
    assert!((found - 0.251_19 * 0.501_19).abs() < 0.005, "{found}");
    assert!(right[gone..].iter().all(|x| *x == 0.0), "it is still heard");
}

#[test]
fn a_source_is_another_microphone_from_now_on() {
    let (server, mut line, to) = noisy("set");
    let spec = json!({ "spec": "pan=1,mic:virtual:tone=440" });
    assert_eq!(line.call("add_source", &spec)["id"], 1);
    let set = line.call("set_input", &json!({ "id": 1, "device": "virtual:tone=997,channels=1" }));
    let shown = ["id", "name", "spec", "channels", "pan"].map(|member| set[member].clone());
    let name = "virtual:tone=997,channels=1";
    let spec = format!("mic:{name}");
    assert_eq!(shown, [json!(1), json!(name), json!(spec), json!(1), json!(1.0)]);
    let end = pass(&mut line, 48_000);
    let status = line.call("status", &json!({}));
    let clock = &status["inputs"][1];
    assert_eq!((&clock["input"], &clock["device"]), (&json!(1), &json!(name)));
    // What cannot be opened changes nothing.
    let error = line.answer("set_input", &json!({ "id": 0, "device": "no such microphone" }));
    assert_eq!(error["error"]["code"], -32602);
    let last = pass(&mut line, 9_600);
    server.stop().succeeded();
    let right = assert_left_alone(&to, last);
    let sound = &right[end - 24_000..end];
    assert!((amplitude(sound, 997.0) - 0.251_19).abs() < 0.01 && amplitude(sound, 440.0) < 1e-3);

    let (server, mut line) = plain();
    let device = "virtual:tone=440,ppm=200,period=2048";
    line.call("set_input", &json!({ "id": 0, "device": device }));
    let status = line.call("status", &json!({}));
    let (audio, input) = (&status["audio"], &status["inputs"][0]);
    assert_eq!([&audio["input"]["device"], &input["device"]], [device; 2]);
    // Its period is part of its way now.
    assert_eq!(audio["latency_frames"], input["latency_frames"]);
    assert!(input["latency_frames"].as_u64().unwrap() > 2_048, "{input}");
    // Of other channels: the plugin hears it by way of another engine.
    line.call("set_input", &json!({ "id": 0, "device": "virtual:channels=1" }));
    let is_mono =
        |event: &Value| event["event"] == "audio_started" && event["input"]["channels"] == 1;
    line.wait_for("event", is_mono);
    let begun = frames(&mut line);
    pass(&mut line, 9_600);
    assert!(frames(&mut line) > begun);
    server.stop().succeeded();
}

#[test]
fn what_cannot_be_a_microphone_is_refused() {
    let (server, mut line) = plain();
    let add = |line: &mut Line, spec: &str| {
        let answer = line.answer("add_source", &json!({ "spec": spec }));
        let error = &answer["error"];
        let message = error["message"].as_str().map(str::to_owned);
        (error["code"].as_i64(), message.unwrap_or_else(|| answer.to_string()))
    };
    for (spec, code, words) in [
        ("mic:", -32602, "needs a device"),
        ("mic:none", -32602, "needs a device"),
        ("mic", -32602, "source 0"),
        ("mic:no such microphone", -32602, "there is no input device \"no such microphone\""),
        ("mic:virtual:file=/etc/passwd", -32602, "names no path"),
        ("gain=-6,mic:virtual:once,file=a.wav", -32602, "names no path"),
        ("mic:virtual:tne=440", -32602, "tne"),
        ("mic:virtual:loop", -32602, "only an --input can"),
        ("loop=all,mic:virtual", -32602, "loop is for files"),
        ("bus=sidechain,mic:virtual", -32001, "no sidechain"),
    ] {
        let (found, message) = add(&mut line, spec);
        assert!(found == Some(code) && message.contains(words), "{spec}: {found:?} {message}");
    }
    for (id, device, code, words) in [
        (0, "virtual:file=/etc/passwd", -32602, "names no path"),
        (0, "none", -32602, "mute"),
        (7, "virtual", -32602, "was never there"),
        (1, "virtual", -32001, "not a microphone"),
    ] {
        if id == 1 {
            line.call("add_source", &json!({ "spec": "tone:997" }));
        }
        let answer = line.answer("set_input", &json!({ "id": id, "device": device }));
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(answer["error"]["code"] == code && message.contains(words), "{answer}");
    }
    line.call("remove_source", &json!({ "id": 1 }));
    let sources = |line: &mut Line| line.call("sources", &json!({}))["sources"].clone();
    assert_eq!(sources(&mut line).as_array().unwrap().len(), 1, "nothing came of it");
    for _ in 1..16 {
        line.call("add_source", &json!({ "spec": "mic:virtual:tone=440" }));
    }
    let (code, message) = add(&mut line, "mic:virtual:tone=440");
    assert!(
        code == Some(-32000) && message.contains("15 microphones beside the first"),
        "{message}"
    );
    let inputs = line.call("status", &json!({}))["inputs"].as_array().unwrap().len();
    assert_eq!((sources(&mut line).as_array().unwrap().len(), inputs), (16, 16));
    pass(&mut line, 4_800);
    server.stop().succeeded();
}

/// It could not be the same twice.
#[test]
fn on_the_fast_clock_none_comes_or_goes() {
    let words = ["run", "example-plugin", "--input", "virtual", "--output", "virtual"];
    let fast = ["--clock", "fast", "--duration", "100000"];
    let (server, mut line) = start(&[&words[..], &fast].concat());
    let calls = [
        ("add_source", json!({ "spec": "mic:virtual" })),
        ("set_input", json!({ "id": 0, "device": "virtual" })),
    ];
    for (method, params) in calls {
        let answer = line.answer(method, &params);
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(answer["error"]["code"] == -32602 && message.contains("fast"), "{answer}");
    }
    server.stop().succeeded();
}

fn threads(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap().count()
}

/// Resident memory in KiB, without what is kept of the plugin's input: two channels, for a minute.
fn kib_beside_take(server: &Server, line: &mut Line) -> i64 {
    let kept = line.call("take", &json!({}))["kept_seconds"].as_f64().unwrap();
    server.resident_kib() - (kept * 48_000.0 * 8.0 / 1_024.0) as i64
}

#[test]
fn fifty_that_came_and_went_leave_nothing() {
    let (server, mut line) = plain();
    let turn = |line: &mut Line| {
        let mic = line.call("add_source", &json!({ "spec": "gain=-20,mic:virtual:tone=440" }));
        let status = line.call("status", &json!({}));
        let number = status["inputs"][1]["input"].as_u64().unwrap();
        line.call("remove_source", &json!({ "id": mic["id"] }));
        number
    };
    for _ in 0..5 {
        turn(&mut line);
    }
    let settle = |line: &mut Line, most: usize| {
        let until = Instant::now() + Duration::from_secs(20);
        while threads(&server) > most {
            assert!(Instant::now() < until, "{} threads, not {most}", threads(&server));
            pass(line, 480);
        }
    };
    // From now on the first has a clock of its own, too.
    line.call("set_input", &json!({ "id": 0, "device": "virtual:tone=997" }));
    pass(&mut line, 48_000);
    let (n, kib) = (threads(&server), kib_beside_take(&server, &mut line));
    let numbers: Vec<u64> = (0..50).map(|_| turn(&mut line)).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] > pair[0]), "a number was given again");
    settle(&mut line, n);
    // One that stays, and is another device fifty times.
    let mic = line.call("add_source", &json!({ "spec": "gain=-20,mic:virtual:tone=440" }));
    let other = |line: &mut Line, n: u64| {
        let device = format!("virtual:tone={}", 440 + n);
        line.call("set_input", &json!({ "id": mic["id"], "device": device }));
        line.call("set_input", &json!({ "id": 0, "device": device }));
        pass(line, 2_400);
    };
    other(&mut line, 0);
    pass(&mut line, 9_600);
    let with_one = threads(&server);
    (1..=50).for_each(|n| other(&mut line, n));
    settle(&mut line, with_one);
    line.call("remove_source", &json!({ "id": mic["id"] }));
    settle(&mut line, n);
    let grown = kib_beside_take(&server, &mut line) - kib;
    println!("{n} threads, {grown} KiB more");
    assert!(grown < 2_048, "{grown} KiB more");
    let status = line.call("status", &json!({}));
    let count = |name: &str| status[name].as_array().unwrap().len();
    assert_eq!((count("sources"), count("inputs")), (1, 1));
    server.stop().succeeded();
}

#[test]
fn the_machines_devices_are_listed() {
    let (server, mut line) = plain();
    let devices = line.call("devices", &json!({}));
    for end in ["input", "output"] {
        let all = devices[end].as_array().unwrap();
        let device = all.iter().find(|device| device["host"] == "virtual").unwrap();
        assert_eq!((&device["id"], &device["default"]), (&json!("virtual"), &json!(true)));
        assert_eq!(device["channels"], json!([1, 64]));
    }
    // Without a sound server in reach that is said, too.
    let away = devices["unavailable"].as_array().unwrap();
    assert!(away.iter().any(|host| host["host"] == "pulseaudio" && host["reason"].is_string()));
    server.stop().succeeded();
}

/// The same microphone in both ways to say it, and one with a strip.
#[test]
fn the_command_line_has_two_ways_to_say_it() {
    let render = |name: &str, more: &[&str]| {
        let to = out(name);
        let output = format!("virtual:file={}", to.display());
        let words = ["run", "example-plugin", "--input", "virtual", "--output", &output];
        let fast = ["--clock", "fast", "--duration", "2", "--set", "gain=0"];
        let ended = run(&[&words[..], &fast, more].concat()).succeeded();
        (ended, std::fs::read(&to).unwrap(), Wav::read(&to))
    };
    let device = "virtual:tone=997,ppm=50";
    let (_, short, _) = render("short.wav", &["--input", device]);
    let (ended, long, _) =
        render("long.wav", &["--source", &format!("mic:{device}"), "--source", "mic"]);
    assert!(short == long, "--input NAME is --source mic:NAME");
    assert_eq!(ended.event("audio_started")["more"][0]["device"], device);
    let strip = format!("gain=-6,pan=1,mic:{device}");
    let (_, _, wav) = render("strip.wav", &["--source", &strip, "--source", "mic"]);
    let level = |c: usize| amplitude(&wav.channels[c][48_000..], 997.05);
    assert!((level(1) - 0.251_19 * 0.501_19).abs() < 1e-3 && level(0) < 1e-4);
    let most = ["--input", device].repeat(16);
    let words = ["run", "example-plugin", "--input", "virtual", "--output", "virtual"];
    run(&[&words[..], &most].concat()).failed(2, &["15 microphones beside the first"]);
}
