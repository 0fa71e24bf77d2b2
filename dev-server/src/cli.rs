//! The command line, as data. Wrong words end in clap's one message and exit code 2.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum};
use retake_io::Clock;

use crate::{editor::Editor, source::SourceSpec};

/// The dev-server for audio plugins: edit, save, and hear the new code in the running signal.
#[derive(Debug, Parser)]
#[command(name = "retake", version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; `run` when left out.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `run`.
    #[command(flatten)]
    pub run: Run,
}

/// What Retake can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build a plugin, put it between microphone and speakers, and reload it on every save
    /// (the default)
    Run(Box<Run>),
    /// Render a WAV through a plugin, offline and exact: as long as the input, latency removed
    Render(Box<Render>),
    /// Make a plugin to start from, in a folder of its own
    New(crate::new::New),
    /// Build a crate for shipping: the .clap that a DAW loads
    Bundle(crate::bundle::Bundle),
    /// Play a plugin offline and find what it does that an audio thread must not: exit code 1 if
    /// there is anything
    Audit(Box<crate::audit::Audit>),
    /// Measure how long sound takes from the output back to the input: exit code 1 if nothing comes
    /// back
    Latency(crate::latency::Latency),
    /// List the audio hosts, their devices, and the MIDI ports
    Devices {
        /// One JSON object on stdout instead of a table
        #[arg(long)]
        json: bool,
    },
    /// List the presets of a plugin
    Presets(Presets),
    /// What `--isolation process` starts: one plugin, told by its standard input
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    PluginHost {
        /// For people who list the processes.
        generation: u64,
    },
}

/// `retake run`.
#[derive(Debug, Clone, Args)]
pub struct Run {
    /// A crate's directory, a .so/.dylib/.dll or a .clap; by default the crate here, else
    /// ./example-plugin
    pub path: Option<PathBuf>,
    /// Where the plugin comes from.
    #[command(flatten)]
    pub plugin: PluginArgs,
    /// Where the sound comes from and goes to.
    #[command(flatten)]
    pub audio: AudioArgs,
    /// What is done with it.
    #[command(flatten)]
    pub session: SessionArgs,
    /// What is let through.
    #[command(flatten)]
    pub safety: SafetyArgs,
    /// Who plays it.
    #[command(flatten)]
    pub notes: NoteArgs,
    /// The page.
    #[command(flatten)]
    pub page: PageArgs,
    /// Set by `retake render`: nobody listens, and the file begins with the input's first frame.
    #[arg(skip)]
    pub is_offline: bool,
    /// Set by `main`: why nothing sees what plugins call.
    #[arg(skip)]
    pub audit_lack: Option<String>,
}

/// `retake presets`.
#[derive(Debug, Clone, Args)]
pub struct Presets {
    /// The crate or library that was last played here; without it (and --plugin), all plugins
    pub path: Option<PathBuf>,
    /// The plugin's CLAP id
    #[arg(long, value_name = "ID")]
    pub plugin: Option<String>,
    /// One JSON object on stdout instead of a table
    #[arg(long)]
    pub json: bool,
}

/// `retake render`.
#[derive(Debug, Clone, Args)]
pub struct Render {
    /// As for `run`.
    pub path: Option<PathBuf>,
    /// The WAV to read
    #[arg(long, value_name = "IN.wav")]
    pub input: PathBuf,
    /// The WAV to write: 32-bit float, the input's rate and channels
    #[arg(long, value_name = "OUT.wav")]
    pub output: PathBuf,
    /// Go on for this long after the input's end
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "0")]
    pub tail: f64,
    /// Give a parameter a value before the first frame (id or name; repeatable)
    #[arg(long, value_name = "PARAM=VALUE", allow_hyphen_values = true)]
    pub set: Vec<Setting>,
    /// Start from a preset of the plugin (see `retake presets`); --set comes after it
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Give a parameter a value at a time of the input (repeatable)
    #[arg(long, value_name = "SECONDS:PARAM=VALUE", allow_hyphen_values = true)]
    pub at: Vec<TimedSetting>,
    /// One JSON object per event on stdout
    #[arg(long)]
    pub json: bool,
    /// Where the plugin comes from.
    #[command(flatten)]
    pub plugin: PluginArgs,
    /// What is let through.
    #[command(flatten)]
    pub safety: SafetyArgs,
    /// Who plays it.
    #[command(flatten)]
    pub notes: NoteArgs,
}

