//! The take, as far as clients ask for it: the parameters of its methods, and its file.

use std::{fmt, sync::Arc};

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::{Request, RpcError};

/// Longest time that a waveform is asked for, in seconds.
const MAX_SECONDS: f64 = 1e6;
/// Most columns of a waveform.
const MAX_COLUMNS: f64 = 2_048.0;

/// A range of a waveform, in columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Seconds from the sound's beginning; not negative.
    pub from: f64,
    /// Seconds, more than `from`.
    pub to: f64,
    /// Columns, 1 to 2,048.
    pub n: usize,
}

/// What control is asked to do with the take, and what sources look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TakeRequest {
    /// What is kept, and what loops.
    Show,
    /// Loops what the plugin heard last.
    Loop {
        /// Finite.
        seconds: f64,
    },
    /// Stops that.
    Stop,
    /// Shows a source's samples.
    Waveform {
        /// Its number.
        id: u32,
        /// What of it.
        span: Span,
    },
}

impl From<TakeRequest> for Request {
    fn from(request: TakeRequest) -> Self {
        Self::Take(request)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Loop {
    seconds: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waveform {
    id: u32,
    from: Box<RawValue>,
    to: Box<RawValue>,
    n: Box<RawValue>,
}

/// What control says to lengths, it says knowing what is kept.
pub(super) fn take_loop(params: &Loop) -> Result<TakeRequest, RpcError> {
    let seconds = serde_json::from_str(params.seconds.get()).ok().filter(|s: &f64| s.is_finite());
    let message = "seconds must be a number";
    seconds
        .map(|seconds| TakeRequest::Loop { seconds })
        .ok_or_else(|| RpcError::invalid_params(message))
}

pub(super) fn waveform(params: &Waveform) -> Result<TakeRequest, RpcError> {
    let within = |name: &str, text: &RawValue, min: f64, max: f64| {
        let value = serde_json::from_str(text.get()).ok().filter(|x| (min..=max).contains(x));
        value.ok_or_else(|| {
            let message = format!("{name} must be a number between {min} and {max}");
            RpcError::out_of_range(message, min, max)
        })
    };
    let from = within("from", &params.from, 0.0, MAX_SECONDS)?;
    let to = within("to", &params.to, 0.0, MAX_SECONDS)?;
    if from >= to {
        let message = format!("from ({from} s) must be before to ({to} s)");
        return Err(RpcError::invalid_params(message));
    }
    let columns = within("n", &params.n, 1.0, MAX_COLUMNS)?;
    let is_whole = columns.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let n = is_whole.then_some(columns as usize);
    let n = n.ok_or_else(|| RpcError::invalid_params("n must be a whole number"))?;
    Ok(TakeRequest::Waveform { id: params.id, span: Span { from, to, n } })
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeRefused {
    /// Nothing is kept at all; the reason.
    Nothing(String),
    /// Not that length; the reason.
    Length(String),
}

/// Makes the bytes of the file, which takes a while, or says why it cannot.
pub type TakeFile = Box<dyn FnOnce() -> Result<Vec<u8>, String> + Send>;
/// Gets the file, once.
pub type TakeReply = oneshot::Sender<Result<TakeFile, TakeRefused>>;

/// Makes a WAV file of the last seconds that the plugin heard.
#[derive(Clone)]
pub struct TakeHandle(Arc<dyn Fn(f64, TakeReply) + Send + Sync>);

impl TakeHandle {
    /// `make` gets a length in seconds, finite, and must not block.
    pub fn new(make: impl Fn(f64, TakeReply) + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }
}

impl fmt::Debug for TakeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakeHandle")
    }
}

/// The file that `?seconds=N` asks for, or status and words of the refusal.
pub(super) async fn file(
    handle: &TakeHandle,
    query: Option<&str>,
) -> Result<Vec<u8>, (StatusCode, String)> {
    let given = query.and_then(|q| q.split('&').find_map(|p| p.strip_prefix("seconds=")));
    let seconds = given.and_then(|text| text.parse::<f64>().ok()).filter(|s| s.is_finite());
    let Some(seconds) = seconds else {
        return Err((StatusCode::BAD_REQUEST, "this takes ?seconds=N".to_owned()));
    };
    let (reply, made) = oneshot::channel();
    (handle.0)(seconds, reply);
    let file = match made.await {
        Ok(Ok(file)) => file,
        Ok(Err(TakeRefused::Nothing(why))) => return Err((StatusCode::NOT_FOUND, why)),
        Ok(Err(TakeRefused::Length(why))) => return Err((StatusCode::BAD_REQUEST, why)),
        Err(_) => {
            let why = "the server is stopping".to_owned();
            return Err((StatusCode::SERVICE_UNAVAILABLE, why));
        }
    };
    let bytes = tokio::task::spawn_blocking(file).await;
    let bytes = bytes.unwrap_or_else(|_| Err("the server failed to make it".to_owned()));
    bytes.map_err(|why| (StatusCode::INTERNAL_SERVER_ERROR, why))
}
