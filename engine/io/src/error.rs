//! What can go wrong at the outer ends, named by what the caller does next.

use std::path::PathBuf;

use cpal::ErrorKind;

/// An error of this crate. [`IoError::is_usage`] tells a wrong command line from a failure.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IoError {
    /// No host of that name exists in this build.
    #[error("there is no audio host \"{given}\"{}; hosts here: {}", hint(.suggestion.as_ref()), .hosts.join(", "))]
    UnknownHost {
        /// What was asked for.
        given: String,
        /// The name that was probably meant.
        suggestion: Option<String>,
        /// All names that would do.
        hosts: Vec<String>,
    },
    /// No device of that name exists now.
    #[error("there is no {end} device \"{given}\"{}; {end} devices: {}", hint(.suggestion.as_ref()), listed(.devices))]
    UnknownDevice {
        /// "input" or "output".
        end: End,
        /// What was asked for.
        given: String,
        /// The name that was probably meant.
        suggestion: Option<String>,
        /// All names that would do.
        devices: Vec<String>,
    },
    /// The name is part of several devices' names.
    #[error("\"{given}\" names several {end} devices: {}; give more of the name", listed(.matches))]
    AmbiguousDevice {
        /// "input" or "output".
        end: End,
        /// What was asked for.
        given: String,
        /// The devices it matches.
        matches: Vec<String>,
    },
    /// No MIDI input port of that name exists now.
    #[error("there is no MIDI port \"{given}\"{}; MIDI ports: {}", hint(.suggestion.as_ref()), listed(.ports))]
    UnknownMidiPort {
        /// What was asked for.
        given: String,
        /// The name that was probably meant.
        suggestion: Option<String>,
        /// All names that would do.
        ports: Vec<String>,
    },
    /// The name is part of several MIDI ports' names.
    #[error("\"{given}\" names several MIDI ports: {}; give more of the name", listed(.matches))]
    AmbiguousMidiPort {
        /// What was asked for.
        given: String,
        /// The ports it matches.
        matches: Vec<String>,
    },
    /// The system has no MIDI to offer.
    #[error("MIDI ports are not available: {reason}{NO_SEQUENCER}")]
    MidiUnavailable {
        /// Its own words.
        reason: String,
    },
    /// The port refused.
    #[error("cannot open MIDI port \"{port}\": {reason}")]
    MidiPort {
        /// The port.
        port: String,
        /// The system's words.
        reason: String,
    },
    /// A MIDI file that cannot be played.
    #[error("cannot read {}: {reason}", .path.display())]
    MidiRead {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A `virtual:…` string that means nothing.
    #[error("\"{given}\": {problem}")]
    VirtualSpec {
        /// The whole string.
        given: String,
        /// What is wrong, with what is allowed.
        problem: String,
    },
    /// The device does not run at that rate.
    #[error("\"{device}\" does not run at {rate} Hz; it supports {}", .supported.join(", "))]
    UnsupportedRate {
        /// The device.
        device: String,
        /// What was asked for, Hz.
        rate: u32,
        /// What it can do: single rates or ranges.
        supported: Vec<String>,
    },
    /// Neither an input nor an output.
    #[error("--input none and --output none leave nothing to run")]
    NoEnds,
    /// The fast clock with something that has a clock of its own.
    #[error("the fast clock needs virtual devices at both ends: {0}")]
    FastClock(String),
    /// The host exists in this build but does not answer.
    #[error("audio host \"{host}\" is not available: {reason}")]
    HostUnavailable {
        /// The host.
        host: String,
        /// Its own words.
        reason: String,
    },
    /// The device refused (busy, denied, gone, unsupported format).
    #[error("cannot open {end} device \"{device}\": {reason}")]
    Device {
        /// "input" or "output".
        end: End,
        /// The device.
        device: String,
        /// cpal's class of the error.
        kind: ErrorKind,
        /// The host's own words.
        reason: String,
    },
    /// No converter can be made between the two ends' rates.
    #[error("cannot convert {from} Hz to {to} Hz: {reason}")]
    Convert {
        /// Rate of the input, Hz.
        from: u32,
        /// Rate of the engine, Hz.
        to: u32,
        /// Why.
        reason: String,
    },
    /// A WAV file that cannot be played.
    #[error("cannot read {}: {reason}", .path.display())]
    WavRead {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A sound file that cannot be played.
    #[error("cannot play {}: {reason}", .path.display())]
    SoundRead {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A WAV file that cannot be written.
    #[error("cannot write {}: {reason}", .path.display())]
    WavWrite {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The disk filled up while writing.
    #[error("disk full while writing {}: {frames} frames were kept", .path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// Frames in the file.
        frames: u64,
    },
    /// Something the fast clock waits for did not come in time.
    #[error("the fast clock waited {seconds} s for a recorder or source, in vain")]
    Stuck {
        /// How long it waited.
        seconds: u64,
    },
    /// Microphones cannot come, go or change in this session.
    #[error("the microphones cannot be changed: {0}")]
    Unchangeable(&'static str),
    /// The same will be right later.
    #[error("{0}: ask again")]
    NotNow(&'static str),
    /// A closed stream did not give the engine back.
    #[error("the audio system keeps the engine of a stream that is closed")]
    EngineKept,
    /// The system gave no thread.
    #[error("cannot start thread {name}: {reason}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// The system's words.
        reason: String,
    },
}

impl IoError {
    /// Whether the command line is to blame (exit code 2) and not the world (exit code 1).
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::UnknownHost { .. }
                | Self::UnknownDevice { .. }
                | Self::AmbiguousDevice { .. }
                | Self::UnknownMidiPort { .. }
                | Self::AmbiguousMidiPort { .. }
                | Self::VirtualSpec { .. }
                | Self::UnsupportedRate { .. }
                | Self::NoEnds
                | Self::FastClock(_)
        )
    }
}

impl IoError {
    /// Whether the device is not there at all, as opposed to busy or denied.
    pub(crate) fn is_missing_device(&self) -> bool {
        let missing = [ErrorKind::DeviceNotAvailable, ErrorKind::HostUnavailable];
        matches!(self, Self::Device { kind, .. } if missing.contains(kind))
    }
}

/// One end of the signal path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Capture.
    Input,
    /// Playback.
    Output,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Input => "input",
            Self::Output => "output",
        })
    }
}

/// What is missing where MIDI is.
const NO_SEQUENCER: &str = if cfg!(target_os = "linux") {
    " (no ALSA sequencer: `modprobe snd-seq` loads it)"
} else {
    ""
};

fn hint(suggestion: Option<&String>) -> String {
    suggestion.map_or_else(String::new, |name| format!(" (did you mean \"{name}\"?)"))
}

/// What still reads as one line.
const LINE_CHARS: usize = 100;

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".into();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let line = quoted.join(", ");
    if line.len() > LINE_CHARS {
        // As people read a list.
        return format!("\n  {}", quoted.join("\n  "));
    }
    line
}
