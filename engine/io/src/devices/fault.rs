//! What a stream's error callback leaves behind: a number, because it may run on the audio thread.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::Relaxed},
};

use cpal::{Error, ErrorKind};
use retake_engine::Probe;

use crate::error::End;

/// The first serious error of one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Fault(Arc<AtomicU8>);

const KINDS: [ErrorKind; 7] = [
    ErrorKind::DeviceNotAvailable,
    ErrorKind::HostUnavailable,
    ErrorKind::StreamInvalidated,
    ErrorKind::DeviceBusy,
    ErrorKind::PermissionDenied,
    ErrorKind::BackendError,
    ErrorKind::Other,
];

impl Fault {
    /// The error callback of a stream at `end`.
    pub(super) fn callback(&self, end: End, probe: Arc<Probe>) -> impl FnMut(Error) + Send + use<> {
        let cell = Arc::clone(&self.0);
        move |error| match error.kind() {
            ErrorKind::Xrun if end == End::Input => probe.overruns.add(1),
            ErrorKind::Xrun => probe.underruns.add(1),
            // The stream goes on.
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
            kind => {
                let at = KINDS.iter().position(|&k| k == kind);
                let code = at.unwrap_or(KINDS.len() - 1) + 1;
                let code = u8::try_from(code).unwrap_or(u8::MAX);
                // The first counts: those that follow are its echoes.
                let _is_first = cell.compare_exchange(0, code, Relaxed, Relaxed).is_ok();
            }
        }
    }

    /// What has happened, if anything.
    pub(super) fn reason(&self) -> Option<String> {
        let code = self.0.load(Relaxed);
        let kind = KINDS.get(usize::from(code).checked_sub(1)?)?;
        Some(kind.to_string())
    }
}