/// Where the plugin comes from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Plugin")]
pub struct PluginArgs {
    /// Which package of a workspace
    #[arg(short, long, value_name = "NAME")]
    pub package: Option<String>,
    /// Which plugin of a library, by its CLAP id
    #[arg(long, value_name = "ID")]
    pub plugin: Option<String>,
    /// Features to build with, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    pub features: Vec<String>,
    /// Build PATH with this command instead of cargo
    #[arg(long, value_name = "CMD")]
    pub build: Option<String>,
    /// With --build: run it on a change below this directory
    #[arg(long, value_name = "DIR", requires = "build")]
    pub watch: Option<PathBuf>,
    /// Build and load once, do not watch
    #[arg(long)]
    pub no_watch: bool,
}

/// Where the sound comes from and goes to.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Audio")]
pub struct AudioArgs {
    /// Through what.
    #[command(flatten)]
    pub devices: DeviceArgs,
    /// Microphone: a device, `none`, or `virtual[:key=value,…]`. Repeatable: each has its own clock and
    /// is a source of its own, as with `--source mic:DEVICE`
    #[arg(long, value_name = "DEVICE", display_order = 1)]
    pub input: Vec<String>,
    /// What sounds into the plugin (repeatable): `file:PATH`, `tone:HZ`, `sweep`, `noise:pink`,
    /// `noise:white`, `impulse`, `clicks[:HZ]`, `dc:LEVEL`, `silence`, or `mic`, which is left out
    /// unless it is named here or by --input; `mic:DEVICE`, one more microphone. Each with `gain=DB`, `pan=-1..1`,
    /// `law=balance|power`, `bus=plugin-in|sidechain|dry|master`; files with `pitch=0.1..4` and
    /// `loop=all|START-END` (seconds) too. A path or a device comes last:
    /// `gain=-6,loop=all,file:drums.wav`.
    /// What others send in real time: `push:NAME`, a script's frames over a WebSocket, and
    /// `fifo:PATH`, raw frames out of a pipe, `rate=48000`, `channels=2`, `format=f32|s16|s24|s32`
    #[arg(long, value_name = "SPEC", allow_hyphen_values = true, display_order = 3)]
    pub source: Vec<SourceSpec>,
    /// A mono plugin gets the mean of the input's channels instead of the first
    #[arg(long, display_order = 7)]
    pub mix_mono: bool,
    /// Do not start muted when microphone and speaker are real
    #[arg(long, display_order = 8)]
    pub unmute: bool,
}

impl AudioArgs {
    /// All sources that it names, the microphones beside the first among them.
    pub fn sources(&self) -> Vec<SourceSpec> {
        let more = self.input.iter().skip(1).cloned().map(SourceSpec::input);
        self.source.iter().cloned().chain(more).collect()
    }
}

/// The devices of everything that sounds, but for the microphones. Who takes them lists their `input` as
/// number 1.
#[derive(Debug, Clone, Args)]
pub struct DeviceArgs {
    /// Audio host: see `retake devices`
    #[arg(long, alias = "audio-host", value_name = "NAME", display_order = 0)]
    pub host: Option<String>,
    /// Speaker: a device, `none`, or `virtual[:key=value,…]`
    #[arg(long, value_name = "DEVICE", display_order = 2)]
    pub output: Option<String>,
    /// Sample rate of the devices
    #[arg(long, value_name = "HZ", display_order = 4)]
    pub rate: Option<u32>,
    /// Frames per device period: smaller is less latency
    #[arg(long, value_name = "FRAMES", display_order = 5)]
    pub period: Option<u32>,
    /// `fast`: virtual devices on virtual time, as fast as it goes, the same bytes every time
    #[arg(
        long,
        value_enum,
        default_value_t = ClockArg::Real,
        value_name = "CLOCK",
        display_order = 6
    )]
    pub clock: ClockArg,
}

