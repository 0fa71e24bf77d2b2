//! The process that crashes: `host_crash WORDS LIBRARY END` plays one block of the crasher.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's other half")]

#[cfg(target_os = "linux")]
#[path = "shared/ffi.rs"]
mod shared;

#[cfg(target_os = "linux")]
fn main() {
    use std::{path::Path, sync::Arc, sync::mpsc::channel};

    use retake_engine::{Planar, ProcessIo, Transport, processor::Replies};
    use retake_host::{
        Format, Isolation, News, Patience, PluginThread, Request, StagingDir, audit,
    };

    let mut args = std::env::args().skip(1);
    let file = args.next().unwrap();
    let words = shared::words(Path::new(&file));
    let artifact = args.next().unwrap().into();
    speak(words, &file);
    let _stack = audit::AltStack::new().unwrap();
    words.note_audio_thread();
    let request = Request {
        generation: 1,
        artifact,
        staging: Arc::new(StagingDir::new().unwrap()),
        plugin_id: None,
        format: Format { rate: 48_000.0, max_block: 64, n_input: 2, n_output: 2 },
        is_guarded: false,
        state: None,
        params: Vec::new(),
        start: None,
        admission: retake_host::Admission { is_waived: true, ..Default::default() },
        isolation: Isolation::InProcess,
        patience: Patience::Watchdog,
        executable: std::path::PathBuf::new(),
        set: vec![("end".parse().unwrap(), args.next().unwrap().parse().unwrap())],
    };
    let (send, notes) = channel();
    let _thread = PluginThread::spawn(request, Box::new(move |note| drop(send.send(note.news))));
    let mut activated = loop {
        match notes.recv().unwrap() {
            News::Activated(activated) => break activated,
            News::Failed { message, .. } => panic!("{message}"),
            _ => {}
        }
    };
    activated.processor.process(&mut ProcessIo {
        input: &Planar::new(2, 64),
        output: &mut Planar::new(2, 64),
        frames: 64,
        frame: 0,
        transport: Transport::at(0, 48_000, 120.0),
        events: &[],
        replies: &mut Replies::new(16),
    });
}

/// A crash notes in another file whether that comes before the words.
#[cfg(target_os = "linux")]
fn speak(words: &'static retake_host::audit::LastWords, file: &str) {
    let acts = std::fs::File::create(format!("{file}.act")).unwrap();
    let first_act = move || {
        let what: &[u8] = if words.read().is_none() { b"first" } else { b"late" };
        std::io::Write::write_all(&mut &acts, what).unwrap();
    };
    retake_host::audit::install(words, first_act).unwrap();
}

#[cfg(not(target_os = "linux"))]
fn main() {}
