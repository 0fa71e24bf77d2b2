//! The door through which clients bring sound: a file's bytes, or frames as they come.

use std::fmt;
use std::sync::{Arc, Weak};

use retake_engine::mixer::PushedWriter;
use serde_json::Value;
use tokio::sync::oneshot;

use super::{ControlGone, RpcError};
use crate::source::SourceSpec;

/// What a client brings to the control thread.
#[derive(Debug)]
pub enum Delivery {
    /// It wants to send frames.
    Push(PushCall),
    /// It has sent a file.
    File(FileCall),
}

/// A client that wants to send frames.
#[derive(Debug)]
pub struct PushCall {
    /// Under which name.
    pub name: String,
    /// Of its frames, Hz.
    pub rate: u32,
    /// Samples per frame.
    pub channels: usize,
    /// Who it is: alive as long as it is connected.
    pub client: Weak<()>,
    /// The source it had, when it sends already and its line was cut.
    pub source: Option<u32>,
    /// Takes the answer, once.
    pub reply: oneshot::Sender<Result<Pushing, PushRefused>>,
}

/// A client's line into a voice.
#[derive(Debug)]
pub struct Pushing {
    /// Which source it is.
    pub source: u32,
    /// The end that sends.
    pub writer: PushedWriter,
}

/// Why a client cannot send.
#[derive(Debug)]
pub enum PushRefused {
    /// What was sent before under that name is still to be heard, or nothing runs yet: later.
    NotYet,
    /// Never as it is.
    No(RpcError),
}

impl From<RpcError> for PushRefused {
    fn from(error: RpcError) -> Self {
        Self::No(error)
    }
}

/// A file that a client has sent.
#[derive(Debug)]
pub struct FileCall {
    /// What it is to be.
    pub spec: SourceSpec,
    /// Takes the source, once.
    pub reply: oneshot::Sender<Result<Value, RpcError>>,
}

/// Hands deliveries to the control thread. Cheap to clone.
#[derive(Clone)]
pub struct DeliveryHandle(Arc<dyn Fn(Delivery) -> Result<(), ControlGone> + Send + Sync>);

impl DeliveryHandle {
    /// `send` must not block: it runs on a thread that serves other clients too.
    pub fn new(send: impl Fn(Delivery) -> Result<(), ControlGone> + Send + Sync + 'static) -> Self {
        Self(Arc::new(send))
    }

    pub(crate) fn send(&self, delivery: Delivery) -> Result<(), ControlGone> {
        (self.0)(delivery)
    }
}

impl fmt::Debug for DeliveryHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeliveryHandle")
    }
}
