//! Wrong words and broken things: one message that names the value, what is allowed and the fix;
//! the right exit code; `stopped` as the last event; nothing left behind.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    crates::Crate,
    reload::{pause, wait_for_sound},
    server::{Ended, Server, run, tmp},
};

const VIRTUAL: [&str; 4] = ["--input", "virtual", "--output", "virtual"];

/// Runs the example between virtual devices with more words, to its end.
fn example(more: &[&str]) -> Ended {
    run(&[&["run", "example-plugin", "--no-watch"], &VIRTUAL[..], more].concat())
}

/// Runs something else instead of the example.
fn of_path(path: &Path, more: &[&str]) -> Ended {
    run(&[&["run", path.to_str().unwrap()], &VIRTUAL[..], more].concat())
}

/// Words that clap refuses before there is a session, so before there are events.
fn refused_words(more: &[&str], words: &[&str]) {
    let ended = example(more);
    println!("{}", ended.stderr);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.events.is_empty());
    for word in words {
        assert!(ended.stderr.contains(word), "{word:?} in\n{}", ended.stderr);
    }
}

fn dir(name: &str) -> PathBuf {
    tmp("bad").join(name)
}

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// A library of this machine's kind that is no plugin.
fn no_plugin() -> PathBuf {
    let source = file("no_plugin.rs", b"#[unsafe(no_mangle)] pub extern \"C\" fn nothing() {}");
    let library = dir("libno_plugin.so");
    let status = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "cdylib", "-o"])
        .arg(&library)
        .arg(&source)
        .status();
    assert!(status.unwrap().success());
    library
}

#[test]
fn a_path_that_is_no_plugin() {
    of_path(&dir("nowhere"), &[]).failed(2, &["bad/nowhere", "does not exist", "crate"]);
    fs::create_dir_all(dir("empty-dir")).unwrap();
    of_path(&dir("empty-dir"), &[]).failed(2, &["empty-dir", "not a crate", "Cargo.toml"]);
    let text = file("notes.txt", b"hello");
    of_path(&text, &[]).failed(2, &["notes.txt", "not a plugin library", ".clap"]);
}

#[test]
fn a_crate_without_a_library_to_load() {
    let root = dir("no-cdylib");
    fs::create_dir_all(root.join("src")).unwrap();
    let manifest = "[package]\nname = \"plain\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(root.join("Cargo.toml"), manifest).unwrap();
    fs::write(root.join("src/lib.rs"), "").unwrap();
    let lines = ["no-cdylib/Cargo.toml", "\n[lib]\ncrate-type = [\"cdylib\"]\n"];
    of_path(&root, &[]).failed(2, &lines);
    fs::write(root.join("Cargo.toml"), "[package\n").unwrap();
    of_path(&root, &[]).failed(1, &["no-cdylib/Cargo.toml", "cargo cannot read"]);
}

#[test]
fn a_library_that_is_none() {
    let whole = no_plugin();
    of_path(&whole, &["--no-watch"]).failed(1, &["clap_entry", "export_plugin!"]);
    let bytes = fs::read(&whole).unwrap();
    let half = file("libhalf.so", &bytes[..bytes.len() / 2]);
    of_path(&half, &["--no-watch"]).failed(1, &["libhalf.so", "not whole"]);
    let empty = file("libempty.so", b"");
    of_path(&empty, &["--no-watch"]).failed(1, &["libempty.so"]);
    let text = file("libtext.clap", b"this is no library at all, only a long enough text file");
    of_path(&text, &["--no-watch"]).failed(1, &["libtext.clap", "not a dynamic library"]);
}

#[test]
fn hosts_and_devices_that_there_are_not() {
    let with = |words: &[&str]| run(&[&["run", "example-plugin", "--no-watch"], words].concat());
    with(&["--host", "vitual"]).failed(2, &["vitual", "did you mean \"virtual\"", "hosts here"]);
    with(&["--host", "virtual", "--input", "mic", "--output", "virtual"])
        .failed(2, &["input device \"mic\"", "input devices: "]);
    with(&["--host", "alsa", "--input", "virtual", "--output", "speakers"])
        .failed(2, &["output device \"speakers\"", "output devices: "]);
    with(&["--input", "none", "--output", "none"]).failed(2, &["none", "nothing to run"]);
    example(&["--rate", "12"]).failed(2, &["12 Hz", "supports"]);
    let two =
        ["--input", "virtual:rate=44100", "--output", "virtual:rate=48000", "--rate", "96000"];
    with(&two).failed(2, &["96000 Hz", "supports"]);
}

