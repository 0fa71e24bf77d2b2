//! `--midi` and `--bpm`: what plays the plugin, opened before anything sounds.

use std::sync::Arc;

use retake_io::{MidiEvent, MidiPlayer, MidiPort, Score};

use crate::{
    cli::{ClockArg, MidiSource, Run, TEMPI},
    control::Failure,
    report::{Tone, say},
};

/// What a plugin is told when nobody says otherwise.
const DEFAULT_BPM: f64 = 120.0;

/// What `--midi` opened.
#[derive(Debug)]
pub struct Midi {
    /// A file, to be fed to the engine.
    pub file: Option<MidiPlayer>,
    /// A port, which tells control.
    pub port: Option<MidiPort>,
    /// `--bpm`, the file's first tempo, or 120.
    pub tempo_bpm: f64,
}

impl Midi {
    /// Reads the file or opens the port; the port's events go to `tell`, which must not block.
    ///
    /// # Errors
    /// The file cannot be played or the port not opened; a port on the fast clock is a usage error.
    pub fn open(
        run: &Run,
        tell: impl Fn(MidiEvent) + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let mut midi = Self { file: None, port: None, tempo_bpm: DEFAULT_BPM };
        match &run.notes.midi {
            Some(MidiSource::Port(name)) if run.audio.devices.clock == ClockArg::Fast => {
                return Err(Failure::usage(format!(
                    "--midi {name} is a port, and nobody plays as fast as the fast clock: \
                     give --midi file:X.mid"
                )));
            }
            Some(MidiSource::Port(name)) => {
                let port = MidiPort::open(name, Arc::new(tell)).map_err(of_io)?;
                say(Tone::Good, "MIDI", port.name());
                midi.port = Some(port);
            }
            Some(MidiSource::File(path)) => {
                let score = Score::read(path).map_err(of_io)?;
                let (n, seconds) = (score.events.len(), score.seconds());
                say(Tone::Good, "MIDI", format!("{}: {n} events, {seconds:.1} s", path.display()));
                let tempo = score.tempo_bpm.unwrap_or(DEFAULT_BPM);
                midi.tempo_bpm = tempo.clamp(*TEMPI.start(), *TEMPI.end());
                midi.file = Some(MidiPlayer::new(score));
            }
            None => {}
        }
        midi.tempo_bpm = run.notes.bpm.unwrap_or(midi.tempo_bpm);
        Ok(midi)
    }
}

fn of_io(error: retake_io::IoError) -> Failure {
    if error.is_usage() { Failure::usage(error) } else { Failure::failed(error) }
}
