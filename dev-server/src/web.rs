//! HTTP and WebSocket on one port of the loopback interface: the page, the calls, the telemetry.
//!
//! Owns the listener, its clients and the tokio runtime they run on (threads named `web`); the rest
//! of the program is plain threads and reaches it through four narrow doors: a [`ControlHandle`]
//! takes the calls, a [`DeliveryHandle`] the sound that clients bring, a [`TelemetrySource`] gives the
//! figures, a [`Notifier`] spreads the news.
//! It never touches audio, opens no path a client names by itself ([`OpenHandle`] does, checked), and never lets one client cost
//! another anything: every limit is in [`Limits`] and ends in an error to the one who hit it.

mod bucket;
mod control;
mod delivery;
mod guard;
mod http;
mod limits;
mod listen;
mod notify;
mod open;
mod port;
mod push;
mod query;
mod request;
mod rpc;
mod server;
mod socket;
mod sources;
mod subscription;
mod take;
mod telemetry;
mod token;
mod upload;
mod wire;

pub use control::{Call, ClientId, ControlGone, ControlHandle};
pub use delivery::{Delivery, DeliveryHandle, FileCall, PushCall, PushRefused, Pushing};
pub use http::Asset;
pub use limits::Limits;
pub use notify::Notifier;
pub use open::{OpenHandle, OpenRefused};
pub use port::{DEFAULT_PORT, PortChoice};
pub use request::{ParamRef, Request};
pub use rpc::RpcError;
pub use server::{Config, Server, serve};
pub use sources::SourceRequest;
pub use subscription::{ScopeView, Smoothing, SpectrumView, StereoView, Subscription, Trigger};
pub use take::{Span, TakeFile, TakeHandle, TakeRefused, TakeReply, TakeRequest};
pub use telemetry::{TelemetrySource, TelemetryView};
pub use token::{Token, TokenFile};

use std::io;
use std::path::PathBuf;

/// Why the web side could not start. Each is the user's to solve: exit code 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// The port asked for belongs to another program: choose another.
    #[error(
        "port {port} is already in use; stop the program that has it, \
         or choose another with --port N (--port 0 takes any free one)"
    )]
    PortBusy {
        /// The port asked for.
        port: u16,
    },
    /// The default port and all that were tried after it are taken.
    #[error("ports {first} to {last} are all in use; choose one with --port N (--port 0 for any)")]
    NoFreePort {
        /// The first port tried.
        first: u16,
        /// The last port tried.
        last: u16,
    },
    /// The system refused the port for another reason.
    #[error("cannot listen on 127.0.0.1:{port}; another --port may work")]
    Listen {
        /// The port asked for; 0 = any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The runtime's threads could not be started.
    #[error("cannot start the web threads")]
    Runtime(#[source] io::Error),
    /// The token's file could not be read or written.
    #[error("cannot keep the page's token in {}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither a state directory nor the home directory is known.
    #[error("no place for the page's token: set HOME, XDG_STATE_HOME or RETAKE_STATE_DIR")]
    NoStateDir,
    /// The system has no random numbers to give.
    #[error("the system gave no random bytes for the page's token: {0}")]
    Random(getrandom::Error),
}
