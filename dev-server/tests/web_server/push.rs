//! `/push`: what is taken, what is lost, who is refused.

use retake::web::Limits;
use serde_json::{Value, json};

use crate::client::Client;
use crate::rig::{Rig, answering};

const STEREO: &str = r#"{"rate": 48000, "channels": 2, "format": "f32"}"#;

/// What two seconds of the engine are.
const CAPACITY: usize = 96_000;

fn frames(n: usize) -> Vec<u8> {
    vec![0; 8 * n]
}

/// A client that sends stereo, after the answer to its first words.
fn sender(rig: &Rig, name: &str) -> Client {
    let mut client = Client::push(rig, name).unwrap();
    client.send(STEREO);
    assert_eq!(client.text(), json!({"source": 7, "room": CAPACITY}));
    client
}

fn sent(client: &mut Client, n: usize) -> Value {
    client.send_bytes(frames(n));
    client.text()
}

#[test]
fn each_message_is_told_what_was_taken_and_what_was_lost() {
    let rig = Rig::new();
    let mut client = sender(&rig, "flood");
    let answer = |accepted, lost, room| json!({"accepted": accepted, "lost": lost, "room": room});
    assert_eq!(sent(&mut client, 90_000), answer(90_000, 0, 6_000));
    assert_eq!(sent(&mut client, 0), answer(0, 0, 6_000));
    assert_eq!(sent(&mut client, 10_000), answer(6_000, 4_000, 0));
    for _ in 0..100 {
        assert_eq!(sent(&mut client, 100_000), answer(0, 100_000, 0));
    }
    client.send(r#"{"end": true}"#);
    let lost = 4_000 + 100 * 100_000;
    assert_eq!(client.text(), json!({"ended": true, "accepted": CAPACITY, "lost": lost}));
    let (code, _, before) = client.until_closed();
    assert_eq!((code, before.len()), (1000, 0));
}

#[test]
fn what_is_no_frames_is_told_and_leaves_the_line_whole() {
    let rig = Rig::new();
    let mut client = sender(&rig, "careless");
    client.send_bytes(vec![0; 13]);
    let error = client.text();
    assert_eq!(error["error"], "a message is whole frames of 8 bytes: 13 bytes are none");
    for text in ["", "{", r#"{"end": false}"#, r#"{"stop": true}"#, STEREO] {
        client.send(text);
        let error = client.text();
        assert!(error["error"].as_str().unwrap().starts_with("frames are binary"), "{error}");
    }
    assert_eq!(sent(&mut client, 10)["accepted"], 10);
}

#[test]
fn first_words_that_do_not_fit_are_refused_with_what_would() {
    let rig = Rig::new();
    for (hello, reason) in [
        ("", "the first message: EOF"),
        (r#"{"rate": 48000, "channels": 2}"#, "missing field `format`"),
        (r#"{"rate": 48000, "channels": 2, "format": "f32", "x": 1}"#, "unknown field `x`"),
        (r#"{"rate": 7999, "channels": 2, "format": "f32"}"#, "rate: 7999 is not between 8000"),
        (r#"{"rate": -1, "channels": 2, "format": "f32"}"#, "invalid value"),
        (
            r#"{"rate": 48000, "channels": 0, "format": "f32"}"#,
            "channels: 0 is not between 1 and 16",
        ),
        (r#"{"rate": 48000, "channels": 17, "format": "f32"}"#, "channels: 17"),
        (r#"{"rate": 48000, "channels": 2, "format": "mp3"}"#, "it is one of f32, s16, s24, s32"),
    ] {
        let mut client = Client::push(&rig, "wrong").unwrap();
        client.send(hello);
        let error = client.text();
        assert!(error["error"].as_str().unwrap().contains(reason), "{hello}: {error}");
        assert_eq!(client.until_closed().0, 1008, "{hello}");
    }
    let mut client = Client::push(&rig, "wrong").unwrap();
    client.send_bytes(frames(1));
    assert!(client.text()["error"].as_str().unwrap().starts_with("first comes"));
    assert_eq!(client.until_closed().0, 1008);
}

#[test]
fn a_name_that_is_taken_is_refused_and_one_that_is_not_yet_free_is_waited_for() {
    let rig = Rig::new();
    let mut client = Client::push(&rig, "taken").unwrap();
    client.send(STEREO);
    assert_eq!(client.text(), json!({"error": "another client is connected"}));
    assert_eq!(client.until_closed().0, 1008);
    sender(&rig, "late");
}

#[test]
fn a_line_that_is_cut_is_laid_again_unless_the_source_is_gone() {
    let rig = Rig::new();
    let mut client = sender(&rig, "steady");
    assert_eq!(sent(&mut client, 90_000)["room"], 6_000);
    // Another engine: what was sent to the old one is nobody's any more.
    rig.players.lock().unwrap().clear();
    assert_eq!(sent(&mut client, 10), json!({"accepted": 10, "lost": 0, "room": CAPACITY - 10}));
    let mut client = sender(&rig, "removed");
    rig.players.lock().unwrap().clear();
    assert_eq!(sent(&mut client, 10), json!({"error": "the source was removed"}));
    assert_eq!(client.until_closed().0, 1008);
}

#[test]
fn the_door_is_that_of_the_other_socket() {
    let limits = Limits { push_clients: 1, ..Limits::default() };
    let rig = Rig::with(limits, answering);
    let refused = |url: &str, headers: &[(&str, &str)]| {
        Client::open(&rig, &format!("ws://{}{url}", rig.host()), headers).err().unwrap()
    };
    let token = format!("token={}", rig.token.as_str());
    assert_eq!(refused("/push?name=a", &[]), 403);
    assert_eq!(refused("/push?name=a&token=1", &[]), 403);
    let url = format!("/push?name=a&{token}");
    assert_eq!(refused(&url, &[("Origin", "http://evil.example")]), 403);
    assert_eq!(refused(&url, &[("Host", "evil.example")]), 403);
    for name in ["", "name=", "name=a%2Cb", "name=a%00", &format!("name={}", "x".repeat(65))] {
        assert_eq!(refused(&format!("/push?{name}&{token}"), &[]), 400, "{name}");
    }
    let first = sender(&rig, "a");
    assert_eq!(Client::push(&rig, "b").err(), Some(503));
    // The other socket has seats of its own.
    assert!(Client::try_new(&rig).is_ok());
    drop(first);
    while Client::push(&rig, "b").is_err() {
        std::thread::yield_now();
    }
}

#[test]
fn a_message_that_is_too_large_ends_it() {
    let rig = Rig::new();
    let mut client = sender(&rig, "huge");
    // The server hangs up before it has read it all.
    let _ = client.0.send(tokio_tungstenite::tungstenite::Message::binary(vec![0; (1 << 20) + 8]));
    assert_eq!(client.until_closed().0, 1009);
}