/// `--clock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClockArg {
    /// The devices' own time.
    Real,
    /// Virtual time.
    Fast,
}

impl From<ClockArg> for Clock {
    fn from(clock: ClockArg) -> Self {
        match clock {
            ClockArg::Real => Self::Real,
            ClockArg::Fast => Self::Fast,
        }
    }
}

/// What is let through.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Safety")]
pub struct SafetyArgs {
    /// Let a build sound that would be refused: it is played no test signals, what is found in what
    /// sounded lately is only told, and one that hung before is loaded all the same
    #[arg(long)]
    pub admit_anyway: bool,
    /// Hold a virtual output, too, below the limiter's −1 dBFS (a real one always is)
    #[arg(long)]
    pub limit: bool,
    /// Where the plugin's code runs: in a process of its own it may crash (Linux only), in-process it
    /// costs the least and debuggers see it
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    pub isolation: IsolationArg,
}

/// `--isolation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum IsolationArg {
    /// A process for each generation.
    Process,
    /// A thread of the server.
    #[default]
    InProcess,
}

/// What is done with the sound.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Session")]
pub struct SessionArgs {
    /// Give a parameter a value before the first block (id or name; repeatable)
    #[arg(long, value_name = "PARAM=VALUE", allow_hyphen_values = true)]
    pub set: Vec<Setting>,
    /// Start from a preset of the plugin (see `retake presets`); --set comes after it
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Start from the plugin's defaults, not from where its last session stood. (A script always
    /// does, and leaves no session behind: with --duration, with --clock fast, and in `render`)
    #[arg(long)]
    pub fresh: bool,
    /// Give a parameter a value at a time (repeatable)
    #[arg(long, value_name = "SECONDS:PARAM=VALUE", allow_hyphen_values = true)]
    pub at: Vec<TimedSetting>,
    /// Write the plugin's output to a 32-bit float WAV, from the first frame, lossless
    #[arg(long, value_name = "FILE.wav")]
    pub record: Option<PathBuf>,
    /// Stop after this time
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub duration: Option<f64>,
    /// One JSON object per event on stdout
    #[arg(long)]
    pub json: bool,
}

/// Who plays the plugin.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Notes")]
pub struct NoteArgs {
    /// Play a MIDI file from the first frame on, once, or take notes from a MIDI input port (see
    /// `retake devices`)
    #[arg(long, value_name = "PORT|file:X.mid")]
    pub midi: Option<MidiSource>,
    /// Tempo that the plugin is told, 20 to 999 quarter notes a minute [default: the MIDI file's
    /// first, else 120]
    #[arg(long, value_name = "N", value_parser = tempo)]
    pub bpm: Option<f64>,
}

/// The page.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Page")]
pub struct PageArgs {
    /// Port of the page: exactly this one, or 0 for any [default: 9630, the next free if busy]
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Open the page in the browser
    #[arg(long)]
    pub open: bool,
    /// What opens a place in the source that is clicked on the page: `code`, `zed`, or a command with
    /// {file} and {line} [default: `RETAKE_EDITOR`]
    #[arg(long, value_name = "CMD")]
    pub editor: Option<Editor>,
    /// Make a new token: pages that are open have to be opened anew
    #[arg(long)]
    pub new_token: bool,
}

/// `PARAM=VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Parameter id or name.
    pub param: String,
    /// Plain value.
    pub value: f64,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (param, value) = text
            .rsplit_once('=')
            .filter(|(param, _)| !param.is_empty())
            .ok_or_else(|| format!("{text:?} is not PARAM=VALUE, such as gain=-6"))?;
        let value: f64 = value
            .parse()
            .ok()
            .filter(|v: &f64| v.is_finite())
            .ok_or_else(|| format!("{value:?} is not a finite number, such as -6 or 0.5"))?;
        Ok(Self { param: param.to_owned(), value })
    }
}

