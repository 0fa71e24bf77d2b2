//! What the page and its server do while nobody looks, and for how long they can do it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{access::PAINTS, browser::Browser, line::Line, page::at_the_page, server::Server};

const WORDS: [&str; 6] =
    ["run", "example-plugin", "--input", "virtual:tone=997", "--output", "virtual"];

/// Views that painted within a time, and how often.
fn paints(browser: &mut Browser, seconds: u32) -> Vec<(String, u64)> {
    serde_json::from_value(browser.eval(&format!("({PAINTS})({seconds})"))).unwrap()
}

/// Seconds that the loudness is of.
fn measured(browser: &mut Browser) -> u32 {
    let text = browser.text("#loudness-time");
    let (minutes, seconds) = text.split_once(':').unwrap_or(("0", "0"));
    60 * minutes.parse::<u32>().unwrap() + seconds.parse::<u32>().unwrap()
}

#[test]
fn a_page_that_nobody_sees_draws_nothing_and_says_nothing() {
    let (_server, _line, mut browser) = at_the_page(&WORDS);
    browser.until("document.querySelector('#views canvas')?.ariaLabel?.includes('loudest')");
    browser.listen();
    let seen = paints(&mut browser, 1);
    assert!(seen.len() == 1 && seen[0].0 == "spectrum" && seen[0].1 > 10, "{seen:?}");
    assert!(browser.frames_of_line() > 20, "snapshots flow");
    let before = measured(&mut browser);
    browser.hide();
    browser.until("document.hidden");
    // What was on its way arrives.
    std::thread::sleep(Duration::from_millis(500));
    browser.frames_of_line();
    assert_eq!(paints(&mut browser, 3), []);
    assert_eq!(browser.frames_of_line(), 0, "a hidden page's line is silent");
    browser.show();
    browser.until("!document.hidden");
    assert!(!paints(&mut browser, 1).is_empty(), "it goes on");
    assert!(measured(&mut browser) >= before + 4, "the loudness was measured meanwhile");
    browser.click("[data-view=goniometer]");
    browser.until_seen("[data-plot=goniometer]");
    let seen = paints(&mut browser, 1);
    assert!(seen.len() == 1 && seen[0].0 == "goniometer", "a closed view draws: {seen:?}");
    browser.assert_clean();
}

/// All that a page can ask for.
fn everything() -> Value {
    json!({ "views": {
        "levels": true, "loudness": true, "stereo": { "points": 256 }, "spectrum": { "size": 4096 },
        "scope": { "frames": 1024 }, "load": true,
    } })
}

fn frame(snapshot: &[u8]) -> f64 {
    f64::from_le_bytes(snapshot[8..16].try_into().unwrap())
}

/// A client for each seat, all of them with all views; one sleeps for ten seconds with its credits
/// out, and then sees at most two frames from before.
#[test]
fn sixty_four_clients_and_one_that_sleeps() {
    let mut server = Server::start(&WORDS);
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut lines: Vec<Line> = (0..64).map(|_| Line::open(&listening)).collect();
    for line in &mut lines {
        line.call("subscribe", &everything());
    }
    let status = |line: &mut Line| line.call("status", &json!({}))["counters"].take();
    let mut sleeper = lines.pop().unwrap();
    sleeper.ask_for_snapshots(2);
    let (mut n_bytes, mut looks) = (0, 0);
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while std::time::Instant::now() < until {
        for line in &mut lines {
            n_bytes = n_bytes.max(line.snapshot().len());
        }
        looks += 1;
    }
    let counters = status(&mut lines[0]);
    println!("63 clients: {looks} looks each in 10 s, at most {n_bytes} bytes; {counters}");
    assert!(looks >= 2 && n_bytes <= 16_384);
    let now = counters["frames"].as_f64().unwrap();
    let mut n_old = 0;
    while frame(&sleeper.next_snapshot()) < now {
        n_old += 1;
        sleeper.ask_for_snapshots(1);
    }
    assert!(n_old <= 2, "{n_old} old frames");
    server.stop().succeeded();
}

/// JS heap in bytes, after everything that is garbage is gone.
fn heap(browser: &mut Browser) -> f64 {
    browser.command("HeapProfiler.collectGarbage", &json!({}));
    let usage = browser.command("Runtime.getHeapUsage", &json!({}));
    ["usedSize", "backingStorageSize"].iter().filter_map(|key| usage[*key].as_f64()).sum()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The page's own clock, driven: its frames, timers and polls, knobs turned, generations, failures,
/// faults, another view every few seconds.
#[test]
fn ten_minutes_of_use_leave_the_heap_flat() {
    const LOOKS: usize = 40;
    let page = concat!("file://", env!("CARGO_MANIFEST_DIR"), "/../ui/tests/soak.html");
    // Compiled code is heap, too, and it is compiled anew for as long as it runs.
    let mut browser = Browser::open_with(page, &["--js-flags=--no-opt --no-maglev --no-sparkplug"]);
    browser.until("document.body?.dataset.ready === ''");
    let began = std::time::Instant::now();
    let mut sizes = Vec::new();
    for _ in 0..LOOKS {
        browser.eval("soak(15)");
        sizes.push(heap(&mut browser));
    }
    println!("{sizes:.0?}");
    let [second, last] = [1, 3].map(|n| median(&sizes[n * LOOKS / 4..][..LOOKS / 4]));
    println!("{:.1?}: {:.0} KiB, then {:.0} KiB", began.elapsed(), second / 1024.0, last / 1024.0);

    // One small object per frame is more.
    assert!(last - second <= 24.0 * 1024.0, "{sizes:?}");
    browser.assert_clean();
}
