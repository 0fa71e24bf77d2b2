//! A server between a fake control thread and fake figures.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use retake::source::{SourceKind, SourceSpec};
use retake::web::{
    Asset, Call, Config, ControlGone, ControlHandle, Delivery, DeliveryHandle, FileCall, Limits,
    OpenHandle, OpenRefused, PortChoice, PushCall, PushRefused, Pushing, Request, RpcError, Server,
    Subscription, TakeFile, TakeHandle, TakeRefused, TelemetrySource, TelemetryView, Token, serve,
};
use retake_engine::mixer::{PushedPlayer, PushedSpec, pushed};
use serde_json::{Value, json};

pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) token: Token,
    /// What the next snapshot says.
    pub(crate) now: Arc<AtomicU64>,
    /// What hears the clients that send frames.
    pub(crate) players: Players,
    /// The files that clients have sent.
    pub(crate) files: Files,
}

pub(crate) type Players = Arc<Mutex<Vec<PushedPlayer>>>;
pub(crate) type Files = Arc<Mutex<Vec<SourceSpec>>>;

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), answering)
    }

    /// `control` gets each call on a thread of its own and answers it, or keeps it.
    pub(crate) fn with(limits: Limits, mut control: impl FnMut(Call) + Send + 'static) -> Self {
        let (calls, inbox) = mpsc::channel();
        std::thread::spawn(move || inbox.into_iter().for_each(&mut control));
        let now = Arc::new(AtomicU64::new(0));
        let token = Token::random().unwrap();
        let (players, files) = (Players::default(), Files::default());
        let config = Config {
            port: PortChoice::Any,
            token: token.clone(),
            asset,
            open: open(),
            deliver: deliver(&players, &files),
            take: take(),
            limits,
        };
        let control = ControlHandle::new(move |call| calls.send(call).map_err(|_| ControlGone));
        let server = serve(config, control, Arc::new(Figures(Arc::clone(&now)))).unwrap();
        Self { server, token, now, players, files }
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.addr.port()
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    pub(crate) fn cookie(&self) -> String {
        format!("retake-{}={}", self.port(), self.token.as_str())
    }
}

pub(crate) const PAGE: &str = "<!doctype html>hello";

pub(crate) fn asset(name: &str) -> Option<Asset> {
    let (text, content_type) = match name {
        "index.html" => (PAGE, "text/html; charset=utf-8"),
        "app/main.js" => ("export {}", "text/javascript"),
        _ => return None,
    };
    Some(Asset { bytes: Cow::Borrowed(text.as_bytes()), content_type })
}

/// Opens line 7 of `src/lib.rs`; knows no editor for other lines.
pub(crate) fn open() -> OpenHandle {
    OpenHandle::new(|file, line| match (file, line) {
        ("src/lib.rs", 7) => Ok(()),
        ("src/lib.rs", _) => Err(OpenRefused::NoEditor("no editor is known".to_owned())),
        _ => Err(OpenRefused::NotFound),
    })
}

/// A control thread whose engine runs at 48 kHz. Nobody gets in as `taken`, and who comes back as
/// `removed` neither; `late` has to ask three times.
pub(crate) fn deliver(players: &Players, files: &Files) -> DeliveryHandle {
    let (players, files) = (Arc::clone(players), Arc::clone(files));
    let asked = AtomicU64::new(0);
    let take_push = move |call: &PushCall| {
        match call.name.as_str() {
            "taken" => return Err(RpcError::busy("another client is connected").into()),
            "removed" if call.source == Some(7) => {
                return Err(RpcError::unsupported("the source was removed").into());
            }
            "late" if asked.fetch_add(1, Ordering::Relaxed) < 2 => return Err(PushRefused::NotYet),
            _ => {}
        }
        let spec = PushedSpec { rate: call.rate, channels: call.channels, engine_rate: 48_000 };
        let (writer, player) = pushed(spec).unwrap();
        players.lock().unwrap().push(player);
        Ok(Pushing { source: 7, writer })
    };
    DeliveryHandle::new(move |delivery| {
        match delivery {
            Delivery::Push(call) => {
                let answer = take_push(&call);
                drop(call.reply.send(answer));
            }
            Delivery::File(FileCall { spec, reply }) => {
                let answer = show(&spec);
                files.lock().unwrap().push(spec);
                drop(reply.send(Ok(answer)));
            }
        }
        Ok(())
    })
}

fn show(spec: &SourceSpec) -> Value {
    let SourceKind::Upload(upload) = &spec.kind else { panic!("{spec:?}") };
    let bytes = upload.file.metadata().unwrap().len();
    json!({ "name": upload.name, "spec": spec.text, "bus": spec.bus_name(), "bytes": bytes })
}

/// Two seconds are kept, of the bytes of a file.
pub(crate) fn take() -> TakeHandle {
    TakeHandle::new(|seconds, reply| {
        let file: TakeFile = Box::new(|| Ok(b"RIFF".to_vec()));
        let refused = || TakeRefused::Length("more than the 2 s that are kept".to_owned());
        let made = if seconds <= 2.0 { Ok(file) } else { Err(refused()) };
        drop(reply.send(made));
    })
}

/// A control thread with one parameter from −60 to 12.
pub(crate) fn answering(call: Call) {
    let answer = match call.request {
        Request::SetParam { id, value } => value
            .filter(|value| (-60.0..=12.0).contains(value))
            .map(|value| json!({"id": format!("{id:?}"), "value": value}))
            .ok_or_else(|| RpcError::out_of_range("gain is between -60 and 12", -60.0, 12.0)),
        Request::Note { .. } => Err(RpcError::unsupported("this plugin takes no notes")),
        request => Ok(json!({"asked": format!("{request:?}"), "client": call.client.0})),
    };
    let _ = call.reply.send(answer);
}

struct Figures(Arc<AtomicU64>);

impl TelemetrySource for Figures {
    fn open(&self) -> Box<dyn TelemetryView + Send> {
        Box::new(View { now: Arc::clone(&self.0), calls: 0 })
    }
}

struct View {
    now: Arc<AtomicU64>,
    calls: u64,
}

impl TelemetryView for View {
    fn snapshot(&mut self, out: &mut Vec<u8>) {
        out.extend(self.now.load(Ordering::SeqCst).to_le_bytes());
    }

    fn subscribe(&mut self, _: &Subscription) {}

    fn meters(&mut self) -> Value {
        self.calls += 1;
        json!({"calls": self.calls})
    }
}
