//! A polyphonic synthesizer: eight saws with an envelope. A held key sounds on through a reload.

#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "sound is f32")]

use retake_sdk::{
    Block, Config, Context, EventKind, FloatParam, Layout, Note, Notes, Params, Plugin, db_to_gain,
    export_plugin,
};

#[derive(Params)]
struct SynthParams {
    #[param(name = "Attack", unit = "ms", range = 1.0..=2000.0, default = 5.0, taper = log)]
    attack: FloatParam,
    #[param(name = "Release", unit = "ms", range = 1.0..=5000.0, default = 300.0, taper = log)]
    release: FloatParam,
    #[param(name = "Level", unit = "dB", range = -60.0..=0.0, default = -12.0)]
    level: FloatParam,
}

/// A voice that sounds.
struct Voice {
    note: Note,
    velocity: f32,
    phase: f32,
    envelope: f32,
    is_held: bool,
}

#[derive(Default)]
struct Synth {
    sample_rate: f32,
    voices: [Option<Voice>; 8],
    /// Of the pitch wheel, as a ratio of frequencies.
    bend: f32,
}

impl Voice {
    /// One frame of a saw of `step` periods per frame; the envelope goes a share of its way.
    ///
    /// The saw's edge is rounded off (`PolyBLEP`; Välimäki and Huovilainen, 2007).
    fn next(&mut self, step: f32, attack: f32, release: f32) -> f32 {
        let edge = match self.phase {
            phase if phase < step => -(1.0 - phase / step).powi(2),
            phase if phase > 1.0 - step => (1.0 - (1.0 - phase) / step).powi(2),
            _ => 0.0,
        };
        let saw = 2.0 * self.phase - 1.0 - edge;
        self.phase = (self.phase + step).fract();
        let (share, target) = if self.is_held { (attack, 1.0) } else { (release, 0.0) };
        self.envelope += share * (target - self.envelope);
        saw * self.envelope * self.velocity
    }
}

impl Synth {
    fn hear(&mut self, event: EventKind) {
        match event {
            EventKind::NoteOn { note, velocity } => {
                let voice = Voice { note, velocity, phase: 0.0, envelope: 0.0, is_held: true };
                // A free voice, or the softest.
                let loudness = |v: &Option<Voice>| v.as_ref().map_or(-1.0, |v| v.envelope);
                let voices = self.voices.iter_mut();
                let softest = voices.min_by(|a, b| loudness(a).total_cmp(&loudness(b)));
                softest.map(|place| place.replace(voice));
            }
            EventKind::NoteOff { target, .. } => {
                let voices = self.voices.iter_mut().flatten();
                voices.filter(|v| target.matches(&v.note)).for_each(|v| v.is_held = false);
            }
            EventKind::Midi([0xe0..=0xef, low, high]) => {
                let wheel = f32::from(i16::from(high) * 128 + i16::from(low) - 8192) / 8192.0;
                self.bend = (2.0 * wheel / 12.0).exp2();
            }
            _ => {}
        }
    }
}

impl Plugin for Synth {
    type Params = SynthParams;
    const ID: &'static str = "org.retake.example-synth";
    const NAME: &'static str = "Example Synth";
    const LAYOUTS: &'static [Layout] = &[Layout::INSTRUMENT];
    const NOTES: Notes = Notes::INPUT;
    const FEATURES: &'static [&'static str] = &["synthesizer"];

    fn activate(&mut self, config: Config) {
        self.sample_rate = config.sample_rate as f32;
        self.reset();
    }

    fn process(&mut self, params: &mut SynthParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        ctx.events().iter().for_each(|event| self.hear(event.kind));
        let share = |ms: f32| 1.0 - (-3e3 / (ms * self.sample_rate)).exp();
        let (attack, release) = (share(params.attack.value()), share(params.release.value()));
        block.each_frame(|frame| {
            let step = |note: Note| (note.hz() * self.bend / self.sample_rate).min(0.49);
            let voices = self.voices.iter_mut().flatten();
            let sum: f32 = voices.map(|v| v.next(step(v.note), attack, release)).sum();
            let sample = sum * db_to_gain(params.level.next());
            frame.for_each(|out| *out = sample);
        });
        for voice in &mut self.voices {
            if let Some(ended) = voice.take_if(|v| !v.is_held && v.envelope < 1e-4) {
                ctx.send(EventKind::NoteEnd { note: ended.note });
            }
        }
    }

    fn reset(&mut self) {
        (self.voices, self.bend) = (Default::default(), 1.0);
    }
}

export_plugin!(Synth);

#[cfg(test)]
mod tests;
