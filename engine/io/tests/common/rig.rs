//! A session as control would run it: devices, an engine around one processor, events.
#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails loudly")]

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};

use retake_engine::{
    BusShape, Engine, EngineControl, FrameProducer, Generation, Probe, Setup,
    mixer::{MixerSetup, StripSettings},
    processor::Identity,
};
use retake_io::{
    Choice, Clock, DeviceEvent, DeviceRequest, DeviceState, Devices, End, Gate, IoError, Opened,
    RunPlan,
};

/// Nothing here takes this long unless it hangs.
pub(crate) const HANG: Duration = Duration::from_secs(30);

pub(crate) fn request(input: &str, output: &str) -> DeviceRequest {
    let choice = |text: &str| text.parse::<Choice>().unwrap();
    DeviceRequest {
        host: None,
        input: choice(input),
        more: Vec::new(),
        output: choice(output),
        rate: None,
        period: None,
        clock: Clock::Real,
        epoch: Instant::now(),
    }
}

/// Devices, and how long they run.
pub(crate) struct Order {
    pub(crate) request: DeviceRequest,
    pub(crate) run: RunPlan,
}

impl From<DeviceRequest> for Order {
    fn from(request: DeviceRequest) -> Self {
        let run = RunPlan::default();
        Self { request, run }
    }
}

/// The real clock, for so many frames.
pub(crate) fn real(input: &str, output: &str, frames: u64) -> Order {
    let mut order = Order::from(request(input, output));
    order.run.stop_after_frames = Some(frames);
    order
}

/// The fast clock, for so many frames.
pub(crate) fn fast(input: &str, output: &str, frames: u64) -> Order {
    let mut order = real(input, output, frames);
    order.request.clock = Clock::Fast;
    order
}

pub(crate) struct Rig {
    pub(crate) devices: Devices,
    pub(crate) events: Receiver<DeviceEvent>,
    pub(crate) probe: Arc<Probe>,
    /// Kept alive: its rings belong to the engine.
    pub(crate) control: Option<EngineControl>,
    run: RunPlan,
}

impl Rig {
    pub(crate) fn open(order: impl Into<Order>) -> Result<(Self, Box<Opened>), IoError> {
        let Order { request, run } = order.into();
        let probe = Arc::new(Probe::default());
        let (tell, events) = channel();
        let tell = Box::new(move |event| drop(tell.send(event)));
        let devices = Devices::spawn(request, Arc::clone(&probe), tell).unwrap();
        match events.recv_timeout(HANG).unwrap() {
            DeviceEvent::Opened(opened) => {
                let rig = Self { devices, events, probe, control: None, run };
                Ok((rig, opened))
            }
            DeviceEvent::OpenFailed(error) => {
                devices.join();
                Err(error)
            }
            other => panic!("{other:?} came first"),
        }
    }

    /// An identity plugin of the input's channels (or the output's) for these devices.
    pub(crate) fn engine(&mut self, opened: Opened, record: Option<FrameProducer>) -> Box<Engine> {
        self.build(opened, record, MixerSetup::default())
    }

    /// The same, with the live input through such a strip.
    pub(crate) fn engine_with(&mut self, opened: Opened, live: StripSettings) -> Box<Engine> {
        self.build(opened, None, MixerSetup { live, ..MixerSetup::default() })
    }

    fn build(
        &mut self,
        opened: Opened,
        record: Option<FrameProducer>,
        mixer: MixerSetup,
    ) -> Box<Engine> {
        let format = opened.format;
        let channels = if format.n_input == 0 { format.n_output } else { format.n_input };
        let shape = BusShape {
            rate: format.engine_rate,
            max_block: format.max_block,
            n_output: format.n_output,
        };
        let first = Generation::new(1, Box::new(Identity { channels }), shape);
        let (engine, control) = Engine::new(Setup {
            input: opened.input,
            record,
            mixer,
            is_real_output: !opened.virtual_output,
            probe: Arc::clone(&self.probe),
            ..Setup::new(shape, Box::new(first))
        });
        self.control = Some(control);
        Box::new(engine)
    }

