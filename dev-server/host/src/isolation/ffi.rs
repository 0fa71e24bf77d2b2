//! What only the system's C library says: a thread's scheduler, descriptors by number, the end.
#![allow(unsafe_code, reason = "calls of the system that have no safe form")]

use std::{
    fs::File,
    io,
    os::{fd::AsRawFd, unix::net::UnixStream},
};

use rustix::{
    io::fcntl_dupfd_cloexec,
    process::{Pid, Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit},
    stdio::{dup2_stdin, stdin},
};

/// Where the socket is kept: out of the way of plugins that close what they did not open.
const SOCKET: i32 = 900;
/// Longest time that a real-time thread runs without a pause, in microseconds: a loop without an
/// end must not take the core from all others.
const RUN_US: u64 = 500_000;

/// Takes the socket that stands for the standard input, and closes all else that was inherited.
pub(super) fn take_socket() -> io::Result<UnixStream> {
    let socket = fcntl_dupfd_cloexec(stdin(), SOCKET)?;
    dup2_stdin(File::open("/dev/null")?)?;
    let at = socket.as_raw_fd();
    close_between(3, at - 1);
    close_between(at + 1, i32::MAX);
    Ok(socket.into())
}

fn close_between(first: i32, last: i32) {
    let (first, last) = (first.cast_unsigned(), last.cast_unsigned());
    // SAFETY: nothing in this process has opened a descriptor yet but the three and the socket.
    let _ = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0_u32) };
}

/// From now on this process ends with that parent, leaves no core file, and no thread of it can
/// hold a core for ever.
///
/// # Errors
/// The parent is gone already.
pub(super) fn end_with(parent: i32) -> io::Result<()> {
    // SAFETY: the handler does nothing but one call that is safe in a handler.
    unsafe { libc::signal(libc::SIGTERM, on_term as *const () as libc::sighandler_t) };
    set_parent_process_death_signal(Some(Signal::TERM))?;
    if getppid().map(Pid::as_raw_nonzero).map(i32::from) != Some(parent) {
        return Err(io::ErrorKind::NotConnected.into());
    }
    let limit = |n, most| Rlimit { current: Some(n), maximum: Some(most) };
    let _ = setrlimit(Resource::Core, limit(0, 0));
    // At first a signal that it can have last words at, then one that it cannot.
    let _ = setrlimit(Resource::Rttime, limit(RUN_US, 2 * RUN_US));
    Ok(())
}

extern "C" fn on_term(_: libc::c_int) {
    end_group()
}

/// Ends this process and all of its group.
pub(super) fn end_group() -> ! {
    // SAFETY: a signal to the own group, which is this process and what its plugin started.
    unsafe { libc::kill(0, libc::SIGKILL) };
    exit(0)
}

/// Ends this process at once: nothing that a plugin registered for the end is run.
pub(super) fn exit(code: i32) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}

/// Gives a thread a real-time priority, 1 to 99; 0 is the calling thread. What it starts has none.
///
/// # Errors
/// What the system says, mostly that it is not allowed.
pub(super) fn be_real_time(thread: i32, priority: i32) -> io::Result<()> {
    let param = libc::sched_param { sched_priority: priority };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: a number, and a structure that lives as long as the call.
    let failed = unsafe { libc::sched_setscheduler(thread, policy, &raw const param) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
