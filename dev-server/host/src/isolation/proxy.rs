//! The parent's `plugin-g` for a plugin in another process: starts it, carries asks there and news
//! back, and keeps the order of ends.

use std::{
    collections::VecDeque,
    fs, io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{net::UnixStream, process::CommandExt},
    },
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use retake_engine::{Layout, Processor};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::{
    block_ring::{Asker, Shape},
    board::Board,
    link::{Link, STUCK, TRIAL},
    priority::{Following, Given, Move},
    processor::{IsolatedProcessor, Made},
    shm::{Region, Writers},
    watch::{End, Watch},
    wire::{self, Parts, Setup, ToChild, ToParent, Told},
};
use crate::{
    audit::{LastWords, Symbols, Words},
    busy::Busy,
    error::HostError,
    finding::StackFrame,
    note::{Activated, News, Severity},
    panic_line::PanicLine,
    staging::{self, StagedCopy},
    start::{Start, Started},
    thread::{Ask, Request},
    warming::Warming,
    wishes::Wishes,
};

/// How often the thread looks at what nobody tells it.
const LOOK: Duration = Duration::from_millis(50);

/// Longest state that is handed over, in bytes: as long as one that is taken.
const MAX_STATE: usize = 64 << 20;

/// What comes to the thread.
pub(crate) enum Mail {
    /// From control.
    Ask(Ask),
    /// From the child.
    Said(ToParent),
    /// The child is gone.
    Ended(End),
}

/// What the thread owns.
pub(crate) struct Proxy {
    link: Arc<Link>,
    wishes: Arc<Wishes>,
    busy: Busy,
    mail: Sender<Mail>,
    inbox: Receiver<Mail>,
}

/// Control's ends of a proxy: where asks go, and what is seen of the child.
pub(crate) type Ends = (Sender<Mail>, Arc<Link>);

/// Starts the thread.
///
/// # Errors
/// [`HostError::Thread`] if the system gives no memory or no thread.
pub(crate) fn spawn(
    request: Request,
    wishes: &Arc<Wishes>,
    busy: &Busy,
) -> Result<Ends, HostError> {
    let (board, board_file) = Board::create().map_err(HostError::Thread)?;
    let link = Arc::new(Link::new(board, request.patience));
    let (mail, inbox) = channel();
    let proxy = Proxy {
        link: Arc::clone(&link),
        wishes: Arc::clone(wishes),
        busy: busy.clone(),
        mail: mail.clone(),
        inbox,
    };
    thread::Builder::new()
        .name(format!("plugin-{}", request.generation))
        .spawn(move || proxy.run(request, &board_file))
        .map_err(HostError::Thread)?;
    Ok((mail, link))
}

impl Proxy {
    fn run(self, mut request: Request, board: &OwnedFd) {
        match self.open(&mut request, board) {
            Ok(talk) => talk.run(),
            Err(e) => {
                drop(request);
                self.wishes.outbox.send(News::failed(&e));
            }
        }
        self.link.die();
        self.wishes.deliver_logs();
        self.wishes.outbox.send(News::Gone { pinned: false });
    }

    /// Stages the library and starts the child with it.
    fn open(&self, request: &mut Request, board: &OwnedFd) -> Result<Talk<'_>, HostError> {
        let n_bytes = request.state.as_ref().map_or(0, Vec::len);
        if n_bytes > MAX_STATE {
            return Err(HostError::State { n_bytes });
        }
        let start = Instant::now();
        let told = request.staging.unique_path(&request.artifact);
        let copy = staging::stage_in_memory(&request.artifact, told)?;
        let stage_ms = start.elapsed().as_secs_f64() * 1e3;
        self.wishes.outbox.send(News::Staged { hash: copy.hash(), stage_ms });
        request.admission.check(copy.hash())?;
        let library = copy.file().ok_or(HostError::NoIsolation)?;
        let (socket, theirs) = UnixStream::pair().map_err(HostError::NoProcess)?;
        // A child that stops in the middle of a word must not stop us.
        let _ = socket.set_read_timeout(Some(STUCK));
        let child = start_child(request, theirs).map_err(HostError::NoProcess)?;
        let pid = child.id();
        self.watch(child, &socket).map_err(HostError::NoProcess)?;
        let start = request.start.take();
        let message = ToChild::Setup(Box::new(setup(request, &copy, start.is_some())));
        // One that is gone already is heard of.
        let _ = wire::send_with(&socket, &message, &[library, board.as_fd()]);
        Ok(Talk {
            proxy: self,
            socket,
            copy,
            pid,
            start,
            activated: None,
            panic: None,
            theirs: 0,
            given: Given::default(),
            following: Following::new(Instant::now()),
            has_synced: false,
            is_parted: false,
            backlog: VecDeque::new(),
        })
    }

    fn watch(&self, mut child: Child, socket: &UnixStream) -> io::Result<()> {
        let watch = (|| {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let pidfd = pidfd_open(pid.ok_or(io::ErrorKind::InvalidData)?, PidfdFlags::empty())?;
            io::Result::Ok((pidfd, socket.try_clone()?))
        })();
        let (pidfd, socket) = watch.inspect_err(|_| {
            let _ = child.kill();
            let _ = child.wait();
        })?;
        let (link, mail) = (Arc::clone(&self.link), self.mail.clone());
        let watch = Watch { child, pidfd, socket, link, mail };
        // Without the thread the child is told by its socket, which is dropped here.
        thread::Builder::new().name("watch".to_owned()).spawn(move || watch.run())?;
        Ok(())
    }
}

