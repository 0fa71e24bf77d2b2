//! What a plugin asked and nobody did yet, and what it did wrong on the audio thread.
//!
//! Any thread may write here, the audio thread included, so all of it is atomics and fixed room.
//! The plugin's main thread looks between its own calls, at least every 10 ms, and does then what
//! was asked: nothing is served inside the call that asked.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use clack_extensions::log::LogSeverity;

use crate::{
    audit::Recorder,
    buffers::Breach,
    log::LogQueue,
    note::{News, Outbox, Severity},
    panic_line::PanicLine,
    probe::Probes,
    roles,
};

/// One thing that a plugin can ask for, as a bit.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub(crate) enum Wish {
    Callback = 1,
    Flush = 1 << 1,
    Restart = 1 << 2,
    ParamRescan = 1 << 3,
    StateDirty = 1 << 4,
    Latency = 1 << 5,
    PortRescan = 1 << 6,
    PortNames = 1 << 7,
    ConfigRescan = 1 << 8,
    NotePortRescan = 1 << 9,
    Tail = 1 << 10,
    TailNews = 1 << 11,
}

/// What a plugin can do wrong in a block. Each kind is named once and counted always.
#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub(crate) enum Fault {
    Unsorted,
    OutOfBlock,
    Malformed,
    RepliesLost,
    EventsLost,
    WrongThread,
    ProbesLost,
}

const FAULTS: [(Fault, &str); 7] = [
    (
        Fault::Unsorted,
        "the plugin sends events out of order: sort what `process` pushes by time (they were moved \
         to the time of the event before)",
    ),
    (
        Fault::OutOfBlock,
        "the plugin sends events for frames outside the block: their time must be below \
         `frames_count` (they were moved to the last frame)",
    ),
    (
        Fault::Malformed,
        "the plugin sends events that are none: `header.size` must be the size of the event's own \
         struct (they were left out)",
    ),
    (
        Fault::RepliesLost,
        "the plugin sends more events in a block than there is room for: send fewer, or spread \
         them (the rest was left out)",
    ),
    (
        Fault::EventsLost,
        "more events for the plugin in one block than the 16,384 there is room for (the rest was \
         left out)",
    ),
    (
        Fault::WrongThread,
        "the plugin calls a [main-thread] function of the host from another thread: use \
         `request_callback` and call it in `on_main_thread`",
    ),
    (
        Fault::ProbesLost,
        "the plugin has more probes than the 64 scalars and 8 signals there is room for (the rest \
         is not shown)",
    ),
];

/// How often a plugin did wrong, since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct FaultCounts {
    /// Events from the plugin earlier than the one before them.
    pub unsorted: u64,
    /// Events from the plugin for frames outside their block.
    pub out_of_block: u64,
    /// Events from the plugin whose size is not their type's, and null ones.
    pub malformed: u64,
    /// Events from the plugin that found no room.
    pub replies_lost: u64,
    /// Events for the plugin that found no room.
    pub events_lost: u64,
    /// Calls from a thread that must not make them.
    pub wrong_thread: u64,
    /// Probes beyond the room for them.
    pub probes_lost: u64,
}

#[cfg(target_os = "linux")]
impl FaultCounts {
    pub(crate) fn as_array(&self) -> [u64; FAULTS.len()] {
        let Self { unsorted, out_of_block, malformed, .. } = *self;
        let Self { replies_lost, events_lost, wrong_thread, probes_lost, .. } = *self;
        [unsorted, out_of_block, malformed, replies_lost, events_lost, wrong_thread, probes_lost]
    }

    /// The counts of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        let (a, b) = (self.as_array(), other.as_array());
        Self::from_array(std::array::from_fn(|n| a[n] + b[n]))
    }

    pub(crate) fn from_array(counts: [u64; FAULTS.len()]) -> Self {
        let [unsorted, out_of_block, malformed, replies_lost, events_lost, rest @ ..] = counts;
        let [wrong_thread, probes_lost] = rest;
        Self {
            unsorted,
            out_of_block,
            malformed,
            replies_lost,
            events_lost,
            wrong_thread,
            probes_lost,
        }
    }
}

impl std::fmt::Debug for Wishes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wishes").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// Shared by all halves of the host of one plugin, and by its thread.
pub(crate) struct Wishes {
    pub(crate) role: roles::Plugin,
    pub(crate) outbox: Outbox,
    pub(crate) probes: Arc<Probes>,
    pub(crate) recorder: Recorder,
    asked: AtomicU32,
    faults: [AtomicU64; FAULTS.len()],
    /// Kinds of faults already named, a bit each; main thread only.
    named: AtomicU32,
    /// Tail in frames as CLAP counts it.
    pub(crate) tail: AtomicU32,
    /// Where the plugin wrote outside its buffers; 0 = nowhere.
    pub(crate) breach: AtomicU64,
    /// How often the audio thread went into a block and came out of one: odd inside.
    blocks: AtomicU64,
    queue: LogQueue,
    last_panic: Mutex<Option<PanicLine>>,
}

