//! What clients and pipes send: who sends, and what it becomes.
//!
//! A source of this kind stays while its senders come and go. Each sender's frames are one voice; the
//! next one begins when the last frame of the one before was heard.

use std::sync::Weak;

use retake_engine::{
    BusShape,
    mixer::{Material, PushedSpec, pushed},
};
use retake_io::push::{Fifo, FifoEvent, FifoSpec};

use super::{Control, Origin, State};
use crate::{
    control::Message,
    source::{Pipe, SourceKind, SourceSpec},
    web::{Delivery, FileCall, PushCall, PushRefused, Pushing, RpcError},
};

/// Who sends what a source plays.
#[derive(Debug, Default)]
pub(super) enum Sender {
    #[default]
    Nobody,
    /// A pipe, which is read until this goes.
    Pipe { _fifo: Fifo },
    /// A client, as long as it is connected.
    Client(Weak<()>),
}

impl Sender {
    /// Whether another client than that has the place.
    fn is_another(&self, client: &Weak<()>) -> bool {
        matches!(self, Self::Client(now) if now.strong_count() > 0 && !now.ptr_eq(client))
    }
}

/// What a pipe tells.
#[derive(Debug)]
pub struct PipeNews {
    source: u32,
    epoch: u32,
    event: FifoEvent,
}

impl Control {
    /// A client brings sound.
    pub(in super::super) fn take_delivery(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Push(call) => self.take_push(call),
            Delivery::File(FileCall { spec, reply }) => {
                // Nobody listens any more: the source is there all the same, for all to see.
                drop(reply.send(self.add_and_show(spec)));
            }
        }
    }

    fn take_push(&mut self, call: PushCall) {
        let answer = self.open_push(&call);
        // A client that is gone drops its end: what plays is at its end at once.
        drop(call.reply.send(answer));
    }

    fn open_push(&mut self, call: &PushCall) -> Result<Pushing, PushRefused> {
        let name = &call.name;
        let is_its = |kind: &SourceKind| matches!(kind, SourceKind::Push(known) if known == name);
        let known = self.sources.list.iter().find(|source| is_its(&source.spec.kind));
        let id = match (known.map(|source| source.id), call.source) {
            (Some(id), None) => id,
            (Some(id), Some(before)) if id == before => id,
            (_, Some(_)) => return Err(RpcError::unsupported("the source was removed").into()),
            (None, None) => self.add_source(SourceSpec::push(name.clone()), Origin::Client)?,
        };
        let at = self.sources.find(id)?;
        let source = &mut self.sources.list[at];
        if source.sender.is_another(&call.client) {
            let message = format!("another client is connected as {name:?}");
            return Err(RpcError::busy(message).into());
        }
        source.sender = Sender::Client(call.client.clone());
        let is_playing = source.voice.is_some();
        let shape = self.audio.shape().filter(|_| !is_playing);
        let shape = shape.filter(|_| self.audio.is_running()).ok_or(PushRefused::NotYet)?;
        let spec = PushedSpec { rate: call.rate, channels: call.channels, engine_rate: shape.rate };
        let (writer, player) =
            pushed(spec).map_err(|error| RpcError::invalid_params(error.to_string()))?;
        self.play_sent(at, Material::Pushed(player), call.channels);
        match self.sources.list[at].state.reason() {
            Some(reason) => Err(RpcError::busy(reason).into()),
            None => Ok(Pushing { source: id, writer }),
        }
    }

    fn play_sent(&mut self, at: usize, material: Material, channels: usize) {
        let Some(shape) = self.audio.shape() else {
            return;
        };
        let source = &mut self.sources.list[at];
        (source.channels, source.frames, source.begin_at) = (Some(channels), None, None);
        self.play_source(at, material, shape);
    }

    /// Waits for who writes into a pipe.
    pub(super) fn open_pipe(&mut self, at: usize, pipe: Pipe, shape: BusShape) {
        let spec = FifoSpec {
            path: pipe.path,
            format: pipe.format,
            rate: pipe.rate,
            channels: pipe.channels,
            engine_rate: shape.rate,
        };
        let (source, epoch) = (self.sources.list[at].id, self.sources.epoch);
        let mailbox = self.parts.mailbox.clone();
        let tell = move |event| {
            // Control is gone: nobody wants it any more.
            drop(mailbox.send(Message::Pipe(PipeNews { source, epoch, event })));
        };
        match Fifo::open(spec, tell) {
            Ok(fifo) => {
                self.sources.list[at].sender = Sender::Pipe { _fifo: fifo };
                self.mark_source(at, State::Waiting);
            }
            Err(error) => self.mark_source(at, State::Failed(error.to_string())),
        }
    }

    /// Somebody writes into a pipe, or it cannot be read.
    pub(in super::super) fn on_pipe(&mut self, news: PipeNews) {
        let PipeNews { source, epoch, event } = news;
        let at = self.sources.list.iter().position(|s| s.id == source);
        let Some(at) = at.filter(|_| epoch == self.sources.epoch) else {
            return;
        };
        match event {
            FifoEvent::Began(sound) => self.play_sent(at, sound.material, sound.channels),
            FifoEvent::Failed(error) => self.mark_source(at, State::Failed(error.to_string())),
        }
    }
}
