//! Figures by credit: one frame per credit, never an old one.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::rig::Rig;

const CREDIT: [u8; 1] = [0x01];

fn frame(message: &Message) -> Option<u64> {
    match message {
        Message::Binary(bytes) => Some(u64::from_le_bytes(bytes[..].try_into().unwrap())),
        _ => None,
    }
}

#[test]
fn a_credit_brings_the_newest_snapshot() {
    let rig = Rig::new();
    let mut client = Client::new(&rig);
    for n in 1..20 {
        rig.now.store(n, Ordering::SeqCst);
        client.0.send(Message::binary(CREDIT.to_vec())).unwrap();
        assert_eq!(frame(&client.next()), Some(n));
    }
    // Nothing comes without a credit: the next message is the answer to a call.
    assert!(client.call("status", &json!({}))["result"].is_object());
}

#[test]
fn after_a_stall_at_most_two_old_frames_arrive() {
    let rig = Rig::new();
    let mut client = Client::new(&rig);
    client.0.send(Message::binary(CREDIT.to_vec())).unwrap();
    client.0.send(Message::binary(CREDIT.to_vec())).unwrap();
    for n in 1..=50 {
        rig.now.store(n, Ordering::SeqCst);
        sleep(Duration::from_millis(10));
    }
    rig.now.store(1000, Ordering::SeqCst);
    // The page wakes up and draws: each frame it takes returns one credit.
    let mut old = 0;
    let mut fresh = 0;
    while fresh < 5 {
        client.0.send(Message::binary(CREDIT.to_vec())).unwrap();
        match frame(&client.next()).unwrap() {
            1000 => fresh += 1,
            _ => old += 1,
        }
    }
    assert!(old <= 2, "{old} old frames");
}

#[test]
fn credits_merge_and_frames_keep_to_their_rate() {
    let rig = Rig::new();
    let mut client = Client::new(&rig);
    let start = Instant::now();
    // 5,000 credits in one piece: masked binary frames of one byte, with a mask of zero.
    let flood = [0x82, 0x81, 0, 0, 0, 0, CREDIT[0]].repeat(5_000);
    client.0.get_mut().write_all(&flood).unwrap();
    client.send(r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#);
    let mut frames = 0;
    while frame(&client.next()).is_some() {
        frames += 1;
    }
    let allowed = 2.0 + start.elapsed().as_secs_f64() * 120.0;
    assert!(f64::from(frames) <= allowed, "{frames} frames, {allowed} allowed");
    assert!(frames >= 1);
}

#[test]
fn any_other_binary_message_ends_the_connection() {
    let rig = Rig::new();
    for bytes in [vec![], vec![0x02], vec![0x01, 0x01]] {
        let mut client = Client::new(&rig);
        client.0.send(Message::binary(bytes)).unwrap();
        let (code, reason, _) = client.until_closed();
        assert_eq!((code, reason.as_str()), (1008, "unknown binary message"));
    }
}

#[test]
fn meters_count_since_the_own_last_call() {
    let rig = Rig::new();
    let (mut one, mut two) = (Client::new(&rig), Client::new(&rig));
    assert_eq!(one.call("meters", &json!({}))["result"]["calls"], 1);
    assert_eq!(one.call("meters", &json!({}))["result"]["calls"], 2);
    assert_eq!(two.call("meters", &json!({}))["result"]["calls"], 1);
}
