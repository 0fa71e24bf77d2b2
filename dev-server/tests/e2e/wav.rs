//! WAV files in and out.

use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

/// A file's rate and its channels, each a row of samples.
pub(crate) struct Wav {
    pub(crate) rate: u32,
    pub(crate) channels: Vec<Vec<f32>>,
}

impl Wav {
    pub(crate) fn new(rate: u32, channels: Vec<Vec<f32>>) -> Self {
        Self { rate, channels }
    }

    pub(crate) fn read(path: &Path) -> Self {
        let mut reader = WavReader::open(path).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.bits_per_sample, spec.sample_format), (32, SampleFormat::Float));
        let n = usize::from(spec.channels);
        let samples: Vec<f32> = reader.samples().map(Result::unwrap).collect();
        let channels = (0..n).map(|c| samples.iter().skip(c).step_by(n).copied().collect());
        Self { rate: spec.sample_rate, channels: channels.collect() }
    }

    pub(crate) fn write(&self, path: &Path) {
        let spec = WavSpec {
            channels: u16::try_from(self.channels.len()).unwrap(),
            sample_rate: self.rate,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let mut writer = WavWriter::create(path, spec).unwrap();
        for frame in 0..self.frames() {
            for row in &self.channels {
                writer.write_sample(row[frame]).unwrap();
            }
        }
        writer.finalize().unwrap();
    }

    pub(crate) fn frames(&self) -> usize {
        self.channels[0].len()
    }
}