impl Wishes {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self {
            role: roles::Plugin::new(),
            outbox,
            probes: Arc::new(Probes::new()),
            recorder: Recorder::new(),
            asked: AtomicU32::new(0),
            faults: Default::default(),
            named: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            breach: AtomicU64::new(0),
            blocks: AtomicU64::new(0),
            queue: LogQueue::new(),
            last_panic: Mutex::new(None),
        }
    }

    /// Notes a wish.
    ///
    /// # Real time
    /// One atomic operation.
    pub(crate) fn ask(&self, wish: Wish) {
        self.asked.fetch_or(wish as u32, Ordering::AcqRel);
    }

    /// As [`Wishes::ask`], for what only the main thread may ask.
    pub(crate) fn ask_on_main(&self, wish: Wish) {
        if !self.role.is_main() {
            self.count(Fault::WrongThread, 1);
        }
        self.ask(wish);
    }

    /// Whether it was wished since last time.
    ///
    /// # Real time
    /// One load, and one atomic operation if it was.
    pub(crate) fn take(&self, wish: Wish) -> bool {
        let bit = wish as u32;
        self.asked.load(Ordering::Relaxed) & bit != 0
            && self.asked.fetch_and(!bit, Ordering::AcqRel) & bit != 0
    }

    /// Counts what went wrong.
    ///
    /// # Real time
    /// One atomic operation at most.
    pub(crate) fn count(&self, fault: Fault, n: u64) {
        if n > 0 {
            self.faults[fault as usize].fetch_add(n, Ordering::Relaxed);
        }
    }

    /// The audio thread goes into a block, or comes out of it.
    ///
    /// # Real time
    /// One atomic operation.
    pub(crate) fn pass_door(&self) {
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of the block that the audio thread is in.
    pub(crate) fn block_inside(&self) -> Option<u64> {
        Some(self.blocks.load(Ordering::Relaxed)).filter(|n| n % 2 == 1)
    }

    /// All counts so far.
    pub(crate) fn counts(&self) -> FaultCounts {
        let n = |fault: Fault| self.faults[fault as usize].load(Ordering::Relaxed);
        FaultCounts {
            unsorted: n(Fault::Unsorted),
            out_of_block: n(Fault::OutOfBlock),
            malformed: n(Fault::Malformed),
            replies_lost: n(Fault::RepliesLost),
            events_lost: n(Fault::EventsLost),
            wrong_thread: n(Fault::WrongThread),
            probes_lost: n(Fault::ProbesLost),
        }
    }

    /// The tail that the plugin told last; `None` = it never ends.
    pub(crate) fn tail_frames(&self) -> Option<u32> {
        // CLAP: from 2^31 - 1 on it is infinite.
        let frames = self.tail.load(Ordering::Acquire);
        (frames < i32::MAX.unsigned_abs()).then_some(frames)
    }

    /// The panic that was reported last, once.
    pub(crate) fn take_panic(&self) -> Option<PanicLine> {
        self.last_panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes a line of the plugin, from any thread.
    ///
    /// # Real time
    /// Off the main thread: bounded work, no lock is waited for, no allocation.
    pub(crate) fn log(&self, severity: LogSeverity, message: &[u8]) {
        // start_processing has the audio role on the main thread: it may log like the main thread.
        if self.role.is_main() {
            self.deliver(severity, &String::from_utf8_lossy(message));
        } else {
            self.queue.push(severity, message);
        }
    }

    /// Tells control that the plugin misbehaves.
    pub(crate) fn complain(&self, message: String) {
        self.outbox.send(News::Log { severity: Severity::PluginMisbehaving, message });
    }

    /// Hands lines of other threads and new kinds of faults to control; main thread only.
    pub(crate) fn deliver_logs(&self) {
        let (records, n_lost) = self.queue.take();
        for record in &records {
            self.deliver(record.severity, &record.message());
        }
        if n_lost > 0 {
            self.outbox.send(News::Log {
                severity: Severity::Warning,
                message: format!("{n_lost} log lines of the plugin lost"),
            });
        }
        if let Some(breach) = Breach::from_bits(self.breach.swap(0, Ordering::AcqRel)) {
            self.complain(breach.to_string());
        }
        for (fault, message) in FAULTS {
            let bit = 1 << fault as u32;
            let happened = self.faults[fault as usize].load(Ordering::Relaxed) > 0;
            if happened && self.named.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
                self.complain(message.to_owned());
            }
        }
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
}
