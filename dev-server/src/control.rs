//! The `control` thread: everything that is neither sound, nor disk, nor foreign code.
//!
//! Owns the session: which generation sounds, which one is on its way, the parameter table, the
//! switches. Whatever happens anywhere arrives here as a [`Message`] and is dealt with at once;
//! nothing here calls a device, a plugin or a compiler, so every client is answered within
//! milliseconds. If something seems to need a lock, it belongs here.
//!
//! | file | what it deals with |
//! |---|---|
//! | `audio` | the devices, the engine, and the facts the engine tells |
//! | `reload` | builds, generations and the swap |
//! | `history` | what lately went to the plugin, for warm starts |
//! | `guard` | what the output guard did |
//! | `quarantine` | builds that hung |
//! | `past` | what happened lately, for pages that come later |
//! | `params` | the parameter table and what is still to be sent |
//! | `presets` | presets, and where the session stands |
//! | `notes` | what is played, and who holds it |
//! | `sources` | what sounds beside the microphone |
//! | `take` | what the plugin heard lately, looped |
//! | `trip` | the way from the speaker back to the microphone, measured |
//! | `calls` | what pages and scripts ask |
//! | `ending` | the way out |

mod audio;
mod calls;
mod ending;
mod guard;
mod history;
mod notes;
mod params;
mod past;
mod presets;
mod probes;
mod quarantine;
mod reload;
mod sources;
mod take;
mod trip;

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use retake_engine::Probe;
use retake_host::{Note, StagingDir};
use retake_io::{DeviceEvent, Devices, IoError, MidiEvent};
use serde_json::{Value, json};

use crate::{
    build::Advice,
    cli,
    counters::Counters,
    listing::Listing,
    memory::Memory,
    midi::Midi,
    report::{Report, Tone, say},
    store::StoreEvent,
    take::Keeper,
    telemetry::{Flag, Telemetry},
    watch::{LoopEvent, Rebuilder},
    web,
};
use audio::Audio;
pub use ending::Failure;
use history::History;
use notes::Notes;
use params::ParamTable;
use past::Past;
use presets::Presets;
use reload::Reload;
use sources::{InputNews, PipeNews, SoundNews, Sources};
use take::{Take, TakeNews};
use trip::{Trip, TripNews};

