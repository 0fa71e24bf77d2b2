//! One thread per generation: the CLAP main thread of its plugin, from staging to unloading.
//!
//! Control holds a [`PluginThread`], sends messages and returns at once; the answers are
//! [`Note`]s. A plugin that hangs holds up this thread and nothing else: control sees it in
//! [`PluginThread::busy_for`] and abandons the generation by dropping the handle.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use retake_engine::{Generation, Processor, Replay};

use crate::{
    audit,
    busy::Busy,
    carry::{Carried, ParamRef},
    error::HostError,
    ffi::Library,
    format::Format,
    inspect,
    instance::{Heritage, Instance},
    mode::{Isolation, Patience},
    note::{Activated, News, Note, Outbox, PluginInfo},
    probe::Probes,
    processor::ClapProcessor,
    staging::{self, StagingDir},
    start::{Start, Started},
    vet::Trial,
    warming::Warming,
    wishes::{FaultCounts, Wishes},
};

/// How long a wish of the plugin waits at most, beside the call that the plugin is in. It comes as
/// a flag, because the audio thread may wish too and must not wake anybody.
const POLL: Duration = Duration::from_millis(10);
const _: () = assert!(POLL.as_millis() <= 20, "a callback is served within 20 ms");

/// What to load and what it takes over.
#[derive(Debug)]
pub struct Request {
    /// Number of the new generation.
    pub generation: u64,
    /// The library as the compiler wrote it; it is copied, never loaded itself.
    pub artifact: PathBuf,
    /// Where the copy goes.
    pub staging: Arc<StagingDir>,
    /// Which plugin of the library; `None` = the only one.
    pub plugin_id: Option<String>,
    /// Rate, blocks and channels of the engine.
    pub format: Format,
    /// Guard samples around all buffers, looked at after every block; always in debug builds.
    pub is_guarded: bool,
    /// State of the generation before; loaded first.
    pub state: Option<Vec<u8>>,
    /// Parameter values of the generation before; carried by id.
    pub params: Vec<(u32, f64)>,
    /// Where a generation without a predecessor starts from, instead of `state` and `params`.
    pub start: Option<Start>,
    /// Values that must exist and be in range; they win over those carried.
    pub set: Vec<(ParamRef, f64)>,
    /// What it has to pass.
    pub admission: Admission,
    /// Where its code runs.
    pub isolation: Isolation,
    /// How long a block of an isolated plugin is waited for.
    pub patience: Patience,
    /// The program whose `plugin-host` isolates: `/proc/self/exe`, but for tests.
    pub executable: PathBuf,
}

/// How the plugin is to be made, wherever its library comes from.
pub(crate) struct Recipe {
    pub(crate) plugin_id: Option<String>,
    pub(crate) format: Format,
    pub(crate) is_guarded: bool,
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) params: Vec<(u32, f64)>,
    pub(crate) start: Option<Start>,
    pub(crate) set: Vec<(ParamRef, f64)>,
    pub(crate) admission: Admission,
}

impl Recipe {
    /// Finds out where a generation without a predecessor starts from: once.
    ///
    /// # Errors
    /// [`HostError::Parameter`]: the command line asks for what cannot be had.
    pub(crate) fn settle(
        &mut self,
        plugin: &PluginInfo,
        instance: &mut Instance,
    ) -> Result<(), HostError> {
        let Some(start) = self.start.take() else {
            return Ok(());
        };
        let found = start.find(plugin, &instance.params()).map_err(HostError::Parameter)?;
        Started { state: self.state, params: self.params } = found;
        Ok(())
    }
}

/// What a build has to pass before it may sound.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Admission {
    /// It is played no test signals, the replay only warns, and none is refused that hung before.
    pub is_waived: bool,
    /// Hashes of builds that hung.
    #[serde(skip)]
    pub quarantine: Arc<[u64]>,
}

impl Admission {
    /// Whether a build of that hash may be loaded at all.
    ///
    /// # Errors
    /// [`HostError::Quarantined`].
    pub(crate) fn check(&self, hash: u64) -> Result<(), HostError> {
        let is_refused = !self.is_waived && self.quarantine.contains(&hash);
        if is_refused { Err(HostError::Quarantined) } else { Ok(()) }
    }
}

/// What control asks.
pub(crate) enum Ask {
    SaveState,
    ParamText {
        id: u32,
        value: f64,
        tag: u64,
    },
    TextToValue {
        id: u32,
        text: String,
        tag: u64,
    },
    Reactivate(Box<dyn Processor>, Format),
    WarmUp(Box<Warming>),
    Retire(Box<dyn Processor>),
    Shutdown,
    /// Called when all that came before is served and told.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "nobody waits for it"))]
    Sync(Box<dyn FnOnce() + Send>),
}

