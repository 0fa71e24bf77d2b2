//! Sources at the page: a file is dropped, seen, sought and looped, mixed with the microphone, sent to
//! the sidechain; a take is played to each new build.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    crates::Crate,
    line::Line,
    page::{at_the_page, measured},
    server::tmp,
    signal::noise,
    wav::Wav,
};

const RATE: u32 = 48_000;
/// What each second of the file is as loud as, at most; the second channel half of it.
const LEVELS: [f32; 12] = [0.0, 0.9, 0.3, 0.0, 0.6, 1.0, 0.1, 0.0, 0.8, 0.2, 0.5, 0.05];
const SIDES: [f32; 2] = [1.0, 0.5];

/// Seconds of noise of different levels.
fn steps() -> Wav {
    let side = |seed: u32, part: f32| {
        let second =
            |(n, level): (usize, &f32)| noise(seed + n as u32, level * part, RATE as usize);
        LEVELS.iter().enumerate().flat_map(second).collect()
    };
    Wav::new(RATE, vec![side(1, SIDES[0]), side(100, SIDES[1])])
}

fn written(name: &str, wav: &Wav) -> PathBuf {
    let path = tmp("source_page").join(name);
    wav.write(&path);
    path
}

/// A hand drags files from the desktop to the middle of the page and lets go.
fn drop_files(browser: &mut Browser, files: &[&Path]) {
    for kind in ["dragEnter", "dragOver", "drop"] {
        let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
        let event = json!({ "type": kind, "x": 640, "y": 400, "data": data });
        browser.command("Input.dispatchDragEvent", &event);
        if kind == "dragOver" {
            browser.until_seen(".drop-zone");
        }
    }
    browser.until_gone(".drop-zone");
}

/// Chooses files in the page's picker.
fn pick(browser: &mut Browser, files: &[&Path]) {
    let find = json!({ "expression": "document.querySelector('#source-files')" });
    let object = browser.command("Runtime.evaluate", &find)["result"]["objectId"].take();
    browser.command("DOM.setFileInputFiles", &json!({ "files": files, "objectId": object }));
}

/// The source of that number, as the server has it.
fn source(line: &mut Line, id: u64) -> Value {
    let answer = line.call("sources", &json!({}));
    let found = answer["sources"].as_array().unwrap().iter().find(|source| source["id"] == id);
    found.unwrap_or_else(|| panic!("no source {id} in {answer}")).clone()
}

/// Waits until the server says so of that source.
fn until(line: &mut Line, id: u64, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let now = source(line, id);
        if is_so(&now) {
            return now;
        }
        assert!(Instant::now() < end, "{what}: {now}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How high the picture of a source reaches in each column of each lane, as a part of the lane's half.
fn picture(browser: &mut Browser, id: u64) -> [Vec<f32>; 2] {
    // A copy is read: reading the canvas itself would change how the browser draws it.
    let look = format!(
        "(() => {{
           const canvas = document.querySelector(\"[data-source='{id}'] canvas\");
           const {{ width, height }} = canvas;
           if (width === 0) return null;
           const copy = Object.assign(document.createElement('canvas'), {{ width, height }});
           const g = copy.getContext('2d', {{ willReadFrequently: true }});
           g.drawImage(canvas, 0, 0);
           const {{ data }} = g.getImageData(0, 0, width, height);
           if (data.every((x) => x === 0)) return null;
           const lit = (x, y) => data[4 * (y * width + x) + 3] > 127;
           const half = height / 4;
           return [0, 2 * half].map((from) => Array.from({{ length: width }}, (_, x) => {{
             let y = Math.ceil(from);
             while (y < from + half && !lit(x, y)) y += 1;
             return (from + half - y) / (half - 1);
           }}));
         }})()"
    );
    let end = Instant::now() + Duration::from_mins(1);
    let columns = loop {
        let columns = browser.eval(&look);
        if !columns.is_null() {
            break columns;
        }
        assert!(Instant::now() < end, "source {id} has no picture");
        std::thread::sleep(Duration::from_millis(20));
    };
    let lane = |i: usize| -> Vec<f32> {
        columns[i].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
    };
    [lane(0), lane(1)]
}

