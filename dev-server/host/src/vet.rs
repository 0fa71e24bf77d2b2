//! The vetting of a build: before the instance that is to sound is made, another hears what music
//! seldom has, at the running rate and block size, and is destroyed.
//!
//! What comes of it may be meant – a gain of 30 dB is a gain – and is a [`VetFinding`] that warns.
//! A panic or an error in it refuses the build. Runs on the plugin's own thread, where a call that
//! does not come back is seen by control.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use retake_engine::{
    EventBody, Findings, Note, Outcome, Planar, PluginEvent, ProcessIo, Processor, Transport,
    processor::Replies,
};
use serde::{Deserialize, Serialize};

use crate::{
    busy::Busy,
    error::HostError,
    ffi::Library,
    format::Format,
    instance::{Heritage, Instance},
    note::{Outbox, PluginInfo},
    processor::ClapProcessor,
    thread::Recipe,
    wishes::Wishes,
};

/// Something about a build that was found before it sounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VetFinding {
    /// What it was played; none when it was not played anything.
    pub signal: Option<Signal>,
    /// What came of it.
    pub kind: VetKind,
    /// For people.
    pub message: String,
}

/// What a build is played before it sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Zeros, at first and at last.
    Silence,
    /// Numbers so small that a processor may take its time with them.
    Denormals,
    /// One sample of full scale.
    Impulse,
    /// White noise, −12 dBFS peak.
    Noise,
    /// A square wave from −1 to 1.
    FullScale,
    /// What sounded lately: the warm start.
    Replay,
}

/// What can come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the events")]
pub enum VetKind {
    NonFinite,
    /// Above +24 dBFS.
    Peak,
    OverBudget,
    Panic,
    ProcessError,
    Hang,
    Crash,
    /// The same bytes hung before.
    Quarantined,
}

/// Louder than this, linear, is reported: +24 dBFS.
pub const VET_PEAK: f32 = 15.848_932;

/// How long the signals may take together; a slow plugin hears less of each.
const GOAL: Duration = Duration::from_millis(8);
/// After this a signal that has not begun is left out.
const LIMIT: Duration = Duration::from_millis(30);
/// Frames of a signal, at least one block.
const FRAMES: usize = 1_024;
/// Largest block; larger ones only take longer.
const MAX_BLOCK: usize = 512;
const ORDER: [Signal; 6] = [
    Signal::Silence,
    Signal::Denormals,
    Signal::Impulse,
    Signal::Noise,
    Signal::FullScale,
    Signal::Silence,
];
/// The note that an instrument plays from the noise on.
const KEY: u8 = 60;

impl VetFinding {
    pub(crate) fn new(signal: Signal, kind: VetKind, message: String) -> Self {
        Self { signal: Some(signal), kind, message }
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.signal, self.kind) == (other.signal, other.kind)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silence => "silence",
            Self::Denormals => "denormals",
            Self::Impulse => "an impulse",
            Self::Noise => "noise",
            Self::FullScale => "full scale",
            Self::Replay => "the replay of what sounded lately",
        })
    }
}

/// What is vetted.
pub(crate) struct Trial<'a> {
    pub(crate) library: &'a Library,
    pub(crate) plugin: &'a PluginInfo,
    pub(crate) recipe: &'a mut Recipe,
    pub(crate) busy: &'a Busy,
}

