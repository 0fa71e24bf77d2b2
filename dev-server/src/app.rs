//! All wiring: which thread is started with what, and how they reach each other.
//!
//! ```text
//!  keys ─┐                                        ┌─▶ devices ══ rings ══ engine (audio thread)
//!  signals ─┤                                     │
//!  web ─────┼──▶ Message ──▶ control ─────────────┼─▶ plugin-g (one per generation)
//!  watch ───┤                   │                 │
//!  devices ─┤                   ▼                 └─▶ watch ─▶ build
//!  plugin-g ┘      report: JSON, terminal, pages
//! ```

use std::{
    env,
    fs::File,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::Instant,
};

use anyhow::Context;
use retake_engine::Probe;
use retake_host::StagingDir;
use retake_io::{Choice, DeviceRequest, Devices};
use serde_json::json;

use crate::{
    cli::{ClockArg, DeviceArgs, Run},
    control::{Control, Failure, KEYS, Message, Parts},
    counters::Counters,
    editor::{self, Sources},
    keys::Keys,
    memory::Memory,
    midi::Midi,
    project::{self, Project},
    report::{Report, Tone, claim_stdout, say},
    source::{SourceKind, SourceSpec},
    store::Asked,
    take::{self, Keeper},
    telemetry::{Telemetry, Views},
    watch::Rebuilder,
    web::{self, ControlGone, ControlHandle, DeliveryHandle, PortChoice, TokenFile},
};

/// `retake run`: serves until the end of the session.
pub fn run(run: Run) -> ExitCode {
    let started = Instant::now();
    // Claimed in any case: a plugin's prints belong to the people's side.
    let ended = claim_stdout().context("stdout").and_then(|stdout| serve(run, stdout, started));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Says why a command failed; its exit code.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    say(Tone::Error, "Error", format!("{error:#}"));
    let usage = error.downcast_ref::<Failure>().map(Failure::exit_code);
    ExitCode::from(usage.unwrap_or(1))
}

fn serve(run: Run, stdout: File, started: Instant) -> anyhow::Result<()> {
    let json = run.session.json.then_some(stdout);
    let probe = Arc::new(Probe::default());
    let counters = Counters::new(Arc::clone(&probe));
    let mut report = Report::new(started, json, Arc::clone(&counters));
    if let Some(why) = &run.audit_lack {
        say(Tone::Warning, "Audit", format!("there is none: {why}"));
    }
    let stage = match set_up(&run, &mut report, (probe, counters)) {
        Ok(stage) => stage,
        Err(error) => {
            report.stopped(&format!("{error:#}"));
            return Err(error);
        }
    };
    let parts = Parts {
        inbox: stage.inbox,
        mailbox: stage.mailbox,
        url: stage.server.as_ref().map_or_else(String::new, |server| server.url.clone()),
        staging: Arc::new(stage.staging),
        is_watching: is_watching(&run),
        memory: stage.memory,
        midi: stage.midi,
        keeper: stage.keeper,
        run,
        report,
        telemetry: stage.telemetry,
        counters: stage.counters,
        probe: stage.probe,
        devices: stage.devices,
        rebuilder: stage.rebuilder,
    };
    let end = Control::new(parts).run();
    drop(stage.keys);
    drop(stage.server);
    Ok(end?)
}

/// Everything that runs before control does.
struct Stage {
    inbox: Receiver<Message>,
    mailbox: Sender<Message>,
    memory: Memory,
    midi: Midi,
    /// None where nobody looks, and on the fast clock.
    keeper: Option<Keeper>,
    /// None when nobody looks: `retake render`.
    server: Option<web::Server>,
    keys: Option<Keys>,
    devices: Devices,
    rebuilder: Rebuilder,
    staging: StagingDir,
    telemetry: Arc<Telemetry>,
    counters: Arc<Counters>,
    probe: Arc<Probe>,
}

