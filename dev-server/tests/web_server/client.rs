//! Clients that block: raw HTTP, and a WebSocket. A hang becomes a failure after [`PATIENCE`].

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::rig::Rig;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything the server says until it hangs up, without the date.
pub(crate) fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect()
}

/// One request as written, one answer.
pub(crate) fn http(rig: &Rig, start: &str, headers: &[(&str, &str)]) -> String {
    http_with(rig, start, headers, "")
}

/// The same with a body.
pub(crate) fn http_with(rig: &Rig, start: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut stream = connect(rig.port());
    let mut request = format!("{start} HTTP/1.1\r\n");
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    rest(&mut stream)
}

pub(crate) struct Client(pub(crate) WebSocket<TcpStream>);

impl Client {
    /// As a script: the token in the URL, no Origin.
    pub(crate) fn new(rig: &Rig) -> Self {
        Self::try_new(rig).unwrap()
    }

    /// `Err` = the status of the refusal.
    pub(crate) fn try_new(rig: &Rig) -> Result<Self, u16> {
        let url = format!("ws://{}/ws?token={}", rig.host(), rig.token.as_str());
        Self::open(rig, &url, &[])
    }

    pub(crate) fn open(rig: &Rig, url: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let name: tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        match tungstenite::client(request, connect(rig.port())) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// To `/push` under a name, as a script.
    pub(crate) fn push(rig: &Rig, name: &str) -> Result<Self, u16> {
        let url = format!("ws://{}/push?name={name}&token={}", rig.host(), rig.token.as_str());
        Self::open(rig, &url, &[])
    }

    pub(crate) fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.0.send(Message::binary(bytes)).unwrap();
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    /// The next text or binary message.
    pub(crate) fn next(&mut self) -> Message {
        loop {
            let message = self.0.read().unwrap();
            if message.is_text() || message.is_binary() {
                return message;
            }
        }
    }

    pub(crate) fn text(&mut self) -> Value {
        serde_json::from_str(self.next().to_text().unwrap()).unwrap()
    }

    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.send(
            &json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string(),
        );
        self.text()
    }

    /// Reads on until the server hangs up: code and reason, and what came before.
    pub(crate) fn until_closed(&mut self) -> (u16, String, Vec<Message>) {
        let mut before = Vec::new();
        let mut n_pings = 0;
        while n_pings < 3 {
            match self.0.read().unwrap() {
                Message::Close(Some(frame)) => {
                    return (frame.code.into(), frame.reason.to_string(), before);
                }
                Message::Close(None) => panic!("closed without a reason"),
                Message::Ping(_) => n_pings += 1,
                message => before.push(message),
            }
        }
        panic!("still connected after {n_pings} pings and {} messages", before.len());
    }
}
