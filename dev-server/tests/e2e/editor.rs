//! A click on a fault's place, from the page to the editor that is really started.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use crate::{
    browser::Browser,
    crates::{Crate, source},
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
