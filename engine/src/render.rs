//! The engine, and the ten lines everyone reads: [`Engine::render`].

use std::{collections::VecDeque, sync::Arc};

use crate::{
    bus::{Block, BusShape, EVENTS_PER_BLOCK, Generation, PluginBus},
    channels::ToMono,
    command::{COMMAND_CAPACITY, Command, CommandKind, EngineControl, EnginePorts, Event, ports},
    delay::DryDelay,
    guard::Master,
    input::LiveInput,
    meter::{MeterWriter, meters},
    planar::Planar,
    probe::Probe,
    processor::PluginEvent,
    ring::FrameProducer,
    tap::{TapWriter, tap},
};

/// What an engine is made of.
#[derive(Debug)]
pub struct Setup {
    /// Rate, largest block, channels of the output.
    pub shape: BusShape,
    /// The live input, or none.
    pub input: Option<LiveInput>,
    /// The generation that plays first.
    pub first: Box<Generation>,
    /// Where every frame of the plugin's output goes, before the guard.
    pub record: Option<FrameProducer>,
    /// How a stereo input meets a mono plugin.
    pub to_mono: ToMono,
    /// Whether the output fades in at the start and after gaps (real devices).
    pub fades_in: bool,
    /// Whether the output starts muted.
    pub muted: bool,
    /// Whether the plugin starts bypassed.
    pub bypass: bool,
    /// The engine's clock at its first block.
    pub frame: u64,
    /// The session's counters.
    pub probe: Arc<Probe>,
}

/// Frames in, frames out. Send, owned by whoever renders; see the crate's head for the picture.
#[derive(Debug)]
pub struct Engine {
    shape: BusShape,
    frame: u64,
    input: Option<LiveInput>,
    captured: Planar,
    bus: PluginBus,
    dry: DryDelay,
    bypass: bool,
    to_mono: ToMono,
    events: Vec<PluginEvent>,
    schedule: Schedule,
    ports: EnginePorts,
    meters: MeterWriter,
    tap: TapWriter,
    record: Option<Record>,
    master: Master,
    announced: bool,
    probe: Arc<Probe>,
}

/// Largest latency of a plugin, in seconds: the dry delay has room for it.
pub const MAX_LATENCY_SECONDS: usize = 1;
/// What a tap remembers.
const TAP_SECONDS: usize = 2;

impl Engine {
    /// Builds an engine and control's ends of its rings. Allocates everything it will ever need.
    pub fn new(setup: Setup) -> (Self, EngineControl) {
        let Setup {
            shape,
            input,
            probe,
            ..
        } = setup;
        let BusShape {
            rate,
            max_block,
            n_output,
        } = shape;
        let n_input = input.as_ref().map_or(0, LiveInput::channels);
        let (engine_ports, control) = ports(&probe);
        let (meter_writer, meter_source) = meters(n_input, n_output, rate);
        let (tap_writer, tap_source) = tap(n_output, TAP_SECONDS * rate as usize);
        let max_latency = MAX_LATENCY_SECONDS * rate as usize;
        let scratch = vec![0.0; n_output * max_block];
        let engine = Self {
            shape,
            frame: setup.frame,
            captured: Planar::new(n_input, max_block),
            input,
            bus: PluginBus::new(setup.first, shape),
            dry: DryDelay::new(n_input, max_latency, max_block),
            bypass: setup.bypass,
            to_mono: setup.to_mono,
            events: Vec::with_capacity(EVENTS_PER_BLOCK),
            schedule: Schedule::new(),
            ports: engine_ports,
            meters: meter_writer,
            tap: tap_writer,
            record: setup.record.map(|ring| Record { ring, scratch }),
            master: Master::new(rate, setup.fades_in, setup.muted, Arc::clone(&probe)),
            announced: false,
            probe: Arc::clone(&probe),
        };
        let control = EngineControl {
            commands: control.commands,
            events: control.events,
            retired: control.retired,
            probe,
            meters: meter_source,
            tap: tap_source,
        };
        (engine, control)
    }

    /// Fills `output` with interleaved frames: any number of them, in blocks of at most
    /// `max_block`. `now_ns` is the driver's clock, which comes back in [`Event::Sounding`].
    ///
    /// # Real time
    /// Never allocates, frees, locks, logs, waits or calls the system, as far as the processor
    /// does not.
    pub fn render(&mut self, output: &mut [f32], now_ns: u64) {
        for output in output.chunks_mut(self.shape.max_block * self.shape.n_output) {
            let frames = output.len() / self.shape.n_output;
            self.obey(frames, now_ns);
            self.capture(frames);
            self.process(frames);
            self.listen(frames);
            self.master.render(self.bus.output(), output);
            self.advance(frames);
        }
    }

