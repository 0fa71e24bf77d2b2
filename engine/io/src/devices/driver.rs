//! The few lines that run in the device's callbacks: capture into the ring, render out of it.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::SyncSender},
    time::Instant,
};

use cpal::{Data, StreamInstant};
use retake_engine::{Engine, FrameProducer, Probe, drift::StampWriter, ftz::FlushToZero};

use super::{
    Message,
    leash::Inside,
    quiet::Beat,
    slot::Held,
    stamping::{Stamping, nanos},
};
use crate::{formats, priority::Priority};

/// Samples that are converted at once where the device's format is not f32.
const SCRATCH_SAMPLES: usize = 8_192;

fn scratch(channels: usize) -> Vec<f32> {
    // Whole frames, at least one.
    vec![0.0; (SCRATCH_SAMPLES / channels).max(1) * channels]
}

/// The priority that a stream's first callback asks for its thread; nothing when it has been asked.
#[derive(Default)]
pub(super) struct Promotion(Option<Wanted>);

struct Wanted {
    host: String,
    period: u32,
    rate: u32,
    /// Told what came of it.
    home: Option<SyncSender<Message>>,
}

impl Promotion {
    /// For a stream of `host`; what came of it goes `home`.
    pub(super) fn new(
        host: &str,
        (period, rate): (u32, u32),
        home: Option<SyncSender<Message>>,
    ) -> Self {
        Self(Some(Wanted { host: host.to_owned(), period, rate, home }))
    }

    /// # Real time
    /// The first call is [`Priority::take`], every other nothing.
    fn take(&mut self) {
        let Some(Wanted { host, period, rate, home }) = self.0.take() else {
            return;
        };
        let (priority, thread) = Priority::take(&host, period, rate);
        if let Some(home) = home {
            drop(home.try_send(Message::Priority(priority, thread)));
        }
    }
}

/// The capture callback: device samples → input ring.
pub(super) struct Capture {
    promotion: Promotion,
    beat: Beat,
    ring: FrameProducer,
    /// Where it is told what came when, and on which clock.
    stamps: (StampWriter, Stamping),
    scratch: Vec<f32>,
    probe: Arc<Probe>,
}

impl Capture {
    pub(super) fn new(
        ring: FrameProducer,
        stamps: (StampWriter, Stamping),
        promotion: Promotion,
        probe: Arc<Probe>,
    ) -> Self {
        let (beat, scratch) = (Beat::default(), scratch(ring.channels()));
        Self { promotion, beat, ring, stamps, scratch, probe }
    }

    /// Strikes with every call.
    pub(super) fn beat(&self) -> Beat {
        self.beat.clone()
    }

    /// Pushes whole frames; the newest that do not fit are counted.
    ///
    /// # Real time
    /// Wait-free, no allocation, no system call but for the first call's, which ask for a priority.
    pub(super) fn call(&mut self, data: &Data, at: StreamInstant) {
        self.promotion.take();
        self.beat.strike();
        let at_ns = self.stamps.1.now_ns(at);
        let channels = self.ring.channels();
        let frames = data.len() / channels;
        let mut pushed = 0;
        if let Some(samples) = data.as_slice::<f32>() {
            pushed = self.ring.push(samples);
        } else {
            let mut at = 0;
            while at < frames * channels {
                let samples = self.scratch.len().min(frames * channels - at);
                formats::read(data, at, &mut self.scratch[..samples]);
                pushed += self.ring.push(&self.scratch[..samples]);
                at += samples;
            }
        }
        self.stamps.0.add(pushed, at_ns);
        if pushed < frames {
            self.count((frames - pushed) as u64);
        }
    }

    fn count(&self, refused: u64) {
        self.probe.overruns.add(1);
        if self.probe.primed.load(Relaxed) {
            self.probe.lost_frames.add(refused);
        } else {
            self.probe.discarded_frames.add(refused);
        }
    }
}

/// Whether callbacks come in time. A device holds about two periods: when the callback comes later
/// than the frames of this and the last one last, it has run dry, and no sound server tells us.
#[derive(Default)]
struct Pace {
    last: Option<(u64, usize)>,
}

impl Pace {
    /// Whether this callback came too late.
    fn is_late(&mut self, now_ns: u64, frames: usize, rate: u32) -> bool {
        let last = self.last.replace((now_ns, frames));
        last.is_some_and(|(last_ns, last_frames)| {
            let held_ns = (frames + last_frames) as u64 * 1_000_000_000 / u64::from(rate);
            now_ns.saturating_sub(last_ns) > held_ns
        })
    }
}

/// The playback callback: holds the engine, and silence while there is none.
pub(super) struct Playback {
    held: Held,
    promotion: Promotion,
    inside: Inside,
    beat: Beat,
    /// Only for devices that play in real time.
    pace: Option<Pace>,
    scratch: Vec<f32>,
    channels: usize,
    rate: u32,
    epoch: Instant,
    stamping: Stamping,
    probe: Arc<Probe>,
}

impl Playback {
    pub(super) fn new(
        held: Held,
        format: (u32, u16),
        (epoch, stamping): (Instant, Stamping),
        probe: Arc<Probe>,
    ) -> Self {
        let channels = format.1.into();
        Self {
            held,
            promotion: Promotion::default(),
            inside: Inside::default(),
            beat: Beat::default(),
            pace: None,
            scratch: scratch(channels),
            channels,
            rate: format.0,
            epoch,
            stamping,
            probe,
        }
    }

    /// The first call asks for a priority, which holds as long as calls come back: see the mark.
    pub(super) fn promote(&mut self, promotion: Promotion) -> Inside {
        self.promotion = promotion;
        self.inside.clone()
    }

