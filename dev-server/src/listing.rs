//! `retake devices`: what can be chosen.

use std::{io::Write, process::ExitCode};

use retake_io::{HostListing, list};

use crate::report::{Tone, say};

/// Prints all hosts and devices, as a table or as one JSON object.
pub fn print(as_json: bool) -> ExitCode {
    let hosts = list();
    let text = if as_json {
        format!("{}\n", serde_json::json!({ "hosts": hosts }))
    } else {
        hosts.iter().map(table).collect()
    };
    match anstream::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(Tone::Error, "Error", format!("stdout: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn table(host: &HostListing) -> String {
    let side = |name: &str, devices: &[retake_io::DeviceListing]| -> String {
        devices
            .iter()
            .map(|d| {
                let mark = if d.default { "*" } else { " " };
                format!("  {mark} {name:6} {}\n", d.name)
            })
            .collect()
    };
    let (inputs, outputs) = (side("input", &host.inputs), side("output", &host.outputs));
    let why = host
        .unavailable
        .as_ref()
        .map_or_else(String::new, |why| format!(" ({why})"));
    format!("{}{why}\n{inputs}{outputs}", host.host)
}
