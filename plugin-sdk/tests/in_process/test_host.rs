//! The host for the author's own tests.

#![expect(clippy::float_cmp, reason = "what is tested is who wrote a sample, not arithmetic")]

use retake_sdk::{EventKind, Layout, Note, Probed, Tail, TestHost, Transport};

use crate::notes::Echo;
use crate::plugins::Gain;
use crate::ports::Adder;
use crate::probes::Shower;
use crate::surroundings::Delay;

fn host<P: retake_sdk::Plugin>() -> TestHost<P> {
    TestHost::new(48_000.0, 512)
}

#[test]
fn notes_go_in_and_come_out() {
    let mut host = host::<Echo<true, true>>();
    let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
    host.note_off_at(40, 60).note_on_at(20, 60, 0.5).midi([0xb0, 1, 2]);
    host.process(&mut [&mut left, &mut right]);
    let note = Note::new(72, 0);
    let expected = [
        EventKind::Midi([0xb0, 1, 2]).at(0),
        EventKind::NoteOn { note, velocity: 0.5 }.at(20),
        EventKind::NoteEnd { note }.at(20),
        EventKind::NoteOff { target: Note::new(60, 0).into(), velocity: 0.0 }.at(40),
    ];
    assert_eq!(host.sent(), expected);
    host.note_on(60, 1.0).note_off(60).process(&mut [&mut left, &mut right]);
    assert_eq!(host.sent().len(), 3);
    host.process(&mut [&mut left, &mut right]);
    assert_eq!(host.sent(), [], "each event comes once");
}

#[test]
#[should_panic(expected = "the plugin takes no notes")]
fn a_note_for_a_plugin_without_notes_is_a_mistake() {
    host::<Gain>().note_on(60, 1.0);
}

#[test]
fn layouts_and_side_inputs_are_as_in_a_host() {
    let mut host = host::<Adder>();
    let (mut left, mut right) = ([2.0; 64], [4.0; 64]);
    let (side, loud) = ([8.0; 64], [f32::INFINITY; 64]);
    host.process_with_sidechain(&mut [&mut left, &mut right], &[&side, &loud]);
    assert_eq!((left, right), ([11.0; 64], [14.0; 64]));
    host.process(&mut [&mut left, &mut right]);
    assert_eq!((left, right), ([12.0; 64], [16.0; 64]));

    host.with_layout(Layout::MONO).process(&mut [&mut left]);
    assert_eq!(left, [13.0; 64]);
    let instrument = Layout::INSTRUMENT.with_sidechain(1);
    host.with_layout(instrument).process(&mut [&mut left, &mut right]);
    assert_eq!((left, right), ([1.0; 64], [2.0; 64]));
    host.with_layout(Layout::ANALYZER).process(&mut [&mut left, &mut right]);
    let heard: Vec<_> = host.probes().iter().map(|probed| probed.values[0]).collect();
    assert_eq!(heard, [1.0, 2.0]);
}

#[test]
#[should_panic(expected = "1 channels are given, the layout stereo + stereo sidechain has 2")]
fn too_few_channels_are_a_mistake() {
    host::<Adder>().process(&mut [&mut [0.0; 64]]);
}

#[test]
#[should_panic(expected = "no layout 7 channels")]
fn a_layout_that_is_not_there_is_a_mistake() {
    host::<Adder>().with_layout(Layout::new(7, 7));
}

#[test]
fn probes_and_meters_are_seen() {
    let mut host = host::<Shower>();
    assert!(host.meters().is_empty());
    host.set_at(1, "env", 2.0).process(&mut [&mut [1.0, 2.0, 3.0], &mut [0.0; 3]]);
    let of = |name: &str| {
        let named = host.probes().iter().filter(|probed| probed.name == name);
        named.cloned().collect::<Vec<Probed>>()
    };
    let probed = |name: &str, frame, values: &[f64]| Probed {
        name: name.to_owned(),
        frame,
        values: values.to_vec(),
    };
    assert_eq!(of("env"), [probed("env", 0, &[1.0]), probed("env", 1, &[2.0])]);
    assert_eq!(of("input"), [probed("input", 0, &[1.0]), probed("input", 1, &[2.0, 3.0])]);
    assert_eq!(host.meters()["reduction"], 20.0);
}

#[test]
fn the_transport_runs_from_block_to_block() {
    let mut host = host::<Delay>();
    let (mut left, mut right) = ([0.0; 48], [0.0; 48]);
    // A beat per block.
    host.transport(Transport::playing(60_000.0));
    for beat in 0..3_u8 {
        host.process(&mut [&mut left, &mut right]);
        assert_eq!(left[0], f32::from(beat));
    }
}

#[test]
fn restarts_and_tails_are_told() {
    let mut host = host::<Delay>();
    host.set("length", 10.0).process(&mut [&mut [0.0; 4], &mut [0.0; 4]]);
    assert!(host.wants_restart() && host.has_new_tail());
    assert_eq!((host.latency_frames(), host.tail()), (0, Tail::Frames(10)));
    host.restart();
    assert!(!host.wants_restart());
    assert_eq!(host.latency_frames(), 10);
}

#[test]
fn a_plugin_that_touches_no_heap_passes() {
    let mut host = host::<Shower>();
    host.assert_no_alloc();
    for _ in 0..10 {
        host.set("env", 2.0).process(&mut [&mut [0.0; 64], &mut [0.0; 64]]);
    }
    assert!(!host.probes().is_empty());
}

/// Allocates in `process`.
#[derive(Default)]
struct Leaky;

impl retake_sdk::Plugin for Leaky {
    type Params = ();
    const ID: &'static str = "org.retake.test-leaky";
    const NAME: &'static str = "Test Leaky";

    fn process(
        &mut self,
        _params: &mut (),
        block: &mut retake_sdk::Block<'_>,
        _ctx: &mut retake_sdk::Context<'_>,
    ) {
        std::hint::black_box(vec![0.0_f32; block.frames()]);
    }
}

#[test]
#[should_panic(expected = "the plugin has touched the heap 2 times in one block of 64 frames")]
fn a_plugin_that_touches_the_heap_fails() {
    host::<Leaky>().assert_no_alloc().process(&mut [&mut [0.0; 64], &mut [0.0; 64]]);
}
