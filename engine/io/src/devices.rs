//! The `devices` thread and what it says: opens streams, gives them the Engine, and when one dies
//! gets the Engine back and finds another home for it.
//!
//! Control builds the Engine from [`DeviceEvent::Opened`] and hands it over with
//! [`Devices::start`]; until then callbacks give silence and nothing counts. The streams never
//! leave this thread (they need not be Send) and no other thread opens a device.

pub(crate) use open::ranges;
pub use orders::{InputOrder, InputSet, OnInput};

mod backoff;
mod capture;
mod clocks;
mod driver;
mod fault;
mod feed;
mod leash;
mod open;
mod opened;
mod orders;
mod outage;
mod plan;
mod quiet;
mod regroup;
mod session;
mod slot;
mod stamping;
mod streams;

use std::{
    sync::{
        Arc,
        atomic::AtomicUsize,
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use orders::{ORDERS, Place};
use retake_engine::{Engine, LiveInput, Probe};
use serde::Serialize;

use crate::{
    choice::Choice,
    error::{End, IoError},
    priority::{Priority, Thread},
};

/// What to open.
#[derive(Debug, Clone)]
pub struct DeviceRequest {
    /// Only this audio host; `None` = the best that is there.
    pub host: Option<String>,
    /// The microphone.
    pub input: Choice,
    /// More microphones, each with a clock, a ring and counters of its own.
    pub more: Vec<Choice>,
    /// The speaker.
    pub output: Choice,
    /// Rate of the clock owner, Hz; `None` = the device's own.
    pub rate: Option<u32>,
    /// Frames per callback to ask for; `None` = [`DEFAULT_PERIOD`]. What was granted is read back.
    pub period: Option<u32>,
    /// How the virtual devices' time passes.
    pub clock: Clock,
    /// Zero of the time stamps that the engine is given.
    pub epoch: Instant,
}

/// Frames per callback that are asked for where the user did not say: 5.3 ms at 48 kHz.
pub const DEFAULT_PERIOD: u32 = 256;

/// How time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// As on the wall.
    #[default]
    Real,
    /// As fast as the machine can; virtual devices at both ends, same bytes every time.
    Fast,
}

/// Asked before each block of the fast clock with the block's frames; `false` makes it wait.
pub type Gate = Box<dyn FnMut(usize) -> bool + Send>;

/// What holds a run, and where it ends.
#[derive(Default)]
pub struct RunPlan {
    /// They hold the fast clock.
    pub gates: Vec<Gate>,
    /// Engine frames after which [`DeviceEvent::Finished`] comes. A virtual clock owner stops
    /// exactly there, hardware goes on until it is stopped.
    pub stop_after_frames: Option<u64>,
    /// Frames that a virtual speaker's file leaves out at its start: the latency of a rendering.
    pub skip_frames: u64,
}

impl std::fmt::Debug for RunPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunPlan")
            .field("gates", &self.gates.len())
            .field("stop_after_frames", &self.stop_after_frames)
            .field("skip_frames", &self.skip_frames)
            .finish()
    }
}

/// What an engine for these devices must be built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Rate of the clock owner, Hz.
    pub engine_rate: u32,
    /// Channels of the microphone; 0 without one.
    pub n_input: usize,
    /// Channels of the speaker; without one, those of the microphone.
    pub n_output: usize,
    /// Largest block the engine should cut callbacks into.
    pub max_block: usize,
    /// Frames from the microphone's callback to the speaker's.
    pub latency_frames: usize,
    /// Which ends there are.
    pub mode: Mode,
}

/// Which ends there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Microphone and speaker.
    Duplex,
    /// Speaker only.
    Output,
    /// Microphone only: meters, recorder and taps hear the plugin.
    Input,
}

/// The event `audio_started`, without its envelope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AudioInfo {
    /// Host of the clock owner.
    pub host: String,
    /// Which ends there are.
    pub mode: Mode,
    /// How time passes.
    pub clock: Clock,
    /// The microphone.
    pub input: Option<DeviceInfo>,
    /// The microphones beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<DeviceInfo>,
    /// The speaker.
    pub output: Option<DeviceInfo>,
    /// Rate of the clock owner, Hz.
    pub engine_rate: u32,
    /// Largest block.
    pub max_block: usize,
    /// Frames from the microphone's callback to the speaker's.
    pub latency_frames: usize,
}

/// One device as it was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// Its name.
    pub device: String,
    /// Hz.
    pub rate: u32,
    /// Samples per frame.
    pub channels: u16,
    /// Sample format.
    pub format: String,
    /// Frames per callback.
    pub period: u32,
}

/// Open streams that wait for an engine.
#[derive(Debug)]
pub struct Opened {
    /// What the engine must fit.
    pub format: Format,
    /// For people and scripts.
    pub info: AudioInfo,
    /// The engine's end of the microphone.
    pub input: Option<LiveInput>,
    /// Those of the microphones beside it, in the order of the request.
    pub more: Vec<MoreInput>,
    /// Nobody chose this real speaker nor what is heard of it: a microphone may howl, a test tone
    /// may frighten. Begin muted.
    pub unasked_sound: bool,
    /// The speaker is a file or nothing: no fade-in, no limiter.
    pub virtual_output: bool,
    /// A real microphone may hear a real speaker.
    pub is_live_loop: bool,
    /// What was done instead of what was asked, in sentences.
    pub notices: Vec<String>,
}

