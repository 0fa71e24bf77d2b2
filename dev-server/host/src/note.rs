//! What a plugin's thread tells control: facts, each with its generation.

use std::{fmt, sync::Mutex};

use retake_engine::{Generation, Layout, Processor};

use crate::{
    carry::Carried,
    error::{FailReason, HostError},
    finding::{AuditFinding, CrashKind, StackFrame},
    panic_line::PanicLine,
    params::ParamInfo,
    ports::Ports,
    probe::MeterInfo,
    vet::VetFinding,
};

/// A fact about one generation.
#[derive(Debug)]
pub struct Note {
    /// Whose.
    pub generation: u64,
    /// What.
    pub news: News,
}

/// What happened, in the order of a plugin's life. [`News::Gone`] is always the last.
#[derive(Debug)]
#[non_exhaustive]
pub enum News {
    /// The library is whole and copied.
    Staged {
        /// Hash of its bytes.
        hash: u64,
        /// Checking and copying.
        stage_ms: f64,
    },
    /// The library is loaded and the plugin is found in it.
    Loaded {
        /// Which plugin.
        info: PluginInfo,
        /// The library has thread-locals: their first use on each thread allocates.
        has_tls: bool,
        /// Mapping the library and its entry's `init`.
        load_ms: f64,
    },
    /// It was played the test signals; before it is activated for the first time.
    Vetted {
        /// What may be meant, and is told all the same.
        warnings: Vec<VetFinding>,
        /// Making the second instance, playing to it, and destroying it.
        vet_ms: f64,
    },
    /// The plugin can sound; also after [`crate::PluginThread::reactivate`].
    Activated(Box<Activated>),
    /// Answer to [`crate::PluginThread::warm_up`].
    Warmed {
        /// The generation, to be swapped in.
        generation: Box<Generation>,
        /// Frames it has heard; 0 = it starts cold.
        frames: u64,
        /// Time it took per frame, in frames: its load on the plugin's own thread.
        load: f64,
        /// What would have refused it, had that not been waived.
        warnings: Vec<VetFinding>,
    },
    /// It will not sound; what was made is undone, [`News::Gone`] follows.
    Failed {
        /// For scripts.
        reason: FailReason,
        /// For people.
        message: String,
        /// Whether the command line is to blame: a parameter or a plugin that is not there.
        is_usage: bool,
        /// What was found out about the build.
        findings: Vec<VetFinding>,
    },
    /// The plugin logged a line.
    Log {
        /// How grave.
        severity: Severity,
        /// The line.
        message: String,
    },
    /// The plugin caught a panic in itself; it is silent from now on.
    Panicked(PanicLine),
    /// Values, texts or names changed; the whole list.
    ParamsChanged(Vec<ParamInfo>),
    /// Answer to [`crate::PluginThread::save_state`]; `None` if the plugin keeps no state.
    State(Result<Option<Vec<u8>>, String>),
    /// Answer to [`crate::PluginThread::param_text`].
    ParamText {
        /// Parameter.
        id: u32,
        /// The value that was asked about.
        value: f64,
        /// As the plugin writes it.
        text: String,
        /// The asker's mark.
        tag: u64,
    },
    /// Answer to [`crate::PluginThread::text_to_value`].
    ParamValue {
        /// Parameter.
        id: u32,
        /// The text that was asked about.
        text: String,
        /// As the plugin reads it, `None` if it cannot.
        value: Option<f64>,
        /// The asker's mark.
        tag: u64,
    },
    /// The plugin says that its state differs from what was saved last.
    StateDirty,
    /// The plugin's latency will differ at its next activation.
    LatencyChanged,
    /// The plugin's tail changed; `None` = it never ends. Every block is processed all the same.
    TailChanged {
        /// Frames that it sounds on after its input ended.
        frames: Option<u32>,
    },
    /// Names of ports changed, nothing else.
    PortsChanged(Ports),
    /// The plugin is to be deactivated and activated: take its processor back and give it to
    /// [`crate::PluginThread::reactivate`]. Until then it goes on as it is.
    RestartWanted {
        /// What for, for people.
        why: &'static str,
    },
    /// It has a process of its own.
    Isolated {
        /// The process.
        pid: u32,
        /// The core that its audio thread keeps to.
        pinned: Option<u32>,
        /// Real-time priority of its audio thread.
        priority: Option<i32>,
        /// What the system did not allow, for people.
        lacks: Vec<String>,
    },
    /// Its process ended before its time; [`News::Gone`] follows.
    Crashed {
        /// How.
        what: CrashKind,
        /// For people.
        message: String,
        /// Where the thread was that is to blame; empty if it left no word.
        stack: Vec<StackFrame>,
    },
    /// All places so far where its `process` does what an audio thread must not; at most once a
    /// second, when there is a new one or the rates changed.
    Audit(Vec<AuditFinding>),
    /// Destroyed, unloaded, copy removed, thread at its end.
    Gone {
        /// The system kept the library mapped: its thread-locals have destructors still to run.
        pinned: bool,
    },
}

