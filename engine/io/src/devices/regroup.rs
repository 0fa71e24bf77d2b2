//! When a device dies or comes back: the Engine goes home, streams are opened anew, the Engine
//! goes out again. The stream that has not changed is left alone.

use std::time::{Duration, Instant};

use retake_engine::Engine;

use super::{
    DeviceEvent, DeviceState, Message, Opened,
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
    /// The device at `end` is gone: goes on without it.
    pub(super) fn lose(&mut self, end: End, reason: &str) {
        if self.state == State::Playing {
            self.note_outage(end, reason);
            self.regroup(end);
        }
    }

    fn note_outage(&mut self, end: End, reason: &str) {
        let state =
            if self.outages.contains_key(&end) { DeviceState::Retry } else { DeviceState::Lost };
        let outage = self.outages.entry(end).or_insert_with(Outage::new);
        if outage.fail(Instant::now(), reason) {
            self.tell(end, state, reason);
        }
    }

    /// Opens the device at `end` again if it is there.
    pub(super) fn retry(&mut self, end: End) {
        if let Err(error) = self.plan.find(end) {
            return self.note_outage(end, &error.to_string());
        }
        let is_clock = end == self.plan.clock_end();
        for (&other, outage) in &mut self.outages {
            // What the clock's device came back with, the other end may have come back with too:
            // both at once is one new engine at most.
            if other == end || is_clock {
                outage.begin_try();
            }
        }
        self.regroup(end);
    }

    /// Gets the engine home and gives it the streams that can be had now.
    fn regroup(&mut self, changed: End) {
        let keeps_clock = changed != self.plan.clock_end();
        let Some(mut engine) = self.bring_home(keeps_clock) else {
            return self.end(Err(IoError::EngineKept));
        };
        let opened = match self.reopen() {
            Ok(opened) => opened,
            Err(error) => {
                self.engine = Some(engine);
                return self.end(Err(error));
            }
        };
        let back = self.end_outages();
        if opened.fits(&engine) {
            engine.begin_epoch(opened.input);
            self.play(engine);
        } else {
            self.state = State::Waiting;
            let opened = Box::new(opened);
            self.emit(DeviceEvent::Reshape { engine, opened });
        }
        for end in back {
            if !self.outages.contains_key(&end) {
                self.tell(end, DeviceState::Back, "opened again");
            }
        }
    }

    /// The ends whose try has succeeded.
    fn end_outages(&mut self) -> Vec<End> {
        let trying = self.outages.iter().filter(|(_, outage)| outage.is_trying());
        let back: Vec<_> = trying.map(|(end, _)| *end).collect();
        self.outages.retain(|_, outage| !outage.is_trying());
        back
    }

    /// Opens what can be opened, a stand-in for a missing clock.
    fn reopen(&mut self) -> Result<Opened, IoError> {
        loop {
            let (end, error) = match self.open_streams() {
                Ok(feed) => return self.describe(feed),
                Err(failed) => failed,
            };
            if !self.may_open(end) {
                // Not even the stand-in.
                return Err(error);
            }
            self.note_outage(end, &error.to_string());
        }
    }

    /// Closes the capture stream, takes the engine from the clock's callback, and closes that
    /// stream too unless it is to be kept.
    pub(super) fn bring_home(&mut self, keeps_clock: bool) -> Option<Box<Engine>> {
        self.capture = None;
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

/// Opening.
impl Session {
    /// Whether the device at `end` is not known to be away.
    fn may_open(&self, end: End) -> bool {
        self.outages.get(&end).is_none_or(Outage::is_trying)
    }

    /// Opens the streams that are missing; the engine's end of the microphone comes back.
    pub(super) fn open_streams(&mut self) -> Result<Option<Feed>, (End, IoError)> {
        let clock_end = self.plan.clock_end();
        let feed = match self.clock {
            Some(_) => None,
            None => self.open_clock(clock_end).map_err(|e| (clock_end, e))?,
        };
        if clock_end == End::Input || self.plan.input.is_none() || !self.may_open(End::Input) {
            return Ok(feed);
        }
        self.open_capture().map(Some).map_err(|e| (End::Input, e))
    }

    fn open_clock(&mut self, end: End) -> Result<Option<Feed>, IoError> {
        if let (false, Some(like)) = (self.may_open(end), &self.last_clock) {
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

    fn open_capture(&mut self) -> Result<Feed, IoError> {
        let rate = self.last_clock.as_ref().map_or(0, |granted| granted.info.rate);
        let found = self.plan.find(End::Input)?;
        let (capture, feed) = self.opener.capture(found, rate)?;
        self.capture = Some(capture);
        Ok(feed)
    }

    /// What control and the engine must know of the streams that are open now.
    pub(super) fn describe(&self, feed: Option<Feed>) -> Result<Opened, IoError> {
        let Some(clock) = &self.last_clock else {
            return Err(IoError::NoEnds);
        };
        let reader = Reader {
            playback: (self.plan.clock_end() == End::Output).then_some(clock),
            engine_rate: clock.info.rate,
            max_block: super::opened::max_block(clock),
        };
        let granted = feed.as_ref().map(|feed| feed.granted.clone());
        let input = feed.map(|feed| feed.into_input(reader, self.opener.probe.clone()));
        let input = input.transpose()?;
        Ok(self.plan.opened(&self.opener.request, (clock, granted), input))
    }
}
