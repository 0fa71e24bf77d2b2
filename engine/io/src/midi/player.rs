//! Feeds a score to the engine: every event with its frame, ahead of the clock.
//!
//! Owned by control, which calls [`MidiPlayer::feed`] before the clock starts and then regularly.
//! What was fed lies in the engine, so that nothing here is late; on the fast clock a [`Gate`]
//! holds the scheduler at the first frame that is not fed yet. Only a part of a long score lies in
//! the engine at a time: what others send must find room and be obeyed at once.

use std::sync::{
    Arc,
    atomic::{
        AtomicU64,
        Ordering::{Acquire, Release},
    },
};

use retake_engine::{EventBody, Probe};

use super::Score;
use crate::devices::Gate;

/// Events that lie in the engine at a time; its command ring holds four times as many.
const AHEAD: usize = 4_096;
/// Events within one callback at most; the rest of an absurd file comes a callback later. A gate
/// would else wait for room that only the block behind it can make.
const PER_CALLBACK: usize = AHEAD / 2;

/// A score on its way to the engine. Played once.
#[derive(Debug)]
pub struct MidiPlayer {
    score: Score,
    /// The frame of each event, on the clock of the last [`MidiPlayer::begin`].
    frames: Vec<u64>,
    clock: Option<Clock>,
    n_fed: usize,
    n_passed: usize,
    /// Every event before this frame is fed.
    fed_until: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Clock {
    /// Where `seconds` of the score are.
    frame: u64,
    seconds: f64,
    rate: u32,
}

impl MidiPlayer {
    /// A player of `score`.
    pub fn new(score: Score) -> Self {
        Self {
            score,
            frames: Vec::new(),
            clock: None,
            n_fed: 0,
            n_passed: 0,
            fed_until: Arc::default(),
        }
    }

    /// An engine of `rate` Hz begins, whose callbacks are of at most `callback_frames`. The first
    /// time the score begins at `frame` of its clock; a later engine takes the score up where the
    /// clock of the one before stood at `frame`.
    pub fn begin(&mut self, frame: u64, rate: u32, callback_frames: usize) {
        let seconds = self.clock.as_ref().map_or(0.0, |clock| {
            let passed = frame.saturating_sub(clock.frame) as f64;
            clock.seconds + passed / f64::from(clock.rate)
        });
        let events = self.score.events.iter();
        self.frames = events.map(|e| frame + frames_of(e.seconds - seconds, rate)).collect();
        self.n_fed = self.score.events.partition_point(|e| e.seconds < seconds);
        self.n_passed = self.n_fed;
        for i in self.n_fed + PER_CALLBACK..self.frames.len() {
            let earliest = self.frames[i - PER_CALLBACK] + callback_frames as u64;
            self.frames[i] = self.frames[i].max(earliest).max(self.frames[i - 1]);
        }
        self.clock = Some(Clock { frame, seconds, rate });
        self.tell();
    }

    /// Feeds as far as the engine should know, whose clock stands at `now`; `send` says whether
    /// an event for a frame was taken.
    pub fn feed(&mut self, now: u64, mut send: impl FnMut(u64, EventBody) -> bool) {
        let passed = self.frames[self.n_passed..self.n_fed].partition_point(|frame| *frame < now);
        self.n_passed += passed;
        let end = self.frames.len().min(self.n_passed + AHEAD);
        let before = self.n_fed;
        while self.n_fed < end && send(self.frames[self.n_fed], self.score.events[self.n_fed].body)
        {
            self.n_fed += 1;
        }
        if self.n_fed > before {
            self.tell();
        }
    }

    /// Opens while every event of the next block is fed. The engine counts its frames in `probe`.
    pub fn gate(&self, probe: Arc<Probe>) -> Gate {
        let fed_until = Arc::clone(&self.fed_until);
        Box::new(move |frames| {
            let end = probe.frames.get().saturating_add(frames as u64);
            end <= fed_until.load(Acquire)
        })
    }

