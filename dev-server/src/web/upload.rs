//! `POST /source`: a sound file's bytes become a source.
//!
//! They go to a file that has no name, through a thread that may wait for the disk; at most a few
//! pieces are in memory. Control hears of it when all is there and it can be played. Nobody but the
//! source has the file then, so nothing is left of it when the source goes.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Request, StatusCode};
use retake_io::sound::{SoundFile, Track};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::server::Shared;
use super::{Delivery, FileCall, RpcError, query};
use crate::source::{SourceSpec, Upload};

/// Longest name, in bytes.
const NAME_BYTES: usize = 255;
/// Longest spec, in bytes.
const SPEC_BYTES: usize = 1_024;
/// Pieces between the socket and the disk.
const PIECES: usize = 8;
/// A rate to try a file with; the engine's own is control's business.
const ANY_RATE: u32 = 48_000;

type Refused = (StatusCode, String);

/// The files that were sent, as long as somebody has them.
#[derive(Default)]
pub(crate) struct Uploaded(Mutex<Vec<Weak<File>>>);

impl Uploaded {
    /// Takes `file` among them; bytes that the others hold.
    fn add(&self, file: &Arc<File>) -> u64 {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|file| file.strong_count() > 0);
        let others = files.iter().filter_map(Weak::upgrade);
        let held = others.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum();
        files.push(Arc::downgrade(file));
        held
    }
}

/// Does what an admitted request asks; status and body of the answer.
pub(crate) async fn upload(shared: &Shared, mut request: Request<Incoming>) -> (StatusCode, Value) {
    let outcome = take(shared, &mut request).await;
    match outcome {
        Ok(source) => (StatusCode::OK, source),
        Err((status, reason)) => {
            drain(shared, request.into_body()).await;
            (status, json!({ "error": reason }))
        }
    }
}

async fn take(shared: &Shared, request: &mut Request<Incoming>) -> Result<Value, Refused> {
    let bad = |reason: String| (StatusCode::BAD_REQUEST, reason);
    let name = query::value(request.uri(), "name").unwrap_or_default();
    let name = label(&name).ok_or_else(|| bad("?name= has to name the file".to_owned()))?;
    let settings = query::value(request.uri(), "spec").unwrap_or_default();
    if settings.len() > SPEC_BYTES {
        return Err(bad(format!("?spec= has at most {SPEC_BYTES} bytes")));
    }
    let file = Arc::new(tempfile::tempfile().map_err(|e| disk(&e))?);
    // What is said wrongly is told before anything is sent.
    let upload = Upload { name, file: Arc::clone(&file) };
    let spec = SourceSpec::upload(&settings, upload).map_err(bad)?;
    let kept = shared.uploaded.add(&file);
    receive(shared, request.body_mut(), file, kept).await?;
    let sound = spec.kind.file();
    let tried = spawn_blocking(move || sound.map(|file: SoundFile| Track::open(file, ANY_RATE)));
    match tried.await {
        Ok(Some(Err(error))) => {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, error.to_string()));
        }
        Ok(_) => {}
        Err(_) => return Err((StatusCode::INTERNAL_SERVER_ERROR, "it broke down".to_owned())),
    }
    let (reply, answer) = oneshot::channel();
    let gone = (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping".to_owned());
    let call = Delivery::File(FileCall { spec, reply });
    shared.deliver.send(call).map_err(|_| gone.clone())?;
    match timeout(shared.limits.reply, answer).await {
        Ok(Ok(outcome)) => outcome.map_err(refusal),
        Ok(Err(_dropped)) => Err(gone),
        Err(_late) => Err((StatusCode::SERVICE_UNAVAILABLE, "control did not answer".to_owned())),
    }
}

