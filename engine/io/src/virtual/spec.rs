//! What a `virtual[:key=value,…]` string says.

use std::{ops::RangeInclusive, path::PathBuf, str::FromStr};

use cpal::SampleFormat;

use crate::error::IoError;

/// A parsed virtual device. What is not given is `None` or the default of [`Spec::default`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spec {
    /// The string it came from.
    pub text: String,
    /// Hz.
    pub rate: Option<u32>,
    /// Samples per frame.
    pub channels: Option<u16>,
    /// Sample format of the device's buffers.
    pub format: Option<SampleFormat>,
    /// Frames per callback.
    pub period: Option<u32>,
    /// By how much the device's clock is faster than its rate says, parts per million.
    pub ppm: f64,
    /// Callbacks come late by up to this, µs.
    pub jitter_us: u32,
    /// Of the jitter's random numbers.
    pub seed: u64,
    /// No callbacks in this window.
    pub stall: Option<Window>,
    /// The device is lost at the start of this window and can be opened again after it.
    pub unplug: Option<Window>,
    /// Microphone: a sine of so many Hz.
    pub tone: Option<f64>,
    /// Microphone: what the virtual speaker plays, so many ms later.
    pub air_ms: Option<f64>,
    /// Microphone: play the file once, then silence.
    pub once: bool,
    /// Microphone: this WAV; speaker: write this WAV.
    pub file: Option<PathBuf>,
}

/// A stretch of device time, seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Its beginning, seconds after the clock's start.
    pub at: f64,
    /// Its length, seconds.
    pub length: f64,
}

impl Window {
    pub(crate) fn contains(self, seconds: f64) -> bool {
        (self.at..self.at + self.length).contains(&seconds)
    }
}

const KEYS: &str =
    "rate, channels, format, period, ppm, jitter_us, seed, stall, unplug, tone, loop, once, file";

const FORMATS: [SampleFormat; 12] = [
    SampleFormat::I8,
    SampleFormat::I16,
    SampleFormat::I24,
    SampleFormat::I32,
    SampleFormat::I64,
    SampleFormat::U8,
    SampleFormat::U16,
    SampleFormat::U24,
    SampleFormat::U32,
    SampleFormat::U64,
    SampleFormat::F32,
    SampleFormat::F64,
];

impl Spec {
    /// Whether `name` means a virtual device at all.
    pub fn is_virtual(name: &str) -> bool {
        name == "virtual" || name.starts_with("virtual:")
    }

    fn take(&mut self, key: &str, value: Option<&str>) -> Result<(), String> {
        let Some(value) = value else {
            match key {
                "once" => self.once = true,
                "loop" => self.air_ms = Some(0.0),
                _ => return Err(without_value(key)),
            }
            return Ok(());
        };
        match key {
            "rate" => self.rate = Some(number(key, value, &(1_000..=768_000))?),
            "channels" => self.channels = Some(number(key, value, &(1..=64))?),
            "format" => self.format = Some(format(value)?),
            "period" => self.period = Some(number(key, value, &(1..=65_536))?),
            "ppm" => self.ppm = real(key, value, -10_000.0, 10_000.0)?,
            "jitter_us" => self.jitter_us = number(key, value, &(0..=1_000_000))?,
            "seed" => self.seed = number(key, value, &(0..=u64::MAX))?,
            "stall" => self.stall = Some(window(key, value)?),
            "unplug" => self.unplug = Some(window(key, value)?),
            "tone" => self.tone = Some(real(key, value, 0.1, 384_000.0)?),
            "loop" => self.air_ms = Some(real(key, value, 0.0, 1_000.0)?),
            "once" => return Err("once takes no value".into()),
            "file" if value.is_empty() => return Err("file= needs a path".into()),
            "file" => self.file = Some(value.into()),
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut spec = Self { text: text.to_owned(), ..Self::default() };
        let mut rest = match text.strip_prefix("virtual") {
            Some("") => return Ok(spec),
            Some(rest) => rest.strip_prefix(':').ok_or("expected virtual:key=value,…")?,
            None => return Err("expected virtual[:key=value,…]".into()),
        };
        let mut seen = Vec::new();
        while !rest.is_empty() {
            // A path may hold commas: file= takes all that follows.
            let (item, after) = if rest.starts_with("file=") {
                (rest, "")
            } else {
                rest.split_once(',').unwrap_or((rest, ""))
            };
            rest = after;
            let (key, value) = match item.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (item, None),
            };
            spec.take(key, value)?;
            if seen.contains(&key) {
                return Err(format!("{key} is given twice"));
            }
            seen.push(key);
        }
        spec.check().map(|()| spec)
    }

