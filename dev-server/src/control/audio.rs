//! The devices and the engine, as control sees them: what was granted, what is told, what is sent.

use std::sync::Arc;

use retake_engine::{
    BusShape, Busy, CommandKind, Engine, EngineControl, EngineParts, Event, EventBody,
    FrameProducer, Generation, Origin, Setup, ToMono,
    mixer::{MixerSetup, Voice, VoiceProbe},
    tap::{TapReader, TapSource},
};
use retake_io::{AudioInfo, DeviceEvent, Opened, Priority, Recorder, RunPlan};
use serde_json::{Value, json};

use super::{
    Control, Failure, Message,
    reload::{Fault, Outcome},
    sources::Way,
};
use crate::{
    report::{Tone, say},
    seconds::frames_of,
    telemetry::{Flag, Taps},
};

/// What control holds of the sound.
#[derive(Debug, Default)]
pub(super) struct Audio {
    /// What the devices granted; gone into the engine except for its shape.
    granted: Option<Granted>,
    engine: Option<EngineControl>,
    /// Channels of the plugin's input that pages see.
    n_shown: Option<usize>,
    /// An engine of another shape is to be built; these are the parts of the last one.
    reshaping: Option<(Option<FrameProducer>, u64)>,
    recorder: Option<Recorder>,
    muted_at_start: Muted,
    has_stopped: bool,
    /// The `devices` thread has said its first and last word.
    could_not_open: bool,
}

/// Why a session starts muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Muted {
    /// It does not.
    #[default]
    No,
    /// Nobody asked for the sound.
    Unasked,
    /// The last one ended so.
    Restored,
}

#[derive(Debug)]
struct Granted {
    shape: BusShape,
    /// What comes before the plugin.
    mixer: MixerSetup,
    /// Channels of the live input; 0 = none.
    n_live: usize,
    /// Channels that the plugin is offered; 0 = none.
    n_input: usize,
    way: Way,
    /// Of the device that calls the engine, in its frames.
    period_frames: u64,
    /// Taken by the engine.
    opened: Option<Opened>,
}

impl Audio {
    /// The engine's shape, once the devices are open.
    pub(super) fn shape(&self) -> Option<BusShape> {
        self.granted.as_ref().map(|granted| granted.shape)
    }

    /// What plugins are activated for, once the devices are open.
    pub(super) fn plugin_format(&self) -> Option<retake_host::Format> {
        self.granted.as_ref().map(|Granted { shape, n_input, .. }| retake_host::Format {
            rate: f64::from(shape.rate),
            max_block: shape.max_block,
            n_input: *n_input,
            n_output: shape.n_output,
        })
    }

    /// Channels of the sidechain.
    pub(super) fn n_side(&self) -> usize {
        self.granted.as_ref().map_or(0, |granted| granted.mixer.n_side)
    }

    /// Channels of the live input.
    pub(super) fn n_live(&self) -> usize {
        self.granted.as_ref().map_or(0, |granted| granted.n_live)
    }

    /// How loud the live input is.
    pub(super) fn live_probe(&self) -> Option<Arc<VoiceProbe>> {
        self.engine.as_ref().map(|engine| Arc::clone(&engine.live))
    }

    /// A voice that has ended.
    pub(super) fn take_spent(&mut self) -> Option<Box<Voice>> {
        self.engine.as_mut()?.spent.pop().ok()
    }

    /// From the microphone to the speaker, in frames, as the devices were opened.
    pub(super) fn latency_frames(&self) -> usize {
        self.way().at_first()
    }

    /// The first microphone's way to the speaker.
    pub(super) fn way(&self) -> Way {
        self.granted.as_ref().map_or_else(Way::default, |granted| granted.way)
    }

    /// It is another, from another device.
    pub(super) fn set_way(&mut self, way: Way) {
        if let Some(granted) = &mut self.granted {
            granted.way = way;
        }
    }

    /// Frames that the engine is asked for at once.
    pub(super) fn period_frames(&self) -> u64 {
        self.granted.as_ref().map_or(0, |granted| granted.period_frames)
    }

    /// A reader of the captured input that begins `frames` back.
    pub(super) fn open_past(&self, frames: u64) -> Option<TapReader> {
        self.engine.as_ref().map(|engine| engine.input.open_back(frames))
    }

