//! A file's bytes over HTTP become a source; nothing is left of it when that is removed.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    line::{Line, port_of},
    server::{Server, tmp},
    wav::Wav,
};

/// What `POST /source` answers to a script: status and body.
fn send(listening: &Value, query: &str, bytes: &[u8]) -> (u16, Value) {
    let (port, token) = (port_of(listening), listening["token"].as_str().unwrap());
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "POST /source?token={token}&{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Content-Length: {}\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}")))
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/io/tests/data").join(name)
}

/// Files without a name that the process holds.
fn unnamed_files(server: &Server) -> usize {
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    let links = files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
    let is_unnamed = |link: &PathBuf| {
        let link = link.display().to_string();
        link.ends_with("(deleted)") && !link.starts_with("/memfd:") && !link.starts_with("/dev/")
    };
    links.filter(is_unnamed).count()
}

#[test]
fn a_file_that_is_sent_is_heard_to_the_bit_and_leaves_nothing_behind() {
    let out = tmp("upload").join("out.wav");
    let output = format!("virtual:rate=44100,file={}", out.display());
    let words = ["run", "example-plugin", "--no-watch", "--set", "gain=0", "--output", &output];
    let mut server = Server::start(&[&words[..], &["--source", "silence"]].concat());
    let listening = server.wait("listening");
    server.wait("reloaded");
    let before = unnamed_files(&server);
    let flac = std::fs::read(data("sweep.flac")).unwrap();
    let (status, source) = send(&listening, "name=..%2Fsweep.flac&spec=gain=0", &flac);
    assert_eq!(status, 200, "{source}");
    let shown = [&source["id"], &source["kind"], &source["name"], &source["reason"]];
    assert_eq!(shown, [&json!(2), &json!("file"), &json!("sweep.flac"), &Value::Null]);
    let end = server.wait_for("source", |e| e["id"] == 2 && e["state"] == "eof");
    assert_eq!((&end["seconds"], &end["channels"]), (&json!(1.0), &json!(2)));
    assert_eq!(unnamed_files(&server), before + 1, "it is played again when it is asked for");
    // What is not taken leaves nothing.
    for (query, bytes, status, reason) in [
        ("name=text.wav", &b"It was a dark and stormy night."[..], 422, "no sound file"),
        ("name=empty.wav", b"", 422, "it is empty"),
        ("name=a.wav&spec=bus=sidechain", &flac, 409, "the plugin has no sidechain"),
    ] {
        let (got, error) = send(&listening, query, bytes);
        assert_eq!(got, status, "{query}: {error}");
        assert!(error["error"].as_str().unwrap().contains(reason), "{query}: {error}");
    }
    let mut line = Line::open(&listening);
    assert_eq!(line.call("sources", &json!({}))["sources"].as_array().unwrap().len(), 2);
    line.call("remove_source", &json!({"id": 2}));
    while unnamed_files(&server) > before {
        std::thread::yield_now();
    }
    server.stop().succeeded();
    let reader = hound::WavReader::open(data("sweep.wav")).unwrap();
    let expected: Vec<f32> =
        reader.into_samples::<i16>().map(|x| f32::from(x.unwrap()) / 32_768.0).collect();
    let wav = Wav::read(&out);
    let heard = wav.channels[0].iter().zip(&wav.channels[1]).flat_map(|(l, r)| [*l, *r]);
    let heard: Vec<f32> = heard.skip_while(|x| *x == 0.0).take(40_000).collect();
    let expected: Vec<f32> = expected.into_iter().skip_while(|x| *x == 0.0).take(40_000).collect();
    assert!(heard == expected, "the sweep");
}
