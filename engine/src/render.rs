//! The engine, and the ten lines everyone reads: [`Engine::render`].

use std::sync::Arc;

use crate::{
    bus::{Block, MOST_THAT_LEAVE, PluginBus},
    channels::ToMono,
    command::{Command, CommandKind, EngineControl, EnginePorts, Event, Origin, ports},
    delay::DryDelay,
    event::{EventBody, PluginEvent, Transport},
    generation::{BusShape, EVENTS_PER_BLOCK, Generation},
    guard::{Master, MasterSpec},
    input::LiveInput,
    meter::{MeterWriter, meters},
    mixer::{Mixer, MixerSetup},
    planar::Planar,
    probe::Probe,
    ring::FrameProducer,
    schedule::Schedule,
    tap::{TapWriter, tap},
};

/// What an engine is made of.
#[expect(clippy::struct_excessive_bools, reason = "switches that do not depend on each other")]
#[derive(Debug)]
pub struct Setup {
    /// Rate, largest block, channels of the output.
    pub shape: BusShape,
    /// The live input, or none.
    pub input: Option<LiveInput>,
    /// What is mixed into the plugin's input, and how wide that is.
    pub mixer: MixerSetup,
    /// The generation that plays first.
    pub first: Box<Generation>,
    /// Where every frame of the plugin's output goes, before the guard.
    pub record: Option<FrameProducer>,
    /// How a stereo input meets a mono plugin.
    pub to_mono: ToMono,
    /// Whether someone hears the output (a real device): it fades in at the start and after gaps,
    /// and is held below −1 dBFS.
    pub is_real_output: bool,
    /// Whether a virtual output, too, is held below −1 dBFS.
    pub is_limited: bool,
    /// Whether the output can come back through the input (a real microphone and a real
    /// loudspeaker): a howl mutes it.
    pub is_live_loop: bool,
    /// Whether the output starts muted.
    pub muted: bool,
    /// Whether the plugin starts bypassed.
    pub bypass: bool,
    /// Tempo that the plugin is told, in quarter notes per minute.
    pub tempo_bpm: f64,
    /// The engine's clock at its first block.
    pub frame: u64,
    /// The session's counters.
    pub probe: Arc<Probe>,
}

impl Setup {
    /// Nothing but a generation, which plays from frame 0 on to an output that nobody hears.
    pub fn new(shape: BusShape, first: Box<Generation>) -> Self {
        Self {
            shape,
            input: None,
            mixer: MixerSetup::default(),
            first,
            record: None,
            to_mono: ToMono::default(),
            is_real_output: false,
            is_limited: false,
            is_live_loop: false,
            muted: false,
            bypass: false,
            tempo_bpm: 120.0,
            frame: 0,
            probe: Arc::default(),
        }
    }

    fn master_spec(&self) -> MasterSpec {
        MasterSpec {
            rate: self.shape.rate,
            channels: self.shape.n_output,
            is_real: self.is_real_output,
            is_limited: self.is_limited,
            is_live_loop: self.is_live_loop,
            is_muted: self.muted,
        }
    }
}

/// Frames in, frames out. Send, owned by whoever renders; see the crate's head for the picture.
#[derive(Debug)]
pub struct Engine {
    shape: BusShape,
    frame: u64,
    input: Option<LiveInput>,
    captured: Planar,
    mixer: Mixer,
    bus: PluginBus,
    dry: DryDelay,
    bypass: bool,
    to_mono: ToMono,
    tempo_bpm: f64,
    events: Vec<PluginEvent>,
    schedule: Schedule,
    ports: EnginePorts,
    meters: MeterWriter,
    tap: TapWriter,
    /// What the plugin got, for warm starts.
    heard: TapWriter,
    record: Option<Record>,
    master: Master,
    probe: Arc<Probe>,
}

/// Largest latency of a plugin, in seconds: the dry delay has room for it.
pub const MAX_LATENCY_SECONDS: usize = 1;
/// What a tap remembers.
const TAP_SECONDS: usize = 2;
/// What the tap of the input remembers: more than a warm start replays, because it goes on.
const MEMORY_SECONDS: usize = 3;

