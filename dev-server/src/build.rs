//! Builds the plugin: the `build` thread owns the one child process.
//!
//! The thread sleeps until [`Builder::start`], runs cargo or the user's command in a process group
//! of its own, and reports when it began and how it ended. [`Builder::cancel`] kills the whole
//! group: killing cargo alone would leave rustc alive. It never decides *when* to build and never
//! loads what was built.

mod advice;
mod cargo;
mod child;
mod command;
mod dep_info;
mod diagnostic;

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use advice::Advice;
pub use cargo::command as cargo_command;
pub(crate) use cargo::{cargo, library, status};
use child::{Child, FromChild, Output};
pub use diagnostic::{Diagnostic, Level};

use crate::project::Project;

/// How a build ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BuildOutcome {
    /// There is a library to load.
    Built(Built),
    /// There is none; the diagnostics say why.
    Failed {
        /// The child's exit code; None when a signal ended it or it never ran.
        exit: Option<i32>,
        /// At least one.
        diagnostics: Vec<Diagnostic>,
    },
    /// [`Builder::cancel`] came first.
    Cancelled,
}

/// A successful build.
#[derive(Debug, Clone)]
pub struct Built {
    /// The library. Copy it before loading: the next build overwrites it in place.
    pub artifact: PathBuf,
    /// The files it was made from, as cargo knows them; empty for a command.
    pub sources: Vec<PathBuf>,
    /// Whether cargo found nothing to do.
    pub fresh: bool,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// Why it was slow, where the author can mend it.
    pub advice: Vec<Advice>,
}

impl Built {
    fn new(artifact: PathBuf) -> Self {
        let (sources, warnings, advice) = (Vec::new(), Vec::new(), Vec::new());
        Self { artifact, sources, fresh: false, warnings, advice }
    }
}

/// What the `build` thread tells.
#[derive(Debug)]
pub enum Report {
    /// The child runs; this is when its start began. Not sent when it could not be started.
    Started(Instant),
    /// A line of progress for people, such as `Compiling foo v0.1.0`.
    Progress(String),
    /// The child is gone, and with it its whole group.
    Finished {
        /// How it ended.
        outcome: BuildOutcome,
        /// From the start of the child to its end.
        build_time: Duration,
    },
}

enum Input {
    Start,
    Cancel,
    Stop,
    /// From the child of the build with this number.
    Child(u64, FromChild),
}

/// The `build` thread. Dropping it kills a running build and waits until it is gone.
#[derive(Debug)]
pub struct Builder {
    inputs: Sender<Input>,
    thread: Option<JoinHandle<()>>,
}

impl Builder {
    /// Starts the thread. `report` is called on it: one [`Report::Finished`] for each
    /// [`start`](Self::start).
    ///
    /// # Errors
    /// The system refused a thread.
    pub fn new(project: Project, report: impl FnMut(Report) + Send + 'static) -> io::Result<Self> {
        let (inputs, receiver) = mpsc::channel();
        let worker = Worker {
            project,
            receiver,
            inputs: inputs.clone(),
            n_builds: 0,
            began: Instant::now(),
            report: Box::new(report),
        };
        let thread = std::thread::Builder::new().name("build".into()).spawn(|| worker.run())?;
        Ok(Self { inputs, thread: Some(thread) })
    }

    /// Builds, after what is asked already.
    pub fn start(&self) {
        // A send fails only when the thread is gone, and it goes only in drop.
        let _ = self.inputs.send(Input::Start);
    }

    /// Kills the running build, which then reports [`BuildOutcome::Cancelled`]; without one,
    /// nothing happens.
    pub fn cancel(&self) {
        let _ = self.inputs.send(Input::Cancel);
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker {
    project: Project,
    receiver: Receiver<Input>,
    inputs: Sender<Input>,
    n_builds: u64,
    began: Instant,
    report: Box<dyn FnMut(Report) + Send>,
}

impl Worker {
    fn run(mut self) {
        let mut stop = false;
        while !stop {
            match self.receiver.recv() {
                Ok(Input::Start) => {
                    self.began = Instant::now();
                    let outcome = self.build(&mut stop);
                    let build_time = self.began.elapsed();
                    (self.report)(Report::Finished { outcome, build_time });
                }
                Ok(Input::Cancel | Input::Child(..)) => {}
                Ok(Input::Stop) | Err(_) => stop = true,
            }
        }
    }

    fn build(&mut self, stop: &mut bool) -> BuildOutcome {
        match self.project.clone() {
            Project::Cargo(package) => {
                let command = cargo::command(&package);
                self.run_child(command, stop, |output| cargo::outcome(&package, output))
            }
            Project::Command(project) => {
                let command = command::command(&project);
                self.run_child(command, stop, |output| command::outcome(&project, output))
            }
            Project::Library(artifact) => BuildOutcome::Built(Built::new(artifact)),
        }
    }

    fn run_child(
        &mut self,
        mut command: Command,
        stop: &mut bool,
        read: impl FnOnce(&Output) -> BuildOutcome,
    ) -> BuildOutcome {
        match self.wait_for_child(&mut command, stop) {
            Ok(Some(output)) => read(&output),
            Ok(None) => BuildOutcome::Cancelled,
            Err(error) => {
                let program = command.get_program().to_string_lossy();
                let message = format!("cannot run `{program}`: {error}");
                BuildOutcome::Failed { exit: None, diagnostics: vec![Diagnostic::error(message)] }
            }
        }
    }

    /// Runs a child to its end; None when it was killed.
    fn wait_for_child(
        &mut self,
        command: &mut Command,
        stop: &mut bool,
    ) -> io::Result<Option<Output>> {
        self.n_builds += 1;
        let (number, inputs) = (self.n_builds, self.inputs.clone());
        let mut child = Child::spawn(command, move |said| {
            let _ = inputs.send(Input::Child(number, said));
        })?;
        (self.report)(Report::Started(self.began));
        let mut lines = Vec::new();
        while !child.output_ended() {
            match self.receiver.recv() {
                Ok(Input::Child(of, FromChild::Line(line))) if of == number => {
                    self.tell_progress(&line.text);
                    lines.push(line);
                }
                Ok(Input::Child(of, FromChild::Ended)) if of == number => {
                    child.count_ended_output();
                }
                // A leftover of a killed build; or one who asks for what runs already.
                Ok(Input::Child(..) | Input::Start) => {}
                // Dropping the child kills its group.
                Ok(Input::Cancel) => return Ok(None),
                Ok(Input::Stop) | Err(_) => {
                    *stop = true;
                    return Ok(None);
                }
            }
        }
        child.finish().map(|output| Some(Output { lines, ..output }))
    }
    fn tell_progress(&mut self, line: &str) {
        if !cargo::is_verbose(line) {
            (self.report)(Report::Progress(line.to_owned()));
        }
    }
}
