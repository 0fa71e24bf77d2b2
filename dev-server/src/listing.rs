//! What can be chosen: `retake devices`, and the same for pages while a session runs.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use retake_io::{
    DeviceListing, HostListing, Lister, list,
    midi::{MidiListing, list_midi},
};
use serde_json::{Value, json};

use crate::{
    report::{Tone, say},
    store::Asker,
    web::RpcError,
};

/// Those who wait for a list; a sound server that hangs lets them wait.
const WAITING: usize = 64;

/// The thread `listing`, which asks the hosts and may wait for them; it ends with this.
#[derive(Debug)]
pub struct Listing(SyncSender<Asker>);

impl Listing {
    /// Starts it.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start() -> io::Result<Self> {
        let (orders, inbox) = sync_channel(WAITING);
        thread::Builder::new().name("listing".into()).spawn(move || serve(&inbox))?;
        Ok(Self(orders))
    }

    /// Has the devices listed for `asker`; returns at once.
    pub fn ask(&self, asker: Asker) {
        if let Err(refused) = self.0.try_send(asker) {
            let message = "the audio system has not answered those who asked before";
            asker_of(refused).answer("", Err(RpcError::busy(message)));
        }
    }
}

fn asker_of(refused: std::sync::mpsc::TrySendError<Asker>) -> Asker {
    let (std::sync::mpsc::TrySendError::Full(asker)
    | std::sync::mpsc::TrySendError::Disconnected(asker)) = refused;
    asker
}

fn serve(inbox: &Receiver<Asker>) {
    let mut lister = Lister::default();
    while let Ok(first) = inbox.recv() {
        let others: Vec<_> = inbox.try_iter().collect();
        let mut askers = std::iter::once(first).chain(others).filter(|asker| !asker.is_gone());
        let Some(first) = askers.next() else { continue };
        let devices = show(&lister.list());
        for asker in askers {
            asker.answer("", Ok(devices.clone()));
        }
        first.answer("", Ok(devices));
    }
}

/// As a page shows them: all hosts' devices in one list for each end.
fn show(hosts: &[HostListing]) -> Value {
    let of_host = |host: &HostListing, devices: &[DeviceListing]| -> Vec<Value> {
        let named = |device: &DeviceListing| {
            let mut shown = json!(device);
            shown["host"] = json!(host.host);
            shown
        };
        devices.iter().map(named).collect()
    };
    let end = |devices: fn(&HostListing) -> &[DeviceListing]| -> Vec<Value> {
        hosts.iter().flat_map(|host| of_host(host, devices(host))).collect()
    };
    let away = hosts.iter().filter(|host| host.unavailable.is_some());
    let away = away.map(|host| json!({ "host": host.host, "reason": host.unavailable }));
    json!({
        "input": end(|host| &host.inputs),
        "output": end(|host| &host.outputs),
        "unavailable": away.collect::<Vec<_>>(),
    })
}

/// Prints all hosts, devices and MIDI ports, as a table or as one JSON object.
pub fn print(as_json: bool) -> ExitCode {
    let (hosts, midi) = (list(), list_midi());
    let text = if as_json {
        format!("{}\n", json!({ "hosts": hosts, "midi": midi }))
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
