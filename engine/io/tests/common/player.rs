//! Voices that play files at the output of an engine, as fast as their frames come.

use std::{
    ops::Range,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
};

use retake_engine::{
    BusShape, CommandKind, Engine, EngineControl, Generation, Setup,
    mixer::{Material, MixerSetup, StripSettings, Voice, VoiceId, VoicePool, VoiceProbe},
    processor::Identity,
};
use retake_io::{
    Gate,
    sound::{SoundEvent, SoundRequest, Sounds},
};

pub const SHAPE: BusShape = BusShape { rate: 48_000, max_block: 1_024, n_output: 2 };

/// An engine without a live input whose plugin does nothing.
pub fn engine() -> (Engine, EngineControl) {
    let first = Generation::new(1, Box::new(Identity { channels: 2 }), SHAPE);
    Engine::new(Setup {
        mixer: MixerSetup { n_main: 2, ..MixerSetup::default() },
        ..Setup::new(SHAPE, Box::new(first))
    })
}

/// One of them.
pub struct Player {
    pub engine: Engine,
    pub control: EngineControl,
    gate: Gate,
    pub id: VoiceId,
    pub probe: Arc<VoiceProbe>,
    pub news: Receiver<SoundEvent>,
    _sounds: Sounds,
}

impl Player {
    /// Of a file that is too long for the memory.
    pub fn open(path: &Path, repeat: Option<Range<u64>>) -> Self {
        let sounds = Sounds::start().unwrap();
        let (told, news) = channel();
        let request = SoundRequest { file: path.into(), rate: SHAPE.rate, repeat };
        sounds.open(request, move |event| drop(told.send(event))).unwrap();
        let SoundEvent::Opened(Ok(sound)) = news.recv().unwrap() else { panic!("no sound") };
        assert!(matches!(sound.material, Material::Stream(_)), "it is read ahead");
        let (engine, mut control) = engine();
        let id = VoicePool::default().claim().unwrap();
        let voice = Voice::new(id, sound.material, StripSettings::default(), SHAPE);
        let probe = voice.probe();
        control.commands.send(0, CommandKind::Play(Box::new(voice))).unwrap();
        Self { engine, control, gate: sounds.gate(), id, probe, news, _sounds: sounds }
    }

    /// The next `frames` on both channels, interleaved.
    pub fn hear(&mut self, frames: usize) -> Vec<f32> {
        let mut out = vec![9.0; 2 * frames];
        for part in out.chunks_mut(2 * 512) {
            wait_for(&mut self.gate, part.len() / 2);
            self.engine.render(part, 0);
        }
        out
    }
}

/// Until the next `frames` are there.
pub fn wait_for(gate: &mut Gate, frames: usize) {
    while !gate(frames) {
        std::thread::yield_now();
    }
}

/// Half a minute of two channels, more than is kept in memory; frame and channel can be told from
/// every sample.
pub fn long_wav(path: &Path) -> impl Fn(u64) -> [f32; 2] {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 48_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let frame = |n: u64| [n as f32, n as f32 + 0.5];
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..LONG {
        for sample in frame(n) {
            writer.write_sample(sample).unwrap();
        }
    }
    writer.finalize().unwrap();
    frame
}

pub const LONG: u64 = 2_200_000;
