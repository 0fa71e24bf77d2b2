//! Opens the page in the user's browser.

use std::process::{Command, Stdio};

use crate::report::{Tone, say};

/// Asks the desktop to open `url`; says so when there is nothing to ask.
pub fn open(url: &str) {
    let (program, args): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let command = Command::new(program)
        .args(args)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match command {
        // It ends by itself; someone has to wait for it, so that no zombie stays.
        Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
        Err(error) => say(Tone::Warning, "Browser", format!("{program}: {error}; open {url}")),
    }
}
