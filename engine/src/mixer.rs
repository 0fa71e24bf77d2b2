//! The mixer: everything that sounds before the plugin, or around it.
//!
//! ```text
//! live input ─▶ strip ─┐          ┌─▶ plugin-in ─▶ the plugin's main input
//!     voice ─▶ strip ──┼─▶ buses ─┼─▶ sidechain ─▶ its second input
//!     voice ─▶ strip ──┘          ├─▶ dry ─▶ late by the plugin's latency ─▶ output
//!                                 └─▶ master ──────────────────────────────▶ output
//! ```
//!
//! Owned by the engine. Voices come in boxes with [`CommandKind::Play`](crate::CommandKind::Play)
//! and go back through a ring that holds all there can be. While nothing but an unchanged live
//! input sounds, its buffer is handed on as it is: not a bit and not a copy more than without a
//! mixer.
//!
//! A take (see [`Voice::as_take`]) has the plugin's main input for itself, behind the bus's level:
//! while it plays, whatever else goes there runs on unheard, and is back, as it would have been
//! without, 5 ms after its stop.

mod buses;
mod clip;
mod frames;
mod generator;
mod glide;
mod hole;
mod interpolate;
mod live;
mod pan;
mod peaks;
mod pool;
mod pushed;
mod stream;
mod strip;
mod voice;

use std::{ops::RangeInclusive, sync::Arc};

pub use buses::Bus;
pub use clip::{Clip, ClipPlayer, EmptyClip};
pub use generator::{Generator, Signal};
pub use live::LivePlayer;
pub use pan::{PanLaw, SILENCE_DB, gain_of_db};
pub use peaks::Peaks;
pub use pool::{PoolFull, VOICES, VoiceId, VoicePool};
pub use pushed::{
    CAPACITY_MS as PUSHED_CAPACITY_MS, PushedPlayer, PushedSpec, PushedWriter,
    TARGET_MS as PUSHED_TARGET_MS, pushed,
};
pub use stream::{Repeat, StreamPlayer};
pub use strip::StripSettings;
pub use voice::{Material, PITCHES, Supply, Voice, VoiceChange, VoiceProbe};

use crate::{
    channels::ToMono,
    delay::DryDelay,
    generation::BusShape,
    planar::{Planar, loudest_bits},
    ramp::Ramp,
    render::MAX_LATENCY_SECONDS,
};
use buses::Buses;
use glide::Glide;
use peaks::Gathered;
use strip::Strip;
use voice::FADE_MS;

/// Levels that a strip can have, in dB; the lowest is silence.
pub const LEVELS_DB: RangeInclusive<f32> = SILENCE_DB..=24.0;

/// What a mixer is made for.
#[derive(Debug, Clone, Copy, Default)]
pub struct MixerSetup {
    /// Channels of the plugin's input; at least those of the live input, which it is as wide as by
    /// default.
    pub n_main: usize,
    /// Channels of the sidechain; 0 = there is none.
    pub n_side: usize,
    /// How the live input comes in.
    pub live: StripSettings,
}

/// Voices, strips and buses of one engine.
#[derive(Debug)]
pub(crate) struct Mixer {
    voices: Box<[Option<Box<Voice>>]>,
    n_alive: usize,
    /// Of those, takes.
    n_takes: usize,
    live: Strip,
    live_probe: Arc<VoiceProbe>,
    gathered: Gathered,
    buses: Buses,
    /// Of what a take keeps off the plugin's main input: as long as the fade of a voice.
    others: Glide,
    around: Around,
    spent: rtrb::Producer<Box<Voice>>,
    /// Whether the last block's input is the live input as it came.
    is_plain: bool,
    n_live: usize,
}

impl Mixer {
    /// A mixer for a live input of `n_live` channels, and control's end of the ring of spent voices.
    pub(crate) fn new(
        setup: MixerSetup,
        n_live: usize,
        shape: BusShape,
        to_mono: ToMono,
    ) -> (Self, rtrb::Consumer<Box<Voice>>) {
        let (spent, control) = rtrb::RingBuffer::new(VOICES);
        let mixer = Self {
            voices: (0..VOICES).map(|_| None).collect(),
            n_alive: 0,
            n_takes: 0,
            live: Strip::new(setup.live, shape.rate),
            live_probe: Arc::default(),
            gathered: Gathered::default(),
            others: Glide::new(1.0, (shape.rate * FADE_MS / 1_000) as usize),
            buses: Buses::new((setup.n_main.max(n_live), setup.n_side), shape, to_mono),
            around: Around::new(shape),
            spent,
            is_plain: true,
            n_live,
        };
        (mixer, control)
    }