/// Everything that can happen.
#[derive(Debug)]
pub enum Message {
    /// A page or a script asks.
    Call(web::Call),
    /// The watch and build threads tell.
    Loop(LoopEvent),
    /// A plugin's thread tells.
    Plugin(Note),
    /// The devices thread tells.
    Device(DeviceEvent),
    /// The store tells.
    Store(StoreEvent),
    /// The MIDI port tells.
    Midi(MidiEvent),
    /// A sound file was opened, or broke.
    Sound(SoundNews),
    /// A pipe has a writer, or cannot be read.
    Pipe(PipeNews),
    /// A microphone was opened, or could not be.
    Input(InputNews),
    /// A client brings sound.
    Delivery(web::Delivery),
    /// A piece of what the plugin heard was cut.
    Take(TakeNews),
    /// A round trip was measured, or could not be.
    Trip(TripNews),
    /// The recorder cannot write any more.
    RecorderFailed(IoError),
    /// A key was pressed in the terminal.
    Key(char),
    /// The user or the system wants the end.
    Quit(&'static str),
}

/// Facts and parameter echoes are looked for this often while nothing else happens.
const TICK: Duration = Duration::from_millis(1);
/// Longer than a warm start looks back.
const HISTORY_SECONDS: u64 = 4;
/// How often the load of the block budget is summed up.
const LOAD_WINDOW: Duration = Duration::from_secs(1);

/// What control needs to begin.
#[derive(Debug)]
pub struct Parts {
    /// Where everything arrives.
    pub inbox: Receiver<Message>,
    /// A way to the inbox, for the threads that control starts.
    pub mailbox: Sender<Message>,
    /// The command line.
    pub run: cli::Run,
    /// The three audiences.
    pub report: Report,
    /// What pages draw.
    pub telemetry: Arc<Telemetry>,
    /// Counters of the session.
    pub counters: Arc<Counters>,
    /// Those of the engine and its first capture device.
    pub probe: Arc<Probe>,
    /// The devices, opening.
    pub devices: Devices,
    /// The watch and build threads, building.
    pub rebuilder: Rebuilder,
    /// Where libraries are copied to.
    pub staging: Arc<StagingDir>,
    /// Whether saves are watched: then a failure waits for its fix.
    pub is_watching: bool,
    /// What is kept, and where the first generation starts from.
    pub memory: Memory,
    /// The MIDI file or port, and the tempo.
    pub midi: Midi,
    /// What keeps the plugin's input, where somebody can ask for it.
    pub keeper: Option<Keeper>,
    /// The page's address, for the key `o`.
    pub url: String,
}

/// The control thread's whole state.
#[derive(Debug)]
pub struct Control {
    parts: Parts,
    audio: Audio,
    params: ParamTable,
    probes: probes::Probes,
    notes: Notes,
    sources: Sources,
    /// Started when somebody asks for the devices.
    listing: Option<Listing>,
    take: Take,
    trip: Trip,
    presets: Presets,
    history: History,
    reload: Reload,
    bypass: bool,
    mute: bool,
    shown: Shown,
    past: Past,
    guard: guard::Guard,
    load: LoadWatch,
}

/// The last of each kind of event, for pages that come later.
#[derive(Debug, Default)]
struct Shown {
    audio: Value,
    /// Of the thread that calls the engine.
    priority: Value,
    reloaded: Value,
    build_failed: Value,
    refused: Value,
    fault: Value,
    /// The end of the audio path that is missing.
    device: Value,
    /// Why the newest build was slow.
    advice: Vec<Advice>,
}

impl Shown {
    /// The last `audio_started`, with the microphones that there are now, and how its thread is
    /// scheduled.
    fn audio(&self, sources: &Sources) -> Value {
        let mut audio = self.audio.clone();
        if let Value::Object(audio) = &mut audio {
            audio.insert("priority".into(), self.priority.clone());
            audio.insert("more".into(), sources.granted());
        }
        audio
    }
}

#[derive(Debug)]
struct LoadWatch {
    since: Instant,
    before: retake_engine::load::LoadSnapshot,
}

impl Control {
    /// Takes over the session.
    pub fn new(mut parts: Parts) -> Self {
        let load = LoadWatch { since: Instant::now(), before: parts.probe.load.snapshot() };
        Self {
            audio: Audio::default(),
            params: ParamTable::default(),
            probes: probes::Probes::default(),
            notes: Notes::new(parts.midi.file.take()),
            sources: Sources::default(),
            listing: None,
            take: Take::new(parts.keeper.take()),
            trip: Trip::default(),
            presets: Presets::new(&mut parts.memory),
            history: History::default(),
            reload: Reload::default(),
            bypass: parts.memory.stand.bypass,
            mute: parts.memory.stand.mute,
            shown: Shown::default(),
            past: Past::default(),
            guard: guard::Guard::default(),
            load,
            parts,
        }
    }

    /// Serves until the end; then everything is stopped in order.
    ///
    /// # Errors
    /// [`Failure`] when the session ended by something other than the user's wish or its time.
    pub fn run(mut self) -> Result<(), Failure> {
        let begun = self.add_given_sources();
        let end = begun.and_then(|()| {
            self.add_remembered_inputs();
            self.serve()
        });
        self.shut_down(end)
    }

    /// Deals with whatever happens until something ends the session.
    fn serve(&mut self) -> Result<&'static str, Failure> {
        loop {
            let message = match self.parts.inbox.recv_timeout(TICK) {
                Ok(Message::Quit(reason)) => return Ok(reason),
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok("abandoned"),
            };
            // A block comes before what a plugin tells of it.
            self.hear_engine()?;
            if let Some(reason) = message.map_or(Ok(None), |m| self.obey(m))? {
                return Ok(reason);
            }
            self.tick()?;
        }
    }

