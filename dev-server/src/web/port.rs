//! Which port, and the sockets on it: 127.0.0.1 always, `[::1]` where the machine has it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use super::WebError;

/// The port tried first when none is asked for.
pub const DEFAULT_PORT: u16 = 9630;

/// Ports tried from [`DEFAULT_PORT`] on, or from the system's choices, before giving up.
const ATTEMPTS: u16 = 64;

/// What `--port` said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortChoice {
    /// Nothing: [`DEFAULT_PORT`], or the next free one.
    Default,
    /// This one or none.
    Exact(u16),
    /// Any free one.
    Any,
}

/// The listening sockets of one port.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) port: u16,
    pub(crate) listeners: Vec<TcpListener>,
}

/// Takes the port on the loopback interface, and on nothing else.
///
/// # Errors
/// [`WebError::PortBusy`], [`WebError::NoFreePort`] or [`WebError::Listen`]; nothing stays bound.
pub(crate) fn bind(choice: PortChoice) -> Result<Bound, WebError> {
    match choice {
        PortChoice::Exact(port) => take(port)?.ok_or(WebError::PortBusy { port }),
        PortChoice::Default => first_free(DEFAULT_PORT..DEFAULT_PORT + ATTEMPTS),
        PortChoice::Any => first_free((0..ATTEMPTS).map(|_| 0)),
    }
}

fn first_free(mut ports: impl Iterator<Item = u16>) -> Result<Bound, WebError> {
    let full = WebError::NoFreePort { first: DEFAULT_PORT, last: DEFAULT_PORT + ATTEMPTS - 1 };
    ports.find_map(|port| take(port).transpose()).unwrap_or(Err(full))
}

/// `None` = someone else has it, on either address: a page opened as `localhost` would reach them.
fn take(port: u16) -> Result<Option<Bound>, WebError> {
    let listen = |source| WebError::Listen { port, source };
    let v4 = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => listener,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Ok(None),
        Err(error) => return Err(listen(error)),
    };
    let port = v4.local_addr().map_err(listen)?.port();
    let mut listeners = vec![v4];
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(v6) => listeners.push(v6),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Ok(None),
        Err(_no_ipv6_here) => {}
    }
    for listener in &listeners {
        listener.set_nonblocking(true).map_err(listen)?;
    }
    Ok(Some(Bound { port, listeners }))
}
