//! What a client can ask of sources and buses, checked as far as possible without knowing them.

use retake_engine::mixer::{Bus, LEVELS_DB, PITCHES, SILENCE_DB};
use serde::{Deserialize, Deserializer};
use serde_json::{json, value::RawValue};

use super::{Request, RpcError};
use crate::source::{BUSES, BusChange, LAWS, Repeat, SourceChange};

/// What control is asked to do with a source or a bus. A source has a number; 0 = the live input.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceRequest {
    /// Shows all of them.
    List,
    /// Adds a source, as `--source` takes it.
    Add {
        /// Its words.
        spec: String,
    },
    /// Changes a source.
    Set {
        /// Which.
        id: u32,
        /// What.
        change: SourceChange,
    },
    /// Halts a source, or lets it go on.
    Pause {
        /// Which.
        id: u32,
        /// Halts.
        on: bool,
    },
    /// Moves a source.
    Seek {
        /// Which.
        id: u32,
        /// Where to, of its material; finite and not negative.
        seconds: f64,
    },
    /// Ends a source.
    Remove {
        /// Which.
        id: u32,
    },
    /// Makes a microphone another device.
    SetInput {
        /// Whose.
        id: u32,
        /// As `--input` would name it.
        device: String,
    },
    /// Changes a bus.
    SetBus {
        /// Which.
        bus: Bus,
        /// What.
        change: BusChange,
    },
}

impl From<SourceRequest> for Request {
    fn from(request: SourceRequest) -> Self {
        Self::Source(request)
    }
}

/// Longest spec, in bytes.
const MAX_SPEC: usize = 1_024;
/// Longest time, in seconds.
const MAX_SECONDS: f64 = 1e6;

