//! The page for everyone: axe's rules, the keyboard alone, ears instead of eyes, calm motion, any width.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{browser::Browser, everything::everything};

const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");
const THEMES: [&str; 2] = ["dark", "light"];
const VIEWS: [&str; 6] = ["spectrum", "spectrogram", "scope", "goniometer", "probes", "sources"];
const TABS: [&str; 7] = ["load", "health", "losses", "audit", "history", "devices", "journal"];
/// Transitions of the page are shorter.
const SETTLE: Duration = Duration::from_millis(250);

/// Serious and critical violations on the page as it stands, each with its elements.
fn violations(browser: &mut Browser) -> Vec<String> {
    std::thread::sleep(SETTLE);
    let bad = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations\
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')\
        .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => \
            `${id}: ${target.join(' ')}: ${failureSummary.replace(/\\s+/g, ' ')}`)))";
    serde_json::from_value(browser.eval(bad)).unwrap()
}

/// Looks at the page in both themes; what is wrong, with what is open.
fn look(browser: &mut Browser, open: &str, found: &mut Vec<String>) {
    for theme in THEMES {
        // No colour on its way to another: a busy machine is slow at that.
        browser.prefer(&[("prefers-color-scheme", theme), ("prefers-reduced-motion", "reduce")]);
        found.extend(violations(browser).iter().map(|bad| format!("{open}, {theme}: {bad}")));
    }
}

fn install_axe(browser: &mut Browser) {
    let axe = std::fs::read_to_string(AXE)
        .unwrap_or_else(|_| panic!("no axe-core in ui/node_modules: ./setup.sh --dev installs it"));
    browser.eval(&format!("{axe}; 0"));
}

#[test]
fn axe_finds_nothing_serious_whatever_is_open() {
    let (plugin, server, mut line, mut browser) = everything();
    install_axe(&mut browser);
    line.call("save_preset", &json!({ "name": "Warm" }));
    browser.until_seen("[data-preset=Warm]");
    let mut found = Vec::new();
    for (i, tab) in TABS.into_iter().enumerate() {
        browser.click(&format!("#{tab}-tab"));
        if let Some(view) = VIEWS.get(i) {
            browser.click(&format!("[data-view={view}]"));
        }
        look(&mut browser, tab, &mut found);
    }
    browser.click("#help-open");
    look(&mut browser, "help", &mut found);
    browser.click("#help-close");
    browser.click("#reset-params");
    browser.click("[data-param=level] .parameter-text");
    browser.until_seen("[data-param=level] .entry-field");
    look(&mut browser, "a question and a field", &mut found);
    plugin.break_it();
    browser.until_seen("#overlay");
    look(&mut browser, "overlay", &mut found);
    browser.assert_clean();
    drop(server);
    browser.until_seen("#offline");
    look(&mut browser, "no server", &mut found);
    assert!(found.is_empty(), "{found:#?}");
}

/// What a hand can act on, and the one that stands for it where the Tab key leaves it out.
const WALK: &str = "(() => {
  const all = 'a[href], button, input, select, textarea, summary, [tabindex], [role=slider], [role=switch], [role=tab]';
  const name = (e) => `${e.tagName} ${e.id || e.className} ${e.ariaLabel ?? e.textContent.slice(0, 20)}`;
  const near = (e) => [e, e.parentElement, ...e.parentElement.querySelectorAll('*')].slice(0, 60);
  const ring = (e) => near(e).map((n) => { const s = getComputedStyle(n);
    return `${s.boxShadow} ${s.outlineStyle} ${s.outlineWidth} ${s.borderColor}`; }).join();
  window.walk = {
    seen: new Set(), rings: [],
    step() {
      const e = document.activeElement;
      if (!e || e === document.body) return 'none';
      if (this.seen.has(e)) return 'known';
      this.seen.add(e);
      this.rings.push([e, ring(e)]);
      return 'new';
    },
    /** Those whose ring is no style of an element: perhaps of a thumb. */
    unlit: () => (walk.dark = walk.rings.filter(([e, lit]) => e.isConnected && ring(e) === lit).map(([e]) => e)).map(name),
    place: (i) => { const { x, y, width, height } = walk.dark[i].parentElement.getBoundingClientRect(); return { x: x - 8 + scrollX, y: y - 8 + scrollY, width: width + 16, height: height + 16, scale: 1 }; },
    missed: () => [...document.querySelectorAll(all)].filter((e) => e.checkVisibility() && !e.disabled && !walk.seen.has(e) && !walk.stands(e)).map(name),
    /** Another stop does the same: the lamp resets the peaks, the control types and steps, arrows lead on among tabs. */
    stands: (e) => e.tabIndex < 0 && [...walk.seen].some((s) =>
      (e.matches('.max') && s.matches('.clip') && s.closest('.strip') === e.closest('.strip')) ||
      (e.matches('.parameter-text, .step') && s.closest('.parameter') === e.closest('.parameter')) ||
      (e.matches('[role=tab]') && s.matches('[role=tab]') && s.parentElement === e.parentElement)),
  };
  document.activeElement?.blur();
})()";

