//! What sounds beside the plugin: `--source`, from its opening to its end.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{
            AtomicUsize,
            Ordering::{Acquire, Release},
        },
    },
};

use retake_engine::{
    BusShape, CommandKind,
    mixer::{
        Bus, Generator, Material, MixerSetup, Signal, Supply, Voice, VoiceId, VoicePool, VoiceProbe,
    },
};
use retake_io::{
    Gate, IoError,
    sound::{SoundEvent, SoundRequest, Sounds},
};
use serde_json::{Value, json};

use super::{Control, Failure, Message, audio::frames_of};
use crate::{
    cli::ClockArg,
    report::{Tone, say},
    source::{Repeat, SourceKind, SourceSpec},
};

/// Channels of the sidechain, when something is routed there.
const SIDE_CHANNELS: usize = 2;

/// All sources of the session, in the order of the command line.
#[derive(Debug, Default)]
pub(super) struct Sources {
    list: Vec<Source>,
    pool: VoicePool,
    /// Started with the first file.
    sounds: Option<Sounds>,
    /// Files that are being opened; they hold the fast clock.
    n_opening: Arc<AtomicUsize>,
    /// Which engine they are opened for; an answer for an older one is void.
    epoch: u32,
}

#[derive(Debug)]
struct Source {
    id: u32,
    spec: SourceSpec,
    state: State,
    voice: Option<Playing>,
    channels: Option<usize>,
    frames: Option<u64>,
}

#[derive(Debug)]
struct Playing {
    id: VoiceId,
    probe: Arc<VoiceProbe>,
}

/// Where a source stands; the words are those of the event `source`.
#[derive(Debug, Clone, PartialEq)]
enum State {
    /// Its first frames are not there yet.
    Filling,
    /// It sounds.
    Ready,
    /// Its frames do not come in time: it is silent, and goes on where it should be.
    Starved,
    /// It has come to its end.
    Eof,
    /// It cannot be played.
    Failed(String),
}

impl State {
    fn of(supply: Supply) -> Self {
        match supply {
            Supply::Filling => Self::Filling,
            Supply::Flowing => Self::Ready,
            Supply::Starved => Self::Starved,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Filling => "filling",
            Self::Ready => "ready",
            Self::Starved => "starved",
            Self::Eof => "eof",
            Self::Failed(_) => "failed",
        }
    }
}

/// What a file tells.
#[derive(Debug)]
pub struct SoundNews {
    source: u32,
    epoch: u32,
    event: SoundEvent,
}

impl Sources {
    pub(super) fn new(specs: &[SourceSpec]) -> Self {
        let sources = (1..).zip(specs).map(|(id, spec)| Source {
            id,
            spec: spec.clone(),
            state: State::Filling,
            voice: None,
            channels: None,
            frames: None,
        });
        Self { list: sources.collect(), ..Self::default() }
    }

    /// The mixer that these sources need before a plugin with that many channels in and out.
    pub(super) fn mixer(&self, n_input: usize, n_output: usize) -> MixerSetup {
        if self.list.is_empty() {
            return MixerSetup::default();
        }
        let specs = || self.list.iter().map(|source| &source.spec);
        let has_side = specs().any(|spec| spec.strip.bus == Bus::Sidechain);
        let mic = specs().find(|spec| spec.kind == SourceKind::Mic);
        MixerSetup {
            n_main: n_input.max(n_output),
            n_side: if has_side { SIDE_CHANNELS } else { 0 },
            live: mic.map(|spec| spec.strip).unwrap_or_default(),
        }
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

    /// As `status` and the page show them, at `rate` Hz.
    pub(super) fn show(&self, rate: u32) -> Value {
        self.list.iter().map(|source| source.show(rate)).collect()
    }
}

impl Source {
    fn show(&self, rate: u32) -> Value {
        let seconds = |frames: u64| frames as f64 / f64::from(rate.max(1));
        let reason = if let State::Failed(reason) = &self.state { Some(reason) } else { None };
        json!({
            "id": self.id,
            "spec": self.spec.text,
            "state": self.state.word(),
            "reason": reason,
            "bus": self.spec.bus_name(),
            "channels": self.channels,
            "seconds": self.frames.map(seconds),
            "missed_frames": self.voice.as_ref().map(|voice| voice.probe.missed_frames()),
            "position": self.voice.as_ref().map(|voice| seconds(voice.probe.position())),
        })
    }

