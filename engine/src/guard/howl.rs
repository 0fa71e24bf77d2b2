//! The howl detector: a loudspeaker that feeds the microphone which feeds it.
//!
//! Such a loop grows at the one frequency where its gain is greatest, until something clips: then
//! there is one tone, near full scale, that does not fade. The detector looks at windows of a tenth
//! of a second per channel:
//!
//! 1. upward passages through ±0.25 (with that hysteresis) give the frequency of the window;
//! 2. in the next window, Goertzel's filter at that frequency gives the tone's amplitude and its
//!    share of the power. A sine has all of it, a sine clipped to a square 81 %, a sawtooth 61 %;
//! 3. three windows in a row with an amplitude of at least −3 dBFS, a share of at least 70 %, and
//!    none weaker than the one before by more than 0.13 dB (a string fades faster) are a howl.
//!
//! So it is sure 0.3 to 0.5 s after the tone has come near full scale. Limits: it knows tones from
//! 40 Hz to 0.4 of the rate; a loop that clips in the converter far below full scale, or that jumps
//! between frequencies, is not found; a sine or square held at full scale on purpose, with a live
//! microphone, is taken for a howl.

use std::f64::consts::TAU;

use crate::planar::Planar;

const WINDOWS_PER_SECOND: u32 = 10;
/// Windows that make it sure.
const SURE: u32 = 3;
/// Amplitude of the tone, −3 dBFS.
const LOUD: f64 = 0.7;
/// Share of the tone in all power.
const PURE: f64 = 0.7;
/// The least that a window has of the amplitude of the one before.
const SUSTAINED: f64 = 0.985;
const HYSTERESIS: f32 = 0.25;
/// Periods in a window that make a frequency.
const MIN_PERIODS: u32 = 4;
/// The highest frequency, in shares of the rate.
const HIGHEST: f64 = 0.4;

/// One output's detector.
#[derive(Debug)]
pub(super) struct HowlDetector {
    ears: Box<[Ear]>,
    rate: f64,
    window: usize,
    gathered: usize,
}

impl HowlDetector {
    pub(super) fn new(channels: usize, rate: u32) -> Self {
        Self {
            ears: vec![Ear::default(); channels].into(),
            rate: f64::from(rate),
            window: (rate / WINDOWS_PER_SECOND).max(1) as usize,
            gathered: 0,
        }
    }

    /// Begins anew.
    pub(super) fn reset(&mut self) {
        self.ears.fill(Ear::default());
        self.gathered = 0;
    }

    /// Takes in the first `frames` of `bus`, all of them finite. The frequency, in Hz, of a howl
    /// that has just become sure.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(super) fn hear(&mut self, bus: &Planar, frames: usize) -> Option<f32> {
        let mut found = None;
        let mut from = 0;
        while from < frames {
            let n = (self.window - self.gathered).min(frames - from);
            for (ear, row) in self.ears.iter_mut().zip(bus.rows()) {
                ear.hear(&row[from..from + n], self.gathered);
            }
            (from, self.gathered) = (from + n, self.gathered + n);
            if self.gathered == self.window {
                found = self.judge().or(found);
            }
        }
        found
    }

    #[expect(clippy::cast_possible_truncation, reason = "a frequency")]
    fn judge(&mut self) -> Option<f32> {
        let (n, rate) = (self.window as f64, self.rate);
        self.gathered = 0;
        let mut found = None;
        for ear in &mut self.ears {
            let tone = ear.tone;
            if ear.judge(n) {
                found = Some((tone * rate) as f32);
            }
        }
        found
    }
}

/// One channel's.
#[derive(Debug, Clone, Default)]
struct Ear {
    passages: Passages,
    /// The frequency of the window before, in shares of the rate; 0 = it had none.
    tone: f64,
    goertzel: Goertzel,
    power: f64,
    amplitude: f64,
    /// Windows in a row that were a howl.
    n_sure: u32,
}

impl Ear {
    fn hear(&mut self, samples: &[f32], at: usize) {
        self.passages.hear(samples, at);
        if self.tone > 0.0 {
            for &x in samples {
                let x = f64::from(x);
                self.power += x * x;
                self.goertzel.hear(x);
            }
        }
    }

    /// Ends a window of `n` samples; whether it makes a howl sure.
    fn judge(&mut self, n: f64) -> bool {
        let before = std::mem::replace(&mut self.amplitude, self.goertzel.amplitude(n));
        let power = std::mem::take(&mut self.power) / n;
        let share = self.amplitude * self.amplitude / 2.0 / power;
        let is_howl = self.amplitude >= LOUD && share >= PURE;
        let goes_on = self.amplitude >= SUSTAINED * before;
        self.n_sure = match is_howl {
            true if goes_on => self.n_sure + 1,
            is_howl => u32::from(is_howl),
        };
        self.tone = self.passages.take_frequency();
        self.goertzel = Goertzel::at(self.tone);
        self.n_sure == SURE
    }
}

/// The strength of one frequency.
#[derive(Debug, Clone, Default)]
struct Goertzel {
    twice_cosine: f64,
    last: [f64; 2],
}

impl Goertzel {
    fn at(tone: f64) -> Self {
        Self { twice_cosine: 2.0 * (TAU * tone).cos(), last: [0.0; 2] }
    }

    fn hear(&mut self, x: f64) {
        let [a, b] = self.last;
        self.last = [x + self.twice_cosine * a - b, a];
    }

    fn amplitude(&self, n: f64) -> f64 {
        let [a, b] = self.last;
        2.0 * (a * a + b * b - self.twice_cosine * a * b).max(0.0).sqrt() / n
    }
}

/// When the signal passes from below to above.
#[derive(Debug, Clone, Default)]
struct Passages {
    last: f32,
    is_above: bool,
    first_at: Option<f64>,
    last_at: f64,
    n_periods: u32,
}

impl Passages {
    fn hear(&mut self, samples: &[f32], at: usize) {
        for (n, &x) in samples.iter().enumerate() {
            if self.is_above {
                self.is_above = x > -HYSTERESIS;
            } else if x >= HYSTERESIS {
                self.is_above = true;
                let share = (HYSTERESIS - self.last) / (x - self.last);
                self.pass((at + n) as f64 - 1.0 + f64::from(share));
            }
            self.last = x;
        }
    }

    fn pass(&mut self, at: f64) {
        self.n_periods += u32::from(self.first_at.is_some());
        self.first_at = self.first_at.or(Some(at));
        self.last_at = at;
    }

    /// Cycles per sample of the window that ends; 0 when that is none.
    fn take_frequency(&mut self) -> f64 {
        let (first, n) = (self.first_at.take(), std::mem::take(&mut self.n_periods));
        let tone = first.map_or(0.0, |first| f64::from(n) / (self.last_at - first));
        if n >= MIN_PERIODS && tone <= HIGHEST { tone } else { 0.0 }
    }
}
