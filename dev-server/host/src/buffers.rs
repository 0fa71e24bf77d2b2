//! The memory that a plugin reads and writes: never the engine's own.
//!
//! On request each channel stands between guard samples that are looked at after every block: a
//! plugin that writes outside what it was given is named instead of corrupting what lies beside.

use clack_host::prelude::*;
use retake_engine::Planar;

use crate::ports::{PortInfo, main_of, side_of};

/// Guard samples on either side of a channel.
const GUARD: usize = 64;
/// What they hold: no sample that anybody computes.
const MARK: f32 = f32::from_bits(0x2BAD_F00D);

/// Where a plugin wrote outside its buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) is_input: bool,
    pub(crate) port: u16,
    pub(crate) channel: u16,
    /// Before the first frame, not behind the last of the block.
    pub(crate) is_before: bool,
}

/// One port: rows of `guard + max_block + guard` samples.
struct Rows {
    data: Vec<f32>,
    stride: usize,
}

/// Buffers of all ports of one side.
pub(crate) struct PortBuffers {
    rows: Vec<Rows>,
    main: Option<usize>,
    side: Option<usize>,
    guard: usize,
    clap: AudioPorts,
}

impl PortBuffers {
    pub(crate) fn new(side: &[PortInfo], max_block: usize, is_guarded: bool) -> Self {
        let guard = if is_guarded { GUARD } else { 0 };
        let stride = max_block + 2 * guard;
        let rows = |n: usize| Rows { data: vec![MARK; n * stride], stride };
        let n_channels = side.iter().map(|port| port.n_channels).sum();
        Self {
            rows: side.iter().map(|port| rows(port.n_channels)).collect(),
            main: main_of(side),
            side: side_of(side),
            guard,
            clap: AudioPorts::with_capacity(n_channels, side.len()),
        }
    }

    /// The first `frames` of each channel of a port.
    fn channels(&mut self, port: usize, frames: usize) -> impl Iterator<Item = &mut [f32]> {
        let guard = self.guard;
        let rows = self.rows.get_mut(port).into_iter();
        rows.flat_map(|rows| rows.data.chunks_exact_mut(rows.stride))
            .map(move |row| &mut row[guard..guard + frames])
    }

    /// Fills the whole side with `sample`.
    ///
    /// # Real time
    /// No allocation, as all of this type after construction.
    pub(crate) fn fill(&mut self, sample: f32, frames: usize) {
        for port in 0..self.rows.len() {
            self.channels(port, frames).for_each(|channel| channel.fill(sample));
        }
    }

    /// Puts the engine's samples into the main port and the sidechain, and silence into the others.
    pub(crate) fn load(&mut self, input: &Planar, frames: usize) {
        self.fill(0.0, frames);
        let n_main = input.main_channels();
        let ports = [(self.main, 0, n_main), (self.side, n_main, input.channels() - n_main)];
        for (port, first, n) in ports {
            let Some(port) = port else { continue };
            let rows = input.rows().skip(first).take(n);
            for (to, from) in self.channels(port, frames).zip(rows) {
                to.copy_from_slice(&from[..frames]);
            }
        }
    }

    /// Takes the main port's samples to the engine.
    pub(crate) fn store(&mut self, main: &mut Planar, frames: usize) {
        let Some(port) = self.main else {
            return;
        };
        for (from, to) in self.channels(port, frames).zip(main.rows_mut()) {
            to[..frames].copy_from_slice(from);
        }
    }

    /// Whether any sample of the main port differs from `sample`.
    pub(crate) fn main_differs_from(&mut self, sample: f32, frames: usize) -> bool {
        let Some(port) = self.main else {
            return false;
        };
        self.channels(port, frames).flatten().any(|now| now.to_bits() != sample.to_bits())
    }

