//! What is in a file: parameters by id and key, and the plugin's own state.

use retake_host::ParamInfo;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The version of the file's format.
const FORMAT: u32 = 1;

/// Where a plugin stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    format: u32,
    /// The plugin's CLAP id.
    pub plugin: String,
    /// Name of the preset; of a session, the path that was played.
    pub name: String,
    /// Its parameters.
    pub params: Vec<SavedParam>,
    /// The plugin's own bytes, if it keeps a state.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub state: Option<Vec<u8>>,
    /// Of a session: how it stood beside the plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand: Option<Stand>,
}

/// How a session stood.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stand {
    /// The input was heard instead of the plugin.
    pub bypass: bool,
    /// The output was silent.
    pub mute: bool,
    /// The devices that were asked for.
    pub devices: Asked,
    /// The microphones beside the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mics: Vec<Mic>,
}

/// A microphone beside the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mic {
    /// What it is and how it is heard, as `--source` takes it.
    pub source: String,
    /// It was silent.
    pub mute: bool,
}

/// Devices as the command line names them; what nobody named is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// The audio host.
    pub host: Option<String>,
    /// The microphone.
    pub input: Option<String>,
    /// The speaker.
    pub output: Option<String>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedParam {
    /// CLAP's number.
    pub id: u32,
    /// For people, and for a plugin that has given the parameter another number.
    pub key: String,
    /// Plain value.
    pub value: f64,
}

impl Saved {
    /// A plugin with these parameters, as far as they can be set, and that state.
    pub fn new(plugin: &str, name: &str, params: &[ParamInfo], state: Option<Vec<u8>>) -> Self {
        let params = params.iter().filter(|p| p.is_writable() && p.value.is_finite());
        let params =
            params.map(|p| SavedParam { id: p.id, key: p.key.clone(), value: p.value }).collect();
        Self {
            format: FORMAT,
            plugin: plugin.to_owned(),
            name: name.to_owned(),
            params,
            state,
            stand: None,
        }
    }

    /// The values for a plugin with these parameters: by id, else by key, held within the ranges;
    /// a parameter that the file does not have is left where it is.
    pub fn values(&self, params: &[ParamInfo]) -> Vec<(u32, f64)> {
        let value_of = |param: &ParamInfo| {
            let by_id = self.params.iter().find(|saved| saved.id == param.id);
            let saved =
                by_id.or_else(|| self.params.iter().find(|saved| saved.key == param.key))?;
            // Not `clamp`: a plugin may say min > max.
            Some((param.id, saved.value.min(param.max).max(param.min)))
        };
        params.iter().filter(|param| param.is_writable()).filter_map(value_of).collect()
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong with it, to be said behind its name.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let saved: Self =
            serde_json::from_slice(text).map_err(|error| format!("holds no preset: {error}"))?;
        if saved.format != FORMAT {
            return Err(format!("is of format {}, this Retake reads {FORMAT}", saved.format));
        }
        Ok(saved)
    }
}

#[expect(clippy::ref_option, reason = "serde gives the field by reference")]
fn to_hex<S: Serializer>(state: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    let hex = |bytes: &Vec<u8>| -> String {
        bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    };
    state.as_ref().map(hex).serialize(to)
}

fn from_hex<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty());
    bytes.map(Some).ok_or_else(|| D::Error::custom("the state is not hexadecimal"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn param(id: u32, key: &str, value: f64, flags: &[&str]) -> ParamInfo {
        ParamInfo {
            id,
            key: key.to_owned(),
            name: key.to_owned(),
            group: String::new(),
            value,
            default: 0.0,
            min: -60.0,
            max: 12.0,
            step: None,
            unit: None,
            taper: retake_host::Taper::Linear,
            skew: None,
            choices: None,
            text: String::new(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let values = [0.1 + 0.2, -6.0, f64::MIN_POSITIVE, 1.0 / 3.0, 5e-324];
        let params: Vec<_> = (0..).zip(values).map(|(id, x)| param(id, "gain", x, &[])).collect();
        for state in [None, Some(vec![]), Some((0..=255).collect())] {
            let saved = Saved::new("org.x", "Wärm \"1\"", &params, state);
            let text = serde_json::to_vec(&saved).unwrap();
            assert_eq!(Saved::parse(&text).unwrap(), saved);
        }
    }

    #[test]
    fn every_value_comes_back_to_the_bit() {
        proptest::proptest!(|(value in proptest::num::f64::NORMAL)| {
            let saved = Saved::new("org.x", "a", &[param(1, "gain", value, &[])], None);
            let text = serde_json::to_vec(&saved).unwrap();
            assert_eq!(Saved::parse(&text).unwrap(), saved);
        });
    }

    #[test]
    fn values_go_by_id_then_by_key_and_stay_in_range() {
        let old =
            [param(1, "gain", -6.0, &[]), param(2, "mix", 99.0, &[]), param(3, "out", 1.0, &[])];
        let saved = Saved::new("org.x", "", &old, None);
        let new = [
            param(1, "drive", 0.0, &[]),
            param(7, "mix", 0.0, &[]),
            param(8, "new", 0.0, &[]),
            param(3, "out", 0.0, &["readonly"]),
        ];
        assert_eq!(saved.values(&new), [(1, -6.0), (7, 12.0)]);
    }

    #[test]
    fn what_cannot_be_set_is_not_saved() {
        let params = [param(1, "load", 0.5, &["readonly"]), param(2, "nan", f64::NAN, &[])];
        assert!(Saved::new("org.x", "", &params, None).params.is_empty());
    }

    #[test]
    fn a_damaged_file_is_a_sentence() {
        let whole =
            serde_json::to_string(&Saved::new("org.x", "a", &[], Some(vec![1, 2]))).unwrap();
        for length in 0..whole.len() {
            assert!(Saved::parse(&whole.as_bytes()[..length]).is_err(), "{length}");
        }
        let reason = |from, to| Saved::parse(whole.replace(from, to).as_bytes()).unwrap_err();
        assert!(reason("0102", "010").contains("hexadecimal"));
        assert!(reason("0102", "010+").contains("hexadecimal"));
        assert!(reason("0102", "01é").contains("hexadecimal"));
        assert!(reason("\"format\":1", "\"format\":2").contains("format 2"));
        assert!(Saved::parse(&[0xff; 64]).is_err());
    }
}