/// Everything the client sends, into `file`; others hold `kept` bytes already.
async fn receive(
    shared: &Shared,
    body: &mut Incoming,
    file: Arc<File>,
    kept: u64,
) -> Result<(), Refused> {
    let limits = shared.limits;
    let fits = |n_bytes: u64| {
        if n_bytes > limits.upload_bytes {
            let reason = format!("a file has at most {} bytes", limits.upload_bytes);
            return Err((StatusCode::PAYLOAD_TOO_LARGE, reason));
        }
        if kept.saturating_add(n_bytes) > limits.kept_bytes {
            let most = limits.kept_bytes;
            let reason = format!("files of {kept} bytes are kept, at most {most}: remove a source");
            return Err((StatusCode::INSUFFICIENT_STORAGE, reason));
        }
        Ok(())
    };
    fits(body.size_hint().lower())?;
    let (pieces, inbox) = mpsc::channel(PIECES);
    let writing = spawn_blocking(move || write(&file, inbox));
    let mut n_bytes = 0;
    let outcome = loop {
        let frame = match timeout(shared.limits.answer, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break Ok(()),
            Ok(Some(Err(error))) => {
                let reason = format!("the upload broke off after {n_bytes} bytes ({error})");
                break Err((StatusCode::BAD_REQUEST, reason));
            }
            Err(_late) => {
                let reason = format!("nothing came any more after {n_bytes} bytes");
                break Err((StatusCode::REQUEST_TIMEOUT, reason));
            }
        };
        let Ok(piece) = frame.into_data() else { continue };
        n_bytes += piece.len() as u64;
        if let Err(refused) = fits(n_bytes) {
            break Err(refused);
        }
        // The disk's answer follows.
        if pieces.send(piece).await.is_err() {
            break Ok(());
        }
    };
    drop(pieces);
    let written = writing.await;
    outcome?;
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(disk(&error)),
        Err(_) => Err((StatusCode::INTERNAL_SERVER_ERROR, "it broke down".to_owned())),
    }
}

fn write(file: &File, mut pieces: mpsc::Receiver<Bytes>) -> io::Result<()> {
    let mut file = file;
    while let Some(piece) = pieces.blocking_recv() {
        file.write_all(&piece)?;
    }
    Ok(())
}

/// Reads what a refused client still sends, for a moment: hanging up on it would reset the connection,
/// and it would never see why.
async fn drain(shared: &Shared, mut body: Incoming) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    drop(timeout(shared.limits.handshake, rest).await);
}

fn disk(error: &io::Error) -> Refused {
    (StatusCode::INSUFFICIENT_STORAGE, format!("cannot keep the file: {error}"))
}

fn refusal(error: RpcError) -> Refused {
    let status = match error.code {
        -32602 => StatusCode::BAD_REQUEST,
        -32001 => StatusCode::CONFLICT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, error.message)
}

/// What a file is called here: the last part of what may be a path, without what is not to be shown.
fn label(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut label: String = last.chars().filter(|c| !c.is_control()).collect();
    // The end says what it is.
    while label.len() > NAME_BYTES {
        label.remove(0);
    }
    (!label.trim_matches(['.', ' ']).is_empty()).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_a_label_and_no_path() {
        let long = "x".repeat(300) + ".flac";
        let cases = [
            ("loop.flac", Some("loop.flac")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\me\\loop.wav", Some("loop.wav")),
            ("/etc/", None),
            ("..", None),
            (".", None),
            ("", None),
            ("a\u{0}b\n\u{1b}[31m.wav", Some("ab[31m.wav")),
            (&long, Some(&long[long.len() - 255..])),
        ];
        for (name, expected) in cases {
            assert_eq!(label(name).as_deref(), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_label_has_a_slash_or_is_too_long(name in "\\PC*[/\\\\\u{0}-\u{1f}ü]{0,300}\\PC*") {
            let label = label(&name).unwrap_or_default();
            prop_assert!(label.len() <= NAME_BYTES);
            let is_plain = !label.contains(['/', '\\', '\u{0}', '\n']);
            prop_assert!(is_plain);
        }
    }
}
