//! The WebSocket of the real binary: who is let in, how fast it is, and what a bad client costs.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    line::{Line, port_of},
    server::Server,
};

fn start() -> (Server, Value) {
    let mut server = Server::start(&[
        "run",
        "example-plugin",
        "--input",
        "virtual:tone=997",
        "--output",
        "virtual",
    ]);
    let listening = server.wait("listening");
    server.wait("reloaded");
    (server, listening)
}

/// Asks for the upgrade with these headers; the whole answer, or as much as comes with a `101`.
fn knock(port: u16, target: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!(
        "GET {target} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    while !answer.starts_with(b"HTTP/1.1 101") || !answer.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            n => answer.extend(&buffer[..n]),
        }
    }
    let text = String::from_utf8(answer).unwrap();
    text.split_inclusive("\r\n").filter(|line| !line.starts_with("date:")).collect()
}

#[test]
fn strangers_get_403_before_the_upgrade() {
    let (_server, listening) = start();
    let port = port_of(&listening);
    let token = listening["token"].as_str().unwrap();
    let with_token = format!("/ws?token={token}");
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    let own = format!("{host}Origin: http://127.0.0.1:{port}\r\n");
    for headers in [&host, &own] {
        let answer = knock(port, &with_token, headers);
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    }
    let wrong_token = format!("/ws?token={}", "0".repeat(token.len()));
    let refused = [
        ("/ws", own.clone()),
        (wrong_token.as_str(), own.clone()),
        (&with_token, String::from("Host: evil.example\r\n")),
        (&with_token, format!("Host: evil.example:{port}\r\n")),
        (&with_token, format!("{host}Origin: http://evil.example\r\n")),
        (&with_token, format!("{host}Origin: null\r\n")),
        (&with_token, format!("{host}Origin: http://localhost:{port}\r\n")),
    ];
    let uniform = knock(port, "/ws", "Host: evil.example\r\n");
    assert!(uniform.starts_with("HTTP/1.1 403"), "{uniform}");
    for (target, headers) in refused {
        assert_eq!(knock(port, target, &headers), uniform, "{target} {headers}");
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn p50_p99(mut times: Vec<Duration>) -> String {
    times.sort();
    format!("p50 {:?}, p99 {:?}", percentile(&times, 50), percentile(&times, 99))
}

#[test]
fn a_parameter_is_answered_and_echoed() {
    let (mut server, listening) = start();
    let audio = server.seen.iter().find(|e| e["event"] == "audio_started").unwrap().clone();
    let mut line = Line::open(&listening);
    let (mut replies, mut echoes) = (Vec::new(), Vec::new());
    for n in 0..500 {
        let value = -f64::from(n % 48) - 0.5;
        let asked = Instant::now();
        line.call("set_param", &json!({ "id": "gain", "value": value }));
        let answered = Instant::now();
        let echo = line.wait_for("param", |param| param["value"] == value);
        echoes.push(answered.elapsed());
        replies.push(answered - asked);
        assert!(echo["text"].as_str().unwrap().starts_with(&format!("{value:.1}")), "{echo}");
    }
    println!("set_param: reply {}", p50_p99(replies));
    let period = &audio["output"]["period"];
    println!("param after the reply: {} (period {period} frames)", p50_p99(echoes));
    let error = line.answer("set_param", &json!({ "id": "gain", "value": 99 }));
    assert_eq!(error["error"]["code"], -32602);
    assert_eq!(error["error"]["data"], json!({ "min": -60.0, "max": 12.0 }));
    server.listen_for(Duration::ZERO);
}

/// Snapshots that a client gets in each of so many seconds.
fn rates(line: &mut Line, seconds: usize) -> Vec<usize> {
    let start = Instant::now();
    let mut counts = vec![0; seconds];
    loop {
        line.snapshot();
        let second = start.elapsed().as_secs();
        let Some(count) = usize::try_from(second).ok().and_then(|s| counts.get_mut(s)) else {
            return counts;
        };
        *count += 1;
    }
}

fn median(mut counts: Vec<usize>) -> usize {
    counts.sort_unstable();
    counts[counts.len() / 2]
}

/// The server holds what it can for a client that asks and never reads, then hangs up; all the while
/// another client has its frames, and the sound all of its own.
#[test]
fn a_client_that_never_reads_costs_nobody_anything() {
    let (_server, listening) = start();
    let mut good = Line::open(&listening);
    let lost = |line: &mut Line| line.call("status", &json!({}))["counters"]["lost_frames"].take();
    let before = lost(&mut good);
    let alone = rates(&mut good, 3);
    let deaf = Line::open(&listening);
    let flood = std::thread::spawn(move || deaf.flood());
    let together = rates(&mut good, 10);
    println!("snapshots per second alone {alone:?}, beside a deaf client {together:?}");
    flood.join().unwrap();
    assert!(together.iter().all(|n| *n > 0), "it had to wait");
    assert!(2 * median(together) > median(alone));
    assert_eq!(lost(&mut good), before);
}
