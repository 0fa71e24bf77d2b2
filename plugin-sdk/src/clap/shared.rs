//! What main and audio thread share: the values, and the one way a panic is reported.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use clack_extensions::log::{HostLog, LogSeverity};
use clack_plugin::host::HostSharedHandle;
use clack_plugin::plugin::PluginShared;

use crate::guard::Report;
use crate::params::Values;

/// The thread-safe part of an instance.
pub(super) struct SharedSide<'a> {
    pub(super) host: HostSharedHandle<'a>,
    pub(super) values: Arc<Values>,
    fault: Fault,
}

impl<'a> PluginShared<'a> for SharedSide<'a> {}

impl<'a> SharedSide<'a> {
    pub(super) fn new(host: HostSharedHandle<'a>, values: Arc<Values>) -> Self {
        Self {
            host,
            values,
            fault: Fault::default(),
        }
    }

    /// Hands a panic to the main thread. Audio thread.
    ///
    /// # Real time
    ///
    /// A copy and one call that CLAP allows on every thread.
    pub(super) fn raise(&self, report: Report) {
        self.fault.put(report);
        self.host.request_callback();
    }

    /// Logs a panic that the audio thread has raised. Main thread.
    pub(super) fn log_raised(&self) {
        if let Some(report) = self.fault.take() {
            log(&self.host, &report);
        }
    }
}

/// Writes one line into the host's log, if it has one. Main thread.
pub(super) fn log(host: &HostSharedHandle<'_>, report: &Report) {
    // A report holds no control character, so this cannot fail.
    let Ok(line) = CString::new(report.as_str()) else {
        return;
    };
    if let Some(log) = host.get_extension::<HostLog>() {
        log.log(host, LogSeverity::Fatal, &line);
    }
}

/// A place for one report. The flag says whose turn it is, so the lock is always free.
#[derive(Debug, Default)]
struct Fault {
    is_full: AtomicBool,
    report: Mutex<Option<Report>>,
}

impl Fault {
    /// Keeps the report, unless an earlier one still waits. Audio thread.
    fn put(&self, report: Report) {
        if self.is_full.load(Ordering::Acquire) {
            return;
        }
        if let Ok(mut place) = self.report.try_lock() {
            *place = Some(report);
        }
        self.is_full.store(true, Ordering::Release);
    }

    /// Takes what waits. Main thread.
    fn take(&self) -> Option<Report> {
        if !self.is_full.load(Ordering::Acquire) {
            return None;
        }
        let report = self.report.try_lock().ok()?.take();
        self.is_full.store(false, Ordering::Release);
        report
    }
}
