//! The HTTP half: refuses, redirects, serves the embedded page, takes files, hands `/ws` and `/push` over.
//!
//! Runs on the web threads. Never reads a file by a client's path: the page is a table of names, and
//! what a click may open is decided elsewhere.

use std::borrow::Cow;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::guard::{self, Guard};
use super::listen::Patience;
use super::server::Shared;
use super::{open, push, query, socket, take, upload};
use crate::source::push_name;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const REFUSED: &str = "<!doctype html><html lang=\"en\"><title>Retake</title>\
    <h1>Not authorised</h1><p>Open the URL from the terminal: it carries this session's key.\n";

/// One file of the page.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its MIME type.
    pub content_type: &'static str,
}

type Answer = Response<Full<Bytes>>;

/// Answers one request. Every check comes before anything is done, `/ws` included.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    patience: &Patience,
    request: Request<Incoming>,
) -> Answer {
    let is_post = request.method() == Method::POST;
    let is_open = is_post && request.uri().path() == "/open";
    let is_upload = is_post && request.uri().path() == "/source";
    let admitted = shared.guard.admit(&request).filter(|admitted| match () {
        () if is_open => guard::is_of_own_page(request.headers()),
        () if is_upload => admitted.by_url || guard::is_from_own_page(request.headers()),
        () => true,
    });
    let Some(admitted) = admitted else {
        return hardened(plain(StatusCode::FORBIDDEN, HTML, REFUSED), "");
    };
    let socket_origin = format!(" ws://{}", admitted.host);
    let by_url = admitted.by_url;
    let response = match (request.method(), request.uri().path()) {
        _ if is_open && !shared.may_open() => {
            let message = "too many places were opened at once; try again in a second\n";
            plain(StatusCode::TOO_MANY_REQUESTS, TEXT, message)
        }
        _ if is_open => {
            let (status, words) = open::open(&shared.open, request).await;
            respond(status, TEXT, Bytes::from(words + "\n"))
        }
        _ if is_upload => receive(shared, patience, request).await,
        (&Method::GET, "/push") => upgrade_push(shared, request),
        (&Method::GET, "/ws") => upgrade(shared, request),
        (&Method::GET, "/take.wav") => save_take(shared, request.uri().query()).await,
        (&Method::GET | &Method::HEAD, "/") if by_url => enter(&shared.guard),
        (&Method::GET | &Method::HEAD, path) => page(shared, path),
        _ => {
            let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, TEXT, "GET and HEAD only\n");
            refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            refused
        }
    };
    hardened(response, &socket_origin)
}

/// The terminal's URL: the token moves into the cookie and out of the address bar.
fn enter(guard: &Guard) -> Answer {
    let mut response = plain(StatusCode::SEE_OTHER, TEXT, "");
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static("/"));
    if let Ok(cookie) = HeaderValue::from_str(&guard.set_cookie()) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

fn page(shared: &Shared, path: &str) -> Answer {
    let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
    match (shared.asset)(name) {
        Some(Asset { bytes: Cow::Borrowed(bytes), content_type }) => {
            respond(StatusCode::OK, content_type, Bytes::from_static(bytes))
        }
        Some(Asset { bytes: Cow::Owned(bytes), content_type }) => {
            respond(StatusCode::OK, content_type, bytes.into())
        }
        None => plain(StatusCode::NOT_FOUND, TEXT, "no such page\n"),
    }
}

fn upgrade(shared: &Arc<Shared>, request: Request<Incoming>) -> Answer {
    let seats = Arc::clone(&shared.seats);
    switch(shared, seats, request, |upgraded, shared| async move {
        socket::run(upgraded, &shared).await;
    })
}

fn upgrade_push(shared: &Arc<Shared>, request: Request<Incoming>) -> Answer {
    let name = query::value(request.uri(), "name").unwrap_or_default();
    if let Err(reason) = push_name(&name) {
        return respond(StatusCode::BAD_REQUEST, TEXT, Bytes::from(reason + "\n"));
    }
    let seats = Arc::clone(&shared.pushers);
    switch(shared, seats, request, |upgraded, shared| async move {
        push::run(upgraded, &shared, name).await;
    })
}

/// From HTTP to WebSocket, served by `serve` while one of `seats` is taken.
fn switch<S>(
    shared: &Arc<Shared>,
    seats: Arc<Semaphore>,
    mut request: Request<Incoming>,
    serve: impl FnOnce(Upgraded, Arc<Shared>) -> S + Send + 'static,
) -> Answer
where
    S: Future<Output = ()> + Send,
{
    let Ok(response) = create_response_with_body(&request, Full::default) else {
        return plain(StatusCode::BAD_REQUEST, TEXT, "this address speaks WebSocket only\n");
    };
    let Ok(seat) = seats.try_acquire_owned() else {
        let message = "too many clients are connected; close a page and try again\n";
        return plain(StatusCode::SERVICE_UNAVAILABLE, TEXT, message);
    };
    let shared = Arc::clone(shared);
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            serve(upgraded, shared).await;
        }
        drop(seat);
    });
    response
}

async fn receive(shared: &Shared, patience: &Patience, request: Request<Incoming>) -> Answer {
    let Ok(_place) = shared.uploads.try_acquire() else {
        let body = Bytes::from_static(br#"{"error":"too many files are being sent; try again"}"#);
        return respond(StatusCode::SERVICE_UNAVAILABLE, JSON, body);
    };
    let _waiting = patience.have();
    let (status, body) = upload::upload(shared, request).await;
    respond(status, JSON, body.to_string().into())
}

/// The last seconds that the plugin heard, as a file.
async fn save_take(shared: &Shared, query: Option<&str>) -> Answer {
    let refuse = |status, why: String| {
        let body = serde_json::json!({ "error": why }).to_string();
        respond(status, "application/json", body.into())
    };
    let Ok(permit) = Arc::clone(&shared.takes).try_acquire_owned() else {
        let why = "takes are being saved already: wait for them";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_owned());
    };
    match take::file(&shared.take, query).await {
        Ok(bytes) => {
            let bytes = Bytes::from_owner(Held { bytes, _permit: permit });
            let mut response = respond(StatusCode::OK, "audio/wav", bytes);
            let name = HeaderValue::from_static("attachment; filename=\"take.wav\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        Err((status, why)) => refuse(status, why),
    }
}

/// A body that lets go of its permit when it was sent.
struct Held {
    bytes: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn plain(status: StatusCode, content_type: &'static str, body: &'static str) -> Answer {
    respond(status, content_type, Bytes::from_static(body.as_bytes()))
}

fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What every answer carries: nothing may frame, sniff, embed, cache or send this page on.
/// `'self'` covers the WebSocket in current browsers; older ones want it named.
fn hardened(mut response: Answer, socket_origin: &str) -> Answer {
    let policy = format!(
        "default-src 'self'; connect-src 'self'{socket_origin}; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    // One request per connection; only the switch to WebSocket keeps it.
    if !headers.contains_key(header::UPGRADE) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in [
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
