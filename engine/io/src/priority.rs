//! Real-time priority for the threads that call the engine.
//!
//! A thread asks for itself, in its first callback, before there is sound: whose thread it is only
//! the audio system knows. What was not allowed is told, and everything goes on as it would without.

use audio_thread_priority::promote_current_thread_to_real_time;
use serde::Serialize;

/// Hosts whose callbacks come on threads of this process that have no priority by themselves; those
/// of JACK and `CoreAudio` come with one.
const WITHOUT: [&str; 4] = ["virtual", "pulseaudio", "alsa", "wasapi"];

/// What Linux is asked for, 1 to 99: below what a sound server and the kernel's own threads mostly
/// have, and within the limit of a desktop that allows any.
#[cfg(target_os = "linux")]
const VALUE: u8 = 10;

/// How the thread that renders is scheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Priority {
    /// By which law.
    pub policy: Policy,
    /// Linux: 1 to 99, more is earlier.
    pub value: Option<u8>,
    /// For people: what the system did not allow, and how to get it.
    pub lacks: Vec<String>,
}

/// See [`Priority::policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Real-time: as this system has it.
    #[serde(rename = "real-time")]
    RealTime,
    /// The audio system's own thread, as that has made it.
    Host,
    /// As every other thread.
    Normal,
}

/// Whether the threads of `host`'s callbacks have to ask.
fn has_to_ask(host: &str) -> bool {
    WITHOUT.contains(&host)
}

/// A thread that has a priority, for those who take it away and give it back.
#[derive(Clone, Copy)]
pub(crate) struct Thread(#[cfg(target_os = "linux")] audio_thread_priority::RtPriorityThreadInfo);

impl Thread {
    /// The calling thread, as it is scheduled now.
    fn own() -> Option<Self> {
        #[cfg(target_os = "linux")]
        return audio_thread_priority::get_current_thread_info().ok().map(Self);
        #[cfg(not(target_os = "linux"))]
        Some(Self())
    }

    /// Schedules it as it was before its promotion; where the system lets nobody do that to another
    /// thread, nothing changes.
    pub(crate) fn demote(self) {
        #[cfg(target_os = "linux")]
        drop(audio_thread_priority::demote_thread_from_real_time(self.0));
    }

    /// Gives it its priority back.
    pub(crate) fn promote(self) {
        // The period and the rate are for rtkit.
        #[cfg(target_os = "linux")]
        drop(audio_thread_priority::promote_thread_to_real_time(self.0, 0, 1));
    }
}

impl Priority {
    /// Asks for the calling thread, which serves `host`.
    ///
    /// # Real time
    /// Some calls of the system, none of which waits; allocates when it is refused. Once per
    /// stream, before its first frame.
    pub(crate) fn take(host: &str, period: u32, rate: u32) -> (Self, Option<Thread>) {
        if !has_to_ask(host) {
            return (Self { policy: Policy::Host, value: None, lacks: Vec::new() }, None);
        }
        let thread = Thread::own();
        match promote(period, rate) {
            Ok(value) => (Self { policy: Policy::RealTime, value, lacks: Vec::new() }, thread),
            Err(reason) => {
                let lacks = vec![sentence(&reason)];
                (Self { policy: Policy::Normal, value: None, lacks }, None)
            }
        }
    }
}

fn promote(period: u32, rate: u32) -> Result<Option<u8>, String> {
    #[cfg(target_os = "linux")]
    audio_thread_priority::set_rt_priority(Some(VALUE));
    // The handle would only serve to go back.
    promote_current_thread_to_real_time(period, rate).map_err(|e| e.to_string())?;
    #[cfg(target_os = "linux")]
    return Ok(Some(VALUE));
    #[cfg(not(target_os = "linux"))]
    Ok(None)
}

#[cfg(target_os = "linux")]
fn sentence(reason: &str) -> String {
    // The crate's own words are about itself; the system's come last.
    let reason = reason.rsplit(": ").next().unwrap_or(reason);
    format!(
        "real-time priority ({reason}): add the line `@audio - rtprio 95` to \
         /etc/security/limits.conf, yourself to the group `audio`, and log in anew"
    )
}

#[cfg(not(target_os = "linux"))]
fn sentence(reason: &str) -> String {
    format!("real-time priority ({reason})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jack_is_not_asked_and_what_is_given_or_refused_is_said() {
        let host = Priority { policy: Policy::Host, value: None, lacks: Vec::new() };
        assert_eq!(Priority::take("jack", 256, 48_000).0, host);
        // On a thread of its own: this one is the test runner's.
        let asked = std::thread::spawn(|| Priority::take("virtual", 256, 48_000).0);
        let Priority { policy, value, lacks } = asked.join().unwrap();
        assert_eq!(policy == Policy::RealTime, lacks.is_empty());
        assert!(value.is_none() || policy == Policy::RealTime);
        assert!(matches!(policy, Policy::RealTime | Policy::Normal));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_refusal_keeps_the_systems_words_and_says_what_helps() {
        let said = sentence("AudioThreadPriorityError: could not promote: Not permitted (1)");
        assert!(said.starts_with("real-time priority (Not permitted (1)): add the line"), "{said}");
    }
}
