//! A voice that plays a file which is written when the test says so.

use std::sync::Arc;

use retake_engine::{
    CommandKind, Engine, EngineControl,
    mixer::{
        Material, MixerSetup, Repeat, StreamPlayer, StripSettings, Voice, VoiceChange, VoiceId,
        VoicePool, VoiceProbe,
    },
    processor::Identity,
    window::{WindowGauge, WindowWriter, window},
};

use crate::rig::{RATE, STEREO, generation, setup};

/// Frame `n` of a file sounds like its number, as long as an f32 can count.
pub fn sound_of(frame: u64) -> f32 {
    (frame % (1 << 24)) as f32
}

/// A file without a thread: it writes when the test says so.
pub struct File {
    pub writer: WindowWriter,
    frames: u64,
}

impl File {
    /// Follows a seek, and writes at most `most` frames; the end is told behind the last one.
    pub fn write(&mut self, most: usize) {
        let wanted = self.writer.wanted();
        if wanted.epoch != self.writer.at().epoch {
            self.writer.begin(wanted);
        }
        let at = self.writer.at().frame;
        let left = usize::try_from(self.frames.saturating_sub(at)).unwrap();
        let n = self.writer.room().min(most).min(left) as u64;
        let frames: Vec<f32> = (at..at + n).map(sound_of).collect();
        self.writer.write(&frames);
        if n as usize == left {
            self.writer.end();
        }
    }
}

/// A voice that plays a file at the output of an engine.
pub struct Player {
    engine: Engine,
    pub control: EngineControl,
    pub file: File,
    pub gauge: WindowGauge,
    id: VoiceId,
    pub probe: Arc<VoiceProbe>,
}

pub const CAPACITY: usize = 4_096;

impl Player {
    pub fn new(frames: u64, pitch: f64) -> Self {
        let mut setup = setup(STEREO, None, generation(1, Identity { channels: 2 }));
        setup.mixer = MixerSetup { n_main: 2, ..MixerSetup::default() };
        let (engine, mut control) = Engine::new(setup);
        let (writer, reader, gauge) = window(1, CAPACITY);
        let stream = Material::Stream(StreamPlayer::new(reader, Repeat::default(), RATE));
        let id = VoicePool::default().claim().unwrap();
        let voice = Voice::new(id, stream, StripSettings::default(), STEREO).with_pitch(pitch);
        let probe = voice.probe();
        control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
        Self { engine, control, file: File { writer, frames }, gauge, id, probe }
    }

    pub fn hear(&mut self, frames: usize) -> Vec<f32> {
        let mut out = vec![9.0; 2 * frames];
        self.engine.render(&mut out, 0);
        out.iter().step_by(2).copied().collect()
    }

    pub fn seek(&mut self, frame: u64) {
        let change = CommandKind::Voice(self.id, VoiceChange::Seek(frame));
        self.control.commands.send(0, change).unwrap();
    }
}

pub fn numbers(frames: std::ops::Range<u64>) -> Vec<f32> {
    frames.map(sound_of).collect()
}
