//! The virtual card: one clock, one thread, its lanes in order of time.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    devices::Gate,
    error::{End, IoError},
    r#virtual::{air::Air, lane::Lane},
};

/// How card time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As on the wall.
    Real,
    /// As fast as the callbacks return.
    Fast,
}

/// How the clock runs once all lanes play.
pub(crate) struct Run {
    /// The clock lane's frames after which everything stops.
    pub(crate) stop_after: Option<u64>,
    /// Frames that the speaker's file leaves out at its start.
    pub(crate) skip: u64,
    /// What must agree before each block (fast clock only).
    pub(crate) gates: Vec<Gate>,
    /// Told once, from the card's thread, when the clock has stopped by itself.
    pub(crate) on_end: Box<dyn FnMut(Result<(), IoError>) + Send>,
}

/// A closed gate is asked again after this long.
const GATE_POLL: Duration = Duration::from_micros(100);
/// A gate that stays closed for this long ends the run.
const GATE_WATCHDOG: Duration = Duration::from_secs(10);

/// A handle on the card; the last one dropped ends its thread.
#[derive(Clone)]
pub(crate) struct Card {
    handle: Arc<Handle>,
}

struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().quit = true;
        self.0.changed.notify_all();
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// How many wait for the lock: a fast clock would not let them in otherwise.
    knocks: AtomicUsize,
}

pub(crate) struct State {
    pub(crate) lanes: Vec<Lane>,
    /// Between the speaker and who hears it.
    pub(crate) air: Air,
    pace: Pace,
    run: Option<Run>,
    begun: Option<Instant>,
    closed_since: Option<Instant>,
    has_ended: bool,
    quit: bool,
    next_id: u64,
}

enum Plan {
    Idle,
    Sleep(Duration),
    Step(usize),
    Stuck,
}

impl Card {
    /// A card with these lanes; its thread, of that name, starts and waits.
    ///
    /// # Errors
    /// [`IoError::Thread`].
    pub(crate) fn new(name: &'static str, pace: Pace, lanes: Vec<Lane>) -> Result<Self, IoError> {
        let state = State {
            lanes,
            air: Air::default(),
            pace,
            run: None,
            begun: None,
            closed_since: None,
            has_ended: false,
            quit: false,
            next_id: 0,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            knocks: AtomicUsize::new(0),
        });
        let own = Arc::clone(&shared);
        thread::Builder::new()
            .name(name.into())
            .spawn(move || own.keep_time())
            .map_err(|e| IoError::Thread { name, reason: e.to_string() })?;
        Ok(Self { handle: Arc::new(Handle(shared)) })
    }

    /// Looks at or changes the state; no callback runs meanwhile.
    pub(crate) fn with<R>(&self, user: impl FnOnce(&mut State) -> R) -> R {
        let shared = &self.handle.0;
        let result = user(&mut shared.lock());
        shared.changed.notify_all();
        result
    }

    /// Lets the clock start as soon as every lane plays. The first word counts.
    pub(crate) fn arm(&self, run: Run) {
        self.with(|state| {
            if state.run.is_none() {
                state.lanes.iter_mut().for_each(|lane| lane.leave_out(run.skip));
                state.run = Some(run);
            }
        });
    }

    /// Stops the clock for good and ends the speaker's file.
    ///
    /// # Errors
    /// [`IoError::WavWrite`], [`IoError::DiskFull`].
    pub(crate) fn finish(&self) -> Result<(), IoError> {
        self.with(|state| {
            state.has_ended = true;
            state.finish_files()
        })
    }
}

impl State {
    pub(crate) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Seconds since the clock started.
    pub(crate) fn now(&self) -> f64 {
        match self.pace {
            Pace::Real => self.begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64()),
            Pace::Fast => self.lanes.iter().map(Lane::due).fold(0.0, f64::max),
        }
    }

    /// The lane whose frames are the engine's.
    fn clock_lane(&self) -> usize {
        let output = self.lanes.iter().position(|lane| lane.end() == End::Output);
        output.unwrap_or(0)
    }

    fn plan(&mut self) -> Plan {
        if self.has_ended || self.run.is_none() {
            return Plan::Idle;
        }
        // Hardware runs on without us; a fast clock waits until everything is there.
        let must_all_play = self.begun.is_none() || self.pace == Pace::Fast;
        if must_all_play && !self.lanes.iter().all(Lane::is_playing) {
            return Plan::Idle;
        }
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let order = |lane: &Lane| (lane.due(), lane.end() == End::Output);
        let next = (0..self.lanes.len()).min_by(|&a, &b| {
            let (a, b) = (order(&self.lanes[a]), order(&self.lanes[b]));
            a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
        });
        let Some(next) = next else { return Plan::Idle };
        match self.pace {
            Pace::Real => {
                let due = Duration::from_secs_f64(self.lanes[next].due());
                match (begun + due).checked_duration_since(Instant::now()) {
                    Some(early) if !early.is_zero() => Plan::Sleep(early),
                    _ => Plan::Step(next),
                }
            }
            Pace::Fast if next == self.clock_lane() => self.ask_gates(next),
            Pace::Fast => Plan::Step(next),
        }
    }

    fn ask_gates(&mut self, next: usize) -> Plan {
        let frames = self.lanes[next].period();
        let mut all_open = true;
        for gate in self.run.iter_mut().flat_map(|run| &mut run.gates) {
            all_open &= gate(frames);
        }
        if all_open {
            self.closed_since = None;
            return Plan::Step(next);
        }
        let since = self.closed_since.get_or_insert_with(Instant::now);
        if since.elapsed() > GATE_WATCHDOG {
            return Plan::Stuck;
        }
        Plan::Sleep(GATE_POLL)
    }

    fn step(&mut self, lane: usize) {
        let clock = self.clock_lane();
        let stop_after = self.run.as_ref().and_then(|run| run.stop_after);
        let stop_after = stop_after.unwrap_or(u64::MAX);
        let stop = if lane == clock { stop_after } else { u64::MAX };
        let mut result = self.lanes[lane].step(stop, &mut self.air);
        let is_over = self.lanes[clock].frames() >= stop_after;
        if is_over || result.is_err() {
            result = result.and(self.finish_files());
            self.end(result);
        }
    }

    fn end(&mut self, result: Result<(), IoError>) {
        self.has_ended = true;
        if let Some(run) = &mut self.run {
            (run.on_end)(result);
        }
    }

    fn finish_files(&mut self) -> Result<(), IoError> {
        self.lanes.iter_mut().try_for_each(Lane::finish)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.knocks.fetch_add(1, SeqCst);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.knocks.fetch_sub(1, SeqCst);
        state
    }

    /// The card's thread.
    fn keep_time(&self) {
        let mut state = self.lock();
        while !state.quit {
            let timeout = match state.plan() {
                Plan::Idle => Duration::from_hours(1),
                Plan::Sleep(duration) => duration,
                Plan::Stuck => {
                    let seconds = GATE_WATCHDOG.as_secs();
                    state.end(Err(IoError::Stuck { seconds }));
                    continue;
                }
                Plan::Step(lane) => {
                    state.step(lane);
                    state = self.let_others_in(state);
                    continue;
                }
            };
            let waited = self.changed.wait_timeout(state, timeout);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn let_others_in<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if self.knocks.load(SeqCst) == 0 {
            return state;
        }
        drop(state);
        while self.knocks.load(SeqCst) > 0 {
            thread::yield_now();
        }
        self.lock()
    }
}
