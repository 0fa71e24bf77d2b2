//! Where the sources stand, and how loud they were since the last look.

use std::{collections::BTreeMap, sync::Arc};

use retake_engine::mixer::VoiceProbe;

use super::section::float;

/// What can be seen of a source while it plays.
#[derive(Debug, Clone)]
pub struct SourceFeed {
    /// Its number; 0 = the live input, which has no position.
    pub id: u32,
    /// Of its voice; `None` while nothing plays it.
    pub probe: Option<Arc<VoiceProbe>>,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct SourceFeeds {
    pub(crate) feeds: Arc<[SourceFeed]>,
    /// Of the engine, Hz.
    pub(crate) rate: u32,
}

impl Default for SourceFeeds {
    fn default() -> Self {
        Self { feeds: Arc::new([]), rate: 1 }
    }
}

/// One client's looks.
#[derive(Default)]
pub(super) struct SourcePeaks {
    /// By source: how far it has seen.
    seen: BTreeMap<u32, u64>,
}

impl SourcePeaks {
    pub(super) fn write(&mut self, sources: &SourceFeeds, out: &mut Vec<u8>) {
        self.seen.retain(|id, _| sources.feeds.iter().any(|feed| feed.id == *id));
        for SourceFeed { id, probe } in &*sources.feeds {
            let seen = self.seen.entry(*id).or_default();
            let peak = probe.as_ref().map_or(0.0, |probe| probe.peaks().since(seen));
            let frames = probe.as_ref().filter(|_| *id > 0).map(|probe| probe.position());
            let seconds = frames.map_or(f64::NAN, |n| n as f64 / f64::from(sources.rate.max(1)));
            out.extend(id.to_le_bytes());
            out.extend(seconds.to_le_bytes());
            float(out, peak);
        }
    }
}
