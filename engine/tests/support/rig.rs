//! An engine in lockstep with its capture side, and processors whose sound is a formula.

use std::{any::Any, sync::Arc};

use retake_engine::{
    BusShape, CommandKind, Engine, EngineControl, Event, EventBody, FrameProducer, Generation,
    InputSpec, Layout, LiveInput, Outcome, PluginEvent, Probe, ProcessIo, Processor, Setup,
    frame_ring,
};

pub const RATE: u32 = 48_000;
pub const MAX_BLOCK: usize = 1_024;

pub const STEREO: BusShape = BusShape { rate: RATE, max_block: MAX_BLOCK, n_output: 2 };

/// Everything but the input and the first generation as a virtual output wants it.
pub fn setup(shape: BusShape, input: Option<LiveInput>, first: Box<Generation>) -> Setup {
    Setup { input, ..Setup::new(shape, first) }
}

pub fn generation(number: u32, processor: impl Processor + 'static) -> Box<Generation> {
    Box::new(Generation::new(number, Box::new(processor), STEREO))
}

/// A stereo engine that hears what is pushed, at once.
#[derive(Debug)]
pub struct Rig {
    pub engine: Engine,
    pub control: EngineControl,
    pub capture: FrameProducer,
}

impl Rig {
    pub fn new(first: Box<Generation>, adjust: impl FnOnce(&mut Setup)) -> Self {
        let (capture, ring) = frame_ring(2, 1 << 16);
        let probe: Arc<Probe> = Arc::default();
        let spec = InputSpec {
            rate: RATE,
            engine_rate: RATE,
            target_frames: 1,
            period_frames: 1,
            max_block: MAX_BLOCK,
        };
        let input = LiveInput::new(ring, spec, Arc::clone(&probe)).unwrap();
        let mut setup = setup(STEREO, Some(input), first);
        setup.probe = probe;
        adjust(&mut setup);
        let (mut engine, control) = Engine::new(setup);
        // The target of one frame passes here; from now on output and input are in step.
        engine.render(&mut [0.0; 2], 0);
        Self { engine, control, capture }
    }

    /// The engine's clock.
    pub fn frame(&self) -> u64 {
        self.engine.frame()
    }

    /// Plays interleaved stereo frames in callbacks of `block` frames.
    pub fn play(&mut self, input: &[f32], block: usize) -> Vec<f32> {
        let mut output = vec![9.0; input.len()];
        let callbacks = input.chunks(block * 2).zip(output.chunks_mut(block * 2));
        for (input, output) in callbacks {
            assert_eq!(self.capture.push(input), input.len() / 2);
            self.engine.render(output, 77);
        }
        output
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.control.events.pop().ok()).collect()
    }
}

/// A full-scale sine left, its negative at half level right.
pub fn sine(frames: usize) -> Vec<f32> {
    let x = |n: usize| (n as f32 * 0.123).sin();
    (0..frames).flat_map(|n| [x(n), -0.5 * x(n)]).collect()
}

/// Numbers that look random and are the same in every run.
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// One of `range`.
    pub fn roll(&mut self, range: std::ops::Range<usize>) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        range.start + usize::try_from(self.0 >> 11).unwrap() % range.len()
    }
}

/// Multiplies by parameter 1, from the very frame of its change.
#[derive(Debug)]
pub struct Gain(pub f32);

impl Gain {
    fn follow(&mut self, event: &PluginEvent) {
        if let EventBody::Param { value, .. } = event.body {
            self.0 = small(value);
        }
    }
}

impl Processor for Gain {
    fn layout(&self) -> Layout {
        stereo_layout(0)
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        let mut events = io.events.iter().peekable();
        for i in 0..io.frames {
            while let Some(event) = events.next_if(|e| e.offset as usize <= i) {
                self.follow(event);
            }
            for c in 0..2 {
                io.output.channel_mut(c)[i] = io.input.channel(c)[i] * self.0;
            }
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// Passes its input late, as its latency says.
#[derive(Debug)]
pub struct Late {
    pub memory: std::collections::VecDeque<[f32; 2]>,
}

impl Late {
    pub fn by(frames: usize) -> Self {
        let memory = vec![[0.0; 2]; frames].into();
        Self { memory }
    }
}

impl Processor for Late {
    fn layout(&self) -> Layout {
        stereo_layout(self.memory.len())
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        for i in 0..io.frames {
            let frame = [0, 1].map(|c| io.input.channel(c)[i]);
            self.memory.push_back(frame);
            let late = self.memory.pop_front().unwrap();
            for (c, x) in late.into_iter().enumerate() {
                io.output.channel_mut(c)[i] = x;
            }
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// Plays a constant and writes down what it is told.
#[derive(Debug)]
pub struct Witness {
    pub value: f32,
    pub seen: rtrb::Producer<(u64, PluginEvent)>,
    pub outcome: Outcome,
}

impl Processor for Witness {
    fn layout(&self) -> Layout {
        stereo_layout(0)
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        for event in io.events {
            // Nobody may be reading.
            let _ = self.seen.push((io.frame, *event));
        }
        for row in io.output.rows_mut() {
            row[..io.frames].fill(self.value);
        }
        self.outcome
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// A witness, and what it saw.
pub fn witness(value: f32) -> (Witness, rtrb::Consumer<(u64, PluginEvent)>) {
    let (seen, saw) = rtrb::RingBuffer::new(32_768);
    let outcome = Outcome::Ok;
    (Witness { value, seen, outcome }, saw)
}

/// The command that sets a parameter.
pub fn set(id: u32, value: f64) -> CommandKind {
    CommandKind::Plugin(EventBody::Param { id, value })
}

/// Id and value of a parameter event.
pub fn param_of(event: &PluginEvent) -> (u32, f64) {
    match event.body {
        EventBody::Param { id, value } => (id, value),
        other => panic!("{other:?} is no parameter"),
    }
}

fn stereo_layout(latency_frames: usize) -> Layout {
    Layout { n_input: 2, n_output: 2, latency_frames, ..Layout::default() }
}

#[allow(clippy::cast_possible_truncation, reason = "gains of a test")]
fn small(value: f64) -> f32 {
    value as f32
}
