//! Meters: every sample counts, whatever the callback size and however slowly someone looks.
//!
//! The engine sums up [`INTERVAL_FRAMES`] frames at a time into one record per strip (each channel
//! of input and output) and writes it to an overwrite ring of two seconds. Each reader merges the
//! records since its own last look, so a one-sample click is seen by everyone, once.

use crate::{
    overwrite::{OverwriteReader, OverwriteSource, OverwriteWriter, overwrite_ring},
    planar::{FULL_SCALE_BITS, INFINITY_BITS, Planar, loudest_bits},
};

/// Frames per record.
pub const INTERVAL_FRAMES: usize = 256;

/// Samples that are summed side by side.
const LANES: usize = 8;
/// Words of a channel in a record: max abs, sum of squares, clips and non-finite samples.
const CHANNEL_WORDS: usize = 4;
/// Words before the channels: the frame after the interval, low and high.
const HEAD_WORDS: usize = 2;

/// What one channel did in an interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ChannelMeter {
    /// Largest absolute sample, linear.
    pub peak: f32,
    /// Sum of the squares of all finite samples.
    pub sum_of_squares: f32,
    /// Samples above full scale (±1.0).
    pub clips: u32,
    /// Samples that were not finite.
    pub non_finite: u32,
}

impl ChannelMeter {
    fn add(&mut self, samples: &[f32]) {
        let loudest = loudest_bits(samples);
        if loudest >= INFINITY_BITS {
            return self.add_finite_of(samples);
        }
        self.peak = self.peak.max(f32::from_bits(loudest));
        self.sum_of_squares += sum_of_squares(samples);
        if loudest > FULL_SCALE_BITS {
            self.clips += count(samples, |x| x.abs() > 1.0);
        }
    }

    /// The slow way, for rows with something in them that is no number.
    fn add_finite_of(&mut self, samples: &[f32]) {
        for x in samples.iter().filter(|x| x.is_finite()) {
            self.peak = self.peak.max(x.abs());
            self.sum_of_squares += x * x;
        }
        self.clips += count(samples, |x| x.is_finite() && x.abs() > 1.0);
        self.non_finite += count(samples, |x| !x.is_finite());
    }

    fn merge(&mut self, other: &Self) {
        self.peak = self.peak.max(other.peak);
        self.sum_of_squares += other.sum_of_squares;
        self.clips += other.clips;
        self.non_finite += other.non_finite;
    }

    fn word(&self, w: usize) -> u32 {
        match w {
            0 => self.peak.to_bits(),
            1 => self.sum_of_squares.to_bits(),
            2 => self.clips,
            _ => self.non_finite,
        }
    }

    fn from_words(words: &[u32]) -> Self {
        Self {
            peak: f32::from_bits(words[0]),
            sum_of_squares: f32::from_bits(words[1]),
            clips: words[2],
            non_finite: words[3],
        }
    }
}

