//! One check in a process of its own: a plugin that crashes fails that check and no other.

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{self, Command, ExitCode, Output};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::case::{Case, Verdict};
use crate::checks;
use crate::host;
use crate::library::Library;

/// The first word of the command line of a process that runs one check.
pub const CHILD: &str = "--check";

/// Where all random numbers begin.
const SEED: &str = "1";

/// Exit codes of such a process, beside 0 and 1.
const SKIPPED: u8 = 77;
const HUNG: i32 = 78;

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The plugin does what it should.
    Passed,
    /// The check does not apply, and why.
    Skipped(String),
    /// What was expected and what was found.
    Failed(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(f, "ok"),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
            Self::Failed(reason) => write!(f, "FAILED: {reason}"),
        }
    }
}

/// The names of all checks, in the order in which they run.
pub fn check_names() -> impl Iterator<Item = &'static str> {
    checks::all().map(|check| check.name)
}

/// The ids that a library's factory lists.
///
/// # Errors
///
/// The library does not open, or its factory is broken.
pub fn plugin_ids(library: &Path) -> Result<Vec<String>> {
    let library = Library::open(library)?;
    (0..library.count()?)
        .map(|index| Ok(library.descriptor(index)?.context("a descriptor is null")?.id))
        .collect()
}

/// Runs checks on one library.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The program that passes its command line to [`run_child`].
    pub program: &'a Path,
    /// The library under test.
    pub library: &'a Path,
    /// More variables for the plugin's environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// How long a check may take before its plugin counts as hanging, in milliseconds.
    pub patience_ms: u64,
}

impl<'a> Judge<'a> {
    /// A judge with no more variables and a minute of patience.
    pub fn new(program: &'a Path, library: &'a Path) -> Self {
        Self { program, library, environment: &[], patience_ms: 60_000 }
    }

    /// Runs a check on the plugin `id` in a new process.
    ///
    /// # Errors
    ///
    /// The process cannot be started. Whatever happens in it is a [`Finding`].
    pub fn judge(&self, id: &str, check: &str) -> Result<Finding> {
        let done = Command::new(self.program)
            .arg(CHILD)
            .arg(self.library)
            .args([id, check, SEED, &self.patience_ms.to_string()])
            .envs(self.environment.iter().copied())
            .output()
            .with_context(|| format!("{} cannot be run", self.program.display()))?;
        Ok(finding(&done))
    }
}

fn finding(done: &Output) -> Finding {
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    match done.status.code() {
        Some(0) => Finding::Passed,
        Some(1) => Finding::Failed(format!("{text} (seed {SEED})")),
        Some(code) if code == i32::from(SKIPPED) => Finding::Skipped(text),
        Some(HUNG) => Finding::Failed(format!("it does not come to an end (seed {SEED})")),
        _ => {
            let last: Vec<String> = String::from_utf8_lossy(&done.stderr)
                .lines()
                .filter(|line| !line.trim().is_empty())
                .take(2)
                .map(str::to_owned)
                .collect();
            let (status, last) = (done.status, last.join(" "));
            Finding::Failed(format!("the process ended with {status}: {last} (seed {SEED})"))
        }
    }
}

/// Runs one check in this process and says on stdout what is wrong; the calling thread must be
/// the process's main thread.
///
/// `words` are the library, the plugin's id, the check, the seed and the patience in milliseconds.
pub fn run_child(words: [&str; 5]) -> ExitCode {
    let [library, id, check, seed, patience] = words;
    if let Ok(patience) = patience.parse() {
        give_up_after(Duration::from_millis(patience));
    }
    let (line, code) = match run(Path::new(library), id, check, seed) {
        Ok(Verdict::Passed) => (String::new(), 0),
        Ok(Verdict::Skipped(reason)) => (reason.to_owned(), SKIPPED),
        Err(error) => (format!("{error:#}"), 1),
    };
    // Without stdout the exit code still tells.
    let _ = writeln!(io::stdout(), "{line}");
    ExitCode::from(code)
}

/// Ends this process if it has not ended by itself.
fn give_up_after(patience: Duration) {
    thread::spawn(move || {
        thread::sleep(patience);
        process::exit(HUNG);
    });
}

fn run(library: &Path, id: &str, check: &str, seed: &str) -> Result<Verdict> {
    let found = checks::all().find(|known| known.name == check);
    let found = found.with_context(|| format!("there is no check {check:?}"))?;
    let case = Case::open(library, id, seed.parse()?)?;
    let verdict = (found.run)(&case)?;
    match host::wrongs().first() {
        Some(wrong) => bail!("{wrong}"),
        None => Ok(verdict),
    }
}
