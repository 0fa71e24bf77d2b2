//! What the system gives audio threads beyond what it gives all: a priority, a core.
//!
//! The child's audio thread asks for a priority by itself. When the server's audio thread has one
//! too, both are kept on one core, the child's priority below: then handing a block over is a switch
//! of contexts there and back, and no sleeping core has to be woken. A thread without priority is
//! left where it is: kept on a core, it could not make way for a compiler. One that plays no blocks
//! is let go again: a standby that is called because another child does not come back from its block
//! has to run on another core than that child.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use rustix::{
    process::Pid,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
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
    /// Lets the child's thread run on every core again; whether anything changed.
    pub(super) fn let_go(&mut self, child: u32) -> bool {
        if self.pinned.is_none() {
            return false;
        }
        let freed = sched_getaffinity(None).map_err(Into::into).and_then(|all| pin(child, &all));
        if freed.is_ok() {
            self.pinned = None;
        }
        freed.is_ok()
    }

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

/// What a child's audio thread does, seen now and then, and whether it is kept on a core for it.
#[derive(Debug)]
pub(super) struct Following {
    /// Our thread that it answers to, and its answers so far.
    seen: (u32, u32),
    plays: bool,
    since: Instant,
    is_kept: bool,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Stay,
    Keep,
    LetGo,
}

/// So long it has to play before it is kept on a core: longer than the one before is kept there yet.
const SETTLED: Duration = Duration::from_millis(300);

impl Following {
    pub(super) fn new(now: Instant) -> Self {
        Self { seen: (0, 0), plays: false, since: now, is_kept: false }
    }

    /// Which of our threads it answers to, and how many answers there were, at that time.
    pub(super) fn look(&mut self, ours: u32, answered: u32, now: Instant) -> Move {
        let is_same = ours == self.seen.0;
        let plays = is_same && answered != self.seen.1;
        if plays != self.plays {
            (self.plays, self.since) = (plays, now);
        }
        self.seen = (ours, answered);
        if !plays {
            return if std::mem::take(&mut self.is_kept) { Move::LetGo } else { Move::Stay };
        }
        if self.is_kept || now.duration_since(self.since) < SETTLED {
            return Move::Stay;
        }
        self.is_kept = true;
        Move::Keep
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

    #[test]
    fn it_is_kept_once_it_has_played_for_a_while_and_let_go_when_it_rests() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut child = Following::new(begin);
        let looks = [
            // It waits; a warm-up on another thread; then it plays.
            (7, 0, 50, Move::Stay),
            (7, 900, 100, Move::Stay),
            (8, 910, 150, Move::Stay),
            (8, 920, 200, Move::Stay),
            (8, 970, 450, Move::Stay),
            (8, 980, 500, Move::Keep),
            (8, 990, 550, Move::Stay),
            // It has no block to play, and then one after the other.
            (8, 990, 600, Move::LetGo),
            (8, 990, 650, Move::Stay),
            (8, 995, 700, Move::Stay),
            (8, 999, 1_000, Move::Keep),
            // Our thread is another one.
            (9, 1_005, 1_050, Move::LetGo),
            (9, 1_010, 1_100, Move::Stay),
        ];
        for (ours, answered, ms, expected) in looks {
            assert_eq!(child.look(ours, answered, at(ms)), expected, "at {ms} ms");
        }
    }
}
