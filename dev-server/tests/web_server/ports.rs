//! Which port, and only on this machine.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

use retake::web::{
    Config, ControlHandle, DEFAULT_PORT, Limits, PortChoice, Server, TelemetrySource,
    TelemetryView, Token, WebError, serve,
};

use crate::client::Client;
use crate::rig::{Files, Players, Rig, asset, deliver, open, take};

struct Nothing;

impl TelemetrySource for Nothing {
    fn open(&self) -> Box<dyn TelemetryView + Send> {
        unreachable!("nobody connects")
    }
}

fn start(port: PortChoice) -> Result<Server, WebError> {
    let token = Token::random().unwrap();
    let config = Config {
        port,
        token,
        asset,
        open: open(),
        deliver: deliver(&Players::default(), &Files::default()),
        take: take(),
        limits: Limits::default(),
    };
    serve(config, ControlHandle::new(|_| Ok(())), Arc::new(Nothing))
}

#[test]
fn a_busy_port_is_named_with_the_way_out() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = start(PortChoice::Exact(port)).unwrap_err();
    assert!(matches!(error, WebError::PortBusy { port: named } if named == port));
    let text = error.to_string();
    assert!(text.contains(&port.to_string()) && text.contains("--port 0"), "{text}");
}

#[test]
fn without_a_choice_the_next_free_port_is_taken() {
    // Ours or another program's: the default is taken now.
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
    let server = start(PortChoice::Default).unwrap();
    let port = server.addr.port();
    assert!(port > DEFAULT_PORT && port < DEFAULT_PORT + 64, "{port}");
    assert_eq!(server.ws, format!("ws://127.0.0.1:{port}/ws"));
}

#[test]
fn a_port_is_free_again_after_a_stop() {
    let rig = Rig::new();
    let port = rig.port();
    let client = Client::new(&rig);
    drop(rig.server);
    let again = start(PortChoice::Exact(port)).unwrap();
    assert_eq!(again.addr.port(), port);
    drop(client);
}

/// All of 127.0.0.0/8 leads to a listener on every address, and to none on 127.0.0.1.
#[cfg(target_os = "linux")]
#[test]
fn only_the_loopback_address_listens() {
    let server = start(PortChoice::Any).unwrap();
    let port = server.addr.port();
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), port)).is_err());
}
