//! What goes wrong in a plugin's own process, on the page: the crash with its line, the audit's list,
//! the refusal with what was found.
#![cfg(target_os = "linux")]

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    crates::{Crate, source},
    line::Line,
    server::{Server, tmp},
};

const LOUD_ABORTS: &str = "if gain > 1.5 { std::process::abort(); } *sample *= gain;";
const ALLOCATES: &str = "*sample *= gain; std::hint::black_box(vec![gain; 64]);";

/// `src/lib.rs` and the line of a statement.
fn place_of(statement: &str) -> String {
    let row = source(statement).lines().position(|line| line.contains(statement)).unwrap();
    format!("src/lib.rs:{}", row + 1)
}

fn picture(browser: &mut Browser, name: &str) {
    browser.screenshot(&tmp("reports").join(name));
}

#[test]
fn a_crash_an_allocation_and_a_refusal_are_on_the_page() {
    let plugin = Crate::new("reports");
    let words = ["--isolation", "process", "--input", "virtual:tone=220", "--output", "virtual"];
    let mut server = Server::start(&[&["run", plugin.path()][..], &words].concat());
    let listening = server.wait("listening");
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    browser.until_text("#generation", "1");
    browser.click("#health-tab");
    browser
        .until("document.querySelector('#isolation')?.textContent.includes('Process of its own')");
    a_crash(&plugin, &listening, &mut browser);
    an_allocation(&plugin, &mut browser);
    a_refusal(&plugin, &mut browser);
    a_quarantine(&plugin, &mut browser);
    an_offset(&plugin, &mut browser);
    browser.assert_clean();
    server.stop().succeeded();
}

/// It sounds well until it is turned up.
fn a_crash(plugin: &Crate, listening: &Value, browser: &mut Browser) {
    plugin.law(LOUD_ABORTS);
    browser.until_text("#generation", "2");
    Line::open(listening).call("set_param", &json!({ "id": "gain", "value": 6.0 }));
    browser.until_seen("#fault .stack");
    browser.until_text("#generation", "1");
    let banner = browser.text("#fault");
    let place = place_of(LOUD_ABORTS);
    for part in ["Crash (SIGABRT, abort) in generation 2 – generation 1 plays on.", &place] {
        assert!(banner.contains(part), "no {part} in: {banner}");
    }
    assert!(browser.text("#fault .stack [data-own]").contains(&place), "{banner}");
    browser.until_seen("#audio[data-state=running]");
    browser.click("#fault summary");
    picture(browser, "crash.png");
}

/// The calls that it makes on the audio thread stand in the audit, with its own line.
fn an_allocation(plugin: &Crate, browser: &mut Browser) {
    plugin.law(ALLOCATES);
    browser.until_text("#generation", "3");
    browser.until_gone("#fault");
    browser.until("document.querySelector('#audit-tab').textContent.startsWith('Audit ')");
    browser.click("#audit-tab");
    browser.until_seen("#audit-list [data-audit=allocation]");
    let found = browser.text("#audit-list [data-audit=allocation]");
    assert!(found.contains(&place_of(ALLOCATES)) && found.contains("a second"), "{found}");
    picture(browser, "audit.png");
}

/// What the test signals make of it is no number: it is not heard.
fn a_refusal(plugin: &Crate, browser: &mut Browser) {
    plugin.law("*sample = f32::NAN * gain;");
    browser.until_seen("#reload-refused");
    let banner = browser.text("#reload-refused");
    for part in ["Reload refused.", "Generation 3 plays on.", "are not finite"] {
        assert!(banner.contains(part), "no {part} in: {banner}");
    }
    browser.until_text("#generation", "3");
    picture(browser, "refusal.png");
}

/// It hangs on the impulse, and is not even tried the second time.
fn a_quarantine(plugin: &Crate, browser: &mut Browser) {
    const HANGS: &str = "if *sample > 0.9 { loop { std::hint::spin_loop() } } *sample *= gain;";
    let said = |browser: &mut Browser, what: &str| {
        let what = json!(what);
        browser.until(&format!(
            "document.querySelector('#reload-refused')?.textContent.includes({what})"
        ));
    };
    plugin.law(HANGS);
    said(browser, "did not come back");
    plugin.law(ALLOCATES);
    browser.until_gone("#reload-refused");
    plugin.law(HANGS);
    said(browser, "this very build");
    said(browser, "--admit-anyway");
    picture(browser, "quarantine.png");
}

/// A second of an offset is told.
fn an_offset(plugin: &Crate, browser: &mut Browser) {
    plugin.law("*sample = 0.5 * gain.signum();");
    browser.until_seen("#guard-dc");
    let notice = browser.text("#guard-dc");
    for part in ["Offset in the output.", "+0.500", "6.0 dBFS"] {
        assert!(notice.contains(part), "no {part} in: {notice}");
    }
    picture(browser, "offset.png");
    // The next generation begins without.
    plugin.law("*sample *= gain;");
    browser.until_gone("#guard-dc");
}