impl News {
    pub(crate) fn failed(error: &HostError) -> Self {
        Self::Failed {
            reason: error.reason(),
            message: error.to_string(),
            is_usage: error.is_usage(),
            findings: error.findings(),
        }
    }

    pub(crate) fn foreign_processor() -> Self {
        Self::Log {
            severity: Severity::HostMisbehaving,
            message: "a processor came back that is not this plugin's".to_owned(),
        }
    }
}

/// An activated plugin.
pub struct Activated {
    /// The audio half, started.
    pub processor: Box<dyn Processor>,
    /// Its shape.
    pub layout: Layout,
    /// Its audio ports and how they were chosen.
    pub ports: Ports,
    /// Whether notes reach it.
    pub takes_notes: bool,
    /// Frames that it sounds on after its input ended; `None` = it never ends.
    pub tail_frames: Option<u32>,
    /// The meters that it declares; their values are probes.
    pub meters: Vec<MeterInfo>,
    /// All its parameters, with their values after restoring.
    pub params: Vec<ParamInfo>,
    /// What became of the parameters of the generation before.
    pub carried: Carried,
    /// Creating, restoring and activating.
    pub activate_ms: f64,
}

impl fmt::Debug for Activated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activated")
            .field("layout", &self.layout)
            .field("ports", &self.ports)
            .field("takes_notes", &self.takes_notes)
            .field("params", &self.params)
            .field("carried", &self.carried)
            .finish_non_exhaustive()
    }
}

/// What a plugin says it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PluginInfo {
    /// Reverse-domain id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Version, as the author writes it; may be empty.
    pub version: String,
    /// Author; may be empty.
    pub vendor: String,
}

/// How grave a log line is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "CLAP's own words")]
pub enum Severity {
    Debug,
    Info,
    Warning,
    Error,
    Fatal,
    HostMisbehaving,
    PluginMisbehaving,
}

impl From<clack_extensions::log::LogSeverity> for Severity {
    fn from(severity: clack_extensions::log::LogSeverity) -> Self {
        use clack_extensions::log::LogSeverity as Clap;
        match severity {
            Clap::Debug => Self::Debug,
            Clap::Info => Self::Info,
            Clap::Warning => Self::Warning,
            Clap::Error => Self::Error,
            Clap::Fatal => Self::Fatal,
            Clap::HostMisbehaving => Self::HostMisbehaving,
            Clap::PluginMisbehaving => Self::PluginMisbehaving,
        }
    }
}

/// The way to control. Only the plugin's main thread uses it, so its lock never waits.
pub(crate) struct Outbox {
    generation: u64,
    send: Mutex<Box<dyn Fn(Note) + Send>>,
}

impl Outbox {
    pub(crate) fn new(generation: u64, send: Box<dyn Fn(Note) + Send>) -> Self {
        Self { generation, send: Mutex::new(send) }
    }

    pub(crate) fn send(&self, news: News) {
        let send = self.send.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        send(Note { generation: self.generation, news });
    }
}