/// The picture is that of the file: in each column the highest sample of its time, up to a pixel.
fn assert_is_of(picture: &[Vec<f32>; 2], wav: &Wav) {
    for (lane, row) in picture.iter().zip(&wav.channels) {
        let n = lane.len();
        let peak = |x: usize| {
            let at = |x: usize| (x.min(n) * row.len()) / n;
            row[at(x)..at(x + 1)].iter().fold(0.0_f32, |peak, s| peak.max(*s))
        };
        let near = |x: &usize| {
            let around = [peak(x.saturating_sub(1)), peak(*x), peak((x + 1).min(n - 1))];
            let high = around.iter().fold(0.0_f32, |a, b| a.max(*b));
            let low = around.iter().fold(1.0_f32, |a, b| a.min(*b));
            (low - 0.12..=high + 0.12).contains(&lane[*x])
        };
        let right = (0..n).filter(near).count();
        println!("{right} of {n} columns are as high as the file's peaks");
        assert!(n > 200 && right * 100 >= n * 98, "{lane:?}");
    }
}

/// A press of the mouse on a place of the picture, 0…1.
fn press_at(browser: &mut Browser, id: u64, part: f64) {
    let place = format!(
        "((wave) => {{ wave.scrollIntoView({{ block: 'center' }}); \
         const {{ left, top, width, height }} = wave.getBoundingClientRect(); \
         return [left + {part} * width, top + 0.8 * height]; }})(document.querySelector(\"[data-source='{id}'] .wave\"))"
    );
    let at = browser.eval(&place);
    for kind in ["mousePressed", "mouseReleased"] {
        let event =
            json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 });
        browser.command("Input.dispatchMouseEvent", &event);
    }
}

/// The level that a source's meter shows, dBFS.
fn level(browser: &mut Browser, id: u64) -> f64 {
    let meter = format!(
        "Number(document.querySelector(\"[data-source='{id}'] [role=meter]\").ariaValueNow)"
    );
    browser.eval(&meter).as_f64().unwrap()
}

#[test]
fn a_file_that_is_dropped_is_seen_sought_looped_and_mixed() {
    let wav = steps();
    let path = written("<img src=x onerror=pwned()> steps & more.wav", &wav);
    let words = ["run", "example-plugin", "--input", "virtual:tone=220", "--output", "virtual"];
    let (_server, mut line, mut browser) = at_the_page(&words);
    drop_files(&mut browser, &[&path]);
    browser.until_seen("[data-source='1'] .wave");
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_eq!(browser.text("[data-source='1'] .source-name"), name);
    assert_eq!(browser.eval("document.querySelectorAll('#views img').length"), 0);
    assert_is_of(&picture(&mut browser, 1), &wav);
    // Both sound: the microphone's tone is the whole range, the file's second 5 too.
    browser.until(
        "Number(document.querySelector(\"[data-source='1'] [role=meter]\").ariaValueNow) > -20",
    );
    assert!(level(&mut browser, 0) > -20.0, "the microphone is silent");
    seek_and_loop(&mut browser, &mut line);
    mix(&mut browser, &mut line);
    browser.click("[data-source='1'] .source-remove");
    browser.until_gone("[data-source='1']");
    browser.assert_clean();
}

