//! `subscribe`: which views a client wants, checked.

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::RpcError;

/// What a client's snapshots are to carry beside the figures. The default is nothing.
#[expect(clippy::struct_excessive_bools, reason = "views that do not depend on each other")]
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Subscription {
    /// True peaks.
    #[serde(skip_serializing_if = "is_off")]
    pub levels: bool,
    /// Loudness.
    #[serde(skip_serializing_if = "is_off")]
    pub loudness: bool,
    /// Correlation, balance, goniometer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stereo: Option<StereoView>,
    /// Levels over frequency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrum: Option<SpectrumView>,
    /// The wave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeView>,
    /// Signal probes, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<String>,
    /// The histogram of the load.
    #[serde(skip_serializing_if = "is_off")]
    pub load: bool,
    /// Where the sources stand, and how loud they are.
    #[serde(skip_serializing_if = "is_off")]
    pub sources: bool,
}

impl Subscription {
    /// What a client would get for these views.
    #[cfg(test)]
    pub(crate) fn of(views: &serde_json::Value) -> Self {
        let subscribe = serde_json::from_str(&json!({ "views": views }).to_string());
        read(subscribe.unwrap()).unwrap()
    }

    /// Whether a view needs the engine's taps.
    pub fn reads_taps(&self) -> bool {
        self.levels || self.stereo.is_some() || self.spectrum.is_some() || self.scope.is_some()
    }
}

/// The goniometer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StereoView {
    /// Most points of a snapshot, 0–512.
    pub points: usize,
}

/// The spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpectrumView {
    /// Frames of the transform: a power of two, 512–16384.
    pub size: usize,
    /// Width of the bands.
    pub smoothing: Smoothing,
}

/// What a bin of the spectrum sums up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Smoothing {
    /// Nothing: the highest point.
    None,
    /// A third of an octave.
    Third,
    /// A sixth.
    Sixth,
    /// A twelfth.
    Twelfth,
}

/// The oscilloscope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScopeView {
    /// Frames of the window, 64–16384.
    pub frames: usize,
    /// Counted from 0.
    pub channel: usize,
    /// When a window is taken.
    pub trigger: Trigger,
    /// Which the output has to cross, linear.
    pub level: f32,
    /// In which direction.
    #[serde(rename = "slope", serialize_with = "slope")]
    pub is_rising: bool,
    /// Share of the window before the trigger, 0–1.
    pub pre: f32,
}

impl ScopeView {
    /// Whether it stops after one window.
    pub fn is_single(&self) -> bool {
        self.trigger == Trigger::Single
    }
}

