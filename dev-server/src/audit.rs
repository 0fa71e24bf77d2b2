//! `retake audit`: what a plugin's `process` does that an audio thread must not, found offline.
//!
//! Runs on the main thread and ends. The crate is built as `run` builds it, one instance is played
//! test material as fast as it goes, in this process, and what the host's audit found is told: exit
//! code 1 if there is anything, for CI.

mod material;

use std::{
    env,
    fs::File,
    io::Write,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
};

use anyhow::Context;
use clap::Args;
use retake_engine::{Outcome, Planar, ProcessIo, Processor, Transport, processor::Replies};
use retake_host::{
    Activated, Admission, AuditFinding, AuditKind, Format, Isolation, News, PanicLine, Patience,
    PluginInfo, PluginThread, Request, StagingDir,
};
use serde_json::{Value, json};

use crate::{
    app,
    build::{BuildOutcome, Builder, Diagnostic, Report},
    cli::PluginArgs,
    control::Failure,
    finding::{json_of, place_of},
    project::{self, Project},
    report::{Tone, claim_stdout, say},
};
use material::{MAX_BLOCK, Material};

const RATE: u32 = 48_000;
const TEMPO_BPM: f64 = 120.0;

/// `retake audit`.
#[derive(Debug, Clone, Args)]
pub struct Audit {
    /// A crate's directory, a .so/.dylib/.dll or a .clap; by default the crate here, else
    /// ./example-plugin
    pub path: Option<PathBuf>,
    /// Blocks to play, of up to 256 frames at 48 kHz
    #[arg(long, value_name = "N", default_value_t = 2_000,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub blocks: u64,
    /// One JSON object on stdout
    #[arg(long)]
    pub json: bool,
    /// Where the plugin comes from.
    #[command(flatten)]
    pub plugin: PluginArgs,
}

/// What there is to say.
#[derive(Debug, Default)]
struct Found {
    plugin: Option<PluginInfo>,
    findings: Vec<AuditFinding>,
    panic: Option<PanicLine>,
    /// Blocks that the plugin failed in.
    n_errors: u64,
}

impl Found {
    fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.panic.is_none() && self.n_errors == 0
    }
}

/// Builds, plays and tells.
pub fn audit(args: &Audit) -> ExitCode {
    let stdout = claim_stdout().context("stdout");
    match stdout.and_then(|stdout| Ok((find(args)?, stdout))) {
        Ok((found, stdout)) => tell(&found, args, stdout),
        Err(error) => app::failed(&error),
    }
}

fn find(args: &Audit) -> anyhow::Result<Found> {
    retake_host::audit::enable()
        .map_err(|why| Failure::failed(format!("no audit is possible: {why}")))?;
    let artifact = build(args)?;
    let staging = StagingDir::new().context("no place for copies of the plugin")?;
    let request = Request {
        generation: 1,
        artifact,
        staging: Arc::new(staging),
        plugin_id: args.plugin.plugin.clone(),
        format: Format { rate: RATE.into(), max_block: MAX_BLOCK, n_input: 2, n_output: 2 },
        is_guarded: true,
        state: None,
        params: Vec::new(),
        start: None,
        set: Vec::new(),
        isolation: Isolation::InProcess,
        patience: Patience::Watchdog,
        executable: PathBuf::new(),
        // What is found here need not be admitted.
        admission: Admission { is_waived: true, ..Admission::default() },
    };
    let (send, news) = channel();
    let thread = PluginThread::spawn(request, Box::new(move |note| drop(send.send(note.news))))?;
    let mut found = Found::default();
    if let Some(activated) = listen(&news, &mut found)? {
        let (processor, n_errors) = play(activated, args.blocks);
        found.n_errors = n_errors;
        thread.retire(processor);
        listen(&news, &mut found)?;
    }
    Ok(found)
}

/// Takes the plugin's news until it can sound, or is gone.
fn listen(news: &Receiver<News>, found: &mut Found) -> Result<Option<Activated>, Failure> {
    for news in news {
        match news {
            News::Activated(activated) => return Ok(Some(*activated)),
            News::Loaded { info, .. } => found.plugin = Some(info),
            News::Audit(findings) => found.findings = findings,
            News::Gone { .. } => break,
            News::Panicked(panic) => found.panic = Some(panic),
            News::Failed { message, is_usage: true, .. } => return Err(Failure::usage(message)),
            News::Failed { message, .. } => return Err(Failure::failed(message)),
            _ => {}
        }
    }
    Ok(None)
}

