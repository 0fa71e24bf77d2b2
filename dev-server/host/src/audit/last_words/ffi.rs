//! Handlers of signals, and the stacks that they run on.
#![allow(unsafe_code, reason = "signals are C")]

use std::{
    ffi::{c_int, c_void},
    io,
    marker::PhantomData,
    mem::MaybeUninit,
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicPtr, Ordering},
    },
};

use super::{Head, LastWords, MAX_FRAMES};
use crate::audit::unwind;

/// The signals that a process's own code ends it with.
const CRASHES: [c_int; 8] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGABRT,
    libc::SIGTRAP,
    libc::SIGSYS,
    // Where the system ends a real-time thread that runs on and on.
    libc::SIGXCPU,
];

/// Enough for the largest frames of the kernel and the unwinder's tables.
const ALT_STACK_BYTES: usize = 1 << 17;

/// Where this process's words go.
static WORDS: AtomicPtr<LastWords> = AtomicPtr::new(ptr::null_mut());

/// What a crash does before it says a word.
type FirstAct = Box<dyn Fn() + Send + Sync>;

static FIRST_ACT: OnceLock<FirstAct> = OnceLock::new();

/// Has every crash of this process, and every thread that is asked, speak into `words`.
///
/// Before a crash says a word, which takes its time, it does `first_act`: nothing but atomics and
/// calls of the system that a handler may make.
///
/// # Errors
/// The system allows no handler; there will be no words.
pub fn install(
    words: &'static LastWords,
    first_act: impl Fn() + Send + Sync + 'static,
) -> io::Result<()> {
    FIRST_ACT.get_or_init(|| Box::new(first_act));
    WORDS.store(ptr::from_ref(words).cast_mut(), Ordering::Release);
    // Handlers load what they need from other libraries now, not when it is too late.
    unwind::walk(&mut [0; 4], usize::MAX);
    for signal in CRASHES {
        handle(signal, on_crash, libc::SA_RESETHAND)?;
    }
    handle(ask_signal(), on_ask, libc::SA_RESTART)
}

/// The words that this process speaks into, if any.
pub(super) fn installed() -> Option<&'static LastWords> {
    // SAFETY: null, or the words that `install` was given for good.
    unsafe { WORDS.load(Ordering::Acquire).as_ref() }
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

fn handle(signal: c_int, handler: Handler, flags: c_int) -> io::Result<()> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zero is a `sigaction`: the default action, an empty mask.
    let action = unsafe { action.assume_init_mut() };
    action.sa_sigaction = handler as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | flags;
    // SAFETY: the handler has the signature that SA_SIGINFO asks for.
    succeeded(unsafe { libc::sigaction(signal, action, ptr::null_mut()) })
}

fn succeeded(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

extern "C" fn on_crash(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    if let Some(first_act) = FIRST_ACT.get() {
        first_act();
    }
    speak(signal, info, context);
    // The handler is gone (SA_RESETHAND): now the signal does what it does, with its own number.
    // SAFETY: raises in this thread; it is delivered when the handler returns.
    unsafe { libc::raise(signal) };
}

extern "C" fn on_ask(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the place of this thread's error number, which the interrupted code may be reading.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { place.read() };
    speak(signal, info, context);
    // SAFETY: as above.
    unsafe { place.write(before) };
}

fn speak(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(words) = installed() else {
        return;
    };
    // SAFETY: the system gives it to a handler with SA_SIGINFO.
    let info = unsafe { &*info };
    // SAFETY: a number at a fixed place; for signals without an address it means nothing.
    let fault = unsafe { info.si_addr() };
    let (at, stack_pointer) = registers(context.cast());
    if !words.begin(&Head { signal, fault: fault.addr() as u64, at, stack_pointer }) {
        return;
    }
    if !unwind::has_tables(at) {
        return words.finish(&[at, caller(stack_pointer)]);
    }
    let mut stack = [0; MAX_FRAMES];
    let n = unwind::walk(&mut stack, usize::MAX);
    // What comes before is the handler itself.
    let first = stack[..n].iter().position(|address| *address == at);
    words.finish(first.map_or(&[at], |first| &stack[first..n]));
}

/// Who called to where no code is: the return address still lies on top of the stack.
fn caller(stack_pointer: u64) -> u64 {
    let top = ptr::with_exposed_provenance::<u64>(usize::try_from(stack_pointer).unwrap_or(0));
    // SAFETY: the interrupted thread's stack; if that is broken too, the process ends here as it
    // would have without a handler.
    let address = unsafe { top.read_unaligned() };
    address.saturating_sub(1)
}

/// Where the thread was when the signal came: instruction and stack.
fn registers(context: *const libc::ucontext_t) -> (u64, u64) {
    // SAFETY: the system gives the context to a handler with SA_SIGINFO.
    let machine = unsafe { &(*context).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    let found = {
        let register = |index: c_int| usize::try_from(index).ok().map(|i| machine.gregs[i]);
        let value = |index| register(index).unwrap_or(0).cast_unsigned();
        (value(libc::REG_RIP), value(libc::REG_RSP))
    };
    #[cfg(target_arch = "aarch64")]
    let found = (machine.pc, machine.sp);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let found = {
        let _ = machine;
        (0, 0)
    };
    found
}

/// The signal that asks a thread where it is.
pub(super) fn ask_signal() -> c_int {
    libc::SIGRTMIN() + 5
}

/// Sends the question; whether there is such a thread.
pub(super) fn ask(process: u32, thread: u32) -> bool {
    // SAFETY: a system call with three numbers.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, ask_signal()) };
    sent == 0
}

/// This thread as the system numbers it.
pub(super) fn this_thread() -> u32 {
    // SAFETY: a system call without arguments, allowed in handlers.
    unsafe { libc::gettid() }.cast_unsigned()
}

/// A stack for handlers, as long as this lives on its thread: without it a thread at the end of its
/// stack dies without a word.
#[derive(Debug)]
pub struct AltStack {
    memory: *mut c_void,
    before: libc::stack_t,
    /// Belongs to its thread.
    _stays: PhantomData<*const ()>,
}

impl AltStack {
    /// Gives this thread one.
    ///
    /// # Errors
    /// The system has no memory for it.
    pub fn new() -> io::Result<Self> {
        let (access, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory, of nobody.
        let memory = unsafe { libc::mmap(ptr::null_mut(), ALT_STACK_BYTES, access, kind, -1, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: ALT_STACK_BYTES };
        let mut before =
            libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: the memory is this stack's until `drop`, which takes it from the system first.
        let result = unsafe { libc::sigaltstack(&raw const stack, &raw mut before) };
        let made = Self { memory, before, _stays: PhantomData };
        succeeded(result).map(|()| made)
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        // SAFETY: what the system itself gave; the handler's stack is not in use here.
        unsafe { libc::sigaltstack(&raw const self.before, ptr::null_mut()) };
        // SAFETY: the mapping that `new` made, used by nobody now.
        unsafe { libc::munmap(self.memory, ALT_STACK_BYTES) };
    }
}