    /// Gives the devices their engine; what is in the order's run plan and `gates` holds.
    pub(crate) fn play(&mut self, engine: Box<Engine>, gates: Vec<Gate>) {
        let mut run = std::mem::take(&mut self.run);
        run.gates = gates;
        self.devices.start(engine, run);
    }

    /// Opens and starts with an identity plugin; returns the granted format too.
    pub(crate) fn start(order: impl Into<Order>) -> (Self, Opened) {
        Self::start_with(order, Vec::new())
    }

    pub(crate) fn start_with(order: impl Into<Order>, gates: Vec<Gate>) -> (Self, Opened) {
        let (mut rig, opened) = Self::open(order).unwrap();
        let mut opened = *opened;
        let input = opened.input.take();
        let shown = Opened {
            info: opened.info.clone(),
            notices: opened.notices.clone(),
            input: None,
            more: Vec::new(),
            ..opened
        };
        let engine = rig.engine(Opened { input, ..opened }, None);
        rig.play(engine, gates);
        (rig, shown)
    }

    /// The next event.
    pub(crate) fn next(&self) -> DeviceEvent {
        self.events.recv_timeout(HANG).expect("an event in time")
    }

    /// Waits for the end of the run.
    pub(crate) fn finished(&self) -> Result<(), IoError> {
        loop {
            match self.next() {
                DeviceEvent::Finished => return Ok(()),
                DeviceEvent::Failed(error) => return Err(error),
                _ => {}
            }
        }
    }

    /// Waits for that state of that end; every other state event on the way is returned.
    pub(crate) fn until(&self, end: End, state: DeviceState) -> Vec<(End, DeviceState)> {
        let mut seen = Vec::new();
        loop {
            match self.next() {
                DeviceEvent::State { end: e, state: s, .. } if (e, s) == (end, state) => {
                    return seen;
                }
                DeviceEvent::State { end, state, .. } => seen.push((end, state)),
                _ => {}
            }
        }
    }

    /// The same of that microphone.
    pub(crate) fn until_input(&self, which: usize, wanted: DeviceState) -> Vec<(End, DeviceState)> {
        let mut seen = Vec::new();
        loop {
            let DeviceEvent::State { end, input, state, .. } = self.next() else { continue };
            if (end, input, state) == (End::Input, which, wanted) {
                return seen;
            }
            seen.push((end, state));
        }
    }

    /// Waits until `done`, watching the probe.
    pub(crate) fn wait(&self, what: &str, done: impl Fn(&Probe) -> bool) {
        let deadline = Instant::now() + HANG;
        while !done(&self.probe) {
            assert!(Instant::now() < deadline, "{what} never came: {:?}", self.probe);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Stops and gives the engine back.
    pub(crate) fn stop(self) -> Box<Engine> {
        self.devices.stop();
        loop {
            match self.events.recv_timeout(HANG) {
                Ok(DeviceEvent::Stopped { engine }) => {
                    self.devices.join();
                    return engine.expect("the engine comes home");
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("stop hangs"),
                Err(RecvTimeoutError::Disconnected) => panic!("the thread died"),
            }
        }
    }
}

/// Writes a float WAV.
pub(crate) fn write_wav(path: &Path, rate: u32, channels: u16, interleaved: &[f32]) {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut wav = hound::WavWriter::create(path, spec).unwrap();
    for sample in interleaved {
        wav.write_sample(*sample).unwrap();
    }
    wav.finalize().unwrap();
}

/// Reads a float WAV.
pub(crate) fn read_wav(path: &Path) -> (hound::WavSpec, Vec<f32>) {
    let mut wav = hound::WavReader::open(path).unwrap();
    let samples = wav.samples::<f32>().map(Result::unwrap).collect();
    (wav.spec(), samples)
}

/// Stereo noise that never repeats within its length: sample values tell the position.
pub(crate) fn noise(frames: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..2 * frames).map(|_| next()).collect()
}