type Text = Option<Box<RawValue>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    spec: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    id: u32,
    #[serde(default, deserialize_with = "present")]
    gain_db: Text,
    #[serde(default, deserialize_with = "present")]
    pan: Text,
    #[serde(default, deserialize_with = "present")]
    law: Text,
    #[serde(default, deserialize_with = "present")]
    pitch: Text,
    #[serde(default, deserialize_with = "present")]
    bus: Text,
    #[serde(default, deserialize_with = "present")]
    mute: Text,
    #[serde(default, rename = "loop", deserialize_with = "present")]
    repeat: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    id: u32,
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seek {
    id: u32,
    seconds: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Remove {
    id: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetInput {
    id: u32,
    device: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetBus {
    bus: Box<RawValue>,
    #[serde(default, deserialize_with = "present")]
    gain_db: Text,
    #[serde(default, deserialize_with = "present")]
    mute: Text,
    #[serde(default, deserialize_with = "present")]
    solo: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Span {
    from: f64,
    to: f64,
}

/// Keeps `null`, which says something here, apart from what is left out.
fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Text, D::Error> {
    Box::<RawValue>::deserialize(input).map(Some)
}

pub(super) fn add(params: Add) -> Result<SourceRequest, RpcError> {
    if params.spec.len() > MAX_SPEC {
        let message = format!("a source has at most {MAX_SPEC} bytes");
        return Err(RpcError::invalid_params(message));
    }
    Ok(SourceRequest::Add { spec: params.spec })
}

pub(super) fn set(params: &Set) -> Result<SourceRequest, RpcError> {
    let change = SourceChange {
        gain_db: level(&params.gain_db)?,
        pan: number("pan", &params.pan, (-1.0, 1.0))?,
        law: one_of("law", &params.law, &LAWS)?,
        pitch: number("pitch", &params.pitch, (*PITCHES.start(), *PITCHES.end()))?,
        bus: one_of("bus", &params.bus, &BUSES)?,
        mute: switch("mute", &params.mute)?,
        repeat: params.repeat.as_deref().map(repeat).transpose()?,
    };
    if change == SourceChange::default() {
        let allowed = json!(["gain_db", "pan", "law", "pitch", "bus", "mute", "loop"]);
        return Err(RpcError::not_allowed("nothing is to be changed", &allowed));
    }
    Ok(SourceRequest::Set { id: params.id, change })
}

pub(super) fn pause(params: &Pause) -> SourceRequest {
    SourceRequest::Pause { id: params.id, on: params.on }
}

pub(super) fn seek(params: &Seek) -> Result<SourceRequest, RpcError> {
    Ok(SourceRequest::Seek { id: params.id, seconds: seconds("seconds", &params.seconds)? })
}

pub(super) fn remove(params: &Remove) -> SourceRequest {
    SourceRequest::Remove { id: params.id }
}

pub(super) fn set_input(params: SetInput) -> Result<SourceRequest, RpcError> {
    let SetInput { id, device } = params;
    if device.is_empty() || device.len() > MAX_SPEC {
        let message = format!("device: a name has 1 to {MAX_SPEC} bytes");
        return Err(RpcError::invalid_params(message));
    }
    Ok(SourceRequest::SetInput { id, device })
}

pub(super) fn set_bus(params: &SetBus) -> Result<SourceRequest, RpcError> {
    let change = BusChange {
        gain_db: level(&params.gain_db)?,
        mute: switch("mute", &params.mute)?,
        solo: switch("solo", &params.solo)?,
    };
    if change == BusChange::default() {
        let allowed = json!(["gain_db", "mute", "solo"]);
        return Err(RpcError::not_allowed("nothing is to be changed", &allowed));
    }
    let bus = named("bus", &params.bus, &BUSES)?;
    Ok(SourceRequest::SetBus { bus, change })
}

/// A level in dB; `null` is silence.
fn level(text: &Text) -> Result<Option<f32>, RpcError> {
    if text.as_deref().is_some_and(|text| text.get() == "null") {
        return Ok(Some(SILENCE_DB));
    }
    number("gain_db", text, (*LEVELS_DB.start(), *LEVELS_DB.end()))
}

fn repeat(text: &RawValue) -> Result<Repeat, RpcError> {
    if text.get() == "null" {
        return Ok(Repeat::Never);
    }
    // A list would be read by position.
    let span = Some(text.get()).filter(|text| text.starts_with('{'));
    let wrong = || RpcError::invalid_params("loop must be null or {from, to}, in seconds");
    let span = span.and_then(|text| serde_json::from_str(text).ok());
    let Span { from, to } = span.ok_or_else(wrong)?;
    for end in [from, to] {
        if !(0.0..=MAX_SECONDS).contains(&end) {
            let message = format!("loop: {end} is no time from 0 to {MAX_SECONDS} seconds");
            return Err(RpcError::out_of_range(message, 0.0, MAX_SECONDS));
        }
    }
    if from >= to {
        let message = format!("loop: its end ({to} s) has to come after its start ({from} s)");
        return Err(RpcError::out_of_range(message, from, MAX_SECONDS));
    }
    Ok(Repeat::Between(from..to))
}

fn seconds(name: &str, text: &RawValue) -> Result<f64, RpcError> {
    let value = serde_json::from_str(text.get()).ok();
    value.filter(|value| (0.0..=MAX_SECONDS).contains(value)).ok_or_else(|| {
        let message = format!("{name} must be a number between 0 and {MAX_SECONDS}");
        RpcError::out_of_range(message, 0.0, MAX_SECONDS)
    })
}

fn number<T>(name: &str, text: &Text, (min, max): (T, T)) -> Result<Option<T>, RpcError>
where
    T: serde::de::DeserializeOwned + PartialOrd + Copy + Into<f64> + std::fmt::Display,
{
    let read = |text: &RawValue| {
        let value = serde_json::from_str(text.get()).ok();
        value.filter(|value| (min..=max).contains(value)).ok_or_else(|| {
            let message = format!("{name} must be a number between {min} and {max}");
            RpcError::out_of_range(message, min.into(), max.into())
        })
    };
    text.as_deref().map(read).transpose()
}

fn switch(name: &str, text: &Text) -> Result<Option<bool>, RpcError> {
    let read = |text: &RawValue| {
        serde_json::from_str(text.get()).map_err(|_| {
            let message = format!("{name} must be true or false");
            RpcError::not_allowed(message, &json!([true, false]))
        })
    };
    text.as_deref().map(read).transpose()
}

fn one_of<T: Copy>(name: &str, text: &Text, known: &[(&str, T)]) -> Result<Option<T>, RpcError> {
    text.as_deref().map(|text| named(name, text, known)).transpose()
}

fn named<T: Copy>(name: &str, text: &RawValue, known: &[(&str, T)]) -> Result<T, RpcError> {
    let word: Option<String> = serde_json::from_str(text.get()).ok();
    let found = known.iter().find(|(name, _)| word.as_deref() == Some(name));
    found.map(|(_, what)| *what).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        let message = format!("{name} must be one of {}", names.join(", "));
        RpcError::not_allowed(message, &json!(names))
    })
}
