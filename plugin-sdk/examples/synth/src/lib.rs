//! A polyphonic synthesizer: eight saws with an envelope. A held key sounds on through a reload.

#![forbid(unsafe_code)]

use retake_sdk::{
    Block, Config, Context, EventKind, FloatParam, Layout, Note, Notes, Params, Plugin, Tail,
    db_to_gain, export_plugin,
};

#[derive(Params)]
struct SynthParams {
    #[group(name = "Envelope")]
    envelope: Envelope,
    #[param(name = "Level", unit = "dB", range = -60.0..=0.0, default = -12.0)]
    level: FloatParam,
}

#[derive(Params)]
struct Envelope {
    #[param(name = "Attack", unit = "ms", range = 1.0..=2000.0, default = 5.0, taper = log)]
    attack: FloatParam,
    #[param(name = "Decay", unit = "ms", range = 1.0..=2000.0, default = 200.0, taper = log)]
    decay: FloatParam,
    #[param(name = "Sustain", unit = "%", range = 0.0..=100.0, default = 70.0)]
    sustain: FloatParam,
    #[param(name = "Release", unit = "ms", range = 1.0..=5000.0, default = 300.0, taper = log)]
    release: FloatParam,
}

/// A voice that sounds. Its envelope rises to 1, falls to the sustain level, and ends.
struct Voice {
    note: Note,
    velocity: f32,
    phase: f32,
    envelope: f32,
    is_rising: bool,
    is_held: bool,
}

#[derive(Default)]
struct Synth {
    sample_rate: f32,
    voices: [Option<Voice>; 8],
    /// Of the pitch wheel, as a ratio of frequencies.
    bend: f32,
}

/// What rounds off the edge of a wave at phase 0 (PolyBLEP; Välimäki and Huovilainen, 2007).
fn edge(phase: f32, step: f32) -> f32 {
    match phase {
        p if p < step => -(1.0 - p / step).powi(2),
        p if p > 1.0 - step => (1.0 - (1.0 - p) / step).powi(2),
        _ => 0.0,
    }
}

impl Voice {
    /// One frame of a saw of `step` periods per frame; the first three are the shares of its way
    /// that the envelope goes per frame.
    fn next(&mut self, step: f32, [attack, decay, release, sustain]: [f32; 4]) -> f32 {
        let saw = 2.0 * self.phase - 1.0 - edge(self.phase, step);
        self.phase = (self.phase + step).fract();
        if self.is_held && self.is_rising {
            // Aims beyond its end, so that it gets there.
            self.envelope += attack * (1.5 - self.envelope);
            self.is_rising = self.envelope < 1.0;
        } else {
            let (share, target) = if self.is_held { (decay, sustain) } else { (release, 0.0) };
            self.envelope += share * (target - self.envelope);
        }
        saw * self.envelope.min(1.0) * self.velocity
    }
}

impl Synth {
    fn hear(&mut self, event: EventKind) {
        match event {
            EventKind::NoteOn { note, velocity } => {
                let (phase, envelope) = (0.0, 0.0);
                let voice =
                    Voice { note, velocity, phase, envelope, is_rising: true, is_held: true };
                // A free voice, or the softest.
                let loudness = |v: &Option<Voice>| v.as_ref().map_or(-1.0, |v| v.envelope);
                let softest = self.voices.iter_mut();
                let softest = softest.min_by(|a, b| loudness(a).total_cmp(&loudness(b)));
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
    const VENDOR: &'static str = "Retake";
    const LAYOUTS: &'static [Layout] = &[Layout::INSTRUMENT];
    const NOTES: Notes = Notes::INPUT;
    const FEATURES: &'static [&'static str] = &["synthesizer"];

    fn activate(&mut self, config: Config) {
        self.sample_rate = config.sample_rate as f32;
        self.reset();
    }

    fn process(&mut self, params: &mut SynthParams, block: &mut Block<'_>, ctx: &mut Context<'_>) {
        ctx.events().iter().for_each(|event| self.hear(event.kind));
        let share = |param: &FloatParam| 1.0 - (-3e3 / (param.value() * self.sample_rate)).exp();
        let Envelope { attack, decay, release, sustain } = &params.envelope;
        let shares = [share(attack), share(decay), share(release), 0.01 * sustain.value()];
        block.each_frame(|frame| {
            let voices = self.voices.iter_mut().flatten();
            let step = |note: Note| (note.hz() * self.bend / self.sample_rate).min(0.49);
            let sum: f32 = voices.map(|v| v.next(step(v.note), shares)).sum();
            let sample = sum * db_to_gain(params.level.next());
            frame.for_each(|out| *out = sample);
        });
        for voice in &mut self.voices {
            let has_ended = |v: &mut Voice| !v.is_held && v.envelope < 1e-4;
            if let Some(Voice { note, .. }) = voice.take_if(has_ended) {
                ctx.send(EventKind::NoteEnd { note });
            }
        }
    }

    fn reset(&mut self) {
        self.voices = Default::default();
        self.bend = 1.0;
    }

    fn tail(&self) -> Tail {
        Tail::Infinite
    }
}

export_plugin!(Synth);

#[cfg(test)]
mod tests;
