//! The server as the rest of the program holds it: started by [`serve`], stopped by its drop.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};

use super::bucket::Bucket;
use super::guard::Guard;
use super::listen::listen;
use super::port::{self, Bound, PortChoice};
use super::upload::Uploaded;
use super::{
    Asset, ClientId, ControlHandle, DeliveryHandle, Limits, Notifier, OpenHandle, TakeHandle,
    TelemetrySource, Token, WebError,
};

/// Threads that serve all clients.
const WORKERS: usize = 2;

/// At a stop: time for the clients to take their last message.
const FAREWELL: Duration = Duration::from_millis(500);

/// What the server needs to know at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub port: PortChoice,
    /// What lets a client in.
    pub token: Token,
    /// The files of the page, by name without a leading slash; `index.html` is the page itself.
    pub asset: fn(&str) -> Option<Asset>,
    /// What a click on a place in the source does.
    pub open: OpenHandle,
    /// What becomes of the sound that clients bring.
    pub deliver: DeliveryHandle,
    /// What saving the take does.
    pub take: TakeHandle,
    /// What a client may cost.
    pub limits: Limits,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) guard: Guard,
    pub(crate) asset: fn(&str) -> Option<Asset>,
    pub(crate) open: OpenHandle,
    pub(crate) deliver: DeliveryHandle,
    pub(crate) take: TakeHandle,
    /// One permit per take that is on its way to a client.
    pub(crate) takes: Arc<Semaphore>,
    pub(crate) limits: Limits,
    pub(crate) control: ControlHandle,
    pub(crate) telemetry: Arc<dyn TelemetrySource>,
    pub(crate) notifier: Notifier,
    /// One permit per WebSocket client.
    pub(crate) seats: Arc<Semaphore>,
    /// One permit per client that sends frames.
    pub(crate) pushers: Arc<Semaphore>,
    /// One permit per file that is being sent.
    pub(crate) uploads: Semaphore,
    /// Those that are or were being sent.
    pub(crate) uploaded: Uploaded,
    /// One permit per connection that still speaks HTTP.
    pub(crate) visitors: Arc<Semaphore>,
    /// Ends when the server is dropped.
    pub(crate) stop: watch::Receiver<()>,
    /// One drop per place in the source that is opened.
    opens: Mutex<Bucket>,
    last_client: AtomicU64,
}

impl Shared {
    pub(crate) fn next_client(&self) -> ClientId {
        ClientId(self.last_client.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Whether one more place may be opened now.
    pub(crate) fn may_open(&self) -> bool {
        self.opens.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now())
    }
}

/// A running server. Dropping it tells the clients, closes the port and ends the threads; this
/// takes up to a second and must not happen inside an async runtime.
#[derive(Debug)]
pub struct Server {
    /// Where it listens; on `[::1]` too, with the same port, where the machine has it.
    pub addr: SocketAddr,
    /// What to open in a browser; contains the token.
    pub url: String,
    /// Where scripts connect; they add `?token=`.
    pub ws: String,
    notifier: Notifier,
    seats: Arc<Semaphore>,
    n_seats: u32,
    stop: Option<watch::Sender<()>>,
    runtime: Option<Runtime>,
}

/// Takes the port and serves until the [`Server`] is dropped.
///
/// # Errors
/// [`WebError`] when the port cannot be had or the threads cannot be started.
pub fn serve(
    config: Config,
    control: ControlHandle,
    telemetry: Arc<dyn TelemetrySource>,
) -> Result<Server, WebError> {
    let Bound { port, listeners } = port::bind(config.port)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("web")
        .enable_all()
        .build()
        .map_err(WebError::Runtime)?;
    let limits = config.limits;
    let n_seats = u32::try_from(limits.clients).unwrap_or(u32::MAX);
    let url = format!("http://127.0.0.1:{port}/?token={}", config.token.as_str());
    let notifier = Notifier::new(limits.notifications);
    let seats = Arc::new(Semaphore::new(limits.clients));
    let (stop, stopped) = watch::channel(());
    let shared = Arc::new(Shared {
        guard: Guard::new(port, config.token),
        asset: config.asset,
        open: config.open,
        deliver: config.deliver,
        take: config.take,
        takes: Arc::new(Semaphore::new(limits.takes)),
        limits,
        control,
        telemetry,
        notifier: notifier.clone(),
        seats: Arc::clone(&seats),
        pushers: Arc::new(Semaphore::new(limits.push_clients)),
        uploads: Semaphore::new(limits.uploads),
        uploaded: Uploaded::default(),
        visitors: Arc::new(Semaphore::new(limits.visitors)),
        stop: stopped,
        opens: Mutex::new(Bucket::new(limits.opens_per_second, Instant::now())),
        last_client: AtomicU64::new(0),
    });
    for listener in listeners {
        let _inside = runtime.enter();
        let listener =
            TcpListener::from_std(listener).map_err(|source| WebError::Listen { port, source })?;
        runtime.spawn(listen(listener, Arc::clone(&shared)));
    }
    Ok(Server {
        addr: SocketAddr::from(([127, 0, 0, 1], port)),
        url,
        ws: format!("ws://127.0.0.1:{port}/ws"),
        notifier,
        seats,
        n_seats,
        stop: Some(stop),
        runtime: Some(runtime),
    })
}

impl Server {
    /// Sends news to all clients, from any thread.
    pub fn notifier(&self) -> Notifier {
        self.notifier.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            // All seats free = every client has got its last message.
            let empty = self.seats.acquire_many(self.n_seats);
            let _ = runtime.block_on(async { tokio::time::timeout(FAREWELL, empty).await });
            runtime.shutdown_timeout(FAREWELL);
        }
    }
}
