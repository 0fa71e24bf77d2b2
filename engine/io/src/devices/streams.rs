//! The streams of a session: the one that owns the clock, and the capture stream beside it.

use std::{
    sync::{Arc, mpsc::SyncSender},
    time::Duration,
};

use cpal::{
    Data, StreamInstant,
    traits::{HostTrait, StreamTrait},
};
use retake_engine::{
    FrameConsumer, Probe,
    drift::{self, StampReader},
    frame_ring,
};

use super::{
    Clock, DeviceRequest, Message,
    clocks::ppm,
    driver::{Capture, Playback, Promotion},
    fault::Fault,
    feed::{Feed, capacity_frames},
    leash::Inside,
    open::{Asked, Granted, RateWish, Wish, build_input, build_output, device_error, settle},
    quiet::{Beat, Watch},
    session::MOVES_STREAMS,
    slot::{Handover, Held, slot},
    stamping::Stamping,
};
use crate::{
    error::{End, IoError},
    hosts::{Found, VIRTUAL},
    r#virtual::{Pace, Run, Spec, VirtualHost},
};

/// A sound server's largest block has come by then.
#[cfg(target_os = "linux")]
const FIRST_FRAMES: Duration = Duration::from_secs(3);

/// The stream whose callback calls the engine.
pub(super) struct ClockStream {
    stream: cpal::Stream,
    pub(super) handover: Handover,
    pub(super) fault: Fault,
    pub(super) inside: Inside,
    pub(super) watch: Watch,
    pub(super) granted: Granted,
    /// Renders for nobody while the real device is away.
    pub(super) is_stand_in: bool,
}

/// The stream that only fills the input ring.
pub(super) struct CaptureStream {
    stream: Arc<cpal::Stream>,
    pub(super) fault: Fault,
    pub(super) watch: Watch,
    found: Found,
}

impl ClockStream {
    pub(super) fn play(&self) -> Result<(), String> {
        self.stream.play().map_err(|e| e.to_string())
    }
}

impl CaptureStream {
    pub(super) fn host(&self) -> &str {
        &self.found.host
    }

    pub(super) fn play(&self) -> Result<(), IoError> {
        let played = match self.host() {
            #[cfg(target_os = "linux")]
            MOVES_STREAMS => play_patiently(&self.stream),
            _ => self.stream.play(),
        };
        played.map_err(|e| device_error(&self.found, End::Input, &e))
    }
}

/// A sound server's answer comes with the first frames, and a microphone that sleeps has none: then
/// they are left to come, and what else there is goes on.
#[cfg(target_os = "linux")]
fn play_patiently(stream: &Arc<cpal::Stream>) -> Result<(), cpal::Error> {
    let (answer, answered) = std::sync::mpsc::sync_channel(1);
    let stream = Arc::clone(stream);
    let ask = move || drop(answer.send(stream.play()));
    if std::thread::Builder::new().name("play".into()).spawn(ask).is_err() {
        return Err(cpal::Error::new(cpal::ErrorKind::ResourceExhausted));
    }
    answered.recv_timeout(FIRST_FRAMES).unwrap_or(Ok(()))
}

/// What every stream of a session is made with.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) request: DeviceRequest,
    pub(super) probe: Arc<Probe>,
    pub(super) home: SyncSender<Message>,
}

impl Opener {
    /// What the clock owner at `end` will be asked for.
    ///
    /// # Errors
    /// As [`settle`].
    pub(super) fn settle_clock(&self, found: &Found, end: End) -> Result<Asked, IoError> {
        let rate = self.request.rate.map_or(RateWish::Own, RateWish::Must);
        self.settle(found, end, rate)
    }

    fn settle(&self, found: &Found, end: End, rate: RateWish) -> Result<Asked, IoError> {
        let period = self.request.period;
        settle(found, end, Wish { rate, period })
    }

    /// The playback device as clock owner.
    ///
    /// # Errors
    /// As [`settle`] and [`build_output`].
    pub(super) fn playback(&self, found: &Found) -> Result<ClockStream, IoError> {
        let asked = self.settle_clock(found, End::Output)?;
        let mut ends = None;
        let (stream, granted) = build_output(found, asked, || {
            let (handover, held) = slot(self.home.clone());
            let fault = Fault::default();
            let on_error = fault.callback(End::Output, Arc::clone(&self.probe));
            let mut playback = self.driver(held, asked);
            let inside = playback.promote(self.promotion(found, asked, true));
            if found.host != VIRTUAL {
                playback.watch_pace();
            }
            ends = Some((handover, fault, inside, playback.beat()));
            (move |data: &mut Data, at: StreamInstant| playback.call(data, at), on_error)
        })?;
        clock_stream(stream, granted, ends)
    }

