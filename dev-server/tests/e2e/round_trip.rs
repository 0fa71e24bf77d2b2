//! `measure_latency`: the way from the speaker back to the microphone, while the session plays on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    line::Line,
    page::at_the_page,
    server::{Server, retake},
};

/// A running session, and two lines to it.
fn session(args: &[&str]) -> (Server, [Line; 2]) {
    let mut server = Server::start(&[&["run", "example-plugin"][..], args].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    (server, [Line::open(&listening), Line::open(&listening)])
}

fn measure(line: &mut Line) -> Value {
    let trip = line.call("measure_latency", &json!({}));
    println!("{trip}");
    trip
}

/// How often the delay was set anew, or sound was lost: then a delay is not what it was.
fn troubles(line: &mut Line) -> [Value; 3] {
    let status = line.call("status", &json!({}));
    let counters = &status["counters"];
    let reseeds = &status["inputs"][0]["reseeds"];
    [reseeds, &counters["lost_frames"], &counters["late_callbacks"]].map(Value::clone)
}

/// What `retake latency` measures, in frames, beyond what it reports.
fn measured_alone(input: &str, output: &str) -> f64 {
    let mut command = retake();
    command.args(["latency", "--input", input, "--output", output, "--clock", "fast", "--json"]);
    let ended = Server::spawn(command).end().succeeded();
    let told = ended.event("latency");
    let [measured, reported] =
        ["measured_frames", "reported_frames"].map(|name| told[name].as_f64().unwrap());
    measured - reported
}

#[test]
fn it_is_what_is_reported_and_the_air_as_retake_latency_says() {
    let cases = [
        ("virtual:loop=20", "virtual", 960.0),
        // Longer than what is looked at first, and periods that differ.
        ("virtual:loop=250.5,period=441", "virtual:period=512", 12_024.0),
    ];
    for (input, output, air) in cases {
        // What came around is not to be heard again: at 0 dB it would never end.
        let args = ["--input", input, "--output", output, "--set", "gain=-6", "--no-watch"];
        let (server, [mut line, _]) = session(&args);
        let until = Instant::now() + Duration::from_secs(30);
        let trip = loop {
            let before = troubles(&mut line);
            let trip = measure(&mut line);
            if troubles(&mut line) == before {
                break trip;
            }
            assert!(Instant::now() < until, "this machine never keeps its time");
        };
        let [frames, reported, ms] =
            ["frames", "reported_frames", "ms"].map(|name| trip[name].as_f64().unwrap());
        assert!((frames - reported - air).abs() < 0.05, "{input}: {trip}");
        assert!((ms - frames / 48.0).abs() < 0.01 && trip["found"] == true, "{trip}");
        assert!((measured_alone(input, output) - air).abs() < 0.05, "{input}");
        let status = line.call("status", &json!({}));
        assert_eq!(status["round_trip"]["frames"], trip["frames"]);
        assert!(status["round_trip"]["t"].as_f64() > Some(0.0), "{}", status["round_trip"]);
        let listed = status["sources"].as_array().unwrap().len();
        assert_eq!(listed, 1, "the burst is nobody's source");
        let ended = server.stop().succeeded();
        assert_eq!(ended.event("round_trip")["frames"], trip["frames"]);
        assert!(ended.stderr.contains("Round trip"), "{}", ended.stderr);
    }
}

#[test]
fn without_a_way_back_it_says_so_and_control_answers_meanwhile() {
    let args = ["--input", "virtual:tone=997", "--output", "virtual", "--no-watch"];
    let (server, [mut line, mut other]) = session(&args);
    assert_eq!(line.call("status", &json!({}))["round_trip"], Value::Null);
    let begun = Instant::now();
    let asking = std::thread::spawn(move || (measure(&mut line), line));
    let mut n_refused = 0;
    while !asking.is_finished() {
        other.call("params", &json!({}));
        if begun.elapsed() > Duration::from_millis(50) && n_refused == 0 {
            let error = other.answer("measure_latency", &json!({}));
            assert_eq!(error["error"]["code"], -32000, "{error}");
            n_refused += 1;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let (trip, mut line) = asking.join().unwrap();
    let reason =
        "no loop back from the speaker to the microphone: nothing like it was heard within 1 s";
    assert_eq!(trip, json!({ "found": false, "reason": reason }));
    assert_eq!(n_refused, 1, "one at a time");
    assert_eq!(line.call("status", &json!({}))["round_trip"]["reason"], reason);
    // The one before is over: another begins.
    assert_eq!(measure(&mut line)["found"], false);
    line.call("mute", &json!({ "on": true }));
    let error = line.answer("measure_latency", &json!({}));
    assert_eq!(error["error"]["code"], -32001, "{error}");
    assert!(error["error"]["message"].as_str().unwrap().contains("muted"), "{error}");
    server.stop().succeeded();
}

#[test]
fn the_page_measures_it_and_shows_every_microphone() {
    let args = ["run", "example-plugin", "--set", "gain=-6", "--output", "virtual", "--no-watch"];
    let inputs = ["--input", "virtual:loop=20", "--input", "virtual:tone=997"];
    let (_server, _, mut browser) = at_the_page(&[&args[..], &inputs].concat());
    browser.click("#devices-tab");
    browser.until("document.querySelectorAll('.live-input').length === 2");
    let names = "[...document.querySelectorAll('.live-input h3')].map((one) => one.title).join()";
    assert_eq!(browser.eval(names), "virtual:loop=20,virtual:tone=997");
    browser.click("#health-tab");
    browser.click("#measure-latency");
    // Its thousands stand apart.
    let frames = |which: &str| {
        let text = format!("document.querySelector('#round-trip-{which}').textContent");
        format!("Number({text}.split(' ')[0].replace(/\\D/g, ''))")
    };
    browser.until(&format!("{} > 0", frames("measured")));
    let [measured, reported] =
        ["measured", "reported"].map(|which| browser.eval(&frames(which)).as_f64().unwrap());
    println!("{measured}, {reported}");
    // A busy machine may have cost a re-seed, which the report cannot know.
    assert!(measured - reported >= 960.0, "{measured} against {reported}");
    browser.click("#mute");
    browser.until_seen("#mute[aria-pressed=true]");
    browser.click("#measure-latency");
    browser.until_text("#round-trip-error", "the output is muted: unmute it first");
    browser.assert_clean();
}

#[test]
fn where_it_cannot_be_it_is_an_error() {
    let cases: [(&[&str], &str); 3] = [
        (&["--input", "none", "--output", "virtual", "--no-watch"], "microphone"),
        (&["--input", "virtual", "--output", "none", "--no-watch"], "speaker"),
        (
            &[
                "--input",
                "virtual:loop",
                "--output",
                "virtual",
                "--clock",
                "fast",
                "--duration",
                "36000",
            ],
            "fast clock",
        ),
    ];
    for (args, word) in cases {
        let (server, [mut line, _]) = session(args);
        let error = line.answer("measure_latency", &json!({}));
        assert_eq!(error["error"]["code"], -32001, "{error}");
        assert!(error["error"]["message"].as_str().unwrap().contains(word), "{word}: {error}");
        server.stop().succeeded();
    }
}
