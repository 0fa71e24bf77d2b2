//! What stands in the plugin's place: plays bursts, keeps what it hears.

use std::{any::Any, sync::Arc};

use retake_engine::{
    FrameConsumer, FrameProducer, Outcome, ProcessIo, Processor, frame_ring, processor::Layout,
};

/// A burst of noise every second.
#[derive(Debug, Clone)]
pub(super) struct Signal {
    /// One burst.
    pub(super) burst: Arc<[f32]>,
    /// Frames from the beginning of one to that of the next.
    pub(super) interval: usize,
}

/// The first comes after an interval: by then the devices run steadily.
pub(super) const BURSTS: usize = 4;
/// −15 dBFS: heard over a fan, and no shock.
const LEVEL: f32 = 0.18;
/// Its length is 2 to the power of this, less one: 85 ms at 48 kHz.
const ORDER: u32 = 12;
/// Taps of a shift register that goes through all its states (x¹² + x⁶ + x⁴ + x + 1).
const TAPS: u32 = 0b1000_0010_1001;

/// Noise that is like nothing but itself, the same each time.
pub(super) fn burst(level: f32) -> impl Iterator<Item = f32> {
    let mut state = 1_u32;
    (1..1 << ORDER).map(move |_| {
        let bit = (state & TAPS).count_ones() & 1;
        state = ((state << 1) | bit) & ((1 << ORDER) - 1);
        if bit == 1 { level } else { -level }
    })
}

impl Signal {
    /// For devices of that rate.
    pub(super) fn new(rate: u32) -> Self {
        Self { burst: burst(LEVEL).collect(), interval: rate as usize }
    }

    /// Length of the whole.
    pub(super) fn frames(&self) -> usize {
        (BURSTS + 1) * self.interval
    }

    /// Where the bursts begin.
    pub(super) fn begins(&self) -> impl Iterator<Item = usize> {
        (1..=BURSTS).map(|n| n * self.interval)
    }

    fn at(&self, frame: u64) -> f32 {
        let frame = usize::try_from(frame).unwrap_or(usize::MAX);
        if !(self.interval..self.frames()).contains(&frame) {
            return 0.0;
        }
        self.burst.get(frame % self.interval).copied().unwrap_or(0.0)
    }
}

/// Gives the signal by the engine's clock, and keeps the sum of its input's channels.
pub(super) struct Prober {
    signal: Signal,
    n_input: usize,
    sum: Vec<f32>,
    heard: FrameProducer,
}

impl Prober {
    /// With the other end of what it keeps, one channel, from the engine's first frame on.
    pub(super) fn new(signal: Signal, n_input: usize, max_block: usize) -> (Self, FrameConsumer) {
        // The last callback may be longer than asked for.
        let (heard, kept) = frame_ring(1, signal.frames() + signal.interval);
        (Self { signal, n_input, sum: vec![0.0; max_block], heard }, kept)
    }
}

impl Processor for Prober {
    fn layout(&self) -> Layout {
        Layout { n_input: self.n_input, n_side: 0, n_output: 1, latency_frames: 0 }
    }

    fn process(&mut self, io: &mut ProcessIo<'_>) -> Outcome {
        let sum = &mut self.sum[..io.frames];
        sum.fill(0.0);
        for row in io.input.rows() {
            for (sum, sample) in sum.iter_mut().zip(row) {
                *sum += sample;
            }
        }
        // Behind the end nobody looks.
        self.heard.push(sum);
        for row in io.output.rows_mut() {
            for (sample, frame) in row[..io.frames].iter_mut().zip(io.frame..) {
                *sample = self.signal.at(frame);
            }
        }
        Outcome::Ok
    }

    fn reset(&mut self) {}

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_like_nothing_but_itself() {
        let Signal { burst, .. } = Signal::new(48_000);
        assert_eq!(burst.len(), 4_095);
        let turned = |by: usize| {
            let there = burst.iter().cycle().skip(by);
            let sum: f64 = burst.iter().zip(there).map(|(a, b)| f64::from(a * b)).sum();
            sum / f64::from(LEVEL * LEVEL)
        };
        assert!((turned(0) - 4_095.0).abs() < 1e-3);
        assert!((1..4_095).step_by(97).all(|by| (turned(by) + 1.0).abs() < 1e-3));
    }
}