/// Where asks go.
#[derive(Debug)]
enum Asks {
    Here(Sender<Ask>),
    #[cfg(target_os = "linux")]
    Apart(Sender<crate::isolation::Mail>, Arc<crate::isolation::Link>),
}

/// Control's end of a plugin's thread. Every method returns at once.
///
/// Dropping it is like [`PluginThread::shutdown`], without anybody to wait: the thread ends by
/// itself when the plugin lets it.
#[derive(Debug)]
pub struct PluginThread {
    generation: u64,
    /// What is found in the warm-up only warns.
    is_waived: bool,
    asks: Asks,
    busy: Busy,
    wishes: Arc<Wishes>,
}

impl PluginThread {
    /// Starts the thread `plugin-G`; `notes` is called on it (and must not wait for it).
    ///
    /// # Errors
    /// [`HostError::Thread`] if the system gives no thread, [`HostError::NoIsolation`].
    pub fn spawn(request: Request, notes: Box<dyn Fn(Note) + Send>) -> Result<Self, HostError> {
        let (generation, is_waived) = (request.generation, request.admission.is_waived);
        let busy = Busy::new();
        let wishes = Arc::new(Wishes::new(Outbox::new(generation, notes)));
        let asks = match request.isolation {
            Isolation::InProcess => Asks::Here(spawn_here(request, &wishes, &busy)?),
            #[cfg(target_os = "linux")]
            Isolation::Process => {
                let (mail, link) = crate::isolation::spawn(request, &wishes, &busy)?;
                Asks::Apart(mail, link)
            }
            #[cfg(not(target_os = "linux"))]
            Isolation::Process => return Err(HostError::NoIsolation),
        };
        Ok(Self { generation, is_waived, asks, busy, wishes })
    }

    /// Whose thread this is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Asks for the state; [`News::State`] answers.
    pub fn save_state(&self) {
        self.ask(Ask::SaveState);
    }

    /// Asks how the plugin writes a value; [`News::ParamText`] answers with the same `tag`.
    pub fn param_text(&self, id: u32, value: f64, tag: u64) {
        self.ask(Ask::ParamText { id, value, tag });
    }

    /// Asks how the plugin reads a text; [`News::ParamValue`] answers with the same `tag`.
    pub fn text_to_value(&self, id: u32, text: String, tag: u64) {
        self.ask(Ask::TextToValue { id, text, tag });
    }

    /// Activates the plugin anew, parameters and state kept, its ports settled for that format;
    /// [`News::Activated`] answers with a new processor, or [`News::Failed`] and [`News::Gone`].
    pub fn reactivate(&self, processor: Box<dyn Processor>, format: Format) {
        self.ask(Ask::Reactivate(processor, format));
    }

    /// What the plugin shows of its inside; cheap to share and to ask from any thread.
    pub fn probes(&self) -> Arc<Probes> {
        Arc::clone(&self.wishes.probes)
    }

    /// How often the plugin did wrong so far.
    pub fn faults(&self) -> FaultCounts {
        match &self.asks {
            Asks::Here(_) => self.wishes.counts(),
            #[cfg(target_os = "linux")]
            Asks::Apart(_, link) => self.wishes.counts().plus(link.board.counts()),
        }
    }

    /// Plays the recent past to a generation that has not sounded, for at most `limit`;
    /// [`News::Warmed`] answers, or [`News::Failed`] and [`News::Gone`] when the plugin fails in it
    /// or is not fit to sound.
    pub fn warm_up(&self, generation: Generation, replay: Replay, limit: Duration) {
        let is_waived = self.is_waived;
        self.ask(Ask::WarmUp(Box::new(Warming { generation, replay, limit, is_waived })));
    }

    /// Ends the generation whose processor came back; [`News::Gone`] answers.
    pub fn retire(&self, processor: Box<dyn Processor>) {
        self.ask(Ask::Retire(processor));
    }

    /// Ends the generation as soon as its processor was given back or dropped.
    pub fn shutdown(&self) {
        self.ask(Ask::Shutdown);
    }

    /// How long the present call into the plugin has lasted; `None` when there is none.
    pub fn busy_for(&self) -> Option<Duration> {
        match &self.asks {
            Asks::Here(_) => self.busy.lasting(),
            #[cfg(target_os = "linux")]
            Asks::Apart(_, link) => self.busy.lasting().max(link.board.busy_for()),
        }
    }

    /// Whether it lives in a process of its own, which is ended when a call into it does not come
    /// back.
    pub fn is_isolated(&self) -> bool {
        !matches!(self.asks, Asks::Here(_))
    }

