//! News for all clients: written once, shared by all, waited for by nobody.
//!
//! A notification is serialised once and put into a ring that every client reads at its own pace.
//! Full: the oldest goes, and a client that had not read it is closed by its own task. Empty: the
//! clients sleep. The sender never waits and never learns who was slow.

use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Sends notifications to every client. Cheap to clone; any thread.
#[derive(Debug, Clone)]
pub struct Notifier(broadcast::Sender<Utf8Bytes>);

impl Notifier {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity))
    }

    /// Sends `method` with `params` to all clients connected now.
    pub fn notify(&self, method: &str, params: &Value) {
        if self.0.receiver_count() == 0 {
            return;
        }
        let text = json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string();
        // No receiver any more: nobody to tell.
        let _ = self.0.send(text.into());
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Utf8Bytes> {
        self.0.subscribe()
    }
}
