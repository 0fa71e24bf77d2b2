//! The tone signals of EBU Tech 3341 and 3342, made in code, from the virtual microphone to the page's
//! numbers. All of their cases run on virtual time in `analysis`; those here that last for minutes are
//! run by `cargo test -p retake --test e2e -- --ignored ebu`.

use std::{
    f64::consts::TAU,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    browser::Browser,
    instrument::{RATE, assert_reads, at_the_instruments, loudness},
    line::Line,
    server::{Server, tmp},
    wav::Wav,
};

fn amplitude(dbfs: f64) -> f64 {
    10_f64.powf(dbfs / 20.0)
}

/// A sine at `(rate / divisor, phase in degrees, amplitude)`, faded in and out: it may come again and
/// again.
fn faded(shape: (f64, f64, f64)) -> Vec<f32> {
    let (divisor, phase, amplitude) = shape;
    let frames = RATE as usize;
    let at = |n: usize| {
        let gain = (n.min(frames - n) as f64 / 480.0).min(1.0);
        gain * amplitude * (TAU * (n as f64 / divisor + phase / 360.0)).sin()
    };
    (0..frames).map(|n| at(n) as f32).collect()
}

/// Stereo tones of 1 kHz: `(dBFS, seconds)` one after the other.
fn tones(parts: &[(f64, f64)]) -> Vec<f32> {
    let of = |&(dbfs, seconds): &(f64, f64)| {
        let at = move |n: u32| amplitude(dbfs) * (TAU * f64::from(n) / 48.0).sin();
        let is_before = move |n: &u32| f64::from(*n) < seconds * f64::from(RATE);
        (0..).take_while(is_before).map(move |n| at(n) as f32)
    };
    parts.iter().flat_map(of).collect()
}

/// Tech 3341, cases 1 and 2: −23 and, 10 dB of the plugin below, −33.
#[test]
fn ebu_3341_steady_tones() {
    let tone = tones(&[(-23.0, 1.0)]);
    let rows = vec![tone.clone(), tone];
    let (_server, _line, mut browser) = at_the_instruments("ebu-steady", "", rows, "gain=-10");
    for reading in ["momentary", "shortTerm", "integrated"] {
        assert_reads(&mut browser, &loudness("input", reading), -23.0, 0.1);
        assert_reads(&mut browser, &loudness("output", reading), -33.0, 0.1);
    }
    browser.assert_clean();
}

/// Tech 3341, case 6: five channels, the surround ones louder by 1.5 dB.
#[test]
fn ebu_3341_surround_tone() {
    let tone = |dbfs| tones(&[(dbfs, 1.0)]);
    let rows = [-28.0, -28.0, -24.0, -30.0, -30.0].map(tone).to_vec();
    let (_server, _line, mut browser) = at_the_instruments("ebu-surround", "", rows, "gain=0");
    assert_reads(&mut browser, &loudness("input", "integrated"), -23.0, 0.1);
    browser.assert_clean();
}

/// Tech 3341, cases 15 to 19, a channel each: true peaks between the samples.
#[test]
fn ebu_3341_true_peaks() {
    let shapes =
        [(4.0, 0.0, 0.5), (4.0, 45.0, 0.5), (6.0, 60.0, 0.5), (8.0, 67.5, 0.5), (4.0, 45.0, 1.41)];
    let rows = shapes.map(faded).to_vec();
    let (_server, mut line, mut browser) = at_the_instruments("ebu-peaks", "", rows, "gain=0");
    line.call("reset_loudness", &json!({}));
    for (channel, dbtp) in [-6.0, -6.0, -6.0, -6.0, 3.0].into_iter().enumerate() {
        // +0.2 and −0.4 dB.
        assert_reads(&mut browser, &format!("[data-true-peak=input-{channel}]"), dbtp - 0.1, 0.3);
    }
    assert_reads(&mut browser, &loudness("input", "truePeak"), 2.9, 0.3);
    browser.assert_clean();
}

/// What is read at the end of a signal, of the input, and its tolerance.
struct Case {
    name: &'static str,
    parts: Vec<(f64, f64)>,
    reading: &'static str,
    wanted: f64,
    tolerance: f64,
}

fn case(name: &'static str, parts: &[(f64, f64)], lra: Option<f64>) -> Case {
    let (reading, wanted, tolerance) = match lra {
        Some(range) => ("range", range, 1.0),
        None => ("integrated", -23.0, 0.1),
    };
    Case { name, parts: parts.to_vec(), reading, wanted, tolerance }
}

fn long_cases() -> Vec<Case> {
    vec![
        case("3341-3", &[(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], None),
        case(
            "3341-4",
            &[(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)],
            None,
        ),
        case("3341-5", &[(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], None),
        case("3342-1", &[(-20.0, 20.0), (-30.0, 20.0)], Some(10.0)),
        case("3342-2", &[(-20.0, 20.0), (-15.0, 20.0)], Some(5.0)),
        case("3342-3", &[(-40.0, 20.0), (-20.0, 20.0)], Some(20.0)),
        case(
            "3342-4",
            &[(-50.0, 20.0), (-35.0, 20.0), (-20.0, 20.0), (-35.0, 20.0), (-50.0, 20.0)],
            Some(15.0),
        ),
    ]
}

/// Silence before a signal: the measurement has begun by then.
const LEAD: f64 = 6.0;

/// A server that plays the case once; a script's first look begins the measurement.
fn play(case: &Case) -> (Server, String) {
    let row = tones(&[&[(-400.0, LEAD)], &case.parts[..]].concat());
    let path = tmp("instrument").join(format!("ebu-{}.wav", case.name));
    Wav::new(RATE, vec![row.clone(), row]).write(&path);
    let microphone = format!("virtual:once,file={}", path.display());
    let words = ["run", "example-plugin", "--input", &microphone, "--output", "virtual"];
    let mut server = Server::start(&words);
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut line = Line::open(&listening);
    line.call("subscribe", &json!({ "views": { "loudness": true } }));
    line.snapshot();
    (server, listening["url"].as_str().unwrap().to_owned())
}

/// The cases that last, side by side; a page looks at each when it is over.
#[test]
#[ignore = "two minutes of real time"]
fn ebu_long_cases() {
    let cases = long_cases();
    let playing: Vec<_> = cases.iter().map(play).collect();
    let seconds = |case: &Case| LEAD + case.parts.iter().map(|(_, s)| s).sum::<f64>();
    let longest = cases.iter().map(seconds).fold(0.0, f64::max);
    let until = Instant::now() + Duration::from_secs_f64(longest + 1.0);
    std::thread::sleep(until - Instant::now());
    for (case, (_server, url)) in cases.iter().zip(&playing) {
        let mut browser = Browser::open(url);
        let selector = loudness("input", case.reading);
        assert_reads(&mut browser, &selector, case.wanted, case.tolerance);
        println!("{} {}: {}", case.name, case.reading, browser.text(&selector));
    }
}
