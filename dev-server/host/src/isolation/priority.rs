//! What the system gives audio threads beyond what it gives all: a priority, a core.
//!
//! The child's audio thread asks for a priority by itself. When the server's audio thread has one
//! too, both are kept on one core, the child's priority below: then handing a block over is a switch
//! of contexts there and back, and no sleeping core has to be woken. A thread without priority is
//! left where it is: kept on a core, it could not make way for a compiler.

use std::{fs, io};

use rustix::{
    process::Pid,
    thread::{CpuSet, sched_setaffinity},
};

use super::ffi;

/// What was given, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) pinned: Option<u32>,
    pub(super) priority: Option<i32>,
    /// For people: what it lacks, and how to get it.
    pub(super) lacks: Vec<String>,
}

/// Below what the server's audio thread asks for.
const PRIORITY: i32 = 9;

/// Asks for the calling thread.
pub(super) fn take() -> Given {
    let mut given = Given::default();
    match ffi::be_real_time(0, PRIORITY) {
        Ok(()) => given.priority = Some(PRIORITY),
        Err(e) => given.lacks.push(format!(
            "real-time priority ({e}): add the line `@audio - rtprio 95` to \
             /etc/security/limits.conf, yourself to the group `audio`, and log in anew"
        )),
    }
    given
}

impl Given {
    /// Keeps the child's thread on the core of the server's audio thread, and that one too; whether
    /// anything changed.
    pub(super) fn follow(&mut self, audio: u32, child: u32) -> bool {
        let Some(place) = self.priority.and_then(|_| Place::of(audio)) else {
            return false;
        };
        let before = self.clone();
        let below = PRIORITY.min(place.priority - 1).max(1);
        if self.priority != Some(below) && ffi::be_real_time(child.cast_signed(), below).is_ok() {
            self.priority = Some(below);
        }
        let mut core = CpuSet::new();
        core.set(place.core as usize);
        // The one that waits first: alone on its core it would only have farther to go.
        let pinned = pin(audio, &core).and_then(|()| pin(child, &core));
        match pinned {
            Ok(()) => self.pinned = Some(place.core),
            Err(e) => self.lacks.push(format!("a core of its own ({e})")),
        }
        *self != before
    }
}

fn pin(thread: u32, core: &CpuSet) -> io::Result<()> {
    let thread = Pid::from_raw(thread.cast_signed()).ok_or(io::ErrorKind::NotFound)?;
    Ok(sched_setaffinity(Some(thread), core)?)
}

/// Where a real-time thread of this process is.
struct Place {
    core: u32,
    priority: i32,
}

impl Place {
    /// `None` for a thread without a priority, and for one that is gone.
    fn of(thread: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/self/task/{thread}/stat")).ok()?;
        Self::parse(&stat)
    }

    fn parse(stat: &str) -> Option<Self> {
        // Behind the name, which may have blanks, stands the third field.
        let mut fields = stat.rsplit(") ").next()?.split(' ').skip(39 - 3);
        let core = fields.next()?.parse().ok()?;
        let priority = fields.next()?.parse().ok().filter(|priority| *priority > 0)?;
        Some(Self { core, priority })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_behind_the_name_and_only_for_real_time_threads() {
        let stat = |priority| {
            let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 \
                        30 31 32 33 34 35";
            format!("77 (a) b c) {rest} 3 {priority} 1 0 0")
        };
        let place = Place::parse(&stat(70)).unwrap();
        assert_eq!((place.core, place.priority), (3, 70));
        assert!(Place::parse(&stat(0)).is_none() && Place::parse("").is_none());
    }
}
