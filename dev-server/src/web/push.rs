//! `/push`: a client that sends frames as they come.
//!
//! One task owns everything of the client: its socket and the writing end of its ring. First it says
//! what it sends; then each binary message is whole frames, and is answered with what was taken of
//! them. A client may stall as long as it likes, and is told what was lost when it sends too much.
//! What it has sent is played to its last frame, however it goes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use hyper::upgrade::Upgraded;
use retake_engine::mixer::PushedWriter;
use retake_io::push::PcmFormat;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::server::Shared;
use super::wire::{End, Wire};
use super::{Delivery, Limits, PushCall, PushRefused, Pushing};
use crate::source::{RAW_CHANNELS, RAW_RATES};

/// Largest message: more than the ring holds at 48 kHz of two channels.
const MESSAGE_BYTES: usize = 1 << 20;
/// Between two questions whether it can begin.
const NAP: Duration = Duration::from_millis(10);
/// The last frames of the client before are heard within this time, unless it is paused.
const LATEST: Duration = Duration::from_secs(5);

/// What a client says first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    rate: u32,
    channels: usize,
    format: String,
}

/// The only other thing that it can say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Goodbye {
    end: bool,
}

/// What a client sends.
#[derive(Clone, Copy)]
struct Frames {
    rate: u32,
    channels: usize,
    format: PcmFormat,
}

struct Client<'a> {
    shared: &'a Shared,
    wire: Wire,
    name: String,
    /// Who it is: others see whether it is still there.
    here: Arc<()>,
}

/// Serves a client until one side ends it.
pub(crate) async fn run(upgraded: Upgraded, shared: &Shared, name: String) {
    let limits = Limits { message_bytes: MESSAGE_BYTES, ..shared.limits };
    let wire = Wire::new(upgraded, &limits).await;
    let mut client = Client { shared, wire, name, here: Arc::default() };
    let mut stop = shared.stop.clone();
    let end = tokio::select! {
        end = client.serve() => end,
        _ = stop.changed() => End::Stopping,
    };
    client.wire.end(end).await;
}

impl Client<'_> {
    async fn serve(&mut self) -> End {
        match self.begin().await {
            Ok((frames, pushing)) => {
                let mut line = Line::new(frames, pushing);
                let ended = line.run(self).await;
                ended.err().unwrap_or(End::Done)
            }
            Err(end) => end,
        }
    }

    /// Hears what it sends, and gets a line for it.
    async fn begin(&mut self) -> Result<(Frames, Pushing), End> {
        let hello = timeout(self.shared.limits.answer, self.next());
        let hello = hello.await.map_err(|_| End::Policy("nothing was said"))??;
        let frames = match &hello {
            Message::Text(text) => read_hello(text),
            _ => Err("first comes {\"rate\": …, \"channels\": …, \"format\": …}".to_owned()),
        };
        let frames = match frames {
            Ok(frames) => frames,
            Err(reason) => return Err(self.refuse(&reason).await),
        };
        let pushing = self.line(frames, None).await?;
        Ok((frames, pushing))
    }

    /// A line into a voice, as soon as there can be one.
    async fn line(&mut self, frames: Frames, source: Option<u32>) -> Result<Pushing, End> {
        let latest = Instant::now() + LATEST;
        loop {
            match self.ask(frames, source).await {
                Ok(pushing) => return Ok(pushing),
                Err(Some(PushRefused::No(error))) => return Err(self.refuse(&error.message).await),
                Err(Some(PushRefused::NotYet)) if Instant::now() < latest => sleep(NAP).await,
                Err(Some(PushRefused::NotYet)) => {
                    let reason = "what was sent before under this name is still to be heard";
                    return Err(self.refuse(reason).await);
                }
                Err(None) => return Err(End::Stopping),
            }
        }
    }

    async fn ask(
        &mut self,
        frames: Frames,
        source: Option<u32>,
    ) -> Result<Pushing, Option<PushRefused>> {
        let (reply, answer) = oneshot::channel();
        let client: Weak<()> = Arc::downgrade(&self.here);
        let Frames { rate, channels, .. } = frames;
        let call = PushCall { name: self.name.clone(), rate, channels, client, source, reply };
        self.shared.deliver.send(Delivery::Push(call)).map_err(|_| None)?;
        answer.await.map_err(|_| None)?.map_err(Some)
    }

    async fn next(&mut self) -> Result<Message, End> {
        loop {
            match self.wire.receive().await? {
                Message::Close(_) => return Err(End::Left),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                message => return Ok(message),
            }
        }
    }

    async fn say(&mut self, what: &Value) -> Result<(), End> {
        self.wire.send(Message::Text(what.to_string().into())).await
    }

    /// Says why it cannot go on.
    async fn refuse(&mut self, reason: &str) -> End {
        match self.say(&json!({ "error": reason })).await {
            Ok(()) => End::Policy("refused; the last message says why"),
            Err(end) => end,
        }
    }
}