    /// What the plugin gets by its main input.
    pub(super) fn main_input(&self) -> Option<TapSource> {
        let input = &self.engine.as_ref()?.input;
        Some(input.first(input.channels().saturating_sub(self.n_side())))
    }

    /// Whether there are devices that no engine was built for yet.
    pub(super) fn awaits_engine(&self) -> bool {
        self.granted.as_ref().is_some_and(|granted| granted.opened.is_some())
    }

    pub(super) fn is_running(&self) -> bool {
        self.engine.is_some()
    }

    pub(super) fn was_muted_at_start(&self) -> bool {
        self.muted_at_start != Muted::No
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    pub(super) fn could_not_open(&self) -> bool {
        self.could_not_open
    }

    pub(super) fn take_recorder(&mut self) -> Option<Recorder> {
        self.recorder.take()
    }

    /// Sends a command for `at_frame` (0 = at once); without an engine it is lost.
    ///
    /// # Errors
    /// [`Busy`] when the ring is full.
    pub(super) fn send(&mut self, at_frame: u64, kind: CommandKind) -> Result<(), Busy> {
        self.engine.as_mut().map_or(Ok(()), |engine| engine.commands.send(at_frame, kind))
    }

    /// A real microphone that came hears a real speaker.
    pub(super) fn close_loop(&mut self) {
        match self.granted.as_mut().and_then(|granted| granted.opened.as_mut()) {
            Some(opened) => opened.is_live_loop = true,
            None => self.command(CommandKind::LiveLoop),
        }
    }

    /// Sends a command, if there is an engine. Switches and swaps have room: see
    /// [`retake_engine::command`].
    pub(super) fn command(&mut self, kind: CommandKind) {
        if let Err(busy) = self.send(0, kind) {
            say(Tone::Warning, "Busy", format!("{busy}: the switch was not thrown"));
        }
    }
}

impl Control {
    /// What the devices thread tells; a reason when it ends the session.
    pub(super) fn on_device(
        &mut self,
        event: DeviceEvent,
    ) -> Result<Option<&'static str>, Failure> {
        match event {
            DeviceEvent::Opened(opened) => self.on_opened(*opened)?,
            DeviceEvent::OpenFailed(error) => {
                self.audio.could_not_open = true;
                return Err(if error.is_usage() {
                    Failure::usage(error)
                } else {
                    Failure::failed(error)
                });
            }
            DeviceEvent::Failed(error) => return Err(Failure::failed(error)),
            DeviceEvent::State { end, input, state, reason } => {
                let fields =
                    json!({ "end": end, "input": input, "state": state, "reason": reason });
                let word = fields["state"].as_str().unwrap_or_default();
                let which = if input > 0 { format!(" {}", input + 1) } else { String::new() };
                say(Tone::Warning, "Device", format!("{end}{which} {word}: {reason}"));
                let is_back = word == "back";
                let event = self.parts.report.event("device", fields);
                self.shown.device = if is_back { Value::Null } else { event };
            }
            DeviceEvent::Input(more) => self.take_input(*more),
            DeviceEvent::Priority(priority) => self.on_priority(&priority),
            DeviceEvent::Reshape { engine, opened } => self.reshape(*engine, *opened)?,
            DeviceEvent::Finished => return Ok(Some("duration")),
            DeviceEvent::Stopped { .. } => {}
        }
        Ok(None)
    }

    /// How the thread is scheduled that calls the engine, told when it differs from the last.
    fn on_priority(&mut self, priority: &Priority) {
        let fields = json!({ "priority": priority });
        if self.shown.priority == fields["priority"] {
            return;
        }
        self.shown.priority = fields["priority"].clone();
        for lack in &priority.lacks {
            say(Tone::Warning, "Priority", format!("the audio thread lacks {lack}"));
        }
        self.parts.report.event("priority", fields);
    }

