//! One sound: its material, its strip, and what it is about to do.
//!
//! Made by control, moved to the engine in a box, and back through the ring of spent voices when it
//! has ended. It begins at once, with its very first frame; everything that is asked of it later
//! happens behind a fade, as long as there is anything to be heard of it.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};

use super::{
    buses::{Bus, Buses},
    clip::ClipPlayer,
    generator::Generator,
    glide::Glide,
    live::LivePlayer,
    pan::PanLaw,
    peaks::{Gathered, Peaks},
    pool::VoiceId,
    pushed::PushedPlayer,
    stream::StreamPlayer,
    strip::{Strip, StripSettings},
};
use crate::{generation::BusShape, planar::Planar};

/// What a voice plays.
#[derive(Debug)]
pub enum Material {
    /// A formula.
    Generator(Generator),
    /// Frames in memory.
    Clip(ClipPlayer),
    /// Frames that are read ahead.
    Stream(StreamPlayer),
    /// Frames that someone else sends.
    Pushed(PushedPlayer),
    /// What a device captures.
    Live(LivePlayer),
}

impl Material {
    fn channels(&self) -> usize {
        match self {
            Self::Generator(generator) => generator.channels(),
            Self::Clip(clip) => clip.channels(),
            Self::Stream(stream) => stream.channels(),
            Self::Pushed(pushed) => pushed.channels(),
            Self::Live(live) => live.channels(),
        }
    }

    /// Fills the first frames of `block`; returns how many there were before the end.
    fn fill(&mut self, block: &mut Planar, frames: usize, pitch: f64) -> usize {
        match self {
            Self::Generator(generator) => generator.fill(block, frames),
            Self::Clip(clip) => clip.fill(block, frames, pitch),
            Self::Stream(stream) => stream.fill(block, frames, pitch),
            Self::Pushed(pushed) => pushed.fill(block, frames),
            Self::Live(live) => live.fill(block, frames),
        }
    }

    fn seek(&mut self, frame: u64) {
        match self {
            Self::Generator(_) | Self::Pushed(_) | Self::Live(_) => {}
            Self::Clip(clip) => clip.seek(frame),
            Self::Stream(stream) => stream.seek(frame),
        }
    }

    /// What is played over and over from now on.
    fn set_repeat(&mut self, repeat: Option<Range<u64>>) {
        if let Self::Clip(clip) = self {
            clip.set_repeat(repeat);
        }
    }

    /// The frame that comes next.
    fn position(&self) -> u64 {
        match self {
            Self::Generator(generator) => generator.position(),
            Self::Clip(clip) => clip.position(),
            Self::Stream(stream) => stream.position(),
            Self::Pushed(pushed) => pushed.position(),
            Self::Live(live) => live.position(),
        }
    }

    /// How it stands with what it needs, and how many frames it did without.
    fn supply(&self) -> (Supply, u64) {
        match self {
            Self::Generator(_) | Self::Clip(_) => (Supply::Flowing, 0),
            Self::Stream(stream) => stream.supply(),
            Self::Pushed(pushed) => pushed.supply(),
            Self::Live(live) => live.supply(),
        }
    }
}

/// Pitches that a voice can have.
pub const PITCHES: std::ops::RangeInclusive<f64> = 0.1..=4.0;

/// Something to be changed about a voice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VoiceChange {
    /// Another level, linear.
    Gain(f32),
    /// Another place between left and right.
    Pan(f32),
    /// Another law of the pan.
    Law(PanLaw),
    /// Another bus.
    Bus(Bus),
    /// Another speed, within [`PITCHES`]; generators and what is pushed have none.
    Pitch(f64),
    /// What is played over and over once it is reached, from the first frame to before the second,
    /// or nothing; whoever is beyond its end goes on with its start. For clips: what is read ahead
    /// has its loop in its file.
    Loop(Option<(u64, u64)>),
    /// Halt and stand still, or go on from there.
    Pause(bool),
    /// Go on from another frame; generators and what is pushed have none.
    Seek(u64),
    /// Fade out and end.
    Stop,
}

/// How far a voice is, for everyone to see.
#[derive(Debug, Default)]
pub struct VoiceProbe {
    position: AtomicU64,
    supply: AtomicU8,
    missed: AtomicU64,
    peaks: Peaks,
}