impl Trial<'_> {
    /// Plays the signals to an instance with the parameters as they stand, and without a state:
    /// reading that can take long, and what it has of sound the replay has too.
    ///
    /// The calling thread is that instance's main thread meanwhile.
    ///
    /// # Errors
    /// [`HostError::Trial`]: the plugin panicked or returned an error. [`HostError::Parameter`], as
    /// of the instance that is to sound. One that cannot be made is no finding: that says why.
    pub(crate) fn run(self) -> Result<Vec<VetFinding>, HostError> {
        let Self { library, plugin, recipe, busy } = self;
        // What it says is said again by the instance that is to sound.
        let wishes = Arc::new(Wishes::new(Outbox::new(0, Box::new(drop))));
        wishes.role.become_main();
        let Ok(mut instance) = Instance::create(library, &plugin.id, &wishes, busy) else {
            return Ok(Vec::new());
        };
        let settled = recipe.settle(plugin, &mut instance);
        let format = recipe.format;
        let heard = settled.and_then(|()| {
            let params = recipe.params.clone();
            let heritage = Heritage { state: None, params, set: recipe.set.clone() };
            let Ok((mut processor, _)) =
                instance.restore(&heritage).and_then(|_| instance.activate(format))
            else {
                return Ok(Vec::new());
            };
            let findings = play(&mut processor, format, busy, &mut || {
                instance.serve();
                wishes.take_panic().map(HostError::Panic)
            });
            instance.stop(processor);
            instance.try_deactivate();
            findings
        });
        instance.destroy();
        heard
    }
}

/// Plays all signals one after the other; `panic` tells of one in the last.
fn play(
    processor: &mut ClapProcessor,
    format: Format,
    busy: &Busy,
    panic: &mut dyn FnMut() -> Option<HostError>,
) -> Result<Vec<VetFinding>, HostError> {
    let begin = Instant::now();
    let mut stage = Stage::new(processor, format);
    let mut findings: Vec<VetFinding> = Vec::new();
    for signal in ORDER {
        if begin.elapsed() > LIMIT {
            break;
        }
        let is_due = || begin.elapsed() > GOAL;
        let heard = busy.call_on_trial(|| stage.play(processor, signal, &is_due));
        let failure = panic().or((heard == Heard::Error).then_some(HostError::Process));
        if let Some(error) = failure {
            return Err(HostError::Trial { signal, error: Box::new(error) });
        }
        if let Heard::Sound(sound) = heard {
            let is_new = |new: &VetFinding| findings.iter().all(|old| !old.is_like(new));
            let new: Vec<_> = sound.findings(signal).into_iter().filter(is_new).collect();
            findings.extend(new);
        }
    }
    Ok(findings)
}

/// The buffers of the signals.
struct Stage {
    rate: u32,
    block: usize,
    input: Planar,
    output: Planar,
    replies: Replies,
    frame: u64,
    seed: u32,
}

#[derive(Debug, PartialEq)]
enum Heard {
    Sound(Sound),
    Error,
}

/// What came out.
#[derive(Debug, PartialEq)]
struct Sound {
    /// The highest finite sample, linear.
    peak: f32,
    n_non_finite: usize,
    /// The shortest block, in shares of its own length: others may have been held up by something
    /// else.
    load: f64,
}

impl Stage {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sample rate")]
    fn new(processor: &ClapProcessor, format: Format) -> Self {
        let layout = processor.layout();
        let block = format.max_block.min(MAX_BLOCK);
        Self {
            rate: format.rate as u32,
            block,
            input: Planar::with_side(layout.n_input, layout.n_side, block),
            output: Planar::new(layout.n_output, block),
            replies: Replies::new(0),
            frame: 0,
            seed: 1,
        }
    }

    fn play(
        &mut self,
        processor: &mut ClapProcessor,
        signal: Signal,
        is_due: &dyn Fn() -> bool,
    ) -> Heard {
        let mut sound = Sound { peak: 0.0, n_non_finite: 0, load: f64::INFINITY };
        let mut played = 0;
        while played < FRAMES {
            self.write(signal, played);
            let start = Instant::now();
            if self.run(processor, key(signal, played)) == Outcome::Error {
                return Heard::Error;
            }
            let length = self.block as f64 / f64::from(self.rate.max(1));
            sound.load = sound.load.min(start.elapsed().as_secs_f64() / length);
            sound.listen(&self.output);
            played += self.block;
            if is_due() {
                break;
            }
        }
        Heard::Sound(sound)
    }