    fn check(&self) -> Result<(), String> {
        if self.tone.is_some() && self.file.is_some() {
            return Err("a microphone plays either a tone or a file".into());
        }
        if self.air_ms.is_some() && (self.tone.is_some() || self.file.is_some() || self.once) {
            return Err("with loop a microphone hears the speaker and nothing else".into());
        }
        Ok(())
    }

    /// As a speaker it can have no source.
    ///
    /// # Errors
    /// [`IoError::VirtualSpec`] when `tone`, `loop` or `once` is given.
    pub(crate) fn check_speaker(&self) -> Result<(), IoError> {
        let keys =
            [("tone", self.tone.is_some()), ("loop", self.air_ms.is_some()), ("once", self.once)];
        let Some((key, _)) = keys.into_iter().find(|(_, is_given)| *is_given) else {
            return Ok(());
        };
        Err(self.error(format!("{key} is for a microphone; this is an output")))
    }

    pub(crate) fn error(&self, problem: String) -> IoError {
        IoError::VirtualSpec { given: self.text.clone(), problem }
    }
}

impl FromStr for Spec {
    type Err = IoError;

    fn from_str(text: &str) -> Result<Self, IoError> {
        Self::parse(text)
            .map_err(|problem| IoError::VirtualSpec { given: text.to_owned(), problem })
    }
}

fn without_value(key: &str) -> String {
    if KEYS.split(", ").any(|known| known == key) {
        return format!("{key} needs a value: {key}=…");
    }
    unknown(key)
}

fn unknown(key: &str) -> String {
    format!("unknown key \"{key}\"; keys: {KEYS}")
}

