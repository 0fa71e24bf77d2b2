//! JSON-RPC 2.0: the envelope. What a method means is in `request`.
//!
//! Single requests with named parameters; no batches. Numbers are kept as text until their method
//! reads them, so that `1e999` is a bad value of a parameter and not a broken message.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// An error as the caller gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcError {
    /// A code of JSON-RPC, or one of this server's (−32000 … −32099).
    pub code: i32,
    /// One sentence for people.
    pub message: String,
    /// Figures for programs.
    pub data: Option<Value>,
}

impl RpcError {
    /// −32602: a parameter is missing, of the wrong type, or unknown.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// −32602 with `{min, max}`: the value is not finite or not between them.
    pub fn out_of_range(message: impl Into<String>, min: f64, max: f64) -> Self {
        Self { data: Some(json!({"min": min, "max": max})), ..Self::new(-32602, message) }
    }

    /// −32602 with `{allowed}`: the value is none of them.
    pub fn not_allowed(message: impl Into<String>, allowed: &Value) -> Self {
        Self { data: Some(json!({"allowed": allowed})), ..Self::new(-32602, message) }
    }

    /// −32000: refused now; the same request may be right later.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::new(-32000, message)
    }

    /// −32001: what was asked for cannot be done with this plugin or device.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(-32001, message)
    }

    /// −32002: it is not known yet; the same request will be right later.
    pub fn not_yet(message: impl Into<String>, data: Value) -> Self {
        Self { data: Some(data), ..Self::new(-32002, message) }
    }

    pub(crate) fn parse() -> Self {
        Self::new(-32700, "not valid JSON")
    }

    pub(crate) fn invalid_request(message: &str) -> Self {
        Self::new(-32600, message)
    }

    pub(crate) fn unknown_method(method: &str) -> Self {
        Self::new(-32601, format!("no method {method:.40?}"))
    }

    pub(crate) fn too_many() -> Self {
        Self::busy("too many requests")
    }

    pub(crate) fn no_answer() -> Self {
        Self::new(-32002, "control did not answer in time")
    }

    pub(crate) fn gone() -> Self {
        Self::new(-32003, "the server is stopping")
    }

    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }
}

/// The `id` of a request, as the client wrote it; `None` = it wants no answer.
pub(crate) type Id = Option<Box<RawValue>>;

/// A well-formed request whose method and parameters nobody has looked at yet.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) id: Id,
    pub(crate) method: String,
    pub(crate) params: Option<Box<RawValue>>,
}

/// An error and whom to send it to.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) id: Id,
    pub(crate) error: RpcError,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
}

/// Keeps `null` apart from absent: `"id": null` wants an answer, no id does not.
fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(input).map(Some)
}

/// Reads one message. Never panics, whatever the text.
pub(crate) fn open(text: &str) -> Result<Envelope, Rejected> {
    let anonymous = |error| Rejected { id: Some(RawValue::NULL.to_owned()), error };
    let whole: &RawValue = serde_json::from_str(text).map_err(|_| anonymous(RpcError::parse()))?;
    if !whole.get().starts_with('{') {
        let message = "one request object at a time, no batches";
        return Err(anonymous(RpcError::invalid_request(message)));
    }
    let raw: Raw<'_> = serde_json::from_str(whole.get())
        .map_err(|_| anonymous(RpcError::invalid_request("a member appears twice")))?;
    if raw
        .id
        .is_some_and(|id| !id.get().starts_with(|c: char| "\"-n".contains(c) || c.is_ascii_digit()))
    {
        let message = "id must be a number, a string or null";
        return Err(anonymous(RpcError::invalid_request(message)));
    }
    // Without a readable request there is nothing that could be a notification: always answered.
    let id = raw.id.unwrap_or(RawValue::NULL).to_owned();
    let rejected =
        |id, message| Rejected { id: Some(id), error: RpcError::invalid_request(message) };
    if raw.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err(rejected(id, "jsonrpc must be \"2.0\""));
    }
    let Some(method) = raw.method.and_then(|method| serde_json::from_str(method.get()).ok()) else {
        return Err(rejected(id, "method must be a string"));
    };
    let params = raw.params.map(ToOwned::to_owned);
    Ok(Envelope { id: raw.id.is_some().then_some(id), method, params })
}

/// The text of an answer.
pub(crate) fn answer(id: &RawValue, outcome: Result<Value, RpcError>) -> String {
    let (member, value) = match outcome {
        Ok(result) => ("result", result),
        Err(error) => {
            let mut object = json!({"code": error.code, "message": error.message});
            if let Some(data) = error.data {
                object["data"] = data;
            }
            ("error", object)
        }
    };
    format!(r#"{{"jsonrpc":"2.0","id":{id},"{member}":{value}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> i32 {
        open(text).unwrap_err().error.code
    }

    #[test]
    fn malformed_messages_have_their_own_codes() {
        assert_eq!(code("{"), -32700);
        assert_eq!(code(""), -32700);
        assert_eq!(code("[]"), -32600);
        assert_eq!(code(r#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#), -32600);
        assert_eq!(code(r#"["2.0",1,"status",{}]"#), -32600);
        assert_eq!(code("7"), -32600);
        assert_eq!(code("null"), -32600);
        assert_eq!(code(r#"{"id":1,"method":"status"}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":{},"method":"status"}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":true,"method":"status"}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":5}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"status"}"#), -32600);
    }

    #[test]
    fn the_id_comes_back_as_it_was_written() {
        for id in ["1", "-1.50", "1e999", "\"a\\u0041\"", "null"] {
            let text = format!(r#" {{"jsonrpc":"2.0","id":{id},"method":"status"}} "#);
            let envelope = open(&text).unwrap();
            let text = answer(&envelope.id.unwrap(), Ok(json!({"a": 1})));
            assert_eq!(text, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"a":1}}}}"#));
        }
        assert!(open(r#"{"jsonrpc":"2.0","method":"status"}"#).unwrap().id.is_none());
    }

    #[test]
    fn an_error_carries_its_data() {
        let error = RpcError::out_of_range("gain must be between -60 and 12", -60.0, 12.0);
        let text = answer(RawValue::NULL, Err(error));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["error"]["code"], -32602);
        assert_eq!(value["error"]["data"], json!({"min": -60.0, "max": 12.0}));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = open(&text);
        }

        #[test]
        fn no_near_miss_panics(text in "[\\[\\]{}\",:0-9ejsonrpcidmethdparams.\\\\ ]{0,80}") {
            let _ = open(&text);
        }
    }
}
