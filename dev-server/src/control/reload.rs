//! Builds, generations and the swap: from a finished build to the new code in the running signal.
//!
//! At most one candidate is on its way; a newer artifact waits until it has sounded or failed.
//! Until [`CommandKind::Swap`] is sent nothing that sounds has changed: every failure before it
//! leaves the old generation playing, and says so.

mod builds;
mod faults;
mod inside;
mod loading;
mod recalling;
mod restarting;
mod standby;
mod swapping;
mod trouble;
mod warming;
mod watchdog;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use retake_engine::{BusShape, EventBody, Fade, Layout};
use retake_host::{
    Carried, Format, MeterInfo, PanicLine, ParamInfo, PluginInfo, PluginThread, Ports, VetFinding,
};

use serde_json::{Value, json};

use super::{Control, Failure, Message};
use crate::{build::Advice, telemetry::Sounding, watch::Timing};
pub(super) use faults::Fault;
use inside::Inside;
use standby::Behind;
pub(super) use trouble::Outcome;
use trouble::Troubles;
use watchdog::Watchdog;

/// A foreign call that lasts longer is reported, and its generation abandoned.
const FOREIGN_CALL_LIMIT: Duration = Duration::from_secs(5);
/// The same for blocks of a plugin that may not sound yet.
const TRIAL_LIMIT: Duration = Duration::from_millis(1_500);
/// How long the old generation may take to save its state.
pub(super) const STATE_LIMIT: Duration = Duration::from_millis(500);
/// Length of the cross-fade.
const CROSS_FADE_MS: u32 = 20;
/// Length of fade-out plus fade-in.
const OUT_IN_MS: u32 = 10;
/// Share of the block that old and new together may take in a cross-fade.
const CROSS_FADE_LOAD: f32 = 0.8;

/// Where the reload stands; pages show these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Nothing was built yet.
    #[default]
    Idle,
    /// Cargo runs.
    Building,
    /// It failed; the diagnostics say why.
    BuildFailed,
    /// The library is whole and copied.
    Staged,
    /// It is mapped and its plugin found.
    Loaded,
    /// Its plugin can sound.
    Activated,
    /// Old and new sound together.
    Swapping,
    /// One generation sounds.
    Running,
    /// One sounds, the one before is being taken apart.
    Retiring,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// All generations that there are.
#[derive(Debug, Default)]
pub(super) struct Reload {
    pub(super) state: State,
    /// Number of the newest build that began.
    number: u32,
    /// The newest artifact that could not be taken up yet.
    waiting: Option<Artifact>,
    candidate: Option<Candidate>,
    playing: Option<Playing>,
    /// What the engine holds beside it.
    behind: Behind,
    handover: Handover,
    inside: Inside,
    watchdog: Watchdog,
    /// Generations that failed and were not told of yet.
    troubles: Troubles,
    /// Threads that take a generation apart.
    retiring: BTreeMap<u32, PluginThread>,
    faulted: bool,
    /// The library that was taken up last.
    newest_library: Option<PathBuf>,
    /// The state of a preset, for the next generation instead of its predecessor's.
    recalled_state: Option<Vec<u8>>,
    /// Restarts of the generation that plays.
    n_restarts: u32,
    /// Kinds of advice about builds that were given.
    advised: BTreeSet<&'static str>,
    /// The last state was not accepted: the next generation goes without it.
    leaves_state: bool,
}

/// Whether the generation that plays has come to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Handover {
    #[default]
    None,
    /// It has not faded in yet.
    Fading,
    /// It is being deactivated and activated.
    Restarting,
}

/// A library to load.
#[derive(Debug)]
struct Artifact {
    path: PathBuf,
    timing: Timing,
    advice: Vec<Advice>,
}

/// The generation on its way.
#[derive(Debug)]
struct Candidate {
    number: u32,
    artifact: Artifact,
    step: Step,
    /// It was given a preset's state, not its predecessor's.
    is_recall: bool,
    /// Changes of parameters since the snapshot that this generation starts from.
    journal: Vec<(u32, f64)>,
    /// What it is activated for.
    shape: BusShape,
    /// It panicked before it sounded.
    panic: Option<PanicLine>,
    /// What was found and may be meant.
    warnings: Vec<VetFinding>,
    stage_ms: f64,
    load_ms: f64,
    vet_ms: f64,
    lost_frames_before: u64,
}

#[derive(Debug)]
enum Step {
    /// The old generation was asked for its state.
    AwaitsState { since: Instant },
    /// Its thread stages, loads and activates.
    Loads { thread: PluginThread, info: Option<PluginInfo> },
    /// It hears what the old one has lately heard.
    Warms(Box<Ready>),
    /// The engine was told to take it over.
    Swaps(Box<Ready>),
}

