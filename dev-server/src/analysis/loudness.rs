//! Loudness by EBU R 128: measured once for all clients.
//!
//! The thread `loudness` starts with the first look and lives as long as the session, whether somebody
//! looks or not: what is integrated has no gaps but those that a reset makes, or an engine with other
//! channels or another rate. How much sound the figures are of is one of them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use ebur128::{EbuR128, Mode};
use retake_engine::tap::TapReader;

use super::Taps;

/// How often the taps are read; they remember far longer.
const PERIOD: Duration = Duration::from_millis(50);
/// Frames that are read at once.
const CHUNK: usize = 4_096;

/// LUFS, LU and dBTP; not a number = not known yet, or silence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figures {
    pub(crate) momentary: f32,
    pub(crate) short_term: f32,
    pub(crate) integrated: f32,
    pub(crate) range: f32,
    /// The highest so far.
    pub(crate) true_peak: f32,
}

impl Figures {
    const UNKNOWN: Self = Self {
        momentary: f32::NAN,
        short_term: f32::NAN,
        integrated: f32::NAN,
        range: f32::NAN,
        true_peak: f32::NAN,
    };
}

/// What is known at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// Input, output.
    pub(crate) sides: [Figures; 2],
    /// How much sound this is of, in seconds.
    pub(crate) seconds: f32,
}

impl Reading {
    const UNKNOWN: Self = Self { sides: [Figures::UNKNOWN; 2], seconds: 0.0 };
}

/// The measurement of the session.
#[derive(Debug)]
pub(crate) struct Loudness {
    state: Mutex<State>,
    /// Only the thread takes it, and whoever resets.
    meters: Mutex<Option<[Meter; 2]>>,
}

#[derive(Debug)]
struct State {
    taps: Option<Taps>,
    /// Counts engines.
    epoch: u64,
    is_running: bool,
    reading: Reading,
}

