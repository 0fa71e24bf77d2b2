//! The oscilloscope: a window of the wave that stands still because its trigger does.

use super::{
    feed::{Feed, Side},
    section::{floats, word},
    traces::decimated,
};
use crate::web::{ScopeView, Trigger};

/// Most samples of a window that are written; longer ones become pairs of extremes.
const MAX_SAMPLES: usize = 1_024;

/// Looks for the trigger in the output, in every frame, whenever it is asked.
pub(super) struct Scope {
    view: ScopeView,
    state: State,
    /// The output before the next frame, and that frame; `None` at the start and after a gap.
    last: Option<(u64, f32)>,
    /// The last window that the trigger gave.
    window: Option<Window>,
    /// Without a trigger for so many frames the wave runs free.
    patience: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Armed,
    /// The trigger came at this frame; its window is not full yet.
    Fills(u64),
    Done,
}

struct Window {
    first_frame: u64,
    end_frame: u64,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Scope {
    pub(super) fn new(view: ScopeView, rate: u32) -> Self {
        let patience = u64::from(rate / 4).max(2 * view.frames as u64);
        Self { view, state: State::Armed, last: None, window: None, patience }
    }

    /// Takes in the newest frames.
    pub(super) fn take(&mut self, feed: &Feed) {
        if self.view.trigger == Trigger::Off {
            return;
        }
        let new = newest(feed.output(), self.view.channel, feed.n_new());
        let begin = feed.end() - new.len() as u64;
        if self.last.is_some_and(|(next, _)| next != begin) {
            self.last = None;
            self.state = if self.state == State::Done { State::Done } else { State::Armed };
        }
        for (frame, x) in (begin..).zip(new) {
            let before = self.last.replace((frame + 1, *x));
            self.step(feed, frame, before.map(|(_, before)| before), *x);
        }
    }

    fn step(&mut self, feed: &Feed, frame: u64, before: Option<f32>, x: f32) {
        if self.state == State::Armed && before.is_some_and(|before| self.crosses(before, x)) {
            let held_from = feed.end() - feed.held() as u64;
            if frame >= held_from + self.n_before() as u64 {
                self.state = State::Fills(frame);
            }
        }
        let State::Fills(trigger) = self.state else {
            return;
        };
        let first = trigger - self.n_before() as u64;
        let end = first + self.view.frames as u64;
        if frame + 1 >= end {
            self.window = Some(self.window(feed, end));
            let is_single = self.view.trigger == Trigger::Single;
            self.state = if is_single { State::Done } else { State::Armed };
        }
    }

    fn crosses(&self, before: f32, x: f32) -> bool {
        let level = self.view.level;
        if self.view.is_rising {
            before < level && x >= level
        } else {
            before > level && x <= level
        }
    }

    /// Frames of the window before the trigger.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to frames")]
    fn n_before(&self) -> usize {
        let n = (self.view.pre * self.view.frames as f32).round() as usize;
        n.min(self.view.frames - 1)
    }

    /// The window that ends at a frame, or as much of it as is remembered.
    fn window(&self, feed: &Feed, end_frame: u64) -> Window {
        let after = usize::try_from(feed.end() - end_frame).unwrap_or(usize::MAX);
        let held = feed.held().saturating_sub(after);
        let frames = self.view.frames.min(held);
        let cut = |side: &Side| {
            let row = newest(side, self.view.channel, frames + after);
            if row.is_empty() { vec![0.0; frames] } else { row[..frames].to_vec() }
        };
        let first_frame = end_frame - frames as u64;
        Window { first_frame, end_frame, input: cut(feed.input()), output: cut(feed.output()) }
    }

    /// Writes the window of the trigger, or what runs free.
    pub(super) fn write(&self, feed: &Feed, out: &mut Vec<u8>) {
        let is_patient = |window: &&Window| {
            self.view.trigger != Trigger::Auto || feed.end() - window.end_frame <= self.patience
        };
        let triggered = self.window.as_ref().filter(is_patient);
        let runs_free = matches!(self.view.trigger, Trigger::Auto | Trigger::Off);
        let free = (triggered.is_none() && runs_free).then(|| self.window(feed, feed.end()));
        let is_done = self.state == State::Done;
        let flags = usize::from(triggered.is_some()) | usize::from(is_done) << 1;
        word(out, flags);
        let (input, output) =
            triggered.or(free.as_ref()).map_or((&[][..], &[][..]), |w| (&w.input, &w.output));
        let first_frame = triggered.or(free.as_ref()).map_or(feed.end(), |w| w.first_frame);
        out.extend((first_frame as f64).to_le_bytes());
        let shown = [input, output].map(|row| decimated(row, MAX_SAMPLES));
        let n_before = if triggered.is_some() { self.n_before() } else { 0 };
        word(out, shown[0].len());
        word(out, n_before * shown[0].len() / input.len().max(1));
        for row in &shown {
            floats(out, row);
        }
    }
}

/// The newest frames of a channel, or of the last one where there are fewer.
fn newest(side: &Side, channel: usize, frames: usize) -> &[f32] {
    side.newest(channel.min(side.channels().saturating_sub(1)), frames)
}
