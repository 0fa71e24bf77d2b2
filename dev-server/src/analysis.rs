//! What the page's views show, computed from the engine's taps: never on the audio thread.
//!
//! Each client has an [`Analysis`] of its own, driven by its snapshots on the web threads; only the
//! loudness is measured once for all, on a thread of its own, without a gap from the first look on. Any
//! other view that nobody subscribed to has no reader, no arithmetic and no byte. The sections' layout is
//! documented in `ui/PROTOCOL.md`.
//!
//! | file | what it makes |
//! |---|---|
//! | `feed` | the newest frames of both taps, side by side on the engine's clock |
//! | `levels` | true peaks |
//! | `loudness` | M, S, I, LRA and the highest true peak |
//! | `stereo` | correlation, balance, goniometer |
//! | `spectrum` | levels over frequency |
//! | `scope` | the wave, from its trigger on |
//! | `traces` | signal probes of the plugin |
//! | `sources` | where the sources stand, and how loud they are |

mod feed;
mod levels;
pub(crate) mod loudness;
mod scope;
mod section;
mod sources;
mod spectrum;
mod stereo;
mod traces;

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "small numbers")]
mod signals;
#[cfg(test)]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cloned_ref_to_slice_refs,
    clippy::float_cmp,
    reason = "small numbers; rows of one channel look like rows of two; samples come out as they went in"
)]
mod tests;

use std::sync::Arc;

use retake_engine::{EngineControl, load::Load, tap::TapSource};
use retake_host::Probes;

use crate::web::Subscription;
use feed::Feed;
use levels::TruePeaks;
use loudness::Loudness;
use scope::Scope;
use section::{Kind, section};
pub use sources::SourceFeed;
pub(crate) use sources::SourceFeeds;
use sources::SourcePeaks;
use spectrum::Spectrum;
use stereo::Stereo;
use traces::Traces;

/// Most bytes of a snapshot, all sections included.
const MAX_BYTES: usize = 16 * 1024;

/// The taps of one engine.
#[derive(Debug, Clone)]
pub struct Taps {
    /// The captured input.
    pub input: TapSource,
    /// The plugin's output.
    pub output: TapSource,
    /// The engine's rate in Hz.
    pub rate: u32,
}

impl Taps {
    /// The taps of the engine that `control` holds, which runs at `rate` Hz; of its input the first
    /// `n_input` channels.
    pub fn of(control: &EngineControl, n_input: usize, rate: u32) -> Self {
        Self { input: control.input.first(n_input), output: control.tap.clone(), rate }
    }
}

/// The plugin that sounds, as far as views are concerned.
#[derive(Debug, Clone)]
pub struct Sounding {
    /// What it shows of its inside.
    pub probes: Arc<Probes>,
    /// Its latency in frames.
    pub latency_frames: usize,
}

/// Everything of the session that a look needs beside the taps.
pub(crate) struct Session<'a> {
    pub(crate) sounding: Option<&'a Sounding>,
    pub(crate) load: &'a Load,
    pub(crate) loudness: &'a Arc<Loudness>,
    pub(crate) sources: &'a SourceFeeds,
}

/// One client's views.
#[derive(Default)]
pub(crate) struct Analysis {
    wanted: Subscription,
    taps: Option<Taps>,
    feed: Option<Feed>,
    levels: Option<TruePeaks>,
    stereo: Option<Stereo>,
    spectrum: Option<Spectrum>,
    scope: Option<Scope>,
    traces: Option<Traces>,
    sources: SourcePeaks,
}

impl Analysis {
    /// Computes these views from now on. What was wanted before in the same way goes on.
    pub(crate) fn subscribe(&mut self, wanted: &Subscription) {
        let before = std::mem::replace(&mut self.wanted, wanted.clone());
        if before.spectrum != wanted.spectrum {
            self.spectrum = None;
        }
        if before.scope != wanted.scope || wanted.scope.is_some_and(|scope| scope.is_single()) {
            self.scope = None;
        }
        if before.probes != wanted.probes {
            self.traces = None;
        }
        self.build();
    }