    fn on_opened(&mut self, mut opened: Opened) -> Result<(), Failure> {
        self.take_inputs(std::mem::take(&mut opened.more));
        for notice in &opened.notices {
            say(Tone::Warning, "Audio", notice);
        }
        let format = opened.format;
        let mixer = self.sources.mixer(format.n_input, format.n_output);
        let n_mixed = if self.sources.is_used() { mixer.n_main } else { 0 };
        self.audio.granted = Some(Granted {
            shape: BusShape {
                rate: format.engine_rate,
                max_block: format.max_block,
                n_output: format.n_output,
            },
            mixer,
            n_live: format.n_input,
            n_input: format.n_input.max(n_mixed),
            way: Way::opened(format.latency_frames, &self.parts.probe),
            period_frames: period_of(&opened.info),
            opened: Some(opened),
        });
        self.take_up_artifact()
    }

    /// Builds the engine around the first generation (or the one that survived) and starts it.
    pub(super) fn start_engine(&mut self, first: Box<Generation>) -> Result<(), Failure> {
        let (Some(shape), Some(granted)) = (self.audio.shape(), &mut self.audio.granted) else {
            return Ok(());
        };
        // With what was set of the live input since the devices opened.
        granted.mixer = self.sources.mixer(granted.n_live, shape.n_output);
        let mixer = granted.mixer;
        let Some(opened) = granted.opened.take() else {
            return Ok(());
        };
        let is_new_session = self.audio.engine.is_none();
        let plugin_latency = first.layout().latency_frames;
        let has_sidechain = first.layout().n_side > 0;
        let (record, frame) = match self.audio.reshaping.take() {
            Some(parts) => parts,
            None => (self.create_recorder(shape)?, 0),
        };
        if is_new_session {
            self.set_switches(&opened);
        }
        let (engine, control) = Engine::new(Setup {
            shape,
            input: opened.input,
            mixer,
            first,
            record,
            to_mono: self.to_mono(),
            is_real_output: !opened.virtual_output,
            is_limited: self.parts.run.safety.limit,
            is_live_loop: opened.is_live_loop,
            muted: self.mute,
            bypass: self.bypass,
            tempo_bpm: self.parts.midi.tempo_bpm,
            frame,
            probe: Arc::clone(&self.parts.probe),
        });
        self.audio.engine = Some(control);
        self.audio.n_shown = None;
        if is_new_session {
            self.schedule_settings(shape.rate)?;
        }
        self.begin_midi(frame, shape, &opened.info);
        let info = serde_json::to_value(&opened.info).unwrap_or_default();
        say_started(&opened.info);
        self.say_muted();
        self.shown.audio = self.parts.report.event("audio_started", info);
        // Before the clock starts: generators sound from its first frame on.
        self.begin_take(shape);
        self.begin_sources(shape, has_sidechain)?;
        self.parts.devices.start(Box::new(engine), self.run_plan(shape.rate, plugin_latency));
        Ok(())
    }

    /// Pages see of the plugin's input what anything can be in: the live input's channels; with
    /// sources all that are mixed; with one on the sidechain its channels too.
    pub(super) fn show_inputs(&mut self) {
        let (Some(granted), Some(engine)) = (&self.audio.granted, &self.audio.engine) else {
            return;
        };
        let MixerSetup { n_main, n_side, .. } = granted.mixer;
        let n = match () {
            () if self.sources.uses_sidechain() => n_main + n_side,
            () if self.sources.is_used() => n_main,
            () => granted.n_live,
        };
        if self.audio.n_shown.replace(n) != Some(n) {
            let taps = Taps::of(engine, n, granted.shape.rate);
            self.parts.telemetry.connect(engine.meters.first(n), taps);
        }
        self.feed_telemetry();
    }

    /// How the session begins: muted where nobody asked for the sound, else as the last one stood.
    fn set_switches(&mut self, opened: &Opened) {
        let is_restored = self.parts.memory.has_restored_devices && !opened.virtual_output;
        let is_unasked = opened.unasked_sound || is_restored;
        self.audio.muted_at_start = match (is_unasked, self.mute) {
            _ if self.parts.run.audio.unmute => Muted::No,
            (true, _) => Muted::Unasked,
            (false, true) => Muted::Restored,
            (false, false) => Muted::No,
        };
        self.mute = self.audio.was_muted_at_start();
        self.parts.telemetry.set(Flag::Mute, self.mute);
        self.parts.telemetry.set(Flag::Bypass, self.bypass);
        if self.bypass {
            let what = "on, as in the last session: you hear the input; press b to hear the plugin";
            say(Tone::Warning, "Bypass", what);
        }
    }

