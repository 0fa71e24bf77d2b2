//! A stream that lives and does nothing: a sound server may suspend a device, and tells no client.
//!
//! Callbacks are counted; a stream of a server that has none for a second is told as
//! lost, and as back with the next. Nothing is closed: the server goes on with it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{
    DeviceState,
    session::{MOVES_STREAMS, Session},
};

/// No callback for so long is no lateness.
const QUIET: Duration = Duration::from_secs(1);

/// How many callbacks a stream has had; shared with whoever watches.
#[derive(Debug, Clone, Default)]
pub(super) struct Beat(Arc<AtomicU64>);

impl Beat {
    /// A callback.
    ///
    /// # Real time
    /// One relaxed addition.
    pub(super) fn strike(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Who watches one stream.
#[derive(Debug, Default)]
pub(super) struct Watch {
    beat: Beat,
    seen: u64,
    /// When it was first seen that it has had so many.
    since: Option<Instant>,
    is_quiet: bool,
}

impl Watch {
    pub(super) fn new(beat: Beat) -> Self {
        Self { beat, ..Self::default() }
    }

    /// What is news at `now`.
    fn look(&mut self, now: Instant) -> Option<DeviceState> {
        let beats = self.beat.0.load(Relaxed);
        if beats != self.seen {
            (self.seen, self.since) = (beats, Some(now));
            return std::mem::take(&mut self.is_quiet).then_some(DeviceState::Back);
        }
        let since = *self.since.get_or_insert(now);
        let is_long = now.duration_since(since) > QUIET;
        let is_news = is_long && !self.is_quiet;
        self.is_quiet |= is_long;
        is_news.then_some(DeviceState::Lost)
    }
}

impl Session {
    /// Tells of streams that have gone quiet, and of those that are heard again.
    pub(super) fn listen_for_quiet(&mut self) {
        let (now, end) = (Instant::now(), self.plan.clock_end());
        let clock = self.clock.as_mut().filter(|clock| clock.granted.host == MOVES_STREAMS);
        let clock = clock.filter(|clock| !clock.is_stand_in);
        if let Some(state) = clock.and_then(|clock| clock.watch.look(now)) {
            self.tell(end, state, words(state));
        }
        for n in 0..self.captures.len() {
            let stream = self.captures[n].stream.as_mut();
            let stream = stream.filter(|stream| stream.host() == MOVES_STREAMS);
            if let Some(state) = stream.and_then(|stream| stream.watch.look(now)) {
                self.tell_input(n, state, words(state));
            }
        }
    }
}

fn words(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Back => "it is at work again",
        DeviceState::Lost | DeviceState::Retry => {
            "the sound server has not served it for a second: it may be suspended \
             (`pactl suspend-source NAME 0`, `pactl suspend-sink NAME 0`)"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_goes_quiet_is_told_once_and_so_is_its_return() {
        let beat = Beat::default();
        let mut watch = Watch::new(beat.clone());
        let at = |ms| Duration::from_millis(ms);
        let begun = Instant::now();
        assert_eq!(watch.look(begun), None, "it has not begun");
        assert_eq!(watch.look(begun + at(1_001)), Some(DeviceState::Lost), "and does not");
        beat.strike();
        assert_eq!(watch.look(begun + at(6_000)), Some(DeviceState::Back));
        assert_eq!(watch.look(begun + at(7_000)), None);
        assert_eq!(watch.look(begun + at(7_001)), Some(DeviceState::Lost));
        assert_eq!(watch.look(begun + at(9_000)), None, "told once");
        beat.strike();
        assert_eq!(watch.look(begun + at(9_001)), Some(DeviceState::Back));
        assert_eq!(watch.look(begun + at(9_002)), None);
    }
}
