//! Sounds that are a formula: the same from the same first frame, in blocks of any size.
//!
//! One channel, which goes to every channel of its bus; the line-up signal alone has two. Full scale
//! is ±1.0.

mod pink;

use std::{f64::consts::TAU, ops::Range};

use pink::Pink;

use crate::planar::Planar;

/// What a generator gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Signal {
    /// sin(2π·hz·t), at full scale.
    Sine {
        /// Its frequency.
        hz: f64,
    },
    /// A sine whose frequency rises exponentially from 20 Hz to 20 kHz (at most 0.45 of the rate)
    /// within ten seconds and a little, over and over: the synchronized swept sine of Novák,
    /// Lotton and Simon (J. Audio Eng. Soc. 63, 2015), which makes whole periods from end to end,
    /// so that it begins anew without a click.
    Sweep,
    /// Numbers that are evenly distributed within ±1 and have nothing to do with each other:
    /// −4.8 dBFS RMS.
    WhiteNoise {
        /// Which numbers.
        seed: u64,
    },
    /// Noise of equal power per octave from 10 Hz upwards, −20 dBFS RMS.
    PinkNoise {
        /// Which numbers.
        seed: u64,
    },
    /// 1.0 in the first frame, and then the end.
    Impulse,
    /// 1.0 in one frame, as often as this a second, the first frame included.
    Clicks {
        /// How often.
        hz: f64,
    },
    /// Nothing at all.
    Silence,
    /// The same value for ever.
    Dc {
        /// Which.
        level: f32,
    },
    /// The EBU's stereo line-up signal (EBU Tech 3304, 2009, 2.1): 1 kHz at −18 dBFS on both
    /// channels, the left one silent for the last 250 ms of every 3 s.
    LineUp,
}

/// A signal being played.
#[derive(Debug)]
pub struct Generator {
    formula: Formula,
    /// The next frame.
    at: u64,
}

#[derive(Debug)]
enum Formula {
    Sine { periods_per_frame: f64 },
    Sweep(Sweep),
    White { seed: u64 },
    Pink { seed: u64, filter: Pink },
    Impulse,
    Clicks { hz: f64, rate: f64 },
    Constant(f32),
    LineUp { rate: u32 },
}

impl Generator {
    /// `signal` at `rate` Hz, from its first frame.
    pub fn new(signal: Signal, rate: u32) -> Self {
        let hz_of_rate = f64::from(rate);
        let formula = match signal {
            Signal::Sine { hz } => Formula::Sine { periods_per_frame: hz / hz_of_rate },
            Signal::Sweep => Formula::Sweep(Sweep::new(hz_of_rate)),
            Signal::WhiteNoise { seed } => Formula::White { seed },
            Signal::PinkNoise { seed } => Formula::Pink { seed, filter: Pink::new(hz_of_rate) },
            Signal::Impulse => Formula::Impulse,
            Signal::Clicks { hz } => Formula::Clicks { hz, rate: hz_of_rate },
            Signal::Silence => Formula::Constant(0.0),
            Signal::Dc { level } => Formula::Constant(level),
            Signal::LineUp => Formula::LineUp { rate },
        };
        Self { formula, at: 0 }
    }

    /// Samples per frame.
    pub(crate) fn channels(&self) -> usize {
        if matches!(self.formula, Formula::LineUp { .. }) { 2 } else { 1 }
    }

    /// Fills the first `frames` of `out` with what follows; returns how many there were before the
    /// end.
    ///
    /// # Real time
    /// Arithmetic only.
    pub(crate) fn fill(&mut self, out: &mut Planar, frames: usize) -> usize {
        let at = self.at;
        let got = self.fill_row(&mut out.channel_mut(0)[..frames]);
        if let Formula::LineUp { rate } = self.formula {
            identify_left(out, at..at + frames as u64, rate.into());
        }
        got
    }

