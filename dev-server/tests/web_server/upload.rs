//! `POST /source`: whose files are taken, and what is said of those that are not.

use std::io::{Cursor, Write};
use std::time::Duration;

use retake::web::Limits;
use serde_json::{Value, json};

use crate::client::{connect, http, rest};
use crate::rig::{Rig, answering};

/// Some frames of silence as a WAV file.
fn wav(frames: usize) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    (0..frames).for_each(|_| writer.write_sample(0_i16).unwrap());
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// The head of a request of a script, for a body of that many bytes.
fn head(rig: &Rig, query: &str, length: usize) -> String {
    let (host, token) = (rig.host(), rig.token.as_str());
    format!(
        "POST /source?{query}&token={token} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// Status and body of an answer.
fn parts(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/json"), "{answer}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

fn send(rig: &Rig, query: &str, body: &[u8]) -> (u16, Value) {
    let mut stream = connect(rig.port());
    stream.write_all(head(rig, query, body.len()).as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    parts(&rest(&mut stream))
}

#[test]
fn a_file_is_a_source_with_its_label_and_settings() {
    let rig = Rig::new();
    let wav = wav(1_000);
    let (status, source) = send(&rig, "name=drum%20loop.wav&spec=gain%3D-6,bus=sidechain", &wav);
    let spec = "gain=-6,bus=sidechain,file:drum loop.wav";
    let expected =
        json!({"name": "drum loop.wav", "spec": spec, "bus": "sidechain", "bytes": wav.len()});
    assert_eq!((status, source), (200, expected));
    // A path is no path here.
    for name in ["..%2F..%2Fetc%2Fshadow.wav", "C:%5Ctmp%5Cshadow.wav", "%2Fshadow.wav%00"] {
        let (status, source) = send(&rig, &format!("name={name}"), &wav);
        assert_eq!((status, &source["name"]), (200, &json!("shadow.wav")));
    }
}

#[test]
fn only_the_page_and_scripts_with_the_token_send_files() {
    let rig = Rig::new();
    let wav = wav(10);
    let (host, cookie) = (rig.host(), rig.cookie());
    let own = format!("http://{host}");
    let refused = http(&rig, "GET /", &[("Host", &host)]);
    let page = |changed: &[(&str, &str)]| {
        let length = wav.len().to_string();
        let all = [
            ("Host", host.as_str()),
            ("Cookie", &cookie),
            ("Origin", &own),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Length", &length),
        ];
        let mut stream = connect(rig.port());
        write!(stream, "POST /source?name=a.wav HTTP/1.1\r\n").unwrap();
        for (name, value) in all {
            let change = changed.iter().find(|(changed, _)| *changed == name);
            let value = change.map_or(value, |(_, value)| value);
            if !value.is_empty() {
                write!(stream, "{name}: {value}\r\n").unwrap();
            }
        }
        stream.write_all(b"\r\n").unwrap();
        // Who is refused is not listened to.
        let _ = stream.write_all(&wav);
        rest(&mut stream)
    };
    assert_eq!(parts(&page(&[])).0, 200);
    for wrong in [
        ("Cookie", ""),
        ("Host", "evil.example"),
        ("Origin", ""),
        ("Origin", "http://evil.example"),
        ("Sec-Fetch-Site", ""),
        ("Sec-Fetch-Site", "cross-site"),
    ] {
        assert_eq!(page(&[wrong]), refused, "{wrong:?}");
    }
    let bare = [("Host", host.as_str()), ("Content-Length", "0")];
    assert_eq!(http(&rig, "POST /source?name=a.wav", &bare), refused);
    assert_eq!(http(&rig, "POST /source?name=a.wav&token=0", &bare), refused);
    let by_cookie = [("Host", host.as_str()), ("Cookie", &cookie)];
    assert!(http(&rig, "GET /source", &by_cookie).starts_with("HTTP/1.1 404"));
}

#[test]
fn what_cannot_be_played_says_why() {
    let rig = Rig::new();
    let good = wav(1_000);
    let text = b"It was a dark and stormy night.\n".as_slice();
    for (query, body, status, reason) in [
        ("name=a.wav", &[][..], 422, "cannot play a.wav: it is empty"),
        ("name=a.wav", text, 422, "cannot play a.wav: no sound file that is known here"),
        ("name=a.wav", &good[..44], 422, "cannot play a.wav: it holds no audio"),
        ("spec=gain=1", &good, 400, "?name= has to name the file"),
        ("name=..", &good, 400, "?name= has to name the file"),
        ("name=a.wav&spec=gain=loud", &good, 400, "gain: \"loud\" is not a number"),
        ("name=a.wav&spec=volume=1", &good, 400, "unknown key \"volume\""),
        ("name=a.wav&spec=rate=48000", &good, 400, "rate is for fifo:PATH"),
        ("name=a.wav&spec=file:/etc/passwd", &good, 400, "the file is what sounds"),
        ("name=a.wav&spec=tone:997", &good, 400, "the file is what sounds"),
    ] {
        let (got, error) = send(&rig, query, body);
        assert_eq!(got, status, "{query}: {error}");
        assert!(error["error"].as_str().unwrap().contains(reason), "{query}: {error}");
    }
}

#[test]
fn a_file_that_is_too_large_is_refused_however_it_comes() {
    let limits = Limits { upload_bytes: 10_000, ..Limits::default() };
    let rig = Rig::with(limits, answering);
    assert_eq!(send(&rig, "name=a.wav", &wav(4_000)).0, 200);
    let reason = json!({"error": "a file has at most 10000 bytes"});
    assert_eq!(send(&rig, "name=a.wav", &wav(6_000)), (413, reason.clone()));
    // Without its length beforehand, and without an end.
    let mut stream = connect(rig.port());
    let head =
        head(&rig, "name=a.wav", 0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..20 {
        let _ = write!(stream, "400\r\n{}\r\n", "x".repeat(1_024));
    }
    assert_eq!(parts(&rest(&mut stream)), (413, reason));
}

#[test]
fn all_files_that_are_kept_have_a_limit_together() {
    let limits = Limits { kept_bytes: 20_000, ..Limits::default() };
    let rig = Rig::with(limits, answering);
    let wav = wav(4_000);
    let each = wav.len();
    assert_eq!(send(&rig, "name=a.wav", &wav).0, 200);
    assert_eq!(send(&rig, "name=b.wav", &wav).0, 200);
    let (status, error) = send(&rig, "name=c.wav", &wav);
    let reason = format!("files of {} bytes are kept, at most 20000: remove a source", 2 * each);
    assert_eq!((status, error), (507, json!({ "error": reason })));
    rig.files.lock().unwrap().pop();
    assert_eq!(send(&rig, "name=c.wav", &wav).0, 200);
}

#[test]
fn a_slow_client_is_waited_for_and_one_that_stands_still_is_not() {
    let limits = Limits { answer: Duration::from_millis(500), uploads: 1, ..Limits::default() };
    let rig = Rig::with(limits, answering);
    let wav = wav(1_000);
    let mut slow = connect(rig.port());
    slow.write_all(head(&rig, "name=slow.wav", wav.len()).as_bytes()).unwrap();
    for piece in wav.chunks(wav.len() / 10 + 1) {
        slow.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(parts(&rest(&mut slow)).0, 200);
    let mut still = connect(rig.port());
    still.write_all(head(&rig, "name=still.wav", wav.len()).as_bytes()).unwrap();
    still.write_all(&wav[..1_000]).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let (status, error) = send(&rig, "name=other.wav", &wav);
    assert_eq!(
        (status, &error["error"]),
        (503, &json!("too many files are being sent; try again"))
    );
    let (status, error) = parts(&rest(&mut still));
    assert_eq!((status, &error["error"]), (408, &json!("nothing came any more after 1000 bytes")));
    // A client that dies leaves its place.
    let mut dead = connect(rig.port());
    dead.write_all(head(&rig, "name=dead.wav", wav.len()).as_bytes()).unwrap();
    dead.write_all(&wav[..1_000]).unwrap();
    drop(dead);
    while send(&rig, "name=other.wav", &wav).0 == 503 {
        std::thread::yield_now();
    }
}