    /// Channels of what the plugin gets: of its main input, and of its sidechain behind them.
    pub(crate) fn width(&self) -> (usize, usize) {
        let n_main = self.buses.input.main_channels();
        (n_main, self.buses.input.channels() - n_main)
    }

    /// Lets a voice sound from the next block's first frame on.
    ///
    /// # Real time
    /// Moves a box.
    pub(crate) fn play(&mut self, voice: Box<Voice>) {
        let place = &mut self.voices[voice.id().slot()];
        self.n_alive += usize::from(place.is_none());
        self.n_takes += usize::from(voice.is_take());
        if let Some(old) = place.replace(voice) {
            self.n_takes -= usize::from(old.is_take());
            // The pool gives a place away once.
            let pushed = self.spent.push(old);
            debug_assert!(pushed.is_ok(), "two voices in one place");
        }
    }

    /// A new generation sounds from the coming block on: takes begin anew with it.
    ///
    /// # Real time
    /// Stores only.
    pub(crate) fn begin_anew(&mut self) {
        self.voices.iter_mut().flatten().for_each(|voice| voice.begin_anew());
    }

    /// Changes a voice; one that is no more is left in peace.
    ///
    /// # Real time
    /// Stores only.
    pub(crate) fn change(&mut self, id: VoiceId, change: VoiceChange) {
        let voice = self.voices[id.slot()].as_mut();
        if let Some(voice) = voice.filter(|voice| voice.id() == id) {
            voice.change(change);
        }
    }

    /// Changes the live input's strip.
    ///
    /// # Real time
    /// Stores only.
    pub(crate) fn change_live(&mut self, change: VoiceChange) {
        self.live.change(change);
    }

    /// A callback begins: see [`crate::Engine::begin_callback`].
    ///
    /// # Real time
    /// As [`crate::LiveInput::begin`], for each of them.
    pub(crate) fn begin_callback(&mut self, at_ns: u64) {
        for voice in self.voices.iter_mut().flatten() {
            voice.begin_callback(at_ns);
        }
    }

    /// Lets a bus head for another level.
    ///
    /// # Real time
    /// Stores only.
    pub(crate) fn set_bus_gain(&mut self, bus: Bus, gain: f32) {
        self.buses.set_gain(bus, gain);
    }

    /// How loud the live input is.
    pub(crate) fn live_probe(&self) -> Arc<VoiceProbe> {
        Arc::clone(&self.live_probe)
    }

    /// Mixes the next `frames` from what was captured and what sounds.
    ///
    /// # Real time
    /// Everything is allocated already.
    pub(crate) fn render(&mut self, captured: &Planar, frames: usize) {
        self.is_plain = self.passes_as_it_is();
        self.around.begin(&mut self.buses, frames);
        if self.is_plain {
            self.live.begin();
            self.note_live(loudest(captured, frames), frames);
        } else {
            self.buses.input.silence(frames);
            self.mix_live(captured, frames);
            self.mix_voices(false, frames);
        }
        self.buses.level(frames, self.around.is_used);
        if self.n_takes > 0 || self.others.at_rest() != Some(1.0) {
            self.play_takes(frames);
        }
    }

    /// Whether all there is is the live input, unchanged. (A sidechain is silent then.)
    fn passes_as_it_is(&self) -> bool {
        self.n_alive == 0
            && self.others.at_rest() == Some(1.0)
            && self.live.is_unity()
            && self.live.bus() == Bus::PluginIn
            && self.buses.is_unity(Bus::PluginIn)
            && self.width().0 == self.n_live
    }

    fn mix_live(&mut self, captured: &Planar, frames: usize) {
        if self.n_live > 0 {
            let from = (captured, frames);
            let peak = self.live.mix(from, Glide::new(1.0, 1), &mut self.buses, 0);
            self.around.is_used |= self.passes_live_around();
            self.note_live(peak, frames);
        }
    }