/// The engine's end of a microphone beside the first.
#[derive(Debug)]
pub struct MoreInput {
    /// Which of the microphones it is; never another's in this session.
    pub number: usize,
    /// What it gives, from the next block of whoever takes it.
    pub input: LiveInput,
    /// Its own counters.
    pub probe: Arc<Probe>,
    /// As it was granted.
    pub info: DeviceInfo,
    /// Frames from its callback to the speaker's.
    pub latency_frames: usize,
    /// It is real, and so is the speaker: it may hear it.
    pub is_live_loop: bool,
}

/// What the `devices` thread tells control.
#[derive(Debug)]
pub enum DeviceEvent {
    /// First word: the streams are open. Answer with [`Devices::start`].
    Opened(Box<Opened>),
    /// First and last word: it cannot be done.
    OpenFailed(IoError),
    /// The devices came back in another shape. Take the engine apart, build a new one, answer
    /// with [`Devices::start`].
    Reshape {
        /// The engine that no longer fits.
        engine: Box<Engine>,
        /// The new shape.
        opened: Box<Opened>,
    },
    /// A microphone beside the first has another end for the engine: it came for the first time, or
    /// came back with other channels.
    Input(Box<MoreInput>),
    /// A device was lost, could not be reopened (told once per reason), or is back.
    State {
        /// Which.
        end: End,
        /// Which of the microphones, by its number; 0 = the first, and for a speaker.
        input: usize,
        /// What.
        state: DeviceState,
        /// Why.
        reason: String,
    },
    /// A stream plays: how the thread is scheduled that calls the engine. Not on the fast clock.
    Priority(Priority),
    /// `stop_after_frames` is reached; a virtual speaker's file is complete.
    Finished,
    /// The run cannot go on (disk full, a gate that never opened).
    Failed(IoError),
    /// Last word after [`Devices::stop`]: all streams are closed.
    Stopped {
        /// The engine, unless the audio system kept it.
        engine: Option<Box<Engine>>,
    },
}

/// See [`DeviceEvent::State`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceState {
    /// Its stream died, or is no longer served.
    Lost,
    /// It could not be opened again yet.
    Retry,
    /// It is at work again.
    Back,
}

/// What arrives at the `devices` thread.
enum Message {
    Start(Box<Engine>, RunPlan),
    Input(InputOrder, Place),
    Stop,
    /// A callback was dropped and sent its engine home.
    Returned(Box<Engine>),
    /// The first callback has asked the system.
    Priority(Priority, Option<Thread>),
    /// The virtual clock stopped by itself.
    Ended(Result<(), IoError>),
}

/// More than can be on their way at once: those, two other orders, one engine, one end, a priority.
const MESSAGES: usize = ORDERS + 16;

/// Control's handle on the `devices` thread. Dropping it stops the streams.
#[derive(Debug)]
pub struct Devices {
    orders: SyncSender<Message>,
    /// Orders about inputs that are on their way.
    n_orders: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Devices {
    /// Starts the thread; everything else comes through `events`, which must not block.
    ///
    /// # Errors
    /// [`IoError::Thread`].
    pub fn spawn(
        request: DeviceRequest,
        probe: Arc<Probe>,
        events: Box<dyn Fn(DeviceEvent) + Send>,
    ) -> Result<Self, IoError> {
        let (orders, inbox) = sync_channel(MESSAGES);
        let home = orders.clone();
        let name = "devices";
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || session::run(request, probe, events, (home, inbox)))
            .map_err(|e| IoError::Thread { name, reason: e.to_string() })?;
        Ok(Self { orders, n_orders: Arc::default(), thread: Some(thread) })
    }

    /// Gives the streams their engine and lets them play.
    pub fn start(&self, engine: Box<Engine>, run: RunPlan) {
        // A thread that has ended has said why.
        drop(self.orders.send(Message::Start(engine, run)));
    }

    /// Has another microphone opened, changed or closed; returns at once.
    ///
    /// # Errors
    /// Gives the order back when too many are on their way.
    pub fn order(&self, order: InputOrder) -> Result<(), InputOrder> {
        let Some(place) = Place::take(&self.n_orders) else {
            return Err(order);
        };
        // A thread that has ended has said why.
        drop(self.orders.try_send(Message::Input(order, place)));
        Ok(())
    }

    /// Closes the streams; [`DeviceEvent::Stopped`] brings the engine back.
    pub fn stop(&self) {
        drop(self.orders.try_send(Message::Stop));
    }

    /// Waits for the thread's end, after [`Devices::stop`] or [`DeviceEvent::OpenFailed`].
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        self.stop();
    }
}
