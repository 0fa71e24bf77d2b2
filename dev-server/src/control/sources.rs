//! What sounds beside the plugin: sources and buses, from their coming to their end.
//!
//! [`Control::add_source`] is the one way in which a source comes to be. Source 0 is the live input,
//! there while the devices have one; the others count from 1, and no number is used twice. What is
//! set of a source stays with it when the engine is built anew.
//!
//! | file | what it deals with |
//! |---|---|
//! | `state` | where a source stands |
//! | `play` | opening, playing, ending |
//! | `sent` | what clients and pipes send |
//! | `change` | what pages and scripts ask of a source |
//! | `inputs` | capture devices beside the first: their coming and going |
//! | `devices` | what is asked about devices while the session runs |
//! | `captured` | what each capture device counts, the first included |
//! | `buses` | level, mute and solo of the four buses |
//! | `cycle` | the key that listens to one after the other |
//! | `show` | how all of it is told |
//! | `waveform` | what sources look like |

mod buses;
mod captured;
mod change;
mod cycle;
mod devices;
mod inputs;
mod play;
mod sent;
mod show;
mod state;
mod waveform;

use std::sync::{
    Arc,
    atomic::{
        AtomicUsize,
        Ordering::{Acquire, Release},
    },
};

use retake_engine::{
    Probe,
    mixer::{Bus, MixerSetup, StripSettings, VOICES, VoiceId, VoicePool, VoiceProbe},
};
use retake_io::{
    DeviceInfo, Gate, IoError,
    sound::{SoundEvent, SoundRequest, Sounds},
};
use serde_json::{Value, json};

use super::{Control, Failure};
use crate::{
    cli::ClockArg,
    report::{Tone, say},
    source::{SourceKind, SourceSpec},
    store::Asker,
    web::RpcError,
};
use buses::Buses;
pub(super) use captured::Way;
use cycle::Cycle;
pub(super) use inputs::InputNews;
use inputs::Inputs;
pub(super) use play::SoundNews;
pub(super) use sent::PipeNews;
use sent::Sender;
use show::Unsaid;
use state::State;
use waveform::Waveforms;

/// Channels of the sidechain's bus.
const SIDE_CHANNELS: usize = 2;
/// The live input's number.
const LIVE: u32 = 0;

/// Where a source comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The command line, which may name files.
    CommandLine,
    /// A page or a script, which may not.
    Client,
}

/// All sources of the session, in the order of their numbers, and the buses they go to.
#[derive(Debug, Default)]
pub(super) struct Sources {
    list: Vec<Source>,
    /// The number of the last one.
    last_id: u32,
    /// Whether anybody ever asked for one.
    is_used: bool,
    buses: Buses,
    cycle: Option<Cycle>,
    waveforms: Waveforms,
    pool: VoicePool,
    /// Started with the first file.
    sounds: Option<Sounds>,
    /// Files that are being opened; they hold the fast clock.
    n_opening: Arc<AtomicUsize>,
    /// Which engine they are opened for, and which opening it was; all others are void.
    epoch: u32,
    last_order: u32,
    /// Of the engine, Hz; 0 before the first.
    rate: u32,
    inputs: Inputs,
}

/// One source.
#[expect(clippy::struct_excessive_bools, reason = "switches that do not depend on each other")]
#[derive(Debug)]
struct Source {
    id: u32,
    /// As it was asked for, and as it was changed since (but for its text).
    spec: SourceSpec,
    mute: bool,
    is_paused: bool,
    /// Whether the command line asked for it: then it has to fit.
    is_given: bool,
    state: State,
    /// A voice that is kept for it until it plays.
    place: Option<VoiceId>,
    voice: Option<Playing>,
    /// The opening of its file that counts.
    order: Option<u32>,
    /// Where it begins when it plays next, in frames; `None` = where it stands.
    begin_at: Option<u64>,
    /// Whether its file is read ahead while it plays.
    is_stream: bool,
    channels: Option<usize>,
    frames: Option<u64>,
    /// Who sends what it plays, if somebody does.
    sender: Sender,
    unsaid: Unsaid,
    /// The number of a capture device beside the first; never another's in this session.
    input: Option<usize>,
    /// What that is, once it was opened.
    granted: Option<DeviceInfo>,
    /// Its own counters.
    counters: Option<Arc<Probe>>,
    /// Of a capture device.
    way: Way,
}

#[derive(Debug)]
struct Playing {
    id: VoiceId,
    probe: Arc<VoiceProbe>,
}

