//! A new instance with a state that the one before does not give it: a recalled preset's, or the
//! last session's.

use std::time::{Duration, Instant};

use retake_host::FailReason;

use super::{Artifact, Control, Failure};
use crate::{
    report::{Tone, say},
    watch::Timing,
};

impl Control {
    /// A new instance of the library that was taken up last takes over, with this state and the
    /// parameters as they stand.
    ///
    /// # Errors
    /// As [`Control::take_up_artifact`].
    pub(in crate::control) fn restart_with(&mut self, state: Vec<u8>) -> Result<(), Failure> {
        let Some(path) = self.reload.newest_library.clone() else {
            // The standby's file is not there any more, and the broken one's is broken.
            let what =
                "its parameters were recalled; the rest of its state needs a build that plays";
            say(Tone::Warning, "Preset", what);
            return Ok(());
        };
        self.reload.recalled_state = Some(state);
        let timing =
            Timing { detected_at: Instant::now(), detect: Duration::ZERO, build: Duration::ZERO };
        // A newer library may wait already.
        self.reload.waiting.get_or_insert(Artifact { path, timing, advice: Vec::new() });
        self.take_up_artifact()
    }

    /// The first generation does not take the last session's state: whether it is tried without.
    pub(super) fn starts_afresh(&mut self, reason: FailReason, artifact: Artifact) -> bool {
        let is_first = self.reload.playing.is_none();
        let is_blamed = matches!(reason, FailReason::State | FailReason::Panic);
        let session = self.presets.start.as_mut().filter(|start| start.preset.is_none());
        let session = session.filter(|_| is_first && is_blamed).and_then(|s| s.session.take());
        if session.is_none() {
            return false;
        }
        say(
            Tone::Warning,
            "Session",
            "starts afresh: the plugin does not take the last one's state",
        );
        self.reload.waiting.get_or_insert(artifact);
        true
    }
}
