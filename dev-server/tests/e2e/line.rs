//! A script's WebSocket to a running `retake`, authorised by the token.

use std::{
    collections::VecDeque,
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Error, Message, WebSocket};

const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Line {
    socket: WebSocket<TcpStream>,
    calls: u64,
    /// Notifications that came while an answer was awaited.
    news: VecDeque<Value>,
}

impl Line {
    /// By what the event `listening` says.
    pub(crate) fn open(listening: &Value) -> Self {
        let (ws, token) = (listening["ws"].as_str().unwrap(), listening["token"].as_str().unwrap());
        let stream = TcpStream::connect(("127.0.0.1", port_of(listening))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) =
            tungstenite::client(format!("{ws}?token={token}"), stream).expect("a WebSocket");
        Self { socket, calls: 0, news: VecDeque::new() }
    }

    /// One call; its result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        let mut answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{method} {params}: {answer}");
        answer["result"].take()
    }

    /// One call; the whole answer, be it an error.
    pub(crate) fn answer(&mut self, method: &str, params: &Value) -> Value {
        self.say(method, params);
        self.next_answer()
    }

    /// The answer to what was asked last, which nobody has waited for.
    pub(crate) fn next_answer(&mut self) -> Value {
        loop {
            let told = self.text();
            if told["id"] == self.calls {
                return told;
            }
            self.news.push_back(told);
        }
    }

    /// Asks without waiting for the answer; the id of the request.
    pub(crate) fn say(&mut self, method: &str, params: &Value) -> u64 {
        self.calls += 1;
        let id = self.calls;
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.socket.send(Message::text(call.to_string())).unwrap();
        id
    }

    /// The next notification of that name that `is_right`; its parameters.
    pub(crate) fn wait_for(&mut self, name: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < until, "no {name} is told");
            let mut told = match self.news.pop_front() {
                Some(told) => told,
                None => self.text(),
            };
            if told["method"] == name && is_right(&told["params"]) {
                return told["params"].take();
            }
        }
    }

    /// Asks for a snapshot and takes it.
    pub(crate) fn snapshot(&mut self) -> Vec<u8> {
        self.socket.send(Message::binary(vec![1])).unwrap();
        loop {
            match self.socket.read().unwrap() {
                Message::Binary(bytes) => return bytes.to_vec(),
                Message::Text(text) => self.news.push_back(serde_json::from_str(&text).unwrap()),
                _ => {}
            }
        }
    }

    /// Asks and asks and never reads an answer, until the server hangs up.
    pub(crate) fn flood(mut self) {
        let status = r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#;
        let stream = self.socket.get_ref();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // Or the system would keep megabytes for us, and the server would not notice for long.
        rustix::net::sockopt::set_socket_recv_buffer_size(stream, 4096).unwrap();
        let end = loop {
            if let Err(error) = self.socket.send(Message::text(status)) {
                break error;
            }
        };
        let hung_up = |e: &std::io::Error| e.kind() != std::io::ErrorKind::WouldBlock;
        assert!(matches!(&end, Error::Io(e) if hung_up(e)), "{end}");
    }

    fn text(&mut self) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            // Pings come for ever.
            assert!(Instant::now() < until, "nothing is told");
            if let Message::Text(text) = self.socket.read().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}

/// The port that the event `listening` names.
pub(crate) fn port_of(listening: &Value) -> u16 {
    let url = listening["url"].as_str().unwrap();
    let host = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    host.rsplit(':').next().unwrap().parse().unwrap()
}
