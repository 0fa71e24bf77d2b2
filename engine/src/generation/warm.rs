//! The warm start: a new generation hears what the old one has lately heard, before it sounds.
//!
//! ```text
//!          2 s ago                            swap          fade
//!  input ────┬──────────────────────┬───────────┬──────────────┬───────▶
//!            │◀──── warm_up ───────▶│◀─────── catch_up ───────▶│
//!            │ the plugin's thread, │ audio thread,
//!            │ as fast as it goes   │ twice as fast as time
//! ```
//!
//! Off the audio thread [`Generation::warm_up`] plays the last seconds of input, notes and parameter
//! changes to it, until it has come up with the engine. What passes between then and its swap the
//! engine plays to it from its own memory. When the fade begins, the generation has heard every
//! frame and every event: delay lines, envelopes and held notes stand where they would stand had it
//! run all along.

use super::{Condition, Generation, Ran};
use crate::{
    bus::Block,
    channels::{ToMono, adapt},
    delay::DryDelay,
    event::{EventBody, EventLog, PluginEvent, Transport},
    planar::Planar,
    processor::{Outcome, ProcessIo},
    tap::TapReader,
};

/// What is to be played to a new generation.
#[derive(Debug)]
pub struct Replay {
    /// What the engine's plugin got; the replay begins where the reader stands.
    pub input: TapReader,
    /// How many of its channels, the last ones, are the sidechain's.
    pub n_side: usize,
    /// Where parameters and held notes stood at the reader's first frame.
    pub base: Vec<EventBody>,
    /// What happened since, by the engine's clock, in order.
    pub events: Vec<(u64, EventBody)>,
    /// `events` has everything before this frame.
    pub events_to: u64,
    /// How the input meets a mono plugin.
    pub to_mono: ToMono,
    /// Quarter notes per minute.
    pub tempo_bpm: f64,
}

/// How a warm-up ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WarmUp {
    /// The generation stands where the engine does.
    Warm {
        /// Frames it was played; 0 = there was nothing to play yet, it starts cold.
        frames: u64,
        /// What it sounded like meanwhile.
        findings: Findings,
    },
    /// It was too slow, or the engine's memory was overwritten: it was reset and starts cold.
    Late,
    /// The plugin returned an error, or is gone.
    Failed,
}

/// What the output of a replay was like.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Findings {
    /// The largest magnitude among the finite samples, linear.
    pub peak: f32,
    /// Samples that were not finite.
    pub n_non_finite: u64,
}

impl Findings {
    /// Takes notice of the first `frames` of `output`.
    fn add(&mut self, output: &Planar, frames: usize) {
        for x in output.rows().flat_map(|row| &row[..frames]) {
            if x.is_finite() {
                self.peak = self.peak.max(x.abs());
            } else {
                self.n_non_finite += 1;
            }
        }
    }
}

/// What a generation that does not sound knows of the past.
#[derive(Debug, Clone, Copy)]
pub(super) enum Past {
    /// Nothing: it starts cold.
    Unknown,
    /// What is void: it is reset and starts cold.
    Void,
    /// All of it, up to some frame.
    Heard(Heard),
    /// It has sounded, was reset, and stands by.
    Asleep,
}

/// How far a generation has heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    audio_to: u64,
    events_to: u64,
}

/// A block of input from somewhere before the present.
struct Before<'a> {
    input: &'a Planar,
    frames: usize,
    /// The engine's clock at its first frame.
    at: u64,
    to_mono: ToMono,
    tempo_bpm: f64,
}

/// Frames that the engine plays to a generation that is behind, per frame of time.
const CATCH_UP_SPEED: usize = 2;
/// A warm-up that finds less than this has come up with the engine: the rest is the engine's.
const NEAR_FRAMES: usize = 64;
/// Longest block of a replay, in frames.
const REPLAY_BLOCK: usize = 512;

impl Generation {
    /// Plays `replay` to this generation, which has not sounded yet; `is_late` is asked once per
    /// block and ends the attempt.
    ///
    /// Not on the audio thread: allocates.
    pub fn warm_up(&mut self, replay: Replay, is_late: &mut dyn FnMut() -> bool) -> WarmUp {
        let Replay { mut input, n_side, base, events, events_to, to_mono, tempo_bpm } = replay;
        let block = self.replay_block();
        // A tap of no channels still tells the time.
        let mut interleaved = vec![0.0; input.channels().max(1) * block];
        let n_main = input.channels().saturating_sub(n_side);
        let mut device = Planar::with_side(n_main, n_side, block);
        let mut events = events.into_iter().peekable();
        self.events.clear();
        self.events.extend(base.into_iter().map(|body| PluginEvent { offset: 0, body }));
        let begin = input.position();
        let mut findings = Findings::default();
        loop {
            let at = input.position();
            let received = input.read(&mut interleaved);
            if received.lost > 0 || is_late() {
                return self.too_late();
            }
            let frames = received.records;
            device.write_interleaved(0, &interleaved[..frames * input.channels()]);
            while let Some((frame, body)) = events.next_if(|e| e.0 < at + frames as u64) {
                self.events.push(PluginEvent { offset: offset(frame, at), body });
            }
            let past = Before { input: &device, frames, at, to_mono, tempo_bpm };
            let outcome = if frames > 0 { self.hear(&past) } else { Outcome::Ok };
            match outcome {
                Outcome::Ok => findings.add(&self.output, frames),
                Outcome::Late => return self.too_late(),
                Outcome::Error | Outcome::Gone => return WarmUp::Failed,
            }
            if frames < NEAR_FRAMES.min(block) {
                break;
            }
            self.events.clear();
        }
        let audio_to = input.position();
        let has_heard = audio_to > begin;
        if has_heard {
            self.past = Past::Heard(Heard { audio_to, events_to: events_to.min(audio_to) });
        }
        WarmUp::Warm { frames: audio_to - begin, findings }
    }

