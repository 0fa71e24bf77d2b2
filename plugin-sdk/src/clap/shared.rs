//! What main and audio thread share: the values, and the one way a panic is reported.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use clack_extensions::log::{HostLog, LogSeverity};
use clack_plugin::host::HostSharedHandle;
use clack_plugin::plugin::PluginShared;

use crate::guard::Caught;
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
        Self { host, values, fault: Fault::default() }
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

    /// Logs a panic that the audio thread has raised. Main thread.
    pub(super) fn log_raised(&self) {
        if let Some(caught) = self.fault.take() {
            log(self.host, &caught);
        }
    }
}

/// Writes one line into the host's log, if it has one. Main thread.
pub(super) fn log(host: HostSharedHandle<'_>, caught: &Caught) {
    // The line holds no control character, so this cannot fail.
    let Ok(line) = CString::new(caught.line()) else {
        return;
    };
    if let Some(log) = host.get_extension::<HostLog>() {
        log.log(&host, LogSeverity::Fatal, &line);
    }
}

/// A place for one caught panic. The flag says whose turn it is, so the lock is always free.
#[derive(Debug, Default)]
struct Fault {
    is_full: AtomicBool,
    caught: Mutex<Option<Caught>>,
}

impl Fault {
    /// Keeps the panic, unless an earlier one still waits. Audio thread.
    fn put(&self, caught: Caught) {
        if self.is_full.load(Ordering::Acquire) {
            return;
        }
        if let Ok(mut place) = self.caught.try_lock() {
            *place = Some(caught);
        }
        self.is_full.store(true, Ordering::Release);
    }

    /// Takes what waits. Main thread.
    fn take(&self) -> Option<Caught> {
        if !self.is_full.load(Ordering::Acquire) {
            return None;
        }
        let caught = self.caught.try_lock().ok()?.take();
        self.is_full.store(false, Ordering::Release);
        caught
    }
}
