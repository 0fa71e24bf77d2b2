//! What a plugin can ask of the host.
//!
//! The thread-safe half ([`Wishes`]) only sets flags and queues log lines of fixed size, because
//! any thread may call it, the audio thread included. The main thread looks at the flags between
//! its own calls, at least every 10 ms, and does then what was asked: no request is served inside
//! the call that made it.

use std::{
    cell::Cell,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use clack_extensions::{
    latency::{HostLatency, HostLatencyImpl},
    log::{HostLog, HostLogImpl, LogSeverity},
    params::{
        HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags,
        ParamRescanFlags,
    },
    state::{HostState, HostStateImpl},
    tail::{HostTail, HostTailImpl},
    thread_check::{HostThreadCheck, HostThreadCheckImpl},
};
use clack_host::prelude::*;

use crate::{
    log::LogQueue,
    note::{News, Outbox},
    panic_line::PanicLine,
    roles,
};

/// The host as clack sees it.
pub(crate) struct Host;

impl HostHandlers for Host {
    type Shared<'a> = SharedHalf;
    type MainThread<'a> = MainHalf;
    type AudioProcessor<'a> = AudioHalf;

    fn declare_extensions(builder: &mut HostExtensions<'_, Self>, _: &SharedHalf) {
        builder
            .register::<HostLog>()
            .register::<HostParams>()
            .register::<HostState>()
            .register::<HostLatency>()
            .register::<HostTail>()
            .register::<HostThreadCheck>();
    }
}

/// What was asked and not yet done, and the lines that were logged.
pub(crate) struct Wishes {
    pub(crate) role: roles::Plugin,
    pub(crate) outbox: Outbox,
    pub(crate) callback: AtomicBool,
    pub(crate) flush: AtomicBool,
    pub(crate) restart: AtomicBool,
    /// Events that found no room in a block.
    pub(crate) n_lost_events: AtomicU64,
    queue: LogQueue,
    last_panic: Mutex<Option<PanicLine>>,
}

impl Wishes {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self {
            role: roles::Plugin::new(),
            outbox,
            callback: AtomicBool::new(false),
            flush: AtomicBool::new(false),
            restart: AtomicBool::new(false),
            n_lost_events: AtomicU64::new(0),
            queue: LogQueue::new(),
            last_panic: Mutex::new(None),
        }
    }

    /// The panic that was reported last, once.
    pub(crate) fn take_panic(&self) -> Option<PanicLine> {
        self.last_panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Hands the lines of other threads to control; main thread only.
    pub(crate) fn deliver_logs(&self) {
        let (records, n_lost) = self.queue.take();
        for record in &records {
            self.deliver(record.severity, record.message());
        }
        self.deliver_loss(n_lost, "log lines of the plugin lost");
        let n_lost = self.n_lost_events.swap(0, Ordering::Relaxed);
        self.deliver_loss(n_lost, "events for the plugin lost: too many in one block");
    }

    fn deliver(&self, severity: LogSeverity, message: &str) {
        let panic = (severity == LogSeverity::Fatal).then(|| PanicLine::parse(message)).flatten();
        let Some(panic) = panic else {
            return self
                .outbox
                .send(News::Log { severity: severity.into(), message: message.to_owned() });
        };
        let mut last = self.last_panic.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(panic.clone());
        self.outbox.send(News::Panicked(panic));
    }

    fn deliver_loss(&self, n_lost: u64, what: &str) {
        if n_lost > 0 {
            self.outbox.send(News::Log {
                severity: crate::Severity::Warning,
                message: format!("{n_lost} {what}"),
            });
        }
    }
}

/// Callable from any thread.
pub(crate) struct SharedHalf(pub(crate) Arc<Wishes>);

impl SharedHandler<'_> for SharedHalf {
    fn request_restart(&self) {
        self.0.restart.store(true, Ordering::Relaxed);
    }

    /// The engine processes every block: there is nothing to wake.
    fn request_process(&self) {}

    fn request_callback(&self) {
        self.0.callback.store(true, Ordering::Release);
    }
}

impl HostLogImpl for SharedHalf {
    fn log(&self, severity: LogSeverity, message: &str) {
        // start_processing has the audio role on the main thread: it may log like the main thread.
        if self.0.role.is_main() {
            self.0.deliver(severity, message);
        } else {
            self.0.queue.push(severity, message);
        }
    }
}

impl HostParamsImplShared for SharedHalf {
    fn request_flush(&self) {
        self.0.flush.store(true, Ordering::Relaxed);
    }
}

impl HostThreadCheckImpl for SharedHalf {
    fn is_main_thread(&self) -> bool {
        self.0.role.is_main() && !self.0.role.is_audio()
    }

    fn is_audio_thread(&self) -> bool {
        self.0.role.is_audio()
    }
}

/// Callable on the plugin's main thread.
pub(crate) struct MainHalf {
    wishes: Arc<Wishes>,
    pub(crate) rescan: Cell<bool>,
}

impl MainHalf {
    pub(crate) fn new(wishes: Arc<Wishes>) -> Self {
        Self { wishes, rescan: Cell::new(false) }
    }
}

impl MainThreadHandler<'_> for MainHalf {}

impl HostParamsImplMainThread for MainHalf {
    fn rescan(&self, _: ParamRescanFlags) {
        self.rescan.set(true);
    }

    /// The host keeps nothing that refers to a parameter (no automation, no modulation).
    fn clear(&self, _: ClapId, _: ParamClearFlags) {}
}

impl HostStateImpl for MainHalf {
    fn mark_dirty(&self) {
        self.wishes.outbox.send(News::StateDirty);
    }
}

impl HostLatencyImpl for MainHalf {
    fn changed(&self) {
        self.wishes.outbox.send(News::LatencyChanged);
    }
}

/// Callable on the audio thread.
pub(crate) struct AudioHalf;

impl AudioProcessorHandler<'_> for AudioHalf {}

impl HostTailImpl for AudioHalf {
    /// Every block is processed, so a tail is never cut, whatever its length.
    fn changed(&mut self) {}
}