fn seek_and_loop(browser: &mut Browser, line: &mut Line) {
    browser.click("[data-source='1'] .source-play");
    until(line, 1, "paused", |s| s["paused"] == true);
    press_at(browser, 1, 0.75);
    until(line, 1, "sought", |s| (s["position"].as_f64().unwrap() - 9.0).abs() < 0.1);
    let said = "document.querySelector(\"[data-source='1'] .source-time\").textContent";
    browser.until(&format!("/^0:0(8.9|9.0) . 0:12.0$/.test({said})"));
    // It stays there when the hand has gone.
    std::thread::sleep(Duration::from_millis(700));
    browser.until(&format!("/^0:0(8.9|9.0) . 0:12.0$/.test({said})"));
    // Four bars of 120 beats a minute around the place: 4 to 12 seconds.
    browser.click("[data-source='1'] .source-bars");
    let looped = until(line, 1, "looped", |s| !s["loop"].is_null());
    assert_eq!(looped["loop"], json!({ "from": 4.0, "to": 12.0 }));
    browser.until_text("[data-source='1'] .source-span", "0:04.000 – 0:12.000");
    // Its start by a key: a hundredth of what is shown.
    browser.eval("document.querySelector(\"[data-source='1'] [data-end=from]\").focus()");
    browser.press("ArrowRight");
    until(line, 1, "start", |s| (s["loop"]["from"].as_f64().unwrap() - 4.12).abs() < 1e-3);
    press_at(browser, 1, 0.97);
    until(line, 1, "near the end", |s| s["position"].as_f64().unwrap() > 11.5);
    browser.click("[data-source='1'] .source-play");
    until(line, 1, "round", |s| (4.12..6.0).contains(&s["position"].as_f64().unwrap()));
}

/// What each does to the plugin's input is what its strip says.
fn mix(browser: &mut Browser, line: &mut Line) {
    let both = measured(line, "input");
    assert!(both.iter().all(|level| *level > -30.0), "{both:?}");
    browser.click("[data-source='0'] .source-mute");
    until(line, 0, "mute", |s| s["mute"] == true);
    browser.click("[data-source='1'] .source-play");
    until(line, 1, "paused", |s| s["paused"] == true);
    let nothing = measured(line, "input");
    assert!(nothing.iter().all(|level| *level < -100.0), "{nothing:?}");
    browser.until(
        "Number(document.querySelector(\"[data-source='0'] [role=meter]\").ariaValueNow) <= -60",
    );
    browser.click("[data-source='0'] .source-mute");
    until(line, 0, "heard again", |s| s["mute"] == false);
    assert!(measured(line, "input").iter().all(|level| *level > -20.0));
    browser.click("[data-bus='plugin-in'] .source-mute");
    browser.until_seen("[data-bus='plugin-in'] .source-mute[aria-pressed=true]");
    assert!(measured(line, "input").iter().all(|level| *level < -100.0), "the bus is muted");
}

#[test]
fn what_is_no_sound_is_refused_where_it_was_dropped() {
    let text = tmp("source_page").join("words.wav");
    std::fs::write(&text, "It was a dark and stormy night.\n").unwrap();
    let empty = tmp("source_page").join("empty.wav");
    std::fs::write(&empty, "").unwrap();
    let words = ["run", "example-plugin", "--input", "virtual:tone=220", "--output", "virtual"];
    let (_server, mut line, mut browser) = at_the_page(&words);
    browser.click("#show-sources");
    browser.until_seen("[data-source='0']");
    pick(&mut browser, &[&text, &empty]);
    browser.until("document.querySelectorAll('.upload[data-level=bad]').length === 2");
    let said = browser.text(".uploads");
    assert!(said.contains("no sound file") && said.contains("it is empty"), "{said}");
    let sounds = line.call("sources", &json!({}))["sources"].clone();
    let living = sounds.as_array().unwrap().iter().filter(|s| s["state"] != "failed").count();
    assert_eq!(living, 1, "{sounds}");
    while browser.eval("document.querySelector('.upload button') !== null") == true {
        browser.click(".upload button");
    }
    // A browser tells every answer that is no success.
    let told = browser.complaints().iter().filter(|c| !c.contains("/source?")).count();
    assert_eq!(told, 0, "{:#?}", browser.complaints());
}