impl Engine {
    /// Builds an engine and control's ends of its rings. Allocates everything it will ever need.
    ///
    /// # Panics
    /// If the shape has no output channel, no block or no rate.
    pub fn new(setup: Setup) -> (Self, EngineControl) {
        let master = Master::new(setup.master_spec(), Arc::clone(&setup.probe));
        let Setup { shape, input, probe, .. } = setup;
        let BusShape { rate, max_block, n_output } = shape;
        assert!(rate > 0 && max_block > 0 && n_output > 0, "{shape:?} holds nothing");
        let n_input = input.as_ref().map_or(0, LiveInput::channels);
        let (engine_ports, control) = ports(&probe);
        let (mixer, spent) = Mixer::new(setup.mixer, n_input, shape, setup.to_mono);
        let (n_main, n_side) = mixer.width();
        let (meter_writer, meter_source) = meters(n_main + n_side, n_output, rate);
        let (tap_writer, tap_source) = tap(n_output, TAP_SECONDS * rate as usize, setup.frame);
        let (heard_writer, heard_source) =
            tap(n_main + n_side, MEMORY_SECONDS * rate as usize, setup.frame);
        let max_latency = MAX_LATENCY_SECONDS * rate as usize;
        let scratch = vec![0.0; n_output * max_block];
        let engine = Self {
            shape,
            frame: setup.frame,
            captured: Planar::new(n_input, max_block),
            input,
            mixer,
            bus: PluginBus::new(setup.first, shape, setup.frame),
            dry: DryDelay::with_side(n_main, n_side, max_latency, max_block),
            bypass: setup.bypass,
            to_mono: setup.to_mono,
            tempo_bpm: setup.tempo_bpm,
            events: Vec::with_capacity(EVENTS_PER_BLOCK),
            schedule: Schedule::new(),
            ports: engine_ports,
            meters: meter_writer,
            tap: tap_writer,
            heard: heard_writer,
            record: setup.record.map(|ring| Record { ring, scratch }),
            master,
            probe: Arc::clone(&probe),
        };
        let control = EngineControl {
            commands: control.commands,
            events: control.events,
            retired: control.retired,
            spent,
            live: engine.mixer.live_probe(),
            probe,
            meters: meter_source,
            tap: tap_source,
            input: heard_source,
        };
        (engine, control)
    }

    /// A callback begins, whose first frame is due at `at_ns` on the clock that capture callbacks are
    /// stamped with. Once per callback, before [`Engine::render`]; it is what inputs with a clock of
    /// their own are steered by.
    ///
    /// # Real time
    /// Wait-free, no allocation.
    pub fn begin_callback(&mut self, at_ns: u64) {
        if let Some(input) = &mut self.input {
            input.begin(at_ns);
        }
        self.mixer.begin_callback(at_ns);
    }

    /// Fills `output` with interleaved frames: any number of them, in blocks of at most
    /// `max_block`, cut where a dated command takes effect. `now_ns` is the driver's clock, which
    /// comes back in [`Event::Sounding`].
    ///
    /// # Real time
    /// Never allocates, frees, locks, logs, waits or calls the system, as far as the processor
    /// does not.
    pub fn render(&mut self, output: &mut [f32], now_ns: u64) {
        let mut frames_left = output.len() / self.shape.n_output;
        let mut rest = output;
        while frames_left > 0 {
            let frames = self.obey(frames_left.min(self.shape.max_block));
            let (output, later) = rest.split_at_mut(frames * self.shape.n_output);
            if self.bus.begins_to_sound(self.frame) {
                self.mixer.begin_anew();
            }
            self.capture(frames);
            self.process(frames, now_ns);
            self.listen(frames);
            self.sound(frames, output);
            self.advance(frames);
            (rest, frames_left) = (later, frames_left - frames);
        }
    }

    /// Takes the commands that are due in a block of at most `frames`; what is for the plugin
    /// becomes its events. Returns the length of the block.
    fn obey(&mut self, frames: usize) -> usize {
        self.events.clear();
        self.schedule.fill_from(&mut self.ports.commands, self.frame);
        let frames = self.schedule.cut(self.frame, frames);
        while let Some(command) =
            self.schedule.next_due(self.frame, self.frame + 1, self.can_swap())
        {
            self.execute(command);
        }
        // A swap that began here may want a shorter block; none begins below.
        let frames = self.bus.cut(self.frame, frames);
        let end = self.frame + frames as u64;
        while let Some(command) = self.schedule.next_due(self.frame, end, false) {
            self.execute(command);
        }
        frames
    }

    fn can_swap(&self) -> bool {
        // Those that go must find their way back free: nothing is dropped here.
        !self.bus.is_swapping() && self.ports.retired.has_room_for(MOST_THAT_LEAVE)
    }

    fn execute(&mut self, command: Command) {
        match command.kind {
            CommandKind::Plugin(body) => self.pass_on(command.at_frame, body),
            CommandKind::Swap(next, fade) => self.bus.begin_swap(next, fade, self.frame, &self.dry),
            CommandKind::Bypass(on) => self.bypass = on,
            CommandKind::Condemn { generation } => {
                self.schedule.condemn(generation);
                self.bus.condemn(generation, &mut self.ports.retired);
            }
            CommandKind::DropStandby => self.bus.drop_standby(&mut self.ports.retired),
            CommandKind::Play(voice) => self.mixer.play(voice),
            CommandKind::Voice(id, change) => self.mixer.change(id, change),
            CommandKind::Live(change) => self.mixer.change_live(change),
            CommandKind::Bus(bus, gain) => self.mixer.set_bus_gain(bus, gain),
            CommandKind::Mute(on) => self.master.mute(on),
            CommandKind::LiveLoop => self.master.close_loop(),
            CommandKind::Stop => self.master.stop(),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "an offset within the block")]
    fn pass_on(&mut self, at_frame: u64, body: EventBody) {
        let offset = at_frame.saturating_sub(self.frame) as u32;
        let event = PluginEvent { offset, body };
        self.events.push(event);
        if !self.schedule.remember(event) {
            self.probe.events_lost.add(1);
        }
        let frame = self.frame + u64::from(offset);
        self.ports.reporter.echo(Event::Plugin { body, frame, origin: Origin::Control });
    }

