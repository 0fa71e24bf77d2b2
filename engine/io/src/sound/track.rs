//! A sound file as the engine hears it: frames of the engine's rate.

use retake_engine::convert::Converter;

use super::{SoundFile, decoder::Decoder};
use crate::error::IoError;

/// Frames that are converted at once.
const BLOCK: usize = 1_024;
/// A file as long as this many samples at most is played from memory: 16 MiB.
const MAX_IN_MEMORY: u64 = 4 << 20;

/// An open file, and its converter if it has another rate than the engine.
pub struct Track {
    file: SoundFile,
    decoder: Decoder,
    convert: Option<Conversion>,
}

impl std::fmt::Debug for Track {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Track").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Track {
    /// Opens a path, or an open file, for an engine of `rate` Hz.
    ///
    /// # Errors
    /// [`IoError::SoundRead`].
    pub fn open(file: impl Into<SoundFile>, rate: u32) -> Result<Self, IoError> {
        let file = file.into();
        let fail = |reason| IoError::SoundRead { path: file.name().to_owned(), reason };
        let decoder = Decoder::open(&file).map_err(fail)?;
        let (from, channels) = (decoder.rate(), decoder.channels());
        let convert = (from != rate).then(|| Conversion::new(from, rate, channels)).transpose();
        let convert = convert.map_err(fail)?;
        Ok(Self { file, decoder, convert })
    }

    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.decoder.channels()
    }

    /// Rate of the file, Hz.
    pub fn file_rate(&self) -> u32 {
        self.decoder.rate()
    }

    /// How long it is, in frames of the engine, as far as the file says.
    pub fn frames(&self) -> Option<u64> {
        let frames = self.decoder.frames()?;
        Some(self.convert.as_ref().map_or(frames, |convert| convert.to_engine(frames)))
    }

    /// Whether it is short enough to be played from memory.
    pub fn fits_into_memory(&self) -> bool {
        let samples = self.frames().map(|frames| frames.saturating_mul(self.channels() as u64));
        samples.is_some_and(|samples| samples <= MAX_IN_MEMORY)
    }

    /// Fills `out` with whole interleaved frames; returns how many there were before the end.
    ///
    /// # Errors
    /// [`IoError::SoundRead`]; what follows is not to be had.
    pub fn read(&mut self, out: &mut [f32]) -> Result<usize, IoError> {
        let read = match &mut self.convert {
            None => self.decoder.read(out),
            Some(convert) => convert.read(&mut self.decoder, out),
        };
        read.map_err(|reason| self.error(reason))
    }

    /// Goes on with `frame` of the engine's rate.
    ///
    /// # Errors
    /// [`IoError::SoundRead`].
    pub fn seek(&mut self, frame: u64) -> Result<(), IoError> {
        let sought = match &mut self.convert {
            None => self.decoder.seek(frame),
            Some(convert) => convert.seek(&mut self.decoder, frame),
        };
        sought.map_err(|reason| self.error(reason))
    }

    /// Everything from here to the end, interleaved.
    ///
    /// # Errors
    /// As [`Track::read`].
    pub fn read_to_end(&mut self) -> Result<Vec<f32>, IoError> {
        let mut all = Vec::new();
        let mut block = vec![0.0; BLOCK * self.channels()];
        loop {
            let frames = self.read(&mut block)?;
            all.extend_from_slice(&block[..frames * self.channels()]);
            if frames == 0 {
                return Ok(all);
            }
        }
    }

    fn error(&self, reason: String) -> IoError {
        IoError::SoundRead { path: self.file.name().to_owned(), reason }
    }
}

/// On the way from the file's rate to the engine's.
struct Conversion {
    converter: Converter,
    /// Of the file and of the engine, divided by what both have in common: after so many frames of
    /// either both stand at the same time again.
    period: (u64, u64),
    channels: usize,
    /// Converted frames that have not been given yet, interleaved.
    ready: Vec<f32>,
    given: usize,
    /// Converted frames that still come before the one that is wanted.
    skip: u64,
    /// The frame that comes next, and the last one plus one, once the file has ended.
    at: u64,
    end: Option<u64>,
    /// Frames that the file has given.
    taken: u64,
}

impl Conversion {
    fn new(from: u32, to: u32, channels: usize) -> Result<Self, String> {
        let converter = Converter::new(from, to, channels, BLOCK).map_err(|e| e.to_string())?;
        let common = u64::from(common_factor(from, to));
        let skip = converter.delay_frames() as u64;
        let period = (u64::from(from) / common, u64::from(to) / common);
        let (ready, given) = (Vec::new(), 0);
        Ok(Self { converter, period, channels, ready, given, skip, at: 0, end: None, taken: 0 })
    }

    /// Frames of the file as frames of the engine, rounded up: the last one sounds to its end.
    fn to_engine(&self, frames: u64) -> u64 {
        let scaled = u128::from(frames) * u128::from(self.period.1);
        u64::try_from(scaled.div_ceil(self.period.0.into())).unwrap_or(u64::MAX)
    }

    fn read(&mut self, from: &mut Decoder, out: &mut [f32]) -> Result<usize, String> {
        let mut done = 0;
        while done < out.len() {
            let left = self.end.map_or(u64::MAX, |end| end.saturating_sub(self.at));
            let left = usize::try_from(left).unwrap_or(usize::MAX).saturating_mul(self.channels);
            if left == 0 {
                break;
            }
            if self.given == self.ready.len() {
                self.convert(from)?;
                continue;
            }
            let rest = &self.ready[self.given..];
            let n = rest.len().min(out.len() - done).min(left);
            out[done..done + n].copy_from_slice(&rest[..n]);
            self.given += n;
            self.at += (n / self.channels) as u64;
            done += n;
        }
        if done == 0 {
            from.check()?;
        }
        Ok(done / self.channels)
    }

    /// One more block; behind the file's end comes silence.
    fn convert(&mut self, from: &mut Decoder) -> Result<(), String> {
        let input = self.converter.input_for(BLOCK);
        let frames = if self.end.is_none() { from.read(input)? } else { 0 };
        let is_short = frames * self.channels < input.len();
        input[frames * self.channels..].fill(0.0);
        self.taken += frames as u64;
        if is_short && self.end.is_none() {
            self.end = Some(self.to_engine(self.taken));
        }
        self.ready.clear();
        self.ready.extend_from_slice(self.converter.convert(BLOCK));
        let skipped = self.skip.min(BLOCK as u64);
        self.skip -= skipped;
        self.given = usize::try_from(skipped).unwrap_or(BLOCK) * self.channels;
        Ok(())
    }

    /// Begins a little before, where both rates stand at the same time, so that every frame comes
    /// out as it would have from the beginning.
    fn seek(&mut self, from: &mut Decoder, frame: u64) -> Result<(), String> {
        let memory = (Converter::MEMORY_FRAMES as u64).div_ceil(self.period.0);
        let period = (frame / self.period.1).saturating_sub(memory);
        from.seek(period * self.period.0)?;
        self.converter.reset();
        self.ready.clear();
        self.given = 0;
        (self.at, self.end, self.taken) = (frame, None, period * self.period.0);
        let before = frame - period * self.period.1;
        self.skip = before + self.converter.delay_frames() as u64;
        Ok(())
    }
}

fn common_factor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_factor(b, a % b) }
}