    /// Takes the commands that are due in this block; parameter changes become events.
    fn obey(&mut self, frames: usize, now_ns: u64) {
        if !self.announced {
            self.announced = true;
            self.announce(now_ns);
        }
        self.events.clear();
        self.schedule.fill_from(&mut self.ports.commands);
        let end = self.frame + frames as u64;
        loop {
            let can_swap = !self.bus.is_swapping();
            let has_room = self.events.len() < EVENTS_PER_BLOCK;
            let Some(command) = self.schedule.next_due(end, can_swap, has_room) else {
                return;
            };
            self.execute(command, now_ns);
        }
    }

    fn execute(&mut self, command: Command, now_ns: u64) {
        match command.kind {
            CommandKind::SetParam { id, value } => self.set_param(command.at_frame, id, value),
            CommandKind::Swap(next, fade) => {
                self.bus.begin_swap(next, fade);
                self.announce(now_ns);
            }
            CommandKind::Bypass(on) => self.bypass = on,
            CommandKind::Condemn { generation } => self.bus.condemn(generation),
            CommandKind::Mute(on) => self.master.mute(on),
            CommandKind::Stop => self.master.stop(),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "an offset within the block"
    )]
    fn set_param(&mut self, at_frame: u64, param_id: u32, value: f64) {
        let offset = at_frame.saturating_sub(self.frame) as u32;
        self.events.push(PluginEvent {
            offset,
            param_id,
            value,
        });
        let frame = self.frame + u64::from(offset);
        self.ports.reporter.echo(Event::Param {
            id: param_id,
            value,
            frame,
        });
    }

    fn announce(&mut self, at_ns: u64) {
        let generation = self.bus.newest().number();
        let sounding = Event::Sounding {
            generation,
            frame: self.frame,
            at_ns,
        };
        self.ports.reporter.fact(sounding);
    }

    fn capture(&mut self, frames: usize) {
        match &mut self.input {
            Some(input) => input.read(&mut self.captured, frames),
            None => self.captured.silence(frames),
        }
    }

    fn process(&mut self, frames: usize) {
        let mut block = Block {
            input: &self.captured,
            frames,
            frame: self.frame,
            events: &self.events,
            bypass: self.bypass,
            to_mono: self.to_mono,
            dry: &mut self.dry,
            reporter: &mut self.ports.reporter,
            probe: &self.probe,
        };
        if let Some(old) = self.bus.render(&mut block) {
            // Control lets no second swap begin before it has the last one back.
            let pushed = self.ports.retired.push(old);
            debug_assert!(
                pushed.is_ok(),
                "the retired ring holds all that can be alive"
            );
        }
    }

    /// Everyone who reads along gets the plugin's output as it is, before mute and guard.
    fn listen(&mut self, frames: usize) {
        let heard = self.bus.output();
        self.meters
            .measure(&self.captured, heard, frames, self.frame);
        self.tap.write(heard, frames);
        if let Some(record) = &mut self.record {
            record.write(heard, frames, &self.probe);
        }
    }

    fn advance(&mut self, frames: usize) {
        self.frame += frames as u64;
        self.probe.frames.set(self.frame);
        if self.master.has_just_stopped() {
            self.ports
                .reporter
                .fact(Event::Stopped { frame: self.frame });
        }
    }
}

/// Off the audio thread: what the devices thread does with an engine that came back.
impl Engine {
    /// Rate, largest block and channels.
    pub fn shape(&self) -> BusShape {
        self.shape
    }

    /// Channels of the input, fixed at construction.
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
            assert_eq!(
                input.channels(),
                self.n_input(),
                "the input's channels are fixed"
            );
            assert_eq!(
                input.engine_rate(),
                self.shape.rate,
                "the engine's rate is fixed"
            );
        }
        self.input = input;
        self.master.begin_gap();
    }

    /// Takes the engine apart, for a new one of another shape.
    pub fn into_parts(self) -> EngineParts {
        let (playing, next) = self.bus.into_generations();
        EngineParts {
            playing,
            next,
            record: self.record.map(|r| r.ring),
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

/// Commands that wait for their frame, in the order of their frames.
#[derive(Debug)]
struct Schedule {
    waiting: VecDeque<Command>,
}

impl Schedule {
    fn new() -> Self {
        Self {
            waiting: VecDeque::with_capacity(COMMAND_CAPACITY),
        }
    }

    /// Moves commands from the ring as long as there is room.
    fn fill_from(&mut self, ring: &mut rtrb::Consumer<Command>) {
        while self.waiting.len() < COMMAND_CAPACITY {
            let Ok(command) = ring.pop() else { return };
            let at = self
                .waiting
                .partition_point(|c| c.at_frame <= command.at_frame);
            self.waiting.insert(at, command);
        }
    }

    /// The first command before `end` that can be obeyed now.
    fn next_due(&mut self, end: u64, can_swap: bool, has_room: bool) -> Option<Command> {
        let can_obey = |command: &Command| match command.kind {
            CommandKind::Swap(..) => can_swap,
            CommandKind::SetParam { .. } => has_room,
            _ => true,
        };
        let due = self.waiting.iter().take_while(|c| c.at_frame < end);
        let at = due.enumerate().find(|(_, c)| can_obey(c))?.0;
        self.waiting.remove(at)
    }
}