    /// The MIDI file plays from the engine's first frame on; a rendering's, with its input.
    fn begin_midi(&mut self, frame: u64, shape: BusShape, info: &AudioInfo) {
        let delay = if self.parts.run.is_offline { self.latency_frames(0) } else { 0 };
        let Some(file) = &mut self.notes.file else {
            return;
        };
        let period = usize::try_from(period_of(info)).unwrap_or(usize::MAX);
        file.begin(frame + delay, shape.rate, period.max(shape.max_block));
        // Before the clock starts: it must not run past the first notes.
        self.feed_midi();
    }

    fn say_muted(&self) {
        let what = match self.audio.muted_at_start {
            _ if !self.mute => return,
            Muted::Restored => "as in the last session: press m to unmute",
            _ => "the output starts muted: press m to unmute – use headphones",
        };
        say(Tone::Warning, "Muted", what);
    }

    pub(super) fn to_mono(&self) -> ToMono {
        if self.parts.run.audio.mix_mono { ToMono::Mean } else { ToMono::First }
    }

    /// Where this run ends; a rendering begins its file with the input's first frame.
    fn run_plan(&self, rate: u32, plugin_latency: usize) -> RunPlan {
        let is_offline = self.parts.run.is_offline;
        let latency = if is_offline { self.latency_frames(plugin_latency) } else { 0 };
        let duration = self.parts.run.session.duration;
        let recorder = self.audio.recorder.iter().map(Recorder::gate);
        let midi = self.notes.file.iter().map(|file| file.gate(Arc::clone(&self.parts.probe)));
        RunPlan {
            gates: recorder.chain(midi).chain(self.sources.gate()).collect(),
            stop_after_frames: duration.map(|seconds| frames_of(seconds, rate) + latency),
            skip_frames: latency,
        }
    }

    fn latency_frames(&self, plugin_latency: usize) -> u64 {
        (self.audio.latency_frames() + plugin_latency) as u64
    }

    fn create_recorder(&mut self, shape: BusShape) -> Result<Option<FrameProducer>, Failure> {
        let Some(path) = &self.parts.run.session.record else {
            return Ok(None);
        };
        let mailbox = self.parts.mailbox.clone();
        let on_failure = move |error| drop(mailbox.send(Message::RecorderFailed(error)));
        let channels = u16::try_from(shape.n_output).unwrap_or(u16::MAX);
        let (ring, recorder) = Recorder::create(path, shape.rate, channels, Box::new(on_failure))
            .map_err(Failure::failed)?;
        self.audio.recorder = Some(recorder);
        Ok(Some(ring))
    }

    /// `--at`: commands that wait in the engine for their frame.
    fn schedule_settings(&mut self, rate: u32) -> Result<(), Failure> {
        // A rendering's times are the input's, which the plugin gets late by the input ring.
        let delay = if self.parts.run.is_offline { self.latency_frames(0) } else { 0 };
        let Some(engine) = &mut self.audio.engine else {
            return Ok(());
        };
        for timed in &self.parts.run.session.at {
            let Ok(wanted) = timed.setting.param.parse::<retake_host::ParamRef>();
            let value = timed.setting.value;
            let id = self
                .params
                .check(&wanted, Some(value))
                .map_err(|e| Failure::usage(format!("--at {}: {}", timed.seconds, e.message)))?;
            let at_frame = frames_of(timed.seconds, rate) + delay;
            engine
                .commands
                .send(at_frame, CommandKind::Plugin(EventBody::Param { id, value }))
                .map_err(|busy| Failure::usage(format!("too many --at: {busy}")))?;
        }
        Ok(())
    }

    /// The devices came back with another rate or other channels: the plugin goes through
    /// deactivate and activate, and a new engine takes the place of the old one.
    fn reshape(&mut self, engine: Engine, opened: Opened) -> Result<(), Failure> {
        let EngineParts { playing, next, standby, commands, record, frame } = engine.into_parts();
        let mut alive: Vec<_> = [Some(playing), next, standby].into_iter().flatten().collect();
        self.audio.reshaping = Some((record, frame));
        for command in commands {
            match command.kind {
                CommandKind::Swap(generation, _) => alive.push(generation),
                CommandKind::Plugin(EventBody::Param { id, value }) if command.at_frame == 0 => {
                    self.params.wish(id, value);
                }
                // Switches are built into the next engine; times of another clock mean nothing.
                _ => {}
            }
        }
        self.reload.end_of_fade();
        self.on_opened(opened)?;
        for generation in alive {
            self.on_homeless(*generation);
        }
        Ok(())
    }