    /// Another engine renders.
    pub(crate) fn connect(&mut self, taps: Taps) {
        self.taps = Some(taps);
        self.feed = None;
        (self.levels, self.stereo, self.spectrum, self.scope) = (None, None, None, None);
        self.build();
    }

    /// Opens what is wanted and missing, and lets go of the rest.
    fn build(&mut self) {
        let wanted = &self.wanted;
        self.traces = (!wanted.probes.is_empty())
            .then(|| self.traces.take().unwrap_or_else(|| Traces::new(&wanted.probes)));
        let Some(taps) = &self.taps else {
            return;
        };
        self.feed =
            wanted.reads_taps().then(|| self.feed.take().unwrap_or_else(|| Feed::open(taps)));
        let channels = taps.input.channels() + taps.output.channels();
        self.levels = wanted
            .levels
            .then(|| self.levels.take().unwrap_or_else(|| TruePeaks::new(channels, taps.rate)));
        self.stereo =
            wanted.stereo.map(|_| self.stereo.take().unwrap_or_else(|| Stereo::new(taps.rate)));
        self.spectrum = wanted
            .spectrum
            .map(|s| self.spectrum.take().unwrap_or_else(|| Spectrum::new(s, taps.rate)));
        self.scope =
            wanted.scope.map(|s| self.scope.take().unwrap_or_else(|| Scope::new(s, taps.rate)));
    }

    /// Appends the sections of everything since the last look.
    pub(crate) fn write(&mut self, session: &Session<'_>, out: &mut Vec<u8>) {
        self.read(session);
        if let Some(levels) = &mut self.levels {
            section(out, Kind::Levels, |out| levels.write(out));
        }
        if self.wanted.loudness {
            section(out, Kind::Loudness, |out| section::loudness(session.loudness.look(), out));
        }
        if let (Some(spectrum), Some(feed)) = (&mut self.spectrum, &self.feed) {
            let latency = session.sounding.map_or(0, |sounding| sounding.latency_frames);
            section(out, Kind::Spectrum, |out| spectrum.write(feed, latency, out));
        }
        if self.wanted.load {
            section(out, Kind::Load, |out| section::load(session.load, out));
        }
        if let (Some(scope), Some(feed)) = (&self.scope, &self.feed) {
            section(out, Kind::Scope, |out| scope.write(feed, out));
        }
        if self.wanted.sources {
            let peaks = &mut self.sources;
            section(out, Kind::Sources, |out| peaks.write(session.sources, out));
        }
        // Points and traces take what is left.
        let reserved = self.traces.as_ref().map_or(0, Traces::least_bytes);
        if let (Some(stereo), Some(feed), Some(wanted)) =
            (&mut self.stereo, &self.feed, self.wanted.stereo)
        {
            let room = MAX_BYTES.saturating_sub(out.len() + reserved);
            section(out, Kind::Stereo, |out| stereo.write(feed, wanted.points, room, out));
        }
        if let Some(traces) = &mut self.traces {
            let probes = session.sounding.map(|sounding| &sounding.probes);
            let room = MAX_BYTES.saturating_sub(out.len());
            section(out, Kind::Probes, |out| traces.write(probes, room, out));
        }
    }

    /// Takes in what both taps have got since the last look.
    fn read(&mut self, session: &Session<'_>) {
        let Some(feed) = &mut self.feed else {
            return;
        };
        let latency = session.sounding.map_or(0, |sounding| sounding.latency_frames);
        let spectrum = self.wanted.spectrum.map_or(0, |s| s.size + latency);
        feed.begin_look(spectrum.max(self.wanted.scope.map_or(0, |s| s.frames)));
        while feed.pump() {
            if let Some(levels) = &mut self.levels {
                levels.take(feed);
            }
            if let Some(stereo) = &mut self.stereo {
                stereo.take(feed);
            }
            if let Some(scope) = &mut self.scope {
                scope.take(feed);
            }
        }
    }
}