/// Goes through the page with the Tab key alone; how many stops it has.
fn walk(browser: &mut Browser) -> usize {
    browser.eval(WALK);
    let mut n_stops = 0;
    loop {
        browser.press("Tab");
        match browser.eval("walk.step()").as_str() {
            Some("new") => n_stops += 1,
            // The end of the page is the way to its start.
            Some("none") => {}
            _ => break,
        }
        assert!(n_stops < 500, "the Tab key comes to no end");
    }
    browser.eval("document.activeElement?.blur()");
    assert_eq!(browser.eval("walk.missed()"), json!([]), "the Tab key passes over these");
    for (i, name) in browser.eval("walk.unlit()").as_array().unwrap().iter().enumerate() {
        let mut seen = |act: &str| {
            browser.eval(&format!("walk.dark[{i}].{act}()"));
            let place = browser.eval(&format!("walk.place({i})"));
            browser.picture(&place)
        };
        let (with, without) = (seen("focus"), seen("blur"));
        assert_eq!(without, seen("blur"), "{name} stands still");
        assert!(with != without, "nobody sees that {name} has the focus");
    }
    n_stops
}

#[test]
fn the_keyboard_alone_reaches_everything() {
    let (plugin, _server, mut line, mut browser) = everything();
    line.call("save_preset", &json!({ "name": "Warm" }));
    browser.until_seen("[data-preset=Warm]");
    for view in VIEWS {
        browser.click(&format!("[data-view={view}]"));
        println!("{view}: {} stops", walk(&mut browser));
    }
    plugin.break_it();
    browser.until_seen("#overlay");
    println!("overlay: {} stops", walk(&mut browser));
    browser.press("Escape");
    browser.until_gone("#overlay");
    tabs_turn(&mut browser);
    controls_turn(&mut browser);
    sources_turn(&mut browser);
    help_closes(&mut browser);
    browser.assert_clean();
}

/// Arrows lead through the tabs, and what they open is shown.
fn tabs_turn(browser: &mut Browser) {
    browser.eval("document.querySelector('#load-tab').focus()");
    for tab in TABS.iter().cycle().skip(1).take(TABS.len()) {
        browser.press("ArrowRight");
        browser.until_seen(&format!("#{tab}"));
        assert_eq!(browser.eval("document.activeElement.id"), format!("{tab}-tab"));
    }
}

/// Arrows turn sliders, knobs and steppers; Space throws a switch.
fn controls_turn(browser: &mut Browser) {
    let kinds = "[...document.querySelectorAll('[data-param]')].map((p) => p.dataset.kind)";
    let kinds = browser.eval(kinds);
    for kind in ["slider", "knob", "stepper", "toggle", "list"] {
        assert!(kinds.as_array().unwrap().contains(&Value::from(kind)), "no {kind} in {kinds}");
    }
    for (key, part) in [
        ("level", "input"),
        ("tone", "input"),
        ("voices", "[role=spinbutton]"),
        ("envelope.attack", "input"),
    ] {
        let text = format!("[data-param='{key}'] .parameter-text");
        let before = browser.text(&text);
        browser.eval(&format!("document.querySelector(\"[data-param='{key}'] {part}\").focus()"));
        browser.press("ArrowDown");
        browser.until(&format!(
            "document.querySelector(\"{text}\").textContent !== {}",
            json!(before)
        ));
        browser.press("ArrowUp");
        browser.until_text(&text, &before);
    }
    browser.eval("document.querySelector('[data-param=external] [role=switch]').focus()");
    browser.press(" ");
    browser.until_seen("[data-param=external] [aria-checked=true]");
}