    fn write(&mut self, signal: Signal, played: usize) {
        let (half, seed) = (self.rate.max(256) as usize / 256, self.seed);
        for row in self.input.rows_mut() {
            self.seed = seed;
            for (at, sample) in (played..).zip(row) {
                *sample = match signal {
                    Signal::Silence | Signal::Replay => 0.0,
                    Signal::Denormals => 1.0e-39,
                    Signal::Impulse => f32::from(u8::from(at == 0)),
                    Signal::Noise => noise(&mut self.seed) * 0.25,
                    Signal::FullScale => 1.0 - 2.0 * ((at / half) % 2) as f32,
                };
            }
        }
    }

    fn run(&mut self, processor: &mut ClapProcessor, note: Option<PluginEvent>) -> Outcome {
        let outcome = processor.process(&mut ProcessIo {
            input: &self.input,
            output: &mut self.output,
            frames: self.block,
            frame: self.frame,
            transport: Transport::at(self.frame, self.rate, 120.0),
            events: note.as_slice(),
            replies: &mut self.replies,
        });
        self.frame += self.block as u64;
        outcome
    }
}

/// Struck with the noise, released in the last silence.
fn key(signal: Signal, played: usize) -> Option<PluginEvent> {
    let on = signal == Signal::Noise;
    let is_moved = played == 0 && (on || signal == Signal::Silence);
    let note = Note { key: KEY, channel: 0, velocity: 0.8, on };
    is_moved.then_some(PluginEvent { offset: 0, body: EventBody::Note(note) })
}

fn noise(seed: &mut u32) -> f32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*seed >> 8) as f32 / 8_388_608.0 - 1.0
}

/// How long the blocks of a replay took.
pub(crate) struct Pace {
    /// Length of a block, seconds.
    length: f64,
    since: Instant,
    shares: Vec<f64>,
}

/// Fewer blocks say nothing about the load, unless they took long.
const MIN_BLOCKS: usize = 8;
const LONG: Duration = Duration::from_millis(100);

impl Pace {
    pub(crate) fn new(block: usize, rate: u32) -> Self {
        let length = block as f64 / f64::from(rate.max(1));
        Self { length, since: Instant::now(), shares: Vec::new() }
    }

    /// A block begins, and the one before has ended.
    pub(crate) fn tick(&mut self) {
        let now = Instant::now();
        self.shares.push((now - self.since).as_secs_f64() / self.length);
        self.since = now;
    }

    /// What is wrong with the load: by mean and median, because single blocks may have been held up
    /// by something else.
    fn finding(mut self) -> Option<VetFinding> {
        // Before the first block was nothing.
        self.shares.drain(..self.shares.len().min(1));
        self.shares.sort_unstable_by(f64::total_cmp);
        let n = self.shares.len();
        let sum = self.shares.iter().sum::<f64>();
        let (mean, seconds) = (sum / n.max(1) as f64, sum * self.length);
        let (median, worst) = (*self.shares.get(n / 2)?, *self.shares.last()?);
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let message = format!(
            "the load is {} of the block ({} at worst): it would not keep up",
            percent(mean),
            percent(worst)
        );
        let is_enough = n >= MIN_BLOCKS || seconds > LONG.as_secs_f64();
        let is_over = is_enough && mean > 1.0 && median > 1.0;
        is_over.then(|| VetFinding::new(Signal::Replay, VetKind::OverBudget, message))
    }
}

/// What is wrong with a build that has heard what sounded lately.
pub(crate) fn of_replay(sound: Findings, pace: Pace) -> Vec<VetFinding> {
    let mut findings = Vec::new();
    let mut found = |kind, message| findings.push(VetFinding::new(Signal::Replay, kind, message));
    if sound.n_non_finite > 0 {
        let n = sound.n_non_finite;
        found(VetKind::NonFinite, format!("{n} samples are not finite in {}", Signal::Replay));
    }
    if sound.peak > VET_PEAK {
        let level = 20.0 * sound.peak.log10();
        found(VetKind::Peak, format!("its peak is {level:+.1} dBFS in {}", Signal::Replay));
    }
    findings.extend(pace.finding());
    findings
}

