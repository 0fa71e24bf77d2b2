//! What the system gives an audio thread beyond what it gives all: a priority, a core.

/// What was given, and what was not.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) pinned: Option<u32>,
    pub(super) priority: Option<i32>,
    /// For people: what it lacks, and how to get it.
    pub(super) lacks: Vec<String>,
}

/// Below whatever drives the device: its thread waits for ours, not the other way round.
const PRIORITY: i32 = 40;

/// Asks for the calling thread.
pub(super) fn take() -> Given {
    let mut given = Given::default();
    match super::ffi::be_real_time(PRIORITY) {
        Ok(()) => given.priority = Some(PRIORITY),
        Err(e) => given.lacks.push(format!(
            "real-time priority ({e}): add `{} - rtprio 95` to /etc/security/limits.conf and log in \
             anew",
            std::env::var("USER").unwrap_or_else(|_| "@audio".to_owned())
        )),
    }
    given
}