    /// One message; a reason when it ends the session.
    fn obey(&mut self, message: Message) -> Result<Option<&'static str>, Failure> {
        match message {
            Message::Call(call) => self.answer(call),
            Message::Loop(event) => self.on_loop(event)?,
            Message::Plugin(note) => self.on_plugin(note)?,
            Message::Device(event) => return self.on_device(event),
            Message::Store(event) => self.on_store(event),
            Message::Midi(event) => self.on_midi(event),
            Message::Sound(news) => self.on_sound(news)?,
            Message::Pipe(news) => self.on_pipe(news),
            Message::Input(news) => self.on_input(news),
            Message::Delivery(delivery) => self.take_delivery(delivery),
            Message::Take(news) => self.on_take(news),
            Message::Trip(news) => self.on_trip(news),
            Message::RecorderFailed(error) => return Err(Failure::failed(error)),
            Message::Key(key) => return Ok(self.on_key(key)),
            Message::Quit(reason) => return Ok(Some(reason)),
        }
        Ok(None)
    }

    /// What has to be looked at regularly.
    fn tick(&mut self) -> Result<(), Failure> {
        self.hear_engine()?;
        self.send_params();
        self.look_at_troubles(false);
        self.look_at_guard();
        self.take_up_artifact()?;
        let now = Instant::now();
        self.tick_notes(now);
        self.tick_sources();
        self.tick_presets(now);
        self.watch_plugins()?;
        self.watch_block()?;
        self.look_at_losses();
        self.sum_up_load();
        Ok(())
    }

    /// Tells an event that belongs to the plugin's history; gives it back.
    fn tell(&mut self, name: &str, fields: Value) -> Value {
        let event = self.parts.report.event(name, fields);
        self.past.note(&event);
        event
    }

    fn look_at_losses(&mut self) {
        let t = self.parts.report.started().elapsed().as_secs_f64();
        let mut past = std::mem::take(&mut self.past);
        past.look(&self.parts.probe, self.captured().map(|input| (input.number, input.probe)), t);
        self.past = past;
    }

    fn sum_up_load(&mut self) {
        if self.load.since.elapsed() >= LOAD_WINDOW {
            let now = self.parts.probe.load.snapshot();
            self.parts.telemetry.set_load(now.since(&self.load.before));
            self.load = LoadWatch { since: Instant::now(), before: now };
            let memory =
                HISTORY_SECONDS * self.audio.shape().map_or(0, |shape| u64::from(shape.rate));
            self.history.forget_before(self.parts.probe.frames.get().saturating_sub(memory));
        }
    }

    fn on_key(&mut self, key: char) -> Option<&'static str> {
        if self.on_note_key(key, Instant::now()) {
            return None;
        }
        match key {
            'h' => say(Tone::Plain, "Keys", KEYS),
            'r' => self.parts.rebuilder.rebuild_now(),
            'o' => crate::browser::open(&self.parts.url),
            'b' => self.set_bypass(!self.bypass),
            'm' => self.set_mute(!self.mute),
            's' => self.save_quick_preset(),
            'p' => self.recall_next_preset(),
            'i' => self.cycle_sources(),
            'l' => self.turn_take(),
            'q' => return Some("quit"),
            _ => {}
        }
        None
    }

    fn set_bypass(&mut self, on: bool) {
        self.bypass = on;
        self.parts.telemetry.set(Flag::Bypass, on);
        self.audio.command(retake_engine::CommandKind::Bypass(on));
        self.presets.note_move();
        say(Tone::Plain, "Bypass", if on { "on: you hear the input" } else { "off" });
        self.tell_state();
    }

    fn set_mute(&mut self, on: bool) {
        self.mute = on;
        self.parts.telemetry.set(Flag::Mute, on);
        self.audio.command(retake_engine::CommandKind::Mute(on));
        self.presets.note_move();
        say(Tone::Plain, "Mute", if on { "on" } else { "off" });
        self.tell_state();
    }

    /// Tells the pages what the switches and the reload are at.
    fn tell_state(&self) {
        let state = json!({
            "reload": self.reload.state.to_string(),
            "generation": self.reload.playing_number().unwrap_or(0),
            "bypass": self.bypass,
            "mute": self.mute,
            "faulted": self.reload.is_faulted(),
        });
        self.parts.report.notify("state", &state);
    }
}

/// What the keys do.
pub const KEYS: &str = "r rebuild · b bypass · m mute · n play notes · s save a preset · p next preset · i next input · l loop the last 8 s · o open the page · q quit · h this help";
