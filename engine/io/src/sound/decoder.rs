//! One sound file, decoded front to back from any frame on.
//!
//! WAV, AIFF, FLAC, MP3, Ogg Vorbis, AAC and ALAC in MP4, by symphonia. What an encoder put before
//! and after the sound is cut off. A position is a frame of the sound: frames are placed by the time
//! that their packet names, so that what cannot be decoded is silence, and moves nothing.

use std::panic::{self, AssertUnwindSafe};

use symphonia::core::{
    codecs::audio::{AudioDecoder, AudioDecoderOptions},
    errors::Error,
    formats::{FormatOptions, FormatReader, SeekMode, SeekTo, TrackType, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    packet::Packet,
    units::{TimeBase, Timestamp},
};

use super::{
    SoundFile,
    edits::{Edit, edit_of},
    wide::too_wide,
};

/// Frames before the target of a seek that are decoded and left out: what a lossy codec gives first
/// after a jump is not yet right.
const PRE_ROLL: u64 = 16_384;

/// More than that is not missing in a file that does not know its length: its times are wrong.
const MAX_GAP: u64 = 1 << 20;

/// A file, and where in it we are.
pub(crate) struct Decoder {
    format: Box<dyn FormatReader>,
    codec: Box<dyn AudioDecoder>,
    track: u32,
    base: TimeBase,
    rate: u32,
    channels: usize,
    /// What of its frames is heard: from where, and up to where as far as the file says.
    start: u64,
    end: Option<u64>,
    /// Nothing is given from here on.
    stop: u64,
    /// The next frame to be given, of all that there are.
    at: u64,
    /// Whether packets have to be placed by their time.
    is_lost: bool,
    /// The last packet, interleaved, and how many of its samples were given.
    packet: Vec<f32>,
    given: usize,
    /// Frames of silence that stand in for what could not be decoded.
    gap: u64,
    /// Why nothing follows, as long as nobody was told.
    broken: Option<String>,
}

impl Decoder {
    /// Opens `file` and decodes its first packet.
    ///
    /// # Errors
    /// Why it cannot be played, in words.
    pub(crate) fn open(file: &SoundFile) -> Result<Self, String> {
        guarded(|| Self::open_unguarded(file))
    }

    fn open_unguarded(file: &SoundFile) -> Result<Self, String> {
        let mut bytes = file.open()?;
        if let Some(reason) = too_wide(&mut bytes) {
            return Err(reason);
        }
        let edit = edit_of(&mut bytes);
        let mut hint = Hint::new();
        if let Some(extension) = file.name().extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(Box::new(bytes), MediaSourceStreamOptions::default());
        let (format_options, meta) = (FormatOptions::default(), MetadataOptions::default());
        let format = symphonia::default::get_probe()
            .probe(&hint, stream, format_options, meta)
            .map_err(|e| format!("no sound file that is known here ({e})"))?;
        Self::begin(format, edit)
    }

    fn begin(format: Box<dyn FormatReader>, edit: Option<Edit>) -> Result<Self, String> {
        let track = format.default_track(TrackType::Audio).ok_or("it holds no audio")?;
        let parameters = track.codec_params.as_ref().and_then(|p| p.audio());
        let parameters = parameters.ok_or("it holds no audio")?;
        let codec = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(|e| e.to_string())?;
        let rate = parameters.sample_rate.filter(|rate| *rate > 0);
        let base = track.time_base.or_else(|| rate.and_then(TimeBase::try_from_recip));
        let mut opened = Self {
            codec,
            track: track.id,
            base: base.ok_or("it names no sample rate")?,
            rate: rate.unwrap_or(0),
            channels: 0,
            start: 0,
            end: track.num_frames,
            stop: u64::MAX,
            at: 0,
            is_lost: false,
            packet: Vec::new(),
            given: 0,
            gap: 0,
            broken: None,
            format,
        };
        if let Some(edit) = edit {
            opened.cut(edit);
        }
        while opened.packet.is_empty() {
            if !opened.next_packet()? {
                return Err("it holds no audio".to_owned());
            }
        }
        Ok(opened)
    }

    /// Leaves out what lies around `edit`.
    fn cut(&mut self, edit: Edit) {
        let ticks = Timestamp::new(i64::try_from(edit.start).unwrap_or(0));
        self.start = u64::try_from(self.frame_of(ticks)).unwrap_or(0);
        (self.at, self.is_lost) = (self.start, self.start > 0);
        let scaled =
            |ticks: u64| ticks.saturating_mul(self.rate.into()) / u64::from(edit.ticks_per_second);
        let end = self.start + scaled(edit.length);
        // The whole is told more exactly than the edit, whose ticks may be milliseconds.
        let is_whole = self.end.is_some_and(|all| all.abs_diff(end) <= scaled(1) + 1);
        if edit.length > 0 && !is_whole {
            self.end = Some(self.end.map_or(end, |all| all.min(end)));
        }
        self.stop = self.end.unwrap_or(u64::MAX);
    }

    /// Hz.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Samples per frame.
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// Frames of the whole, as far as the file says.
    pub(crate) fn frames(&self) -> Option<u64> {
        self.end.map(|end| end.saturating_sub(self.start))
    }

    /// Fills `out` with whole interleaved frames; returns how many there were before the end.
    ///
    /// # Errors
    /// What broke, in words, when nothing was left before it; what follows is not to be had.
    pub(crate) fn read(&mut self, out: &mut [f32]) -> Result<usize, String> {
        guarded(|| self.read_unguarded(out))
    }

    fn read_unguarded(&mut self, out: &mut [f32]) -> Result<usize, String> {
        let left = self.stop.saturating_sub(self.at);
        let left = usize::try_from(left).unwrap_or(usize::MAX).saturating_mul(self.channels);
        let most = out.len().min(left);
        let out = &mut out[..most];
        let mut done = 0;
        while done < out.len() {
            let room = &mut out[done..];
            let n = if self.gap > 0 { self.give_silence(room) } else { self.give(room) };
            done += n;
            if n == 0 && !self.goes_on() {
                break;
            }
        }
        if done == 0 {
            self.check()?;
        }
        Ok(done / self.channels)
    }

    /// Whether there is one more packet; what broke is told once what lies before it was given.
    fn goes_on(&mut self) -> bool {
        let next = if self.broken.is_some() { Ok(false) } else { self.next_packet() };
        next.unwrap_or_else(|reason| {
            self.broken = Some(reason);
            false
        })
    }

    /// Whether the end was none.
    ///
    /// # Errors
    /// What broke, in words, once.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        self.broken.take().map_or(Ok(()), Err)
    }

    fn give_silence(&mut self, out: &mut [f32]) -> usize {
        let gap = usize::try_from(self.gap).unwrap_or(usize::MAX);
        let frames = (out.len() / self.channels).min(gap);
        out[..frames * self.channels].fill(0.0);
        self.gap -= frames as u64;
        self.at += frames as u64;
        frames * self.channels
    }

    fn give(&mut self, out: &mut [f32]) -> usize {
        let rest = &self.packet[self.given..];
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        self.at += (n / self.channels) as u64;
        n
    }

    /// Goes on with `frame`: the next that is given is that one, or the end when it is beyond.
    ///
    /// # Errors
    /// What broke, in words.
    pub(crate) fn seek(&mut self, frame: u64) -> Result<(), String> {
        guarded(|| self.seek_unguarded(frame.saturating_add(self.start)))
    }

    fn seek_unguarded(&mut self, frame: u64) -> Result<(), String> {
        let ts = self.time_of(frame.saturating_sub(PRE_ROLL));
        let to = SeekTo::Timestamp { ts, track_id: self.track };
        self.packet.clear();
        self.broken = None;
        (self.at, self.is_lost, self.gap, self.given) = (frame, true, 0, 0);
        match self.format.seek(SeekMode::Accurate, to) {
            Ok(_) => {}
            // Beyond the end: nothing follows.
            Err(Error::SeekError(_)) if self.end.is_some_and(|end| frame >= end) => return Ok(()),
            Err(error) => return Err(format!("cannot go to frame {frame}: {error}")),
        }
        self.codec.reset();
        Ok(())
    }

    /// Decodes the next packet that can be decoded; false at the end.
    fn next_packet(&mut self) -> Result<bool, String> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                // A file that is cut short ends where it is cut.
                Err(Error::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Ok(false);
                }
                Err(error) => return Err(error.to_string()),
            };
            if packet.track_id == self.track && self.decode(&packet)? {
                return Ok(true);
            }
        }
    }

    /// Whether the packet gave frames that are wanted.
    fn decode(&mut self, packet: &Packet) -> Result<bool, String> {
        self.packet.clear();
        self.given = 0;
        let buffer = match self.codec.decode(packet) {
            Ok(buffer) => buffer,
            Err(Error::DecodeError(_) | Error::IoError(_)) => {
                self.is_lost = true;
                return Ok(false);
            }
            Err(error) => return Err(error.to_string()),
        };
        let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
        let is_first = self.channels == 0;
        if is_first && rate > 0 {
            (self.rate, self.channels) = (rate, channels);
        }
        if (rate, channels) != (self.rate, self.channels) || channels == 0 {
            return Err(format!("it changes to {rate} Hz and {channels} channels"));
        }
        buffer.copy_to_vec_interleaved(&mut self.packet);
        if !self.packet.is_empty() {
            self.place(packet);
        }
        Ok(!self.packet.is_empty())
    }

    /// Finds the place of a packet that was just decoded by its time: what is missing before it is
    /// silence, and after a jump, what lies before the next frame is left out.
    fn place(&mut self, packet: &Packet) {
        let first = self.frame_of(packet.pts) + i128::from(packet.trim_start.get());
        let ahead = first - i128::from(self.at);
        // Frames that a tick of the file's time can be off.
        let grain = self.frame_of(Timestamp::new(1)).max(1);
        if ahead > 0 && (self.is_lost || ahead >= grain) {
            let most = self.end.map_or(MAX_GAP, |end| end.saturating_sub(self.at));
            self.gap = u64::try_from(ahead).unwrap_or(u64::MAX).min(most);
        }
        if ahead >= 0 || !std::mem::take(&mut self.is_lost) {
            self.is_lost = false;
            return;
        }
        let late = usize::try_from(-ahead).unwrap_or(usize::MAX);
        self.given = late.saturating_mul(self.channels).min(self.packet.len());
        // Nothing of it is wanted: the next one has to be placed as well.
        self.is_lost = self.given == self.packet.len();
        if self.is_lost {
            self.packet.clear();
            self.given = 0;
        }
    }

    /// A time of the file as a frame, rounded; before the first one it is negative.
    fn frame_of(&self, ts: Timestamp) -> i128 {
        let (numer, denom) = (i128::from(self.base.numer.get()), i128::from(self.base.denom.get()));
        (i128::from(ts.get()) * numer * i128::from(self.rate) + denom / 2).div_euclid(denom)
    }

    /// The time of a frame, rounded down.
    fn time_of(&self, frame: u64) -> Timestamp {
        let (numer, denom) = (i128::from(self.base.numer.get()), i128::from(self.base.denom.get()));
        let ts = i128::from(frame) * denom / (numer * i128::from(self.rate));
        Timestamp::new(i64::try_from(ts).unwrap_or(i64::MAX))
    }
}

/// A decoder that panics over a file takes only that file with it.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_| Err("its decoder broke down over it".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_is_an_error() {
        let broken: Result<(), _> = guarded(|| panic!("as a decoder might"));
        assert_eq!(broken, Err("its decoder broke down over it".to_owned()));
        assert_eq!(guarded(|| Ok(7)), Ok(7));
    }
}
