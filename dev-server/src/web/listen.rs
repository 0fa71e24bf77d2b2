//! Accepts connections and gives each its short time to speak HTTP. Runs on the web threads.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::http;
use super::server::Shared;

/// Largest request header, in bytes: cookies of other local servers come along.
const HEADER_BYTES: usize = 16 * 1024;

/// After a failed accept (no file descriptor left): time for others to close theirs.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the runtime ends.
pub(crate) async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok(visitor) = Arc::clone(&shared.visitors).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            visit(stream, shared).await;
            drop(visitor);
        });
    }
}

/// One connection, one request: an idle one costs nothing for longer than the handshake's time.
async fn visit(stream: TcpStream, shared: Arc<Shared>) {
    // Without it a small answer waits for the other side's delayed acknowledgement: 40 ms.
    let _ = stream.set_nodelay(true);
    let limits = shared.limits;
    let patience = Patience::default();
    let asked = patience.clone();
    let service = service_fn(move |request| {
        let (shared, patience) = (Arc::clone(&shared), asked.clone());
        async move { Ok::<_, Infallible>(http::answer(&shared, &patience, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.handshake)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // Errors are the visitor's: it left, or spoke no HTTP, or was too slow.
    while tokio::time::timeout(limits.answer, &mut connection).await.is_err() && patience.is_had() {
    }
}

/// Whether a visitor may take longer than its time: a large file does, and has a deadline of its own
/// from piece to piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patience(Arc<AtomicUsize>);

impl Patience {
    /// As long as the guard lives.
    pub(crate) fn have(&self) -> impl Drop + use<> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Waiting(Arc::clone(&self.0))
    }

    fn is_had(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