    /// Strikes with every call.
    pub(super) fn beat(&self) -> Beat {
        self.beat.clone()
    }

    /// Counts callbacks that come too late from now on.
    pub(super) fn watch_pace(&mut self) {
        self.pace = Some(Pace::default());
    }

    /// Renders into the device's buffer, of whatever size it is.
    ///
    /// # Real time
    /// As [`Engine::render`]; reads the monotonic clock three times. The first call asks for a priority.
    pub(super) fn call(&mut self, data: &mut Data, at: StreamInstant) {
        self.promotion.take();
        self.beat.strike();
        let Some(engine) = self.held.engine() else {
            formats::silence(data);
            return;
        };
        let meter = Timed::begin(self.epoch);
        self.inside.enter(meter.now_ns);
        engine.begin_callback(self.stamping.now_ns(at));
        let frames = data.len() / self.channels;
        let samples = frames * self.channels;
        if let Some(pace) = &mut self.pace
            && pace.is_late(meter.now_ns, frames, self.rate)
        {
            self.probe.late_callbacks.add(1);
        }
        if let Some(output) = data.as_slice_mut::<f32>() {
            engine.render(&mut output[..samples], meter.now_ns);
        } else {
            render_converted(engine, data, &mut self.scratch, samples, meter.now_ns);
        }
        meter.end(frames, self.rate, &self.probe);
        self.inside.leave();
    }

    /// Without a playback device: renders `frames` for the taps and meters alone.
    ///
    /// # Real time
    /// As [`Playback::call`].
    pub(super) fn call_unheard(&mut self, frames: usize) {
        self.promotion.take();
        self.beat.strike();
        let Some(engine) = self.held.engine() else {
            return;
        };
        let meter = Timed::begin(self.epoch);
        self.inside.enter(meter.now_ns);
        let mut left = frames * self.channels;
        while left > 0 {
            let samples = left.min(self.scratch.len());
            engine.render(&mut self.scratch[..samples], meter.now_ns);
            left -= samples;
        }
        meter.end(frames, self.rate, &self.probe);
        self.inside.leave();
    }
}

fn render_converted(
    engine: &mut Engine,
    data: &mut Data,
    scratch: &mut [f32],
    samples: usize,
    now_ns: u64,
) {
    let mut at = 0;
    while at < samples {
        let block = scratch.len().min(samples - at);
        engine.render(&mut scratch[..block], now_ns);
        formats::write(data, at, &scratch[..block]);
        at += block;
    }
}

/// One callback's time, denormals off meanwhile.
struct Timed {
    begun: Instant,
    now_ns: u64,
    _flush: FlushToZero,
}

impl Timed {
    fn begin(epoch: Instant) -> Self {
        let begun = Instant::now();
        let now_ns = nanos(begun.duration_since(epoch));
        Self { begun, now_ns, _flush: FlushToZero::new() }
    }

    fn end(self, frames: usize, rate: u32, probe: &Probe) {
        if frames > 0 {
            let end_frame = probe.frames.get();
            probe.load.record(nanos(self.begun.elapsed()), frames, rate, end_frame);
            probe.callbacks.add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{devices::slot::slot, r#virtual::SampleMemory};
    use cpal::SampleFormat;
    use retake_engine::{drift::Stamp, frame_ring};

    #[test]
    fn without_an_engine_a_callback_is_silence_and_counts_nothing() {
        let probe = Arc::new(Probe::default());
        let (home, _inbox) = std::sync::mpsc::sync_channel(1);
        let (_handover, held) = slot(home);
        let format = (48_000, 2);
        let (epoch, probe_too) = (Instant::now(), Arc::clone(&probe));
        let mut playback = Playback::new(held, format, (epoch, Stamping::Card), probe_too);
        let mut memory = SampleMemory::new(SampleFormat::U8, 6);
        memory.lend(6, |data| {
            playback.call(data, StreamInstant::ZERO);
            assert_eq!(data.bytes(), [128; 6]);
        });
        assert_eq!(probe.callbacks.get(), 0);
    }

    #[test]
    fn a_callback_is_late_when_the_device_has_run_dry() {
        let mut pace = Pace::default();
        // 480 frames at 48 kHz last 10 ms.
        let late = [0, 10, 25, 44, 65, 75].map(|ms| pace.is_late(ms * 1_000_000, 480, 48_000));
        assert_eq!(late, [false, false, false, false, true, false]);
    }

    #[test]
    fn what_the_ring_refuses_is_counted_as_what_it_is() {
        let probe = Arc::new(Probe::default());
        for (format, is_primed) in [(SampleFormat::F32, false), (SampleFormat::I16, true)] {
            probe.primed.store(is_primed, Relaxed);
            let (producer, ring) = frame_ring(2, 100);
            let (writer, mut reader) = retake_engine::drift::stamps();
            let stamps = (writer, Stamping::Card);
            let probe_too = Arc::clone(&probe);
            let mut capture = Capture::new(producer, stamps, Promotion::default(), probe_too);
            let mut memory = SampleMemory::new(format, 2 * 130);
            memory.lend(2 * 130, |data| capture.call(data, StreamInstant::from_nanos(7)));
            assert_eq!(ring.fill_frames(), 100);
            assert_eq!(reader.read(), Some(Stamp { frames: 100, at_ns: 7 }));
        }
        assert_eq!(probe.overruns.get(), 2);
        assert_eq!(probe.discarded_frames.get(), 30);
        assert_eq!(probe.lost_frames.get(), 30);
    }
}
