//! Plugin Name: a synthesizer with one voice. Run `retake` here, change it, save, and hear it.

use retake_sdk::{Block, Config, Context, EventKind, FloatParam, Layout, Note, Notes};
use retake_sdk::{Params, Plugin, export_plugin};

#[derive(Params)]
struct SynthParams {
    #[param(name = "Release", unit = "ms", range = 5.0..=1000.0, default = 200.0, taper = log)]
    release: FloatParam,
}

#[derive(Default)]
struct Synth {
    sample_rate: f32,
    held: Option<Note>, // the last key wins
    hz: f32,
    phase: f32, // 0 to 1
    gain: f32,
}

impl Plugin for Synth {
    type Params = SynthParams;
    const ID: &'static str = "org.example.plugin-name"; // yours for ever: hosts know it by this
    const NAME: &'static str = "Plugin Name";
    const LAYOUTS: &'static [Layout] = &[Layout::INSTRUMENT];
    const NOTES: Notes = Notes::INPUT;

    fn activate(&mut self, config: Config) {
        *self = Self { sample_rate: config.sample_rate as f32, ..Self::default() };
    }

    fn process(&mut self, params: &mut SynthParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        for event in ctx.events() {
            match event.kind {
                EventKind::NoteOn { note, .. } => (self.held, self.hz) = (Some(note), note.hz()),
                EventKind::NoteOff { target, .. } => _ = self.held.take_if(|n| target.matches(n)),
                _ => {}
            }
        }
        block.each_frame(|frame| {
            let release_ms = params.release.next();
            let (aim, ms) = self.held.map_or((0.0, release_ms), |_| (0.5, 3.0));
            self.gain += (aim - self.gain) / (ms / 1000.0 * self.sample_rate);
            self.phase = (self.phase + self.hz / self.sample_rate).fract();
            let sample = self.gain * (self.phase * std::f32::consts::TAU).sin();
            frame.for_each(|out| *out = sample);
        });
    }
}

export_plugin!(Synth);

#[test]
fn a_key_sounds_at_its_pitch() {
    let (mut left, mut right) = (vec![0.0; 48_000], vec![0.0; 48_000]);
    let mut host = retake_sdk::TestHost::<Synth>::new(48_000.0, 512);
    host.note_on(69, 1.0).note_off_at(24_000, 69).process(&mut [&mut left, &mut right]);
    assert_eq!(left[..24_000].windows(2).filter(|s| s[0] >= 0.0 && s[1] < 0.0).count(), 220);
    assert!(left[47_000..].iter().all(|sample| sample.abs() < 0.05));
}
