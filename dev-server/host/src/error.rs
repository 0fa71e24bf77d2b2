//! Why a library did not become a sounding plugin: one variant per reason that scripts can read.

use std::path::PathBuf;

use crate::{
    panic_line::PanicLine,
    vet::{Signal, VetFinding, VetKind},
};

/// The reasons of a refused reload, by the names of the JSON events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailReason {
    /// There is no file, or it cannot be read.
    LibraryMissing,
    /// The file ends before its own headers say it does.
    Truncated,
    /// Not a library, or a library without `clap_entry`.
    NoClapEntry,
    /// `clap_entry` speaks another major version of CLAP.
    ClapVersion,
    /// The library has no plugin, or none of the wanted id.
    NoPlugin,
    /// The library has several plugins and none was chosen.
    ManyPlugins,
    /// The entry, the factory or the plugin's `init` said no.
    Init,
    /// `activate` or `start_processing` said no.
    Activate,
    /// Ports or latency beyond what the host can serve.
    Layout,
    /// The plugin did not accept the state of the generation before.
    State,
    /// The plugin panicked while it was made or activated.
    Panic,
    /// The loader, the disk or a given parameter stood against it.
    Refused,
    /// A call into the plugin did not come back in time (reported by control).
    Timeout,
}

/// Why staging, loading or activating failed. Whatever was made until then is undone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The artifact cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    LibraryMissing {
        /// The artifact.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The artifact is not whole.
    #[error("{} is not whole: {what}", path.display())]
    Truncated {
        /// The artifact.
        path: PathBuf,
        /// Which part is missing, in bytes.
        what: String,
    },
    /// The artifact is whole but no dynamic library of this platform's kind.
    #[error("{} is not a dynamic library", path.display())]
    NotALibrary {
        /// The artifact.
        path: PathBuf,
    },
    /// A library, but not a CLAP one.
    #[error("the library has no `clap_entry`: is the plugin exported (`export_plugin!`)?")]
    NoClapEntry,
    /// Another major version of CLAP.
    #[error("the library speaks CLAP {found}, this host speaks {host}")]
    ClapVersion {
        /// Version of `clap_entry`.
        found: String,
        /// Version of the host.
        host: String,
    },
    /// No plugin in it, or not the wanted one.
    #[error("{}", no_plugin(wanted.as_deref(), ids))]
    NoPlugin {
        /// The id that was asked for.
        wanted: Option<String>,
        /// The ids there are.
        ids: Vec<String>,
    },
    /// More than one plugin and no choice.
    #[error("the library has {} plugins, choose one with --plugin ID: {}", ids.len(), ids.join(", "))]
    ManyPlugins {
        /// The ids there are.
        ids: Vec<String>,
    },
    /// The entry, the factory or the plugin said no.
    #[error("the plugin could not be made: {0}")]
    Init(String),
    /// `activate` or `start_processing` said no.
    #[error("the plugin could not be activated at {rate} Hz, {max_block} frames: {what}")]
    Activate {
        /// Frames per second that were offered.
        rate: f64,
        /// Largest block that was offered.
        max_block: usize,
        /// What failed.
        what: String,
    },
    /// Ports or latency that cannot be served.
    #[error("unusable layout: {0}")]
    Layout(String),
    /// The state was not accepted.
    #[error("the plugin did not accept the state of the generation before ({n_bytes} bytes)")]
    State {
        /// Size of the state.
        n_bytes: usize,
    },
    /// A panic while the plugin was made, activated or warmed up.
    #[error("the plugin panicked: {0}")]
    Panic(PanicLine),
    /// An error from `process`, before anything sounded.
    #[error("the plugin returned an error from process")]
    Process,
    /// It failed before anything sounded, when it was played a test signal.
    #[error("{error} (when it heard {signal})")]
    Trial {
        /// What it was played.
        signal: Signal,
        /// [`HostError::Panic`] or [`HostError::Process`].
        error: Box<HostError>,
    },
    /// What sounded lately was more than it could bear.
    #[error("{}", listed(findings))]
    Unfit {
        /// What was found.
        findings: Vec<VetFinding>,
    },
    /// The same bytes hung before.
    #[error(
        "this very build did not come back from a call before: change it, or load it all the same \
         with --admit-anyway"
    )]
    Quarantined,
    /// A parameter that was given does not exist or is out of range.
    #[error("{0}")]
    Parameter(String),
    /// The loader refused the library.
    #[error("the loader refused the library: {0}")]
    Loader(String),
    /// The private copy could not be made.
    #[error("cannot make a private copy: {0}")]
    Copy(#[source] std::io::Error),
    /// The system gave no process.
    #[error("cannot start a process for the plugin: {0}")]
    NoProcess(#[source] std::io::Error),
    /// A process for the plugin alone is not to be had on this system.
    #[error("no process of its own for the plugin on this system: use --isolation in-process")]
    NoIsolation,
    /// The system gave no thread.
    #[error("cannot start the plugin's thread: {0}")]
    Thread(#[source] std::io::Error),
}

impl HostError {
    /// Whether the command line is to blame (exit code 2) and not the library (exit code 1).
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Parameter(_) | Self::ManyPlugins { .. } | Self::NoPlugin { wanted: Some(_), .. }
        )
    }

    /// What was found out about the build.
    pub fn findings(&self) -> Vec<VetFinding> {
        let (signal, kind) = match self {
            Self::Trial { signal, error } if matches!(**error, Self::Panic(_)) => {
                (Some(*signal), VetKind::Panic)
            }
            Self::Trial { signal, .. } => (Some(*signal), VetKind::ProcessError),
            Self::Unfit { findings } => return findings.clone(),
            Self::Quarantined => (None, VetKind::Quarantined),
            _ => return Vec::new(),
        };
        vec![VetFinding { signal, kind, message: self.to_string() }]
    }

    /// The reason as scripts read it.
    pub fn reason(&self) -> FailReason {
        match self {
            Self::LibraryMissing { .. } => FailReason::LibraryMissing,
            Self::Truncated { .. } => FailReason::Truncated,
            Self::NotALibrary { .. } | Self::NoClapEntry => FailReason::NoClapEntry,
            Self::ClapVersion { .. } => FailReason::ClapVersion,
            Self::NoPlugin { .. } => FailReason::NoPlugin,
            Self::ManyPlugins { .. } => FailReason::ManyPlugins,
            Self::Init(_) => FailReason::Init,
            Self::Activate { .. } => FailReason::Activate,
            Self::Layout(_) => FailReason::Layout,
            Self::State { .. } => FailReason::State,
            Self::Panic(_) => FailReason::Panic,
            Self::Trial { error, .. } => error.reason(),
            Self::Process
            | Self::Unfit { .. }
            | Self::Quarantined
            | Self::Parameter(_)
            | Self::Loader(_)
            | Self::Copy(_)
            | Self::NoProcess(_)
            | Self::NoIsolation
            | Self::Thread(_) => FailReason::Refused,
        }
    }
}

fn listed(findings: &[VetFinding]) -> String {
    let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    messages.join("; ")
}

fn no_plugin(wanted: Option<&str>, ids: &[String]) -> String {
    match wanted {
        Some(id) if !ids.is_empty() => {
            format!("no plugin `{id}` in the library, it has: {}", ids.join(", "))
        }
        _ => "the library has no plugin".to_owned(),
    }
}
