//! Cutting the block: what happens at which frame of which call.

#![expect(clippy::float_cmp, reason = "what is tested is who wrote a sample, not arithmetic")]

use super::*;
use crate::dsp::build;
use crate::event::{EventKind, Note, Notes};
use crate::layout::Layout;
use crate::{FloatParam, Params, Plugin, param_id};

#[derive(Params)]
struct MarkParams {
    #[param(range = 0.0..=10_000.0, default = 0.0, smoothing = none)]
    mark: FloatParam,
}

/// Writes `mark` into all frames of the left channel, the length of the call into the first
/// frame of the right one, and a denormal number into its others. Sends its events back, and
/// shows the beat at which each call begins.
#[derive(Default)]
struct Mark<const SPLIT: bool>;

impl<const SPLIT: bool> Plugin for Mark<SPLIT> {
    type Params = MarkParams;
    const ID: &'static str = "mark";
    const NAME: &'static str = "Mark";
    const NOTES: Notes = Notes::INPUT_OUTPUT;
    const SPLIT: bool = SPLIT;

    fn process(&mut self, params: &mut MarkParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let (mark, frames) = (params.mark.value(), block.frames());
        let mut channels = block.channels_mut();
        channels.next().unwrap().fill(mark);
        let right = channels.next().unwrap();
        let smallest = std::hint::black_box(f32::MIN_POSITIVE);
        right.fill(smallest * 0.5);
        right[0] = frames as f32;
        for event in ctx.events() {
            assert!(event.frame < frames);
            ctx.send(*event);
        }
        ctx.probe("beats", ctx.transport().beats.unwrap_or(-1.0));
    }
}

const CONFIG: Config = Config { sample_rate: 48_000.0, max_block: 512, layout: Layout::STEREO };

fn activated<const SPLIT: bool>(max_block: usize) -> Processor {
    let mut dsp = build::<Mark<SPLIT>>();
    let values = Arc::new(Values::of(dsp.as_mut()));
    let processor = Processor::activate(dsp, values, Config { max_block, ..CONFIG });
    processor.map_err(|(_, caught)| caught).unwrap()
}

fn call(inputs: &[Input]) -> Call<'static, impl Iterator<Item = Input>> {
    Call { inputs: inputs.iter().copied(), transport: Transport::default(), probes: None }
}

/// Has eight frames processed.
fn run(processor: &mut Processor, inputs: &[Input]) -> ([f32; 8], [f32; 8]) {
    let (mut left, mut right) = ([9.0; 8], [9.0; 8]);
    let mut block = Block::new([&mut left[..], &mut right[..]]);
    processor.process(&mut block, &mut call(inputs)).unwrap();
    (left, right)
}

fn mark(frame: usize, plain: f64) -> Input {
    Input { frame, what: What::Param { id: param_id("mark"), plain } }
}

fn note(frame: usize, key: u8) -> Input {
    let kind = EventKind::NoteOn { note: Note::new(key, 0), velocity: 1.0 };
    Input { frame, what: What::Event(kind) }
}

fn process(max_block: usize, changes: &[(usize, f64)]) -> ([f32; 8], [f32; 8]) {
    let inputs: Vec<_> = changes.iter().map(|&(frame, plain)| mark(frame, plain)).collect();
    run(&mut activated::<true>(max_block), &inputs)
}

/// Frame and key of what the plugin sent.
fn sent(processor: &Processor) -> Vec<(usize, u8)> {
    let sent = processor.said().sent().iter();
    sent.map(|event| match event.kind {
        EventKind::NoteOn { note, .. } => (event.frame, note.key),
        _ => panic!("{event:?}"),
    })
    .collect()
}