    /// Frames of a block of a warm-up, but for the last.
    pub fn replay_block(&self) -> usize {
        self.max_block.min(REPLAY_BLOCK)
    }

    /// What it has heard is void: it starts from silence, reset by the engine, with the held notes.
    #[must_use]
    pub fn forgetting(mut self) -> Self {
        if self.is_warm() {
            self.past = Past::Void;
        }
        self
    }

    fn too_late(&mut self) -> WarmUp {
        self.start_cold();
        WarmUp::Late
    }

    fn start_cold(&mut self) {
        self.processor.reset();
        self.past = Past::Unknown;
    }

    /// Plays a block with `self.events` to the processor, without keeping its sound.
    fn hear(&mut self, past: &Before<'_>) -> Outcome {
        adapt(past.input, &mut self.input, past.frames, past.to_mono);
        let outcome = self.processor.process(&mut ProcessIo {
            input: &self.input,
            output: &mut self.output,
            frames: past.frames,
            frame: past.at,
            transport: Transport::at(past.at, self.rate, past.tempo_bpm),
            events: &self.events,
            replies: &mut self.replies,
        });
        // What it says back was said before, when it was true.
        self.replies.drain().for_each(drop);
        outcome
    }

    /// Whether the engine still remembers what this generation has not heard before `now`; if not,
    /// it starts cold, with the events that came since.
    ///
    /// # Real time
    /// Comparisons, and at most the processor's reset.
    pub(crate) fn can_catch_up(&mut self, now: u64, dry: &DryDelay, log: &EventLog) -> bool {
        let heard = match self.past {
            Past::Heard(heard) => heard,
            Past::Unknown | Past::Asleep => return false,
            Past::Void => {
                self.start_cold();
                return false;
            }
        };
        let is_near = now.saturating_sub(heard.audio_to) <= dry.max_delay() as u64;
        let can = is_near && heard.events_to >= log.complete_from();
        if !can {
            self.start_cold();
            for (_, body) in log.between(heard.events_to, u64::MAX) {
                self.remember(PluginEvent { offset: 0, body });
            }
        }
        can
    }

    fn heard_to(&self) -> Option<Heard> {
        if let Past::Heard(heard) = self.past { Some(heard) } else { None }
    }

    /// Whether it goes on hearing without sounding.
    pub(crate) fn is_warm(&self) -> bool {
        self.heard_to().is_some()
    }

    /// Whether it has not heard everything before `now` yet.
    pub(crate) fn is_behind(&self, now: u64) -> bool {
        self.heard_to().is_some_and(|heard| heard.audio_to < now)
    }

    /// Plays it what it is behind, at most twice the block's frames, up to the end of `block`.
    ///
    /// # Real time
    /// Everything is allocated already; costs up to twice what the generation costs.
    pub(crate) fn catch_up(&mut self, block: &mut Block<'_>, log: &EventLog) -> Ran {
        let mut left = CATCH_UP_SPEED * block.frames;
        while self.condition == Condition::Good
            && let Some(heard) = self.heard_to().filter(|_| left > 0)
        {
            let behind = (block.frame + block.frames as u64).saturating_sub(heard.audio_to);
            let behind = usize::try_from(behind).unwrap_or(usize::MAX);
            let frames = behind.min(left).min(self.max_block);
            if frames == 0 {
                break;
            }
            let input = block.dry.delayed(behind - frames, frames);
            let at = heard.audio_to;
            let (to_mono, tempo_bpm) = (block.to_mono, block.transport.tempo_bpm);
            let past = Before { input, frames, at, to_mono, tempo_bpm };
            let outcome = self.catch_up_by(&past, heard, log);
            self.judge(outcome, block);
            left -= frames;
        }
        if self.condition == Condition::Good { Ran::Joined } else { Ran::Failed }
    }

    fn catch_up_by(&mut self, past: &Before<'_>, heard: Heard, log: &EventLog) -> Outcome {
        let to = past.at + past.frames as u64;
        self.events.clear();
        let missed = log.between(heard.events_to, to);
        let at = |frame| offset(frame, past.at);
        self.events.extend(missed.map(|(f, body)| PluginEvent { offset: at(f), body }));
        self.past = Past::Heard(Heard { audio_to: to, events_to: to });
        self.hear(past)
    }
}

/// Frames from `at` to `frame`; what should have been before comes at the start.
fn offset(frame: u64, at: u64) -> u32 {
    u32::try_from(frame.saturating_sub(at)).unwrap_or(u32::MAX)
}
