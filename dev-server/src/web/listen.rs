//! Accepts connections and gives each its short time to speak HTTP. Runs on the web threads.

use std::convert::Infallible;
use std::sync::Arc;
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
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(http::answer(&shared, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.handshake)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // Errors are the visitor's: it left, or spoke no HTTP, or was too slow.
    let _ = tokio::time::timeout(limits.answer, connection).await;
}
