//! What the page and its server do while nobody looks, and for how long they can do it.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use serde_json::json;

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

/// A client for each seat: each has its snapshots, and the sound loses nothing.
#[test]
fn sixty_four_clients_have_their_snapshots() {
    let mut server = Server::start(&WORDS);
    let listening = server.wait("listening");
    server.wait("reloaded");
    let views =
        json!({ "views": { "levels": true, "loudness": true, "stereo": {}, "load": true } });
    let is_over = AtomicBool::new(false);
    // Who does not answer a ping is gone: each looks from the moment it is there.
    let look = |mut line: Line| {
        line.call("subscribe", &views);
        let mut n_bytes = 0;
        for _ in 0..200 {
            if is_over.load(Relaxed) {
                break;
            }
            n_bytes = n_bytes.max(line.snapshot().len());
            std::thread::sleep(Duration::from_millis(200));
        }
        n_bytes
    };
    let sizes: Vec<usize> = std::thread::scope(|scope| {
        let open = |_| {
            let line = Line::open(&listening);
            scope.spawn(|| look(line))
        };
        let clients: Vec<_> = (0..63).map(open).collect();
        std::thread::sleep(Duration::from_secs(3));
        is_over.store(true, Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(sizes.iter().all(|n_bytes| (1_000..=16_384).contains(n_bytes)), "{sizes:?}");
    let counters = Line::open(&listening).call("status", &json!({}))["counters"].take();
    println!("{counters}");
    assert_eq!(counters["lost_frames"], 0);
    server.stop().succeeded();
}

/// A page that is busy with itself for ten seconds sees at most two frames from before when it wakes.
#[test]
fn a_page_that_slept_sees_what_is_now() {
    let mut server = Server::start(&WORDS);
    let listening = server.wait("listening");
    server.wait("reloaded");
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    browser.until_seen("#audio[data-state=running]");
    browser.listen();
    let now = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(9));
        let status = Line::open(&listening).call("status", &json!({}));
        status["counters"]["frames"].as_f64().unwrap()
    });
    browser.clocks();
    browser.eval(
        "(() => { const end = performance.now() + 10000; while (performance.now() < end); })()",
    );
    let now = now.join().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let clocks = browser.clocks();
    let n_old = clocks.iter().filter(|clock| **clock < now).count();
    println!("{} frames in the second after, {n_old} of them old", clocks.len());
    assert!(n_old <= 2 && clocks.len() > n_old, "{now}: {clocks:?}");
    browser.assert_clean();
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
