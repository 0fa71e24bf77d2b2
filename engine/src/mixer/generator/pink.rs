//! White noise made pink: poles and zeros that take turns, an octave per pair.

use std::f64::consts::TAU;

/// Below this the spectrum is flat.
const LOWEST_HZ: f64 = 10.0;
/// RMS of what comes out, −20 dBFS: the peaks of a day stay below full scale.
const RMS: f64 = 0.1;
/// Mean square of numbers that are evenly distributed within ±1.
const WHITE_MEAN_SQUARE: f64 = 1.0 / 3.0;

/// A filter that falls by 3 dB per octave. A pole bends the response down by 6 dB per octave and a
/// zero half an octave above bends it back, so that a pair in every octave makes half the slope
/// (Corsini and Saletti, "A 1/f^γ power spectrum noise sequence generator", IEEE Trans. Instrum.
/// Meas. 37, 1988). Poles and zeros go from s to z by z = e^(s/rate).
#[derive(Debug)]
pub(super) struct Pink {
    sections: Vec<Section>,
    scale: f64,
}

/// y[n] = x[n] − zero·x[n−1] + pole·y[n−1].
#[derive(Debug, Default)]
struct Section {
    zero: f64,
    pole: f64,
    x: f64,
    y: f64,
}

impl Section {
    fn next(&mut self, x: f64) -> f64 {
        let y = x - self.zero * self.x + self.pole * self.y;
        (self.x, self.y) = (x, y);
        y
    }
}

impl Pink {
    pub(super) fn new(rate: f64) -> Self {
        let poles = std::iter::successors(Some(LOWEST_HZ), |hz| Some(2.0 * hz));
        let at = |hz: f64| (-TAU * hz / rate).exp();
        let sections = || {
            let poles = poles.clone().take_while(|hz| *hz < rate / 2.0);
            let section =
                |hz| Section { pole: at(hz), zero: at(hz * 2_f64.sqrt()), x: 0.0, y: 0.0 };
            poles.map(section).collect()
        };
        let mut trial = Self { sections: sections(), scale: 1.0 };
        // The energy of the impulse response; after half a second it is over.
        let mut energy = trial.pass(1.0).powi(2);
        let mut left = rate / 2.0;
        while left > 0.0 {
            energy += trial.pass(0.0).powi(2);
            left -= 1.0;
        }
        Self { sections: sections(), scale: RMS / (WHITE_MEAN_SQUARE * energy).sqrt() }
    }

    fn pass(&mut self, x: f64) -> f64 {
        self.sections.iter_mut().fold(x, |x, section| section.next(x))
    }

    /// # Real time
    /// Arithmetic only.
    #[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is meant")]
    pub(super) fn next(&mut self, white: f32) -> f32 {
        (self.scale * self.pass(white.into())) as f32
    }
}