    /// Facts and echoes from the engine, boxes on their way back.
    ///
    /// # Errors
    /// What ends the session when a candidate is refused.
    pub(super) fn hear_engine(&mut self) -> Result<(), Failure> {
        while let Some(event) = self.audio.engine.as_mut().and_then(|e| e.events.pop().ok()) {
            self.on_engine(event)?;
        }
        while let Some(old) = self.audio.engine.as_mut().and_then(|e| e.retired.pop().ok()) {
            self.on_retired(*old);
        }
        Ok(())
    }

    fn on_engine(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Sounding { generation, .. } => {
                self.on_sounding(generation);
                self.warn_of_unheard_midi();
            }
            Event::Plugin { body, frame, origin } => self.on_passed(body, frame, origin),
            Event::ProcessError { generation, .. } => self.on_outcome(generation, Outcome::Error),
            Event::Gone { generation, .. } => self.on_outcome(generation, Outcome::Gone),
            Event::Promoted { generation, instead_of, .. } => {
                return self.on_promoted(generation, instead_of);
            }
            Event::NonFinite { generation, .. } => {
                let fault = Fault::of("non_finite", "the plugin sent samples that are not finite");
                self.on_fault(generation, &fault.with_action("muted"));
            }
            Event::Stopped { .. } => self.audio.has_stopped = true,
            Event::SwapDone { generation, .. } => self.on_swap_done(generation),
            Event::Dc { level, .. } => self.on_dc(level),
            Event::Howl { hz, .. } => self.on_howl(hz),
        }
        Ok(())
    }

    /// A block has carried this to the plugin, or the plugin sent it.
    fn on_passed(&mut self, body: EventBody, frame: u64, origin: Origin) {
        match body {
            EventBody::Param { id, value } => self.on_param(id, value, frame, origin),
            EventBody::Note(note) if origin == Origin::Plugin => self.on_plugin_note(note, frame),
            _ if origin == Origin::Control => self.history.push(frame, body, None),
            _ => {}
        }
    }

    /// A parameter moved. Where the plugin has moved it by itself, the next generation is to follow.
    fn on_param(&mut self, id: u32, value: f64, frame: u64, origin: Origin) {
        let body = EventBody::Param { id, value };
        self.history.push(frame, body, self.params.value(id));
        self.params.arrived(id, value);
        self.presets.note_move();
        if origin == Origin::Plugin {
            self.reload.journal(id, value);
        }
        if origin == Origin::Plugin && self.reload.has_snapshot() {
            self.params.wish(id, value);
        }
        if let Some(thread) = self.reload.playing_thread() {
            thread.param_text(id, value, frame);
        }
    }

    /// Sends the parameter changes that wait.
    pub(super) fn send_params(&mut self) {
        if self.audio.awaits_engine() {
            // The one before is no more: what it is sent is lost.
            return;
        }
        let Some(engine) = &mut self.audio.engine else {
            return;
        };
        self.params.send(|id, value| {
            let set = CommandKind::Plugin(EventBody::Param { id, value });
            engine.commands.send(0, set).is_ok()
        });
    }
}

/// The period of the device that calls the engine.
fn period_of(info: &AudioInfo) -> u64 {
    let clock = info.output.as_ref().or(info.input.as_ref());
    clock.map_or(0, |device| device.period.into())
}

fn say_started(info: &AudioInfo) {
    let end = |device: &Option<retake_io::DeviceInfo>| {
        device.as_ref().map_or_else(
            || "none".into(),
            |d| format!("{} ({} Hz, {} ch, {} frames)", d.device, d.rate, d.channels, d.period),
        )
    };
    let (from, to) = (end(&info.input), end(&info.output));
    let latency_ms = info.latency_frames as f64 * 1e3 / f64::from(info.engine_rate);
    let what = format!("{}: {from} → {to}, {latency_ms:.1} ms", info.host);
    say(Tone::Good, "Audio", what);
}
