//! The scheduler, as a driver of a device asks it.
#![allow(unsafe_code, reason = "a call of the system that has no safe form")]

/// Gives this thread the priority of a device's, which what it starts does not inherit; whether the
/// system allows it.
pub(crate) fn be_real_time() -> bool {
    let param = libc::sched_param { sched_priority: 70 };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: the calling thread, and a structure that lives as long as the call.
    unsafe { libc::sched_setscheduler(0, policy, &raw const param) == 0 }
}
