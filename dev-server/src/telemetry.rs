//! Telemetry: what pages draw. Binary snapshots by credit, and the `meters` call.
//!
//! Control publishes the meters of each new engine; views (one per client and purpose) merge the
//! meter records since their own last look, on the web threads, and append the sections of what their
//! client subscribed to: see `analysis`. The layout of a snapshot is
//! documented in `ui/PROTOCOL.md`.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
};

use retake_engine::{
    load::Load,
    meter::{ChannelMeter, MeterReader, MeterReading, MeterSource},
};
use serde_json::{Value, json};

pub use crate::analysis::{Sounding, SourceFeed, Taps};

use crate::{
    analysis::{Analysis, Session, SourceFeeds, loudness::Loudness},
    counters::{CAPTURED, Counters},
    web::{Subscription, TelemetrySource, TelemetryView},
};

/// Version of the binary snapshot.
const VERSION: u8 = 1;

/// What a snapshot says in one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Flag {
    /// An engine renders.
    Running = 1,
    /// The plugin is bypassed by the user.
    Bypass = 2,
    /// The output is muted by the user.
    Mute = 4,
    /// The plugin is bypassed because of a fault.
    Faulted = 8,
}

/// The figures of the session, shared by control (which writes) and all views.
#[derive(Debug)]
pub struct Telemetry {
    counters: Arc<Counters>,
    flags: AtomicU8,
    generation: AtomicU32,
    latency_frames: AtomicU32,
    shown: Mutex<Shown>,
    loudness: Arc<Loudness>,
}

#[derive(Debug, Default)]
struct Shown {
    link: Option<Link>,
    load: Load,
    sounding: Option<Sounding>,
    sources: SourceFeeds,
}

#[derive(Debug, Clone)]
struct Link {
    epoch: u64,
    meters: MeterSource,
    taps: Taps,
}

impl Telemetry {
    /// Figures of a session that counts in `counters`.
    pub fn new(counters: Arc<Counters>) -> Arc<Self> {
        Arc::new(Self {
            counters,
            flags: AtomicU8::new(0),
            generation: AtomicU32::new(0),
            latency_frames: AtomicU32::new(0),
            shown: Mutex::default(),
            loudness: Loudness::new(),
        })
    }

    /// A new engine renders: views read its meters and taps from now on.
    pub fn connect(&self, meters: MeterSource, taps: Taps) {
        self.loudness.connect(taps.clone());
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = shown.link.as_ref().map_or(0, |link| link.epoch) + 1;
        shown.link = Some(Link { epoch, meters, taps });
        drop(shown);
        self.set(Flag::Running, true);
    }

    /// Sets or clears a flag.
    pub fn set(&self, flag: Flag, on: bool) {
        if on {
            self.flags.fetch_or(flag as u8, Relaxed);
        } else {
            self.flags.fetch_and(!(flag as u8), Relaxed);
        }
    }

    /// The generation that sounds and the latency from input to output, in frames.
    pub fn set_generation(&self, generation: u32, latency_frames: usize) {
        self.generation.store(generation, Relaxed);
        self.latency_frames.store(u32::try_from(latency_frames).unwrap_or(u32::MAX), Relaxed);
    }

    /// The plugin that sounds.
    pub fn set_sounding(&self, sounding: Sounding) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).sounding = Some(sounding);
    }

    /// The sources that there are, of an engine of `rate` Hz.
    pub fn set_sources(&self, feeds: Vec<SourceFeed>, rate: u32) {
        let sources = SourceFeeds { feeds: feeds.into(), rate };
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).sources = sources;
    }

    /// The loudness is measured from now on, as if nothing had sounded before.
    pub fn reset_loudness(&self) {
        self.loudness.reset();
    }

    /// The load of the last second.
    pub fn set_load(&self, load: Load) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).load = load;
    }

    /// The load of the last second.
    pub fn load(&self) -> Load {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).load
    }

    /// All counters by their names in the protocol: what capture devices count is summed over them,
    /// and the ring's fill is the first one's.
    pub fn counters(&self) -> Value {
        let (counters, p) = (&self.counters, self.counters.engine());
        json!({
            "frames": p.frames.get(),
            "callbacks": p.callbacks.get(),
            "underruns": counters.sum(|probe| &probe.underruns),
            "overruns": counters.sum(|probe| &probe.overruns),
            "late_callbacks": p.late_callbacks.get(),
            "lost_frames": counters.sum(|probe| &probe.lost_frames),
            "discarded_frames": counters.sum(|probe| &probe.discarded_frames),
            "record_lost_frames": p.record_lost_frames.get(),
            "non_finite": p.non_finite.get(),
            "missed_blocks": p.missed_blocks.get(),
            "guarded_blocks": p.guarded_blocks.get(),
            "limited_samples": p.limited_samples.get(),
            "events_lost": p.events_lost.get(),
            "fill_frames": p.fill_frames.get(),
            "target_frames": p.target_frames.get(),
        })
    }
}

