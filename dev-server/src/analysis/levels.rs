//! True peaks: what a converter makes of the samples, by four-fold oversampling (ITU-R BS.1770).

use ebur128::{EbuR128, Mode};

use super::{feed::Feed, section::float};

/// The highest true peak of each channel since the last look.
pub(super) struct TruePeaks {
    /// `None` for more channels than the measurement takes.
    meter: Option<EbuR128>,
    peaks: Vec<f32>,
}

impl TruePeaks {
    pub(super) fn new(channels: usize, rate: u32) -> Self {
        let n = u32::try_from(channels).unwrap_or(u32::MAX);
        let meter = EbuR128::new(n, rate, Mode::TRUE_PEAK).ok();
        Self { meter, peaks: vec![0.0; channels] }
    }

    /// Takes in the newest frames.
    pub(super) fn take(&mut self, feed: &Feed) {
        let (Some(meter), n) = (&mut self.meter, feed.n_new()) else {
            return;
        };
        let rows = feed.input().rows().chain(feed.output().rows());
        let newest: Vec<_> = rows.map(|row| &row[row.len() - n..]).collect();
        if n == 0 || meter.add_frames_planar_f32(&newest).is_err() {
            return;
        }
        for (channel, peak) in (0..).zip(&mut self.peaks) {
            #[expect(clippy::cast_possible_truncation, reason = "a peak of f32 samples")]
            let now = meter.prev_true_peak(channel).unwrap_or_default() as f32;
            *peak = peak.max(now);
        }
    }

    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        for peak in &mut self.peaks {
            float(out, std::mem::take(peak));
        }
    }
}
