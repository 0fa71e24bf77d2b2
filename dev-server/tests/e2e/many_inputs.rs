//! `--input` more than once: every microphone is heard, and one's trouble is nobody else's.

use std::{
    f64::consts::TAU,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    line::Line,
    server::{Ended, Server, run, tmp},
    signal::noise,
    wav::Wav,
};

const RATE: f64 = 48_000.0;

/// The amplitude of a tone in a piece of sound, under a Hann window.
pub(crate) fn amplitude(sound: &[f32], hz: f64) -> f64 {
    let n = sound.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (i, x) in sound.iter().enumerate() {
        let phase = TAU * hz * i as f64 / RATE;
        let x = f64::from(*x) * (1.0 - (TAU * i as f64 / n).cos());
        re += x * phase.cos();
        im += x * phase.sin();
    }
    2.0 * re.hypot(im) / n
}

fn out(name: &str) -> PathBuf {
    tmp("many-inputs").join(name)
}

#[test]
fn microphones_of_two_clocks_are_both_heard_and_nothing_is_lost() {
    let path = out("tones.wav");
    let output = format!("virtual:period=256,file={}", path.display());
    let args = [
        "run",
        "example-plugin",
        "--input",
        "virtual:tone=440,ppm=100,period=441",
        "--input",
        "virtual:tone=997,ppm=-150,period=512,channels=1",
        "--output",
        &output,
        "--clock",
        "fast",
        "--duration",
        "10",
    ];
    let ended = run(&args).succeeded();
    let wav = Wav::read(&path);
    for row in &wav.channels {
        let sound = &row[4 * 48_000..];
        for hz in [440.0 * 1.000_1, 997.0 * 0.999_85] {
            let found = amplitude(sound, hz);
            assert!((found - 0.251_19).abs() < 1e-3, "{hz} Hz: {found}");
        }
        assert!(amplitude(sound, 700.0) < 1e-4);
    }
    let stopped = ended.event("stopped");
    assert_eq!((&stopped["lost_frames"], &stopped["underruns"]), (&json!(0), &json!(0)));
    assert_eq!(ended.event("audio_started")["more"][0]["channels"], 1);
    let bytes = std::fs::read(&path).unwrap();
    run(&args).succeeded();
    assert!(bytes == std::fs::read(&path).unwrap(), "the same command, other bytes");
}

/// The left microphone, which is left alone, and the right one, with those keys.
fn session(name: &str, keys: &str) -> (Ended, Wav) {
    let (left, right, path) = (out("left.wav"), out("right.wav"), out(name));
    let silence = || vec![0.0; 40_009];
    Wav::new(48_000, vec![noise(5, 0.3, 40_009), silence()]).write(&left);
    Wav::new(48_000, vec![silence(), noise(6, 0.3, 40_009)]).write(&right);
    let left = format!("virtual:period=256,file={}", left.display());
    let right = format!("virtual:period=256{keys},file={}", right.display());
    let output = format!("virtual:period=256,file={}", path.display());
    let args = [
        "run",
        "example-plugin",
        "--input",
        &left,
        "--input",
        &right,
        "--output",
        &output,
        "--duration",
        "4",
    ];
    let ended = run(&args).succeeded();
    (ended, Wav::read(&path))
}

#[test]
fn one_that_is_unplugged_returns_and_the_other_is_bit_identical() {
    let (_, whole) = session("whole.wav", "");
    let (ended, broken) = session("broken.wav", ",unplug=1+0.5");
    assert!(whole.channels[0] == broken.channels[0], "the other's sound has changed");
    let right = &broken.channels[1];
    assert!(right[49_000..71_000].iter().all(|x| *x == 0.0), "it is away");
    let back = 71_000 + right[71_000..].iter().position(|x| *x != 0.0).unwrap();
    println!("back after {} ms", (back - 72_000) / 48);
    assert!(back < 72_000 + 2 * 48_000, "{back}");
    let states: Vec<_> = ended
        .events
        .iter()
        .filter(|event| event["event"] == "device" && event["input"] == 1)
        .map(|event| event["state"].as_str().unwrap())
        .collect();
    assert_eq!((states.first(), states.last()), (Some(&"lost"), Some(&"back")), "{states:?}");
    assert_eq!(ended.events.iter().filter(|e| e["event"] == "audio_started").count(), 1);
}