/// How it stands with the frames that a voice needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// The first are not there yet, or those of the place it was moved to.
    Filling,
    /// They are there.
    Flowing,
    /// They did not come in time.
    Starved,
}

impl VoiceProbe {
    /// The frame of its material that comes next, as of the last block.
    pub fn position(&self) -> u64 {
        self.position.load(Relaxed)
    }

    /// How it stood with the last block.
    pub fn supply(&self) -> Supply {
        match self.supply.load(Relaxed) {
            0 => Supply::Filling,
            1 => Supply::Flowing,
            _ => Supply::Starved,
        }
    }

    /// Frames that were silent because they did not come in time.
    pub fn missed_frames(&self) -> u64 {
        self.missed.load(Relaxed)
    }

    /// How loud it is, behind level and pan.
    pub fn peaks(&self) -> &Peaks {
        &self.peaks
    }

    fn show(&self, material: &Material) {
        let (supply, missed) = material.supply();
        self.position.store(material.position(), Relaxed);
        self.supply.store(supply as u8, Relaxed);
        self.missed.store(missed, Relaxed);
    }
}

/// Pauses, stops and seeks fade out, and in again, over this long.
pub(crate) const FADE_MS: u32 = 5;

/// One sound in the mixer.
#[derive(Debug)]
pub struct Voice {
    id: VoiceId,
    material: Material,
    pitch: f64,
    strip: Strip,
    envelope: Glide,
    intent: Intent,
    /// The loop to be taken with the seek that is intended.
    next_repeat: Option<Range<u64>>,
    block: Planar,
    probe: Arc<VoiceProbe>,
    gathered: Gathered,
    has_begun: bool,
    is_take: bool,
    has_ended: bool,
}

/// What happens once the envelope has come down.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Intent {
    Play,
    Pause,
    Seek { frame: u64, then_pause: bool },
    Stop,
}

impl Voice {
    /// A voice for an engine of `shape`, at the beginning of its material. Allocates everything it
    /// will need.
    pub fn new(id: VoiceId, material: Material, strip: StripSettings, shape: BusShape) -> Self {
        let probe = Arc::<VoiceProbe>::default();
        probe.show(&material);
        Self {
            id,
            pitch: 1.0,
            strip: Strip::new(strip, shape.rate),
            envelope: Glide::new(1.0, (shape.rate * FADE_MS / 1_000) as usize),
            intent: Intent::Play,
            next_repeat: None,
            block: Planar::new(material.channels(), shape.max_block),
            material,
            probe,
            gathered: Gathered::default(),
            has_begun: false,
            is_take: false,
            has_ended: false,
        }
    }

    /// At another speed from the first frame on; clamped to [`PITCHES`].
    #[must_use]
    pub fn with_pitch(self, pitch: f64) -> Self {
        self.with(VoiceChange::Pitch(pitch))
    }

    /// Changed before it begins.
    #[must_use]
    pub fn with(mut self, change: VoiceChange) -> Self {
        self.change(change);
        self
    }

    /// As the material on which generations are compared: until it is stopped, nothing else is
    /// heard on the plugin's main input, and it begins anew with the first frame that a new
    /// generation sounds.
    #[must_use]
    pub fn as_take(mut self) -> Self {
        self.is_take = true;
        self
    }

    /// Who it is.
    pub fn id(&self) -> VoiceId {
        self.id
    }

    /// How far it is, also while it sounds.
    pub fn probe(&self) -> Arc<VoiceProbe> {
        Arc::clone(&self.probe)
    }

    /// A callback begins, for material that runs on another clock.
    pub(crate) fn begin_callback(&mut self, at_ns: u64) {
        if let Material::Live(live) = &mut self.material {
            live.begin(at_ns);
        }
    }

    /// # Real time
    /// Stores only.
    pub(crate) fn change(&mut self, change: VoiceChange) {
        match change {
            VoiceChange::Pitch(pitch) => self.pitch = pitch.clamp(*PITCHES.start(), *PITCHES.end()),
            VoiceChange::Loop(span) => self.repeat(span.map(|(start, end)| start..end)),
            VoiceChange::Pause(on) => self.pause(on),
            VoiceChange::Seek(frame) => self.seek(frame),
            VoiceChange::Stop => self.intend(Intent::Stop),
            of_strip => self.strip.change(of_strip),
        }
        if self.is_silent() {
            self.strip.settle();
        }
    }