#[test]
fn virtual_devices_of_wrong_words() {
    let with = |input: &str| {
        run(&["run", "example-plugin", "--no-watch", "--input", input, "--output", "virtual"])
    };
    with("virtual:tune=440").failed(2, &["virtual:tune=440", "tune", "tone", "period"]);
    with("virtual:period=0").failed(2, &["period", "1", "65536"]);
    with("virtual:period").failed(2, &["period needs a value"]);
    with("virtual:tone=440,file=a.wav").failed(2, &["either a tone or a file"]);
    let missing = format!("virtual:file={}", dir("missing.wav").display());
    with(&missing).failed(1, &["missing.wav", "cannot read"]);
    let text = file("text.wav", b"not a WAV file, only its name says so");
    with(&format!("virtual:file={}", text.display())).failed(1, &["text.wav", "cannot read"]);
    let empty = dir("empty.wav");
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    hound::WavWriter::create(&empty, spec).unwrap().finalize().unwrap();
    with(&format!("virtual:file={}", empty.display())).failed(1, &["empty.wav", "no audio"]);
}

#[test]
fn parameters_and_values_that_there_are_not() {
    example(&["--set", "gian=-6"]).failed(2, &["gian", "gain"]);
    example(&["--set", "gain=13"]).failed(2, &["gain", "-60", "12", "13"]);
    example(&["--at", "1:gian=-6"]).failed(2, &["gian", "gain"]);
    example(&["--at", "1:gain=-61"]).failed(2, &["gain", "-60", "12", "-61"]);
    refused_words(&["--set", "gain"], &["PARAM=VALUE", "gain=-6"]);
    refused_words(&["--set", "gain=loud"], &["loud", "finite number"]);
    refused_words(&["--at", "gain=1"], &["SECONDS:PARAM=VALUE"]);
    refused_words(&["--at", "-1:gain=1"], &["-1", "seconds"]);
    refused_words(&["--duration", "soon"], &["soon", "seconds"]);
    refused_words(&["--clock", "slow"], &["slow", "real", "fast"]);
}

#[test]
fn a_fast_clock_that_could_not_run() {
    example(&["--clock", "fast"]).failed(2, &["--duration SECONDS"]);
    let words = ["--input", "none", "--output", "virtual", "--clock", "fast", "--duration", "1"];
    let ended = run(&[&["run", "example-plugin"], &words[..]].concat());
    println!("{:?} {}", ended.code, ended.stderr);
    let words = ["--host", "alsa", "--input", "virtual", "--output", "default"];
    let fast = ["--clock", "fast", "--duration", "1"];
    run(&[&["run", "example-plugin"], &words[..], &fast].concat())
        .failed(2, &["fast clock", "virtual"]);
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    // The last word counts; the harness gives port 0 after this one.
    let mut command = crate::server::retake();
    command.args(["run", "example-plugin"]).args(VIRTUAL);
    command.args(["--json", "--port", &port]);
    Server::spawn(command).end().failed(1, &[&port, "--port"]);
}

#[test]
fn recordings_that_cannot_be_written() {
    let nowhere = dir("no-such-dir/take.wav");
    example(&["--record", nowhere.to_str().unwrap()])
        .failed(1, &["no-such-dir/take.wav", "no such directory"]);
    let full = ["--record", "/dev/full", "--duration", "20"];
    example(&full).failed(1, &["/dev/full", "disk full"]);
    let fast = ["--record", "/dev/full", "--duration", "20", "--clock", "fast"];
    example(&fast).failed(1, &["/dev/full", "disk full"]);
    let words = ["--input", "virtual", "--output", "virtual:file=/dev/full", "--duration", "20"];
    run(&[&["run", "example-plugin"], &words[..]].concat()).failed(1, &["/dev/full", "disk full"]);
}

#[test]
fn a_first_build_that_fails() {
    let plugin = Crate::new("first");
    plugin.law("*sample *= ;");
    let ended = of_path(&plugin.dir, &["--no-watch"]);
    ended.failed(1, &["expected expression", "src/lib.rs", "the build failed"]);
    assert_eq!(ended.event("build_failed")["exit"], 101);

    // With a watcher it waits, and plays what the fix builds.
    let mut server = Server::start(&[&["run", plugin.path()], &VIRTUAL[..]].concat());
    server.wait("build_failed");
    pause(&mut server, 200);
    plugin.law(crate::crates::UNITY);
    wait_for_sound(&mut server);
    let ended = server.stop().succeeded();
    println!("{}", ended.stderr);
    ended.assert_stopped_last();
    assert!(ended.stderr.contains("waiting for a fix"));
}