/// A source's level, its pan, its picture and its loop's ends have the arrows, its switches Space.
fn sources_turn(browser: &mut Browser) {
    browser.click("[data-view=sources]");
    browser.until_seen("[data-source='1'] .wave");
    let mut turned = |part: &str, key: &str, place: &str, words: &str| {
        browser.eval(&format!("document.querySelector(\"[data-source='1'] {part}\").focus()"));
        browser.press(key);
        browser.until_text(&format!("[data-source='1'] {place}"), words);
    };
    let gain = "[data-kind=slider] .parameter-text";
    turned("[data-kind=slider] input", "ArrowRight", gain, "\u{2212}69.5 dB");
    let pan = ".source-row [data-kind=knob] .parameter-text";
    turned("[data-kind=knob] input", "ArrowLeft", pan, "5 % L");
    turned("[data-end=to]", "ArrowRight", ".source-span", "0:00.200 – 0:00.610");
    turned("[data-end=from]", "ArrowLeft", ".source-span", "0:00.190 – 0:00.610");
    turned(".source-loop", " ", ".source-span", "");
    turned(".wave-seek", "End", ".source-time", "0:01.0 / 0:01.0");
    turned(".wave-seek", "Home", ".source-time", "0:00.0 / 0:01.0");
    turned(".source-play", " ", ".source-play", "Pause");
    turned(".source-mute", " ", ".source-mute[aria-pressed=true]", "Mute");
}

/// The dialog keeps the Tab key while it is open, and gives the focus back.
fn help_closes(browser: &mut Browser) {
    browser.eval("document.querySelector('#help-open').focus()");
    browser.press("Enter");
    browser.until_seen("#help");
    for _ in 0..5 {
        browser.press("Tab");
        browser.until(
            "document.activeElement === document.body || document.activeElement.closest('#help')",
        );
    }
    browser.press("Escape");
    browser.until_gone("#help");
    assert_eq!(browser.eval("document.activeElement.id"), "help-open");
}

/// Counts what is written into each element over a time, in the page.
const COUNT: &str = "(seconds) => new Promise((done) => {
  const counts = new Map();
  const began = performance.now();
  const observer = new MutationObserver((records) => records.forEach(({ target, type, attributeName }) => {
    const element = target instanceof Element ? target : target.parentElement;
    if (!element || (type === 'attributes' && !attributeName.startsWith('aria-'))) return;
    const own = counts.get(element) ?? {};
    const what = attributeName ?? 'text';
    own[what] = (own[what] ?? 0) + 1;
    counts.set(element, own);
  }));
  observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  const name = (e) => `${e.tagName} ${e.id || e.className} ${JSON.stringify(e.dataset)}`;
  setTimeout(() => { observer.disconnect(); done([...counts].flatMap(([e, own]) => Object.entries(own).map(([what, n]) => [`${name(e)} ${what}`, (n - 1) / ((performance.now() - began) / 1000)]))); }, seconds * 1000);
})";

#[test]
fn meters_speak_and_no_faster_than_can_be_read() {
    let (_plugin, _server, _line, mut browser) = everything();
    let meters = "[...document.querySelectorAll('[role=meter]')].map((m) => ({ name: m.ariaLabel, \
        low: Number(m.ariaValueMin), high: Number(m.ariaValueMax), now: Number(m.ariaValueNow), text: m.ariaValueText }))";
    browser
        .until("document.querySelector('[data-meter=input-0]')?.ariaValueText?.includes('+12.0')");
    let said = browser.eval(meters);
    let said = said.as_array().unwrap();
    assert!(said.len() > 4 + 10 + 4, "{said:#?}");
    for meter in said {
        let number = |key: &str| meter[key].as_f64().unwrap();
        assert!((number("low")..=number("high")).contains(&number("now")), "{meter}");
        let words = |key: &str| meter[key].as_str().is_some_and(|words| !words.trim().is_empty());
        assert!(words("name") && words("text"), "{meter}");
    }
    assert_eq!(said[0]["now"], said[0]["high"], "louder than the scale: {}", said[0]);
    let counts = browser.eval(&format!("({COUNT})(3)"));
    let counts = counts.as_array().unwrap();
    let written = |what: &str| {
        counts.iter().filter(|count| count[0].as_str().unwrap().contains(what)).count()
    };
    for meter in ["input-0", "plugin-bar"] {
        assert!(written(meter) > 0, "{meter} does not move: {counts:#?}");
    }
    for count in counts {
        assert!(count[1].as_f64().unwrap() <= 10.0, "more than ten a second: {count}");
    }
    browser.assert_clean();
}

