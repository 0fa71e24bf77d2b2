//! The master as a whole; its guards are tested where they stand.
#![allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]

use super::*;

const SPEC: MasterSpec = MasterSpec {
    rate: 48_000,
    channels: 1,
    is_real: false,
    is_limited: false,
    is_live_loop: false,
    is_muted: false,
};

fn master(is_real: bool) -> Master {
    Master::new(MasterSpec { is_real, ..SPEC }, Arc::default())
}

fn rendered(master: &mut Master, value: f32, frames: usize) -> Vec<f32> {
    let mut bus = Planar::new(1, frames);
    bus.channel_mut(0).fill(value);
    let mut out = vec![9.0; frames];
    master.render(&bus, &mut out, true);
    out
}

#[test]
fn a_block_with_nan_is_silent_and_the_sound_fades_back() {
    let mut master = Master::new(MasterSpec { channels: 2, ..SPEC }, Arc::default());
    let mut bus = Planar::new(2, 4);
    bus.channel_mut(1)[2] = f32::NAN;
    bus.channel_mut(0)[0] = 0.5;
    let mut out = [9.0; 8];
    master.render(&bus, &mut out, true);
    assert_eq!(out, [0.0; 8]);
    let back = rendered(&mut master, 0.8, 480);
    assert!(back.windows(2).all(|w| w[1] >= w[0] && w[1] - w[0] <= 0.8 / 240.0 + 1e-6));
    assert_eq!(back[479].to_bits(), 0.8_f32.to_bits());
    assert_eq!(master.probe.guarded_blocks.get(), 1);
}

#[test]
fn below_the_ceiling_every_bit_passes_and_above_it_is_held() {
    for (is_real, is_limited) in [(true, false), (false, true)] {
        let mut master = Master::new(MasterSpec { is_real, is_limited, ..SPEC }, Arc::default());
        rendered(&mut master, 0.0, 2_400);
        for value in [0.1, -CEILING, CEILING, f32::MIN_POSITIVE / 2.0] {
            assert!(rendered(&mut master, value, 8).iter().all(|x| x.to_bits() == value.to_bits()));
        }
        assert_eq!(rendered(&mut master, -7.0, 3), [-CEILING; 3]);
        assert_eq!(master.probe.limited_samples.get(), 3);
    }
    assert_eq!(rendered(&mut master(false), -7.0, 3), [-7.0; 3]);
}

/// What is muted is not counted as held: nobody hears it.
#[test]
fn the_limiter_works_on_what_leaves() {
    let mut master =
        Master::new(MasterSpec { is_muted: true, is_real: true, ..SPEC }, Arc::default());
    assert_eq!(rendered(&mut master, 7.0, 100), [0.0; 100]);
    assert_eq!(master.probe.limited_samples.get(), 0);
}

#[test]
fn start_mute_and_stop_are_ramps() {
    let mut master = master(true);
    let start = rendered(&mut master, 0.8, 4_800);
    assert!(start[0] < 0.001 && start[2_400] >= 0.8);
    master.mute(true);
    let muted = rendered(&mut master, 0.8, 480);
    assert!(muted[0] > 0.79 && muted[240..].iter().all(|&x| x == 0.0));
    master.mute(false);
    rendered(&mut master, 0.8, 480);
    master.stop();
    assert!(!master.has_just_stopped());
    let stopped = rendered(&mut master, 0.8, 1_200);
    assert!(stopped.windows(2).all(|w| w[0] - w[1] <= 0.8 / 960.0 + 1e-6));
    assert!(master.has_just_stopped() && !master.has_just_stopped());
}
