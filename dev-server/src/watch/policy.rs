//! When to build: the save policy, a state machine without a clock.
//!
//! The `watch` thread feeds it changes, ends of builds and the time, and does what it answers.
//! A first change starts a build at once; a change during a build kills it and waits until the
//! saves pause; saves that stay faster than the build are no longer waited for.

use std::time::{Duration, Instant};

/// A save of several files arrives as several changes: a build waits this long for the next one.
const COALESCE: Duration = Duration::from_millis(5);
/// A trickle of changes delays a first build by no more than this.
const COALESCE_MOST: Duration = Duration::from_millis(25);
/// After a kill: the pause between saves that means "done for now".
const QUIET: Duration = Duration::from_millis(30);
/// Saves closer than this have a rhythm; a pause is then twice the rhythm, so that one late save of
/// many does not look like the last. No cargo is as fast, so builds between such saves are futile.
const RHYTHM: Duration = Duration::from_millis(25);
/// A file that is written without pause is built after this all the same.
const QUIET_MOST: Duration = Duration::from_millis(500);
/// So many builds in a row may be killed; the next one runs to its end.
const KILLS: u32 = 2;

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Start a build.
    Start,
    /// Kill the running one, and tell [`Policy::finished`] when it is gone.
    Cancel,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Idle,
    /// Waiting for the changes to pause; starts at `due`, which never passes `latest`.
    Settling {
        due: Instant,
        latest: Instant,
        quiet: bool,
    },
    Building {
        dirty: bool,
    },
    Cancelling,
}

/// The save policy.
#[derive(Debug)]
pub struct Policy {
    state: State,
    /// Builds killed since one ran to its end.
    n_kills: u32,
    last_change: Option<Instant>,
    /// The longest gap between two changes of a rhythm, since the last start.
    rhythm: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { state: State::Idle, n_kills: 0, last_change: None, rhythm: Duration::ZERO }
    }
}

impl Policy {
    /// Something changed.
    pub fn changed(&mut self, now: Instant) -> Option<Action> {
        let gap = self.last_change.map(|last| now.saturating_duration_since(last));
        if let Some(gap) = gap.filter(|gap| *gap <= RHYTHM) {
            self.rhythm = self.rhythm.max(gap);
        }
        self.last_change = Some(now);
        match &mut self.state {
            State::Idle => self.settle(now, now + COALESCE, false),
            State::Settling { latest, quiet, .. } => {
                let (latest, quiet) = (*latest, *quiet);
                let due = now + if quiet { self.quiet() } else { COALESCE };
                self.state = State::Settling { due: due.min(latest), latest, quiet };
            }
            State::Building { dirty } if self.n_kills >= KILLS => *dirty = true,
            State::Building { .. } => {
                self.n_kills += 1;
                self.state = State::Cancelling;
                return Some(Action::Cancel);
            }
            State::Cancelling => {}
        }
        None
    }

    /// Someone asked for a build. One that runs already is the answer.
    pub fn requested(&mut self) -> Option<Action> {
        match self.state {
            State::Idle | State::Settling { .. } => Some(self.start()),
            State::Building { .. } | State::Cancelling => None,
        }
    }

    /// The build is gone; `cancelled` unless it ran to its end.
    pub fn finished(&mut self, now: Instant, cancelled: bool) {
        let state = self.state;
        if !cancelled {
            // Saves during a build that could not be killed: they are faster than the build, so
            // the next one gives way only once. Every second save is then heard, not every third.
            let outrun = matches!(state, State::Building { dirty: true });
            self.n_kills = u32::from(outrun) * (KILLS - 1);
        }
        let last = self.last_change.unwrap_or(now);
        match state {
            State::Cancelling => self.settle(now, last + self.quiet(), true),
            State::Building { dirty: true } => self.settle(now, last + COALESCE, false),
            State::Building { dirty: false } => self.state = State::Idle,
            State::Idle | State::Settling { .. } => {}
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Instant) -> Option<Action> {
        match self.state {
            State::Settling { due, .. } if due <= now => Some(self.start()),
            _ => None,
        }
    }

    /// When to call [`tick`](Self::tick) next.
    pub fn wake_at(&self) -> Option<Instant> {
        match self.state {
            State::Settling { due, .. } => Some(due),
            _ => None,
        }
    }

    fn settle(&mut self, now: Instant, due: Instant, quiet: bool) {
        let latest = now + if quiet { QUIET_MOST } else { COALESCE_MOST };
        self.state = State::Settling { due: due.min(latest), latest, quiet };
    }

    fn start(&mut self) -> Action {
        self.state = State::Building { dirty: false };
        self.rhythm = Duration::ZERO;
        Action::Start
    }

    fn quiet(&self) -> Duration {
        QUIET.max(self.rhythm * 2)
    }
}

#[cfg(test)]
mod tests;
