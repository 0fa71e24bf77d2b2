//! The page in a real browser, beside the real binary: what it shows is what sounds.

use std::{
    io::{Read, Write},
    path::PathBuf,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    crates::{Crate, UNITY, source},
    line::{Line, port_of},
    server::{Server, retake, tmp},
    signal::sine,
    wav::Wav,
};

/// Microphone levels, peak in dBFS; a sine's RMS is 3.01 dB below.
const LEFT: f64 = -12.3;
const RIGHT: f64 = -31.7;
const CREST: f64 = 3.0103;
/// What the page may be off by.
const TOLERANCE: f64 = 0.1;
const SLIDER: &str = "[data-param=gain] input";
const TEXT: &str = "[data-param=gain] .parameter-text";

/// A second of two sines that join end to end.
fn microphone() -> PathBuf {
    let amplitude = |db: f64| 10_f64.powf(db / 20.0);
    let rows = vec![
        sine(48_000, 997.0, amplitude(LEFT), 48_000),
        sine(48_000, 1_499.0, amplitude(RIGHT), 48_000),
    ];
    let path = tmp("page").join("microphone.wav");
    Wav::new(48_000, rows).write(&path);
    path
}

/// Peak and RMS that a meter of the page says.
fn said(browser: &mut Browser, meter: &str) -> Option<[f64; 2]> {
    let attribute = format!("document.querySelector('[data-meter={meter}]')?.ariaValueText ?? ''");
    let words = browser.eval(&attribute).as_str().unwrap().replace('\u{2212}', "-");
    let number = |after: &str| {
        let rest = words.split(after).nth(1)?;
        rest.split(' ').next()?.parse().ok()
    };
    Some([number("peak ")?, number("RMS ")?])
}

