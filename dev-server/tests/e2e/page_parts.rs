//! Keys, presets, meters and controls by hint, in a real browser beside the real binary.

use serde_json::json;

use crate::page::{at_the_page, measured};

const COMPRESSOR: &str = "plugin-sdk/examples/compressor";

#[test]
fn a_key_of_the_page_is_heard_as_long_as_it_is_down() {
    let words = ["run", "plugin-sdk/examples/synth", "--input", "none", "--output", "virtual"];
    let (_server, mut line, mut browser) = at_the_page(&words);
    browser.until_seen(".piano");
    let key = |kind: &str| {
        format!(
            "document.dispatchEvent(new KeyboardEvent('{kind}', {{ code: 'KeyH', bubbles: true }}))"
        )
    };
    assert!(measured(&mut line, "output")[0] < -100.0, "nobody plays yet");
    browser.eval(&key("keydown"));
    let loud = measured(&mut line, "output")[0];
    assert!((-30.0..-10.0).contains(&loud), "{loud} dBFS");
    let still = measured(&mut line, "output")[0];
    assert!((-30.0..-10.0).contains(&still), "{still} dBFS: it is held");
    browser.eval(&key("keyup"));
    (0..6).for_each(|_| drop(measured(&mut line, "output")));
    assert!(measured(&mut line, "output")[0] < -100.0, "the key went up");
    browser.assert_clean();
}

#[test]
fn what_was_saved_comes_back_by_a_click() {
    let words = ["run", COMPRESSOR, "--input", "virtual:tone=220", "--output", "virtual"];
    let (_server, mut line, mut browser) = at_the_page(&words);
    let set = |line: &mut crate::line::Line, value: f64| {
        line.call("set_param", &json!({ "id": "threshold", "value": value }));
        line.wait_for("param", |param| param["value"] == value);
    };
    set(&mut line, -40.0);
    // What comes later moves what is below it.
    browser.until_seen("[data-plugin-meter=gain_reduction]");
    browser.until_seen("#preset-name");
    browser.eval(
        "(() => { const name = document.querySelector('#preset-name'); name.value = 'Squash'; \
         name.dispatchEvent(new Event('input', { bubbles: true })); })()",
    );
    browser.click("#save-preset");
    browser.until_seen("[data-preset=Squash] .preset-recall");
    set(&mut line, -3.0);
    browser.click("[data-preset=Squash] .preset-recall");
    line.wait_for("param", |param| param["value"] == -40.0);
    browser
        .until("document.querySelector('[data-param=threshold]').textContent.includes('40.0 dB')");
    let presets = line.call("presets", &json!({}));
    assert_eq!(presets["presets"][0]["name"], "Squash");
    line.call("delete_preset", &json!({ "name": "Squash" }));
    browser.until_gone("[data-preset=Squash]");
    browser.assert_clean();
}

#[test]
fn a_meter_of_the_plugin_moves_and_a_switch_is_a_switch() {
    let words = ["run", COMPRESSOR, "--input", "virtual:tone=220", "--output", "virtual"];
    let (_server, mut line, mut browser) = at_the_page(&words);
    line.call("set_param", &json!({ "id": "threshold", "value": -60.0 }));
    let meter = "document.querySelector('[data-plugin-meter=gain_reduction] [role=meter]')";
    browser.until(&format!("Number({meter}?.ariaValueNow) > 6"));
    let external = "document.querySelector('[data-param=external] [role=switch]')";
    browser.until(&format!("{external}?.ariaChecked === 'false'"));
    browser.click("[data-param=external] [role=switch]");
    browser.until(&format!("{external}.ariaChecked === 'true'"));
    // It listens to a side input now, which is silent.
    browser.until(&format!("Number({meter}.ariaValueNow) < 0.5"));
    browser.assert_clean();
}