    /// As a plugin reads them.
    pub(crate) fn as_input(&mut self, frames: usize) -> InputAudioBuffers<'_> {
        let guard = self.guard;
        self.clap.with_input_buffers(self.rows.iter_mut().map(|rows| AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(
                rows.data.chunks_exact_mut(rows.stride).map(move |row| InputChannel {
                    buffer: &mut row[guard..guard + frames],
                    is_constant: false,
                }),
            ),
        }))
    }

    /// As a plugin writes them.
    pub(crate) fn as_output(&mut self, frames: usize) -> OutputAudioBuffers<'_> {
        let guard = self.guard;
        self.clap.with_output_buffers(self.rows.iter_mut().map(|rows| {
            AudioPortBuffer {
                latency: 0,
                channels: AudioPortBufferType::f32_output_only(
                    rows.data
                        .chunks_exact_mut(rows.stride)
                        .map(move |row| &mut row[guard..guard + frames]),
                ),
            }
        }))
    }

    /// Marks the samples around the block; nothing without guards.
    pub(crate) fn mark(&mut self, frames: usize) {
        let guard = self.guard;
        for row in self.rows.iter_mut().flat_map(|rows| rows.data.chunks_exact_mut(rows.stride)) {
            row[..guard].fill(MARK);
            row[guard + frames..][..guard].fill(MARK);
        }
    }

    /// The first place where a mark is gone.
    pub(crate) fn breach(&self, is_input: bool, frames: usize) -> Option<Breach> {
        let guard = self.guard;
        let is_broken = |marks: &[f32]| marks.iter().any(|s| s.to_bits() != MARK.to_bits());
        let number = |n| u16::try_from(n).unwrap_or(u16::MAX);
        let in_row = |row: &[f32]| {
            let is_before = is_broken(&row[..guard]);
            (is_before || is_broken(&row[guard + frames..][..guard])).then_some(is_before)
        };
        self.rows.iter().enumerate().find_map(|(port, rows)| {
            let mut rows = rows.data.chunks_exact(rows.stride).enumerate();
            let (channel, is_before) = rows.find_map(|(n, row)| Some((n, in_row(row)?)))?;
            Some(Breach { is_input, port: number(port), channel: number(channel), is_before })
        })
    }
}

impl Breach {
    /// As a number above 0, for an atomic.
    pub(crate) fn to_bits(self) -> u64 {
        let flags = 1 | u64::from(self.is_input) << 1 | u64::from(self.is_before) << 2;
        flags | u64::from(self.port) << 16 | u64::from(self.channel) << 32
    }

    /// From a number; `None` for 0.
    #[expect(clippy::cast_possible_truncation, reason = "16 bits each, by the inverse")]
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        (bits != 0).then_some(Self {
            is_input: bits & 2 != 0,
            is_before: bits & 4 != 0,
            port: (bits >> 16) as u16,
            channel: (bits >> 32) as u16,
        })
    }
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = if self.is_input { "input" } else { "output" };
        let place = if self.is_before { "before the first" } else { "behind the last" };
        write!(
            f,
            "the plugin writes outside its buffers: {side} port {}, channel {}, {place} frame of \
             the block: write frames 0 to frames_count - 1 of each channel only",
            self.port, self.channel
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(n_channels: usize) -> PortInfo {
        PortInfo { name: String::new(), n_channels, is_main: true, has_64_bits: false }
    }

    #[test]
    fn main_and_sidechain_are_loaded_and_the_rest_is_silent() {
        let side = |n_channels| PortInfo { is_main: false, ..port(n_channels) };
        let mut buffers = PortBuffers::new(&[side(3), port(1), side(1)], 4, false);
        let mut input = Planar::with_side(1, 2, 4);
        input.rows_mut().enumerate().for_each(|(c, row)| row.fill([0.1, 0.2, 0.3][c]));
        buffers.load(&input, 2);
        let loaded = |buffers: &mut PortBuffers, port| -> Vec<f32> {
            buffers.channels(port, 2).map(|row| row[1]).collect()
        };
        assert_eq!(loaded(&mut buffers, 0), [0.2, 0.3, 0.0]);
        assert_eq!(loaded(&mut buffers, 1), [0.1]);
        assert_eq!(loaded(&mut buffers, 2), [0.0]);
    }

    #[test]
    fn one_sample_outside_is_found_and_placed() {
        let mut buffers = PortBuffers::new(&[port(1), port(2)], 128, true);
        buffers.mark(100);
        buffers.fill(1.0, 100);
        assert_eq!(buffers.breach(false, 100), None);
        let stride = buffers.rows[1].stride;
        for (at, is_before) in [(GUARD + 100, false), (GUARD - 1, true)] {
            buffers.mark(100);
            buffers.rows[1].data[stride + at] = 0.0;
            let expected = Breach { is_input: false, port: 1, channel: 1, is_before };
            assert_eq!(buffers.breach(false, 100), Some(expected));
            assert_eq!(Breach::from_bits(expected.to_bits()), Some(expected));
        }
        assert_eq!(Breach::from_bits(0), None);
    }
}