fn read_hello(text: &str) -> Result<Frames, String> {
    let Hello { rate, channels, format } =
        serde_json::from_str(text).map_err(|error| format!("the first message: {error}"))?;
    if !RAW_RATES.contains(&rate) {
        let (min, max) = (RAW_RATES.start(), RAW_RATES.end());
        return Err(format!("rate: {rate} is not between {min} and {max} Hz"));
    }
    if !RAW_CHANNELS.contains(&channels) {
        let (min, max) = (RAW_CHANNELS.start(), RAW_CHANNELS.end());
        return Err(format!("channels: {channels} is not between {min} and {max}"));
    }
    Ok(Frames { rate, channels, format: format.parse()? })
}

fn is_goodbye(message: &Message) -> bool {
    let Message::Text(text) = message else { return false };
    matches!(serde_json::from_str(text), Ok(Goodbye { end: true }))
}

/// A client's frames on their way.
struct Line {
    frames: Frames,
    source: u32,
    writer: PushedWriter,
    samples: Vec<f32>,
    accepted: u64,
    lost: u64,
}

impl Line {
    fn new(frames: Frames, pushing: Pushing) -> Self {
        let Pushing { source, writer } = pushing;
        Self { frames, source, writer, samples: Vec::new(), accepted: 0, lost: 0 }
    }

    /// Until the client has said that it is at its end.
    async fn run(&mut self, client: &mut Client<'_>) -> Result<(), End> {
        client.say(&json!({ "source": self.source, "room": self.writer.room_frames() })).await?;
        loop {
            let answer = match client.next().await? {
                Message::Binary(bytes) => self.take(client, &bytes).await?,
                message if is_goodbye(&message) => break,
                _ => json!({
                    "error": "frames are binary messages; {\"end\": true} is the end of them",
                }),
            };
            client.say(&answer).await?;
        }
        self.writer.end();
        let farewell = json!({ "ended": true, "accepted": self.accepted, "lost": self.lost });
        client.say(&farewell).await
    }

    /// Hands on what fits; the answer.
    async fn take(&mut self, client: &mut Client<'_>, bytes: &[u8]) -> Result<Value, End> {
        let Frames { channels, format, .. } = self.frames;
        let frame = channels * format.bytes();
        if !bytes.len().is_multiple_of(frame) {
            let n = bytes.len();
            let error = format!("a message is whole frames of {frame} bytes: {n} bytes are none");
            return Ok(json!({ "error": error, "accepted": 0, "lost": 0 }));
        }
        if self.writer.is_abandoned() {
            // The devices have changed, and the engine with them; or the source was removed.
            self.writer = client.line(self.frames, Some(self.source)).await?.writer;
        }
        self.samples.clear();
        format.decode(bytes, &mut self.samples);
        let offered = self.samples.len() / channels;
        let accepted = self.writer.push(&self.samples);
        let lost = offered - accepted;
        self.accepted += accepted as u64;
        self.lost += lost as u64;
        let room = self.writer.room_frames();
        Ok(json!({ "accepted": accepted, "lost": lost, "room": room }))
    }
}
