//! The end that sends: room, counts, and the way to the engine's rate.

use super::{End, PushedSpec};
use crate::{
    convert::{ConvertError, Converter},
    ring::FrameProducer,
};

/// Frames that are converted at once.
const BLOCK: usize = 64;

/// The end that sends. Not for the audio thread. Its drop is the end of the sound.
#[derive(Debug)]
pub struct PushedWriter {
    ring: FrameProducer,
    /// At another rate than the engine's.
    convert: Option<Conversion>,
    end: End,
    accepted: u64,
    lost: u64,
}

impl PushedWriter {
    pub(super) fn new(ring: FrameProducer, convert: Option<Conversion>, end: End) -> Self {
        Self { ring, convert, end, accepted: 0, lost: 0 }
    }

    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.ring.channels()
    }

    /// Frames that are taken now at least; at the engine's rate exactly as many. At another rate up
    /// to 64 frames of the engine stay in the converter until more come, or the end.
    pub fn room_frames(&mut self) -> usize {
        let room = self.ring.room_frames();
        match &mut self.convert {
            _ if self.end.is_told() => 0,
            None => room,
            Some(convert) => convert.room_frames(room),
        }
    }

    /// Takes as many whole frames of `interleaved` as there is room for; returns that number. The
    /// others are lost, and counted. After the end all are.
    pub fn push(&mut self, interleaved: &[f32]) -> usize {
        let offered = interleaved.len() / self.channels();
        let taken = match &mut self.convert {
            _ if self.end.is_told() => 0,
            None => self.ring.push(interleaved),
            Some(convert) => convert.push(interleaved, &mut self.ring),
        };
        self.accepted += taken as u64;
        self.lost += (offered - taken) as u64;
        taken
    }

    /// Frames that were taken so far.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Frames that were refused so far, for want of room.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Nothing follows: the sound is played to its last frame, and its voice ends.
    pub fn end(&mut self) {
        if self.end.is_told() {
            return;
        }
        if let Some(convert) = &mut self.convert {
            convert.finish(&mut self.ring);
        }
        self.end.tell();
    }

    /// Whether the voice is gone.
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }
}

impl Drop for PushedWriter {
    fn drop(&mut self) {
        self.end();
    }
}

/// On the way from the sender's rate to the engine's.
#[derive(Debug)]
pub(super) struct Conversion {
    converter: Converter,
    from: u64,
    to: u64,
    channels: usize,
    /// Samples that lie in the converter's input already.
    filled: usize,
    /// Converted frames that still come before the first of the sound.
    skip: usize,
    /// Frames of the sender.
    taken: u64,
    /// Frames of the engine.
    given: u64,
}

impl Conversion {
    /// None when both rates are the same.
    pub(super) fn new(spec: PushedSpec) -> Result<Option<Self>, ConvertError> {
        let PushedSpec { rate, channels, engine_rate } = spec;
        if rate == engine_rate {
            return Ok(None);
        }
        let converter = Converter::new(rate, engine_rate, channels, BLOCK)?;
        Ok(Some(Self {
            skip: converter.delay_frames(),
            converter,
            from: rate.into(),
            to: engine_rate.into(),
            channels,
            filled: 0,
            taken: 0,
            given: 0,
        }))
    }

    /// Room of the ring that is kept for what the end brings out of the converter.
    pub(super) fn reserve_frames(&self) -> usize {
        self.converter.delay_frames() + 3 * BLOCK
    }

    /// Blocks that the ring has room for.
    fn blocks(&self, room: usize) -> usize {
        room.saturating_sub(self.reserve_frames()) / BLOCK
    }

    /// Frames of the sender that fit at least, while the ring has `room` frames.
    fn room_frames(&mut self, room: usize) -> usize {
        let blocks = self.blocks(room);
        let free = (self.converter.input_for(BLOCK).len() - self.filled) / self.channels;
        // How many a block takes differs by one from block to block.
        let frames = (blocks * BLOCK) as u64 * self.from / self.to;
        free + usize::try_from(frames).unwrap_or(0).saturating_sub(2)
    }

    fn push(&mut self, interleaved: &[f32], ring: &mut FrameProducer) -> usize {
        let whole = interleaved.len() / self.channels * self.channels;
        let mut rest = &interleaved[..whole];
        loop {
            let input = self.converter.input_for(BLOCK);
            let n = rest.len().min(input.len() - self.filled);
            input[self.filled..][..n].copy_from_slice(&rest[..n]);
            self.filled += n;
            rest = &rest[n..];
            let is_full = self.filled == input.len();
            if !is_full || self.blocks(ring.room_frames()) == 0 {
                break;
            }
            self.convert(ring, u64::MAX);
        }
        let taken = (whole - rest.len()) / self.channels;
        self.taken += taken as u64;
        taken
    }

    /// Silence behind the last frame brings out what is inside. The length is the sender's, rounded
    /// up: the last frame sounds to its end.
    fn finish(&mut self, ring: &mut FrameProducer) {
        let end = (self.taken * self.to).div_ceil(self.from);
        while self.given < end {
            self.converter.input_for(BLOCK)[self.filled..].fill(0.0);
            self.convert(ring, end - self.given);
        }
    }

    /// One block, of which at most `most` frames are wanted.
    fn convert(&mut self, ring: &mut FrameProducer, most: u64) {
        let block = self.converter.convert(BLOCK);
        let skipped = self.skip.min(BLOCK);
        let frames = usize::try_from(most).unwrap_or(usize::MAX).min(BLOCK - skipped);
        let pushed = ring.push(&block[skipped * self.channels..][..frames * self.channels]);
        debug_assert_eq!(pushed, frames, "there was room");
        (self.skip, self.filled) = (self.skip - skipped, 0);
        self.given += frames as u64;
    }
}
