//! The engine as its drivers and control see it: latency, stop, guard, commands, meters, taps.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]
#![allow(clippy::float_cmp, reason = "bits that pass unchanged")]

#[path = "support/rig.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
mod rig;

use std::any::Any;

use retake_engine::{
    CommandKind, Engine, Event, Fade, Generation, Layout, Outcome, PluginEvent, ProcessIo,
    Processor, command::COMMAND_CAPACITY, guard::CEILING, processor::Identity, tap::TapReader,
};
use rig::{
    Gain, Late, MAX_BLOCK, RATE, Rig, STEREO, generation, param_of, set, setup, sine, witness,
};

/// Bypass is late by the plugin's latency, so a plugin that only delays cannot be told from it.
#[test]
fn bypass_is_late_by_the_latency_and_the_null_test_is_silence() {
    let input = sine(5_000);
    for block in [1, 100, 1_024, 3_000] {
        let mut wet = Rig::new(generation(1, Late::by(100)), |_| {});
        let mut dry = Rig::new(generation(1, Late::by(100)), |setup| setup.bypass = true);
        let wet = wet.play(&input, block);
        assert_eq!(wet, dry.play(&input, block));
        assert_eq!(wet[..200], [0.0; 200]);
        assert_eq!(wet[200..], input[..input.len() - 200]);
    }
}

#[test]
fn bypass_moves_in_a_straight_line() {
    let mut rig = Rig::new(generation(1, Gain(0.0)), |_| {});
    let input = [1.0, -1.0].repeat(1_000);
    let at = rig.frame() + 100;
    rig.control.commands.send(at, CommandKind::Bypass(true)).unwrap();
    let left: Vec<f32> = rig.play(&input, 64).iter().step_by(2).copied().collect();
    assert_eq!(left[99], 0.0);
    assert!((left[100] - 1.0 / 240.0).abs() < 1e-6);
    assert!(left[100..340].windows(2).all(|w| (w[1] - w[0] - 1.0 / 240.0).abs() < 1e-4));
    assert!(left[340..].iter().all(|&x| x == 1.0));
}

#[test]
fn a_latency_beyond_the_dry_delay_does_not_panic() {
    let mut rig = Rig::new(generation(1, Late::by(3 * RATE as usize)), |setup| {
        setup.bypass = true;
    });
    let input = sine(60_000);
    let output = rig.play(&input, 1_000);
    assert_eq!(output[2 * 48_000..], input[..2 * 12_000]);
}

#[test]
fn stop_fades_out_over_20_ms_at_its_frame_and_says_so_once() {
    let mut rig = Rig::new(generation(1, Gain(1.0)), |_| {});
    let start = rig.frame();
    rig.control.commands.send(start + 500, CommandKind::Stop).unwrap();
    let output = rig.play(&vec![1.0; 2 * 4_000], 64);
    let left: Vec<f32> = output.iter().step_by(2).copied().collect();
    assert!(left[..500].iter().all(|&x| x == 1.0));
    for (k, x) in left[500..1_460].iter().enumerate() {
        assert!((x - (1.0 - (k + 1) as f32 / 960.0)).abs() < 1e-4, "frame {k}: {x}");
    }
    assert!(left[1_461..].iter().all(|&x| x == 0.0));
    let stopped: Vec<u64> = rig
        .events()
        .iter()
        .filter_map(|e| match e {
            Event::Stopped { frame } => Some(frame - start),
            _ => None,
        })
        .collect();
    assert_eq!(stopped.len(), 1);
    assert!((1_460..1_600).contains(&stopped[0]), "{stopped:?}");
}

/// Stop passes a full ring and a schedule full of changes for tomorrow.
#[test]
fn busy_at_the_limit_and_stop_passes_all_the_same() {
    let mut rig = Rig::new(generation(1, Gain(1.0)), |_| {});
    let change = || set(1, 0.5);
    for _ in 0..2 {
        for _ in 0..COMMAND_CAPACITY {
            rig.control.commands.send(u64::MAX / 2, change()).unwrap();
        }
        rig.play(&[0.1; 2], 1);
    }
    assert!(rig.control.commands.send(0, change()).is_err());
    rig.control.commands.send(0, CommandKind::Stop).unwrap();
    assert_eq!(rig.play(&[1.0; 4_000], 64)[3_999], 0.0);
    assert_eq!(rig.engine.into_parts().commands.len(), 2 * COMMAND_CAPACITY);
}

#[test]
fn a_ring_full_of_changes_is_carried_in_order_by_one_block() {
    let (plugin, mut saw) = witness(0.0);
    let mut rig = Rig::new(generation(1, plugin), |_| {});
    let n = u32::try_from(COMMAND_CAPACITY).unwrap();
    for id in 0..n {
        let change = set(id, 1.0);
        rig.control.commands.send(0, change).unwrap();
    }
    rig.play(&[0.0; 2], 1);
    let ids = std::iter::from_fn(|| saw.pop().ok()).map(|(_, e)| param_of(&e).0);
    assert!(ids.eq(0..n));
}

