//! `POST /open`: a click on a place in the source.

use std::fmt;
use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};

/// Largest body, in bytes; paths are far shorter.
const BODY_BYTES: usize = 8 * 1024;

/// Why a place was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenRefused {
    /// There is no such file among those that may be opened.
    NotFound,
    /// There is nothing to open it with; the reason.
    NoEditor(String),
}

/// Opens files at lines, checked: the web side hands a client's words on and opens nothing itself.
#[derive(Clone)]
pub struct OpenHandle(Arc<Open>);

type Open = dyn Fn(&str, u32) -> Result<(), OpenRefused> + Send + Sync;

impl OpenHandle {
    /// `open` gets file and line as the client wrote them, and may block.
    pub fn new(
        open: impl Fn(&str, u32) -> Result<(), OpenRefused> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(open))
    }
}

impl fmt::Debug for OpenHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenHandle")
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    file: String,
    line: u32,
}

/// Does what an admitted request asks; status and words of the answer.
pub(crate) async fn open(handle: &OpenHandle, request: Request<Incoming>) -> (StatusCode, String) {
    let body = Limited::new(request.into_body(), BODY_BYTES).collect().await;
    let place = body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
    let Some(Place { file, line }) = place else {
        return (StatusCode::BAD_REQUEST, "this takes {\"file\": …, \"line\": …}".to_owned());
    };
    let handle = handle.clone();
    let opened = tokio::task::spawn_blocking(move || (handle.0)(&file, line)).await;
    match opened {
        Ok(Ok(())) => (StatusCode::OK, "opened".to_owned()),
        Ok(Err(OpenRefused::NotFound)) => {
            (StatusCode::NOT_FOUND, "there is no such file in the plugin's crate".to_owned())
        }
        Ok(Err(OpenRefused::NoEditor(why))) => (StatusCode::NOT_IMPLEMENTED, why),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the server failed to open it".to_owned()),
    }
}
