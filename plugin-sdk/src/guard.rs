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
struct Report {
    text: [u8; MAX_TEXT],
    len: usize,
}

impl Report {
    const EMPTY: Self = Self { text: [0; MAX_TEXT], len: 0 };

    fn fill(&mut self, info: &PanicHookInfo<'_>) {
        self.len = 0;
        let message = info.payload_as_str().unwrap_or("(no message)");
        // Writing to a report cannot fail: what does not fit is left out.
        let _ = match info.location() {
            Some(place) => write!(self, "panicked at {place}: {message}"),
            None => write!(self, "panicked: {message}"),
        };
    }

    /// The text; a message cut at its end may have lost a part of its last character.
    fn as_str(&self) -> &str {
        let text = &self.text[..self.len];
        str::from_utf8(text).unwrap_or_else(|cut| {
            let whole = &text[..cut.valid_up_to()];
            str::from_utf8(whole).unwrap_or_default()
        })
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

/// A place for one guarded call, and for the panic it may end with.
struct Slot {
    /// Whose it is: `FREE`, the number of the calling thread, or `KEPT` by a [`Caught`].
    owner: AtomicUsize,
    report: Mutex<Report>,
}

const FREE: usize = 0;
const KEPT: usize = usize::MAX;

static SLOTS: [Slot; MAX_CALLS] =
    [const { Slot { owner: AtomicUsize::new(FREE), report: Mutex::new(Report::EMPTY) } };
        MAX_CALLS];

impl Slot {
    fn enter(thread: usize) -> Option<&'static Self> {
        SLOTS.iter().find(|slot| {
            slot.owner.compare_exchange(FREE, thread, Ordering::Acquire, Ordering::Relaxed).is_ok()
        })
    }

    fn of(thread: usize) -> Option<&'static Self> {
        SLOTS.iter().find(|slot| slot.owner.load(Ordering::Relaxed) == thread)
    }

    fn keep(&self) {
        self.owner.store(KEPT, Ordering::Relaxed);
    }

    fn leave(&self) {
        self.owner.store(FREE, Ordering::Release);
    }

    /// Gives access to the report, whose lock is always free: only the owner asks for it.
    fn with<T>(&self, work: impl FnOnce(&mut Report) -> T) -> Option<T> {
        self.report.try_lock().ok().map(|mut report| work(&mut report))
    }
}

/// A panic that was caught. It keeps its slot until it is dropped.
pub(crate) struct Caught {
    slot: Option<&'static Slot>,
}

impl Caught {
    /// The one line about it. Not for the audio thread: allocates.
    pub(crate) fn line(&self) -> String {
        let line = self.slot.and_then(|slot| slot.with(|report| report.as_str().to_owned()));
        line.filter(|line| !line.is_empty())
            .unwrap_or_else(|| "panicked: (place unknown)".to_owned())
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            slot.with(|report| report.len = 0);
            slot.leave();
        }
    }
}

impl fmt::Debug for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

/// Runs `call`; a panic in it is caught and not printed.
///
/// # Errors
///
/// The caught panic. What `call` was changing is then in an unknown state.
///
/// # Real time
///
/// Without a panic: two atomic operations. With one: what the unwinding itself allocates.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Caught> {
    let slot = Slot::enter(thread_number());
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    match (&result, slot) {
        (Ok(_), Some(slot)) => slot.leave(),
        (Err(_), Some(slot)) => slot.keep(),
        (_, None) => {}
    }
    result.map_err(|payload| {
        discard(payload);
        Caught { slot }
    })
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
        slot.with(|report| report.fill(info));
    } else if let Some(previous) = PREVIOUS.get() {
        previous(info);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_comes_back_as_one_line_with_its_place() {
        install();
        let line = line!() + 1;
        let caught = guarded(|| panic!("two\nlines and a {}", "nul\0")).unwrap_err();
        let expected = format!("panicked at {}:{line}:33: two lines and a nul ", file!());
        assert_eq!(caught.line(), expected);
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        install();
        let lengths = ["", "o"].map(|odd| {
            let caught = guarded(|| panic!("{odd}{}", "ö".repeat(MAX_TEXT))).unwrap_err();
            assert!(caught.line().ends_with('ö'));
            caught.line().len()
        });
        assert!(lengths.contains(&MAX_TEXT) && lengths.contains(&(MAX_TEXT - 1)));
    }

    #[test]
    fn a_payload_that_panics_when_dropped_stays_caught() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        install();
        let caught = guarded(|| panic::panic_any(Bomb)).unwrap_err();
        assert!(caught.line().ends_with("(no message)"));
    }

    #[test]
    fn a_panic_of_another_thread_meanwhile_is_not_ours() {
        install();
        drop(guarded(|| panic!("earlier")));
        let caught = guarded(|| {
            let other = std::thread::spawn(|| panic!("other"));
            assert!(other.join().is_err());
            panic::resume_unwind(Box::new("without a hook"));
        });
        assert_eq!(caught.unwrap_err().line(), "panicked: (place unknown)");
    }

    #[test]
    fn slots_come_back() {
        install();
        for _ in 0..3 * MAX_CALLS {
            assert!(guarded(|| panic!("again")).unwrap_err().line().ends_with("again"));
            assert_eq!(guarded(|| 1).ok(), Some(1));
        }
    }
}