fn set_up(
    run: &Run,
    report: &mut Report,
    (probe, counters): (Arc<Probe>, Arc<Counters>),
) -> anyhow::Result<Stage> {
    let (mailbox, inbox) = channel();
    end_on_signals(&mailbox)?;
    check_clock(run)?;
    check_mic(run)?;
    let project = find_project(run)?;
    let memory = Memory::open(run, &project, forward(&mailbox, Message::Store))?;
    let request = device_request(run, &memory.devices, report.started());
    let midi = Midi::open(run, forward(&mailbox, Message::Midi))?;
    let staging = StagingDir::new().context("no place for copies of the plugin")?;
    let telemetry = Telemetry::new(Arc::clone(&counters));
    let is_online = !run.is_offline;
    let is_kept = is_online && run.audio.devices.clock == ClockArg::Real;
    let keeper = is_kept.then(Keeper::start).transpose().context("no thread for the take")?;
    let doors = Doors {
        open: editor::opener(run.page.editor.clone(), Sources::of(&project)),
        take: take::saver(keeper.clone()),
    };
    let server =
        is_online.then(|| start_server(run, report, &mailbox, &telemetry, doors)).transpose()?;
    let keys = is_online.then(|| Keys::listen(forward(&mailbox, Message::Key))).flatten();
    if keys.is_some() {
        say(Tone::Plain, "Keys", KEYS);
    }
    let tell = Box::new(forward(&mailbox, Message::Device));
    let devices = Devices::spawn(request, Arc::clone(&probe), tell).map_err(Failure::failed)?;
    let rebuilder = Rebuilder::start(project, is_watching(run), forward(&mailbox, Message::Loop))?;
    Ok(Stage {
        inbox,
        mailbox,
        memory,
        midi,
        keeper,
        server,
        keys,
        devices,
        rebuilder,
        staging,
        telemetry,
        counters,
        probe,
    })
}

fn is_watching(run: &Run) -> bool {
    !run.plugin.no_watch && run.audio.devices.clock == ClockArg::Real
}

fn forward<T: 'static>(
    mailbox: &Sender<Message>,
    wrap: fn(T) -> Message,
) -> impl Fn(T) + Send + Sync + 'static {
    let mailbox = mailbox.clone();
    // Control is gone: the session is over, and so is the sender soon.
    move |what| drop(mailbox.send(wrap(what)))
}

fn find_project(run: &Run) -> anyhow::Result<Project> {
    let request = project::Request {
        path: run.path.clone(),
        working_dir: env::current_dir().context("no working directory")?,
        package: run.plugin.package.clone(),
        features: run.plugin.features.clone(),
        build: run.plugin.build.clone(),
        watch: run.plugin.watch.clone(),
        cache_dir: env::var_os("RETAKE_CACHE_DIR").map(PathBuf::from),
    };
    Project::find(&request).map_err(|error| {
        let failure = if error.is_usage() { Failure::usage } else { Failure::failed };
        failure(error).into()
    })
}

/// What the page reaches beside control.
struct Doors {
    open: web::OpenHandle,
    take: web::TakeHandle,
}

fn start_server(
    run: &Run,
    report: &mut Report,
    mailbox: &Sender<Message>,
    telemetry: &Arc<Telemetry>,
    doors: Doors,
) -> anyhow::Result<web::Server> {
    let token = TokenFile::open(run.page.new_token)?;
    if let Some(note) = &token.note {
        say(Tone::Warning, "Token", note);
    }
    let token = token.token;
    let config = web::Config {
        port: match run.page.port {
            None => PortChoice::Default,
            Some(0) => PortChoice::Any,
            Some(port) => PortChoice::Exact(port),
        },
        token: token.clone(),
        asset: page,
        open: doors.open,
        deliver: deliver(mailbox),
        take: doors.take,
        limits: web::Limits::default(),
    };
    let mailbox = mailbox.clone();
    let control =
        ControlHandle::new(move |call| mailbox.send(Message::Call(call)).map_err(|_| ControlGone));
    let views = Arc::new(Views(Arc::clone(telemetry)));
    let server = web::serve(config, control, views)?;
    report.connect(server.notifier());
    announce(&server, token.as_str(), run, report);
    Ok(server)
}