/// In how many frames each view painted over a time, in the page.
pub(crate) const PAINTS: &str = "(seconds) => new Promise((done) => {
  const counts = new Map();
  const pen = CanvasRenderingContext2D.prototype;
  const own = { clearRect: pen.clearRect, fillRect: pen.fillRect };
  // Every picture begins with one of these; within a frame that clock stands.
  for (const [name, act] of Object.entries(own)) pen[name] = function (...words) {
    const view = this.canvas.closest('[data-plot]')?.dataset.plot;
    const { frame, n } = counts.get(view) ?? { frame: -1, n: 0 };
    const now = document.timeline.currentTime;
    if (view && frame !== now) counts.set(view, { frame: now, n: n + 1 });
    return act.apply(this, words);
  };
  setTimeout(() => {
    Object.assign(pen, own);
    done([...counts].map(([view, { n }]) => [view, n]));
  }, seconds * 1000);
})";

#[test]
fn who_wants_no_motion_gets_a_calm_picture() {
    let (_plugin, _server, _line, mut browser) = everything();
    let paints = |browser: &mut Browser| {
        let paints = browser.eval(&format!("({PAINTS})(2)"));
        let of = |p: &Value| (p[0] == "spectrum").then(|| p[1].as_u64().unwrap());
        paints.as_array().unwrap().iter().find_map(of).unwrap_or(0)
    };
    browser.until("document.querySelector('#views canvas')?.ariaLabel?.includes('loudest')");
    let lively = paints(&mut browser);
    browser.prefer(&[("prefers-reduced-motion", "reduce")]);
    let calm = paints(&mut browser);
    assert!(lively > calm && (1..=9).contains(&calm), "{lively}, then {calm} pictures in 2 s");
    let moving = "(() => { document.querySelector('#bypass').click(); return document.getAnimations().length; })()";
    assert_eq!(browser.eval(moving), 0, "nothing glides");
    browser.assert_clean();
}

/// What stands out at the right, unless it lies in something that scrolls.
pub(crate) const STICKS_OUT: &str = "(() => {
  const { clientWidth, scrollWidth } = document.documentElement;
  const scrolls = (e) => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') return true; return false; };
  const out = [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > clientWidth + 0.5 && !scrolls(e));
  return [...(scrollWidth > clientWidth ? [`the page scrolls: ${scrollWidth}`] : []), ...out.slice(0, 5).map((e) => `${e.tagName} ${e.id || e.className}`)];
})()";

#[test]
fn a_narrow_window_shows_everything() {
    let (plugin, _server, mut line, mut browser) = everything();
    line.call(
        "save_preset",
        &json!({ "name": "A preset with a name that is longer than the window is wide" }),
    );
    plugin.break_it();
    browser.until_seen("#overlay");
    for width in [390, 200] {
        browser.resize(width, 844);
        let look = |browser: &mut Browser, open: &str| {
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(browser.eval(STICKS_OUT), json!([]), "{open} at {width} px");
        };
        look(&mut browser, "overlay");
        for (view, tab) in VIEWS.into_iter().cycle().zip(TABS) {
            browser.eval(&format!("document.querySelector('[data-view={view}]').click()"));
            browser.eval(&format!("document.querySelector('#{tab}-tab').click()"));
            look(&mut browser, &format!("{view} and {tab}"));
        }
        browser.eval("document.querySelector('#help-open').click()");
        look(&mut browser, "help");
        browser.eval("document.querySelector('#help-close').click()");
    }
    browser.assert_clean();
}
