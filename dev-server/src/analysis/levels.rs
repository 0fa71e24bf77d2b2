//! True peaks: what a converter makes of the samples, by four-fold oversampling (ITU-R BS.1770).

use ebur128::{EbuR128, Mode};

use super::{feed::Feed, loudness::SETTLING, section::float};

/// The highest true peak of each channel since the last look.
pub(super) struct TruePeaks {
    /// `None` for more channels than the measurement takes.
    meter: Option<EbuR128>,
    peaks: Vec<f32>,
    /// Frames since the beginning, or the last loss.
    n_heard: usize,
}

impl TruePeaks {
    pub(super) fn new(channels: usize, rate: u32) -> Self {
        let n = u32::try_from(channels).unwrap_or(u32::MAX);
        let meter = EbuR128::new(n, rate, Mode::TRUE_PEAK).ok();
        Self { meter, peaks: vec![0.0; channels], n_heard: 0 }
    }

    /// Takes in the newest frames; none of them = some were lost.
    pub(super) fn take(&mut self, feed: &Feed) {
        let n = feed.n_new();
        let rows = feed.input().rows().chain(feed.output().rows());
        let newest: Vec<_> = rows.map(|row| &row[row.len() - n..]).collect();
        let unsettled = SETTLING.saturating_sub(self.n_heard).min(n);
        let (first, rest): (Vec<_>, Vec<_>) =
            newest.iter().map(|row| row.split_at(unsettled)).unzip();
        // The step into the sound is nobody's peak: only its samples count.
        self.add(&first);
        for (peak, row) in self.peaks.iter_mut().zip(&first) {
            *peak = row.iter().fold(*peak, |peak, x| peak.max(x.abs()));
        }
        if let Some(now) = self.add(&rest) {
            self.peaks.iter_mut().zip(now).for_each(|(peak, now)| *peak = peak.max(now));
        }
        self.n_heard = if n == 0 { 0 } else { self.n_heard.saturating_add(n) };
    }

    /// The true peaks of these frames.
    #[expect(clippy::cast_possible_truncation, reason = "peaks of f32 samples")]
    fn add(&mut self, rows: &[&[f32]]) -> Option<Vec<f32>> {
        let meter = self.meter.as_mut().filter(|_| rows.iter().any(|row| !row.is_empty()))?;
        meter.add_frames_planar_f32(rows).ok()?;
        let peak = |channel| meter.prev_true_peak(channel).unwrap_or_default() as f32;
        Some((0..).take(rows.len()).map(peak).collect())
    }

    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        for peak in &mut self.peaks {
            float(out, std::mem::take(peak));
        }
    }
}