fn deliver(mailbox: &Sender<Message>) -> DeliveryHandle {
    let mailbox = mailbox.clone();
    DeliveryHandle::new(move |delivery| {
        mailbox.send(Message::Delivery(delivery)).map_err(|_| ControlGone)
    })
}

fn announce(server: &web::Server, token: &str, run: &Run, report: &mut Report) {
    say(Tone::Good, "Listening", &server.url);
    let fields = json!({
        "url": server.url,
        "ws": server.ws,
        "token": token,
        "protocol": 1,
    });
    report.event("listening", fields);
    if run.page.open {
        crate::browser::open(&server.url);
    }
}

fn page(path: &str) -> Option<web::Asset> {
    let retake_ui::Asset { bytes, content_type } = retake_ui::file(path)?;
    Some(web::Asset { bytes, content_type })
}

/// Ctrl-C and a polite kill end the session in order; a second one ends the process.
fn end_on_signals(mailbox: &Sender<Message>) -> anyhow::Result<()> {
    let mailbox = mailbox.clone();
    let asked = std::sync::atomic::AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if asked.swap(true, std::sync::atomic::Ordering::Relaxed) {
            std::process::exit(130);
        }
        // Control is gone: the process is at its end already.
        drop(mailbox.send(Message::Quit("signal")));
    })
    .context("no signal handler")
}

fn check_clock(run: &Run) -> Result<(), Failure> {
    if run.audio.devices.clock == ClockArg::Fast && run.session.duration.is_none() {
        return Err(Failure::usage(
            "--clock fast runs as fast as it can and would never end: add --duration SECONDS",
        ));
    }
    Ok(())
}

fn device_request(run: &Run, asked: &Asked, epoch: Instant) -> DeviceRequest {
    let DeviceArgs { rate, period, clock, .. } = run.audio.devices;
    let choice = |given: &Option<String>| {
        let Ok(choice) = given.as_deref().unwrap_or("default").parse::<Choice>();
        choice
    };
    DeviceRequest {
        host: asked.host.clone(),
        input: live_input(run, choice(&asked.input)),
        more: more_inputs(run),
        output: choice(&asked.output),
        rate,
        period,
        clock: clock.into(),
        epoch,
    }
}

/// The microphones beside the first, in the order of their numbers.
fn more_inputs(run: &Run) -> Vec<Choice> {
    let choice = |source: &SourceSpec| source.kind.device()?.parse().ok();
    run.audio.sources().iter().filter_map(choice).collect()
}

/// The sources that are the microphone.
fn mics(run: &Run) -> Vec<&SourceSpec> {
    run.audio.source.iter().filter(|source| source.kind == SourceKind::Mic).collect()
}

/// Whether no microphone is wanted.
fn has_none(run: &Run) -> bool {
    run.audio.input.iter().any(|name| name == "none")
}

fn check_mic(run: &Run) -> Result<(), Failure> {
    if has_none(run) && run.audio.input.len() > 1 {
        return Err(Failure::usage("--input none, and another --input: leave one of them out"));
    }
    match mics(run)[..] {
        [_, second, ..] => {
            Err(Failure::usage(format!("--source {second}: the microphone is named twice")))
        }
        [mic] if has_none(run) => Err(Failure::usage(format!(
            "--source {mic} and --input none: give --input DEVICE, or leave one of them out"
        ))),
        _ => Ok(()),
    }
}

/// The microphone that is heard: with sources, only one that the command line names.
fn live_input(run: &Run, remembered: Choice) -> Choice {
    let has_other_sources = !run.audio.source.is_empty() && mics(run).is_empty();
    match remembered {
        _ if run.audio.input.is_empty() && has_other_sources => Choice::None,
        Choice::None if !mics(run).is_empty() => Choice::Default,
        choice => choice,
    }
}