    /// The number of the block that the audio thread is in, of a plugin in this process: as long as
    /// it is the same, that block lasts.
    pub fn block_inside(&self) -> Option<u64> {
        self.wishes.block_inside().filter(|_| !self.is_isolated())
    }

    /// Whether that call is a block of a plugin that may not sound yet.
    pub fn is_on_trial(&self) -> bool {
        match &self.asks {
            Asks::Here(_) => self.busy.is_on_trial(),
            #[cfg(target_os = "linux")]
            Asks::Apart(_, link) => self.busy.is_on_trial() || link.board.is_on_trial(),
        }
    }

    fn ask(&self, ask: Ask) {
        // A thread that ended has said `Gone`; a processor inside is dropped here, on control.
        match &self.asks {
            Asks::Here(asks) => drop(asks.send(ask)),
            #[cfg(target_os = "linux")]
            Asks::Apart(mail, _) => drop(mail.send(crate::isolation::Mail::Ask(ask))),
        }
    }
}

impl Drop for PluginThread {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn spawn_here(
    request: Request,
    wishes: &Arc<Wishes>,
    busy: &Busy,
) -> Result<Sender<Ask>, HostError> {
    let (asks, inbox) = channel();
    let (busy, wishes) = (busy.clone(), Arc::clone(wishes));
    let Request { artifact, staging, plugin_id, format, is_guarded, .. } = request;
    let Request { state, params, start, set, admission, .. } = request;
    let life = Life { busy, wishes, inbox, origin: Origin::Artifact(artifact, staging) };
    let recipe = Recipe { plugin_id, format, is_guarded, state, params, start, set, admission };
    thread::Builder::new()
        .name(format!("plugin-{}", request.generation))
        .spawn(move || life.run(recipe))
        .map_err(HostError::Thread)?;
    Ok(asks)
}

/// Where the library comes from.
pub(crate) enum Origin {
    /// It is copied from here to there.
    Artifact(PathBuf, Arc<StagingDir>),
    /// Another process staged it.
    #[cfg(target_os = "linux")]
    Staged(Option<staging::StagedCopy>),
}

/// What the thread owns from the start.
pub(crate) struct Life {
    pub(crate) busy: Busy,
    pub(crate) wishes: Arc<Wishes>,
    pub(crate) inbox: Receiver<Ask>,
    pub(crate) origin: Origin,
}

impl Life {
    /// From staging to unloading.
    pub(crate) fn run(mut self, recipe: Recipe) {
        self.wishes.role.become_main();
        let pinned = match self.load(&recipe.admission) {
            Ok((library, start)) => {
                if let Err(e) = self.live(&library, recipe, start) {
                    self.fail(&e);
                }
                self.busy.call(|| library.close())
            }
            Err(e) => {
                self.fail(&e);
                false
            }
        };
        self.wishes.deliver_logs();
        let Self { wishes, origin, .. } = self;
        // What it holds is let go before `Gone` says so.
        drop(origin);
        wishes.outbox.send(News::Gone { pinned });
    }

    fn load(&mut self, admission: &Admission) -> Result<(Library, Instant), HostError> {
        let copy = match &mut self.origin {
            Origin::Artifact(artifact, staging) => {
                let start = Instant::now();
                let copy = staging::stage(artifact, staging)?;
                self.tell(News::Staged { hash: copy.hash(), stage_ms: ms_since(start) });
                admission.check(copy.hash())?;
                copy
            }
            #[cfg(target_os = "linux")]
            Origin::Staged(copy) => copy.take().ok_or(HostError::NoIsolation)?,
        };
        let start = Instant::now();
        let library = self.busy.call(|| Library::open(copy))?;
        audit::note_library(library.code());
        Ok((library, start))
    }

    /// From creation to destruction; the library stays.
    fn live(&self, library: &Library, mut recipe: Recipe, start: Instant) -> Result<(), HostError> {
        let plugin = self.busy.call(|| inspect::choose(library, recipe.plugin_id.as_deref()))?;
        let (info, has_tls) = (plugin.clone(), library.has_tls());
        self.tell(News::Loaded { info, has_tls, load_ms: ms_since(start) });
        if !recipe.admission.is_waived {
            self.vet(library, &plugin, &mut recipe)?;
        }
        let start = Instant::now();
        let mut instance = Instance::create(library, &plugin.id, &self.wishes, &self.busy)?;
        instance.is_guarded = cfg!(debug_assertions) || recipe.is_guarded;
        let settled = recipe.settle(&plugin, &mut instance);
        let Recipe { state, params, set, format, .. } = recipe;
        let restored = settled.and_then(|()| instance.restore(&Heritage { state, params, set }));
        let sounding =
            restored.and_then(|carried| self.activate(&mut instance, format, carried, start));
        let ended = sounding.and_then(|()| self.serve(&mut instance));
        instance.destroy();
        ended
    }