#[test]
fn a_source_is_sent_to_the_sidechain_by_its_list() {
    let path = written("loud.wav", &Wav::new(RATE, vec![noise(3, 0.9, 4 * RATE as usize)]));
    let plugin = "plugin-sdk/examples/compressor";
    let file = format!("loop=all,bus=master,file:{}", path.display());
    let words = ["run", plugin, "--input", "virtual:tone=220", "--output", "virtual"];
    let more = ["--source", &file, "--set", "external=1", "--set", "threshold=-40"];
    let (_server, mut line, mut browser) = at_the_page(&[&words[..], &more[..]].concat());
    browser.click("[data-view=sources]");
    browser.until_seen("[data-source='1']");
    let reduction = "Number(document.querySelector('[data-plugin-meter=gain_reduction] [role=meter]')?.ariaValueNow)";
    browser.until(&format!("{reduction} < 0.5"));
    let go = |browser: &mut Browser, bus: usize| {
        browser.eval(&format!(
            "((list) => {{ list.selectedIndex = {bus}; list.dispatchEvent(new Event('change', {{ bubbles: true }})); }})\
             (document.querySelector(\"[data-source='1'] select\"))"
        ));
    };
    go(&mut browser, 1);
    until(&mut line, 1, "sidechain", |s| s["bus"] == "sidechain");
    browser.until(&format!("{reduction} > 6"));
    go(&mut browser, 2);
    until(&mut line, 1, "dry", |s| s["bus"] == "dry");
    browser.until(&format!("{reduction} < 0.5"));
    browser.assert_clean();
}

#[test]
fn a_take_is_played_to_each_new_build_until_it_is_stopped() {
    let voice = written("voice.wav", &Wav::new(RATE, vec![noise(9, 0.5, 3 * RATE as usize)]));
    let microphone = format!("virtual:file={}", voice.display());
    let plugin = Crate::new("take");
    let words = ["run", plugin.path(), "--input", &microphone, "--output", "virtual"];
    let (mut server, mut line, mut browser) = at_the_page(&words);
    browser.click("#show-sources");
    browser.until_seen("[data-source='0']");
    while line.call("take", &json!({}))["kept_seconds"].as_f64().unwrap() < 4.5 {
        std::thread::sleep(Duration::from_millis(100));
    }
    browser.eval(
        "document.querySelector('#take-seconds').selectedIndex = 0; document.activeElement?.blur()",
    );
    browser.press("r");
    browser.until_text("#take-said", "looping 4 s, restarts at each reload");
    browser.until_seen("[data-source='1'] .wave");
    let lanes = picture(&mut browser, 1);
    assert!(lanes[0].iter().all(|part| *part > 0.2), "noise all along: {:?}", lanes[0]);
    assert!(measured(&mut line, "input")[0] > -20.0, "the take is heard");
    for (generation, law) in
        [(2, "*sample *= 0.5;"), (3, "*sample *= 0.25;"), (4, "*sample *= 0.125;")]
    {
        // Far from its start, so that where it stands after the reload is no coincidence.
        until(&mut line, 1, "far", |s| (1.5..2.0).contains(&s["position"].as_f64().unwrap()));
        plugin.law(law);
        server.wait("reloaded");
        let heard = Instant::now();
        let at = source(&mut line, 1)["position"].as_f64().unwrap();
        let late = heard.elapsed().as_secs_f64() + 0.5;
        assert!(at < late, "generation {generation} hears the take from {at} s on");
        browser.until_text("#generation", &generation.to_string());
        assert!(browser.text("#take-said").starts_with("looping 4 s"), "it goes on");
    }
    let saved = "fetch('/take.wav?seconds=4').then((answer) => answer.arrayBuffer()).then((bytes) => bytes.byteLength)";
    let bytes = browser.eval(saved).as_u64().unwrap();
    assert!(bytes >= 4 * u64::from(RATE) * 4, "{bytes} bytes");
    browser.click("#take");
    browser.until_text("#take-said", "");
    browser.until_gone("[data-source='1']");
    assert!(measured(&mut line, "input")[0] > -20.0, "the microphone is heard again");
    browser.assert_clean();
}