#[test]
fn the_block_is_cut_at_changes() {
    let (left, right) = process(512, &[(0, 1.0), (3, 2.0), (3, 3.0), (7, 4.0)]);
    assert_eq!(left, [1.0, 1.0, 1.0, 3.0, 3.0, 3.0, 3.0, 4.0]);
    assert_eq!(right, [3.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn no_block_is_longer_than_promised() {
    let (_, right) = process(3, &[(4, 1.0)]);
    assert_eq!(right, [3.0, 0.0, 0.0, 1.0, 3.0, 0.0, 0.0, 1.0]);
}

#[test]
fn changes_out_of_order_or_beyond_the_end_act_at_the_next_possible_frame() {
    let (left, _) = process(512, &[(4, 1.0), (2, 2.0), (99, 3.0)]);
    assert_eq!(left, [0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0]);
}

#[test]
fn notes_cut_the_block_and_those_of_one_frame_come_together() {
    let mut processor = activated::<true>(512);
    let (_, right) = run(&mut processor, &[note(2, 60), note(2, 61), mark(2, 1.0), note(6, 62)]);
    assert_eq!(right, [2.0, 0.0, 4.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
    assert_eq!(sent(&processor), [(2, 60), (2, 61), (6, 62)]);
}

#[test]
fn late_notes_come_with_the_next_block() {
    let split = (activated::<true>(512), [(5, 60), (5, 61)]);
    let whole = (activated::<false>(3), [(3, 61), (5, 60)]);
    for (mut processor, expected) in [split, whole] {
        run(&mut processor, &[note(5, 60), note(3, 61), note(8, 62), note(99, 63)]);
        assert_eq!(sent(&processor), expected);
        run(&mut processor, &[]);
        assert_eq!(sent(&processor), [(0, 62), (0, 63)]);
        run(&mut processor, &[]);
        assert_eq!(sent(&processor), []);
    }
}

#[test]
fn without_splitting_notes_keep_their_frames_and_calls_their_length() {
    let mut processor = activated::<false>(512);
    let (left, right) = run(&mut processor, &[note(2, 60), mark(4, 1.0), note(6, 62)]);
    assert_eq!((left, right[0]), ([1.0; 8], 8.0));
    assert_eq!(sent(&processor), [(2, 60), (6, 62)]);

    let mut processor = activated::<false>(3);
    let (left, right) = run(&mut processor, &[note(2, 60), mark(4, 1.0), note(7, 62)]);
    assert_eq!(left, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(right, [3.0, 0.0, 0.0, 3.0, 0.0, 0.0, 2.0, 0.0]);
    assert_eq!(sent(&processor), [(2, 60), (7, 62)]);
}

#[test]
fn more_events_at_one_frame_than_there_is_room_for_come_a_frame_later() {
    let split = (activated::<true>(512), [3.0, 0.0, 0.0, 1.0, 4.0, 0.0, 0.0, 0.0]);
    let whole = (activated::<false>(512), [4.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0]);
    for (mut processor, expected) in [split, whole] {
        let notes = vec![note(3, 60); ROOM + 10];
        let (_, right) = run(&mut processor, &notes);
        assert_eq!(right, expected);
        // All have come: as many were sent back as may be, the others were counted.
        assert_eq!(sent(&processor).len(), ROOM);
        assert_eq!(processor.said().n_refused, 10);
        run(&mut processor, &[]);
        assert_eq!(processor.said().n_refused, 0);
    }
}

#[test]
fn ten_thousand_changes_in_one_block_all_count() {
    let inputs: Vec<_> = (1..=10_000_u32).map(|n| mark(n as usize / 2000, f64::from(n))).collect();
    let (left, right) = run(&mut activated::<true>(512), &inputs);
    assert_eq!(left[..5], [1999.0, 3999.0, 5999.0, 7999.0, 9999.0]);
    assert_eq!(left[5..], [10_000.0; 3]);
    assert_eq!(right[..6], [1.0, 1.0, 1.0, 1.0, 1.0, 3.0]);
}

#[derive(Default)]
struct Seen(Vec<(usize, f64)>);

impl ProbeSink for Seen {
    fn scalar(&mut self, _name: &str, offset: usize, value: f64) {
        self.0.push((offset, value));
    }

    fn signal(&mut self, _name: &str, _offset: usize, _samples: &[f32]) {}
}

#[test]
fn the_transport_moves_on_from_cut_to_cut() {
    let mut processor = activated::<true>(512);
    let (mut left, mut right) = ([9.0; 8], [9.0; 8]);
    let mut block = Block::new([&mut left[..], &mut right[..]]);
    // One beat per frame.
    let transport = Transport::playing(48_000.0 * 60.0);
    let jump = Transport { beats: Some(100.0), ..transport };
    let jump = Input { frame: 4, what: What::Transport(jump) };
    let inputs = [mark(2, 1.0), jump, mark(6, 2.0)];
    let mut seen = Seen::default();
    let call = &mut Call { inputs: inputs.into_iter(), transport, probes: Some(&mut seen) };
    processor.process(&mut block, call).unwrap();
    assert_eq!(seen.0, [(0, 0.0), (2, 2.0), (4, 100.0), (6, 102.0)]);
}

#[test]
fn denormals_are_zero_in_process_and_the_thread_keeps_its_own_setting() {
    assert_eq!(process(512, &[]).1[1].to_bits(), 0);
    assert!(std::hint::black_box(f32::MIN_POSITIVE) * 0.5 > 0.0);
}