    fn tell(&self) {
        let next = self.frames.get(self.n_fed).copied();
        self.fed_until.store(next.unwrap_or(u64::MAX), Release);
    }
}

/// The nearest frame; a score is at most as long as its ticks can count.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn frames_of(seconds: f64, rate: u32) -> u64 {
    (seconds * f64::from(rate)).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::midi::TimedEvent;

    fn player(seconds: impl Iterator<Item = f64>) -> MidiPlayer {
        let body = EventBody::Midi([0xb0, 1, 1]);
        let events = seconds.map(|seconds| TimedEvent { seconds, body }).collect();
        MidiPlayer::new(Score { events, tempo_bpm: None })
    }

    /// The frames that are fed when the clock stands at `now`.
    fn feed(player: &mut MidiPlayer, now: u64) -> Vec<u64> {
        let mut fed = Vec::new();
        player.feed(now, |frame, _| {
            fed.push(frame);
            true
        });
        fed
    }

    #[test]
    fn events_come_at_the_nearest_frame_after_the_origin() {
        let mut player = player([0.0, 0.5, 1.000_009].into_iter());
        player.begin(100, 48_000, 512);
        assert_eq!(feed(&mut player, 0), [100, 24_100, 48_100]);
        assert_eq!(feed(&mut player, 0), [0; 0]);
    }

    #[test]
    fn the_gate_opens_for_what_is_fed() {
        let probe = Arc::new(Probe::default());
        let n = AHEAD + 10;
        let mut player = player((0..n).map(|i| i as f64 / 100.0));
        player.begin(0, 48_000, 512);
        let mut gate = player.gate(Arc::clone(&probe));
        assert!(!gate(512), "nothing is fed");
        assert_eq!(feed(&mut player, 0).len(), AHEAD);
        let end = AHEAD as u64 * 480;
        probe.frames.set(end - 512);
        assert!(gate(512));
        probe.frames.set(end - 511);
        assert!(!gate(512), "an event of this block is not fed");
        assert_eq!(feed(&mut player, end - 511).len(), 10);
        assert!(gate(512), "the score is at its end");
    }

    #[test]
    fn a_full_ring_is_tried_again() {
        let mut player = player([0.0, 0.0, 1.0].into_iter());
        player.begin(0, 48_000, 512);
        let mut room = 1;
        player.feed(0, |_, _| std::mem::replace(&mut room, 0) == 1);
        let probe = Arc::new(Probe::default());
        assert!(!player.gate(probe)(1));
        assert_eq!(feed(&mut player, 0), [0, 48_000]);
    }

    #[test]
    fn however_many_events_one_block_has_the_gate_opens() {
        let probe = Arc::new(Probe::default());
        let mut player = player(std::iter::repeat_n(0.0, 5 * AHEAD));
        let callback = 8_191;
        player.begin(0, 48_000, callback);
        let mut gate = player.gate(Arc::clone(&probe));
        let mut fed = Vec::new();
        for n in 0..12 {
            let now = n * callback as u64;
            probe.frames.set(now);
            fed.extend(feed(&mut player, now));
            assert!(gate(callback), "callback {n}");
        }
        assert_eq!(fed.len(), 5 * AHEAD);
        assert!(fed.windows(PER_CALLBACK + 1).all(|w| w[PER_CALLBACK] - w[0] >= callback as u64));
    }

    #[test]
    fn another_rate_goes_on_where_the_old_one_stood() {
        let mut player = player([0.0, 1.0, 2.0].into_iter());
        player.begin(1_000, 48_000, 512);
        feed(&mut player, 0);
        // 1.5 s later, at half the rate.
        player.begin(73_000, 24_000, 512);
        assert_eq!(feed(&mut player, 73_000), [85_000]);
        player.begin(85_000, 48_000, 512);
        assert_eq!(feed(&mut player, 85_000), [85_000]);
    }
}
