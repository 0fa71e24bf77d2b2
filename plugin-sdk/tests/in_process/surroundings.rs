//! Transport in; restart, latency and tail out.

#![expect(clippy::float_cmp, reason = "what is tested is who wrote a sample, not arithmetic")]
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]

use std::sync::atomic::Ordering;

use clack_extensions::latency::PluginLatency;
use clack_extensions::tail::{PluginTail, TailLength};
use clack_host::events::EventFlags;
use clack_host::events::EventHeader;
use clack_host::events::event_types::{TransportEvent, TransportFlags};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};
use retake_sdk::export::Exported;
use retake_sdk::{Block, Config, Context, FloatParam, Params, Plugin, Tail};

use crate::host::{Buffers, activate, create, events};

#[derive(Params)]
pub(crate) struct DelayParams {
    #[param(range = 0.0..=2000.0, default = 0.0, smoothing = none)]
    length: FloatParam,
}

/// Writes the beat of each call into its first frame; its tail follows `length` at once, its
/// latency with the next activation.
#[derive(Default)]
pub(crate) struct Delay {
    length: u32,
    latency_frames: u32,
}

impl Plugin for Delay {
    type Params = DelayParams;
    const ID: &'static str = "org.retake.test-delay";
    const NAME: &'static str = "Test Delay";

    fn activate(&mut self, _config: Config) {
        self.latency_frames = self.length;
    }

    fn process(&mut self, params: &mut DelayParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let length = params.length.value() as u32;
        if length != self.length {
            self.length = length;
            ctx.latency_changed();
            ctx.tail_changed();
        }
        let transport = ctx.transport();
        let left = block.channel_mut(0).unwrap();
        left.fill(0.0);
        left[0] = transport.beats.unwrap_or(-1.0) as f32;
    }

    fn latency_frames(&self) -> u32 {
        self.latency_frames
    }

    fn tail(&self) -> Tail {
        match self.length {
            0 => Tail::None,
            1000.. => Tail::Infinite,
            frames => Tail::Frames(frames),
        }
    }
}

impl Exported for Delay {
    const VERSION: &'static str = "0";
}

fn transport(frame: u32, beats: f64, tempo: f64) -> TransportEvent {
    TransportEvent {
        header: EventHeader::new_core(frame, EventFlags::empty()),
        flags: TransportFlags::IS_PLAYING
            | TransportFlags::HAS_TEMPO
            | TransportFlags::HAS_BEATS_TIMELINE,
        song_pos_beats: BeatTime::from_float(beats),
        song_pos_seconds: SecondsTime::from_int(0),
        tempo,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_int(0),
        loop_end_beats: BeatTime::from_int(0),
        loop_start_seconds: SecondsTime::from_int(0),
        loop_end_seconds: SecondsTime::from_int(0),
        bar_start: BeatTime::from_int(0),
        bar_number: 0,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}

#[test]
fn the_transport_is_that_of_each_cut() {
    let mut instance = create::<Delay>().0.unwrap();
    let mut processor = activate(&mut instance);
    let mut buffers = Buffers::new();
    // One beat in eight frames.
    let tempo = 60.0 * 48_000.0 / 8.0;
    let mut inputs = events(&[(16, "length", 5.0)]);
    inputs.push(&transport(32, 100.0, tempo));
    let none = &mut OutputEvents::void();
    buffers.process_with(&mut processor, &inputs, none, Some(&transport(0, 1.0, tempo)));
    let beats = [0, 16, 32].map(|frame| buffers.output[0][frame]);
    assert_eq!(beats, [1.0, 3.0, 100.0]);
    // A tempo that is none moves nothing; no transport is none.
    buffers.process_with(&mut processor, &inputs, none, Some(&transport(0, 1.0, f64::NAN)));
    assert_eq!([0, 16].map(|frame| buffers.output[0][frame]), [1.0, 1.0]);
    buffers.process(&mut processor, &EventBuffer::new());
    assert_eq!(buffers.output[0][0], -1.0);
}

#[test]
fn a_changed_latency_asks_for_a_restart_and_holds_after_it() {
    let (instance, heard) = create::<Delay>();
    let mut instance = instance.unwrap();
    let mut processor = activate(&mut instance);
    let latency: PluginLatency = instance.plugin_shared_handle().get_extension().unwrap();
    Buffers::new().process(&mut processor, &events(&[(3, "length", 100.0)]));
    assert_eq!(heard.restarts.load(Ordering::Relaxed), 1);
    assert_eq!(latency.get(&instance.plugin_handle()), 0);
    instance.deactivate(processor.stop_processing());
    activate(&mut instance);
    assert_eq!(latency.get(&instance.plugin_handle()), 100);
    assert_eq!(heard.latency_changes.load(Ordering::Relaxed), 1);
}

#[test]
fn a_changed_tail_is_told_once_and_read_anew() {
    let (instance, heard) = create::<Delay>();
    let mut instance = instance.unwrap();
    let mut processor = activate(&mut instance);
    let tail: PluginTail = instance.plugin_shared_handle().get_extension().unwrap();
    assert_eq!(tail.get(&processor.plugin_handle()), TailLength::Finite(0));
    let mut buffers = Buffers::new();
    for (length, expected) in [(100.0, TailLength::Finite(100)), (1000.0, TailLength::Infinite)] {
        buffers.process(&mut processor, &events(&[(3, "length", length)]));
        buffers.process(&mut processor, &EventBuffer::new());
        assert_eq!(tail.get(&processor.plugin_handle()), expected);
    }
    // What is as long as before is no change.
    buffers.process(&mut processor, &events(&[(3, "length", 1500.0)]));
    assert_eq!(heard.tail_changes.load(Ordering::Relaxed), 2);
}
