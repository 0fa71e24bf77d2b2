//! `--source SPEC`: what sounds beside the microphone, as data.
//!
//! The command line, pages and scripts speak the same language (`language.rs`); only the command line
//! names files.

mod language;

use std::{
    fmt,
    fs::File,
    ops::{Range, RangeInclusive},
    path::PathBuf,
    sync::Arc,
};

pub use language::push_name;
use retake_engine::mixer::{Bus, PanLaw, Signal, StripSettings, gain_of_db};
use retake_io::{push::PcmFormat, sound::SoundFile};

/// One source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSpec {
    /// As it was written.
    pub text: String,
    /// What sounds.
    pub kind: SourceKind,
    /// Level, pan and bus.
    pub strip: StripSettings,
    /// Speed; 1 = as it is.
    pub pitch: f64,
    /// What is repeated.
    pub repeat: Repeat,
}

/// What a source can be.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    /// The live input.
    Mic,
    /// A capture device beside it, as `--input` would name it.
    Input(String),
    /// A formula; the seed of a noise is the source's number.
    Signal(Signal),
    /// A sound file.
    File(PathBuf),
    /// A sound file whose bytes a client has sent.
    Upload(Upload),
    /// What a client of this name sends.
    Push(String),
    /// What is written into a pipe.
    Fifo(Pipe),
    /// What the plugin heard lately; asked for by its own method only.
    Take,
}

/// A file without a place on the disk's map: it is gone with the last who has it.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What it is called; never opened.
    pub name: String,
    /// Its bytes.
    pub file: Arc<File>,
}

impl PartialEq for Upload {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
    }
}

/// A pipe with a name, and what is written into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipe {
    /// Where it is.
    pub path: PathBuf,
    /// Of its frames, Hz.
    pub rate: u32,
    /// Samples per frame.
    pub channels: usize,
    /// How its samples are written.
    pub format: PcmFormat,
}

/// Rates that raw frames can have, Hz.
pub const RAW_RATES: RangeInclusive<u32> = 8_000..=192_000;
/// Channels that raw frames can have.
pub const RAW_CHANNELS: RangeInclusive<usize> = 1..=16;
/// The longest name of a client that sends frames, in bytes.
pub const PUSH_NAME_BYTES: usize = 64;

/// What of a file is played over and over.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Repeat {
    /// Nothing: it ends.
    #[default]
    Never,
    /// All of it.
    All,
    /// From the first time to the second, in seconds, once it is reached.
    Between(Range<f64>),
}

/// What of a source is to be changed; `None` = nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceChange {
    /// Level in dB, within [`retake_engine::mixer::LEVELS_DB`].
    pub gain_db: Option<f32>,
    /// From −1 (left) to 1 (right).
    pub pan: Option<f32>,
    /// What the pan does.
    pub law: Option<PanLaw>,
    /// Within [`retake_engine::mixer::PITCHES`].
    pub pitch: Option<f64>,
    /// Where it goes.
    pub bus: Option<Bus>,
    /// Silent, whatever its level.
    pub mute: Option<bool>,
    /// What is repeated.
    pub repeat: Option<Repeat>,
}

impl SourceChange {
    /// Does to a spec what it can; the mute is not a spec's.
    pub fn apply(&self, spec: &mut SourceSpec) {
        let strip = &mut spec.strip;
        strip.gain = self.gain_db.map_or(strip.gain, gain_of_db);
        strip.pan = self.pan.unwrap_or(strip.pan);
        strip.law = self.law.unwrap_or(strip.law);
        strip.bus = self.bus.unwrap_or(strip.bus);
        spec.pitch = self.pitch.unwrap_or(spec.pitch);
        if let Some(repeat) = &self.repeat {
            spec.repeat = repeat.clone();
        }
    }
}

/// What of a bus is to be changed; `None` = nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BusChange {
    /// Level in dB, within [`retake_engine::mixer::LEVELS_DB`].
    pub gain_db: Option<f32>,
    /// Silent, whatever its level.
    pub mute: Option<bool>,
    /// Heard while those that are not are silent.
    pub solo: Option<bool>,
}

