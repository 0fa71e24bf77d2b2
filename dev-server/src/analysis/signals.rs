//! Known signals, and an engine's taps to play them to.

use std::{collections::BTreeMap, f64::consts::TAU, sync::Arc};

use retake_engine::{
    Planar,
    meter::{MeterWriter, meters},
    tap::{TapWriter, tap},
};
use retake_host::Probes;
use serde_json::Value;

use super::{Sounding, Taps};
use crate::{
    counters::Counters,
    telemetry::{Telemetry, Views},
    web::{Subscription, TelemetrySource, TelemetryView},
};

/// One row of samples per channel.
pub(super) type Rows = Vec<Vec<f32>>;

pub(super) fn sine(rate: u32, hz: f64, amplitude: f64, frames: usize) -> Vec<f32> {
    shifted(rate, hz, (amplitude, 0.0), frames)
}

/// `(amplitude, phase in degrees)`.
pub(super) fn shifted(rate: u32, hz: f64, shape: (f64, f64), frames: usize) -> Vec<f32> {
    let (amplitude, phase) = (shape.0, shape.1 / 360.0);
    let at = |n: usize| amplitude * (TAU * (hz * n as f64 / f64::from(rate) + phase)).sin();
    (0..frames).map(|n| at(n) as f32).collect()
}

pub(super) fn white(frames: usize) -> Vec<f32> {
    let mut seed = 0x1234_5678_u32;
    let next = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as f32 / u32::MAX as f32 - 0.5
    };
    std::iter::repeat_with(next).take(frames).collect()
}

/// Equal power per octave, within some tenths of a dB from 40 Hz to 16 kHz at 48 kHz: one-pole
/// filters, three to the decade, side by side.
pub(super) fn pink(frames: usize) -> Vec<f32> {
    let poles: Vec<f64> = (0..14).map(|i| 5.0 * 10_f64.powf(f64::from(i) / 3.0)).collect();
    let mut states = vec![0.0; poles.len()];
    let pink = white(frames).into_iter().map(|x| {
        let mut sum = 0.0;
        for (state, hz) in states.iter_mut().zip(&poles) {
            let a = 1.0 - (-TAU * hz / 48_000.0).exp();
            *state += (f64::from(x) - *state) * a;
            sum += *state / hz.sqrt();
        }
        sum as f32
    });
    pink.collect()
}

/// An engine without sound: what it would write, the test writes.
pub(super) struct Desk {
    pub(super) telemetry: Arc<Telemetry>,
    input: TapWriter,
    output: TapWriter,
    meters: MeterWriter,
    taps: Taps,
    pub(super) frame: u64,
}

impl Desk {
    /// Channels of input and output.
    pub(super) fn new(channels: (usize, usize), rate: u32) -> Self {
        Self::begin(Telemetry::new(Counters::new(Arc::default())), channels, rate, 0)
    }

    fn begin(telemetry: Arc<Telemetry>, channels: (usize, usize), rate: u32, frame: u64) -> Self {
        let seconds = rate as usize;
        let (input, input_source) = tap(channels.0, 3 * seconds, frame);
        let (output, output_source) = tap(channels.1, 2 * seconds, frame);
        let (meters, source) = meters(channels.0, channels.1, rate);
        let taps = Taps { input: input_source, output: output_source, rate };
        telemetry.connect(source, taps.clone());
        Self { telemetry, input, output, meters, taps, frame }
    }

    /// The plugin that sounds has a latency.
    pub(super) fn be_late(&self, latency_frames: usize) {
        self.telemetry.set_sounding(Sounding { probes: Arc::default(), latency_frames });
    }

    /// Another generation sounds; its probes.
    pub(super) fn reload(&self) -> Arc<Probes> {
        let probes = Arc::new(Probes::default());
        let sounding = Sounding { probes: Arc::clone(&probes), latency_frames: 0 };
        self.telemetry.set_sounding(sounding);
        probes
    }

    pub(super) fn taps(&self) -> Taps {
        self.taps.clone()
    }

    /// Another engine takes over.
    pub(super) fn rebuilt(self, channels: (usize, usize), rate: u32) -> Self {
        Self::begin(self.telemetry, channels, rate, self.frame)
    }

    pub(super) fn view(&self, wanted: &Value) -> Eye {
        let mut view = Views(Arc::clone(&self.telemetry)).open();
        view.subscribe(&subscription(wanted));
        let mut eye = Eye(view);
        eye.look();
        eye
    }

    /// Plays rows of equal length.
    pub(super) fn play(&mut self, input: &[Vec<f32>], output: &[Vec<f32>]) {
        let frames = output.first().or(input.first()).map_or(0, Vec::len);
        for from in (0..frames).step_by(480) {
            let n = (frames - from).min(480);
            let planar = |rows: &[Vec<f32>]| {
                let mut planar = Planar::new(rows.len(), 480);
                let pairs = planar.rows_mut().zip(rows);
                pairs.for_each(|(to, row)| to[..n].copy_from_slice(&row[from..from + n]));
                planar
            };
            let (input, output) = (planar(input), planar(output));
            self.meters.measure(&input, &output, n, self.frame);
            self.output.write(&output, n);
            self.input.write(&input, n);
            self.frame += n as u64;
        }
    }
}

pub(super) fn subscription(wanted: &Value) -> Subscription {
    Subscription::of(wanted)
}

/// One client.
pub(super) struct Eye(Box<dyn TelemetryView + Send>);

impl Eye {
    pub(super) fn subscribe(&mut self, wanted: &Value) {
        self.0.subscribe(&subscription(wanted));
    }

    pub(super) fn bytes(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.0.snapshot(&mut out);
        out
    }

    /// The sections by kind.
    pub(super) fn look(&mut self) -> BTreeMap<u16, Cursor> {
        let bytes = self.bytes();
        let n_channels = usize::from(bytes[1]) + usize::from(bytes[2]);
        let mut rest = &bytes[88 + 12 * n_channels..];
        let mut sections = BTreeMap::new();
        while !rest.is_empty() {
            let kind = u16::from_le_bytes([rest[0], rest[1]]);
            let n_bytes = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
            assert_eq!(n_bytes % 4, 0, "section {kind}");
            let payload = rest[8..8 + n_bytes].to_vec();
            assert!(sections.insert(kind, Cursor(payload, 0)).is_none(), "section {kind} twice");
            rest = &rest[8 + n_bytes..];
        }
        sections
    }
}

/// Reads a payload from its start.
#[derive(Debug, Clone)]
pub(super) struct Cursor(Vec<u8>, usize);

impl Cursor {
    fn next<const N: usize>(&mut self) -> [u8; N] {
        self.1 += N;
        self.0[self.1 - N..self.1].try_into().unwrap()
    }

    pub(super) fn word(&mut self) -> usize {
        u32::from_le_bytes(self.next()) as usize
    }

    pub(super) fn short(&mut self) -> i16 {
        i16::from_le_bytes(self.next())
    }

    pub(super) fn float(&mut self) -> f32 {
        f32::from_le_bytes(self.next())
    }

    pub(super) fn double(&mut self) -> f64 {
        f64::from_le_bytes(self.next())
    }

    pub(super) fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.1 == self.0.len()
    }
}
