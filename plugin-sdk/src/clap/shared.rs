//! What main and audio thread share: the values, and the ways by which the audio thread has
//! something logged.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clack_extensions::log::{HostLog, LogSeverity};
use clack_plugin::host::HostSharedHandle;
use clack_plugin::plugin::PluginShared;

use crate::fault::Fault;
use crate::guard::Caught;
use crate::params::Values;

/// The thread-safe part of an instance.
pub(super) struct SharedSide<'a> {
    pub(super) host: HostSharedHandle<'a>,
    pub(super) values: Arc<Values>,
    fault: Fault,
    background_fault: Fault,
    /// Events that had no room since the last line about them.
    n_refused: AtomicU64,
}

impl<'a> PluginShared<'a> for SharedSide<'a> {}

impl<'a> SharedSide<'a> {
    pub(super) fn new(host: HostSharedHandle<'a>, values: Arc<Values>) -> Self {
        Self {
            host,
            values,
            fault: Fault::default(),
            background_fault: Fault::default(),
            n_refused: AtomicU64::new(0),
        }
    }

    /// Hands a panic to the main thread. Audio thread.
    ///
    /// # Real time
    ///
    /// Moves a reference, and makes one call that CLAP allows on every thread.
    pub(super) fn raise(&self, caught: Caught) {
        self.fault.put(caught);
        self.host.request_callback();
    }

    /// Hands a panic of background work to the main thread: the plugin plays on. Audio thread.
    ///
    /// # Real time
    ///
    /// As [`raise`](Self::raise).
    pub(super) fn raise_background(&self, caught: Caught) {
        self.background_fault.put(caught);
        self.host.request_callback();
    }

    /// Counts events that had no room. Audio thread.
    ///
    /// # Real time
    ///
    /// One atomic operation, and a call of the host for the first of them.
    pub(super) fn count_refused(&self, n_refused: u64) {
        if self.n_refused.fetch_add(n_refused, Ordering::Relaxed) == 0 {
            self.host.request_callback();
        }
    }

    /// Logs what the audio thread has raised. Main thread.
    pub(super) fn log_raised(&self) {
        if let Some(caught) = self.fault.take() {
            log(self.host, &caught);
        }
        if let Some(caught) = self.background_fault.take() {
            let line = format!("background work {}; the plugin plays on", caught.line());
            log_line(self.host, LogSeverity::Error, line);
        }
        let n_refused = self.n_refused.swap(0, Ordering::Relaxed);
        if n_refused > 0 {
            let line = format!("{n_refused} events had no room or no port and were left out");
            log_line(self.host, LogSeverity::Warning, line);
        }
    }
}

/// Writes one line about a panic into the host's log, if it has one. Main thread.
pub(super) fn log(host: HostSharedHandle<'_>, caught: &Caught) {
    log_line(host, LogSeverity::Fatal, caught.line());
}

fn log_line(host: HostSharedHandle<'_>, severity: LogSeverity, line: String) {
    // The line holds no control character, so this cannot fail.
    let Ok(line) = CString::new(line) else {
        return;
    };
    if let Some(log) = host.get_extension::<HostLog>() {
        log.log(&host, severity, &line);
    }
}