/// Every microphone's clock is told, and followed.
#[test]
fn each_has_a_clock_that_is_told() {
    let args = ["run", "example-plugin", "--input", "virtual:ppm=250", "--input"];
    let more = ["virtual:tone=997,ppm=-150", "--output", "virtual"];
    let mut server = Server::start(&[&args[..], &more[..]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut line = Line::open(&listening);
    let until = Instant::now() + Duration::from_secs(20);
    let inputs = loop {
        let inputs = line.call("status", &json!({}))["inputs"].take();
        let is_near = |n: usize, ppm: f64| {
            let found = inputs[n]["ppm"].as_f64().unwrap();
            inputs[n]["state"] == "locked" && (found - ppm).abs() < 50.0
        };
        if is_near(0, 250.0) && is_near(1, -150.0) {
            break inputs;
        }
        assert!(Instant::now() < until, "{inputs}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(inputs.as_array().unwrap().len(), 2);
    assert_eq!(inputs[0]["device"], "virtual:ppm=250");
    assert!(inputs[1]["fill_frames"].as_u64().unwrap() > 0);
    server.stop().succeeded();
}

/// On virtual time, so that nothing but the stall can be what was lost.
#[test]
fn a_loss_of_the_second_is_seen_in_its_figures_and_in_the_sums_and_not_in_the_firsts() {
    let args = ["run", "example-plugin", "--clock", "fast", "--duration", "36000"];
    let inputs = ["--input", "virtual:period=256", "--input", "virtual:period=256,stall=1+0.1"];
    let mut server = Server::start(&[&args[..], &inputs, &["--output", "virtual"]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut line = Line::open(&listening);
    let until = Instant::now() + Duration::from_secs(30);
    let status = loop {
        let status = line.call("status", &json!({}));
        // The stall is over, and what it cost is counted.
        if status["counters"]["frames"].as_u64() > Some(2 * 48_000) {
            break status;
        }
        assert!(Instant::now() < until, "{}", status["counters"]);
        std::thread::sleep(Duration::from_millis(10));
    };
    let losses = |of: &Value| ["underruns", "overruns", "lost_frames"].map(|kind| of[kind].clone());
    let [first, second] = [0, 1].map(|n| status["inputs"][n].clone());
    println!("{first}\n{second}");
    for (n, input) in [(0, &first), (1, &second)] {
        assert_eq!((&input["input"], &input["source"]), (&json!(n), &json!(n)));
    }
    // Here nothing waits but the ring; the stall has raised the second's by a period.
    let reported = status["audio"]["latency_frames"].as_u64().unwrap();
    for (input, ring) in [(&first, reported), (&second, reported + 256)] {
        assert_eq!([&input["target_frames"], &input["latency_frames"]], [ring, ring], "{input}");
    }
    assert_eq!(losses(&first["counters"]), [0, 0, 0]);
    let lost = losses(&second["counters"]);
    assert_eq!(lost[0], 1, "{second}");
    // 0.1 s that were not captured, but for what its ring still held, and what it waits for anew.
    assert!((4_800 - 512..=4_800 + 512).contains(&lost[2].as_u64().unwrap()), "{second}");
    assert_eq!(losses(&status["counters"]), lost, "the session's are the sums");
    assert_eq!(losses(&status["sources"][1]["counters"]), lost);
    let told = line.snapshot()[56..64].try_into().map(f64::from_le_bytes).unwrap();
    assert_eq!(Some(told), lost[2].as_f64(), "and those that the page draws");
    let xruns = status["xruns"].as_array().unwrap();
    assert!(!xruns.is_empty() && xruns.iter().all(|xrun| xrun["input"] == 1), "{xruns:?}");
    let sum = |kind: &str| -> u64 {
        xruns.iter().filter(|x| x["kind"] == kind).map(|x| x["n"].as_u64().unwrap()).sum()
    };
    assert_eq!(
        [json!(sum("underrun")), json!(sum("lost_frames"))],
        [lost[0].clone(), lost[2].clone()]
    );
    let ended = server.stop().succeeded();
    assert_eq!(losses(ended.event("stopped")), lost);
    let told =
        format!("2 (virtual:period=256,stall=1+0.1): 1 underruns, 0 overruns, {} lost", lost[2]);
    assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    assert!(!ended.stderr.contains("1 (virtual:period=256)"), "{}", ended.stderr);
}

#[test]
fn each_is_a_source_of_its_own() {
    let args = ["run", "example-plugin", "--input", "virtual:tone=440", "--input"];
    let more = ["virtual:tone=997", "--output", "virtual"];
    let mut server = Server::start(&[&args[..], &more[..]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut line = Line::open(&listening);
    let sources = line.call("sources", &json!({}))["sources"].take();
    let kinds: Vec<_> = sources.as_array().unwrap().iter().map(|s| &s["kind"]).collect();
    assert_eq!(kinds, ["mic", "mic"]);
    assert_eq!((&sources[1]["id"], &sources[1]["name"]), (&json!(1), &json!("virtual:tone=997")));
    assert!(sources[1]["counters"]["target_frames"].as_u64().unwrap() > 0);
    let set = line.call("set_source", &json!({ "id": 1, "gain_db": -6, "pan": 0.5 }));
    assert_eq!((&set["gain_db"], &set["pan"]), (&json!(-6.0), &json!(0.5)));
    let refused =
        [("pause_source", json!({"id": 1, "on": true})), ("remove_source", json!({"id": 0}))];
    for (method, params) in refused {
        let error = line.answer(method, &params);
        assert!(error["error"]["message"].as_str().unwrap().contains("mute it"), "{error}");
    }
    let inputs = line.call("status", &json!({}))["inputs"].take();
    let whose = |n: usize| (inputs[n]["source"].as_u64(), inputs[n]["input"].as_u64());
    assert_eq!([whose(0), whose(1)], [(Some(0), Some(0)), (Some(1), Some(1))]);
    server.stop().succeeded();
}

#[test]
fn none_and_another_contradict_each_other() {
    let ended = run(&["run", "example-plugin", "--input", "none", "--input", "virtual"]);
    ended.failed(2, &["--input none"]);
}
