//! What a thread says when a signal ends its process, and when it is asked where it is.
//!
//! The words lie in memory that outlives the process, such as memory it shares with its parent.
//! The process [`install`]s handlers that write there and then let the signal do its work; each
//! thread that calls the plugin is [`protected`](AltStack), so that it can still speak when its
//! stack is at its end. The parent reads the words when the process is gone, or asks a thread
//! that does not come back ([`LastWords::ask`]).
//!
//! The handlers only write atomics and walk the stack (see `unwind` for what that may wait for); a
//! fault inside a handler ends the process as if there were none, with the signal and the
//! instruction already said.

mod ffi;

use std::{
    io,
    sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use super::{
    modules::{self, Modules},
    unwind::MAX_FRAMES,
};
pub use ffi::{AltStack, install};

/// Room for the text about the process's code: some 150 libraries.
const MAP_BYTES: usize = 1 << 14;

/// How far beside the stack pointer a fault counts as the stack's end.
const STACK_PAGES: u64 = 1 << 16;

/// How often an asked thread is looked at.
const LOOK: Duration = Duration::from_millis(1);

const SILENT: u32 = 0;
const WRITING: u32 = 1;
const HEAD: u32 = 2;
const WHOLE: u32 = 3;

/// The place for the words. All bytes 0 is a valid value: nothing was said.
#[derive(Debug)]
#[repr(C)]
pub struct LastWords {
    state: AtomicU32,
    signal: AtomicI32,
    thread: AtomicU32,
    n_stack: AtomicU32,
    fault: AtomicU64,
    stack_pointer: AtomicU64,
    stack: [AtomicU64; MAX_FRAMES],
    /// The thread that plays, as the system numbers it; 0 = not known.
    audio_thread: AtomicU32,
    n_map: AtomicU32,
    inside: AtomicU64,
    map: [AtomicU8; MAP_BYTES],
}

/// Notes where the library's code lies, `inside` being one of its functions, in this process's
/// words, if it has any.
pub(crate) fn note_library(inside: u64) {
    if let Some(words) = ffi::installed() {
        // Without it the words have addresses only.
        let _ = words.note_modules(inside);
    }
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The signal.
    pub signal: i32,
    /// The thread that said it, as the system numbers it.
    pub thread: u32,
    /// The address that was at fault, for signals about one.
    pub fault: u64,
    stack_pointer: u64,
    /// Addresses for [`super::Symbols::stack`].
    pub stack: Vec<u64>,
}

impl Words {
    /// Whether a crash said them, and not a thread that was asked or runs on and on.
    pub(crate) fn are_of_a_crash(&self) -> bool {
        self.signal != ffi::ask_signal() && self.signal != libc::SIGXCPU
    }
}

impl LastWords {
    /// Words of nobody.
    pub fn new() -> Self {
        Self {
            state: AtomicU32::new(SILENT),
            signal: AtomicI32::new(0),
            thread: AtomicU32::new(0),
            n_stack: AtomicU32::new(0),
            fault: AtomicU64::new(0),
            stack_pointer: AtomicU64::new(0),
            stack: [const { AtomicU64::new(0) }; MAX_FRAMES],
            audio_thread: AtomicU32::new(0),
            n_map: AtomicU32::new(0),
            inside: AtomicU64::new(0),
            map: [const { AtomicU8::new(0) }; MAP_BYTES],
        }
    }

    /// Notes where this process's code lies, `inside` being any function of the plugin's library:
    /// once, when the library is loaded.
    ///
    /// # Errors
    /// The system does not tell; stacks have no names then.
    pub fn note_modules(&self, inside: u64) -> io::Result<()> {
        let map = modules::maps_of_this_process()?;
        for (place, byte) in self.map.iter().zip(map.bytes()) {
            place.store(byte, Ordering::Relaxed);
        }
        self.inside.store(inside, Ordering::Relaxed);
        let n = u32::try_from(map.len().min(MAP_BYTES)).unwrap_or(0);
        self.n_map.store(n, Ordering::Release);
        Ok(())
    }

    /// What was noted.
    pub fn modules(&self) -> Modules {
        let n = (self.n_map.load(Ordering::Acquire) as usize).min(MAP_BYTES);
        let map: Vec<_> = self.map[..n].iter().map(|byte| byte.load(Ordering::Relaxed)).collect();
        Modules::parse(&String::from_utf8_lossy(&map), self.inside.load(Ordering::Relaxed))
    }

    /// Says that this thread plays; it is the one to ask when it does not come back.
    pub fn note_audio_thread(&self) {
        self.audio_thread.store(ffi::this_thread(), Ordering::Release);
    }

    /// What was said, if anything.
    pub fn read(&self) -> Option<Words> {
        let state = self.state.load(Ordering::Acquire);
        let n = self.n_stack.load(Ordering::Relaxed) as usize;
        (state >= HEAD).then(|| Words {
            signal: self.signal.load(Ordering::Relaxed),
            thread: self.thread.load(Ordering::Relaxed),
            fault: self.fault.load(Ordering::Relaxed),
            stack_pointer: self.stack_pointer.load(Ordering::Relaxed),
            stack: self.stack.iter().take(n).map(|at| at.load(Ordering::Relaxed)).collect(),
        })
    }

    /// Asks the playing thread of the process where it is, and waits at most that long; `None` if
    /// it does not answer (the process has ended, or the thread does not run). Words of a crash
    /// answer as well.
    ///
    /// The thread goes on afterwards.
    pub fn ask(&self, process: u32, patience: Duration) -> Option<Words> {
        let thread = self.audio_thread.load(Ordering::Acquire);
        if !self.has_crashed() {
            self.state.store(SILENT, Ordering::Release);
        }
        let is_asked = thread != 0 && ffi::ask(process, thread);
        let n_looks = if is_asked { patience.as_millis() / LOOK.as_millis() } else { 0 };
        (0..=n_looks).find_map(|look| {
            if look > 0 {
                std::thread::sleep(LOOK);
            }
            let is_whole = self.state.load(Ordering::Acquire) == WHOLE;
            self.read().filter(|_| is_whole)
        })
    }

    fn has_crashed(&self) -> bool {
        self.read().is_some_and(|words| words.signal != ffi::ask_signal())
    }

    /// The handler's first part: all but the stack. Whether it may go on: the first crash has the
    /// last word.
    fn begin(&self, head: &Head) -> bool {
        let is_ask = |signal| signal == ffi::ask_signal();
        let before = self.state.swap(WRITING, Ordering::AcqRel);
        if before != SILENT && !is_ask(self.signal.load(Ordering::Relaxed)) {
            self.state.store(before, Ordering::Release);
            return false;
        }
        self.signal.store(head.signal, Ordering::Relaxed);
        self.thread.store(ffi::this_thread(), Ordering::Relaxed);
        self.fault.store(head.fault, Ordering::Relaxed);
        self.stack_pointer.store(head.stack_pointer, Ordering::Relaxed);
        self.write_stack(&[head.at]);
        self.state.store(HEAD, Ordering::Release);
        true
    }

    fn finish(&self, stack: &[u64]) {
        self.write_stack(stack);
        self.state.store(WHOLE, Ordering::Release);
    }

    fn write_stack(&self, stack: &[u64]) {
        for (place, address) in self.stack.iter().zip(stack) {
            place.store(*address, Ordering::Relaxed);
        }
        let n = u32::try_from(stack.len().min(MAX_FRAMES)).unwrap_or(0);
        self.n_stack.store(n, Ordering::Relaxed);
    }
}

impl Default for LastWords {
    fn default() -> Self {
        Self::new()
    }
}

/// What a handler is told.
struct Head {
    signal: i32,
    fault: u64,
    /// The instruction.
    at: u64,
    stack_pointer: u64,
}

impl Words {
    /// The signal for people.
    pub fn message(&self) -> String {
        let fault = self.fault;
        match self.signal {
            libc::SIGSEGV if self.is_stack_overflow() => {
                "the stack is at its end: a call without end, or too large a value on the stack"
                    .to_owned()
            }
            libc::SIGSEGV => {
                format!("read or wrote at {fault:#x}, where it has no memory (SIGSEGV)")
            }
            libc::SIGBUS => {
                format!("read or wrote at {fault:#x}, where memory is missing (SIGBUS)")
            }
            libc::SIGILL => "ran into an instruction that is none (SIGILL)".to_owned(),
            libc::SIGFPE => "divided an integer by zero (SIGFPE)".to_owned(),
            libc::SIGABRT => "aborted (SIGABRT)".to_owned(),
            libc::SIGTRAP => "ran into a breakpoint (SIGTRAP)".to_owned(),
            libc::SIGSYS => "called what the system does not know (SIGSYS)".to_owned(),
            signal if signal == ffi::ask_signal() => "does not come back".to_owned(),
            signal => format!("was ended by signal {signal}"),
        }
    }

    /// Whether the fault lies where the stack ended.
    fn is_stack_overflow(&self) -> bool {
        self.fault.abs_diff(self.stack_pointer) < STACK_PAGES
    }
}