    fn fill_row(&mut self, out: &mut [f32]) -> usize {
        let at = self.at;
        self.at += out.len() as u64;
        let frames = out.iter_mut().zip(at..);
        match &mut self.formula {
            Formula::Sine { periods_per_frame } => {
                frames.for_each(|(x, n)| *x = sine(n as f64 * *periods_per_frame));
            }
            Formula::Sweep(sweep) => frames.for_each(|(x, n)| *x = sine(sweep.periods(n))),
            Formula::White { seed } => frames.for_each(|(x, n)| *x = white(*seed, n)),
            Formula::Pink { seed, filter } => {
                frames.for_each(|(x, n)| *x = filter.next(white(*seed, n)));
            }
            Formula::Impulse => {
                frames.for_each(|(x, n)| *x = f32::from(u8::from(n == 0)));
                return usize::from(at == 0).min(out.len());
            }
            Formula::Clicks { hz, rate } => {
                let before = |n: u64| (n as f64 * *hz / *rate).ceil();
                frames.for_each(|(x, n)| *x = f32::from(u8::from(before(n + 1) > before(n))));
            }
            Formula::Constant(level) => out.fill(*level),
            Formula::LineUp { rate } => {
                let periods_per_frame = LINE_UP_HZ / f64::from(*rate);
                let tone = |n: u64| LINE_UP_GAIN * sine(n as f64 * periods_per_frame);
                frames.for_each(|(x, n)| *x = tone(n));
            }
        }
        out.len()
    }

    /// Frames it has given.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }
}

const LINE_UP_HZ: f64 = 1_000.0;
/// −18 dBFS.
const LINE_UP_GAIN: f32 = 0.125_892_54;

/// The right channel gets what the left one has, which is silent for a quarter of a second before
/// every third: a whole number of periods before and behind it, so that there is no click.
fn identify_left(out: &mut Planar, frames: Range<u64>, rate: u64) {
    let (period, silent) = ((3 * rate).max(1), rate / 4);
    let mut rows = out.rows_mut();
    if let (Some(left), Some(right)) = (rows.next(), rows.next()) {
        for ((left, right), n) in left.iter_mut().zip(right).zip(frames) {
            *right = *left;
            if n % period >= period - silent {
                *left = 0.0;
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is meant")]
fn sine(periods: f64) -> f32 {
    (TAU * periods.fract()).sin() as f32
}

/// Number `n` of a sequence: `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014), whose state is a
/// count, so that every number can be had without those before it. Its upper 24 bits, from −1 to
/// before 1.
fn white(seed: u64, n: u64) -> f32 {
    let mut z = seed.wrapping_add((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 40) as f32 / 8_388_608.0 - 1.0
}

/// From where and to where a sweep goes, and for about how long.
const SWEEP_FROM_HZ: f64 = 20.0;
const SWEEP_TO_HZ: f64 = 20_000.0;
const SWEEP_SECONDS: f64 = 10.0;
/// What a rate can carry cleanly.
const SWEEP_MAX_OF_RATE: f64 = 0.45;

#[derive(Debug)]
struct Sweep {
    rate: f64,
    /// Seconds in which the frequency grows by the factor e.
    growth: f64,
    seconds: f64,
}

impl Sweep {
    fn new(rate: f64) -> Self {
        let top = SWEEP_TO_HZ.min(SWEEP_MAX_OF_RATE * rate);
        // Whole numbers here make whole periods from end to end.
        let factor = (top / SWEEP_FROM_HZ).floor().max(2.0);
        let turns = (SWEEP_FROM_HZ * SWEEP_SECONDS / factor.ln()).round();
        let growth = turns / SWEEP_FROM_HZ;
        Self { rate, growth, seconds: growth * factor.ln() }
    }

    /// Periods until frame `n`.
    fn periods(&self, n: u64) -> f64 {
        let seconds = (n as f64 / self.rate) % self.seconds;
        SWEEP_FROM_HZ * self.growth * ((seconds / self.growth).exp() - 1.0)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these bits are to come out as they went in")]
mod tests;
