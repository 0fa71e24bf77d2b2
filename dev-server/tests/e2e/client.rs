//! A script at the WebSocket.

use std::{net::TcpStream, time::Duration};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// A silence of this length is a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// One connection, authorised by the token of `listening`.
pub(crate) struct Client {
    socket: WebSocket<TcpStream>,
    heard: Vec<Value>,
}

impl Client {
    pub(crate) fn connect(listening: &Value) -> Self {
        let ws = listening["ws"].as_str().unwrap();
        let url = format!("{ws}?token={}", listening["token"].as_str().unwrap());
        let host = ws.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(url, stream).unwrap();
        Self {
            socket,
            heard: Vec::new(),
        }
    }

    /// The result of a call; notifications that come before it are kept.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.socket.send(Message::text(call.to_string())).unwrap();
        loop {
            let told = self.next();
            if told["id"] == 1 {
                assert!(told["error"].is_null(), "{method}: {told}");
                return told["result"].clone();
            }
            self.heard.push(told);
        }
    }

    /// The next notification of that method whose parameters are right.
    pub(crate) fn wait_for(&mut self, method: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        loop {
            let told = if self.heard.is_empty() {
                self.next()
            } else {
                self.heard.remove(0)
            };
            if told["method"] == method && is_right(&told["params"]) {
                return told["params"].clone();
            }
        }
    }

    fn next(&mut self) -> Value {
        loop {
            let message = self.socket.read().unwrap();
            if message.is_text() {
                return serde_json::from_str(message.to_text().unwrap()).unwrap();
            }
        }
    }
}
