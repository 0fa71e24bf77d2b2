//! Catches a panic of the author's code and notes, without a print, where it happened.
//!
//! Every call into the author's code goes through [`guarded`]. The library's panic hook looks
//! whether the panicking thread is inside such a call: then the place and the message are written
//! into a slot that was there all along; otherwise the hook that was there before runs.
//!
//! The hook is a plain function and lives in the library's own copy of the standard library, so
//! that nothing points into the library once it is unloaded. Threads are told apart by the
//! system's number and not by a thread-local, whose first use on a thread would allocate.

use std::any::Any;
use std::fmt::{self, Write as _};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::ffi::thread_number;

/// Guarded calls that can note a panic at the same time; more are caught without a place.
const MAX_CALLS: usize = 64;
const MAX_TEXT: usize = 512;

/// What is known of a panic, as one line: `panicked at src/lib.rs:12:5: message`.
#[derive(Clone, Copy)]
pub(crate) struct Report {
    text: [u8; MAX_TEXT],
    len: usize,
}

impl Report {
    const EMPTY: Self = Self {
        text: [0; MAX_TEXT],
        len: 0,
    };

    fn of(info: &PanicHookInfo<'_>) -> Self {
        let mut report = Self::EMPTY;
        let message = info.payload_as_str().unwrap_or("(no message)");
        // Writing to a report cannot fail: what does not fit is left out.
        let _ = match info.location() {
            Some(place) => write!(report, "panicked at {place}: {message}"),
            None => write!(report, "panicked: {message}"),
        };
        report
    }

    fn unplaced() -> Self {
        let mut report = Self::EMPTY;
        let _ = report.write_str("panicked: (too many calls at once to note where)");
        report
    }

    pub(crate) fn as_str(&self) -> &str {
        let text = &self.text[..self.len];
        // A message cut at its end may have lost a part of its last character.
        match str::from_utf8(text) {
            Ok(text) => text,
            Err(cut) => str::from_utf8(&text[..cut.valid_up_to()]).unwrap_or_default(),
        }
    }
}

impl fmt::Write for Report {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.text[self.len..];
        for (place, byte) in room.iter_mut().zip(text.bytes()) {
            *place = if byte < b' ' { b' ' } else { byte };
            self.len += 1;
        }
        Ok(())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One guarded call that is under way: its thread (0: none), and the panic it ended with.
struct Slot {
    thread: AtomicUsize,
    report: Mutex<Report>,
}

static SLOTS: [Slot; MAX_CALLS] = [const {
    Slot {
        thread: AtomicUsize::new(0),
        report: Mutex::new(Report::EMPTY),
    }
}; MAX_CALLS];

impl Slot {
    fn enter(thread: usize) -> Option<&'static Self> {
        SLOTS.iter().find(|slot| {
            slot.thread
                .compare_exchange(0, thread, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
        })
    }

    fn of(thread: usize) -> Option<&'static Self> {
        SLOTS
            .iter()
            .find(|slot| slot.thread.load(Ordering::Relaxed) == thread)
    }

    fn leave(&self) {
        self.thread.store(0, Ordering::Release);
    }

    // Only the slot's own thread takes the lock, between `enter` and `leave`: it is always free.

    fn note(&self, report: Report) {
        if let Ok(mut place) = self.report.try_lock() {
            *place = report;
        }
    }

    fn noted(&self) -> Report {
        self.report.try_lock().map_or(Report::EMPTY, |place| *place)
    }
}

/// Runs `call`; a panic in it comes back as a report and is not printed.
///
/// # Errors
///
/// The report of the panic. What `call` was changing is then in an unknown state.
///
/// # Real time
///
/// Without a panic: two atomic operations. With one: what the unwinding itself allocates.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Report> {
    let slot = Slot::enter(thread_number());
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    let result = result.map_err(|payload| {
        discard(payload);
        slot.map_or_else(Report::unplaced, Slot::noted)
    });
    if let Some(slot) = slot {
        slot.leave();
    }
    result
}

/// Frees a panic's payload, unless it is of the author's own type, whose drop could panic again.
fn discard(payload: Box<dyn Any + Send>) {
    if !payload.is::<String>() && !payload.is::<&str>() {
        std::mem::forget(payload);
    }
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;
static PREVIOUS: OnceLock<Hook> = OnceLock::new();

/// Puts the hook in place, once per library. Main thread.
pub(crate) fn install() {
    let mut is_first = false;
    PREVIOUS.get_or_init(|| {
        is_first = true;
        panic::take_hook()
    });
    if is_first {
        panic::set_hook(Box::new(hook));
    }
}

fn hook(info: &PanicHookInfo<'_>) {
    if let Some(slot) = Slot::of(thread_number()) {
        slot.note(Report::of(info));
    } else if let Some(previous) = PREVIOUS.get() {
        previous(info);
    }
}
