//! Advice about a slow build, where scripts, pages and people find it.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    crates::Crate,
    line::Line,
    reload::{assert_nothing_lost, wait_for_sound},
    server::{Server, retake, tmp},
};

/// A compiler that takes its time with the plugin and with nothing else.
fn slow_compiler() -> String {
    let path = tmp("advice").join("slow-rustc");
    let script =
        "#!/bin/sh\ncase \"$*\" in *'--crate-name saves '*) sleep 0.8;; esac\nexec \"$@\"\n";
    fs::write(&path, script).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&path).status().unwrap().success());
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_slow_build_is_explained_with_the_reload_and_said_once() {
    let plugin = Crate::new("saves");
    let mut command = retake();
    command.arg("run").arg(plugin.path()).env("RUSTC_WRAPPER", slow_compiler());
    command.args(["--input", "virtual", "--output", "virtual", "--json", "--port", "0"]);
    let mut server = Server::spawn(command);
    let listening = server.wait("listening");
    let mut browser = Browser::open(listening["url"].as_str().unwrap());
    wait_for_sound(&mut server);
    for gain in ["0.5", "0.25"] {
        plugin.law(&format!("*sample *= gain * {gain};"));
        let reloaded = server.wait("reloaded");
        let advice = &reloaded["advice"];
        println!("{advice}");
        let is_own_code = |advice: &&Value| advice["what"] == "own_code";
        let own = advice.as_array().unwrap().iter().find(is_own_code).unwrap();
        assert!(own["costs_ms"].as_f64().unwrap() >= 800.0, "so long it slept");
        // A line that nobody reads for seconds is closed.
        let status = Line::open(&listening).call("status", &json!({}));
        assert_eq!(&status["advice"], advice);
        browser.until(&format!(
            "document.querySelector('#advice')?.textContent.includes({})",
            own["message"]
        ));
    }
    browser.assert_clean();
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    assert_eq!(ended.stderr.matches("Slow build compiling").count(), 1, "{}", ended.stderr);
    assert!(!ended.stderr.contains("Running `"), "what cargo only says because we ask");
    assert_nothing_lost(&ended);
}
