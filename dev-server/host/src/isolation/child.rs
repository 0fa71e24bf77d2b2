//! What `retake plugin-host` is: one plugin, and three threads.
//!
//! The process's first thread is the plugin's main thread and lives the same `Life` as a thread of
//! the server would. `audio` serves blocks. `leash` reads what the parent says; when the parent is
//! gone, it ends the process and all that the plugin started in its group.

use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use retake_engine::Processor;

use super::{
    audio::Service,
    block_ring::{Answerer, Shape},
    board::Board,
    ffi,
    link::STUCK,
    priority::{self, Given},
    shm::{Region, Writers},
    wire::{self, Parts, Setup, ToChild, ToParent, Told},
};
use crate::{
    audit::AltStack,
    busy::Busy,
    format::Format,
    note::{News, Outbox},
    staging::StagedCopy,
    start::{Start, Started},
    thread::{Ask, Life, Origin, Recipe},
    wishes::Wishes,
};

/// Exit code of a child that cannot hear its parent any more, though that one lives.
pub(super) const LOST: i32 = 70;

/// Runs one plugin for the process that started this one, and ends with it. Does not return.
pub fn plugin_host_main() -> ! {
    match live() {
        Ok(()) => ffi::exit(0),
        Err(e) => {
            // Its parent is gone or speaks another language; who started it by hand reads this.
            let _ = io::Write::write_fmt(
                &mut io::stderr(),
                format_args!("retake plugin-host: {e} (it is started by retake itself)\n"),
            );
            ffi::exit(LOST)
        }
    }
}

fn live() -> io::Result<()> {
    let socket = Arc::new(ffi::take_socket()?);
    let (ToChild::Setup(setup), files) = wire::receive_with(&socket)? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let [library, board] =
        <[OwnedFd; 2]>::try_from(files).map_err(|_| io::ErrorKind::InvalidData)?;
    ffi::end_with(setup.parent)?;
    // As long as the process.
    let board: &'static Board = Box::leak(Box::new(Board::map(&board)?));
    let _stack = speak(board);
    let (asks, inbox) = channel();
    let (handed, processors) = channel();
    let (starts, started) = channel();
    let waiting = Arc::new(Mutex::new(None));
    let teller = Teller { socket: Arc::clone(&socket), waiting: Arc::clone(&waiting) };
    let format = Arc::new(Mutex::new(setup.format));
    let outbox = teller.outbox(setup.generation, Arc::clone(&format));
    let wishes = Arc::new(Wishes::new(outbox));
    let leash = Leash {
        socket: Arc::clone(&socket),
        asks,
        handed,
        processors,
        starts,
        waiting,
        wishes: Arc::clone(&wishes),
        board,
        format,
    };
    thread::Builder::new().name("leash".to_owned()).spawn(move || {
        match leash.hold() {
            // The parent ends the rest.
            Err(e) if e.kind() != io::ErrorKind::UnexpectedEof => ffi::exit(LOST),
            _ => ffi::end_group(),
        }
    })?;
    let copy = StagedCopy::in_memory(library, setup.told.clone(), setup.hash, setup.has_tls);
    let origin = Origin::Staged(Some(copy));
    let life = Life { busy: Busy::shown_on(board), wishes, inbox, origin };
    life.run(recipe(*setup, socket, started));
    Ok(())
}

/// From now on a crash leaves its last words; those of this thread even at the end of its stack.
fn speak(board: &'static Board) -> io::Result<AltStack> {
    if let Some(words) = board.last_words() {
        // Before a word: who waits for a block hears at once that none will come.
        crate::audit::install(words, move || board.end())?;
    }
    AltStack::new()
}

/// What the life in here needs of a request: where things come from is settled.
fn recipe(
    setup: Setup,
    socket: Arc<UnixStream>,
    started: Receiver<Result<Started, String>>,
) -> Recipe {
    let start = setup.asks_start.then(|| {
        Start::new(move |plugin, params| {
            let ask = ToParent::FindStart(plugin.clone(), params.to_vec());
            wire::send(&socket, &ask).map_err(|e| e.to_string())?;
            started.recv().map_err(|_| "the server is gone".to_owned())?
        })
    });
    let Setup { plugin_id, format, is_guarded, state, params, set, admission, .. } = setup;
    Recipe { plugin_id, format, is_guarded, state, params, start, set, admission }
}

type Waiting = Arc<Mutex<Option<Box<dyn Processor>>>>;

/// Sends news to the parent; a processor stays here, and waits for its ring.
struct Teller {
    socket: Arc<UnixStream>,
    waiting: Waiting,
}

impl Teller {
    fn outbox(self, generation: u64, format: Arc<Mutex<Format>>) -> Outbox {
        Outbox::new(
            generation,
            Box::new(move |note| {
                let format = *format.lock().unwrap_or_else(PoisonError::into_inner);
                self.tell(note.news, format);
            }),
        )
    }