/// Starts the program that is one plugin and nothing else; its standard input is the socket.
fn start_child(request: &Request, socket: UnixStream) -> io::Result<Child> {
    let mut command = Command::new(&request.executable);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"RETAKE_") {
            command.env_remove(name);
        }
    }
    command
        .arg0("retake")
        .arg("plugin-host")
        .arg(request.generation.to_string())
        .stdin(OwnedFd::from(socket))
        // What a plugin prints must not come between the lines that scripts read.
        .stdout(Stdio::from(io::stderr().as_fd().try_clone_to_owned()?))
        .process_group(0)
        .spawn()
}

fn setup(request: &mut Request, copy: &StagedCopy, asks_start: bool) -> Setup {
    Setup {
        generation: request.generation,
        parent: i32::try_from(std::process::id()).unwrap_or(0),
        told: copy.told().to_owned(),
        hash: copy.hash(),
        has_tls: copy.has_tls(),
        plugin_id: request.plugin_id.take(),
        format: request.format,
        is_guarded: request.is_guarded,
        state: request.state.take(),
        params: std::mem::take(&mut request.params),
        set: std::mem::take(&mut request.set),
        admission: std::mem::take(&mut request.admission),
        asks_start,
    }
}

/// The talk with a child, from its start to its end.
struct Talk<'a> {
    proxy: &'a Proxy,
    socket: UnixStream,
    /// The library.
    copy: StagedCopy,
    pid: u32,
    start: Option<Start>,
    /// Told as soon as the audio thread waits for blocks.
    activated: Option<Box<Activated>>,
    /// What the plugin panicked of last.
    panic: Option<PanicLine>,
    /// The child's audio thread, what it was given, and what it does.
    theirs: u32,
    given: Given,
    following: Following,
    has_synced: bool,
    /// The child said that it is at its end.
    is_parted: bool,
    /// What came while an answer was waited for.
    backlog: VecDeque<Mail>,
}

