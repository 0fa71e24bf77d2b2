//! Many clients: what one does costs the others nothing.

use std::thread::sleep;
use std::time::Duration;

use retake::web::Limits;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::client::Client;
use crate::rig::{Rig, answering};

fn number(value: &Value) -> u64 {
    assert_eq!(value["method"], "event");
    value["params"]["n"].as_u64().unwrap()
}

/// Waits until every client is listening: a call answered means that it is.
fn seated(rig: &Rig, n_clients: usize) -> Vec<Client> {
    let mut clients: Vec<Client> = (0..n_clients).map(|_| Client::new(rig)).collect();
    for client in &mut clients {
        client.call("status", &json!({}));
    }
    clients
}

#[test]
fn a_thousand_notifications_reach_everyone_in_order() {
    let rig = Rig::new();
    let mut clients = seated(&rig, 3);
    let silent = clients.pop().unwrap();
    let notifier = rig.server.notifier();
    for n in 0..1000 {
        notifier.notify("event", &json!({"n": n}));
    }
    for client in &mut clients {
        for n in 0..1000 {
            assert_eq!(number(&client.text()), n);
        }
        assert!(client.call("status", &json!({}))["result"].is_object());
    }
    drop(silent);
}

#[test]
fn a_client_that_never_reads_is_closed_and_nobody_else_notices() {
    let limits = Limits { notifications: 64, send: Duration::from_mins(1), ..Limits::default() };
    let rig = Rig::with(limits, answering);
    let mut clients = seated(&rig, 3);
    let mut silent = clients.pop().unwrap();
    let notifier = rig.server.notifier();
    // Far more than the system's own buffers hold between the two.
    let filler = "x".repeat(60_000);
    for n in 0..1000 {
        notifier.notify("event", &json!({"n": n, "filler": filler}));
        for client in &mut clients {
            assert_eq!(number(&client.text()), n);
        }
    }
    let (code, reason, before) = silent.until_closed();
    assert_eq!((code, reason.as_str()), (1008, "too slow: notifications were lost"));
    assert!(before.len() < 1000, "{} were kept for it", before.len());
    for (n, message) in (0..).zip(&before) {
        let value: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        assert_eq!(number(&value), n);
    }
}

#[test]
fn a_message_too_large_ends_only_its_sender() {
    let rig = Rig::new();
    let mut clients = seated(&rig, 4);
    let mut next = || clients.pop().unwrap();
    let (mut other, mut sender, mut huge, mut pieces) = (next(), next(), next(), next());
    let padded = |length: usize| {
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#;
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    sender.send(&padded(64 * 1024));
    assert!(sender.text()["result"].is_object());
    sender.send(&padded(64 * 1024 + 1));
    let (code, reason, _) = sender.until_closed();
    assert_eq!((code, reason.as_str()), (1009, "message too large"));
    // More than the system takes in on its own: the refusal arrives, not a broken pipe.
    huge.send(&padded(16 << 20));
    assert_eq!(huge.until_closed().0, 1009);
    // Two frames of one message, each of them small enough.
    for (opcode, last) in [(Data::Text, false), (Data::Continue, true)] {
        let frame = Frame::message(vec![b' '; 40_000], OpCode::Data(opcode), last);
        pieces.0.send(Message::Frame(frame)).unwrap();
    }
    assert_eq!(pieces.until_closed().0, 1009);
    assert!(other.call("status", &json!({}))["result"].is_object());
}

#[test]
fn one_client_too_many_is_told_so_and_a_free_seat_is_given_again() {
    let rig = Rig::new();
    let mut clients = seated(&rig, 64);
    assert_eq!(Client::try_new(&rig).err(), Some(503));
    let mut leaving = clients.pop().unwrap();
    leaving.0.close(None).unwrap();
    while leaving.0.read().is_ok() {}
    drop(leaving);
    until_admitted(&rig);
    for client in &mut clients {
        assert!(client.call("status", &json!({}))["result"].is_object());
    }
}

#[test]
fn a_dead_client_loses_its_seat_and_an_idle_one_keeps_it() {
    let limits = Limits { clients: 2, ping: Duration::from_millis(300), ..Limits::default() };
    let rig = Rig::with(limits, answering);
    let mut clients = seated(&rig, 2);
    // The dead one does not read, so it does not answer a ping; the idle one does nothing else.
    let _dead = clients.pop().unwrap();
    let mut idle = clients.pop().unwrap();
    assert_eq!(Client::try_new(&rig).err(), Some(503));
    let answering_pings = std::thread::spawn(move || {
        for _ in 0..6 {
            assert!(matches!(idle.0.read().unwrap(), Message::Ping(_)));
        }
        idle
    });
    until_admitted(&rig);
    let mut idle = answering_pings.join().unwrap();
    assert!(idle.call("status", &json!({}))["result"].is_object());
}

#[test]
fn the_end_of_the_server_is_told_to_its_clients() {
    let rig = Rig::new();
    let mut clients = seated(&rig, 3);
    drop(rig.server);
    for client in &mut clients {
        assert_eq!(client.until_closed().0, 1001);
    }
}

#[test]
fn a_farewell_is_returned() {
    let rig = Rig::new();
    let mut client = Client::new(&rig);
    client.0.close(None).unwrap();
    assert!(matches!(client.0.read().unwrap(), Message::Close(_)));
}

fn until_admitted(rig: &Rig) {
    for _ in 0..1000 {
        if Client::try_new(rig).is_ok() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("no seat became free");
}
