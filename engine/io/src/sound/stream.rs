//! One file that is read ahead into its window.

use std::ops::Range;

use retake_engine::{
    mixer::Repeat,
    window::{WindowGauge, WindowWriter},
};

use super::Track;
use crate::error::IoError;

/// Seconds of sound that a window holds at least: two ahead, and one to spare.
pub(super) const WINDOW_SECONDS: usize = 3;
/// A voice that is so far ahead of its file is met by a jump, not by reading all there is between.
const JUMP_SECONDS: u64 = 1;
/// The beginning of a loop that stays in memory, so that a short one needs no file at all.
const HEAD_SECONDS: u64 = 1;
/// Frames that are read at once.
const CHUNK_FRAMES: usize = 4_096;

/// A file, its place, and the window that it fills.
pub(super) struct Stream {
    track: Track,
    rate: u64,
    writer: WindowWriter,
    gauge: WindowGauge,
    /// Where the file's next frame is: in the resident head, or in the file.
    place: Place,
    repeat: Option<Range<u64>>,
    /// The voice's way from its time line to the file.
    shown: Repeat,
    head: Vec<f32>,
    chunk: Vec<f32>,
    has_ended: bool,
}

#[derive(Clone, Copy)]
enum Place {
    /// At this frame of the head.
    Head(u64),
    /// At this frame of the file, where the decoder stands.
    File(u64),
}

impl Stream {
    /// A stream that begins at the file's first frame. The beginning of its loop is read now.
    ///
    /// # Errors
    /// [`IoError::SoundRead`].
    pub(super) fn new(
        mut track: Track,
        rate: u32,
        repeat: Option<Range<u64>>,
        (writer, gauge): (WindowWriter, WindowGauge),
    ) -> Result<(Self, Repeat), IoError> {
        let rate = u64::from(rate);
        let (mut repeat, mut head) = (repeat.filter(|repeat| !repeat.is_empty()), Vec::new());
        let shown = Repeat::default();
        if let Some(range) = &mut repeat {
            let frames = (range.end - range.start).min(HEAD_SECONDS * rate);
            head = vec![0.0; usize::try_from(frames).unwrap_or(0) * track.channels()];
            track.seek(range.start)?;
            let got = track.read(&mut head)?;
            head.truncate(got * track.channels());
            if (got as u64) < frames {
                range.end = range.start + got as u64;
            }
            shown.set(range.clone());
            track.seek(0)?;
        }
        let repeat = repeat.filter(|repeat| !repeat.is_empty());
        let chunk = vec![0.0; CHUNK_FRAMES * track.channels()];
        let stream = Self {
            track,
            rate,
            writer,
            gauge,
            place: Place::File(0),
            repeat,
            shown: shown.clone(),
            head,
            chunk,
            has_ended: false,
        };
        Ok((stream, shown))
    }

    pub(super) fn gauge(&self) -> &WindowGauge {
        &self.gauge
    }

    /// Whether its voice is gone.
    pub(super) fn is_abandoned(&self) -> bool {
        self.writer.is_abandoned()
    }

    /// How much it needs to be served: frames that are ready, or `None` when it needs nothing.
    pub(super) fn urgency(&self) -> Option<u64> {
        let (wanted, at) = (self.writer.wanted(), self.writer.at());
        if wanted.epoch != at.epoch {
            return Some(0);
        }
        let has_room = self.writer.room() >= CHUNK_FRAMES;
        (has_room && !self.has_ended).then(|| at.frame.saturating_sub(wanted.frame))
    }

    /// Reads one chunk, after going where the voice is.
    ///
    /// # Errors
    /// [`IoError::SoundRead`]; the sound ends here.
    pub(super) fn serve(&mut self) -> Result<(), IoError> {
        let served = self.follow().and_then(|()| self.fill());
        if served.is_err() {
            // What broke is the end of whatever place is wanted.
            let (wanted, at) = (self.writer.wanted(), self.writer.at());
            if wanted.epoch != at.epoch {
                self.writer.begin(wanted);
            }
            self.writer.end();
            self.has_ended = true;
        }
        served
    }

    /// Goes on where the voice wants it, when that is elsewhere.
    fn follow(&mut self) -> Result<(), IoError> {
        let (wanted, at) = (self.writer.wanted(), self.writer.at());
        let is_far = wanted.frame > at.frame + JUMP_SECONDS * self.rate;
        if wanted.epoch != at.epoch || is_far {
            self.go_to(self.shown.frame_at(wanted.frame))?;
            self.has_ended = false;
            self.writer.begin(wanted);
        }
        Ok(())
    }

    fn go_to(&mut self, frame: u64) -> Result<(), IoError> {
        let start = self.repeat.as_ref().map_or(u64::MAX, |repeat| repeat.start);
        self.place = match frame.checked_sub(start) {
            Some(into) if into < self.head_frames() => Place::Head(into),
            _ => {
                self.track.seek(frame)?;
                Place::File(frame)
            }
        };
        Ok(())
    }

    fn head_frames(&self) -> u64 {
        (self.head.len() / self.track.channels()) as u64
    }

    fn fill(&mut self) -> Result<(), IoError> {
        let frames = self.writer.room().min(CHUNK_FRAMES);
        if frames == 0 || self.has_ended {
            return Ok(());
        }
        let channels = self.track.channels();
        let is_over = match self.place {
            Place::Head(at) => {
                let from = usize::try_from(at).unwrap_or(usize::MAX).saturating_mul(channels);
                let rest = self.head.get(from..).unwrap_or_default();
                let got = frames.min(rest.len() / channels);
                self.writer.write(&rest[..got * channels]);
                self.place = Place::Head(at + got as u64);
                got < frames
            }
            Place::File(at) => {
                let end = self.repeat.as_ref().map_or(u64::MAX, |repeat| repeat.end);
                let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
                let wanted = frames.min(left);
                let chunk = &mut self.chunk[..wanted * channels];
                let got = self.track.read(chunk)?;
                self.writer.write(&chunk[..got * channels]);
                self.place = Place::File(at + got as u64);
                // A file that gives less than is wanted says next time why.
                got == 0 || got == left
            }
        };
        if is_over { self.turn() } else { Ok(()) }
    }

    /// The head, the loop or the file is at its end.
    fn turn(&mut self) -> Result<(), IoError> {
        let Some(repeat) = self.repeat.clone() else {
            self.writer.end();
            self.has_ended = true;
            return Ok(());
        };
        match self.place {
            Place::Head(at) if repeat.start + at < repeat.end => self.enter(repeat.start + at),
            Place::Head(_) => self.go_to(repeat.start),
            Place::File(at) => {
                // A file that ends before its loop does has said how long it is.
                if at < repeat.end {
                    self.repeat = Some(repeat.start..at).filter(|repeat| !repeat.is_empty());
                    self.shown.set(repeat.start..at);
                }
                self.go_to(repeat.start)
            }
        }
    }

    fn enter(&mut self, frame: u64) -> Result<(), IoError> {
        self.track.seek(frame)?;
        self.place = Place::File(frame);
        Ok(())
    }
}

#[cfg(test)]
#[allow(
    clippy::float_cmp,
    clippy::disallowed_methods,
    reason = "these bits are to come out as they went in"
)]
mod tests;