/// When the oscilloscope takes a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// At each crossing; without one, freely.
    Auto,
    /// At each crossing.
    Normal,
    /// At the next crossing, once.
    Single,
    /// Always the newest.
    Off,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_off(on: &bool) -> bool {
    !on
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn slope<S: serde::Serializer>(is_rising: &bool, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(if *is_rising { "rising" } else { "falling" })
}

/// Most names.
const MAX_PROBES: usize = 8;
/// Longest name, in bytes, as plugins can have it.
const MAX_NAME: usize = 63;
const SIZES: [usize; 6] = [512, 1_024, 2_048, 4_096, 8_192, 16_384];

type Text = Option<Box<RawValue>>;

/// The parameters of the call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    views: Views,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Views {
    levels: Text,
    loudness: Text,
    stereo: Option<Stereo>,
    spectrum: Option<Spectrum>,
    scope: Option<Scope>,
    probes: Text,
    load: Text,
    sources: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stereo {
    points: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spectrum {
    size: Text,
    smoothing: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    frames: Text,
    channel: Text,
    trigger: Text,
    level: Text,
    slope: Text,
    pre: Text,
}

/// Reads the views; what is left out of one has its default.
///
/// # Errors
/// −32602 that says which values are allowed.
pub(super) fn read(Subscribe { views }: Subscribe) -> Result<Subscription, RpcError> {
    Ok(Subscription {
        levels: switch("levels", &views.levels)?,
        loudness: switch("loudness", &views.loudness)?,
        stereo: views.stereo.map(|view| stereo(&view)).transpose()?,
        spectrum: views.spectrum.map(|view| spectrum(&view)).transpose()?,
        scope: views.scope.map(|view| scope(&view)).transpose()?,
        probes: probes(&views.probes)?,
        load: switch("load", &views.load)?,
        sources: switch("sources", &views.sources)?,
    })
}

fn stereo(view: &Stereo) -> Result<StereoView, RpcError> {
    Ok(StereoView { points: whole("stereo.points", &view.points, (256, 0, 512))? })
}

fn spectrum(view: &Spectrum) -> Result<SpectrumView, RpcError> {
    let size = one_of("spectrum.size", &view.size, 2_048, &SIZES)?;
    let all = [Smoothing::None, Smoothing::Third, Smoothing::Sixth, Smoothing::Twelfth];
    let smoothing = one_of("spectrum.smoothing", &view.smoothing, Smoothing::None, &all)?;
    Ok(SpectrumView { size, smoothing })
}

fn scope(view: &Scope) -> Result<ScopeView, RpcError> {
    let all = [Trigger::Auto, Trigger::Normal, Trigger::Single, Trigger::Off];
    let slopes = ["rising", "falling"].map(String::from);
    let slope = one_of("scope.slope", &view.slope, slopes[0].clone(), &slopes)?;
    Ok(ScopeView {
        frames: whole("scope.frames", &view.frames, (1_024, 64, 16_384))?,
        channel: whole("scope.channel", &view.channel, (0, 0, 63))?,
        trigger: one_of("scope.trigger", &view.trigger, Trigger::Auto, &all)?,
        level: number("scope.level", &view.level, (0.0, -100.0, 100.0))?,
        is_rising: slope == slopes[0],
        pre: number("scope.pre", &view.pre, (0.25, 0.0, 1.0))?,
    })
}

fn probes(text: &Text) -> Result<Vec<String>, RpcError> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let names: Option<Vec<String>> = serde_json::from_str(text.get()).ok();
    let is_name = |name: &String| !name.is_empty() && name.len() <= MAX_NAME;
    let fits = |names: &Vec<String>| names.len() <= MAX_PROBES && names.iter().all(is_name);
    names.filter(fits).ok_or_else(|| {
        let message =
            format!("probes must be a list of at most {MAX_PROBES} names of 1 to {MAX_NAME} bytes");
        RpcError::not_allowed(message, &json!({"names": MAX_PROBES, "bytes": MAX_NAME}))
    })
}

fn switch(name: &str, text: &Text) -> Result<bool, RpcError> {
    one_of(name, text, false, &[true, false])
}

/// `(default, min, max)`.
fn whole(name: &str, text: &Text, range: (usize, usize, usize)) -> Result<usize, RpcError> {
    let (default, min, max) = range;
    let Some(text) = text else {
        return Ok(default);
    };
    let value = serde_json::from_str(text.get()).ok();
    value.filter(|value| (min..=max).contains(value)).ok_or_else(|| {
        let message = format!("{name} must be a whole number between {min} and {max}");
        RpcError::out_of_range(message, min as f64, max as f64)
    })
}

/// `(default, min, max)`.
fn number(name: &str, text: &Text, range: (f32, f32, f32)) -> Result<f32, RpcError> {
    let (default, min, max) = range;
    let Some(text) = text else {
        return Ok(default);
    };
    let value = serde_json::from_str(text.get()).ok();
    value.filter(|value| (min..=max).contains(value)).ok_or_else(|| {
        let message = format!("{name} must be a number between {min} and {max}");
        RpcError::out_of_range(message, min.into(), max.into())
    })
}

fn one_of<T>(name: &str, text: &Text, default: T, allowed: &[T]) -> Result<T, RpcError>
where
    T: PartialEq + Serialize + serde::de::DeserializeOwned,
{
    let Some(text) = text else {
        return Ok(default);
    };
    let value = serde_json::from_str(text.get()).ok();
    value.filter(|value| allowed.contains(value)).ok_or_else(|| {
        let allowed = json!(allowed);
        RpcError::not_allowed(format!("{name} must be one of {allowed}"), &allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn ask(views: &str) -> Result<Subscription, RpcError> {
        let subscribe = serde_json::from_str(&format!(r#"{{"views":{views}}}"#));
        read(subscribe.map_err(|error| RpcError::invalid_params(error.to_string()))?)
    }

    #[test]
    fn what_is_left_out_is_off_or_has_its_default() {
        assert_eq!(ask("{}").unwrap(), Subscription::default());
        assert_eq!(json!(ask(r#"{"levels":false,"probes":[]}"#).unwrap()), json!({}));
        let all =
            ask(r#"{"levels":true,"loudness":true,"stereo":{},"spectrum":{"smoothing":"sixth"},
                "scope":{"slope":"falling","pre":0.5},"probes":["env"],"load":true}"#);
        let understood = json!({
            "levels": true, "loudness": true, "stereo": {"points": 256},
            "spectrum": {"size": 2_048, "smoothing": "sixth"},
            "scope": {"frames": 1_024, "channel": 0, "trigger": "auto", "level": 0.0,
                      "slope": "falling", "pre": 0.5},
            "probes": ["env"], "load": true,
        });
        assert_eq!(json!(all.unwrap()), understood);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        let smoothings = json!({"allowed": ["none", "third", "sixth", "twelfth"]});
        let triggers = json!({"allowed": ["auto", "normal", "single", "off"]});
        let sizes = json!({"allowed": SIZES});
        let switches = json!({"allowed": [true, false]});
        let names = json!({"allowed": {"names": 8, "bytes": 63}});
        let span = |min: f64, max: f64| json!({"min": min, "max": max});
        for (bad, data) in [
            (r#"{"levels":1}"#, switches.clone()),
            (r#"{"load":"yes"}"#, switches),
            (r#"{"stereo":{"points":513}}"#, span(0.0, 512.0)),
            (r#"{"stereo":{"points":-1}}"#, span(0.0, 512.0)),
            (r#"{"spectrum":{"size":1000}}"#, sizes.clone()),
            (r#"{"spectrum":{"size":1e999}}"#, sizes),
            (r#"{"spectrum":{"smoothing":"half"}}"#, smoothings),
            (r#"{"scope":{"frames":63}}"#, span(64.0, 16_384.0)),
            (r#"{"scope":{"channel":64}}"#, span(0.0, 63.0)),
            (r#"{"scope":{"trigger":"never"}}"#, triggers),
            (r#"{"scope":{"level":1e999}}"#, span(-100.0, 100.0)),
            (r#"{"scope":{"slope":"up"}}"#, json!({"allowed": ["rising", "falling"]})),
            (r#"{"scope":{"pre":1.5}}"#, span(0.0, 1.0)),
            (r#"{"probes":["a","b","c","d","e","f","g","h","i"]}"#, names.clone()),
            (r#"{"probes":[""]}"#, names.clone()),
            (r#"{"probes":"env"}"#, names),
        ] {
            let error = ask(bad).unwrap_err();
            assert_eq!((error.code, error.data), (-32602, Some(data)), "{bad}");
        }
        for (bad, says) in [("[]", "views"), (r#"{"spectra":{}}"#, "`spectrum`"), ("7", "views")] {
            let error = ask(bad).unwrap_err();
            assert_eq!((error.code, error.data), (-32602, None::<Value>), "{bad}");
            assert!(error.message.to_lowercase().contains(says), "{bad}: {}", error.message);
        }
    }
}
