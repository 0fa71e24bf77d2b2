//! Builds that hung: their bytes are not loaded again, unless that is waived.

use super::Control;
use crate::{
    report::{Tone, say},
    store::Order,
};

/// Builds that are remembered; the oldest is forgotten first.
const ROOM: usize = 64;

impl Control {
    /// Remembers a build that hung.
    pub(super) fn quarantine(&mut self, hash: Option<u64>) {
        let known = &self.presets.quarantine;
        let Some(hash) = hash.filter(|hash| !known.contains(hash)) else {
            return;
        };
        let older = known.iter().skip((known.len() + 1).saturating_sub(ROOM));
        self.presets.quarantine = older.copied().chain([hash]).collect();
        say(Tone::Warning, "Quarantine", "this very build is not loaded again: change it");
        self.write_quarantine();
    }

    /// A build sounds: it is not held against it any more that it hung.
    pub(super) fn pardon(&mut self, hash: Option<u64>) {
        if let Some(hash) = hash.filter(|hash| self.presets.quarantine.contains(hash)) {
            let others = self.presets.quarantine.iter().filter(|other| **other != hash);
            self.presets.quarantine = others.copied().collect();
            self.write_quarantine();
        }
    }

    /// A script's run leaves nothing behind.
    fn write_quarantine(&self) {
        let hashes = self.presets.quarantine.to_vec();
        if let Some(store) = self.presets.kept_store() {
            store.order(Order::Quarantine(hashes));
        }
    }
}
