//! The `devices` thread: one loop over orders, returned engines, faults and retries.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    time::{Duration, Instant},
};

use retake_engine::{Engine, Probe};

use super::{
    DeviceEvent, DeviceRequest, DeviceState, Message, Opened, RunPlan,
    capture::Captured,
    leash::{Leash, Pull},
    open::Granted,
    outage::Outage,
    plan::{Plan, Target, fallback_notice},
    regroup::Failed,
    streams::{ClockStream, Opener},
};
use crate::{
    choice::Choice,
    error::{End, IoError},
    hosts::{Found, VIRTUAL},
    priority::Thread,
    r#virtual::{Card, Run},
};

/// How often faults are looked for: their callbacks may not wake anyone.
const POLL: Duration = Duration::from_millis(20);

/// The sound server that needs looking after.
pub(super) const MOVES_STREAMS: &str = "pulseaudio";
/// How often it is looked whether a sound server still has the devices that were named.
const ROLL_CALL: Duration = Duration::from_millis(500);

/// Where events go.
pub(super) type Events = Box<dyn Fn(DeviceEvent) + Send>;

pub(super) fn run(
    request: DeviceRequest,
    probe: Arc<Probe>,
    events: Events,
    (home, inbox): (SyncSender<Message>, Receiver<Message>),
) {
    let opener = Opener { request, probe, home };
    let plan = match Plan::new(&opener.request) {
        Ok(plan) => plan,
        Err(error) => return events(DeviceEvent::OpenFailed(error)),
    };
    let mut session = Session::new(opener, plan, inbox, events);
    match session.open() {
        Ok(opened) => {
            session.emit(DeviceEvent::Opened(Box::new(opened)));
            session.serve();
        }
        Err(error) => session.emit(DeviceEvent::OpenFailed(error)),
    }
}

pub(super) struct Session {
    pub(super) opener: Opener,
    pub(super) plan: Plan,
    events: Events,
    pub(super) inbox: Receiver<Message>,
    /// Orders that came while an engine was awaited.
    pub(super) pending: VecDeque<Message>,
    pub(super) clock: Option<ClockStream>,
    /// The capture streams beside it: of the microphone, and of those that are more.
    pub(super) captures: Vec<Captured>,
    /// What the clock's device gave last: the shape of its stand-in.
    pub(super) last_clock: Option<Granted>,
    /// The engine, while no stream has it.
    pub(super) engine: Option<Box<Engine>>,
    /// The clock's device is away.
    pub(super) outage: Option<Outage>,
    pub(super) state: State,
    next_roll_call: Instant,
    /// The thread that calls the engine, where it was promoted.
    promoted: Option<(Thread, Leash)>,
    /// Where the run ends, in engine frames.
    stop_after_frames: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Streams are open and paused; control builds an engine.
    Waiting,
    Playing,
    /// The end was reached or the run failed; only `Stop` matters.
    Over,
}

impl Session {
    fn new(opener: Opener, plan: Plan, inbox: Receiver<Message>, events: Events) -> Self {
        let first = Captured::new(0, Arc::clone(&opener.probe));
        let more = (1..=plan.more.len()).map(|number| Captured::new(number, Arc::default()));
        Self {
            captures: std::iter::once(first).chain(more).collect(),
            opener,
            plan,
            events,
            inbox,
            pending: VecDeque::new(),
            clock: None,
            last_clock: None,
            engine: None,
            outage: None,
            state: State::Waiting,
            next_roll_call: Instant::now(),
            promoted: None,
            stop_after_frames: None,
        }
    }

    /// Opens both ends; a missing default device is replaced by the virtual one.
    fn open(&mut self) -> Result<Opened, IoError> {
        loop {
            let (end, error) = match self.open_streams() {
                Ok(feeds) => {
                    let mut opened = self.describe(feeds)?;
                    self.plug_in(&mut opened);
                    return Ok(opened);
                }
                Err(Failed::Clock(error)) => (self.plan.clock_end(), error),
                Err(Failed::Capture(0, error)) => (End::Input, error),
                Err(Failed::Capture(_, error)) => return Err(error),
            };
            let request = &mut self.opener.request;
            let choice = match end {
                End::Input => &mut request.input,
                End::Output => &mut request.output,
            };
            let may_fall_back = request.host.is_none() && *choice == Choice::Default;
            if !may_fall_back || !error.is_missing_device() {
                return Err(error);
            }
            *choice = Choice::Named(VIRTUAL.to_owned());
            self.clock = None;
            self.captures.iter_mut().for_each(|captured| captured.stream = None);
            let mut plan = Plan::new(request)?;
            plan.notices.append(&mut self.plan.notices);
            plan.notices.push(fallback_notice(end));
            self.plan = plan;
        }
    }

    pub(super) fn emit(&self, event: DeviceEvent) {
        (self.events)(event);
    }

    pub(super) fn tell(&self, end: End, state: DeviceState, reason: &str) {
        let reason = reason.to_owned();
        self.emit(DeviceEvent::State { end, input: 0, state, reason });
    }

    /// Of the microphone at that place.
    pub(super) fn tell_input(&self, n: usize, state: DeviceState, reason: &str) {
        let (input, reason) = (self.captures[n].number, reason.to_owned());
        self.emit(DeviceEvent::State { end: End::Input, input, state, reason });
    }