impl Loudness {
    pub(crate) fn new() -> Arc<Self> {
        let state = State { taps: None, epoch: 0, is_running: false, reading: Reading::UNKNOWN };
        Arc::new(Self { state: Mutex::new(state), meters: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meters(&self) -> MutexGuard<'_, Option<[Meter; 2]>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another engine renders.
    pub(crate) fn connect(&self, taps: Taps) {
        let mut state = self.state();
        state.taps = Some(taps);
        state.epoch += 1;
    }

    /// Measures from now on, as if nothing had sounded before.
    pub(crate) fn reset(&self) {
        *self.meters() = None;
        self.state().reading = Reading::UNKNOWN;
    }

    /// The figures; the first look begins the measurement.
    pub(crate) fn look(self: &Arc<Self>) -> Reading {
        let mut state = self.state();
        if !state.is_running {
            let session = Arc::downgrade(self);
            let thread = thread::Builder::new().name("loudness".into());
            // Without a thread the figures stay unknown; the next look tries again.
            state.is_running = thread.spawn(move || run(&session)).is_ok();
        }
        state.reading
    }

    /// Reads what came since the last time; the first time of an engine only finds its end.
    fn measure(&self, readers: &mut Option<Readers>) {
        let state = self.state();
        let (Some(taps), epoch) = (state.taps.clone(), state.epoch) else {
            return;
        };
        drop(state);
        let readers = match readers {
            Some(readers) if readers.epoch == epoch => readers,
            _ => readers.insert(Readers::open(&taps, epoch)),
        };
        let mut meters = self.meters();
        let fits = |meters: &[Meter; 2]| {
            let [input, output] = meters;
            input.fits(taps.input.channels(), taps.rate)
                && output.fits(taps.output.channels(), taps.rate)
        };
        let new = || [&taps.input, &taps.output].map(|tap| Meter::new(tap.channels(), taps.rate));
        if !meters.as_ref().is_some_and(fits) {
            *meters = None;
        }
        let meters = meters.get_or_insert_with(new);
        for (meter, reader) in meters.iter_mut().zip(&mut readers.sides) {
            meter.drain(reader, &mut readers.buffer);
        }
        // With the meters still held: a reset comes wholly before or after.
        let seconds = meters[0].seconds().max(meters[1].seconds());
        let sides = [meters[0].figures(), meters[1].figures()];
        self.state().reading = Reading { sides, seconds };
    }
}

/// The thread; it ends with the session.
fn run(session: &Weak<Loudness>) {
    let mut readers = None;
    while let Some(loudness) = session.upgrade() {
        loudness.measure(&mut readers);
        drop(loudness);
        thread::sleep(PERIOD);
    }
}

struct Readers {
    epoch: u64,
    sides: [TapReader; 2],
    buffer: Vec<f32>,
}

impl Readers {
    fn open(taps: &Taps, epoch: u64) -> Self {
        Self { epoch, sides: [taps.input.open(), taps.output.open()], buffer: Vec::new() }
    }
}

/// Frames after which the true peak counts: a measurement begins in the middle of the sound, and the
/// interpolation takes what was before for silence, so it finds a step there that nobody heard.
pub(super) const SETTLING: usize = 48;

/// The measurement of one side.
#[derive(Debug)]
pub(super) struct Meter {
    channels: usize,
    rate: u32,
    /// `None` without channels, and with more than the measurement takes.
    ebu: Option<EbuR128>,
    frames: u64,
    /// Highest so far, linear, of what came after [`SETTLING`].
    true_peak: f64,
}

impl Meter {
    pub(super) fn new(channels: usize, rate: u32) -> Self {
        let mode = Mode::S | Mode::I | Mode::LRA | Mode::TRUE_PEAK | Mode::HISTOGRAM;
        let n = u32::try_from(channels).unwrap_or(u32::MAX);
        Self { channels, rate, ebu: EbuR128::new(n, rate, mode).ok(), frames: 0, true_peak: 0.0 }
    }

    fn fits(&self, channels: usize, rate: u32) -> bool {
        (self.channels, self.rate) == (channels, rate)
    }

    /// Takes in everything that the reader has.
    fn drain(&mut self, reader: &mut TapReader, buffer: &mut Vec<f32>) {
        buffer.resize(CHUNK * reader.channels().max(1), 0.0);
        loop {
            let n = reader.read(buffer).records;
            if n == 0 {
                return;
            }
            self.take(&mut buffer[..n * reader.channels()]);
        }
    }

    /// Takes in whole interleaved frames; what is no number in them becomes silence.
    pub(super) fn take(&mut self, interleaved: &mut [f32]) {
        interleaved.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = 0.0);
        let heard = usize::try_from(self.frames).unwrap_or(usize::MAX);
        let unsettled = SETTLING.saturating_sub(heard) * self.channels;
        let (first, rest) = interleaved.split_at(unsettled.min(interleaved.len()));
        self.add(first);
        if let Some(peak) = self.add(rest) {
            self.true_peak = self.true_peak.max(peak);
        }
    }

    /// The true peak of these frames.
    fn add(&mut self, interleaved: &[f32]) -> Option<f64> {
        let ebu = self.ebu.as_mut().filter(|_| !interleaved.is_empty())?;
        ebu.add_frames_f32(interleaved).ok()?;
        self.frames += (interleaved.len() / self.channels) as u64;
        let channels = (0..).take(self.channels);
        Some(channels.filter_map(|c| ebu.prev_true_peak(c).ok()).fold(0.0, f64::max))
    }

    /// How much sound was taken in.
    #[expect(clippy::cast_possible_truncation, reason = "a time, for display")]
    fn seconds(&self) -> f32 {
        (self.frames as f64 / f64::from(self.rate)) as f32
    }

    pub(super) fn figures(&self) -> Figures {
        let Some(ebu) = &self.ebu else {
            return Figures::UNKNOWN;
        };
        let full = |ms: u64| self.frames * 1_000 >= ms * u64::from(self.rate);
        let known = |is_known, value: Result<f64, ebur128::Error>| match value {
            #[expect(clippy::cast_possible_truncation, reason = "levels, for display")]
            Ok(value) if is_known && value.is_finite() => value as f32,
            _ => f32::NAN,
        };
        let integrated = known(full(400), ebu.loudness_global());
        Figures {
            momentary: known(full(400), ebu.loudness_momentary()),
            short_term: known(full(3_000), ebu.loudness_shortterm()),
            integrated,
            range: known(full(3_000) && integrated.is_finite(), ebu.loudness_range()),
            true_peak: known(true, Ok(20.0 * self.true_peak.log10())),
        }
    }
}

#[cfg(test)]
mod settling {
    use super::*;

    /// 997 Hz at −23 dBFS, begun at every phase.
    #[test]
    fn a_measurement_that_begins_within_the_sound_finds_no_step() {
        let step = std::f64::consts::TAU * 997.0 / 48_000.0;
        let amplitude = 10_f64.powf(-23.0 / 20.0);
        for phase in 0..48 {
            #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
            let sample = |n: usize| (amplitude * (step * (n + phase) as f64).sin()) as f32;
            let mut meter = Meter::new(1, 48_000);
            let mut sound: Vec<f32> = (0..4_800).map(sample).collect();
            meter.take(&mut sound);
            let peak = meter.figures().true_peak;
            assert!((peak + 23.0).abs() < 0.2, "{peak} dBTP from phase {phase}");
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "a figure that nobody touched is the same figure")]
mod session {
    use super::*;
    use crate::analysis::signals::{Desk, sine};

    /// Waits until it is so.
    fn until(what: &str, is_so: impl Fn() -> bool) {
        for _ in 0..1_000 {
            if is_so() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("never: {what}");
    }

    /// Plays in small pieces until the thread hears them, and all of them: it has found its place.
    fn begin(desk: &mut Desk, loudness: &Arc<Loudness>, n_channels: usize) -> f32 {
        let before = loudness.look().seconds;
        let rows = vec![vec![0.0; 480]; n_channels];
        while loudness.look().seconds == before {
            desk.play(&rows, &rows);
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(8 * PERIOD);
        loudness.look().seconds
    }

    #[test]
    fn it_goes_on_while_nobody_looks_and_ends_with_the_session() {
        let loudness = Loudness::new();
        let mut desk = Desk::new((1, 1), 48_000);
        loudness.connect(desk.taps());
        let tone = vec![sine(48_000, 997.0, 0.1, 96_000)];
        desk.play(&tone, &tone);
        assert!(!loudness.state().is_running, "nobody has looked yet");
        let begun = begin(&mut desk, &loudness, 1);
        desk.play(&tone, &tone);
        until("two seconds more", || (loudness.look().seconds - begun - 2.0).abs() < 1e-3);
        let heard = loudness.look().seconds;
        let integrated = loudness.look().sides.map(|figures| figures.integrated);
        assert!(integrated.iter().all(|i| (i + 23.0).abs() < 0.1), "{integrated:?}");
        // The same ends opened anew: it goes on.
        let mut desk = desk.rebuilt((1, 1), 48_000);
        loudness.connect(desk.taps());
        assert!(begin(&mut desk, &loudness, 1) > heard);
        // Others: it begins anew, as by a reset.
        let mut desk = desk.rebuilt((2, 2), 48_000);
        loudness.connect(desk.taps());
        loudness.reset();
        assert_eq!(loudness.look().seconds, 0.0);
        assert!(begin(&mut desk, &loudness, 2) < heard);
        let session = Arc::downgrade(&loudness);
        drop(loudness);
        until("the thread lets the session go", || session.upgrade().is_none());
    }
}
