//! When the clock's device dies or comes back: the Engine goes home, streams are opened anew, the
//! Engine goes out again. (A capture device beside it: see [`super::capture`].)

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use retake_engine::Engine;

use super::{
    DeviceEvent, DeviceState, Message, MoreInput, Opened,
    feed::{Feed, Reader},
    outage::Outage,
    session::{Session, State},
};
use crate::error::{End, IoError};

/// A callback that lives puts a recalled engine down within this time.
const RECALL: Duration = Duration::from_secs(1);
/// A dropped stream sends its engine home within this time.
const HOMECOMING: Duration = Duration::from_secs(5);

impl Session {
    /// The clock's device is gone: goes on without it.
    pub(super) fn lose_clock(&mut self, reason: &str) {
        if self.state == State::Playing {
            self.note_outage(reason);
            self.regroup(false);
        }
    }

    fn note_outage(&mut self, reason: &str) {
        let state = if self.outage.is_some() { DeviceState::Retry } else { DeviceState::Lost };
        let outage = self.outage.get_or_insert_with(Outage::new);
        if outage.fail(Instant::now(), reason) {
            self.tell(self.plan.clock_end(), state, reason);
        }
    }

    /// Opens the clock's device again if it is there.
    pub(super) fn retry_clock(&mut self) {
        if let Err(error) = self.plan.find(self.plan.clock_end()) {
            return self.note_outage(&error.to_string());
        }
        // What it came back with, the others may have come back with too: all at once is one new
        // engine at most.
        let captures = self.captures.iter_mut().filter_map(|captured| captured.outage.as_mut());
        captures.chain(&mut self.outage).for_each(Outage::begin_try);
        self.regroup(false);
    }

    /// Gets the engine home and gives it the streams that can be had now.
    pub(super) fn regroup(&mut self, keeps_clock: bool) {
        let Some(mut engine) = self.bring_home(keeps_clock) else {
            return self.end(Err(IoError::EngineKept));
        };
        let mut opened = match self.reopen() {
            Ok(opened) => opened,
            Err(error) => {
                self.engine = Some(engine);
                return self.end(Err(error));
            }
        };
        let is_back = self.outage.take_if(|outage| outage.is_trying()).is_some();
        if opened.fits(&engine) {
            self.plug_in_first(&mut opened);
            self.replace_more(&mut opened);
            engine.begin_epoch(opened.input);
            self.play(engine);
        } else {
            self.state = State::Waiting;
            self.plug_in(&mut opened);
            let opened = Box::new(opened);
            self.emit(DeviceEvent::Reshape { engine, opened });
        }
        if is_back && self.outage.is_none() {
            self.tell(self.plan.clock_end(), DeviceState::Back, "opened again");
        }
        self.end_input_outages();
    }

    /// Opens what can be opened, a stand-in for a missing clock.
    fn reopen(&mut self) -> Result<Opened, IoError> {
        loop {
            match self.open_streams() {
                Ok(feeds) => return self.describe(feeds),
                // Not even the stand-in.
                Err(Failed::Clock(error)) if !self.may_open_clock() => return Err(error),
                Err(Failed::Clock(error)) => self.note_outage(&error.to_string()),
                Err(Failed::Capture(n, error)) => self.note_input_outage(n, &error.to_string()),
            }
        }
    }

    /// Closes the capture streams, takes the engine from the clock's callback, and closes that
    /// stream too unless it is to be kept.
    pub(super) fn bring_home(&mut self, keeps_clock: bool) -> Option<Box<Engine>> {
        for captured in &mut self.captures {
            captured.stream = None;
            captured.leaving.clear();
        }
        if keeps_clock && self.engine.is_none() {
            self.recall();
        }
        if self.engine.is_none() || !keeps_clock {
            self.clock = None;
        }
        let deadline = Instant::now() + HOMECOMING;
        while self.engine.is_none() && self.state != State::Waiting {
            let left = deadline.checked_duration_since(Instant::now())?;
            match self.inbox.recv_timeout(left) {
                Ok(Message::Returned(engine)) => self.engine = Some(engine),
                Ok(other) => self.pending.push_back(other),
                Err(_) => return None,
            }
        }
        self.engine.take()
    }

    fn recall(&mut self) {
        let Some(clock) = &self.clock else { return };
        clock.handover.recall();
        let deadline = Instant::now() + RECALL;
        while self.engine.is_none() && Instant::now() < deadline {
            match self.inbox.recv_timeout(Duration::from_millis(1)) {
                Ok(Message::Returned(engine)) => self.engine = Some(engine),
                Ok(other) => self.pending.push_back(other),
                Err(_) => self.engine = clock.handover.take(),
            }
        }
    }
}

/// What could not be opened.
pub(super) enum Failed {
    Clock(IoError),
    Capture(usize, IoError),
}

/// The reading ends of what was opened: of a capture device that owns the clock, and of those beside
/// the clock by their numbers.
pub(super) struct Feeds {
    clock: Option<Feed>,
    captures: Vec<Option<Feed>>,
}

/// Opening.
impl Session {
    /// Whether the clock's device is not known to be away.
    fn may_open_clock(&self) -> bool {
        self.outage.as_ref().is_none_or(Outage::is_trying)
    }

    /// Opens the streams that are missing; the engine's ends of the microphones come back.
    pub(super) fn open_streams(&mut self) -> Result<Feeds, Failed> {
        let clock = match self.clock {
            Some(_) => None,
            None => self.open_clock(self.plan.clock_end()).map_err(Failed::Clock)?,
        };
        let captures = self.open_captures().map_err(|(n, error)| Failed::Capture(n, error))?;
        Ok(Feeds { clock, captures })
    }

    fn open_clock(&mut self, end: End) -> Result<Option<Feed>, IoError> {
        if let (false, Some(like)) = (self.may_open_clock(), &self.last_clock) {
            self.clock = Some(self.opener.stand_in(like)?);
            return Ok(None);
        }
        let found = self.plan.find(end)?;
        let (clock, feed) = match end {
            End::Output => (self.opener.playback(&found)?, None),
            End::Input => {
                let (clock, feed) = self.opener.capture_clock(&found)?;
                (clock, Some(feed))
            }
        };
        self.last_clock = Some(clock.granted.clone());
        self.clock = Some(clock);
        Ok(feed)
    }

    /// What control and the engine must know of the streams that are open now.
    pub(super) fn describe(&mut self, feeds: Feeds) -> Result<Opened, IoError> {
        let Some(clock) = self.last_clock.clone() else {
            return Err(IoError::NoEnds);
        };
        let mut opened = self.plan.opened(&self.opener.request, &clock);
        if let Some(feed) = feeds.clock {
            let probe = Arc::clone(&self.opener.probe);
            let info = feed.granted.info.clone();
            let within = Reader::within(&clock);
            let (input, latency_frames) = feed.into_input(within, Arc::clone(&probe))?;
            let (number, is_live_loop) = (0, self.plan.is_live_loop(0));
            let more = MoreInput { number, input, probe, info, latency_frames, is_live_loop };
            opened.take_first(more);
        }
        self.describe_captures(feeds.captures, &clock, &mut opened)?;
        Ok(opened)
    }
}
