//! The door to the figures: what the web side asks of telemetry, and nothing more.

use serde_json::Value;

use super::Subscription;

/// Where views come from. Called from any of the web threads.
pub trait TelemetrySource: Send + Sync {
    /// A view of its own for one reader, beginning now.
    fn open(&self) -> Box<dyn TelemetryView + Send>;
}

/// One reader's view. Each call covers the time since the last one of the same view. All must
/// return at once: other clients are served by the same thread.
pub trait TelemetryView {
    /// From now on snapshots carry these views, in the place of those before.
    fn subscribe(&mut self, wanted: &Subscription);

    /// Writes the newest snapshot, as the page reads it, into the empty `out`.
    fn snapshot(&mut self, out: &mut Vec<u8>);

    /// The result of the `meters` call.
    fn meters(&mut self) -> Value;
}
