//! The master: what stands between the plugin's output and the device.
//!
//! Mute and stop are ramps. The output guard is always on: a block with a sample that is not
//! finite is silenced and the sound fades back over 5 ms. In front of real ears, samples are held
//! within ±1.0 (inside that range every bit passes unchanged) and the sound fades in over 50 ms at
//! the start and after each gap; virtual outputs, whose frames are compared bit by bit, get neither.

use std::sync::Arc;

use crate::{
    planar::{FULL_SCALE_BITS, INFINITY_BITS, Planar, loudest_bits},
    probe::Probe,
    ramp::Ramp,
};

const MUTE_MS: u32 = 5;
const STOP_MS: u32 = 20;
const REPAIR_MS: u32 = 5;
const GAP_MS: u32 = 50;

/// Mute, stop and guard of one output.
#[derive(Debug)]
pub struct Master {
    mute: Ramp,
    stop: Ramp,
    repair: Ramp,
    gap: Ramp,
    is_real: bool,
    stopping: bool,
    probe: Arc<Probe>,
}

impl Master {
    /// For an engine of `rate` Hz; `is_real` when someone hears the device (fade-in after gaps,
    /// samples held within ±1.0); begins muted if `muted`.
    pub fn new(rate: u32, is_real: bool, muted: bool, probe: Arc<Probe>) -> Self {
        let ramp = |ms: u32, value| Ramp::new(value, (rate * ms / 1_000) as usize);
        let mut master = Self {
            mute: ramp(MUTE_MS, if muted { 0.0 } else { 1.0 }),
            stop: ramp(STOP_MS, 1.0),
            repair: ramp(REPAIR_MS, 1.0),
            gap: ramp(GAP_MS, 1.0),
            is_real,
            stopping: false,
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

    /// Heads for silence or for sound.
    pub fn mute(&mut self, on: bool) {
        self.mute.head_for(if on { 0.0 } else { 1.0 });
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

    /// Writes `bus` to the interleaved `output`, which decides the number of frames.
    ///
    /// # Real time
    /// Arithmetic only.
    pub fn render(&mut self, bus: &Planar, output: &mut [f32]) {
        bus.read_interleaved(output);
        let loudest = loudest_bits(output);
        if loudest >= INFINITY_BITS {
            self.probe.guarded_blocks.add(1);
            output.fill(0.0);
            self.repair.jump_to(0.0);
        } else {
            self.repair.head_for(1.0);
        }
        for ramp in [&mut self.mute, &mut self.stop, &mut self.repair, &mut self.gap] {
            apply(ramp, output, bus.channels());
        }
        // The ramps only make it quieter.
        if self.is_real && loudest > FULL_SCALE_BITS {
            self.hold_within_full_scale(output);
        }
    }

    fn hold_within_full_scale(&self, output: &mut [f32]) {
        let over = output.iter().filter(|x| x.abs() > 1.0).count();
        self.probe.limited_samples.add(over as u64);
        for x in output {
            *x = x.clamp(-1.0, 1.0);
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
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    fn rendered(master: &mut Master, value: f32, frames: usize) -> Vec<f32> {
        let mut bus = Planar::new(1, frames);
        bus.channel_mut(0).fill(value);
        let mut out = vec![9.0; frames];
        master.render(&bus, &mut out);
        out
    }

    #[test]
    fn a_block_with_nan_is_silent_and_the_sound_fades_back() {
        let mut master = Master::new(48_000, false, false, Arc::default());
        let mut bus = Planar::new(2, 4);
        bus.channel_mut(1)[2] = f32::NAN;
        bus.channel_mut(0)[0] = 0.5;
        let mut out = [9.0; 8];
        master.render(&bus, &mut out);
        assert_eq!(out, [0.0; 8]);
        let back = rendered(&mut master, 0.8, 480);
        assert!(back.windows(2).all(|w| w[1] >= w[0] && w[1] - w[0] <= 0.8 / 240.0 + 1e-6));
        assert_eq!(back[479].to_bits(), 0.8_f32.to_bits());
        assert_eq!(master.probe.guarded_blocks.get(), 1);
    }

    #[test]
    fn inside_full_scale_every_bit_passes_and_outside_it_is_held() {
        let mut master = Master::new(48_000, true, false, Arc::default());
        rendered(&mut master, 0.0, 2_400);
        for value in [0.1, -1.0, 1.0, f32::MIN_POSITIVE / 2.0] {
            assert!(rendered(&mut master, value, 8).iter().all(|x| x.to_bits() == value.to_bits()));
        }
        assert_eq!(rendered(&mut master, -7.0, 3), [-1.0; 3]);
        assert_eq!(master.probe.limited_samples.get(), 3);
        let mut bare = Master::new(48_000, false, false, Arc::default());
        assert_eq!(rendered(&mut bare, -7.0, 3), [-7.0; 3]);
    }

    #[test]
    fn start_mute_and_stop_are_ramps() {
        let mut master = Master::new(48_000, true, false, Arc::default());
        let start = rendered(&mut master, 1.0, 4_800);
        assert!(start[0] < 0.001 && start[2_400] >= 1.0);
        master.mute(true);
        let muted = rendered(&mut master, 1.0, 480);
        assert!(muted[0] > 0.99 && muted[240..].iter().all(|&x| x == 0.0));
        master.mute(false);
        rendered(&mut master, 1.0, 480);
        master.stop();
        assert!(!master.has_just_stopped());
        let stopped = rendered(&mut master, 1.0, 1_200);
        assert!(stopped.windows(2).all(|w| w[0] - w[1] <= 1.0 / 960.0 + 1e-6));
        assert!(master.has_just_stopped() && !master.has_just_stopped());
    }
}