    /// Whether there is nothing to be heard that would need a fade.
    fn is_silent(&self) -> bool {
        !self.has_begun || self.material.supply().0 == Supply::Filling
    }

    /// What is beyond the loop's end goes to its start, behind a fade; everything else goes on.
    fn repeat(&mut self, repeat: Option<Range<u64>>) {
        match repeat {
            Some(repeat) if self.material.position() >= repeat.end && !repeat.is_empty() => {
                self.seek(repeat.start);
                self.next_repeat = Some(repeat);
            }
            repeat => {
                self.next_repeat = None;
                self.material.set_repeat(repeat);
            }
        }
    }

    fn pause(&mut self, on: bool) {
        match self.intent {
            Intent::Seek { frame, .. } => self.intend(Intent::Seek { frame, then_pause: on }),
            _ => self.intend(if on { Intent::Pause } else { Intent::Play }),
        }
    }

    fn seek(&mut self, frame: u64) {
        let then_pause = match self.intent {
            Intent::Seek { then_pause, .. } => then_pause,
            intent => intent == Intent::Pause,
        };
        self.intend(Intent::Seek { frame, then_pause });
    }

    /// What ends stays at its end.
    fn intend(&mut self, intent: Intent) {
        if self.intent != Intent::Stop {
            self.intent = intent;
            if self.is_silent() && intent != Intent::Play {
                self.envelope.jump_to(0.0);
            }
            self.envelope.head_for(if intent == Intent::Play { 1.0 } else { 0.0 });
        }
    }

    pub(crate) fn bus(&self) -> Bus {
        self.strip.bus()
    }

    pub(crate) fn is_take(&self) -> bool {
        self.is_take
    }

    /// Whether it is a take that keeps everything else off the plugin's main input.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_take && self.intent != Intent::Stop
    }

    /// A take begins anew with the next frame, without a fade.
    ///
    /// # Real time
    /// Stores only.
    pub(crate) fn begin_anew(&mut self) {
        if self.is_alone() {
            self.material.seek(0);
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Adds the next `frames` to its bus.
    ///
    /// # Real time
    /// Everything is allocated already.
    pub(crate) fn render(&mut self, buses: &mut Buses, frames: usize) {
        let (mut done, mut peak) = (0, 0.0_f32);
        while done < frames && !self.has_ended {
            if self.envelope.at_rest() == Some(0.0) && !self.turn() {
                break;
            }
            // A fade's end is a place where something happens.
            let until = if self.envelope.left() > 0 { self.envelope.left() } else { frames };
            let wanted = until.min(frames - done);
            let got = self.material.fill(&mut self.block, wanted, self.pitch);
            done += wanted;
            if self.material.supply().0 == Supply::Filling {
                // Silence needs no fade, and a sound that comes later needs all of its own.
                self.has_ended = self.intent == Intent::Stop;
                continue;
            }
            self.has_begun = true;
            let from = (&self.block, got);
            peak = peak.max(self.strip.mix(from, self.envelope, buses, done - wanted));
            self.envelope.skip(wanted);
            if got < wanted {
                self.run_out();
            }
        }
        self.gathered.note(&self.probe.peaks, peak, frames);
        self.probe.show(&self.material);
    }

    /// The material is at its end: so is the voice, unless it is on its way to another place.
    fn run_out(&mut self) {
        self.has_ended = !matches!(self.intent, Intent::Seek { .. });
        self.envelope.jump_to(0.0);
    }

    /// The envelope is down: does what was intended. False when there is nothing to be heard.
    fn turn(&mut self) -> bool {
        self.strip.settle();
        match self.intent {
            Intent::Play => {}
            Intent::Pause => return false,
            Intent::Stop => {
                self.has_ended = true;
                return false;
            }
            Intent::Seek { frame, then_pause } => {
                if let Some(repeat) = self.next_repeat.take() {
                    self.material.set_repeat(Some(repeat));
                }
                self.material.seek(frame);
                self.intent = if then_pause { Intent::Pause } else { Intent::Play };
            }
        }
        self.envelope.head_for(if self.intent == Intent::Play { 1.0 } else { 0.0 });
        self.intent == Intent::Play
    }
}