/// What the web side opens views of.
#[derive(Debug, Clone)]
pub struct Views(pub Arc<Telemetry>);

impl TelemetrySource for Views {
    fn open(&self) -> Box<dyn TelemetryView + Send> {
        Box::new(View::new(Arc::clone(&self.0)))
    }
}

/// One client's look: everything since its own last one.
struct View {
    telemetry: Arc<Telemetry>,
    epoch: u64,
    reader: Option<MeterReader>,
    analysis: Analysis,
}

/// What a look finds beside the counters.
struct Look {
    reading: MeterReading,
    load: Load,
    sounding: Option<Sounding>,
    sources: SourceFeeds,
}

impl View {
    fn new(telemetry: Arc<Telemetry>) -> Self {
        Self { telemetry, epoch: 0, reader: None, analysis: Analysis::default() }
    }

    /// Merges since the last look; follows when another engine has taken over.
    fn read(&mut self) -> Look {
        let shown = self.telemetry.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = shown.link.as_ref().filter(|link| link.epoch != self.epoch) {
            self.epoch = link.epoch;
            self.reader = Some(link.meters.open());
            self.analysis.connect(link.taps.clone());
        }
        let (load, sounding) = (shown.load, shown.sounding.clone());
        let sources = shown.sources.clone();
        drop(shown);
        let reading = self.reader.as_mut().map(MeterReader::merge).unwrap_or_default();
        Look { reading, load, sounding, sources }
    }
}

impl TelemetryView for View {
    #[expect(clippy::cast_possible_truncation, reason = "counters of one look, channels below 256")]
    fn snapshot(&mut self, out: &mut Vec<u8>) {
        let Look { reading, load, sounding, sources } = self.read();
        let telemetry = &*self.telemetry;
        let (counters, p) = (&telemetry.counters, telemetry.counters.engine());
        out.push(VERSION);
        out.push(reading.input.len() as u8);
        out.push(reading.output.len() as u8);
        out.push(telemetry.flags.load(Relaxed));
        out.extend(telemetry.generation.load(Relaxed).to_le_bytes());
        out.extend((p.frames.get() as f64).to_le_bytes());
        for share in [load.mean, load.p99, load.max] {
            out.extend(share.to_le_bytes());
        }
        out.extend(telemetry.latency_frames.load(Relaxed).to_le_bytes());
        out.extend((p.fill_frames.get() as u32).to_le_bytes());
        out.extend((p.target_frames.get() as u32).to_le_bytes());
        let losses = CAPTURED.map(|counter| counters.sum(counter));
        for n in losses.into_iter().chain([p.non_finite.get()]) {
            out.extend((n as f64).to_le_bytes());
        }
        out.extend((reading.frames as u32).to_le_bytes());
        out.extend((reading.lost_records as u32).to_le_bytes());
        for channel in reading.input.iter().chain(&reading.output) {
            out.extend(channel.peak.to_le_bytes());
            out.extend(mean_square(channel, reading.frames).to_le_bytes());
            out.extend(channel.clips.to_le_bytes());
        }
        let (sounding, loudness) = (sounding.as_ref(), &telemetry.loudness);
        let session = Session { sounding, load: &load, loudness, sources: &sources };
        self.analysis.write(&session, out);
    }

    fn subscribe(&mut self, wanted: &Subscription) {
        self.analysis.subscribe(wanted);
    }

    fn meters(&mut self) -> Value {
        let reading = self.read().reading;
        let side = |channels: &[ChannelMeter]| -> Vec<Value> {
            channels.iter().map(|c| channel_json(c, reading.frames)).collect()
        };
        json!({ "input": side(&reading.input), "output": side(&reading.output) })
    }
}

fn mean_square(channel: &ChannelMeter, frames: usize) -> f32 {
    if frames == 0 { 0.0 } else { channel.sum_of_squares / frames as f32 }
}

fn channel_json(channel: &ChannelMeter, frames: usize) -> Value {
    json!({
        "peak_dbfs": dbfs(channel.peak),
        "rms_dbfs": dbfs(mean_square(channel, frames).sqrt()),
        "clips": channel.clips,
    })
}

/// Level of a linear magnitude in dB below full scale; `None` (JSON null) for silence.
fn dbfs(magnitude: f32) -> Option<f32> {
    (magnitude > 0.0).then(|| 20.0 * magnitude.log10())
}
