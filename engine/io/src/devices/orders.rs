//! Microphones that come, go and change on demand, while the engine and all the others play on.
//!
//! Whatever is asked for is opened before anything else is touched: what cannot be opened changes
//! nothing. The stream of a device that is left stays open until nothing is heard of it any more.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use retake_engine::LiveInput;

use super::{
    Clock, DeviceInfo, MoreInput,
    capture::Captured,
    feed::Reader,
    outage::Outage,
    plan::Target,
    session::{Session, State},
    streams::CaptureStream,
};
use crate::error::{End, IoError};

/// Gets what became of an order, on the `devices` thread; must not block.
pub type OnInput = Box<dyn FnOnce(Result<InputSet, IoError>) + Send>;

/// What is asked of the microphones. A number is used once: 0 is the first, and those of
/// [`super::DeviceRequest::more`] count from 1.
pub enum InputOrder {
    /// Open one more.
    Add {
        /// Its number.
        number: usize,
        /// What the command line would call it.
        device: String,
        /// Gets its end for the engine.
        then: OnInput,
    },
    /// The same of one that may be away: [`super::DeviceEvent::Input`] brings it when it is there.
    Await {
        /// Its number.
        number: usize,
        /// Its name.
        device: String,
    },
    /// Another device from now on.
    Set {
        /// Whose.
        number: usize,
        /// What the command line would call it.
        device: String,
        /// Gets what it is now.
        then: OnInput,
    },
    /// Nothing is heard any more of the device that [`InputOrder::Set`] has replaced.
    Release {
        /// Whose.
        number: usize,
    },
    /// Close it; its number is nobody's any more.
    Remove {
        /// Its number.
        number: usize,
    },
}

/// A microphone after an order.
#[derive(Debug)]
pub enum InputSet {
    /// The first: the engine has it already, or gets it by way of [`super::DeviceEvent::Reshape`].
    First {
        /// As it was granted.
        info: DeviceInfo,
        /// Frames from its callback to the speaker's.
        latency_frames: usize,
        /// It is real, and so is the speaker: it may hear it.
        is_live_loop: bool,
    },
    /// One beside it, for a voice.
    Beside(Box<MoreInput>),
}

impl fmt::Debug for InputOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { number, device, .. } => write!(f, "Add({number}, {device:?})"),
            Self::Await { number, device } => write!(f, "Await({number}, {device:?})"),
            Self::Set { number, device, .. } => write!(f, "Set({number}, {device:?})"),
            Self::Release { number } => write!(f, "Release({number})"),
            Self::Remove { number } => write!(f, "Remove({number})"),
        }
    }
}

/// Orders that can be on their way at once.
pub(super) const ORDERS: usize = 32;

/// A place among the orders on their way.
pub(super) struct Place(Arc<AtomicUsize>);

