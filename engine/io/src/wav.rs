//! WAV files: read whole for the virtual microphone, written as 32-bit float for everyone else.

use std::{
    fs::File,
    io::{BufWriter, Cursor},
    path::{Path, PathBuf},
};

use crate::error::IoError;

/// A WAV file in memory, interleaved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wav {
    pub(crate) rate: u32,
    pub(crate) channels: u16,
    pub(crate) samples: Vec<f32>,
}

impl Wav {
    /// Reads all of `path`; integers become f32 as [`crate::formats`] does it.
    ///
    /// # Errors
    /// [`IoError::WavRead`] when it is not there, no WAV, cut short or without a frame.
    pub(crate) fn read(path: &Path) -> Result<Self, IoError> {
        let fail = |reason: String| IoError::WavRead { path: path.to_owned(), reason };
        let reader = hound::WavReader::open(path).map_err(|e| fail(e.to_string()))?;
        let spec = reader.spec();
        let mut samples = samples(reader, spec).map_err(|e| fail(e.to_string()))?;
        samples.truncate(samples.len() - samples.len() % usize::from(spec.channels.max(1)));
        if samples.is_empty() {
            return Err(fail("it holds no audio".into()));
        }
        Ok(Self { rate: spec.sample_rate, channels: spec.channels, samples })
    }
}

fn samples(
    reader: hound::WavReader<std::io::BufReader<File>>,
    spec: hound::WavSpec,
) -> Result<Vec<f32>, hound::Error> {
    match spec.sample_format {
        hound::SampleFormat::Float => reader.into_samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            let full_scale = 2_f64.powi(i32::from(spec.bits_per_sample) - 1);
            #[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is meant")]
            let to_f32 = |v: i32| (f64::from(v) / full_scale) as f32;
            reader.into_samples::<i32>().map(|v| v.map(to_f32)).collect()
        }
    }
}

/// Writes a WAV of 32-bit floats; the sizes in its head are right once it is finished.
pub(crate) struct WavWriter {
    hound: Option<hound::WavWriter<BufWriter<File>>>,
    path: PathBuf,
    channels: u16,
    frames: u64,
    /// The sizes in the head have 32 bits.
    frames_left: u64,
}

impl std::fmt::Debug for WavWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavWriter")
            .field("path", &self.path)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

/// Room for the head in the 4 GiB that its sizes can name.
const HEAD_BYTES: u64 = 4_096;

impl WavWriter {
    /// Creates or replaces `path`.
    ///
    /// # Errors
    /// [`IoError::WavWrite`] when it cannot be created, [`IoError::DiskFull`].
    pub(crate) fn create(path: &Path, rate: u32, channels: u16) -> Result<Self, IoError> {
        let spec = spec_of(rate, channels);
        let hound = hound::WavWriter::create(path, spec).map_err(|e| write_error(path, 0, &e))?;
        Ok(Self {
            hound: Some(hound),
            path: path.to_owned(),
            channels,
            frames: 0,
            frames_left: (u64::from(u32::MAX) - HEAD_BYTES) / (4 * u64::from(channels)),
        })
    }

    /// Samples per frame.
    pub(crate) fn channels(&self) -> usize {
        self.channels.into()
    }

    /// Appends whole frames.
    ///
    /// # Errors
    /// [`IoError::DiskFull`] or [`IoError::WavWrite`]; what was written before stays readable.
    pub(crate) fn write(&mut self, interleaved: &[f32]) -> Result<(), IoError> {
        let frames = (interleaved.len() / self.channels()) as u64;
        if frames > self.frames_left {
            let reason = "a WAV file ends at 4 GiB".into();
            let path = self.path.clone();
            return Err(IoError::WavWrite { path, reason });
        }
        let Some(hound) = &mut self.hound else {
            return Ok(());
        };
        for &sample in interleaved {
            hound.write_sample(sample).map_err(|e| write_error(&self.path, self.frames, &e))?;
        }
        self.frames += frames;
        self.frames_left -= frames;
        Ok(())
    }

    /// Writes the sizes into the head, so that the file is whole even if nothing follows.
    ///
    /// # Errors
    /// As [`WavWriter::write`].
    pub(crate) fn flush(&mut self) -> Result<(), IoError> {
        let Some(hound) = &mut self.hound else {
            return Ok(());
        };
        hound.flush().map_err(|e| write_error(&self.path, self.frames, &e))
    }

    /// Ends the file; returns its frames. Later writes do nothing.
    ///
    /// # Errors
    /// As [`WavWriter::write`].
    pub(crate) fn finish(&mut self) -> Result<u64, IoError> {
        if let Some(hound) = self.hound.take() {
            hound.finalize().map_err(|e| write_error(&self.path, self.frames, &e))?;
        }
        Ok(self.frames)
    }
}

/// What is written: 32-bit floats.
fn spec_of(rate: u32, channels: u16) -> hound::WavSpec {
    hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    }
}

/// The same file in memory, of whole interleaved frames.
///
/// # Errors
/// [`IoError::WavWrite`] when it has no channel, or more than the 4 GiB that its head can name.
pub fn wav_bytes(rate: u32, channels: u16, interleaved: &[f32]) -> Result<Vec<u8>, IoError> {
    let fail = |e: hound::Error| write_error(Path::new("take.wav"), 0, &e);
    let mut bytes = Cursor::new(Vec::with_capacity(4 * interleaved.len() + 128));
    let mut writer = hound::WavWriter::new(&mut bytes, spec_of(rate, channels)).map_err(fail)?;
    for &sample in interleaved {
        writer.write_sample(sample).map_err(fail)?;
    }
    writer.finalize().map_err(fail)?;
    Ok(bytes.into_inner())
}

fn write_error(path: &Path, frames: u64, error: &hound::Error) -> IoError {
    let path = path.to_owned();
    match error {
        hound::Error::IoError(e) if e.kind() == std::io::ErrorKind::StorageFull => {
            IoError::DiskFull { path, frames }
        }
        hound::Error::IoError(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let reason = "there is no such directory: make it, or give another path".into();
            IoError::WavWrite { path, reason }
        }
        other => IoError::WavWrite { path, reason: other.to_string() },
    }
}