    /// What was recorded behind the bus's level is played behind it.
    fn play_takes(&mut self, frames: usize) {
        let is_alone = self.voices.iter().flatten().any(|voice| voice.is_alone());
        self.others.head_for(if is_alone { 0.0 } else { 1.0 });
        self.buses.weigh_main(self.others, frames);
        self.others.skip(frames);
        self.mix_voices(true, frames);
    }

    fn note_live(&mut self, peak: f32, frames: usize) {
        self.gathered.note(self.live_probe.peaks(), peak, frames);
    }

    /// Lets sound all takes, or all that is none; who has ended goes.
    fn mix_voices(&mut self, takes: bool, frames: usize) {
        for place in &mut self.voices {
            let Some(voice) = place.as_mut().filter(|voice| voice.is_take() == takes) else {
                continue;
            };
            voice.render(&mut self.buses, frames);
            self.around.is_used |= voice.bus().is_around();
            if voice.has_ended()
                && self.spent.slots() > 0
                && let Some(voice) = place.take()
            {
                self.n_alive -= 1;
                self.n_takes -= usize::from(takes);
                let pushed = self.spent.push(voice);
                debug_assert!(pushed.is_ok(), "there was room");
            }
        }
    }

    /// Whether the live input is heard whatever the plugin does.
    pub(crate) fn passes_live_around(&self) -> bool {
        self.n_live > 0 && self.live.bus().is_around()
    }

    /// What the plugin gets of the last block: the main input's channels, then the sidechain's.
    pub(crate) fn input<'a>(&'a self, captured: &'a Planar) -> &'a Planar {
        if self.is_plain { captured } else { &self.buses.input }
    }

    /// What is heard of the last block: `wet`, and what went around the plugin, whose latency that
    /// is.
    ///
    /// # Real time
    /// Everything is allocated already.
    pub(crate) fn output<'a>(
        &'a mut self,
        wet: &'a Planar,
        latency_frames: usize,
        frames: usize,
    ) -> &'a Planar {
        if !self.around.is_used {
            return wet;
        }
        self.around.join(wet, &self.buses, latency_frames, frames)
    }
}

/// The way around the plugin.
#[derive(Debug)]
struct Around {
    /// Whether anything ever took it: until then it costs nothing.
    is_used: bool,
    delay: DryDelay,
    /// By how much it is late; the first block decides at once.
    latency_frames: Option<usize>,
    /// Down while the latency changes.
    gate: Ramp,
    sum: Planar,
}

/// Each half of the change to another latency takes this long.
const RELOCATE_MS: u32 = 5;

impl Around {
    fn new(shape: BusShape) -> Self {
        let BusShape { rate, max_block, n_output } = shape;
        Self {
            is_used: false,
            delay: DryDelay::new(n_output, MAX_LATENCY_SECONDS * rate as usize, max_block),
            latency_frames: None,
            gate: Ramp::new(1.0, (rate * RELOCATE_MS / 1_000) as usize),
            sum: Planar::new(n_output, max_block),
        }
    }

    /// A block begins, with nothing in it.
    fn begin(&self, buses: &mut Buses, frames: usize) {
        if self.is_used {
            buses.dry.silence(frames);
            buses.master.silence(frames);
        }
    }

    fn join(&mut self, wet: &Planar, buses: &Buses, latency: usize, frames: usize) -> &Planar {
        self.delay.write(&buses.dry, frames);
        if self.gate.at_rest() == Some(0.0) {
            self.latency_frames = Some(latency);
        }
        let now = *self.latency_frames.get_or_insert(latency);
        self.gate.head_for(if latency == now { 1.0 } else { 0.0 });
        let late = self.delay.delayed(now, frames);
        let parts = wet.rows().zip(late.rows()).zip(buses.master.rows());
        let begin = self.gate;
        for (sum, ((wet, late), master)) in self.sum.rows_mut().zip(parts) {
            self.gate = begin;
            let samples = wet.iter().zip(late).zip(master);
            for (sum, ((wet, late), master)) in sum[..frames].iter_mut().zip(samples) {
                *sum = wet + late * self.gate.advance() + master;
            }
        }
        &self.sum
    }
}

/// The highest magnitude of a block.
fn loudest(block: &Planar, frames: usize) -> f32 {
    let bits = block.rows().map(|row| loudest_bits(&row[..frames])).max();
    f32::from_bits(bits.unwrap_or(0))
}