    /// Plays the test signals to an instance that is destroyed before the one that may sound is
    /// made.
    fn vet(
        &self,
        library: &Library,
        plugin: &PluginInfo,
        recipe: &mut Recipe,
    ) -> Result<(), HostError> {
        let start = Instant::now();
        let ended = Trial { library, plugin, recipe, busy: &self.busy }.run();
        self.wishes.role.become_main();
        if let Err(HostError::Trial { error, .. }) = &ended
            && let HostError::Panic(line) = &**error
        {
            self.tell(News::Panicked(line.clone()));
        }
        self.tell(News::Vetted { warnings: ended?, vet_ms: ms_since(start) });
        Ok(())
    }

    fn activate(
        &self,
        instance: &mut Instance,
        format: Format,
        carried: Carried,
        start: Instant,
    ) -> Result<(), HostError> {
        let (processor, params) = instance.activate(format)?;
        self.tell(News::Activated(Box::new(Activated {
            layout: processor.layout(),
            ports: instance.ports().clone(),
            takes_notes: instance.takes_notes(),
            tail_frames: self.wishes.tail_frames(),
            meters: instance.meters(),
            params,
            carried,
            activate_ms: ms_since(start),
            processor: Box::new(processor),
        })));
        Ok(())
    }

    /// Answers and serves until the generation is to end and its processor is gone.
    fn serve(&self, instance: &mut Instance) -> Result<(), HostError> {
        let mut is_ending = false;
        loop {
            match self.inbox.recv_timeout(POLL) {
                Ok(ask) => is_ending |= self.answer(instance, ask)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    is_ending = true;
                    thread::sleep(POLL);
                }
            }
            instance.serve();
            if is_ending && instance.try_deactivate() {
                return Ok(());
            }
        }
    }

    /// Does one message; whether it ends the generation.
    fn answer(&self, instance: &mut Instance, ask: Ask) -> Result<bool, HostError> {
        match ask {
            Ask::SaveState => self.tell(News::State(instance.save_state())),
            Ask::ParamText { id, value, tag } => {
                let text = instance.text_of(id, value);
                self.tell(News::ParamText { id, value, text, tag });
            }
            Ask::TextToValue { id, text, tag } => {
                let value = instance.value_from(id, &text);
                self.tell(News::ParamValue { id, text, value, tag });
            }
            Ask::Reactivate(processor, format) => {
                let start = Instant::now();
                // A panic until now is not the reason of what may fail next.
                self.wishes.take_panic();
                self.take_back(instance, processor);
                instance.try_deactivate();
                // Nothing crossed to another generation: the instance kept what it had.
                self.activate(instance, format, Carried::default(), start)?;
            }
            Ask::WarmUp(warming) => self.warm_up(instance, *warming)?,
            Ask::Retire(processor) => {
                self.take_back(instance, processor);
                return Ok(true);
            }
            Ask::Shutdown => return Ok(true),
            Ask::Sync(done) => {
                instance.serve();
                done();
            }
        }
        Ok(false)
    }

    /// # Errors
    /// [`HostError::Panic`], [`HostError::Process`] or [`HostError::Unfit`]; the processor was
    /// stopped.
    fn warm_up(&self, instance: &mut Instance, warming: Warming) -> Result<(), HostError> {
        self.wishes.take_panic();
        let warmed = warming.run(&self.busy);
        // A panic is told by the plugin's callback.
        instance.serve();
        let (processor, failure) = match warmed.judge(self.wishes.take_panic()) {
            Ok(news) => {
                self.tell(news);
                return Ok(());
            }
            Err(failed) => failed,
        };
        self.take_back(instance, processor);
        instance.try_deactivate();
        Err(failure)
    }

    fn take_back(&self, instance: &mut Instance, processor: Box<dyn Processor>) {
        let processor = processor.into_any().downcast::<ClapProcessor>();
        let is_mine = processor.is_ok_and(|processor| instance.stop(*processor));
        if !is_mine {
            self.tell(News::foreign_processor());
        }
    }

    /// A panic that the plugin reported is the reason of whatever failed after it.
    fn fail(&self, error: &HostError) {
        self.wishes.deliver_logs();
        let panic = self.wishes.take_panic().map(HostError::Panic);
        let error = panic.as_ref().unwrap_or(error);
        self.tell(News::failed(error));
    }

    fn tell(&self, news: News) {
        self.wishes.outbox.send(news);
    }
}

fn ms_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
