//! What a virtual microphone hears: a WAV or a sine.

use crate::{error::IoError, r#virtual::spec::Spec, wav::Wav};

/// Tone without a key, Hz.
const DEFAULT_TONE_HZ: f64 = 220.0;
/// −12 dBFS.
const TONE_PEAK: f64 = 0.251_188_643_150_958;

/// A source of frames that goes on for ever.
#[derive(Debug)]
pub(crate) enum Microphone {
    /// A WAV, in a loop or once.
    File { wav: Wav, once: bool, at: usize },
    /// A sine on every channel; its frequency is known before its rate.
    Tone { hz: f64, phase: f64 },
}

impl Microphone {
    /// Loads what `spec` names; whole, so that no callback waits for a disk.
    ///
    /// # Errors
    /// [`IoError::WavRead`]; [`IoError::VirtualSpec`] when rate or channels are not the file's.
    pub(crate) fn open(spec: &Spec) -> Result<Self, IoError> {
        let Some(path) = &spec.file else {
            let hz = spec.tone.unwrap_or(DEFAULT_TONE_HZ);
            return Ok(Self::Tone { hz, phase: 0.0 });
        };
        let wav = Wav::read(path)?;
        if let Some(rate) = spec.rate.filter(|&rate| rate != wav.rate) {
            return Err(spec.error(format!("rate={rate}, but the file has {} Hz", wav.rate)));
        }
        if let Some(channels) = spec.channels.filter(|&n| n != wav.channels) {
            let problem = format!("channels={channels}, but the file has {}", wav.channels);
            return Err(spec.error(problem));
        }
        Ok(Self::File { wav, once: spec.once, at: 0 })
    }

    /// Rate and channels that are the file's and no one's choice.
    pub(crate) fn fixed(&self) -> Option<(u32, u16)> {
        match self {
            Self::File { wav, .. } => Some((wav.rate, wav.channels)),
            Self::Tone { .. } => None,
        }
    }

    /// The next frames, interleaved.
    ///
    /// # Real time
    /// No allocation, no system call.
    pub(crate) fn fill(&mut self, interleaved: &mut [f32], channels: usize, rate: f64) {
        match self {
            Self::File { wav, once, at } => {
                for sample in interleaved {
                    *sample = next(&wav.samples, *once, at);
                }
            }
            Self::Tone { hz, phase } => {
                for frame in interleaved.chunks_exact_mut(channels) {
                    frame.fill(sine(*phase));
                    *phase = (*phase + *hz / rate).fract();
                }
            }
        }
    }

    /// Lets time pass unheard.
    pub(crate) fn skip(&mut self, frames: usize, rate: f64) {
        match self {
            Self::File { wav, once, at } => {
                let to = *at + frames * usize::from(wav.channels);
                *at = if *once { to.min(wav.samples.len()) } else { to % wav.samples.len() };
            }
            Self::Tone { hz, phase } => {
                *phase = (*phase + *hz / rate * frames as f64).fract();
            }
        }
    }
}

fn next(samples: &[f32], once: bool, at: &mut usize) -> f32 {
    if *at == samples.len() && !once {
        *at = 0;
    }
    let sample = samples.get(*at).copied().unwrap_or(0.0);
    *at = (*at + 1).min(samples.len());
    sample
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is meant")]
fn sine(phase: f64) -> f32 {
    (TONE_PEAK * (phase * std::f64::consts::TAU).sin()) as f32
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "a file's samples are played as they are")]
mod tests {
    use super::*;

    fn ramp(once: bool) -> Microphone {
        let wav = Wav { rate: 48_000, channels: 2, samples: (0..6_u8).map(f32::from).collect() };
        Microphone::File { wav, once, at: 0 }
    }

    #[test]
    fn a_file_is_looped_or_ends_in_silence_and_time_passes() {
        let mut heard = [9.0; 10];
        ramp(false).fill(&mut heard, 2, 48_000.0);
        assert_eq!(heard, [0., 1., 2., 3., 4., 5., 0., 1., 2., 3.]);
        ramp(true).fill(&mut heard, 2, 48_000.0);
        assert_eq!(heard, [0., 1., 2., 3., 4., 5., 0., 0., 0., 0.]);
        let mut looped = ramp(false);
        looped.skip(4, 48_000.0);
        looped.fill(&mut heard[..2], 2, 48_000.0);
        assert_eq!(heard[..2], [2.0, 3.0]);
        let mut ended = ramp(true);
        ended.skip(4, 48_000.0);
        ended.fill(&mut heard[..2], 2, 48_000.0);
        assert_eq!(heard[..2], [0.0, 0.0]);
    }

    #[test]
    fn the_tone_has_its_frequency_and_level() {
        let mut tone = Microphone::open(&"virtual:tone=1000".parse().unwrap()).unwrap();
        let mut heard = vec![0.0; 48_000];
        tone.fill(&mut heard, 1, 48_000.0);
        let rises = heard.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count();
        assert!((999..=1_000).contains(&rises), "{rises}");
        let peak = heard.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        assert!((20.0 * peak.log10() + 12.0).abs() < 0.01, "{peak}");
    }
}
