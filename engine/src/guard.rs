//! The last thing before the output: mute, stop, and guards that keep it sane.
//!
//! ```text
//! bus ─▶ not finite? silence, fade back ─▶ offset? ─▶ howl? mute ─▶ ramps ─▶ limiter ─▶ output
//! ```
//!
//! What a plugin sends that is not finite never leaves here. Real outputs, whose frames someone
//! hears, fade in at the start and after each gap and are held below −1 dBFS. Virtual outputs, whose
//! frames are compared bit by bit, get neither unless asked for.

mod dc;
mod howl;
mod limiter;

pub use limiter::CEILING;

use std::sync::Arc;

use dc::DcDetector;
use howl::HowlDetector;
use limiter::Limiter;

use crate::{
    planar::{INFINITY_BITS, Planar, loudest_bits},
    probe::Probe,
    ramp::Ramp,
};

const MUTE_MS: u32 = 5;
const STOP_MS: u32 = 20;
const REPAIR_MS: u32 = 5;
const GAP_MS: u32 = 50;

/// What an output needs of its guard.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "switches that do not depend on each other")]
pub struct MasterSpec {
    /// Rate, Hz.
    pub rate: u32,
    /// Channels of the output.
    pub channels: usize,
    /// Whether someone hears the device: fade-in after gaps, limiter.
    pub is_real: bool,
    /// Whether the limiter works on a virtual output, too.
    pub is_limited: bool,
    /// Whether the output can come back through the input: a howl mutes it.
    pub is_live_loop: bool,
    /// Whether it begins muted.
    pub is_muted: bool,
}

/// Mute, stop and guard of one output.
#[expect(clippy::struct_excessive_bools, reason = "switches that do not depend on each other")]
#[derive(Debug)]
pub struct Master {
    mute: Ramp,
    stop: Ramp,
    repair: Ramp,
    gap: Ramp,
    is_real: bool,
    is_muted: bool,
    stopping: bool,
    limiter: Option<Limiter>,
    dc: DcDetector,
    howl: Option<HowlDetector>,
    is_live_loop: bool,
    found: Findings,
    probe: Arc<Probe>,
}

/// What the last block made sure.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Findings {
    /// The offset, linear and signed.
    pub(crate) dc: Option<f32>,
    /// The frequency of the howl that muted the output, in Hz.
    pub(crate) howl_hz: Option<f32>,
}

impl Master {
    /// The guard of one output, which counts in `probe`.
    pub fn new(spec: MasterSpec, probe: Arc<Probe>) -> Self {
        let MasterSpec { rate, channels, is_real, is_live_loop, is_muted, .. } = spec;
        let ramp = |ms: u32, value| Ramp::new(value, (rate * ms / 1_000) as usize);
        let mut master = Self {
            mute: ramp(MUTE_MS, if is_muted { 0.0 } else { 1.0 }),
            stop: ramp(STOP_MS, 1.0),
            repair: ramp(REPAIR_MS, 1.0),
            gap: ramp(GAP_MS, 1.0),
            is_real,
            is_muted,
            stopping: false,
            limiter: (is_real || spec.is_limited).then(|| Limiter::new(rate)),
            dc: DcDetector::new(channels, rate),
            howl: (is_real || is_live_loop).then(|| HowlDetector::new(channels, rate)),
            is_live_loop,
            found: Findings::default(),
            probe,
        };
        master.begin_gap();
        master
    }

    /// The sound begins anew: fade in.
    pub fn begin_gap(&mut self) {
        if self.is_real {
            self.gap.jump_to(0.0);
            self.gap.head_for(1.0);
        }
    }

    /// Heads for silence or for sound; a howl counts anew.
    pub fn mute(&mut self, on: bool) {
        self.is_muted = on;
        self.mute.head_for(if on { 0.0 } else { 1.0 });
        if let Some(howl) = &mut self.howl {
            howl.reset();
        }
    }

    /// From now on the output can come back through an input: a howl mutes it, where it is real.
    pub fn close_loop(&mut self) {
        self.is_live_loop = true;
    }

    /// Heads for silence for good.
    pub fn stop(&mut self) {
        self.stop.head_for(0.0);
        self.stopping = true;
    }

    /// Whether the fade of [`Master::stop`] has just ended; true once.
    pub(crate) fn has_just_stopped(&mut self) -> bool {
        let stopped = self.stopping && self.stop.at_rest() == Some(0.0);
        self.stopping &= !stopped;
        stopped
    }

    /// What the last block made sure.
    pub(crate) fn found(&self) -> Findings {
        self.found
    }

    /// Writes `bus` to the interleaved `output`, which decides the number of frames. `can_howl`
    /// when the plugin's input can come out of it.
    ///
    /// # Real time
    /// Arithmetic only.
    pub fn render(&mut self, bus: &Planar, output: &mut [f32], can_howl: bool) {
        bus.read_interleaved(output);
        let loudest = loudest_bits(output);
        self.found = Findings::default();
        if loudest >= INFINITY_BITS {
            self.probe.guarded_blocks.add(1);
            output.fill(0.0);
            self.repair.jump_to(0.0);
        } else {
            self.repair.head_for(1.0);
            self.listen(bus, output.len() / bus.channels(), can_howl);
        }
        for ramp in [&mut self.mute, &mut self.stop, &mut self.repair, &mut self.gap] {
            apply(ramp, output, bus.channels());
        }
        if let Some(limiter) = &mut self.limiter {
            // The ramps only make it quieter.
            let is_loud = loudest > CEILING.to_bits() && loudest < INFINITY_BITS;
            let n_held = limiter.hold(output, bus.channels(), is_loud);
            self.probe.limited_samples.add(n_held);
        }
    }

    fn listen(&mut self, bus: &Planar, frames: usize, can_howl: bool) {
        self.found.dc = self.dc.hear(bus, frames);
        if !(can_howl && self.is_live_loop) || self.is_muted {
            return;
        }
        self.found.howl_hz = self.howl.as_mut().and_then(|howl| howl.hear(bus, frames));
        if self.found.howl_hz.is_some() {
            self.mute(true);
        }
    }
}

fn apply(ramp: &mut Ramp, output: &mut [f32], channels: usize) {
    match ramp.at_rest() {
        Some(gain) if gain >= 1.0 => {}
        Some(_) => output.fill(0.0),
        None => {
            for frame in output.chunks_exact_mut(channels) {
                let gain = ramp.advance();
                for x in frame {
                    *x *= gain;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "guard/tests.rs"]
mod tests;
