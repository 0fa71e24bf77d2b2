//! The language of sources: text to data, and what is wrong with it.
//!
//! Items with commas between them, in any order: one says what it is (`tone:997`), the others how it
//! is heard (`gain=-6`). A path may hold commas, and so may a device's name: `file:`, `fifo:` and `mic:`
//! take all that follows.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use retake_engine::mixer::{LEVELS_DB, PITCHES, SILENCE_DB, Signal, StripSettings, gain_of_db};
use retake_io::push::PcmFormat;

use super::{
    BUSES, LAWS, PUSH_NAME_BYTES, Pipe, RAW_CHANNELS, RAW_RATES, Repeat, SourceKind, SourceSpec,
    Upload,
};

/// What raw frames are, unless it is said.
const USUAL_RATE: u32 = 48_000;
const USUAL_CHANNELS: usize = 2;

const KINDS: &str = "file:PATH, tone:HZ, sweep, noise:pink, noise:white, impulse, clicks, \
                     clicks:HZ, dc:LEVEL, silence, ebu, push:NAME, fifo:PATH, mic, mic:DEVICE";
const KEYS: &str = "gain, pan, law, pitch, loop, bus; of fifo: rate, channels, format";
/// Clicks a second, unless it is said.
const CLICKS_HZ: f64 = 2.0;

impl SourceSpec {
    /// A file that a client has sent, heard as `settings` say.
    ///
    /// # Errors
    /// What is wrong with them, with what is allowed.
    pub fn upload(settings: &str, upload: Upload) -> Result<Self, String> {
        let items = match settings {
            "" => Items::default(),
            settings => Items::read(settings)?,
        };
        if items.kind.is_some() {
            return Err(format!("{settings}: the file is what sounds; keys: {KEYS}"));
        }
        let comma = if settings.is_empty() { "" } else { "," };
        let text = format!("{settings}{comma}file:{}", upload.name);
        items.finish(text, SourceKind::Upload(upload))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut items = Items::read(text)?;
        let kind = items.kind.take();
        let kind = kind.ok_or_else(|| format!("what sounds is missing: one of {KINDS}"))?;
        items.finish(text.to_owned(), kind)
    }
}

/// What was read so far.
#[derive(Default)]
struct Items<'a> {
    kind: Option<SourceKind>,
    strip: StripSettings,
    pitch: Option<f64>,
    repeat: Option<Repeat>,
    rate: Option<u32>,
    channels: Option<usize>,
    format: Option<PcmFormat>,
    keys: Vec<&'a str>,
}

impl<'a> Items<'a> {
    fn read(text: &'a str) -> Result<Self, String> {
        let mut items = Self::default();
        for item in split(text) {
            items.take(item)?;
        }
        Ok(items)
    }

    fn finish(self, text: String, mut kind: SourceKind) -> Result<SourceSpec, String> {
        let key = self.pitch.map(|_| "pitch").or(self.repeat.as_ref().map(|_| "loop"));
        if let (Some(key), false) = (key, kind.has_time_line()) {
            return Err(format!("{key} is for files"));
        }
        let key = self.rate.map(|_| "rate").or(self.channels.map(|_| "channels"));
        let key = key.or(self.format.map(|_| "format"));
        match (&mut kind, key) {
            (SourceKind::Fifo(pipe), _) => {
                pipe.rate = self.rate.unwrap_or(pipe.rate);
                pipe.channels = self.channels.unwrap_or(pipe.channels);
                pipe.format = self.format.unwrap_or(pipe.format);
            }
            (_, Some(key)) => return Err(format!("{key} is for fifo:PATH")),
            (_, None) => {}
        }
        let (pitch, repeat) = (self.pitch.unwrap_or(1.0), self.repeat.unwrap_or_default());
        Ok(SourceSpec { text, kind, strip: self.strip, pitch, repeat })
    }

