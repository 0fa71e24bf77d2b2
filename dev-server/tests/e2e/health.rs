//! What went wrong, and when: as the page is told, and from a click to the editor that is really
//! started.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    crates::{Crate, source},
    line::Line,
    server::{Server, tmp},
};

/// An editor that writes down what it was asked to open, beside itself.
fn editor() -> (PathBuf, PathBuf) {
    let program = tmp("an editor").join("open.sh");
    let asked = program.with_extension("asked");
    let script = format!(
        "#!/bin/sh\nprintf '%s|' \"$@\" > '{0}.new'\nmv '{0}.new' '{0}'\n",
        asked.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let _ = fs::remove_file(&asked);
    (program, asked)
}

/// What the server answers to this page's own request.
fn status_of(browser: &mut Browser, file: &str) -> u64 {
    let ask = format!(
        "fetch('/open', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }}, \
         body: JSON.stringify({{ file: '{file}', line: 1 }}) }}).then(answer => answer.status)"
    );
    browser.eval(&ask).as_u64().unwrap()
}

#[test]
fn a_click_on_a_faults_place_opens_it_in_the_editor() {
    let plugin = Crate::new("page");
    let statement = "assert!(gain < 1.5, \"too loud\"); *sample *= gain;";
    plugin.law(statement);
    let (program, asked) = editor();
    let command = format!("'{}' --wait +{{line}} {{file}}", program.display());
    let mut server = Server::start(&[
        "run",
        plugin.path(),
        "--input",
        "virtual:tone=997",
        "--output",
        "virtual",
        "--set",
        "gain=6",
        "--admit-anyway",
        "--editor",
        &command,
    ]);
    let listening = server.wait("listening");
    server.wait("fault");
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    browser.until_seen("#fault .place-link");
    browser.click("#fault .place-link");
    while !asked.exists() {
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(browser.text("#fault .place-said"), "");
    }
    let row = source(statement).lines().position(|line| line.contains(statement)).unwrap() + 1;
    let file = plugin.dir.canonicalize().unwrap().join("src/lib.rs");
    let words = format!("--wait|+{row}|{}|", file.display());
    assert_eq!(fs::read_to_string(&asked).unwrap(), words);
    browser.assert_clean();
    for outside in ["/etc/hostname", "src/../../Cargo.toml", "src/none.rs"] {
        assert_eq!(status_of(&mut browser, outside), 404, "{outside}");
    }
    assert_eq!(fs::read_to_string(&asked).unwrap(), words);
}

#[test]
fn a_loss_has_its_time_and_a_generation_its_place_in_the_history() {
    let mut server = Server::start(&[
        "run",
        "example-plugin",
        "--input",
        "virtual:stall=1+0.3,tone=997",
        "--output",
        "virtual",
    ]);
    let listening = server.wait("listening");
    let reloaded = server.wait("reloaded");
    let mut line = Line::open(&listening);
    let kind_of = |xrun: &Value| xrun["kind"] == "underrun";
    let status = loop {
        let status = line.call("status", &json!({}));
        if status["xruns"].as_array().unwrap().iter().any(kind_of) {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let underrun = status["xruns"].as_array().unwrap().iter().find(|xrun| kind_of(xrun)).unwrap();
    // The microphone stands still a second after it began; the clock of the frames says when.
    let frame = underrun["frame"].as_u64().unwrap();
    assert!(underrun["n"].as_u64() >= Some(1), "{underrun}");
    assert!((40_000..=90_000).contains(&frame), "{underrun}");
    assert!(underrun["t"].as_f64() > reloaded["t"].as_f64(), "{underrun}");
    assert_eq!(status["history"], json!([reloaded]));
    assert_eq!(status["plugin_faults"]["wrong_thread"], 0);
    let answer = line.call("gesture", &json!({ "id": "gain", "on": true }));
    assert_eq!(answer, json!({}));
}
