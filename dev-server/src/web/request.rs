//! What a client can ask: method names and their parameters, as types.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::rpc::Envelope;
use super::sources::{self, SourceRequest};
use super::take::{self, TakeRequest};
use super::{RpcError, Subscription, subscription};

/// What control is asked to do. Checked as far as possible without knowing the session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Request {
    /// Everything of the session.
    Status,
    /// The parameter list.
    Params,
    /// Sets a parameter.
    SetParam {
        /// Which one.
        id: ParamRef,
        /// The plain value; `None` = what the client sent is no finite number: to be refused with
        /// [`RpcError::out_of_range`], because only control knows the range.
        value: Option<f64>,
    },
    /// Takes the plugin out of the signal, or back in.
    Bypass {
        /// Out.
        on: bool,
    },
    /// Silences the output.
    Mute {
        /// Silent.
        on: bool,
    },
    /// Plays or releases a note.
    Note {
        /// MIDI key, 0–127; 60 = middle C.
        key: u8,
        /// 0–1.
        velocity: f64,
        /// Pressed, or released.
        on: bool,
        /// MIDI channel, 0–15.
        channel: u8,
    },
    /// A hand takes hold of a parameter, or lets it go.
    Gesture {
        /// Which one.
        id: ParamRef,
        /// Takes hold.
        on: bool,
    },
    /// Forgets the clips counted so far.
    ResetClips,
    /// Measures the loudness from now on.
    ResetLoudness,
    /// Lets the plugin read a text.
    TextToValue {
        /// Of which parameter.
        id: ParamRef,
        /// As a person writes it.
        text: String,
    },
    /// The plugin's meters and probes.
    Probes,
    /// All parameters to their defaults.
    ResetParams,
    /// The plugin's presets.
    Presets,
    /// Saves where the plugin stands.
    SavePreset {
        /// Under this name.
        name: String,
    },
    /// Lets the plugin stand where a preset says.
    RecallPreset {
        /// Its name.
        name: String,
    },
    /// Deletes a preset.
    DeletePreset {
        /// Its name.
        name: String,
    },
    /// Measures the way from the speaker back to the microphone.
    MeasureLatency,
    /// The devices of the machine.
    Devices,
    /// Something about sources and buses.
    Source(SourceRequest),
    /// Something about the take and waveforms.
    Take(TakeRequest),
    /// The client is gone; its last word, said by its connection. Nobody hears the answer.
    Left,
}

/// How a client names a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamRef {
    /// The CLAP number.
    Id(u32),
    /// The SDK's string id.
    Key(String),
}