    fn take(&mut self, item: &'a str) -> Result<(), String> {
        let Some((key, value)) = setting(item) else {
            return match self.kind.replace(SourceKind::parse(item)?) {
                None => Ok(()),
                Some(_) => Err(format!("{item}: a source is one thing; repeat --source")),
            };
        };
        if self.keys.contains(&key) {
            return Err(format!("{key} is given twice"));
        }
        self.keys.push(key);
        match key {
            "gain" => self.strip.gain = gain(value)?,
            "pan" => self.strip.pan = number(key, value, &(-1.0..=1.0))?,
            "law" => self.strip.law = one_of(key, value, &LAWS)?,
            "bus" => self.strip.bus = one_of(key, value, &BUSES)?,
            "pitch" => self.pitch = Some(number(key, value, &PITCHES)?),
            "loop" => self.repeat = Some(Repeat::parse(value)?),
            "rate" => self.rate = Some(number(key, value, &RAW_RATES)?),
            "channels" => self.channels = Some(number(key, value, &RAW_CHANNELS)?),
            "format" => self.format = Some(value.parse().map_err(|e| format!("format: {e}"))?),
            _ => return Err(format!("unknown key \"{key}\"; keys: {KEYS}")),
        }
        Ok(())
    }
}

impl FromStr for SourceSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

/// The items of a spec; what may hold commas is the last.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let now = rest?;
        if takes_the_rest(now) {
            rest = None;
            return Some(now);
        }
        let (item, after) = now.split_once(',').map_or((now, None), |(i, a)| (i, Some(a)));
        rest = after;
        Some(item)
    })
}

/// Key and value of an item that is no kind.
fn setting(item: &str) -> Option<(&str, &str)> {
    if takes_the_rest(item) { None } else { item.split_once('=') }
}

fn takes_the_rest(item: &str) -> bool {
    ["file:", "fifo:", "mic:"].iter().any(|kind| item.starts_with(kind))
}

impl SourceKind {
    fn parse(item: &str) -> Result<Self, String> {
        let (name, argument) =
            item.split_once(':').map_or((item, None), |(name, argument)| (name, Some(argument)));
        let hz = |text| number(name, text, &(0.01..=384_000.0));
        let signal = match (name, argument) {
            ("mic", None) => return Ok(Self::Mic),
            ("mic", Some("" | "none")) => {
                return Err(format!(
                    "{item}: needs a device, as in mic:USB Audio; see `retake devices`"
                ));
            }
            ("mic", Some(device)) => return Ok(Self::Input(device.to_owned())),
            ("file", Some(path)) if !path.is_empty() => return Ok(Self::File(path.into())),
            ("push", Some(name)) => return push_name(name).map(|n| Self::Push(n.to_owned())),
            ("push", None) => return Err("push needs a name, as in push:synth".to_owned()),
            ("fifo", Some(path)) if !path.is_empty() => return Ok(Self::Fifo(Pipe::at(path))),
            ("fifo", _) => return Err("fifo: needs a path, as in fifo:/tmp/pcm".to_owned()),
            ("file", _) => return Err("file: needs a path, as in file:loop.wav".to_owned()),
            ("tone", Some(text)) => Signal::Sine { hz: hz(text)? },
            ("tone", None) => return Err("tone needs a frequency, as in tone:997".to_owned()),
            ("sweep", None) => Signal::Sweep,
            ("noise", Some("white")) => Signal::WhiteNoise { seed: 0 },
            ("noise", Some("pink")) => Signal::PinkNoise { seed: 0 },
            ("noise", _) => return Err(format!("{item}: it is noise:pink or noise:white")),
            ("impulse", None) => Signal::Impulse,
            ("clicks", None) => Signal::Clicks { hz: CLICKS_HZ },
            ("clicks", Some(text)) => Signal::Clicks { hz: hz(text)? },
            ("silence", None) => Signal::Silence,
            ("ebu", None) => Signal::LineUp,
            ("dc", Some(text)) => Signal::Dc { level: number(name, text, &(-1.0..=1.0))? },
            ("dc", None) => return Err("dc needs a level, as in dc:0.1".to_owned()),
            _ => return Err(format!("unknown source \"{item}\": it is one of {KINDS}")),
        };
        Ok(Self::Signal(signal))
    }
}

impl Pipe {
    fn at(path: &str) -> Self {
        Self {
            path: path.into(),
            rate: USUAL_RATE,
            channels: USUAL_CHANNELS,
            format: PcmFormat::default(),
        }
    }
}

/// The name of a client that sends frames, if it can be one.
///
/// # Errors
/// What it has to be.
pub fn push_name(name: &str) -> Result<&str, String> {
    let is_good = |c: char| !c.is_control() && c != ',' && c != '=';
    if name.is_empty() || name.len() > PUSH_NAME_BYTES || !name.chars().all(is_good) {
        let most = PUSH_NAME_BYTES;
        return Err(format!("push: a name has 1 to {most} bytes, and no comma or equals sign"));
    }
    Ok(name)
}

