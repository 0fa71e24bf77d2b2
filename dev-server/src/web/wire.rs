//! One client's WebSocket with its deadlines: nothing here waits for ever.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{copy, sink};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use super::Limits;

/// After our close: time for the client to read it before the connection goes.
const LINGER: Duration = Duration::from_secs(1);

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The client said goodbye; the socket owes it the answer.
    Left,
    /// The client vanished, or does not take or answer anything: nobody to tell.
    Gone,
    /// All was said.
    Done,
    /// The server stops.
    Stopping,
    /// A message was larger than allowed.
    TooBig,
    /// Not WebSocket, or not text.
    Malformed,
    /// It did what clients may not do.
    Policy(&'static str),
}

impl End {
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone | Self::Left => return None,
            Self::Done => (CloseCode::Normal, "all was taken"),
            Self::Stopping => (CloseCode::Away, "the server stops"),
            Self::TooBig => (CloseCode::Size, "message too large"),
            Self::Malformed => (CloseCode::Protocol, "malformed message"),
            Self::Policy(reason) => (CloseCode::Policy, reason),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

#[derive(Debug)]
pub(crate) struct Wire {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    send_within: Duration,
}

impl Wire {
    pub(crate) async fn new(upgraded: Upgraded, limits: &Limits) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(limits.read_buffer_bytes)
            .write_buffer_size(0)
            .max_message_size(Some(limits.message_bytes))
            .max_frame_size(Some(limits.message_bytes));
        let io = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        Self { socket, send_within: limits.send }
    }

    /// The next message. May be dropped while waiting; nothing is lost.
    pub(crate) async fn receive(&mut self) -> Result<Message, End> {
        match self.socket.next().await {
            Some(Ok(message)) => Ok(message),
            Some(Err(tungstenite::Error::Capacity(_))) => Err(End::TooBig),
            Some(Err(tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_))) => {
                Err(End::Malformed)
            }
            Some(Err(_)) | None => Err(End::Gone),
        }
    }

    /// Sends to the last byte; a client that does not take them in time is gone.
    pub(crate) async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.send_within, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    /// Says why and hangs up. What the client still sends is read and thrown away for a moment:
    /// closing with unread bytes would reset the connection and our reason would be lost.
    pub(crate) async fn end(mut self, end: End) {
        if end == End::Left {
            let _ = timeout(self.send_within, self.socket.flush()).await;
        }
        let Some(frame) = end.frame() else { return };
        if self.send(Message::Close(Some(frame))).await.is_ok() {
            let _ = timeout(LINGER, copy(self.socket.get_mut(), &mut sink())).await;
        }
    }
}
