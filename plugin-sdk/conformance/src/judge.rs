//! One check in a process of its own: a plugin that crashes fails that check and no other.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use anyhow::{Context as _, Result, bail};

use crate::case::{Case, Verdict};
use crate::checks;
use crate::host;
use crate::library::Library;

/// The first word of the command line of a process that runs one check.
pub const CHILD: &str = "--check";

/// Where all random numbers begin.
const SEED: &str = "1";

const SKIPPED: u8 = 77;

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

/// Runs a check in a new process of `program`, which passes its command line to [`run_child`].
///
/// # Errors
///
/// The process cannot be started. Whatever happens in it is a [`Finding`].
pub fn judge(
    program: &Path,
    library: &Path,
    id: &str,
    check: &str,
    environment: &[(&str, &str)],
) -> Result<Finding> {
    let words =
        [OsStr::new(CHILD), library.as_os_str(), id.as_ref(), check.as_ref(), SEED.as_ref()];
    let done = Command::new(program)
        .args(words)
        .envs(environment.iter().copied())
        .output()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    Ok(finding(&done))
}

fn finding(done: &Output) -> Finding {
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    match done.status.code() {
        Some(0) => Finding::Passed,
        Some(1) => Finding::Failed(format!("{text} (seed {SEED})")),
        Some(code) if code == i32::from(SKIPPED) => Finding::Skipped(text),
        _ => {
            let last = String::from_utf8_lossy(&done.stderr);
            let last = last.trim().lines().next().unwrap_or_default();
            Finding::Failed(format!("the process ended with {}: {last} (seed {SEED})", done.status))
        }
    }
}

/// Runs one check in this process and says on stdout what is wrong; the calling thread must be
/// the process's main thread.
pub fn run_child(library: &Path, id: &str, check: &str, seed: &str) -> ExitCode {
    let (line, code) = match run(library, id, check, seed) {
        Ok(Verdict::Passed) => (String::new(), 0),
        Ok(Verdict::Skipped(reason)) => (reason.to_owned(), SKIPPED),
        Err(error) => (format!("{error:#}"), 1),
    };
    // Without stdout the exit code still tells.
    let _ = writeln!(io::stdout(), "{line}");
    ExitCode::from(code)
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