/// Waits until a meter of the page stands at a sine's level, and sees that it stays there.
fn assert_level(browser: &mut Browser, meter: &str, peak: f64) {
    let stands = |said: Option<[f64; 2]>| {
        let near = |is: f64, wanted: f64| (is - wanted).abs() <= TOLERANCE;
        said.is_some_and(|[p, r]| near(p, peak) && near(r, peak - CREST))
    };
    let mut steady = 0;
    let mut last = None;
    for _ in 0..300 {
        last = said(browser, meter);
        steady = if stands(last) { steady + 1 } else { 0 };
        if steady == 5 {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{meter} says {last:?} (peak, RMS) instead of a sine of {peak} dBFS");
}

/// The levels of one side over the next moment, as scripts read them.
pub(crate) fn measured(line: &mut Line, side: &str) -> Vec<f64> {
    // An echo tells where a ramp begins.
    std::thread::sleep(Duration::from_millis(100));
    line.call("meters", &json!({}));
    std::thread::sleep(Duration::from_millis(300));
    let meters = line.call("meters", &json!({}));
    let peaks = meters[side].as_array().unwrap().iter();
    peaks.map(|channel| channel["peak_dbfs"].as_f64().unwrap_or(f64::NEG_INFINITY)).collect()
}

fn assert_measured(line: &mut Line, side: &str, wanted: [f64; 2]) {
    let peaks = measured(line, side);
    let near = peaks.iter().zip(wanted).all(|(is, wanted)| (is - wanted).abs() < 0.05);
    assert!(near && peaks.len() == 2, "{side}: {peaks:?} instead of {wanted:?}");
}

/// A server, a script's line to it, and a page that is connected.
pub(crate) fn at_the_page(args: &[&str]) -> (Server, Line, Browser) {
    let mut server = Server::start(args);
    let listening = server.wait("listening");
    server.wait("reloaded");
    let line = Line::open(&listening);
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    browser.until_seen("#connection[data-state=connected]");
    browser.until_seen("#audio[data-state=running]");
    (server, line, browser)
}

#[test]
fn levels_and_the_slider_are_those_of_the_sound() {
    let mic = format!("virtual:file={}", microphone().display());
    let (_server, mut line, mut browser) = at_the_page(&[
        "run",
        "example-plugin",
        "--input",
        &mic,
        "--output",
        "virtual",
        "--set",
        "gain=-6",
    ]);
    for (meter, peak) in
        [("input-0", LEFT), ("input-1", RIGHT), ("output-0", LEFT - 6.0), ("output-1", RIGHT - 6.0)]
    {
        assert_level(&mut browser, meter, peak);
    }
    // Three keys of a hundredth of the slider's 72 dB.
    browser.eval(&format!("document.querySelector('{SLIDER}').focus()"));
    (0..3).for_each(|_| browser.press("ArrowDown"));
    let echo =
        line.wait_for("param", |param| (param["value"].as_f64().unwrap() + 8.16).abs() < 1e-3);
    browser.until_text(TEXT, echo["text"].as_str().unwrap());
    assert_measured(&mut line, "output", [LEFT - 8.16, RIGHT - 8.16]);
    assert_level(&mut browser, "output-0", LEFT - 8.16);
    // As assistive technology does it.
    browser.eval(&format!(
        "(input => {{ input.value = -20; input.dispatchEvent(new Event('input', {{ bubbles: true }})) }})\
         (document.querySelector('{SLIDER}'))"
    ));
    let echo = line.wait_for("param", |param| param["value"] == -20.0);
    browser.until_text(TEXT, echo["text"].as_str().unwrap());
    assert_measured(&mut line, "output", [LEFT - 20.0, RIGHT - 20.0]);
    // Someone else turns the knob: the page follows.
    line.call("set_param", &json!({ "id": "gain", "value": 3.25 }));
    let echo = line.wait_for("param", |param| param["value"] == 3.25);
    browser.until_text(TEXT, echo["text"].as_str().unwrap());
    browser.until(&format!("document.querySelector('{SLIDER}').valueAsNumber === 3.25"));
    assert_level(&mut browser, "output-1", RIGHT + 3.25);
    browser.assert_clean();
}

/// The engine's clock.
fn frame(line: &mut Line) -> usize {
    let status = line.call("status", &json!({}));
    usize::try_from(status["counters"]["frames"].as_u64().unwrap()).unwrap()
}

#[test]
fn bypass_and_mute_do_what_they_say() {
    let mic = format!("virtual:file={}", microphone().display());
    let out = tmp("page").join("mute.wav");
    let (server, mut line, mut browser) = at_the_page(&[
        "run",
        "example-plugin",
        "--input",
        &mic,
        "--set",
        "gain=-6",
        "--output",
        &format!("virtual:file={}", out.display()),
    ]);
    browser.click("#bypass");
    browser.until_seen("#bypass[aria-pressed=true]");
    assert_measured(&mut line, "output", [LEFT, RIGHT]);
    browser.click("#bypass");
    browser.until_seen("#bypass[aria-pressed=false]");
    assert_measured(&mut line, "output", [LEFT - 6.0, RIGHT - 6.0]);

    browser.click("#mute");
    browser.until_seen("#mute[aria-pressed=true]");
    std::thread::sleep(Duration::from_millis(200));
    let from = frame(&mut line);
    assert_measured(&mut line, "output", [LEFT - 6.0, RIGHT - 6.0]);
    assert_level(&mut browser, "output-0", LEFT - 6.0);
    let to = frame(&mut line);
    browser.click("#mute");
    browser.until_seen("#mute[aria-pressed=false]");
    std::thread::sleep(Duration::from_millis(300));
    browser.assert_clean();
    server.stop().succeeded();
    let left = &Wav::read(&out).channels[0];
    let loud = |frames: &[f32]| frames.iter().any(|x| x.abs() > 0.1);
    assert!(left[from..to].iter().all(|x| *x == 0.0), "the device gets silence");
    assert!(loud(&left[..from]) && loud(&left[to..]), "before and after it does not");
}

/// Where something stands in a source: line and column, as compilers count them.
fn place_of(what: &str, text: &str) -> (usize, usize) {
    let found = text.lines().enumerate().find_map(|(row, line)| Some((row, line.find(what)?)));
    let (row, column) = found.unwrap();
    (row + 1, column + 1)
}

#[test]
fn edits_good_and_bad_are_told() {
    let plugin = Crate::new("page");
    let dir = plugin.dir.to_str().unwrap();
    let (_server, mut line, mut browser) =
        at_the_page(&["run", dir, "--input", "virtual:tone=997", "--output", "virtual"]);
    let input = measured(&mut line, "input")[0];
    browser.until_text("#generation", "1");
    a_syntax_error(&plugin, &mut browser);
    assert_level(&mut browser, "output-0", input);
    plugin.law("*sample *= 0.5 * gain;");
    browser.until_text("#generation", "2");
    browser.until_gone("#overlay");
    assert_level(&mut browser, "output-0", input - 6.0206);
    a_panic(&plugin, &mut line, &mut browser);
    plugin.law(UNITY);
    browser.until_text("#generation", "4");
    browser.until_gone("#fault");
    a_refusal(&plugin, &mut browser);
    parameters_come_and_go(&plugin, &mut browser);
    browser.assert_clean();
}

fn a_syntax_error(plugin: &Crate, browser: &mut Browser) {
    let statement = "*sample *= ;";
    plugin.law(statement);
    browser.until_seen("#overlay");
    let (row, column) = place_of("= ;", &source(statement));
    let place = browser.text("#diagnostics .place");
    assert!(place.ends_with(&format!("src/lib.rs:{row}:{}", column + 2)), "{place}");
    assert_eq!(browser.text("#overlay-title"), "Build failed: 1 error");
    assert_eq!(browser.text("#overlay-keeps"), "Generation 1 plays on.");
    assert_eq!(browser.text("#reload-state"), "BuildFailed");
}

fn a_panic(plugin: &Crate, line: &mut Line, browser: &mut Browser) {
    let statement = "assert!(gain < 1.5, \"too loud\"); *sample *= gain;";
    plugin.law(statement);
    browser.until_text("#generation", "3");
    line.call("set_param", &json!({ "id": "gain", "value": 6.0 }));
    browser.until_seen("#fault");
    let banner = browser.text("#fault");
    let (row, _) = place_of(statement, &source(statement));
    for part in ["Panic in generation 3", "too loud", &format!("src/lib.rs:{row}")] {
        assert!(banner.contains(part), "no {part} in: {banner}");
    }
    browser.until_text("#generation", "2");
    browser.until_seen("#audio[data-state=running]");
}

/// It compiles, but it is no plugin.
fn a_refusal(plugin: &Crate, browser: &mut Browser) {
    plugin.save("src/lib.rs", &source(UNITY).replace("export_plugin!(Gain);", ""));
    browser.until_seen("#reload-refused");
    let banner = browser.text("#reload-refused");
    assert!(
        banner.contains("no_clap_entry") && banner.contains("Generation 4 plays on."),
        "{banner}"
    );
}

fn parameters_come_and_go(plugin: &Crate, browser: &mut Browser) {
    let end = "}\n\n#[derive(Debug, Default)]";
    let tilt = "    #[param(name = \"Tilt\", range = -3.0..=3.0, default = 1.0, unit = \"dB\")]\n    \
                tilt: FloatParam,\n";
    let both = source(UNITY).replacen(end, &format!("{tilt}{end}"), 1);
    browser.eval(&format!("document.querySelector('{SLIDER}').focus()"));
    plugin.save("src/lib.rs", &both);
    browser.until_text("[data-param=tilt] .parameter-text", "1.00 dB");
    browser.until_gone("#reload-refused");
    // The one that was there keeps its value, and the hand that is on it.
    assert_eq!(browser.text(TEXT), "6.0 dB");
    browser.until(&format!("document.activeElement === document.querySelector('{SLIDER}')"));
    plugin.law(UNITY);
    browser.until_gone("[data-param=tilt]");
    browser.until_seen(SLIDER);
}

#[test]
fn a_page_that_comes_later_knows_of_the_missing_device() {
    let mut server = Server::start(&[
        "run",
        "example-plugin",
        "--input",
        "virtual:unplug=1+8,tone=997",
        "--output",
        "virtual",
    ]);
    let listening = server.wait("listening");
    server.wait_for("device", |event| event["state"] == "lost");
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    browser.until_seen("#audio[data-state=lost]");
    browser.until_text("#audio .lamp-words", "Input lost");
    server.wait_for("device", |event| event["state"] == "back");
    browser.until_seen("#audio[data-state=running]");
    browser.assert_clean();
}

/// While nobody listens, the browser itself writes down each attempt (`net::ERR_…`) and no page can
/// keep it from that. An attempt that a server answered with an error would be the page's mistake.
fn is_of_the_gap(complaint: &str) -> bool {
    complaint.contains("net::ERR_")
}

#[test]
fn a_page_outlives_its_server() {
    let args = ["run", "example-plugin", "--input", "virtual:tone=997", "--output", "virtual"];
    // The token is kept from one to the next.
    let start = |port: &str| {
        let mut command = retake();
        command.args(args).args(["--json", "--port", port]);
        command.env("RETAKE_STATE_DIR", tmp("states").join("outlives"));
        Server::spawn(command)
    };
    let mut first = start("0");
    let listening = first.wait("listening");
    first.wait("reloaded");
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    browser.until_seen("#audio[data-state=running]");
    first.stop().succeeded();
    browser.until_seen("#connection[data-state=reconnecting]");
    browser.until_seen("#offline");
    let mut second = start(&port_of(&listening).to_string());
    second.wait("reloaded");
    browser.until_seen("#connection[data-state=connected]");
    browser.until_seen("#audio[data-state=running]");
    browser.until_gone("#offline");
    let peak = measured(&mut Line::open(&listening), "output")[0];
    assert_level(&mut browser, "output-0", peak);
    let others: Vec<_> = browser.complaints().iter().filter(|said| !is_of_the_gap(said)).collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn strangers_see_no_page() {
    let mut server =
        Server::start(&["run", "example-plugin", "--input", "virtual", "--output", "virtual"]);
    let listening = server.wait("listening");
    let port = port_of(&listening);
    let mut browser = Browser::open(&format!("http://127.0.0.1:{port}/"));
    browser.until("document.body?.textContent.includes('Open the URL from the terminal')");
    // A page of another origin, even with the token.
    let url = format!(
        "{}?token={}",
        listening["ws"].as_str().unwrap(),
        listening["token"].as_str().unwrap()
    );
    let attempt = format!(
        "new Promise(done => {{ const socket = new WebSocket({}); \
         socket.onopen = () => done('open'); socket.onerror = () => done('refused') }})",
        json!(url)
    );
    let mut stranger = Browser::open(&another_site());
    stranger.until("document.title === 'Another site'");
    assert_eq!(stranger.eval(&attempt), Value::from("refused"));
}

/// The address of a site that has nothing to do with ours.
fn another_site() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut visitor in listener.incoming().map_while(Result::ok) {
            // Whatever it asks; a browser that does not want the answer any more is no harm.
            let _ = visitor.read(&mut [0; 4096]);
            let _ = visitor.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 28\r\n\
                  Connection: close\r\n\r\n<title>Another site</title>\n\n",
            );
        }
    });
    format!("http://{address}/")
}
