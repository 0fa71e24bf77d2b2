//! The door to the control thread: calls go through it, answers come back on their own channel.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;

use super::{Request, RpcError};

/// One connection, numbered from 1 on; a number is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

/// One request of one client. Each client has at most one unanswered.
#[derive(Debug)]
pub struct Call {
    /// Who asks.
    pub client: ClientId,
    /// What is asked, checked as far as it can be without knowing the session.
    pub request: Request,
    /// Takes the answer, once. Nobody listens any more after [`super::Limits::reply`], or when the
    /// client is gone: a failed send means nothing.
    pub reply: oneshot::Sender<Result<Value, RpcError>>,
}

/// The control thread has ended; the call was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlGone;

/// Hands calls to the control thread. Cheap to clone.
#[derive(Clone)]
pub struct ControlHandle(Arc<dyn Fn(Call) -> Result<(), ControlGone> + Send + Sync>);

impl ControlHandle {
    /// `send` must not block: it runs on a thread that serves other clients too.
    pub fn new(send: impl Fn(Call) -> Result<(), ControlGone> + Send + Sync + 'static) -> Self {
        Self(Arc::new(send))
    }

    pub(crate) fn send(&self, call: Call) -> Result<(), ControlGone> {
        (self.0)(call)
    }
}

impl fmt::Debug for ControlHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ControlHandle")
    }
}
