//! A plugin made with the SDK that takes offence at one kind of signal, as its mood says.
#![forbid(unsafe_code)]

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use retake_sdk::{Block, Context, EventKind, IntParam, Notes, Params, Plugin, export_plugin};

#[derive(Params)]
struct MoodyParams {
    #[param(name = "Mood", range = 0..=9, default = 0)]
    mood: IntParam,
}

#[derive(Default)]
struct Moody;

impl Plugin for Moody {
    type Params = MoodyParams;
    const ID: &'static str = "test.moody";
    const NAME: &'static str = "Moody";
    const NOTES: Notes = Notes::INPUT;

    fn process(&mut self, params: &mut MoodyParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        let heard = block.channel_mut(0).map_or(Heard::Silence, |row| Heard::of(row));
        match params.mood.value() {
            1 => assert_ne!(heard, Heard::FullScale, "too loud"),
            2 => amplify(block, 31.6),
            3 if heard == Heard::Silence => amplify(block, f32::NAN),
            4 if heard == Heard::Denormals => wait_for_three_blocks(block.frames()),
            5 if heard == Heard::FullScale => sleep(Duration::from_secs(4)),
            6 => assert!(!ctx.events().iter().any(is_note_on), "no music"),
            _ => {}
        }
    }
}

#[derive(Debug, PartialEq)]
enum Heard {
    Silence,
    Denormals,
    Sound,
    FullScale,
}

impl Heard {
    /// By the bits: a denormal compares as zero here.
    fn of(row: &[f32]) -> Self {
        let loudest = row.iter().map(|x| x.abs().to_bits()).max().unwrap_or(0);
        let is_full = row.iter().all(|x| x.abs() > 0.9);
        match loudest {
            0 => Self::Silence,
            _ if loudest < f32::MIN_POSITIVE.to_bits() => Self::Denormals,
            _ if is_full => Self::FullScale,
            _ => Self::Sound,
        }
    }
}

fn amplify(block: &mut Block<'_>, gain: f32) {
    block.each_frame(|frame| frame.for_each(|sample| *sample *= gain));
}

fn is_note_on(event: &retake_sdk::Event) -> bool {
    matches!(event.kind, EventKind::NoteOn { .. })
}

fn wait_for_three_blocks(frames: usize) {
    let until = Instant::now() + Duration::from_secs_f64(3.0 * frames as f64 / 48_000.0);
    while Instant::now() < until {}
}

export_plugin!(Moody);
