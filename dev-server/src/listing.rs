//! `retake devices`: what can be chosen.

use std::{fmt::Write as _, io::Write as _, process::ExitCode};

use retake_io::{
    HostListing, list,
    midi::{MidiListing, list_midi},
};

use crate::report::{Tone, say};

/// Prints all hosts, devices and MIDI ports, as a table or as one JSON object.
pub fn print(as_json: bool) -> ExitCode {
    let (hosts, midi) = (list(), list_midi());
    let text = if as_json {
        format!("{}\n", serde_json::json!({ "hosts": hosts, "midi": midi }))
    } else {
        hosts.iter().map(table).chain([midi_table(&midi)]).collect()
    };
    match anstream::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(Tone::Error, "Error", format!("stdout: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn midi_table(midi: &MidiListing) -> String {
    let why = midi.unavailable.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    let ports = midi.inputs.iter().map(|name| format!("    midi   {name}\n"));
    format!("midi{why}\n{}", ports.collect::<String>())
}

fn table(host: &HostListing) -> String {
    let why = host.unavailable.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    let inputs = host.inputs.iter().map(|device| ("input", device));
    let outputs = host.outputs.iter().map(|device| ("output", device));
    let mut text = format!("{}{why}\n", host.host);
    for (end, device) in inputs.chain(outputs) {
        let mark = if device.default { '*' } else { ' ' };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {mark} {end:6} {}", device.name);
    }
    text
}