impl Sound {
    fn listen(&mut self, output: &Planar) {
        for sample in output.rows().flatten() {
            if sample.is_finite() {
                self.peak = self.peak.max(sample.abs());
            } else {
                self.n_non_finite += 1;
            }
        }
    }

    fn findings(&self, signal: Signal) -> Vec<VetFinding> {
        let mut findings = Vec::new();
        let mut found = |kind, message| findings.push(VetFinding::new(signal, kind, message));
        if self.n_non_finite > 0 {
            let n = self.n_non_finite;
            found(VetKind::NonFinite, format!("{n} samples are not finite when it hears {signal}"));
        }
        if signal == Signal::FullScale && self.peak > VET_PEAK {
            let level = 20.0 * self.peak.log10();
            found(VetKind::Peak, format!("its peak is {level:+.1} dBFS when it hears {signal}"));
        }
        if self.load > 1.0 {
            let percent = self.load * 100.0;
            let message =
                format!("a block takes {percent:.0} % of its time when it hears {signal}");
            found(VetKind::OverBudget, message);
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(signal: Signal, sound: &Sound) -> Vec<VetKind> {
        sound.findings(signal).into_iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn what_is_legal_is_no_finding() {
        let loud = Sound { peak: VET_PEAK, n_non_finite: 0, load: 1.0 };
        assert_eq!(kinds(Signal::FullScale, &loud), []);
        let louder = Sound { peak: VET_PEAK * 1.01, n_non_finite: 0, load: 0.0 };
        assert_eq!(kinds(Signal::FullScale, &louder), [VetKind::Peak]);
        assert_eq!(kinds(Signal::Noise, &louder), [], "only full scale has a scale");
    }

    #[test]
    fn samples_that_are_no_numbers_are_counted_and_have_no_peak() {
        let mut sound = Sound { peak: 0.0, n_non_finite: 0, load: 1.1 };
        let mut output = Planar::new(2, 4);
        output.channel_mut(0)[1] = f32::NAN;
        output.channel_mut(1)[3] = f32::INFINITY;
        output.channel_mut(1)[2] = -2.0;
        sound.listen(&output);
        assert_eq!((sound.peak, sound.n_non_finite), (2.0, 2));
        assert_eq!(kinds(Signal::Silence, &sound), [VetKind::NonFinite, VetKind::OverBudget]);
    }

    #[test]
    fn a_replay_is_refused_by_what_it_sounds_like_and_what_it_costs() {
        let pace = |shares: &[f64]| Pace { shares: shares.to_vec(), ..Pace::new(512, 48_000) };
        let kinds = |peak, n_non_finite, shares: &[f64]| -> Vec<_> {
            let found = of_replay(Findings { peak, n_non_finite }, pace(shares));
            found.into_iter().map(|finding| finding.kind).collect()
        };
        assert_eq!(kinds(VET_PEAK, 0, &[]), []);
        assert_eq!(kinds(16.0, 3, &[]), [VetKind::NonFinite, VetKind::Peak]);
        let heavy = [1.1; 9];
        assert_eq!(kinds(0.0, 0, &heavy), [VetKind::OverBudget]);
        assert_eq!(kinds(0.0, 0, &heavy[..8]), [], "seven blocks, the first is none");
        assert_eq!(kinds(0.0, 0, &[0.0, 9.0, 9.0]), [VetKind::OverBudget], "192 ms are enough");
        let held_up = [0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 20.0];
        assert_eq!(kinds(0.0, 0, &held_up), [], "something else took the time");
    }

    #[test]
    fn the_note_is_struck_once_and_released() {
        let moves: Vec<_> = ORDER.iter().map(|signal| key(*signal, 0).is_some()).collect();
        assert_eq!(moves, [true, false, false, true, false, true]);
        assert!(key(Signal::Noise, 512).is_none());
    }
}
