//! The capture streams beside the clock: each opened, lost and opened again on its own, while the
//! engine and all the others play on.
//!
//! Every such stream has a plug into the engine. Its loss puts silence there; its return, what it
//! captures, faded in. Nothing else in the engine changes by a bit. One that comes back with other
//! channels gets another voice. (Those that come, go or change on demand: see [`super::orders`].)

use std::{collections::VecDeque, sync::Arc, time::Instant};

use retake_engine::{InputPlug, LiveInput, Probe};

use super::{
    DeviceEvent, DeviceInfo, DeviceState, MoreInput, Opened,
    feed::{Feed, Reader},
    open::Granted,
    outage::Outage,
    session::{Session, State},
    streams::CaptureStream,
};
use crate::error::{End, IoError};

/// One microphone that does not own the clock.
pub(super) struct Captured {
    /// Never another's in this session; 0 = the first.
    pub(super) number: usize,
    pub(super) stream: Option<CaptureStream>,
    /// The streams of the devices before, which fade out one after the other.
    pub(super) leaving: VecDeque<CaptureStream>,
    pub(super) outage: Option<Outage>,
    /// The session's for the first, its own for every other.
    pub(super) probe: Arc<Probe>,
    pub(super) plug: Option<InputPlug>,
    /// What the device gave last, and the latency that it meant.
    last: Option<(DeviceInfo, usize)>,
}

impl Captured {
    pub(super) fn new(number: usize, probe: Arc<Probe>) -> Self {
        let (stream, outage, plug, last) = (None, None, None, None);
        Self { number, stream, leaving: VecDeque::new(), outage, probe, plug, last }
    }

    /// Whether the device is not known to be away.
    pub(super) fn may_open(&self) -> bool {
        self.outage.as_ref().is_none_or(Outage::is_trying)
    }

    /// The input of a stream that was opened, or of one that is away.
    fn input(&mut self, feed: Option<Feed>, reader: Reader<'_>) -> Result<LiveInput, IoError> {
        if let Some(feed) = feed {
            let info = feed.granted.info.clone();
            let (input, latency) = feed.into_input(reader, Arc::clone(&self.probe))?;
            self.last = Some((info, latency));
            return Ok(input);
        }
        let channels = self.last.as_ref().map_or(1, |(info, _)| info.channels.into());
        let shape = (channels, reader.engine_rate, reader.max_block);
        LiveInput::absent(shape, Arc::clone(&self.probe)).map_err(|e| IoError::Convert {
            from: reader.engine_rate,
            to: reader.engine_rate,
            reason: e.to_string(),
        })
    }

    /// Takes over what was opened while the engine runs, but for its input; gives the stream back
    /// that it had.
    pub(super) fn keep(
        &mut self,
        stream: CaptureStream,
        last: (DeviceInfo, usize),
    ) -> Option<CaptureStream> {
        self.last = Some(last);
        self.stream.replace(stream)
    }

    /// Puts `input` in the place of what plays; whether it could.
    pub(super) fn replace(&mut self, input: LiveInput) -> bool {
        self.plug.as_mut().is_some_and(|plug| plug.replace(Box::new(input)).is_ok())
    }
}

/// Opening.
impl Session {
    /// Opens the capture streams that are missing and may be there; what they give, by their numbers.
    pub(super) fn open_captures(&mut self) -> Result<Vec<Option<Feed>>, (usize, IoError)> {
        let mut feeds = Vec::new();
        for n in 0..self.captures.len() {
            let is_wanted = self.has_capture(n) && self.captures[n].may_open();
            feeds.push(is_wanted.then(|| self.open_capture(n)).transpose().map_err(|e| (n, e))?);
        }
        Ok(feeds)
    }

    /// Whether the microphone of that number has a stream beside the clock's.
    fn has_capture(&self, n: usize) -> bool {
        n > 0 || (self.plan.clock_end() == End::Output && self.plan.input.is_some())
    }

    fn open_capture(&mut self, n: usize) -> Result<Feed, IoError> {
        let rate = self.last_clock.as_ref().map_or(0, |granted| granted.info.rate);
        let found = self.plan.find_input(n)?;
        let opener = self.opener.counting(&self.captures[n].probe);
        let (capture, feed) = opener.capture(found, rate)?;
        self.captures[n].stream = Some(capture);
        Ok(feed)
    }

    /// The inputs of what was opened, into `opened`.
    pub(super) fn describe_captures(
        &mut self,
        feeds: Vec<Option<Feed>>,
        clock: &Granted,
        opened: &mut Opened,
    ) -> Result<(), IoError> {
        for (n, feed) in feeds.into_iter().enumerate() {
            if !self.has_capture(n) {
                continue;
            }
            let is_live_loop = self.plan.is_live_loop(n);
            let captured = &mut self.captures[n];
            if feed.is_none() && captured.last.is_none() {
                // It was never there: who knows its channels.
                continue;
            }
            let input = captured.input(feed, Reader::beside(clock))?;
            let Some((info, latency_frames)) = captured.last.clone() else { continue };
            let (number, probe) = (captured.number, Arc::clone(&captured.probe));
            let more = MoreInput { number, input, probe, info, latency_frames, is_live_loop };
            if n == 0 { opened.take_first(more) } else { opened.take_more(more) }
        }
        Ok(())
    }