    fn tell(&self, news: News, format: Format) {
        let message = match news {
            News::Activated(activated) => {
                let activated = *activated;
                let parts = Parts {
                    n_input: activated.layout.n_input,
                    n_side: activated.layout.n_side,
                    n_output: activated.layout.n_output,
                    latency_frames: activated.layout.latency_frames,
                    max_block: format.max_block,
                    rate: format.rate,
                    ports: activated.ports,
                    takes_notes: activated.takes_notes,
                    tail_frames: activated.tail_frames,
                    meters: activated.meters,
                    params: activated.params,
                    carried: activated.carried,
                    activate_ms: activated.activate_ms,
                };
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                *waiting = Some(activated.processor);
                ToParent::Activated(Box::new(parts))
            }
            news => match Told::from_news(news) {
                Some(told) => ToParent::Tell(told),
                None => return,
            },
        };
        // A parent that is gone is the leash's business; news that are too long are the plugin's.
        if let Err(e) = wire::send(&self.socket, &message) {
            let told = Told::Log {
                severity: crate::Severity::HostMisbehaving,
                message: format!("something about the plugin could not be told: {e}"),
            };
            let _ = wire::send(&self.socket, &ToParent::Tell(told));
        }
    }
}

/// Reads what the parent says until it says nothing more.
struct Leash {
    socket: Arc<UnixStream>,
    asks: Sender<Ask>,
    handed: Sender<Box<dyn Processor>>,
    processors: Receiver<Box<dyn Processor>>,
    starts: Sender<Result<Started, String>>,
    waiting: Waiting,
    wishes: Arc<Wishes>,
    board: &'static Board,
    format: Arc<Mutex<Format>>,
}

impl Leash {
    fn hold(&self) -> io::Result<()> {
        loop {
            let (message, files) = wire::receive_with(&self.socket)?;
            if let Some(ask) = self.translate(message, &files)? {
                // The life may be over already; then the process ends by itself.
                let _ = self.asks.send(ask);
            }
        }
    }

    fn translate(&self, message: ToChild, files: &[OwnedFd]) -> io::Result<Option<Ask>> {
        Ok(Some(match message {
            ToChild::Setup(_) => return Err(io::ErrorKind::InvalidData.into()),
            ToChild::Start(start) => {
                let _ = self.starts.send(start);
                return Ok(None);
            }
            ToChild::Ring(shape) => {
                self.sound(shape, files)?;
                return Ok(None);
            }
            ToChild::SaveState => Ask::SaveState,
            ToChild::ParamText { id, value, tag } => Ask::ParamText { id, value, tag },
            ToChild::TextToValue { id, text, tag } => Ask::TextToValue { id, text, tag },
            ToChild::Sync => {
                let socket = Arc::clone(&self.socket);
                Ask::Sync(Box::new(move || drop(wire::send(&socket, &ToParent::Synced))))
            }
            ToChild::Reactivate(format) => {
                *self.format.lock().unwrap_or_else(PoisonError::into_inner) = format;
                Ask::Reactivate(self.processor()?, format)
            }
            ToChild::Retire => Ask::Retire(self.processor()?),
            ToChild::Shutdown => Ask::Shutdown,
        }))
    }

    /// The processor that the audio thread was told to give back.
    fn processor(&self) -> io::Result<Box<dyn Processor>> {
        self.processors.recv_timeout(STUCK).map_err(|_| io::ErrorKind::TimedOut.into())
    }

    /// Starts the audio thread with the processor that waits for this ring.
    fn sound(&self, shape: Shape, files: &[OwnedFd]) -> io::Result<()> {
        let [asks, answers] = files else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let asks = Region::map(asks, shape.n_ask_words(), Writers::Maker)?;
        let answers = Region::map(answers, shape.n_answer_words(), Writers::Everybody)?;
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let processor = waiting.ok_or(io::ErrorKind::InvalidData)?;
        let (wishes, board) = (Arc::clone(&self.wishes), self.board);
        let ring = Answerer::new(board, asks, answers, shape);
        let service = Service::new(processor, ring, wishes, board);
        let (socket, handed) = (Arc::clone(&self.socket), self.handed.clone());
        thread::Builder::new().name("audio".to_owned()).spawn(move || {
            let _stack = AltStack::new();
            if let Some(words) = board.last_words() {
                words.note_audio_thread();
            }
            let Given { priority, lacks, .. } = priority::take();
            let thread = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
            let _ = wire::send(&socket, &ToParent::Sounds { thread, priority, lacks });
            drop(socket);
            service.run(&handed);
        })?;
        Ok(())
    }
}