impl Source {
    fn new(id: u32, spec: SourceSpec) -> Self {
        Self {
            id,
            spec,
            mute: false,
            is_paused: false,
            is_given: false,
            state: State::Filling,
            place: None,
            voice: None,
            order: None,
            begin_at: None,
            is_stream: false,
            channels: None,
            frames: None,
            sender: Sender::default(),
            unsaid: Unsaid::default(),
            input: None,
            granted: None,
            counters: None,
            way: Way::default(),
        }
    }

    /// Level, pan and bus as the engine is to have them: a mute is a level of nothing.
    fn strip(&self) -> StripSettings {
        let strip = self.spec.strip;
        StripSettings { gain: if self.mute { 0.0 } else { strip.gain }, ..strip }
    }

    /// Whether another loop takes another opening: while it is read ahead, or opened just now.
    fn has_its_loop_in_its_file(&self) -> bool {
        let is_opening = self.voice.is_none() && self.order.is_some();
        (self.is_stream && self.voice.is_some()) || (is_opening && self.state == State::Filling)
    }

    /// A short label.
    fn name(&self) -> String {
        let granted = self.granted.as_ref().map(|granted| granted.device.clone());
        granted.unwrap_or_else(|| self.spec.kind.name())
    }

    fn is_live(&self) -> bool {
        self.id == LIVE
    }
}

impl Sources {
    /// The mixer before a plugin, with that many channels captured and played.
    pub(super) fn mixer(&self, n_input: usize, n_output: usize) -> MixerSetup {
        let live = self.list.iter().find(|source| source.is_live());
        MixerSetup {
            n_main: n_input.max(n_output),
            n_side: SIDE_CHANNELS,
            live: live.map(Source::strip).unwrap_or_default(),
        }
    }

    /// Whether anybody ever asked for a source: then the plugin's input is as wide as the mixer's.
    pub(super) fn is_used(&self) -> bool {
        self.is_used
    }

    /// Whether something goes to the sidechain.
    pub(super) fn uses_sidechain(&self) -> bool {
        self.list.iter().any(|source| source.spec.strip.bus == Bus::Sidechain)
    }

    /// Opens while no source waits for its file, or for the frames of the next block.
    pub(super) fn gate(&self) -> Option<Gate> {
        let mut frames = self.sounds.as_ref()?.gate();
        let n_opening = Arc::clone(&self.n_opening);
        Some(Box::new(move |n| n_opening.load(Acquire) == 0 && frames(n)))
    }

    fn open(
        &mut self,
        request: SoundRequest,
        tell: impl Fn(SoundEvent) + Send + Sync + 'static,
    ) -> Result<(), IoError> {
        let sounds = match self.sounds.take() {
            Some(sounds) => sounds,
            None => Sounds::start()?,
        };
        self.n_opening.fetch_add(1, Release);
        let opening = self.sounds.insert(sounds).open(request, tell);
        if opening.is_err() {
            self.n_opening.fetch_sub(1, Release);
        }
        opening
    }

    /// The place of a source in the list.
    ///
    /// # Errors
    /// −32602 with the numbers that there are.
    fn find(&self, id: u32) -> Result<usize, RpcError> {
        self.list.iter().position(|source| source.id == id).ok_or_else(|| {
            let ids: Vec<u32> = self.list.iter().map(|source| source.id).collect();
            let is_gone = id != LIVE && id <= self.last_id;
            let what = if is_gone { "is gone" } else { "was never there" };
            RpcError::not_allowed(format!("source {id} {what}"), &json!(ids))
        })
    }
}

impl Control {
    /// The sources of the command line.
    ///
    /// # Errors
    /// Usage: one of them cannot be.
    pub(super) fn add_given_sources(&mut self) -> Result<(), Failure> {
        for spec in self.parts.run.audio.sources() {
            let text = spec.text.clone();
            self.add_source(spec, Origin::CommandLine)
                .map_err(|error| Failure::usage(format!("--source {text}: {}", error.message)))?;
        }
        Ok(())
    }