    fn capture(&mut self, frames: usize) {
        match &mut self.input {
            Some(input) => input.read(&mut self.captured, frames),
            None => self.captured.silence(frames),
        }
        self.mixer.render(&self.captured, frames);
    }

    fn process(&mut self, frames: usize, now_ns: u64) {
        let mut block = Block {
            input: self.mixer.input(&self.captured),
            frames,
            frame: self.frame,
            now_ns,
            transport: Transport::at(self.frame, self.shape.rate, self.tempo_bpm),
            events: &self.events,
            bypass: self.bypass,
            to_mono: self.to_mono,
            dry: &mut self.dry,
            reporter: &mut self.ports.reporter,
            retired: &mut self.ports.retired,
            probe: &self.probe,
        };
        self.bus.render(&mut block);
    }

    /// Everyone who reads along gets the plugin's output as it is, before mute and guard.
    fn listen(&mut self, frames: usize) {
        let (got, heard) = (self.mixer.input(&self.captured), self.bus.output());
        self.meters.measure(got, heard, frames, self.frame);
        self.tap.write(heard, frames);
        self.heard.write(got, frames);
        if let Some(record) = &mut self.record {
            record.write(heard, frames, &self.probe);
        }
    }

    /// The plugin's output, and what goes around it, through the master.
    fn sound(&mut self, frames: usize, output: &mut [f32]) {
        let latency = self.bus.latency_frames();
        let hears_input = self.bus.hears_input() || self.mixer.passes_live_around();
        let heard = self.mixer.output(self.bus.output(), latency, frames);
        self.master.render(heard, output, hears_input);
    }

    fn advance(&mut self, frames: usize) {
        self.frame += frames as u64;
        self.probe.frames.set(self.frame);
        let (frame, found) = (self.frame, self.master.found());
        let stopped = self.master.has_just_stopped().then_some(Event::Stopped { frame });
        let dc = found.dc.map(|level| Event::Dc { frame, level });
        let howl = found.howl_hz.map(|hz| Event::Howl { frame, hz });
        for fact in [dc, howl, stopped].into_iter().flatten() {
            self.ports.reporter.fact(fact);
        }
    }
}

/// Off the audio thread: what the devices thread does with an engine that came back.
impl Engine {
    /// Rate, largest block and channels.
    pub fn shape(&self) -> BusShape {
        self.shape
    }

    /// Channels of the live input, fixed at construction.
    pub fn n_input(&self) -> usize {
        self.captured.channels()
    }

    /// The engine's clock.
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// The session's counters.
    pub fn probe(&self) -> &Arc<Probe> {
        &self.probe
    }

    /// Begins a new epoch on rebuilt streams: another input of the same channels (or none), and a
    /// fade-in.
    ///
    /// # Panics
    /// If the new input has other channels or another engine rate than this engine.
    pub fn begin_epoch(&mut self, input: Option<LiveInput>) {
        if let Some(input) = &input {
            assert_eq!(input.channels(), self.n_input(), "the input's channels are fixed");
            assert_eq!(input.engine_rate(), self.shape.rate, "the engine's rate is fixed");
        }
        self.input = input;
        self.master.begin_gap();
    }

    /// Takes the engine apart, for a new one of another shape.
    pub fn into_parts(self) -> EngineParts {
        let (playing, next, standby) = self.bus.into_generations();
        EngineParts {
            playing,
            next,
            standby,
            record: self.record.map(|r| r.ring),
            commands: self.schedule.into_commands(self.ports.commands),
            frame: self.frame,
        }
    }
}

/// What survives an engine.
#[derive(Debug)]
pub struct EngineParts {
    /// The generation that played.
    pub playing: Box<Generation>,
    /// The generation that was fading in.
    pub next: Option<Box<Generation>>,
    /// The generation that stood by.
    pub standby: Option<Box<Generation>>,
    /// Commands that were not obeyed yet, swaps with their generations among them.
    pub commands: Vec<Command>,
    /// The recorder's ring.
    pub record: Option<FrameProducer>,
    /// The clock.
    pub frame: u64,
}

/// The lossless recording: its ring and the interleaving scratch.
#[derive(Debug)]
struct Record {
    ring: FrameProducer,
    scratch: Vec<f32>,
}

impl Record {
    fn write(&mut self, heard: &Planar, frames: usize, probe: &Probe) {
        let scratch = &mut self.scratch[..frames * heard.channels()];
        heard.read_interleaved(scratch);
        let taken = self.ring.push(scratch);
        probe.record_lost_frames.add((frames - taken) as u64);
    }
}
