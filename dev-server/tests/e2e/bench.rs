//! What the page costs, printed and not asserted:
//! `cargo test -p retake --test e2e -- --ignored --nocapture bench_page`.

use std::time::Duration;

use serde_json::json;

use crate::{browser::Browser, everything::everything};

/// The page's own code with all views on; then the real page with four of them, its long tasks and
/// the size of its snapshots.
#[test]
#[ignore = "two minutes, only prints"]
fn bench_page() {
    let page = concat!("file://", env!("CARGO_MANIFEST_DIR"), "/../ui/tests/bench.html");
    let mut browser = Browser::open(page);
    browser.until("document.querySelector('pre[data-done]')");
    println!("{}", browser.text("pre[data-done]"));
    drop(browser);
    let (_plugin, _server, mut line, mut browser) = everything();
    browser.click("#view-tiles");
    for view in ["spectrogram", "scope", "goniometer"] {
        browser.click(&format!("[data-view={view}]"));
    }
    browser.eval(
        "window.long = []; new PerformanceObserver((list) => list.getEntries()\
         .forEach(({ duration }) => long.push(duration))).observe({ type: 'longtask' }); 0",
    );
    let views = json!({
        "levels": true, "loudness": true, "stereo": { "points": 256 }, "spectrum": { "size": 4096 },
        "scope": { "frames": 1024 }, "probes": ["level"], "load": true,
    });
    line.call("subscribe", &json!({ "views": views }));
    browser.listen();
    let mut sizes = Vec::new();
    for _ in 0..60 {
        std::thread::sleep(Duration::from_secs(1));
        sizes.push(line.snapshot().len());
    }
    // A credit and its answer each.
    let n_snapshots = browser.frames_of_line() / 2;
    let long = browser.eval("long.map(Math.round)");
    println!("the page: about {n_snapshots} snapshots in 60 s; tasks over 50 ms: {long}");
    sizes.sort_unstable();
    println!("bytes per snapshot with everything: p50 {}, max {}", sizes[30], sizes[59]);
    browser.assert_clean();
}