impl Repeat {
    fn parse(value: &str) -> Result<Self, String> {
        if value == "all" {
            return Ok(Self::All);
        }
        let seconds = |text: &str| text.parse::<f64>().ok().filter(|s| (0.0..=1e6).contains(s));
        let ends = value.split_once('-').and_then(|(a, b)| seconds(a).zip(seconds(b)));
        match ends {
            Some((from, to)) if from < to => Ok(Self::Between(from..to)),
            Some(_) => Err(format!("loop={value}: the end has to come after the start")),
            None => Err(format!(
                "loop={value}: expected all, or START-END in seconds, as in loop=1.5-3"
            )),
        }
    }
}

fn gain(value: &str) -> Result<f32, String> {
    if value == "-inf" {
        return Ok(0.0);
    }
    let db = number("gain", value, &LEVELS_DB);
    db.map(gain_of_db).map_err(|e| format!("{e} dB ({SILENCE_DB} is silence)"))
}

fn number<T>(key: &str, value: &str, range: &RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + fmt::Display,
{
    let number = value.parse::<T>().ok().filter(|x| range.contains(x));
    number.ok_or_else(|| {
        let (min, max) = (range.start(), range.end());
        format!("{key}: \"{value}\" is not a number from {min} to {max}")
    })
}

fn one_of<T: Copy>(key: &str, value: &str, known: &[(&str, T)]) -> Result<T, String> {
    let found = known.iter().find(|(name, _)| *name == value);
    found.map(|(_, what)| *what).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        format!("{key}={value}: expected one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use retake_engine::mixer::PanLaw;

    use super::*;

    fn spec(text: &str) -> SourceSpec {
        text.parse().unwrap()
    }

    #[test]
    fn a_source_is_one_kind_and_its_settings() {
        let tone = spec("tone:997,gain=-20,pan=-0.5,law=power,bus=dry");
        assert_eq!(tone.kind, SourceKind::Signal(Signal::Sine { hz: 997.0 }));
        assert!((tone.strip.gain - 0.1).abs() < 1e-6 && (tone.strip.pan + 0.5).abs() < 1e-6);
        assert_eq!((tone.strip.law, tone.bus_name()), (PanLaw::EqualPower, "dry"));
        assert_eq!(spec("gain=-20,tone:997").kind, tone.kind);
        assert_eq!(spec("mic").strip, StripSettings::default());
        assert_eq!(spec("noise:pink,bus=sidechain").bus_name(), "sidechain");
        assert_eq!(spec("clicks").kind, SourceKind::Signal(Signal::Clicks { hz: 2.0 }));
        assert_eq!(spec("ebu").kind, SourceKind::Signal(Signal::LineUp));
        assert!(spec("sweep,gain=-inf").strip.gain.abs() < 1e-12);
    }

    #[test]
    fn a_path_takes_all_that_follows() {
        let file = spec("pitch=0.5,loop=1.5-3,file:/a b/x,gain=-6,y:z.wav");
        assert_eq!(file.kind, SourceKind::File("/a b/x,gain=-6,y:z.wav".into()));
        assert!((file.pitch - 0.5).abs() < 1e-12);
        assert_eq!(file.repeat, Repeat::Between(1.5..3.0));
        assert_eq!(spec("loop=all,file:x").repeat, Repeat::All);
        assert_eq!(spec("file:x").repeat, Repeat::Never);
    }

    #[test]
    fn a_device_takes_all_that_follows() {
        let mic = spec("gain=-6,pan=-0.3,mic:virtual:tone=440,ppm=50");
        assert_eq!(mic.kind, SourceKind::Input("virtual:tone=440,ppm=50".to_owned()));
        assert!((mic.strip.gain - 0.501).abs() < 1e-3 && (mic.strip.pan + 0.3).abs() < 1e-6);
        assert!(mic.kind.is_captured() && !mic.kind.names_a_path());
        assert_eq!(spec("mic:A, b").kind.device(), Some("A, b"));
    }

    #[test]
    fn what_is_sent_has_a_name_or_a_pipe_with_its_format() {
        assert_eq!(spec("push:a synth,gain=-6").kind, SourceKind::Push("a synth".to_owned()));
        let pipe = |rate, channels, format| {
            let path = "/a b/x,y=z".into();
            SourceKind::Fifo(Pipe { path, rate, channels, format })
        };
        assert_eq!(spec("gain=-6,fifo:/a b/x,y=z").kind, pipe(48_000, 2, PcmFormat::F32));
        let given = spec("rate=44100,channels=1,format=s24,fifo:/a b/x,y=z");
        assert_eq!(given.kind, pipe(44_100, 1, PcmFormat::S24));
        assert!(given.kind.is_sent() && given.kind.names_a_path());
        assert_eq!((given.kind.word(), given.kind.name().as_str()), ("fifo", "x,y=z"));
    }

    #[test]
    fn a_file_that_was_sent_has_settings_and_no_other_kind() {
        let upload =
            || Upload { name: "a, b.wav".into(), file: Arc::new(tempfile::tempfile().unwrap()) };
        let spec = |settings| SourceSpec::upload(settings, upload());
        let looped = spec("loop=all,gain=-6,pitch=0.5").unwrap();
        assert_eq!((looped.kind.word(), looped.kind.name().as_str()), ("file", "a, b.wav"));
        assert_eq!(looped.text, "loop=all,gain=-6,pitch=0.5,file:a, b.wav");
        assert!(looped.kind.has_time_line() && !looped.kind.names_a_path());
        assert_eq!(spec("").unwrap().text, "file:a, b.wav");
        for wrong in ["tone:997", "file:/etc/passwd", "gain=6,mic", "nonsense", ",", "rate=48000"] {
            assert!(spec(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_mistake_names_the_value_and_what_is_allowed() {
        let cases = [
            ("ton:997", "unknown source \"ton:997\": it is one of file:PATH, tone:HZ"),
            ("", "unknown source \"\""),
            ("gain=-6", "what sounds is missing: one of file:PATH"),
            ("tone", "tone needs a frequency, as in tone:997"),
            ("tone:high", "tone: \"high\" is not a number from 0.01 to 384000"),
            ("tone:nan", "tone: \"nan\" is not a number"),
            ("noise:brown", "noise:brown: it is noise:pink or noise:white"),
            ("noise", "it is noise:pink or noise:white"),
            ("dc", "dc needs a level"),
            ("dc:2", "dc: \"2\" is not a number from -1 to 1"),
            ("file:", "file: needs a path"),
            (
                "sweep,gain=loud",
                "gain: \"loud\" is not a number from -80 to 24 dB (-80 is silence)",
            ),
            ("sweep,gain=30", "gain: \"30\" is not a number"),
            ("sweep,pan=2", "pan: \"2\" is not a number from -1 to 1"),
            ("sweep,law=linear", "law=linear: expected one of balance, power"),
            ("sweep,bus=aux", "bus=aux: expected one of plugin-in, sidechain, dry, master"),
            ("sweep,pitch=2", "pitch is for files"),
            ("loop=all,mic", "loop is for files"),
            ("pitch=9,file:x", "pitch: \"9\" is not a number from 0.1 to 4"),
            ("loop=3-1.5,file:x", "loop=3-1.5: the end has to come after the start"),
            ("loop=yes,file:x", "loop=yes: expected all, or START-END in seconds"),
            ("sweep,gain=1,gain=2", "gain is given twice"),
            ("sweep,volume=1", "unknown key \"volume\"; keys: gain, pan"),
            ("mic:", "mic:: needs a device"),
            ("gain=-6,mic:none", "mic:none: needs a device"),
            ("loop=all,mic:x", "loop is for files"),
            ("sweep,mic:x", "mic:x: a source is one thing"),
            ("sweep,mic", "mic: a source is one thing; repeat --source"),
            ("push", "push needs a name, as in push:synth"),
            ("push:", "push: a name has 1 to 64 bytes"),
            ("push:a=b", "unknown key \"push:a\""),
            ("push:a\u{7}", "push: a name has 1 to 64 bytes, and no comma or equals sign"),
            ("push:a,pitch=2", "pitch is for files"),
            ("fifo:", "fifo: needs a path, as in fifo:/tmp/pcm"),
            ("rate=7999,fifo:x", "rate: \"7999\" is not a number from 8000 to 192000"),
            ("channels=0,fifo:x", "channels: \"0\" is not a number from 1 to 16"),
            ("format=u8,fifo:x", "format: \"u8\" is no sample format; it is one of f32, s16"),
            ("format=s16,push:x", "format is for fifo:PATH"),
            ("loop=all,fifo:x", "loop is for files"),
        ];
        for (text, message) in cases {
            let error = text.parse::<SourceSpec>().unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