    fn serve(&mut self) {
        loop {
            let message = match self.pending.pop_front() {
                Some(message) => Ok(message),
                None => self.inbox.recv_timeout(POLL),
            };
            match message {
                Ok(Message::Start(engine, run)) => self.start(engine, run),
                Ok(Message::Input(order, place)) => {
                    drop(place);
                    self.obey(order);
                }
                Ok(Message::Stop) => return self.stop(),
                Ok(Message::Returned(engine)) => {
                    self.engine = Some(engine);
                    self.lose_clock("its stream was closed");
                }
                Ok(Message::Priority(priority, thread)) => {
                    self.promoted = thread.map(|thread| (thread, Leash::default()));
                    self.emit(DeviceEvent::Priority(priority));
                }
                Ok(Message::Ended(result)) => self.end(result),
                Err(RecvTimeoutError::Timeout) => {}
                // This thread holds a sender itself.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look_after();
        }
    }

    fn start(&mut self, engine: Box<Engine>, run: RunPlan) {
        self.state = State::Playing;
        self.stop_after_frames = run.stop_after_frames;
        self.play(engine);
        if let Some(card) = &self.plan.card {
            let clock_end = self.plan.clock_end();
            let is_clock = self.plan.is_virtual(clock_end);
            let home = self.opener.home.clone();
            card.arm(Run {
                stop_after: run.stop_after_frames.filter(|_| is_clock),
                skip: run.skip_frames,
                gates: run.gates,
                on_end: Box::new(move |result| drop(home.try_send(Message::Ended(result)))),
            });
        }
    }

    /// Gives the engine to the clock's callback and lets the streams run, capture first.
    pub(super) fn play(&mut self, engine: Box<Engine>) {
        let Some(clock) = &self.clock else {
            self.engine = Some(engine);
            return;
        };
        if let Err(engine) = clock.handover.give(engine) {
            self.engine = Some(engine);
            return self.lose_clock("its stream was closed");
        }
        self.play_captures();
        let played = self.clock.as_ref().map_or(Ok(()), ClockStream::play);
        if let Err(reason) = played {
            self.lose_clock(&reason);
        }
    }

    pub(super) fn end(&mut self, result: Result<(), IoError>) {
        if self.state != State::Over {
            self.state = State::Over;
            self.emit(match result {
                Ok(()) => DeviceEvent::Finished,
                Err(error) => DeviceEvent::Failed(error),
            });
        }
    }

    fn stop(&mut self) {
        let engine = self.bring_home(false);
        let finished = self.plan.card.as_ref().map_or(Ok(()), Card::finish);
        if let Err(error) = finished {
            self.emit(DeviceEvent::Failed(error));
        }
        self.emit(DeviceEvent::Stopped { engine });
    }

    /// Faults, retries that are due, and the end of a run on hardware.
    fn look_after(&mut self) {
        if self.state != State::Playing {
            return;
        }
        self.hold_the_leash();
        let clock_end = self.plan.clock_end();
        let clock_fault = self.clock.as_ref().and_then(|clock| clock.fault.reason());
        if let Some(reason) = clock_fault {
            self.lose_clock(&reason);
        }
        if self.outage.as_ref().is_some_and(|outage| outage.is_due(Instant::now())) {
            self.retry_clock();
        }
        self.look_after_captures();
        self.listen_for_quiet();
        if self.next_roll_call <= Instant::now() {
            self.next_roll_call = Instant::now() + ROLL_CALL;
            self.call_the_roll();
        }
        self.watch_duration(clock_end);
    }

    /// `PulseAudio` moves a stream whose device is gone to another one, and nobody is told.
    fn call_the_roll(&mut self) {
        let end = self.plan.clock_end();
        let clock = self.clock.as_ref().filter(|clock| !clock.is_stand_in);
        let may_move = clock.is_some_and(|clock| clock.granted.host == MOVES_STREAMS)
            && matches!(self.plan.target(end), Some(Target::Named(_)));
        if may_move && let Some(reason) = gone(self.plan.find(end)) {
            self.lose_clock(&reason);
        }
        for n in 0..self.captures.len() {
            let stream = self.captures[n].stream.as_ref();
            let may_move = stream.is_some_and(|stream| stream.host() == MOVES_STREAMS)
                && matches!(self.plan.input_target(n), Some(Target::Named(_)));
            if may_move && let Some(reason) = gone(self.plan.find_input(n)) {
                self.lose_input(n, &reason);
            }
        }
    }

    /// A callback that does not come back has no priority.
    fn hold_the_leash(&mut self) {
        let (Some(clock), Some((thread, leash))) = (&self.clock, &mut self.promoted) else {
            return;
        };
        let now = self.opener.request.epoch.elapsed();
        let now_ns = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        match leash.look(&clock.inside, now_ns) {
            Some(Pull::Take) => thread.demote(),
            Some(Pull::GiveBack) => thread.promote(),
            None => {}
        }
    }

    /// A virtual clock stops by itself at the exact frame.
    fn watch_duration(&mut self, clock_end: End) {
        let is_virtual = self.plan.is_virtual(clock_end);
        let limit = self.stop_after_frames.filter(|_| !is_virtual);
        if limit.is_some_and(|frames| self.opener.probe.frames.get() >= frames) {
            self.end(Ok(()));
        }
    }
}

/// Why a device is not there; a server that does not answer says nothing about it.
fn gone(found: Result<Found, IoError>) -> Option<String> {
    match found {
        Err(error @ IoError::UnknownDevice { .. }) => Some(error.to_string()),
        _ => None,
    }
}
