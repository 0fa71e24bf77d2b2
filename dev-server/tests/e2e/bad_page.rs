//! What the page makes of odd plugins and of a server that does not know it any more.

use serde_json::json;

use crate::{
    access::STICKS_OUT,
    browser::Browser,
    crates::{Crate, source},
    line::{Line, port_of},
    page::at_the_page,
    server::{Server, retake, tmp},
};

/// A name that would be something else if it were not shown as text, 500 characters long.
fn name(n: usize) -> String {
    let markup = format!("<img src=x onerror='window.pwned = {n}'><b>{n}</b>&amp;{{{{x}}}} ");
    format!("{markup:ü<500}")
}

/// The gain without its parameter.
fn bare() -> String {
    let text = source("*sample *= 1.0;");
    let field = text.lines().find(|line| line.contains("#[param(")).unwrap();
    let parts = [field, "    gain: FloatParam,\n", "let gain = db_to_gain(params.gain.next());"];
    let text = parts.iter().fold(text.clone(), |text, part| text.replace(part, ""));
    text.replace("FloatParam, ", "").replace("db_to_gain, ", "")
}

/// Five hundred parameters in fifty groups, all of them named like that.
fn many() -> String {
    let group = |n: usize| {
        let param = |i: usize| {
            format!(
                "    #[param(name = {:?}, range = 0.0..=1.0, default = 0.5)]\n    p{i}: FloatParam,\n",
                name(10 * n + i)
            )
        };
        let params: String = (0..10).map(param).collect();
        format!("#[derive(Debug, Params)]\npub struct Group{n} {{\n{params}}}\n\n")
    };
    let groups: String = (0..50).map(group).collect();
    let field = |n: usize| format!("    #[group(name = {:?})]\n    g{n}: Group{n},\n", name(n));
    let fields: String = (0..50).map(field).collect();
    let plugin = bare().replace("Block, Context,", "Block, Context, FloatParam,");
    let plugin = plugin.replace("\"Test Gain\"", &format!("{:?}", name(0)));
    let plugin =
        plugin.replace("pub struct GainParams {\n", &format!("pub struct GainParams {{\n{fields}"));
    format!("{plugin}\n{groups}")
}

#[test]
fn plugins_of_any_kind_are_shown_as_they_are() {
    let plugin = Crate::new("page");
    let (_server, _line, mut browser) = at_the_page(&[
        "run",
        plugin.path(),
        "--input",
        "virtual:tone=997",
        "--output",
        "virtual",
        // What is no number would not sound at all.
        "--admit-anyway",
    ]);
    plugin.law("*sample *= gain * f32::NAN;");
    no_number(&mut browser);
    plugin.save("src/lib.rs", &bare());
    browser.until_text("#generation", "3");
    browser.until_seen(".parameters-empty");
    browser.until("document.querySelectorAll('[data-param]').length === 0");
    plugin.save("src/lib.rs", &many());
    browser.until_text("#generation", "4");
    browser.until("document.querySelectorAll('[data-param]').length === 500");
    let inside =
        "document.querySelectorAll('#parameters img, #parameters b, #masthead .plugin b').length";
    assert_eq!(browser.eval(&format!("[{inside}, typeof window.pwned]")), json!([0, "undefined"]));
    let shown = browser.text("[data-param] .parameter-name");
    assert!(
        shown.starts_with("<img src=x onerror='window.pwned = 0'><b>0</b>&amp;{{x}}"),
        "{shown}"
    );
    for width in [1280, 390, 200] {
        browser.resize(width, 800);
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert_eq!(browser.eval(STICKS_OUT), json!([]), "at {width} px");
    }
    browser.assert_clean();
}

/// A plugin whose samples are no numbers: muted and told so; nothing on the page is "NaN".
fn no_number(browser: &mut Browser) {
    browser.until_text("#generation", "2");
    browser.until_seen("#fault");
    let banner = browser.text("#fault");
    assert!(banner.contains("Non finite in generation 2"), "{banner}");
    for view in ["spectrogram", "scope", "goniometer", "probes", "spectrum"] {
        browser.click(&format!("[data-view={view}]"));
        browser.until_seen(&format!("[data-plot={view}]"));
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert_eq!(
            browser.eval("/\\bNaN\\b|undefined|Infinity/.exec(document.body.innerText)"),
            json!(null)
        );
    }
    browser.until("document.querySelector('[data-meter=input-0]').ariaValueText.includes('12.0')");
}

/// The server comes back with another token: the page says what to do, and gets in with a new cookie.
#[test]
fn a_page_that_is_not_known_any_more_says_so() {
    let start = |state: &str, port: &str| {
        let mut command = retake();
        command.args([
            "run",
            "example-plugin",
            "--input",
            "virtual:tone=997",
            "--output",
            "virtual",
        ]);
        command.args(["--json", "--port", port]);
        command.env("RETAKE_STATE_DIR", tmp("states").join(state));
        Server::spawn(command)
    };
    let mut first = start("known", "0");
    let listening = first.wait("listening");
    first.wait("reloaded");
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    browser.until_seen("#audio[data-state=running]");
    first.stop().succeeded();
    let mut second = start("unknown", &port_of(&listening).to_string());
    let other = second.wait("listening");
    second.wait("reloaded");
    assert_ne!(listening["token"], other["token"]);
    browser.until_seen("#connection[data-state=refused]");
    browser.until("document.querySelector('#refused')?.textContent.includes('Open the URL from the terminal')");
    // Someone opens that URL in this browser: the cookie is right again.
    let url = json!(other["url"]);
    browser.eval(&format!("fetch({url}, {{ credentials: 'include' }}).then(() => 0)"));
    browser.until_seen("#connection[data-state=connected]");
    browser.until_gone("#refused");
    let mut line = Line::open(&other);
    line.call("status", &json!({}));
}
