//! Calls: the round trip, and everything that is not one.

use std::time::{Duration, Instant};

use retake::web::{Call, Limits, Request};
use serde_json::{Value, json};
use std::sync::mpsc;

use crate::client::Client;
use crate::rig::{Rig, answering};

#[test]
fn a_parameter_goes_to_control_and_its_answer_comes_back() {
    let rig = Rig::new();
    let mut client = Client::new(&rig);
    let mut times: Vec<Duration> = (0..1000_i32)
        .map(|n| {
            let value = f64::from(n) / 100.0;
            let start = Instant::now();
            let answer = client.call("set_param", &json!({"id": "gain", "value": value}));
            let time = start.elapsed();
            assert_eq!(answer["result"]["value"], value);
            assert_eq!(answer["result"]["id"], "Key(\"gain\")");
            time
        })
        .collect();
    times.sort();
    println!("set_param round trip: p50 {:?}, p99 {:?}", times[500], times[990]);
}

#[test]
fn a_value_out_of_range_is_refused_with_the_range() {
    let rig = Rig::new();
    let mut client = Client::new(&rig);
    for value in ["13", "-1e300", "1e999", "null", "\"loud\""] {
        let params = format!(r#"{{"id":3,"value":{value}}}"#);
        client.send(&format!(
            r#"{{"jsonrpc":"2.0","id":"x","method":"set_param","params":{params}}}"#
        ));
        let answer = client.text();
        assert_eq!(answer["id"], "x", "{answer}");
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        assert_eq!(answer["error"]["data"], json!({"min": -60.0, "max": 12.0}), "{answer}");
    }
}

#[test]
fn each_method_reaches_control_as_its_request() {
    let rig = Rig::new();
    let (mut one, mut two) = (Client::new(&rig), Client::new(&rig));
    for (method, params, asked) in [
        ("status", json!({}), "Status"),
        ("params", json!({}), "Params"),
        ("bypass", json!({"on": true}), "Bypass { on: true }"),
        ("mute", json!({"on": false}), "Mute { on: false }"),
        ("reset_clips", json!({}), "ResetClips"),
        ("devices", json!({}), "Devices"),
        (
            "set_input",
            json!({"id": 1, "device": "USB"}),
            "Source(SetInput { id: 1, device: \"USB\" })",
        ),
        ("gesture", json!({"id": 7, "on": true}), "Gesture { id: Id(7), on: true }"),
    ] {
        let (a, b) = (one.call(method, &params), two.call(method, &params));
        assert_eq!(a["result"]["asked"], asked);
        assert_ne!(a["result"]["client"], b["result"]["client"]);
    }
    let refused = one.call("note", &json!({"key": 60, "on": true}));
    assert_eq!(refused["error"]["message"], "this plugin takes no notes");
}

#[test]
fn a_client_that_goes_says_so_to_control() {
    let (tell, told) = mpsc::channel();
    let rig = Rig::with(Limits::default(), move |call| {
        let _ = tell.send((call.client, call.request.clone()));
        answering(call);
    });
    let [mut polite, mut rude] = [(); 2].map(|()| Client::new(&rig));
    let hear = || told.recv_timeout(Duration::from_secs(10)).unwrap();
    for client in [&mut polite, &mut rude] {
        client.call("status", &json!({}));
    }
    let [(first, _), (second, _)] = [(); 2].map(|()| hear());
    drop(rude);
    assert_eq!(hear(), (second, Request::Left));
    polite.send("not a request");
    polite.call("status", &json!({}));
    assert_eq!(hear(), (first, Request::Status));
    drop(polite);
    assert_eq!(hear(), (first, Request::Left));
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    let rig = Rig::with(Limits::default(), |call| {
        std::thread::sleep(Duration::from_millis(2));
        answering(call);
    });
    let mut client = Client::new(&rig);
    for id in 0..50 {
        client.send(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"status"}}"#));
    }
    for id in 0..50 {
        assert_eq!(client.text()["id"], id);
    }
}

#[test]
fn a_message_that_is_no_request_is_answered_and_forgiven() {
    let rig = Rig::new();
    let mut client = Client::new(&rig);
    for (text, id, code) in [
        ("{not json", Value::Null, -32700),
        ("", Value::Null, -32700),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#, Value::Null, -32600),
        (r#"{"jsonrpc":"1.0","id":5,"method":"status"}"#, json!(5), -32600),
        (r#"{"jsonrpc":"2.0","id":"a","method":"format_disk"}"#, json!("a"), -32601),
        (r#"{"jsonrpc":"2.0","id":7,"method":"mute","params":{"on":"yes"}}"#, json!(7), -32602),
    ] {
        client.send(text);
        let answer = client.text();
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(answer["id"], id, "{text}: {answer}");
        assert_eq!(answer["error"]["code"], code, "{text}: {answer}");
    }
    assert!(client.call("status", &json!({}))["result"].is_object());
}

#[test]
fn a_request_without_id_is_done_and_not_answered() {
    let (tell, told) = mpsc::channel();
    let rig = Rig::with(Limits::default(), move |call| {
        let _ = tell.send(call.request.clone());
        answering(call);
    });
    let mut client = Client::new(&rig);
    client.send(r#"{"jsonrpc":"2.0","method":"mute","params":{"on":true}}"#);
    client.send(r#"{"jsonrpc":"2.0","method":"no_such_method"}"#);
    let answer = client.call("status", &json!({}));
    assert_eq!(answer["result"]["asked"], "Status");
    assert_eq!(told.recv().unwrap(), Request::Mute { on: true });
}

#[test]
fn a_control_thread_that_hangs_or_ends_is_an_error_to_the_caller() {
    let limits = Limits { reply: Duration::from_millis(100), ..Limits::default() };
    let mut kept: Vec<Call> = Vec::new();
    let rig = Rig::with(limits, move |call| match call.request {
        Request::Status => kept.push(call),
        Request::Params => drop(call),
        _ => answering(call),
    });
    let mut client = Client::new(&rig);
    assert_eq!(client.call("status", &json!({}))["error"]["code"], -32002);
    assert_eq!(client.call("params", &json!({}))["error"]["code"], -32003);
    assert!(client.call("mute", &json!({"on": true}))["result"].is_object());

    let ended = Rig::with(Limits::default(), |_| panic!("control ends on purpose"));
    let mut client = Client::new(&ended);
    assert_eq!(client.call("status", &json!({}))["error"]["code"], -32003);
    assert_eq!(client.call("status", &json!({}))["error"]["code"], -32003);
}

#[test]
fn a_hurried_client_is_told_to_slow_down() {
    let limits = Limits { requests_per_second: 10, ..Limits::default() };
    let rig = Rig::with(limits, answering);
    let mut client = Client::new(&rig);
    let start = Instant::now();
    let answers: Vec<Value> = (0..200).map(|_| client.call("status", &json!({}))).collect();
    let allowed = 10.0 + start.elapsed().as_secs_f64() * 10.0;
    let (served, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer["result"].is_object());
    assert!(served.len() >= 10, "{}", served.len());
    assert!(served.len() as f64 <= allowed, "{} of {allowed}", served.len());
    assert!(refused.iter().all(|answer| answer["error"]["code"] == -32000));
    // The others have their own bucket.
    assert!(Client::new(&rig).call("status", &json!({}))["result"].is_object());
}