#[derive(Debug)]
struct Ready {
    playing: Playing,
    params: Vec<ParamInfo>,
    carried: Carried,
    /// When the engine was told.
    sent_at: Instant,
    /// Frames it heard before; 0 = it starts cold.
    warm_frames: u64,
    /// None for the first generation, which fades in with the device.
    fade: Option<Fade>,
}

impl Ready {
    fn new(playing: Playing, params: Vec<ParamInfo>, carried: Carried) -> Self {
        Self { playing, params, carried, sent_at: Instant::now(), warm_frames: 0, fade: None }
    }
}

/// The generation that sounds.
#[derive(Debug)]
struct Playing {
    number: u32,
    thread: PluginThread,
    info: PluginInfo,
    layout: Layout,
    ports: Ports,
    takes_notes: bool,
    meters: Vec<MeterInfo>,
    /// What it was last asked to be activated for.
    format: Format,
    /// Where its parameters stood when it stopped playing.
    params: Vec<ParamInfo>,
    /// Its thread has ended, its processor may still be in the engine.
    is_gone: bool,
}

impl Playing {
    /// What views want to know of it.
    fn sounding(&self) -> Sounding {
        let latency_frames = self.layout.latency_frames;
        Sounding { probes: self.thread.probes(), latency_frames }
    }

    /// Channels of its audio ports.
    fn shape(&self) -> Value {
        let sidechain = self.ports.sidechain().map_or(0, |port| port.n_channels);
        json!({
            "inputs": self.layout.n_input,
            "outputs": self.layout.n_output,
            "sidechain": sidechain,
            "configuration": self.ports.config,
        })
    }
}

/// A journal as events.
fn events_of(journal: &[(u32, f64)]) -> impl Iterator<Item = EventBody> {
    journal.iter().map(|&(id, value)| EventBody::Param { id, value })
}

impl Candidate {
    fn note_loaded(&mut self, found: PluginInfo, load_ms: f64) {
        self.load_ms = load_ms;
        if let Step::Loads { info, .. } = &mut self.step {
            *info = Some(found);
        }
    }
}

impl Reload {
    /// Whether the plugin that plays has a sidechain; `None` while nothing plays.
    pub(super) fn has_sidechain(&self) -> Option<bool> {
        self.playing.as_ref().map(|playing| playing.layout.n_side > 0)
    }

    pub(super) fn playing_number(&self) -> Option<u32> {
        self.playing.as_ref().map(|p| p.number)
    }

    pub(super) fn playing_info(&self) -> Option<&PluginInfo> {
        self.playing.as_ref().map(|p| &p.info)
    }

    /// Whether a plugin sounds that has an ear for notes.
    pub(super) fn takes_notes(&self) -> bool {
        self.playing.as_ref().is_some_and(|p| p.takes_notes)
    }

    /// The meters that the plugin declares.
    pub(super) fn meters(&self) -> &[MeterInfo] {
        self.playing.as_ref().map_or(&[], |p| &p.meters)
    }

    pub(super) fn is_faulted(&self) -> bool {
        self.faulted
    }

    /// The thread of the generation that sounds.
    pub(super) fn playing_thread(&self) -> Option<&PluginThread> {
        self.playing.as_ref().map(|p| &p.thread)
    }

    /// Notes a change that the candidate has to catch up with.
    pub(super) fn journal(&mut self, id: u32, value: f64) {
        if let Some(candidate) = &mut self.candidate {
            candidate.journal.push((id, value));
        }
    }

    /// Whether the candidate has its past: what it is to follow from here on goes by the engine.
    pub(super) fn has_snapshot(&self) -> bool {
        let step = self.candidate.as_ref().map(|candidate| &candidate.step);
        matches!(step, Some(Step::Warms(_) | Step::Swaps(_)))
    }

    /// Every thread that a plugin lives on, with its generation.
    fn threads(&self) -> impl Iterator<Item = (u32, &PluginThread)> {
        let candidate = self.candidate.as_ref().and_then(|c| match &c.step {
            Step::AwaitsState { .. } => None,
            Step::Loads { thread, .. } => Some((c.number, thread)),
            Step::Warms(ready) | Step::Swaps(ready) => Some((c.number, &ready.playing.thread)),
        });
        let alive = self.playing.iter().chain(self.behind.iter()).map(|p| (p.number, &p.thread));
        let retiring = self.retiring.iter().map(|(number, thread)| (*number, thread));
        candidate.into_iter().chain(alive).chain(retiring)
    }
}