/// Eight sums side by side: vector code, and short sums round less than a long one.
fn sum_of_squares(samples: &[f32]) -> f32 {
    let (whole, rest) = samples.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for samples in whole {
        for (lane, x) in lanes.iter_mut().zip(samples) {
            *lane += x * x;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>()
}

/// How many samples are `such`; at most an interval's, so a `u32` holds them.
fn count(samples: &[f32], such: impl Fn(&f32) -> bool) -> u32 {
    samples.iter().map(|x| u32::from(such(x))).sum()
}

/// Meters for `n_input` + `n_output` channels at `rate` Hz.
pub fn meters(n_input: usize, n_output: usize, rate: u32) -> (MeterWriter, MeterSource) {
    let n = n_input + n_output;
    let capacity = (2 * rate as usize).div_ceil(INTERVAL_FRAMES);
    let (ring, source) = overwrite_ring(HEAD_WORDS + n * CHANNEL_WORDS, capacity);
    let channels = vec![ChannelMeter::default(); n];
    let writer = MeterWriter { ring, channels, n_input, gathered: 0 };
    (writer, MeterSource { source, n_input, n_output, n_shown: n_input })
}

/// The engine's end.
#[derive(Debug)]
pub struct MeterWriter {
    ring: OverwriteWriter,
    channels: Vec<ChannelMeter>,
    n_input: usize,
    gathered: usize,
}

impl MeterWriter {
    /// Measures the first `frames` of both buffers (inputs that are not there are silent); `frame` is the engine's clock at their start.
    ///
    /// # Real time
    /// Arithmetic and wait-free writes.
    pub fn measure(&mut self, input: &Planar, output: &Planar, frames: usize, frame: u64) {
        let mut from = 0;
        while from < frames {
            let n = (INTERVAL_FRAMES - self.gathered).min(frames - from);
            let (inputs, outputs) = self.channels.split_at_mut(self.n_input);
            let inputs = inputs.iter_mut().zip(input.rows());
            for (meter, row) in inputs.chain(outputs.iter_mut().zip(output.rows())) {
                meter.add(&row[from..from + n]);
            }
            from += n;
            self.gathered += n;
            if self.gathered == INTERVAL_FRAMES {
                self.publish(frame + from as u64);
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the frame")]
    fn publish(&mut self, end_frame: u64) {
        let channels = &self.channels;
        self.ring.write(1, |_, w| match w {
            0 => end_frame as u32,
            1 => (end_frame >> 32) as u32,
            _ => channels[(w - HEAD_WORDS) / CHANNEL_WORDS].word((w - HEAD_WORDS) % CHANNEL_WORDS),
        });
        self.channels.fill(ChannelMeter::default());
        self.gathered = 0;
    }
}

/// Opens readers.
#[derive(Debug, Clone)]
pub struct MeterSource {
    source: OverwriteSource,
    n_input: usize,
    n_output: usize,
    n_shown: usize,
}

impl MeterSource {
    /// The same for readers of the first `inputs` only.
    #[must_use]
    pub fn first(&self, inputs: usize) -> Self {
        Self { n_shown: inputs.min(self.n_input), ..self.clone() }
    }

    /// A reader that begins with the next interval.
    pub fn open(&self) -> MeterReader {
        let reader = self.source.open();
        let words = vec![0; reader.record_words() * reader.capacity()];
        let Self { n_input, n_output, n_shown, .. } = *self;
        MeterReader { reader, words, n_input, n_output, n_shown }
    }
}

/// All intervals since the reader's last look, merged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeterReading {
    /// Frames that were merged.
    pub frames: usize,
    /// The engine's clock after the newest interval; 0 when there was none.
    pub end_frame: u64,
    /// Intervals that were overwritten before this look.
    pub lost_records: u64,
    /// Input channels.
    pub input: Vec<ChannelMeter>,
    /// Output channels.
    pub output: Vec<ChannelMeter>,
}

/// One reader at its own pace. Not for the audio thread.
#[derive(Debug)]
pub struct MeterReader {
    reader: OverwriteReader,
    words: Vec<u32>,
    n_input: usize,
    n_output: usize,
    n_shown: usize,
}

impl MeterReader {
    /// Merges everything since the last call.
    pub fn merge(&mut self) -> MeterReading {
        let received = self.reader.read(&mut self.words);
        let mut all = vec![ChannelMeter::default(); self.n_input + self.n_output];
        let mut end_frame = 0;
        let record_words = self.reader.record_words();
        for record in self.words.chunks_exact(record_words).take(received.records) {
            end_frame = u64::from(record[0]) | u64::from(record[1]) << 32;
            for (meter, words) in
                all.iter_mut().zip(record[HEAD_WORDS..].chunks_exact(CHANNEL_WORDS))
            {
                meter.merge(&ChannelMeter::from_words(words));
            }
        }
        let output = all.split_off(self.n_input);
        all.truncate(self.n_shown);
        let frames = received.records * INTERVAL_FRAMES;
        MeterReading { frames, end_frame, lost_records: received.lost, input: all, output }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests {
    use super::*;

    /// Feeds `signal` as mono input and output in blocks of `block` frames.
    fn fed(signal: &[f32], block: usize) -> MeterReader {
        let (mut writer, source) = meters(1, 1, 48_000);
        let reader = source.open();
        let mut planar = Planar::new(1, block);
        let mut frame = 0;
        for part in signal.chunks(block) {
            planar.write_interleaved(0, part);
            writer.measure(&planar, &planar, part.len(), frame);
            frame += part.len() as u64;
        }
        reader
    }

    #[test]
    fn any_block_size_measures_the_same() {
        let signal: Vec<f32> = (0..2_560).map(|n| (n as f32 * 0.1).sin()).collect();
        let whole = fed(&signal, 2_560).merge();
        assert_eq!(whole.frames, 2_560);
        assert_eq!(whole.end_frame, 2_560);
        assert!((whole.input[0].sum_of_squares / 2_560.0 - 0.5).abs() < 1e-2);
        for block in [1, 7, 64, 255, 257, 1_000] {
            let reading = fed(&signal, block).merge();
            assert_eq!(reading.output[0].peak.to_bits(), whole.output[0].peak.to_bits());
            assert_eq!(reading.frames, 2_560);
        }
    }

    #[test]
    fn every_one_sample_click_is_seen() {
        for at in 0..1_000 {
            let mut signal = vec![0.0; 1_024];
            signal[at] = -1.5;
            let reading = fed(&signal, 100).merge();
            assert_eq!(reading.input[0].peak.to_bits(), 1.5_f32.to_bits(), "click at {at}");
            assert_eq!(reading.input[0].clips, 1);
        }
    }

    #[test]
    fn not_a_number_is_counted_and_poisons_nothing() {
        let mut signal = vec![0.5; 256];
        signal[3] = f32::NAN;
        signal[4] = f32::NEG_INFINITY;
        let reading = fed(&signal, 64).merge();
        assert_eq!(reading.output[0].non_finite, 2);
        assert!((reading.output[0].peak - 0.5).abs() < 1e-9);
        assert!((reading.output[0].sum_of_squares - 254.0 * 0.25).abs() < 1e-3);
    }

    #[test]
    fn a_late_reader_is_told_what_it_lost() {
        let mut reader = fed(&vec![0.1; 48_000 * 3], 4_096);
        let reading = reader.merge();
        assert_eq!(reading.frames, 375 * 256);
        assert_eq!(reading.lost_records, (48_000 * 3 / 256) - 375);
    }
}
