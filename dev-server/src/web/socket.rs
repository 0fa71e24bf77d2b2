//! One connected client: its calls, its notifications, its telemetry, its pulse.
//!
//! One task owns everything of the client. A call in flight stops the reading of further messages,
//! so what a client can have waiting is one call, one frame and its place in the notifications.

use std::future::pending;
use std::time::Duration;

use hyper::upgrade::Upgraded;
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, Interval, interval_at, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use super::bucket::Bucket;
use super::request::{self, Method};
use super::rpc::{self, Id, Rejected};
use super::server::Shared;
use super::wire::{End, Wire};
use super::{Call, ClientId, Request, RpcError, TelemetryView};

/// The one binary message a client may send: draw me the next frame.
const CREDIT: &[u8] = &[0x01];

type Outcome = Result<Value, RpcError>;

/// A call that control has not answered yet.
struct Waiting {
    id: Id,
    answer: oneshot::Receiver<Outcome>,
    until: Instant,
}

struct Client<'a> {
    id: ClientId,
    shared: &'a Shared,
    wire: Wire,
    waiting: Option<Waiting>,
    news: broadcast::Receiver<Utf8Bytes>,
    stop: watch::Receiver<()>,
    frames: Box<dyn TelemetryView + Send>,
    meters: Box<dyn TelemetryView + Send>,
    bucket: Bucket,
    /// The client is owed a frame, and when it may have it.
    credit: bool,
    next_frame: Instant,
    ping: Interval,
    /// Something came since the last ping.
    heard: bool,
}

/// Serves the client until one side ends it.
pub(crate) async fn run(upgraded: Upgraded, shared: &Shared) {
    let now = Instant::now();
    let mut client = Client {
        id: shared.next_client(),
        shared,
        wire: Wire::new(upgraded, &shared.limits).await,
        waiting: None,
        news: shared.notifier.listen(),
        stop: shared.stop.clone(),
        frames: shared.telemetry.open(),
        meters: shared.telemetry.open(),
        bucket: Bucket::new(shared.limits.requests_per_second, now.into_std()),
        credit: false,
        next_frame: now,
        ping: interval_at(now + shared.limits.ping, shared.limits.ping),
        heard: true,
    };
    let end = loop {
        if let Err(end) = client.step().await {
            break end;
        }
    };
    client.leave();
    client.wire.end(end).await;
}

impl Client<'_> {
    /// Waits for the next thing that happens, and does it.
    async fn step(&mut self) -> Result<(), End> {
        tokio::select! {
            message = self.wire.receive(), if self.waiting.is_none() => {
                self.received(message?).await
            }
            outcome = answered(&mut self.waiting) => self.answer(outcome).await,
            news = self.news.recv() => self.tell(news).await,
            () = due(self.next_frame), if self.credit => self.frame().await,
            _ = self.ping.tick() => self.pulse().await,
            _ = self.stop.changed() => Err(End::Stopping),
        }
    }

    /// What the client held is let go before it is told goodbye.
    fn leave(&self) {
        let (reply, _) = oneshot::channel();
        let call = Call { client: self.id, request: Request::Left, reply };
        // Control is gone as well, and everything with it.
        let _ = self.shared.control.send(call);
    }

    async fn received(&mut self, message: Message) -> Result<(), End> {
        self.heard = true;
        match message {
            Message::Text(text) => self.asked(&text).await,
            Message::Binary(bytes) if bytes == CREDIT => {
                self.credit = true;
                Ok(())
            }
            Message::Binary(_) => Err(End::Policy("unknown binary message")),
            Message::Close(_) => Err(End::Left),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }

    async fn asked(&mut self, text: &str) -> Result<(), End> {
        let envelope = match rpc::open(text) {
            Ok(envelope) => envelope,
            Err(Rejected { id, error }) => return self.reply(id, Err(error)).await,
        };
        if !self.bucket.take(std::time::Instant::now()) {
            return self.reply(envelope.id, Err(RpcError::too_many())).await;
        }
        match request::parse(&envelope) {
            Err(error) => self.reply(envelope.id, Err(error)).await,
            Ok(Method::Meters) => {
                let meters = self.meters.meters();
                self.reply(envelope.id, Ok(meters)).await
            }
            Ok(Method::Subscribe(wanted)) => {
                self.frames.subscribe(&wanted);
                self.reply(envelope.id, Ok(json!(wanted))).await
            }
            Ok(Method::Control(request)) => {
                let (reply, answer) = oneshot::channel();
                let call = Call { client: self.id, request, reply };
                if self.shared.control.send(call).is_err() {
                    return self.reply(envelope.id, Err(RpcError::gone())).await;
                }
                let until = Instant::now() + self.shared.limits.reply;
                self.waiting = Some(Waiting { id: envelope.id, answer, until });
                Ok(())
            }
        }
    }

    async fn answer(&mut self, outcome: Outcome) -> Result<(), End> {
        let id = self.waiting.take().and_then(|waiting| waiting.id);
        self.reply(id, outcome).await
    }

    async fn reply(&mut self, id: Id, outcome: Outcome) -> Result<(), End> {
        let Some(id) = id else { return Ok(()) };
        self.wire.send(Message::Text(rpc::answer(&id, outcome).into())).await
    }

    async fn tell(&mut self, news: Result<Utf8Bytes, RecvError>) -> Result<(), End> {
        match news {
            Ok(text) => self.wire.send(Message::Text(text)).await,
            Err(RecvError::Lagged(_)) => Err(End::Policy("too slow: notifications were lost")),
            Err(RecvError::Closed) => Err(End::Stopping),
        }
    }

    /// The snapshot is made now, not when the credit came: what is sent is never old.
    async fn frame(&mut self) -> Result<(), End> {
        self.credit = false;
        let between = Duration::from_secs(1) / self.shared.limits.frames_per_second;
        self.next_frame = Instant::now() + between;
        let mut bytes = Vec::new();
        self.frames.snapshot(&mut bytes);
        self.wire.send(Message::Binary(bytes.into())).await
    }

    async fn pulse(&mut self) -> Result<(), End> {
        if !std::mem::take(&mut self.heard) {
            return Err(End::Gone);
        }
        self.wire.send(Message::Ping(Bytes::new())).await
    }
}

/// At or after `instant`; at once when it is past, where a timer would wait for its next tick.
async fn due(instant: Instant) {
    if instant > Instant::now() {
        sleep_until(instant).await;
    }
}

/// Control's answer, or the error that stands for it; for ever when there is no call.
async fn answered(waiting: &mut Option<Waiting>) -> Outcome {
    let Some(Waiting { answer, until, .. }) = waiting else {
        return pending().await;
    };
    match timeout_at(*until, answer).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_dropped)) => Err(RpcError::gone()),
        Err(_late) => Err(RpcError::no_answer()),
    }
}