    /// Lets one more source sound: the only way in which one comes to be. It is heard as soon as
    /// there is an engine, and its file open.
    ///
    /// # Errors
    /// −32602: it cannot be, or not from there; −32001: not with this plugin or device; −32000: all
    /// places are taken. Then nothing has changed.
    pub(super) fn add_source(&mut self, spec: SourceSpec, origin: Origin) -> Result<u32, RpcError> {
        self.check_new(&spec, origin)?;
        self.sources.is_used = true;
        if spec.kind == SourceKind::Mic {
            self.sources.list.insert(0, Source::new(LIVE, spec));
            return Ok(LIVE);
        }
        let mut source = Source::new(self.sources.last_id + 1, spec);
        source.is_given = origin == Origin::CommandLine;
        if source.spec.kind.device().is_some() {
            source.input = Some(self.sources.inputs.next_number());
        }
        if self.audio.is_running() {
            let claimed = self.sources.pool.claim();
            source.place = Some(claimed.map_err(|full| RpcError::busy(full.to_string()))?);
        }
        let id = source.id;
        self.sources.last_id = id;
        self.sources.list.push(source);
        if let (true, Some(shape)) = (self.audio.is_running(), self.audio.shape()) {
            let at = self.sources.list.len() - 1;
            self.begin_source(at, shape);
            self.sources.list[at].say();
        }
        self.show_inputs();
        Ok(id)
    }

    fn check_new(&self, spec: &SourceSpec, origin: Origin) -> Result<(), RpcError> {
        if spec.kind.is_sent() && self.parts.run.audio.devices.clock == ClockArg::Fast {
            let message = "what is sent comes in real time, and --clock fast has none: \
                           write it to a file and use file:PATH";
            return Err(RpcError::invalid_params(message));
        }
        if origin == Origin::Client && spec.kind.names_a_path() {
            let message = "a client names no path on this machine: send the file's bytes";
            return Err(RpcError::invalid_params(message));
        }
        if let Some(device) = spec.kind.device() {
            self.check_one_more_input()?;
            if origin == Origin::Client {
                self.check_device(device)?;
            }
        }
        if spec.kind == SourceKind::Mic {
            let is_there = self.sources.list.iter().any(Source::is_live);
            return match origin {
                _ if is_there => {
                    Err(RpcError::invalid_params("the live input is there already: source 0"))
                }
                Origin::CommandLine => Ok(()),
                Origin::Client => Err(RpcError::unsupported("this session has no live input")),
            };
        }
        if self.sources.list.iter().filter(|source| !source.is_live()).count() >= VOICES {
            let message = format!("there are {VOICES} sources already: remove one first");
            return Err(RpcError::busy(message));
        }
        if origin == Origin::Client {
            self.check_bus(spec.strip.bus)?;
        }
        match self.audio.shape().and_then(|shape| spec.conflict_with(shape.rate)) {
            Some(conflict) => Err(RpcError::invalid_params(conflict)),
            None => Ok(()),
        }
    }

    /// Nobody hears a sidechain that the plugin has not.
    fn check_bus(&self, bus: Bus) -> Result<(), RpcError> {
        if bus == Bus::Sidechain && self.reload.has_sidechain() == Some(false) {
            return Err(RpcError::unsupported("the plugin has no sidechain"));
        }
        Ok(())
    }

    /// Says which sources nobody hears, for now.
    fn warn_of_sidechain(&self) {
        let is_unheard = |source: &&Source| source.spec.strip.bus == Bus::Sidechain;
        for source in self.sources.list.iter().filter(is_unheard) {
            let what = "the plugin has no sidechain; it is heard when a reload brings one";
            say(Tone::Warning, "Source", format!("{}: {what}", source.spec));
        }
    }

    /// Adds what a client asks for; the answer comes when it is there.
    fn add_client_source(&mut self, spec: &str, asker: Asker) {
        let added = match spec.parse::<SourceSpec>() {
            Ok(spec) if spec.kind.device().is_some() => return self.open_input(spec, asker),
            Ok(spec) => self.add_and_show(spec),
            Err(error) => Err(RpcError::invalid_params(error)),
        };
        asker.answer("", added);
    }

    /// Adds what a client has brought.
    fn add_and_show(&mut self, spec: SourceSpec) -> Result<Value, RpcError> {
        let id = self.add_source(spec, Origin::Client)?;
        self.show_source(id)
    }

    /// Adds a loop of what the plugin heard; see the module `take`.
    pub(super) fn add_take(&mut self, seconds: f64) -> Result<u32, RpcError> {
        self.add_source(SourceSpec::take(seconds), Origin::Client)
    }

    /// A source as it is.
    pub(super) fn show_source(&self, id: u32) -> Result<Value, RpcError> {
        let at = self.sources.find(id)?;
        Ok(self.sources.list[at].show(self.sources.rate))
    }
}