/// Plays what it is told: parameter 2 at 1 = NaN, at 2 = +∞, at 3 = far too loud.
#[derive(Debug)]
struct Poison(f64);

impl Processor for Poison {
    fn layout(&self) -> Layout {
        Identity { channels: 2 }.layout()
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        Identity { channels: 2 }.process(io);
        self.0 = io.events.last().map_or(self.0, |e| param_of(e).1);
        io.output.channel_mut(1)[io.frames - 1] *= match self.0 {
            1.0 => f32::NAN,
            2.0 => f32::INFINITY,
            3.0 => 1e9,
            _ => 1.0,
        };
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

#[test]
fn what_is_not_finite_is_silenced_counted_named_and_fades_back() {
    for value in [1.0, 2.0] {
        let mut rig = Rig::new(generation(1, Poison(0.0)), |setup| setup.is_real_output = true);
        rig.play(&vec![0.5; 2 * 2_400], 64);
        let set = |value| set(2, value);
        rig.control.commands.send(0, set(value)).unwrap();
        assert_eq!(rig.play(&[0.5; 256], 64), [0.0; 256]);
        rig.control.commands.send(0, set(0.0)).unwrap();
        let back = rig.play(&[0.5; 2 * 480], 64);
        let left: Vec<f32> = back.iter().step_by(2).copied().collect();
        assert!(left[0] < 0.01 && left[240..].iter().all(|&x| x == 0.5));
        assert!(left.windows(2).all(|w| (w[1] - w[0]).abs() <= 0.5 / 240.0 + 1e-6));
        let probe = &rig.control.probe;
        assert_eq!((probe.non_finite.get(), probe.guarded_blocks.get()), (2, 2));
        let named = |e: &&Event| matches!(e, Event::NonFinite { generation: 1, .. });
        assert_eq!(rig.events().iter().filter(named).count(), 1);
    }
}

#[test]
fn loud_samples_are_held_for_ears_only() {
    for (is_real_output, expected) in [(true, CEILING), (false, 0.5 * 1e9)] {
        let mut rig = Rig::new(generation(1, Poison(3.0)), |setup| {
            setup.is_real_output = is_real_output;
        });
        rig.play(&vec![0.5; 2 * 2_400], 64);
        assert_eq!(rig.play(&[0.5; 4], 2)[3], expected);
    }
}

/// A plugin that turns NaN into sound again does so through the guard, during a fade as well.
#[test]
fn a_nan_in_the_fade_is_silence_and_the_new_one_sounds() {
    let (broken, _saw) = witness(f32::NAN);
    let mut rig = Rig::new(generation(1, broken), |_| {});
    let swap = CommandKind::Swap(generation(2, Gain(1.0)), Fade::Cross { frames: 960 });
    rig.control.commands.send(0, swap).unwrap();
    let output = rig.play(&[0.5; 2 * 2_000], 64);
    assert!(output.iter().all(|x| x.is_finite()));
    assert_eq!(output[2 * 1_300..], [0.5; 2 * 700]);
}

#[test]
fn a_failing_plugin_is_bypassed_and_a_condemned_one_too() {
    for condemn in [false, true] {
        let (mut plugin, _saw) = witness(0.9);
        plugin.outcome = if condemn { Outcome::Ok } else { Outcome::Error };
        let mut rig = Rig::new(generation(1, plugin), |_| {});
        if condemn {
            assert_eq!(rig.play(&[0.5; 2], 1), [0.9; 2]);
            let other = CommandKind::Condemn { generation: 2 };
            rig.control.commands.send(0, other).unwrap();
            assert_eq!(rig.play(&[0.5; 2], 1), [0.9; 2]);
            let this = CommandKind::Condemn { generation: 1 };
            rig.control.commands.send(0, this).unwrap();
        }
        assert_eq!(rig.play(&[0.5; 1_000], 64)[500..], [0.5; 500]);
        let failed = |e: &&Event| matches!(e, Event::ProcessError { .. });
        let n = rig.events().iter().filter(failed).count();
        assert_eq!(n, usize::from(!condemn));
    }
}

#[test]
fn a_thousand_clicks_of_one_sample_are_a_thousand_clips() {
    let mut rig = Rig::new(generation(1, Identity { channels: 2 }), |_| {});
    let mut meters = rig.control.meters.open();
    let mut input = vec![0.0; 2 * 256 * 1_000];
    for n in 0..1_000 {
        input[2 * (n * 256 + n % 256)] = 1.5;
    }
    let (mut clips, mut frames) = (0, 0);
    for part in input.chunks(2 * 10_007) {
        rig.play(part, 111);
        let reading = meters.merge();
        assert!(reading.output[0].peak == 1.5 && reading.output[1].peak == 0.0);
        assert_eq!(reading.input, reading.output);
        clips += reading.output[0].clips;
        frames += reading.frames;
    }
    assert_eq!((clips, frames), (1_000, 256_000));
}

#[test]
fn meters_read_the_level_to_a_hundredth_of_a_db() {
    let mut rig = Rig::new(generation(1, Gain(0.5)), |_| {});
    let mut meters = rig.control.meters.open();
    rig.play(&sine(256 * 100), 333);
    let reading = meters.merge();
    let rms = |sum: f32| (f64::from(sum) / reading.frames as f64).sqrt();
    let input_db = 20.0 * (rms(reading.input[0].sum_of_squares) * 2.0_f64.sqrt()).log10();
    let output_db = 20.0 * (rms(reading.output[0].sum_of_squares) * 2.0_f64.sqrt()).log10();
    assert!(input_db.abs() < 0.01, "{input_db}");
    assert!((output_db + 6.0206).abs() < 0.01, "{output_db}");
}

/// A reader of the tap that looks every so many turns.
struct Listener {
    reader: TapReader,
    every: usize,
    accounted: u64,
    lost: u64,
}

impl Listener {
    fn listen(&mut self) {
        let mut buffer = vec![0.0; 2 * 110_000];
        let got = self.reader.read(&mut buffer);
        (self.accounted, self.lost) = (self.accounted + got.lost, self.lost + got.lost);
        for frame in buffer[..2 * got.records].chunks_exact(2) {
            let n = self.accounted as f32;
            assert_eq!(frame, [n, -n]);
            self.accounted += 1;
        }
    }
}

/// Taps hold the plugin's output before mute: every reader gets it all or is told what it lost.
#[test]
fn received_and_lost_is_written_for_any_number_of_readers() {
    let input: Vec<f32> = (0..200_000_u32).flat_map(|n| [n as f32, -(n as f32)]).collect();
    for n_readers in [0, 1, 4, 16] {
        let mut rig = Rig::new(generation(1, Gain(1.0)), |setup| setup.muted = true);
        let listener = |n: usize| Listener {
            reader: rig.control.tap.open(),
            every: 3 * n + 1,
            accounted: 0,
            lost: 0,
        };
        let mut listeners: Vec<_> = (0..n_readers).map(listener).collect();
        for (turn, part) in input.chunks(2 * 5_000).enumerate() {
            rig.play(part, 512);
            let due = listeners.iter_mut().filter(|l| turn % l.every == 0);
            due.for_each(Listener::listen);
        }
        listeners.iter_mut().for_each(Listener::listen);
        assert!(listeners.iter().all(|l| l.accounted == 200_000));
        // Those who look within the two seconds lose nothing; the others do.
        assert!(listeners.iter().all(|l| (l.lost > 0) == (l.every > 19)));
    }
}

#[test]
fn the_recorder_gets_the_plugins_output_or_a_count() {
    let (record, mut recorded) = retake_engine::frame_ring(2, 1_000);
    let mut rig = Rig::new(generation(1, Gain(0.5)), |setup| {
        (setup.record, setup.muted) = (Some(record), true);
    });
    let input = sine(1_500);
    rig.play(&input, 64);
    let mut got = vec![0.0; 2_000];
    assert_eq!(recorded.pop(&mut got), 1_000);
    let expected: Vec<f32> = input.iter().map(|x| x * 0.5).collect();
    assert_eq!(got[2..], expected[..1_998]);
    assert_eq!(rig.control.probe.record_lost_frames.get(), 501);
}

/// Any plugin width on any device: what has no partner is left out or silent; no input is silence.
#[test]
fn widths_meet_as_the_house_says() {
    let identity = |channels| Identity { channels };
    for (n_plugin, expected) in [(1, [1.0, 1.0]), (2, [1.0, 2.0]), (6, [1.0, 2.0]), (0, [1.0, 2.0])]
    {
        let mut rig = Rig::new(generation(1, identity(n_plugin)), |_| {});
        assert_eq!(rig.play(&[1.0, 2.0], 1), expected);
    }
    let first = Generation::new(1, Box::new(Gain(1.0)), STEREO);
    let (mut engine, _control) = Engine::new(setup(STEREO, None, Box::new(first)));
    let mut output = vec![9.0; 2 * (MAX_BLOCK + 1)];
    engine.render(&mut output, 0);
    assert!(output.iter().all(|&x| x == 0.0));
}

/// Tells more than there is room for.
#[derive(Debug)]
struct Chatter;

impl Processor for Chatter {
    fn layout(&self) -> Layout {
        Layout::default()
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        for param_id in 0..300 {
            let (offset, value) = (0, 1.0);
            io.replies.push(PluginEvent::param(offset, param_id, value));
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

#[test]
fn replies_beyond_their_room_are_counted() {
    let mut rig = Rig::new(generation(1, Chatter), |_| {});
    let told = rig.events().len() as u64;
    assert_eq!(told - 1 + rig.control.probe.events_lost.get(), 300);
}