    /// Every input of a new engine gets its plug.
    pub(super) fn plug_in(&mut self, opened: &mut Opened) {
        self.plug_in_first(opened);
        for more in &mut opened.more {
            if let Some(n) = self.place_of(more.number) {
                self.captures[n].plug = Some(more.input.plug());
            }
        }
    }

    /// The first input, which an engine that stays gets anew.
    pub(super) fn plug_in_first(&mut self, opened: &mut Opened) {
        if let Some(input) = opened.input.as_mut().filter(|_| self.has_capture(0)) {
            self.captures[0].plug = Some(input.plug());
        }
    }

    /// The others, which an engine that stays has already.
    pub(super) fn replace_more(&mut self, opened: &mut Opened) {
        for mut more in opened.more.drain(..) {
            let Some(n) = self.place_of(more.number) else { continue };
            more.input = more.input.fading_in();
            let captured = &mut self.captures[n];
            if !captured.plug.as_ref().is_some_and(|plug| plug.fits(&more.input)) {
                captured.plug = Some(more.input.plug());
                self.emit(DeviceEvent::Input(Box::new(more)));
            } else if !captured.replace(more.input) {
                captured.stream = None;
                self.note_input_outage(n, BUSY);
            }
        }
    }

    /// Where the microphone of that number is.
    pub(super) fn place_of(&self, number: usize) -> Option<usize> {
        self.captures.iter().position(|captured| captured.number == number)
    }
}

/// Why an input that was opened does not play yet.
const BUSY: &str = "the engine is busy";

/// Losing one, and having it again.
impl Session {
    /// The microphone of that number is gone: silence in its place.
    pub(super) fn lose_input(&mut self, n: usize, reason: &str) {
        if self.state != State::Playing {
            return;
        }
        self.captures[n].stream = None;
        self.note_input_outage(n, reason);
        let Some(clock) = &self.last_clock else { return };
        let captured = &mut self.captures[n];
        if let Ok(input) = captured.input(None, Reader::beside(clock)) {
            // An engine that has not taken the last one yet hears that one run dry.
            let _ = captured.replace(input);
        }
    }

    pub(super) fn note_input_outage(&mut self, n: usize, reason: &str) {
        let captured = &mut self.captures[n];
        let state = if captured.outage.is_some() { DeviceState::Retry } else { DeviceState::Lost };
        let outage = captured.outage.get_or_insert_with(Outage::new);
        if outage.fail(Instant::now(), reason) {
            self.tell_input(n, state, reason);
        }
    }

    /// Opens it again if it is there.
    pub(super) fn retry_input(&mut self, n: usize) {
        let fresh = match self.open_fresh(n) {
            Ok(fresh) => fresh,
            Err(error) => return self.note_input_outage(n, &error.to_string()),
        };
        let fits = self.captures[n].plug.as_ref().is_some_and(|plug| plug.fits(&fresh.input));
        if !fits && n == 0 {
            // Of other channels: for another engine.
            drop(fresh);
            return self.regroup(true);
        }
        if !fits {
            let (more, _) = self.more_input(n, fresh);
            self.emit(DeviceEvent::Input(Box::new(more)));
        } else if self.captures[n].replace(fresh.input.fading_in()) {
            self.captures[n].keep(fresh.stream, fresh.last);
        } else {
            return self.note_input_outage(n, BUSY);
        }
        self.end_input_outage(n);
    }

    pub(super) fn end_input_outage(&mut self, n: usize) {
        if self.captures[n].outage.take().is_some() {
            self.tell_input(n, DeviceState::Back, "opened again");
        }
    }

    /// Those that were opened again with the clock's device.
    pub(super) fn end_input_outages(&mut self) {
        for n in 0..self.captures.len() {
            if self.captures[n].stream.is_some() {
                self.end_input_outage(n);
            }
        }
    }

    /// Faults, and retries that are due.
    pub(super) fn look_after_captures(&mut self) {
        for n in 0..self.captures.len() {
            let stream = self.captures[n].stream.as_ref();
            if let Some(reason) = stream.and_then(|stream| stream.fault.reason()) {
                self.lose_input(n, &reason);
            }
            let outage = self.captures[n].outage.as_ref();
            if outage.is_some_and(|outage| outage.is_due(Instant::now())) {
                self.retry_input(n);
            }
        }
    }

    pub(super) fn play_captures(&mut self) {
        for n in 0..self.captures.len() {
            let stream = self.captures[n].stream.as_ref();
            if let Some(Err(error)) = stream.map(CaptureStream::play) {
                self.lose_input(n, &error.to_string());
            }
        }
    }
}