    /// The capture device as clock owner: its callback pushes, then renders as much.
    ///
    /// # Errors
    /// As [`settle`] and [`build_input`].
    pub(super) fn capture_clock(&self, found: &Found) -> Result<(ClockStream, Feed), IoError> {
        let asked = self.settle_clock(found, End::Input)?;
        let (mut ends, mut ring) = (None, None);
        let (stream, granted) = build_input(found, asked, || {
            let (handover, held) = slot(self.home.clone());
            let fault = Fault::default();
            let on_error = fault.callback(End::Input, Arc::clone(&self.probe));
            let (mut capture, consumer, _) = self.capture_driver(asked, Promotion::default());
            let mut playback = self.driver(held, asked);
            let inside = playback.promote(self.promotion(found, asked, true));
            ends = Some((handover, fault, inside, playback.beat()));
            ring = Some(consumer);
            let channels = usize::from(asked.channels());
            let call = move |data: &Data, at: StreamInstant| {
                capture.call(data, at);
                playback.call_unheard(data.len() / channels);
            };
            (call, on_error)
        })?;
        let clock = clock_stream(stream, granted.clone(), ends)?;
        let ring = ring.ok_or_else(|| unbuilt(End::Input))?;
        Ok((clock, Feed { ring, stamps: None, granted }))
    }

    /// The same, with other counters.
    pub(super) fn counting(&self, probe: &Arc<Probe>) -> Self {
        Self { probe: Arc::clone(probe), ..self.clone() }
    }

    /// The capture device beside another clock owner of `engine_rate`.
    ///
    /// # Errors
    /// As [`settle`] and [`build_input`].
    pub(super) fn capture(
        &self,
        found: Found,
        engine_rate: u32,
    ) -> Result<(CaptureStream, Feed), IoError> {
        // A sound server would convert any rate, but not as well as the engine.
        let rate = match found.host.as_str() {
            "pulseaudio" => RateWish::Own,
            _ => RateWish::Rather(engine_rate),
        };
        let asked = self.settle(&found, End::Input, rate)?;
        let mut ends = None;
        let (stream, granted) = build_input(&found, asked, || {
            let fault = Fault::default();
            let on_error = fault.callback(End::Input, Arc::clone(&self.probe));
            let promotion = self.promotion(&found, asked, false);
            let (mut capture, consumer, stamps) = self.capture_driver(asked, promotion);
            ends = Some((fault, consumer, stamps, Watch::new(capture.beat())));
            (move |data: &Data, at: StreamInstant| capture.call(data, at), on_error)
        })?;
        let (fault, ring, stamps, watch) = ends.ok_or_else(|| unbuilt(End::Input))?;
        let capture = CaptureStream { stream: Arc::new(stream), fault, watch, found };
        Ok((capture, Feed { ring, stamps: Some(stamps), granted }))
    }

    /// A clock that renders for nobody, in the shape of `like`.
    ///
    /// # Errors
    /// [`IoError::Thread`] and those of a virtual device.
    pub(super) fn stand_in(&self, like: &Granted) -> Result<ClockStream, IoError> {
        let spec = Spec {
            text: "stand-in".to_owned(),
            rate: Some(like.info.rate),
            channels: Some(like.info.channels),
            period: Some(like.info.period),
            ppm: ppm(like),
            ..Spec::default()
        };
        let host = VirtualHost::new(Pace::Real, Vec::new(), Some(spec))?;
        let card = host.card().clone();
        let host = cpal::Host::from(cpal::platform::CustomHost::from_host(host));
        let device = host.default_output_device();
        let found = Found {
            device: device.ok_or_else(|| unbuilt(End::Output))?,
            host: like.host.clone(),
            name: like.info.device.clone(),
            id: String::new(),
        };
        let mut clock = self.playback(&found)?;
        clock.is_stand_in = true;
        card.arm(Run { stop_after: None, skip: 0, gates: Vec::new(), on_end: Box::new(|_| {}) });
        Ok(clock)
    }

    fn driver(&self, held: Held, asked: Asked) -> Playback {
        let format = (asked.rate(), asked.channels());
        let clocks = (self.request.epoch, self.stamping());
        Playback::new(held, format, clocks, Arc::clone(&self.probe))
    }

    /// What the first callback asks for its thread; the fast clock is no one's real time.
    fn promotion(&self, found: &Found, asked: Asked, is_told: bool) -> Promotion {
        if self.request.clock == Clock::Fast {
            return Promotion::default();
        }
        let home = is_told.then(|| self.home.clone());
        Promotion::new(&found.host, (asked.period(), asked.rate()), home)
    }

    fn capture_driver(
        &self,
        asked: Asked,
        promotion: Promotion,
    ) -> (Capture, FrameConsumer, StampReader) {
        let capacity = capacity_frames(asked.rate(), asked.period());
        let (producer, consumer) = frame_ring(asked.channels().into(), capacity);
        let (writer, reader) = drift::stamps();
        let stamps = (writer, self.stamping());
        (Capture::new(producer, stamps, promotion, Arc::clone(&self.probe)), consumer, reader)
    }

    fn stamping(&self) -> Stamping {
        match self.request.clock {
            Clock::Real => Stamping::Wall(self.request.epoch),
            Clock::Fast => Stamping::Card,
        }
    }
}

fn clock_stream(
    stream: cpal::Stream,
    granted: Granted,
    ends: Option<(Handover, Fault, Inside, Beat)>,
) -> Result<ClockStream, IoError> {
    let (handover, fault, inside, beat) = ends.ok_or_else(|| unbuilt(End::Output))?;
    let watch = Watch::new(beat);
    Ok(ClockStream { stream, handover, fault, inside, watch, granted, is_stand_in: false })
}

/// cpal returned a stream without having taken its callbacks.
fn unbuilt(end: End) -> IoError {
    IoError::Device {
        end,
        device: String::new(),
        kind: cpal::ErrorKind::Other,
        reason: "the host built no stream".to_owned(),
    }
}