/// Who answers a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Method {
    /// The connection itself, from its own view of the telemetry.
    Meters,
    /// The connection itself: what its snapshots are to carry.
    Subscribe(Subscription),
    /// The control thread.
    Control(Request),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SetParam {
    id: Box<RawValue>,
    value: Box<RawValue>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Gesture {
    id: Box<RawValue>,
    on: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TextToValue {
    id: Box<RawValue>,
    text: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    key: Box<RawValue>,
    velocity: Option<Box<RawValue>>,
    on: bool,
    channel: Option<Box<RawValue>>,
}

/// Reads method and parameters.
///
/// # Errors
/// −32601 for an unknown method, −32602 for parameters that do not fit it.
pub(crate) fn parse(envelope: &Envelope) -> Result<Method, RpcError> {
    let params = envelope.params.as_deref();
    let request = match envelope.method.as_str() {
        "meters" => {
            named::<Nothing>(params)?;
            return Ok(Method::Meters);
        }
        "subscribe" => {
            return subscription::read(named(params)?).map(Method::Subscribe);
        }
        "status" => named::<Nothing>(params).map(|_| Request::Status)?,
        "params" => named::<Nothing>(params).map(|_| Request::Params)?,
        "reset_clips" => named::<Nothing>(params).map(|_| Request::ResetClips)?,
        "reset_loudness" => named::<Nothing>(params).map(|_| Request::ResetLoudness)?,
        "bypass" => named::<Switch>(params).map(|p| Request::Bypass { on: p.on })?,
        "mute" => named::<Switch>(params).map(|p| Request::Mute { on: p.on })?,
        "reset_params" => named::<Nothing>(params).map(|_| Request::ResetParams)?,
        "probes" => named::<Nothing>(params).map(|_| Request::Probes)?,
        "gesture" => gesture(&named(params)?)?,
        "text_to_value" => text_to_value(named(params)?)?,
        "presets" => named::<Nothing>(params).map(|_| Request::Presets)?,
        "save_preset" => named(params).map(|Named { name }| Request::SavePreset { name })?,
        "recall_preset" => named(params).map(|Named { name }| Request::RecallPreset { name })?,
        "delete_preset" => named(params).map(|Named { name }| Request::DeletePreset { name })?,
        "sources" => named::<Nothing>(params).map(|_| SourceRequest::List.into())?,
        "devices" => named::<Nothing>(params).map(|_| Request::Devices)?,
        "set_input" => sources::set_input(named(params)?)?.into(),
        "add_source" => sources::add(named(params)?)?.into(),
        "set_source" => sources::set(&named(params)?)?.into(),
        "pause_source" => sources::pause(&named(params)?).into(),
        "seek_source" => sources::seek(&named(params)?)?.into(),
        "remove_source" => sources::remove(&named(params)?).into(),
        "set_bus" => sources::set_bus(&named(params)?)?.into(),
        "measure_latency" => named::<Nothing>(params).map(|_| Request::MeasureLatency)?,
        "take" => named::<Nothing>(params).map(|_| TakeRequest::Show.into())?,
        "take_loop" => take::take_loop(&named(params)?)?.into(),
        "take_stop" => named::<Nothing>(params).map(|_| TakeRequest::Stop.into())?,
        "waveform" => take::waveform(&named(params)?)?.into(),
        "set_param" => set_param(&named(params)?)?,
        "note" => note(&named(params)?)?,
        unknown => return Err(RpcError::unknown_method(unknown)),
    };
    Ok(Method::Control(request))
}

/// Parameters by name only: by position they would mean what the order of a struct happens to be.
fn named<T: DeserializeOwned>(params: Option<&RawValue>) -> Result<T, RpcError> {
    let text = params.map_or("{}", RawValue::get);
    if !text.starts_with('{') {
        return Err(RpcError::invalid_params("params must be an object"));
    }
    serde_json::from_str(text).map_err(|error| RpcError::invalid_params(error.to_string()))
}

fn set_param(params: &SetParam) -> Result<Request, RpcError> {
    Ok(Request::SetParam { id: param_ref(&params.id)?, value: finite(&params.value) })
}

fn gesture(params: &Gesture) -> Result<Request, RpcError> {
    Ok(Request::Gesture { id: param_ref(&params.id)?, on: params.on })
}

/// The longest text that a parameter is asked to read, in bytes.
const MAX_TEXT: usize = 256;

fn text_to_value(params: TextToValue) -> Result<Request, RpcError> {
    if params.text.len() > MAX_TEXT {
        let message = format!("text must have at most {MAX_TEXT} bytes");
        return Err(RpcError::invalid_params(message));
    }
    Ok(Request::TextToValue { id: param_ref(&params.id)?, text: params.text })
}

fn param_ref(id: &RawValue) -> Result<ParamRef, RpcError> {
    let id = id.get();
    serde_json::from_str(id)
        .map(ParamRef::Id)
        .or_else(|_| serde_json::from_str(id).map(ParamRef::Key))
        .map_err(|_| RpcError::invalid_params("id must be a parameter's number or string id"))
}

fn note(params: &Note) -> Result<Request, RpcError> {
    let channel = params.channel.as_deref().map_or(Ok(0), |c| whole("channel", c, 15))?;
    let velocity = params.velocity.as_deref().map_or(Some(1.0), finite);
    let velocity = velocity
        .filter(|velocity| (0.0..=1.0).contains(velocity))
        .ok_or_else(|| RpcError::out_of_range("velocity must be between 0 and 1", 0.0, 1.0))?;
    Ok(Request::Note { key: whole("key", &params.key, 127)?, velocity, on: params.on, channel })
}

fn whole(name: &str, value: &RawValue, max: u8) -> Result<u8, RpcError> {
    serde_json::from_str(value.get()).ok().filter(|value| *value <= max).ok_or_else(|| {
        let message = format!("{name} must be a whole number between 0 and {max}");
        RpcError::out_of_range(message, 0.0, max.into())
    })
}

/// `null` is what a browser makes of NaN and infinity; `1e999` is what others do. Neither parses.
fn finite(value: &RawValue) -> Option<f64> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::rpc;
    use super::*;

    fn ask(method: &str, params: &str) -> Result<Method, RpcError> {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        parse(&rpc::open(&text).unwrap())
    }

    fn value(text: &str) -> Option<f64> {
        match ask("set_param", &format!(r#"{{"id":7,"value":{text}}}"#)) {
            Ok(Method::Control(Request::SetParam { id: ParamRef::Id(7), value })) => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_finite_number_is_a_value() {
        assert_eq!(value("-6"), Some(-6.0));
        assert_eq!(value("0.25"), Some(0.25));
        for bad in ["1e999", "-1e999", "null", "\"3\"", "[]", "true"] {
            assert_eq!(value(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_parameter_is_named_by_number_or_string() {
        let key = ask("set_param", r#"{"id":"gain","value":1}"#).unwrap();
        let id = ParamRef::Key("gain".into());
        assert_eq!(key, Method::Control(Request::SetParam { id, value: Some(1.0) }));
        for bad in ["-1", "1.5", "4294967296", "null", "{}"] {
            let error = ask("set_param", &format!(r#"{{"id":{bad},"value":1}}"#)).unwrap_err();
            assert_eq!(error.code, -32602, "{bad}");
        }
    }

    #[test]
    fn notes_are_checked_and_say_their_range() {
        let note = ask("note", r#"{"key":60,"velocity":0.5,"on":true,"channel":3}"#).unwrap();
        let wanted = Request::Note { key: 60, velocity: 0.5, on: true, channel: 3 };
        assert_eq!(note, Method::Control(wanted));
        for (bad, max) in [
            (r#"{"key":128,"on":true}"#, 127.0),
            (r#"{"key":-1,"on":true}"#, 127.0),
            (r#"{"key":1,"on":true,"channel":16}"#, 15.0),
            (r#"{"key":1,"on":true,"velocity":1.5}"#, 1.0),
            (r#"{"key":1,"on":true,"velocity":1e999}"#, 1.0),
        ] {
            let error = ask("note", bad).unwrap_err();
            assert_eq!(error.code, -32602, "{bad}");
            assert_eq!(error.data.unwrap()["max"], max, "{bad}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(ask("nonsense", "{}").unwrap_err().code, -32601);
        for (method, params) in [
            ("set_param", r#"{"id":1}"#),
            ("set_param", "[1, 2]"),
            ("bypass", "{}"),
            ("bypass", r#"{"on":1}"#),
            ("mute", r#"{"on":true,"off":false}"#),
            ("status", "7"),
            ("meters", r#"{"since":3}"#),
            ("note", r#"{"key":60}"#),
            ("gesture", r#"{"id":1}"#),
            ("gesture", r#"{"id":null,"on":true}"#),
            ("subscribe", "{}"),
            ("subscribe", r#"{"views":[]}"#),
            ("reset_loudness", r#"{"side":"input"}"#),
            ("save_preset", "{}"),
            ("recall_preset", r#"{"name":7}"#),
            ("delete_preset", r#"{"name":"a","path":"b"}"#),
            ("presets", r#"{"plugin":"org.x"}"#),
            ("devices", r#"{"host":"alsa"}"#),
            ("set_input", r#"{"id":0}"#),
            ("set_input", r#"{"id":0,"device":""}"#),
            ("set_input", r#"{"id":-1,"device":"x"}"#),
            ("take", r#"{"seconds":1}"#),
            ("take_loop", "{}"),
            ("take_loop", r#"{"seconds":1e999}"#),
            ("take_loop", r#"{"seconds":"8"}"#),
            ("take_stop", r#"{"id":1}"#),
            ("waveform", r#"{"id":1,"from":0,"to":1}"#),
            ("waveform", r#"{"id":1,"from":1,"to":1,"n":10}"#),
            ("waveform", r#"{"id":1,"from":-1,"to":1,"n":10}"#),
            ("waveform", r#"{"id":1,"from":0,"to":1,"n":2049}"#),
            ("waveform", r#"{"id":1,"from":0,"to":1,"n":0}"#),
            ("waveform", r#"{"id":1,"from":0,"to":1,"n":1.5}"#),
        ] {
            assert_eq!(ask(method, params).unwrap_err().code, -32602, "{method} {params}");
        }
    }
}