/// A factor as a level in dB, to the thousandth; `None` for silence.
pub fn db_of_gain(gain: f32) -> Option<f64> {
    (gain > 0.0).then(|| (20.0 * f64::from(gain).log10() * 1e3).round() / 1e3)
}

/// The buses by their names.
pub const BUSES: [(&str, Bus); 4] = [
    ("plugin-in", Bus::PluginIn),
    ("sidechain", Bus::Sidechain),
    ("dry", Bus::Dry),
    ("master", Bus::Master),
];
/// The laws of the pan by their names.
pub const LAWS: [(&str, PanLaw); 2] = [("balance", PanLaw::Balance), ("power", PanLaw::EqualPower)];

/// The name of a bus.
pub fn bus_name(bus: Bus) -> &'static str {
    BUSES.iter().find(|(_, known)| *known == bus).map_or("", |(name, _)| name)
}

impl SourceSpec {
    /// The microphone as it comes.
    pub fn mic() -> Self {
        Self {
            text: "mic".to_owned(),
            kind: SourceKind::Mic,
            strip: StripSettings::default(),
            pitch: 1.0,
            repeat: Repeat::Never,
        }
    }

    /// So much of what the plugin heard lately.
    pub fn take(seconds: f64) -> Self {
        let text = format!("take:{seconds}");
        Self { text, kind: SourceKind::Take, repeat: Repeat::All, ..Self::mic() }
    }

    /// A capture device beside the microphone, as it comes.
    pub fn input(device: String) -> Self {
        let text = format!("mic:{device}");
        Self { text, kind: SourceKind::Input(device), ..Self::mic() }
    }

    /// A capture device in words that mean it, heard as it is heard now.
    pub fn words(&self, device: &str) -> String {
        let StripSettings { gain, pan, .. } = self.strip;
        let gain = db_of_gain(gain).map_or_else(|| "-inf".to_owned(), |db| db.to_string());
        let (law, bus) = (self.law_name(), self.bus_name());
        format!("gain={gain},pan={pan},law={law},bus={bus},mic:{device}")
    }