    /// The formula of a source that is one; noises differ by their number.
    fn signal(&self) -> Option<Signal> {
        let seed = self.id.into();
        match self.spec.kind {
            SourceKind::Signal(Signal::WhiteNoise { .. }) => Some(Signal::WhiteNoise { seed }),
            SourceKind::Signal(Signal::PinkNoise { .. }) => Some(Signal::PinkNoise { seed }),
            SourceKind::Signal(signal) => Some(signal),
            SourceKind::Mic | SourceKind::File(_) => None,
        }
    }
}

impl Repeat {
    /// In frames at `rate` Hz.
    fn frames(&self, rate: u32) -> Option<Range<u64>> {
        match self {
            Self::Never => None,
            Self::All => Some(0..u64::MAX),
            Self::Between(seconds) => {
                Some(frames_of(seconds.start, rate)..frames_of(seconds.end, rate))
            }
        }
    }
}

impl Control {
    /// An engine begins: everything sounds from its first frame on, files as soon as they are open.
    pub(super) fn begin_sources(&mut self, shape: BusShape) -> Result<(), Failure> {
        self.sources.pool = VoicePool::default();
        self.sources.epoch += 1;
        self.sources.n_opening.store(0, Release);
        for at in 0..self.sources.list.len() {
            let source = &mut self.sources.list[at];
            if let Some(conflict) = source.spec.conflict_with(shape.rate) {
                return Err(Failure::usage(conflict));
            }
            (source.state, source.voice) = (State::Filling, None);
            match (source.signal(), source.spec.kind.clone()) {
                (Some(signal), _) => {
                    let generator = Generator::new(signal, shape.rate);
                    self.play_source(at, Material::Generator(generator), shape);
                }
                (None, SourceKind::File(path)) => {
                    let repeat = source.spec.repeat.frames(shape.rate);
                    self.open_file(at, SoundRequest { path, rate: shape.rate, repeat });
                }
                _ => self.set_source(at, State::Ready),
            }
        }
        Ok(())
    }

    fn open_file(&mut self, at: usize, request: SoundRequest) {
        let (source, epoch) = (self.sources.list[at].id, self.sources.epoch);
        let mailbox = self.parts.mailbox.clone();
        let tell = move |event| {
            // Control is gone: nobody wants it any more.
            drop(mailbox.send(Message::Sound(SoundNews { source, epoch, event })));
        };
        self.set_source(at, State::Filling);
        if let Err(error) = self.sources.open(request, tell) {
            self.set_source(at, State::Failed(error.to_string()));
        }
    }

    /// A file was opened, or could not be: then a script has failed, and a session goes on.
    pub(super) fn on_sound(&mut self, news: SoundNews) -> Result<(), Failure> {
        let SoundNews { source, epoch, event } = news;
        let place = self.sources.list.iter().position(|s| s.id == source);
        let (Some(at), Some(shape)) = (place, self.audio.shape()) else {
            return Ok(());
        };
        if epoch != self.sources.epoch {
            return Ok(());
        }
        let is_opened = matches!(event, SoundEvent::Opened(_));
        match event {
            SoundEvent::Opened(Ok(sound)) => {
                self.sources.list[at].channels = Some(sound.channels);
                self.sources.list[at].frames = sound.frames;
                self.play_source(at, sound.material, shape);
            }
            SoundEvent::Opened(Err(error)) | SoundEvent::Broke(error) => {
                if self.parts.run.audio.clock == ClockArg::Fast {
                    return Err(Failure::failed(error));
                }
                self.set_source(at, State::Failed(error.to_string()));
            }
        }
        if is_opened {
            // What was sent is heard from the very next block on.
            self.sources.n_opening.fetch_sub(1, Release);
        }
        Ok(())
    }

    fn play_source(&mut self, at: usize, material: Material, shape: BusShape) {
        let source = &self.sources.list[at];
        let (strip, pitch) = (source.spec.strip, source.spec.pitch);
        let id = match self.sources.pool.claim() {
            Ok(id) => id,
            Err(full) => return self.set_source(at, State::Failed(full.to_string())),
        };
        let voice = Voice::new(id, material, strip, shape).with_pitch(pitch);
        let playing = Playing { id, probe: voice.probe() };
        if let Err(busy) = self.audio.send(0, CommandKind::Play(Box::new(voice))) {
            self.sources.pool.release(id);
            return self.set_source(at, State::Failed(busy.to_string()));
        }
        let state = State::of(playing.probe.supply());
        self.sources.list[at].voice = Some(playing);
        self.set_source(at, state);
    }

    /// Voices that came to their end, and those whose frames come again or no more.
    pub(super) fn tick_sources(&mut self) {
        for at in 0..self.sources.list.len() {
            let source = &self.sources.list[at];
            let now = source.voice.as_ref().map(|voice| State::of(voice.probe.supply()));
            let is_broken = matches!(source.state, State::Failed(_));
            if let Some(now) = now.filter(|now| !is_broken && *now != source.state) {
                self.set_source(at, now);
            }
        }
        while let Some(voice) = self.audio.take_spent() {
            self.sources.pool.release(voice.id());
            let is_its = |source: &Source| {
                source.voice.as_ref().is_some_and(|playing| playing.id == voice.id())
            };
            let Some(at) = self.sources.list.iter().position(is_its) else { continue };
            if !matches!(self.sources.list[at].state, State::Failed(_)) {
                self.set_source(at, State::Eof);
            }
            self.sources.list[at].voice = None;
        }
    }

    /// Tells everyone where a source stands.
    fn set_source(&mut self, at: usize, state: State) {
        let rate = self.audio.shape().map_or(0, |shape| shape.rate);
        let source = &mut self.sources.list[at];
        source.state = state;
        if let State::Failed(reason) = &source.state {
            say(Tone::Error, "Source", format!("{}: {reason}", source.spec));
        }
        let fields = source.show(rate);
        self.parts.report.event("source", fields);
    }
}