/// Plays so many blocks; how many of them failed.
fn play(activated: Activated, n_blocks: u64) -> (Box<dyn Processor>, u64) {
    let Activated { mut processor, params, takes_notes, layout, .. } = activated;
    let mut material = Material::new(params, takes_notes);
    let mut input = Planar::new(layout.n_input, MAX_BLOCK);
    let mut output = Planar::new(layout.n_output, MAX_BLOCK);
    let mut replies = Replies::new(1_024);
    let (mut frame, mut n_errors) = (0, 0);
    for _ in 0..n_blocks {
        let (frames, events) = material.next(&mut input);
        let outcome = processor.process(&mut ProcessIo {
            input: &input,
            output: &mut output,
            frames,
            frame,
            transport: Transport::at(frame, RATE, TEMPO_BPM),
            events,
            replies: &mut replies,
        });
        replies.drain().for_each(drop);
        frame += frames as u64;
        n_errors += u64::from(outcome != Outcome::Ok);
    }
    (processor, n_errors)
}

/// The library, built as for `run`.
fn build(args: &Audit) -> anyhow::Result<PathBuf> {
    let request = project::Request {
        path: args.path.clone(),
        working_dir: env::current_dir().context("no working directory")?,
        package: args.plugin.package.clone(),
        features: args.plugin.features.clone(),
        build: args.plugin.build.clone(),
        watch: args.plugin.watch.clone(),
        cache_dir: env::var_os("RETAKE_CACHE_DIR").map(PathBuf::from),
    };
    let project = Project::find(&request).map_err(|error| {
        let failure = if error.is_usage() { Failure::usage } else { Failure::failed };
        failure(error)
    })?;
    let (send, reports) = channel();
    let builder = Builder::new(project, move |report| drop(send.send(report)))?;
    builder.start();
    for report in reports {
        match report {
            Report::Progress(line) => say(Tone::Plain, "Build", line),
            Report::Started(_) => {}
            Report::Finished { outcome: BuildOutcome::Built(built), .. } => {
                return Ok(built.artifact);
            }
            Report::Finished { outcome: BuildOutcome::Failed { diagnostics, .. }, .. } => {
                return Err(Failure::failed(texts(&diagnostics)).into());
            }
            Report::Finished { .. } => break,
        }
    }
    Err(Failure::failed("the build was cancelled").into())
}

fn texts(diagnostics: &[Diagnostic]) -> String {
    let texts: Vec<_> = diagnostics.iter().map(|d| d.rendered.trim_end()).collect();
    format!("the plugin does not build\n{}", texts.join("\n"))
}

fn tell(found: &Found, args: &Audit, mut stdout: File) -> ExitCode {
    if args.json {
        // A script that went away has heard enough; the exit code says it too.
        let _ = writeln!(stdout, "{}", as_json(found, args.blocks));
    }
    for finding in &found.findings {
        say(Tone::Warning, "Finding", line(finding));
        for frame in caller_lines(finding) {
            say(Tone::Plain, "", frame);
        }
    }
    if let Some(panic) = &found.panic {
        say(Tone::Error, "Panicked", panic);
    } else if found.n_errors > 0 {
        say(Tone::Error, "Failed", format!("`process` failed in {} blocks", found.n_errors));
    }
    let name = found.plugin.as_ref().map_or("the plugin", |plugin| &plugin.name);
    let (tone, n) = match found.findings.len() {
        0 => (Tone::Good, "nothing that an audio thread must not do".to_owned()),
        1 => (Tone::Error, "1 place".to_owned()),
        n => (Tone::Error, format!("{n} places")),
    };
    say(tone, "Audited", format!("{name}, {} blocks: {n}", args.blocks));
    if found.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn as_json(found: &Found, blocks: u64) -> Value {
    json!({
        "plugin": found.plugin,
        "blocks": blocks,
        "findings": found.findings.iter().map(json_of).collect::<Vec<_>>(),
        "panic": found.panic,
        "failed_blocks": found.n_errors,
    })
}

/// `src/lib.rs:42 allocates (malloc), 2000 times`.
fn line(finding: &AuditFinding) -> String {
    let what = match finding.kind {
        AuditKind::Allocation => "allocates",
        AuditKind::Free => "frees",
        AuditKind::Lock => "locks or waits",
        AuditKind::File => "uses a file",
        AuditKind::Socket => "uses a socket",
        AuditKind::Sleep => "sleeps",
        AuditKind::System => "calls the system",
    };
    let place = finding.place().map_or_else(|| "somewhere".to_owned(), place_of);
    let times = if finding.n == 1 { "once".to_owned() } else { format!("{} times", finding.n) };
    format!("{place} {what} ({}), {times}", finding.call)
}

/// The author's own calls that led there, outwards, without the place itself.
fn caller_lines(finding: &AuditFinding) -> impl Iterator<Item = String> {
    let authors = finding.stack.iter().filter(|frame| frame.is_authors());
    authors.skip(1).map(|frame| format!("called at {}", place_of(frame)))
}