impl Place {
    pub(super) fn take(taken: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(taken));
        (taken.fetch_add(1, Relaxed) < ORDERS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A stream that was opened while the engine runs, and its end for it.
pub(super) struct Fresh {
    pub(super) stream: CaptureStream,
    pub(super) input: LiveInput,
    pub(super) last: (DeviceInfo, usize),
}

impl Session {
    pub(super) fn obey(&mut self, order: InputOrder) {
        match order {
            InputOrder::Add { number, device, then } => then(self.add_input(number, &device)),
            InputOrder::Await { number, device } => self.await_input(number, &device),
            InputOrder::Set { number, device, then } => then(self.set_input(number, &device)),
            InputOrder::Release { number } => {
                if let Some(n) = self.place_of(number) {
                    self.captures[n].leaving.pop_front();
                }
            }
            InputOrder::Remove { number } => {
                if let Some(n) = self.place_of(number).filter(|n| *n > 0) {
                    self.remove_input(n);
                }
            }
        }
    }

    /// Opens what the plan says of a microphone, beside what it has open.
    ///
    /// # Errors
    /// Those of finding and opening; then nothing has changed.
    pub(super) fn open_fresh(&mut self, n: usize) -> Result<Fresh, IoError> {
        let found = self.plan.find_input(n)?;
        let clock = self.last_clock.as_ref().ok_or(IoError::NoEnds)?;
        let opener = self.opener.counting(&self.captures[n].probe);
        let (stream, feed) = opener.capture(found, clock.info.rate)?;
        let info = feed.granted.info.clone();
        let probe = Arc::clone(&self.captures[n].probe);
        let (input, latency_frames) = feed.into_input(Reader::beside(clock), probe)?;
        // Else it begins with all the others.
        if self.state == State::Playing {
            stream.play()?;
        }
        Ok(Fresh { stream, input, last: (info, latency_frames) })
    }

    /// Makes what was opened the microphone at that place; gives the stream back that it had.
    pub(super) fn more_input(
        &mut self,
        n: usize,
        fresh: Fresh,
    ) -> (MoreInput, Option<CaptureStream>) {
        let is_live_loop = self.plan.is_live_loop(n);
        let captured = &mut self.captures[n];
        let mut input = fresh.input.fading_in();
        captured.plug = Some(input.plug());
        let (info, latency_frames) = fresh.last.clone();
        let before = captured.keep(fresh.stream, fresh.last);
        let (number, probe) = (captured.number, Arc::clone(&captured.probe));
        (MoreInput { number, input, probe, info, latency_frames, is_live_loop }, before)
    }

    fn add_input(&mut self, number: usize, device: &str) -> Result<InputSet, IoError> {
        self.check_changeable()?;
        let target = self.plan.target_of(device)?;
        let n = self.push_input(number, target);
        match self.open_fresh(n) {
            Ok(fresh) => Ok(InputSet::Beside(Box::new(self.more_input(n, fresh).0))),
            Err(error) => {
                self.remove_input(n);
                Err(error)
            }
        }
    }

    /// It comes as one that was lost comes back.
    fn await_input(&mut self, number: usize, device: &str) {
        let known = self.plan.target_of(device);
        let reason = known.as_ref().err().map(ToString::to_string);
        let n = self.push_input(number, known.unwrap_or_else(|_| Target::Named(device.to_owned())));
        match reason {
            Some(reason) => self.note_input_outage(n, &reason),
            None => self.retry_input(n),
        }
    }

    fn push_input(&mut self, number: usize, target: Target) -> usize {
        self.plan.more.push(target);
        self.captures.push(Captured::new(number, Arc::default()));
        self.captures.len() - 1
    }

    fn remove_input(&mut self, n: usize) {
        self.plan.more.remove(n - 1);
        self.captures.remove(n);
    }

    fn set_input(&mut self, number: usize, device: &str) -> Result<InputSet, IoError> {
        self.check_changeable()?;
        if self.state != State::Playing {
            return Err(IoError::NotNow("the audio devices are just changing"));
        }
        if number == 0 && self.plan.input.is_none() {
            return Err(IoError::Unchangeable("there is no first"));
        }
        if number == 0 && self.plan.clock_end() == End::Input {
            return Err(IoError::Unchangeable("with --output none it is what drives the session"));
        }
        let n = self.place_of(number).ok_or(IoError::NoEnds)?;
        let target = self.plan.target_of(device)?;
        let before = self.plan.put_input(n, target);
        let set = self.open_fresh(n).and_then(|fresh| self.change_over(n, fresh));
        if let (true, Some(before)) = (set.is_err(), before) {
            self.plan.put_input(n, before);
        }
        set
    }

    /// What was opened takes over from what plays.
    fn change_over(&mut self, n: usize, fresh: Fresh) -> Result<InputSet, IoError> {
        if n > 0 {
            let (more, before) = self.more_input(n, fresh);
            self.captures[n].leaving.extend(before);
            self.end_input_outage(n);
            return Ok(InputSet::Beside(Box::new(more)));
        }
        let ((info, latency_frames), is_live_loop) =
            (fresh.last.clone(), self.plan.is_live_loop(0));
        let captured = &mut self.captures[0];
        if captured.plug.as_ref().is_some_and(|plug| plug.fits(&fresh.input)) {
            if !captured.replace(fresh.input.fading_in()) {
                return Err(IoError::NotNow("the engine is busy"));
            }
            // It fades out with what its ring holds.
            drop(captured.keep(fresh.stream, fresh.last));
            self.end_input_outage(0);
        } else {
            // Of other channels: for another engine.
            drop(fresh);
            captured.outage.iter_mut().for_each(Outage::begin_try);
            self.regroup(true);
        }
        Ok(InputSet::First { info, latency_frames, is_live_loop })
    }

    fn check_changeable(&self) -> Result<(), IoError> {
        match (self.opener.request.clock, self.state) {
            (Clock::Fast, _) => Err(IoError::Unchangeable("the fast clock knows no now")),
            (_, State::Over) => Err(IoError::Unchangeable("the session ends")),
            _ => Ok(()),
        }
    }
}
