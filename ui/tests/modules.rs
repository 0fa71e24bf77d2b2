//! Runs the page's own tests (`ui/tests/*.test.js`) in the real browser.

use std::path::Path;
use std::process::{Command, Output};

/// The names under which distributions install the browser.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// A quiet browser without a profile of its own; the test page is opened from disk.
fn browse(profile: &Path, url: &str) -> Output {
    let run = |browser: &&str| {
        Command::new(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-sync"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--allow-file-access-from-files", "--virtual-time-budget=180000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(url)
            .output()
            .ok()
    };
    BROWSERS.iter().find_map(run).expect("a Chromium; ./setup.sh --dev installs it")
}

#[test]
fn the_modules_pass_their_tests_in_the_browser() {
    let profile = std::env::temp_dir().join(format!("retake-ui-test-{}", std::process::id()));
    let page = concat!("file://", env!("CARGO_MANIFEST_DIR"), "/tests/index.html");
    let output = browse(&profile, page);
    // Nothing depends on it being gone: the profile lies in the temporary directory.
    let _ = std::fs::remove_dir_all(&profile);
    let dom = String::from_utf8_lossy(&output.stdout);
    assert!(
        dom.contains("data-failed=\"0\"") && !dom.contains("data-passed=\"0\""),
        "{}\n{}",
        dom.split("<body>").nth(1).unwrap_or(&dom),
        String::from_utf8_lossy(&output.stderr),
    );
}