    /// The name of its bus.
    pub fn bus_name(&self) -> &'static str {
        bus_name(self.strip.bus)
    }

    /// The name of its pan's law.
    pub fn law_name(&self) -> &'static str {
        LAWS.iter().find(|(_, law)| *law == self.strip.law).map_or("", |(name, _)| name)
    }

    /// Why it cannot be played at `rate` Hz, if so.
    pub fn conflict_with(&self, rate: u32) -> Option<String> {
        let SourceKind::Signal(Signal::Sine { hz }) = self.kind else {
            return None;
        };
        let limit = f64::from(rate) / 2.0;
        (hz >= limit)
            .then(|| format!("{}: at {rate} Hz a tone has to be below {limit} Hz", self.text))
    }

    /// What a client of that name sends.
    pub fn push(name: String) -> Self {
        let text = format!("push:{name}");
        Self { text, kind: SourceKind::Push(name), ..Self::mic() }
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl SourceKind {
    /// What it is, in a word of the protocol.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Mic | Self::Input(_) => "mic",
            Self::File(_) | Self::Upload(_) => "file",
            Self::Push(_) => "push",
            Self::Fifo(_) => "fifo",
            Self::Take => "take",
            Self::Signal(Signal::Sine { .. }) => "tone",
            Self::Signal(Signal::Sweep) => "sweep",
            Self::Signal(Signal::WhiteNoise { .. } | Signal::PinkNoise { .. }) => "noise",
            Self::Signal(Signal::Impulse) => "impulse",
            Self::Signal(Signal::Clicks { .. }) => "clicks",
            Self::Signal(Signal::Silence) => "silence",
            Self::Signal(Signal::Dc { .. }) => "dc",
            Self::Signal(Signal::LineUp) => "ebu",
        }
    }

    /// A short label.
    pub fn name(&self) -> String {
        match self {
            Self::Mic => "microphone".to_owned(),
            Self::Upload(Upload { name, .. }) | Self::Push(name) | Self::Input(name) => {
                name.clone()
            }
            Self::Take => "take".to_owned(),
            Self::File(path) | Self::Fifo(Pipe { path, .. }) => path.file_name().map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            ),
            Self::Signal(Signal::Sine { hz }) => format!("{hz} Hz"),
            Self::Signal(Signal::WhiteNoise { .. }) => "white noise".to_owned(),
            Self::Signal(Signal::PinkNoise { .. }) => "pink noise".to_owned(),
            Self::Signal(Signal::Clicks { hz }) => format!("{hz} clicks/s"),
            Self::Signal(Signal::Dc { level }) => format!("dc {level}"),
            Self::Signal(Signal::LineUp) => "EBU line-up".to_owned(),
            Self::Signal(_) => self.word().to_owned(),
        }
    }

    /// Whether a device captures it: then it neither waits nor goes.
    pub fn is_captured(&self) -> bool {
        matches!(self, Self::Mic | Self::Input(_))
    }

    /// The capture device that it is, beside the microphone.
    pub fn device(&self) -> Option<&str> {
        if let Self::Input(device) = self { Some(device) } else { None }
    }

    /// Whether it has places to go to: then it can be moved, looped and played at another speed.
    pub fn has_time_line(&self) -> bool {
        self.file().is_some()
    }

    /// The sound file that it is.
    pub fn file(&self) -> Option<SoundFile> {
        match self {
            Self::File(path) => Some(path.into()),
            Self::Upload(Upload { name, file }) => {
                Some(SoundFile::Open { file: Arc::clone(file), name: name.into() })
            }
            _ => None,
        }
    }

    /// Whether its frames come when someone sends them: then it has a clock of its own.
    pub fn is_sent(&self) -> bool {
        matches!(self, Self::Push(_) | Self::Fifo(_))
    }

    /// Whether it opens what its words name.
    pub fn names_a_path(&self) -> bool {
        matches!(self, Self::File(_) | Self::Fifo(_))
    }
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::All => f.write_str("all"),
            Self::Between(span) => write!(f, "{} s to {} s", span.start, span.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> SourceSpec {
        text.parse().unwrap()
    }

    #[test]
    fn each_kind_has_a_word_and_a_name() {
        let kinds = [
            ("mic", "mic", "microphone"),
            ("mic:virtual:tone=440,ppm=50", "mic", "virtual:tone=440,ppm=50"),
            ("file:/a/loop, x.flac", "file", "loop, x.flac"),
            ("tone:997", "tone", "997 Hz"),
            ("noise:pink", "noise", "pink noise"),
            ("clicks:2.5", "clicks", "2.5 clicks/s"),
            ("dc:0.25", "dc", "dc 0.25"),
            ("impulse", "impulse", "impulse"),
        ];
        for (text, word, name) in kinds {
            let kind = spec(text).kind;
            assert_eq!((kind.word(), kind.name().as_str()), (word, name), "{text}");
            assert_eq!(
                (kind.has_time_line(), kind.names_a_path()),
                (word == "file", word == "file")
            );
        }
    }

    #[test]
    fn a_change_changes_what_it_names() {
        let mut tone = spec("tone:997,gain=-20,pan=0.5");
        let change =
            SourceChange { gain_db: Some(-6.0), bus: Some(Bus::Dry), ..SourceChange::default() };
        change.apply(&mut tone);
        assert_eq!((db_of_gain(tone.strip.gain), tone.bus_name()), (Some(-6.0), "dry"));
        assert!((tone.strip.pan - 0.5).abs() < 1e-6);
        assert_eq!(db_of_gain(gain_of_db(-80.0)), None);
    }

    #[test]
    fn a_microphone_is_what_its_words_say() {
        for text in ["gain=-6,pan=-0.3,law=power,bus=dry,mic:A, b=c", "gain=-inf,mic:x", "mic:x"] {
            let mic = spec(text);
            let device = mic.kind.device().unwrap();
            let again = spec(&mic.words(device));
            assert_eq!((&again.kind, again.strip), (&mic.kind, mic.strip), "{text}");
        }
    }

    #[test]
    fn a_tone_has_to_fit_the_rate() {
        assert_eq!(spec("tone:23999").conflict_with(48_000), None);
        let conflict = spec("tone:24000").conflict_with(48_000).unwrap();
        assert!(conflict.contains("tone:24000: at") && conflict.contains("below 24000 Hz"));
    }
}