/// `SECONDS:PARAM=VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedSetting {
    /// Seconds of the engine's clock.
    pub seconds: f64,
    /// What to set.
    pub setting: Setting,
}

impl FromStr for TimedSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (time, setting) = text
            .split_once(':')
            .ok_or_else(|| format!("{text:?} is not SECONDS:PARAM=VALUE, such as 2.5:gain=-6"))?;
        Ok(Self { seconds: seconds(time)?, setting: setting.parse()? })
    }
}

/// `--midi`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MidiSource {
    /// A standard MIDI file.
    File(PathBuf),
    /// An input port, by its name or a part of it.
    Port(String),
}

impl FromStr for MidiSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("file:") {
            Some("") => Err("file: needs a path, such as file:song.mid".to_owned()),
            Some(path) => Ok(Self::File(path.into())),
            None if text.is_empty() => Err("an empty name is no MIDI port".to_owned()),
            None => Ok(Self::Port(text.to_owned())),
        }
    }
}

/// Tempi that music has.
pub const TEMPI: std::ops::RangeInclusive<f64> = 20.0..=999.0;

fn tempo(text: &str) -> Result<f64, String> {
    let bpm = text.parse().ok().filter(|bpm| TEMPI.contains(bpm));
    bpm.ok_or_else(|| format!("{text:?} is not a tempo from {} to {}", TEMPI.start(), TEMPI.end()))
}

/// The longest time that can be asked for: a year, well within the frames of a u64.
const MAX_SECONDS: f64 = 366.0 * 86_400.0;

fn seconds(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|s: &f64| (0.0..=MAX_SECONDS).contains(s))
        .ok_or_else(|| format!("{text:?} is not a number of seconds from 0 to {MAX_SECONDS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_its_own_definition() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_the_default_command() {
        let bare = Cli::parse_from(["retake", "my-plugin", "--set", "gain=-6"]);
        assert!(bare.command.is_none());
        assert_eq!(bare.run.session.set[0], Setting { param: "gain".into(), value: -6.0 });
        let named = Cli::parse_from(["retake", "run", "my-plugin", "--audio-host", "jack"]);
        let Some(Command::Run(run)) = named.command else { panic!("run was named") };
        assert_eq!(run.audio.devices.host.as_deref(), Some("jack"));
    }

    #[test]
    fn settings_name_what_is_wrong() {
        assert_eq!("a=b=1".parse(), Ok(Setting { param: "a=b".into(), value: 1.0 }));
        for bad in ["gain", "=1", "gain=", "gain=loud", "gain=nan", "gain=inf"] {
            assert!(bad.parse::<Setting>().is_err(), "{bad}");
        }
        let timed: TimedSetting = "2.5:gain=-6".parse().unwrap();
        assert!((timed.seconds - 2.5).abs() < 1e-12);
        for bad in ["gain=1", "-1:gain=1", "x:gain=1", "nan:gain=1", "1e300:gain=1"] {
            assert!(bad.parse::<TimedSetting>().is_err(), "{bad}");
        }
    }

    #[test]
    fn midi_is_a_file_or_a_port() {
        assert_eq!("file:a:b.mid".parse(), Ok(MidiSource::File("a:b.mid".into())));
        assert_eq!("KeyStep".parse(), Ok(MidiSource::Port("KeyStep".into())));
        assert!("file:".parse::<MidiSource>().is_err() && "".parse::<MidiSource>().is_err());
        assert_eq!(tempo("90.5"), Ok(90.5));
        for bad in ["19.9", "999.1", "nan", "fast", "-120", "inf"] {
            assert!(tempo(bad).unwrap_err().contains("20 to 999"), "{bad}");
        }
    }
}
