//! The offset detector: a loudspeaker that is held to one side gets warm and moves no air.
//!
//! It takes the mean of each channel over tenths of a second. Ten in a row above −20 dBFS to the
//! same side are an offset; ten in a row with none of them end it. A tone of 20 Hz and more has a
//! mean below −20 dBFS in at least every other tenth, or changes its side.

use crate::planar::Planar;

/// −20 dBFS.
const LIMIT: f32 = 0.1;
const INTERVALS_PER_SECOND: u32 = 10;
/// Intervals that make it sure.
const SURE: u8 = 10;
/// Samples that are summed side by side.
const LANES: usize = 8;

/// One output's detector.
#[derive(Debug)]
pub(super) struct DcDetector {
    channels: Box<[Channel]>,
    interval: usize,
    gathered: usize,
    was_told: bool,
    n_without: u8,
}

#[derive(Debug, Clone, Default)]
struct Channel {
    sum: f32,
    mean: f32,
    /// Intervals in a row above the limit, to the side of `mean`.
    n_above: u8,
}

impl DcDetector {
    pub(super) fn new(channels: usize, rate: u32) -> Self {
        Self {
            channels: vec![Channel::default(); channels].into(),
            interval: (rate / INTERVALS_PER_SECOND).max(1) as usize,
            gathered: 0,
            was_told: false,
            n_without: 0,
        }
    }

    /// Takes in the first `frames` of `bus`, all of them finite. The offset, linear and signed, when
    /// it has just become sure.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(super) fn hear(&mut self, bus: &Planar, frames: usize) -> Option<f32> {
        let mut found = None;
        let mut from = 0;
        while from < frames {
            let n = (self.interval - self.gathered).min(frames - from);
            for (channel, row) in self.channels.iter_mut().zip(bus.rows()) {
                channel.sum += sum(&row[from..from + n]);
            }
            (from, self.gathered) = (from + n, self.gathered + n);
            if self.gathered == self.interval {
                found = self.judge().or(found);
            }
        }
        found
    }

    fn judge(&mut self) -> Option<f32> {
        let n = self.interval as f32;
        self.channels.iter_mut().for_each(|channel| channel.judge(n));
        self.gathered = 0;
        let is_quiet = self.channels.iter().all(|channel| channel.n_above == 0);
        self.n_without = if is_quiet { (self.n_without + 1).min(SURE) } else { 0 };
        self.was_told &= self.n_without < SURE;
        if self.was_told {
            return None;
        }
        let found = self.channels.iter().find(|channel| channel.n_above == SURE)?;
        self.was_told = true;
        Some(found.mean)
    }
}

impl Channel {
    fn judge(&mut self, n: f32) {
        let mean = std::mem::take(&mut self.sum) / n;
        let goes_on = (mean > 0.0) == (self.mean > 0.0);
        self.n_above = match mean.abs() > LIMIT {
            true if goes_on => (self.n_above + 1).min(SURE),
            above => u8::from(above),
        };
        self.mean = mean;
    }
}

/// Eight sums side by side: vector code, and short sums round less than a long one.
fn sum(samples: &[f32]) -> f32 {
    let (whole, rest) = samples.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for samples in whole {
        for (lane, x) in lanes.iter_mut().zip(samples) {
            *lane += x;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When, in frames, offsets are found in `signal`, and how large; in blocks of `block`.
    fn found(signal: &[f32], block: usize) -> Vec<(usize, f32)> {
        let mut detector = DcDetector::new(2, 48_000);
        let mut bus = Planar::new(2, block);
        let mut found = Vec::new();
        for (n, part) in signal.chunks(block).enumerate() {
            bus.channel_mut(1)[..part.len()].copy_from_slice(part);
            let level = detector.hear(&bus, part.len());
            found.extend(level.map(|level| (n * block + part.len(), level)));
        }
        found
    }

    fn signal(seconds: u32, x: impl Fn(f32) -> f32) -> Vec<f32> {
        let frames = seconds * 48_000;
        (0..frames).map(|n| x(n as f32 / 48_000.0)).collect()
    }

    #[test]
    fn an_offset_of_a_second_is_told_once_until_it_went() {
        for block in [64, 1_000, 7_001] {
            let sine = |t: f32| 0.5 * (t * 2_000.0).sin();
            let mut input = signal(3, |t| sine(t) - 0.11);
            input.extend(signal(2, sine));
            input.extend(signal(3, |t| sine(t) + 0.3));
            let found = found(&input, block);
            let [(first, low), (second, high)] = found[..] else { panic!("{found:?}") };
            assert!((48_000..53_000 + block).contains(&first), "{first}");
            assert!((288_000..293_000 + block).contains(&second), "{second}");
            assert!((low + 0.11).abs() < 0.01 && (high - 0.3).abs() < 0.01, "{found:?}");
        }
    }

    #[test]
    fn less_or_shorter_or_a_tone_is_none() {
        assert_eq!(found(&signal(4, |_| 0.09), 64), []);
        assert_eq!(found(&signal(4, |t| if t % 1.2 < 0.85 { 0.5 } else { 0.0 }), 64), []);
        for hz in [3.0, 20.0, 25.0, 51.0, 440.0] {
            assert_eq!(found(&signal(4, |t| (t * hz * std::f32::consts::TAU).sin()), 64), []);
        }
    }
}