fn number<T>(key: &str, value: &str, range: &RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + std::fmt::Display,
{
    let number = value.parse::<T>().ok().filter(|n| range.contains(n));
    number.ok_or_else(|| {
        let (min, max) = (range.start(), range.end());
        format!("{key}={value}: expected a whole number from {min} to {max}")
    })
}

fn real(key: &str, value: &str, min: f64, max: f64) -> Result<f64, String> {
    match value.parse::<f64>() {
        Ok(x) if x >= min && x <= max => Ok(x),
        _ => Err(format!("{key}={value}: expected a number from {min} to {max}")),
    }
}

fn format(value: &str) -> Result<SampleFormat, String> {
    let known = FORMATS.into_iter().find(|f| f.to_string() == value);
    known.ok_or_else(|| {
        let names: Vec<_> = FORMATS.iter().map(SampleFormat::to_string).collect();
        format!("format={value}: expected one of {}", names.join(", "))
    })
}

fn window(key: &str, value: &str) -> Result<Window, String> {
    let seconds = |text: &str| text.parse::<f64>().ok().filter(|s| (0.0..=1e6).contains(s));
    let parts = value.split_once('+');
    let parsed = parts.and_then(|(at, length)| seconds(at).zip(seconds(length)));
    let (at, length) = parsed.ok_or_else(|| {
        format!("{key}={value}: expected T+D, beginning and length in seconds, as in {key}=2+0.5")
    })?;
    Ok(Window { at, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_key_and_a_path_with_commas() {
        let text = "virtual:rate=44100,channels=6,format=i24,period=63,ppm=-120.5,jitter_us=300,\
                    seed=7,stall=1+0.5,unplug=2.5+3,once,file=/a b/x,rate=1,y=.wav";
        let spec: Spec = text.parse().unwrap();
        let expected = Spec {
            text: text.into(),
            rate: Some(44_100),
            channels: Some(6),
            format: Some(SampleFormat::I24),
            period: Some(63),
            ppm: -120.5,
            jitter_us: 300,
            seed: 7,
            stall: Some(Window { at: 1.0, length: 0.5 }),
            unplug: Some(Window { at: 2.5, length: 3.0 }),
            tone: None,
            air_ms: None,
            once: true,
            file: Some("/a b/x,rate=1,y=.wav".into()),
        };
        assert_eq!(spec, expected);
        let tone: Spec = "virtual:tone=997".parse().unwrap();
        assert_eq!(tone.tone, Some(997.0));
        for (text, air_ms) in [("virtual:loop", 0.0), ("virtual:loop=2.5", 2.5)] {
            assert_eq!(text.parse::<Spec>().unwrap().air_ms, Some(air_ms));
        }
        let plain: Spec = "virtual".parse().unwrap();
        assert_eq!(plain, Spec { text: "virtual".into(), ..Spec::default() });
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        let cases = [
            ("virtual:rat=1", "unknown key \"rat\"; keys: rate, channels"),
            ("virtual:rate=12", "rate=12: expected a whole number from 1000 to 768000"),
            ("virtual:rate", "rate needs a value"),
            ("virtual:channels=0", "from 1 to 64"),
            ("virtual:format=s16", "format=s16: expected one of i8, i16"),
            ("virtual:period=0", "from 1 to 65536"),
            ("virtual:ppm=NaN", "ppm=NaN: expected a number from -10000 to 10000"),
            ("virtual:jitter_us=-1", "jitter_us=-1"),
            ("virtual:stall=3", "stall=3: expected T+D"),
            ("virtual:unplug=1+x", "expected T+D"),
            ("virtual:once=1", "once takes no value"),
            ("virtual:file=", "file= needs a path"),
            ("virtual:rate=8000,rate=8000", "rate is given twice"),
            ("virtual:tone=1,file=x", "either a tone or a file"),
            ("virtual:loop=-1", "loop=-1: expected a number from 0 to 1000"),
            ("virtual:loop,tone=1", "hears the speaker and nothing else"),
            ("virtuel", "expected virtual"),
            ("virtual;rate=1", "expected virtual:"),
            ("virtual:,", "unknown key \"\""),
        ];
        for (text, message) in cases {
            let error = text.parse::<Spec>().unwrap_err();
            assert!(error.is_usage());
            let shown = error.to_string();
            assert!(shown.contains(message), "{text}: {shown}");
            assert!(shown.contains(text), "{text}: {shown}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_spec_or_a_message(text in "virtual(:[a-z_]{0,6}=?[0-9+.,a-z=]{0,20})?") {
            if let Err(error) = text.parse::<Spec>() {
                prop_assert!(error.to_string().contains(&text));
            }
        }

        #[test]
        fn what_is_written_is_read(
            rate in 1_000_u32..=768_000, channels in 1_u16..=64, period in 1_u32..=65_536,
            ppm in -1_000.0_f64..1_000.0, at in 0.0_f64..100.0, length in 0.0_f64..10.0,
        ) {
            let text = format!(
                "virtual:rate={rate},channels={channels},period={period},ppm={ppm},stall={at}+{length}"
            );
            let spec: Spec = text.parse().unwrap();
            prop_assert_eq!(spec.rate, Some(rate));
            prop_assert_eq!(spec.channels, Some(channels));
            prop_assert_eq!(spec.period, Some(period));
            prop_assert!((spec.ppm - ppm).abs() < 1e-9);
            prop_assert_eq!(spec.stall, Some(Window { at, length }));
        }
    }
}
