//! The audio half of a plugin that lives in another process.

use std::{
    ptr,
    sync::Arc,
    time::{Duration, Instant},
};

use retake_engine::{
    Layout, Outcome, PluginEvent, ProcessIo, Processor, generation::EVENTS_PER_BLOCK,
};

use super::{
    block_ring::{Asker, Kind, Progress},
    link::Link,
    probe_words::Sowing,
    shm,
};
use crate::wishes::{Fault, Wishes};

/// A plugin in a process of its own, as the engine plays it.
///
/// Give it back by [`crate::PluginThread::retire`].
pub struct IsolatedProcessor {
    link: Arc<Link>,
    wishes: Arc<Wishes>,
    ring: Asker,
    layout: Layout,
    rate: f64,
    sowing: Sowing,
    /// Events of blocks that found no room.
    kept: Vec<PluginEvent>,
    is_reset: bool,
    is_halted: bool,
    /// Where the thread that plays keeps [`HERE`].
    thread: usize,
}

thread_local! {
    /// Its place tells threads apart without asking the system.
    static HERE: u8 = const { 0 };
}

impl std::fmt::Debug for IsolatedProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IsolatedProcessor").field("layout", &self.layout).finish_non_exhaustive()
    }
}

/// What it is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    pub(super) layout: Layout,
    pub(super) rate: f64,
    pub(super) max_block: usize,
}

impl IsolatedProcessor {
    pub(super) fn new(link: Arc<Link>, wishes: Arc<Wishes>, ring: Asker, made: Made) -> Self {
        Self {
            link,
            wishes,
            ring,
            layout: made.layout,
            rate: made.rate,
            sowing: Sowing::new(made.max_block),
            kept: Vec::with_capacity(EVENTS_PER_BLOCK),
            is_reset: false,
            is_halted: false,
            thread: 0,
        }
    }

    /// Whether it belongs to that child.
    pub(super) fn is_of(&self, link: &Arc<Link>) -> bool {
        Arc::ptr_eq(&self.link, link)
    }

    /// Tells the child's audio thread to give its processor back; waits for room, not for it.
    pub(super) fn halt(mut self) {
        let start = Instant::now();
        while !self.ring.has_room() && !self.link.is_dead() {
            if start.elapsed() > super::link::STUCK {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.is_halted = true;
        if !self.link.is_dead() {
            self.ring.post_end(Kind::Halt);
        }
    }

    /// Keeps the events of a block that finds no room.
    fn keep(&mut self, events: &[PluginEvent]) {
        let room = self.kept.capacity() - self.kept.len();
        let (kept, lost) = events.split_at(room.min(events.len()));
        self.kept.extend(kept.iter().map(|event| PluginEvent { offset: 0, ..*event }));
        self.wishes.count(Fault::EventsLost, lost.len() as u64);
    }

    /// Hands the block over; false when the ring is full.
    fn post(&mut self, io: &ProcessIo<'_>) -> bool {
        if !self.ring.has_room() {
            self.keep(io.events);
            return false;
        }
        self.ring.watch(self.wishes.probes.is_watched());
        let kind = if std::mem::take(&mut self.is_reset) { Kind::Reset } else { Kind::Block };
        let events = self.kept.iter().chain(io.events).copied();
        let n_lost = self.ring.post(kind, io, events);
        self.wishes.count(Fault::EventsLost, n_lost);
        self.kept.clear();
        true
    }

    /// Waits until the child is done or gone, or the time for it is over.
    fn wait(&self, frames: usize) -> Progress {
        let length = Duration::from_secs_f64(frames as f64 / self.rate);
        let patience = self.link.patience(length);
        let start = Instant::now();
        loop {
            // Before the look: what changes after it ends the waiting at once.
            let (word, seen) = self.ring.waiting_word();
            let progress = self.ring.progress();
            let left = patience.saturating_sub(start.elapsed());
            if progress.is_done || progress.is_over || left.is_zero() {
                return progress;
            }
            shm::wait(word, seen, Some(left));
        }
    }

    /// Takes what the child answered, late answers included; how the last block went.
    fn take(&mut self, io: &mut ProcessIo<'_>) -> Option<Outcome> {
        let Self { ring, wishes, sowing, link, .. } = self;
        let mut outcome = None;
        ring.take(|answer| {
            if !answer.is_last {
                link.note_late_answer();
            }
            let (replies, n_lost) = answer.replies();
            io.replies.lose(n_lost);
            replies.for_each(|reply| io.replies.push(reply));
            let n_lost = answer.probes().map(|probes| sowing.read(probes, &wishes.probes));
            wishes.count(Fault::ProbesLost, n_lost.unwrap_or(0));
            if answer.is_last {
                answer.store(io.output, io.frames);
                outcome = Some(answer.outcome());
            }
        });
        outcome
    }
}

impl Processor for IsolatedProcessor {
    fn layout(&self) -> Layout {
        self.layout
    }

    /// # Real time
    /// Two copies, and the one wait that is allowed on the audio thread: for the child, at most half
    /// the block (longer only where nobody hears it: offline, on the fast clock, in a warm-up). No
    /// heap, no lock, no other call of the system than the futex, and one that names a new thread.
    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        if self.link.is_dead() {
            return Outcome::Gone;
        }
        let here = HERE.with(|here| ptr::from_ref(here).addr());
        if std::mem::replace(&mut self.thread, here) != here {
            self.link.note_thread();
        }
        let progress = if self.post(io) {
            self.wait(io.frames)
        } else {
            Progress { is_done: false, is_over: self.link.is_dead() }
        };
        let outcome = self.take(io).filter(|_| progress.is_done);
        if let Some(outcome) = outcome {
            self.link.note_answer();
            return outcome;
        }
        if progress.is_over {
            return Outcome::Gone;
        }
        self.link.note_miss();
        Outcome::Late
    }

    fn reset(&mut self) {
        self.is_reset = true;
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

impl Drop for IsolatedProcessor {
    /// The child's half is dropped as well; one that cannot even be told so is given up.
    fn drop(&mut self) {
        if self.is_halted || self.link.is_dead() {
            return;
        }
        if self.ring.has_room() {
            self.ring.post_end(Kind::Drop);
        } else {
            self.link.give_up();
        }
    }
}