impl Talk<'_> {
    fn run(mut self) {
        let end = loop {
            match self.next() {
                Some(Mail::Ask(ask)) => self.answer(ask),
                Some(Mail::Said(said)) => self.hear(said),
                Some(Mail::Ended(end)) => break end,
                None => {}
            }
            self.proxy.wishes.probes.expire();
            self.proxy.wishes.deliver_logs();
            self.follow();
        };
        if !self.is_parted {
            let End { what, message, words } = end;
            let stack = words.map_or_else(Vec::new, |words| self.named(&words));
            self.tell(News::Crashed { what, message, stack });
        }
    }

    /// The calls of a stack that the child left.
    fn named(&self, words: &Words) -> Vec<StackFrame> {
        let modules = self.proxy.link.board.last_words().map(LastWords::modules);
        let library = fs::read(self.copy.path()).unwrap_or_default();
        Symbols::new(modules.unwrap_or_default(), library).stack(&words.stack)
    }

    /// Has the child's audio thread follow ours while it plays.
    fn follow(&mut self) {
        let link = &self.proxy.link;
        let ours = link.audio_thread();
        if self.theirs == 0 || ours == 0 {
            return;
        }
        let answered = link.board.answered().load(Ordering::Relaxed);
        let has_changed = match self.following.look(ours, answered, Instant::now()) {
            Move::Stay => false,
            Move::Keep => self.given.follow(ours, self.theirs),
            Move::LetGo => self.given.let_go(self.theirs),
        };
        if has_changed {
            self.tell_isolated();
        }
    }

    fn tell_isolated(&self) {
        let Given { pinned, priority, lacks } = self.given.clone();
        self.tell(News::Isolated { pid: self.pid, pinned, priority, lacks });
    }

    fn next(&mut self) -> Option<Mail> {
        if let Some(mail) = self.backlog.pop_front() {
            return Some(mail);
        }
        self.proxy.inbox.recv_timeout(LOOK).ok()
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::SaveState => self.send(&ToChild::SaveState),
            Ask::ParamText { id, value, tag } => self.send(&ToChild::ParamText { id, value, tag }),
            Ask::TextToValue { id, text, tag } => {
                self.send(&ToChild::TextToValue { id, text, tag });
            }
            Ask::Reactivate(processor, format) => {
                if self.take_back(processor) {
                    self.send(&ToChild::Reactivate(format));
                }
            }
            Ask::WarmUp(warming) => self.warm_up(*warming),
            Ask::Retire(processor) => {
                let is_mine = self.take_back(processor);
                self.send(if is_mine { &ToChild::Retire } else { &ToChild::Shutdown });
            }
            Ask::Shutdown => self.send(&ToChild::Shutdown),
            Ask::Sync(done) => done(),
        }
    }

    fn hear(&mut self, said: ToParent) {
        match said {
            ToParent::FindStart(plugin, params) => {
                let found = self.start.take().map(|start| start.find(&plugin, &params));
                self.send(&ToChild::Start(found.unwrap_or_else(|| Ok(Started::default()))));
            }
            ToParent::Activated(parts) => self.activate(*parts),
            ToParent::Sounds { thread, priority, lacks } => {
                (self.theirs, self.given) = (thread, Given { pinned: None, priority, lacks });
                if let Some(activated) = self.activated.take() {
                    self.tell_isolated();
                    self.tell(News::Activated(activated));
                }
            }
            ToParent::Synced => self.has_synced = true,
            ToParent::Tell(Told::Gone) => self.is_parted = true,
            ToParent::Tell(told) => {
                if let Told::Panicked(line) = &told {
                    self.panic = Some(line.clone());
                }
                self.tell(told.into_news());
            }
        }
    }

    /// Makes the ring of an activation; its processor is told of when the child is ready.
    fn activate(&mut self, parts: Parts) {
        match self.ring(&parts) {
            Ok(ring) => self.activated = Some(Box::new(self.activated(parts, ring))),
            Err(e) => {
                // Without memory the child cannot sound: it is ended, and that is told.
                self.tell(News::Log { severity: Severity::Error, message: e.to_string() });
                self.proxy.link.give_up();
            }
        }
    }

    fn ring(&self, parts: &Parts) -> io::Result<Asker> {
        let Parts { n_input, n_side, n_output, max_block, rate, .. } = *parts;
        let shape = Shape::new(n_input + n_side, n_output, max_block, rate);
        let (asks, asks_file) = Region::create("retake-asks", shape.n_ask_words(), Writers::Maker)?;
        let (answers, answers_file) =
            Region::create("retake-answers", shape.n_answer_words(), Writers::Everybody)?;
        let files = [asks_file.as_fd(), answers_file.as_fd()];
        let ring = Asker::new(Arc::clone(&self.proxy.link.board), asks, answers, shape);
        // A child that is gone is heard of by its end.
        let _ = wire::send_with(&self.socket, &ToChild::Ring(shape), &files);
        Ok(ring)
    }

    fn activated(&self, parts: Parts, ring: Asker) -> Activated {
        let Parts { n_input, n_side, n_output, latency_frames, max_block, rate, .. } = parts;
        let layout = Layout { n_input, n_side, n_output, latency_frames };
        let (link, wishes) = (Arc::clone(&self.proxy.link), Arc::clone(&self.proxy.wishes));
        let made = Made { layout, rate, max_block };
        Activated {
            processor: Box::new(IsolatedProcessor::new(link, wishes, ring, made)),
            layout,
            ports: parts.ports,
            takes_notes: parts.takes_notes,
            tail_frames: parts.tail_frames,
            meters: parts.meters,
            params: parts.params,
            carried: parts.carried,
            activate_ms: parts.activate_ms,
        }
    }

    /// Has the child's audio thread give its processor back; whether there is one.
    fn take_back(&self, processor: Box<dyn Processor>) -> bool {
        let processor = processor.into_any().downcast::<IsolatedProcessor>();
        let mine = processor.ok().filter(|processor| processor.is_of(&self.proxy.link));
        let is_mine = mine.is_some();
        match mine {
            Some(processor) => processor.halt(),
            None => self.tell(News::foreign_processor()),
        }
        is_mine
    }

    fn warm_up(&mut self, warming: Warming) {
        self.sync();
        self.panic = None;
        self.proxy.link.be_patient(TRIAL);
        let warmed = warming.run(&self.proxy.busy);
        self.proxy.link.be_usual();
        // A panic is told by the plugin's callback.
        self.sync();
        match warmed.judge(self.panic.take()) {
            Ok(news) => self.tell(news),
            Err((processor, failure)) => {
                let is_mine = self.take_back(processor);
                // The end of the child says why by itself.
                if !self.proxy.link.is_dead() {
                    self.tell(News::failed(&failure));
                }
                self.send(if is_mine { &ToChild::Retire } else { &ToChild::Shutdown });
            }
        }
    }

    /// Waits until the child has told what it had to tell, or is gone.
    fn sync(&mut self) {
        self.has_synced = false;
        self.send(&ToChild::Sync);
        while !self.has_synced {
            match self.proxy.inbox.recv() {
                Ok(Mail::Said(said)) => self.hear(said),
                Ok(Mail::Ended(end)) => {
                    self.backlog.push_back(Mail::Ended(end));
                    return;
                }
                Ok(mail) => self.backlog.push_back(mail),
                Err(_) => return,
            }
        }
    }

    fn send(&self, message: &ToChild) {
        // A child that is gone is heard of by its end.
        let _ = wire::send(&self.socket, message);
    }

    fn tell(&self, news: News) {
        self.proxy.wishes.outbox.send(news);
    }
}
