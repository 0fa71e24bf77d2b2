//! Why a build was slow, where its author can mend it.
//!
//! Runs on the `build` thread after a build that compiled something. Every sentence is made of what
//! cargo said while it worked (`advice/log.rs`), of the flags that the compiler was given
//! (`advice/flags.rs`), and of the times and marks that compiler and linker left in their files
//! (`advice/traces.rs`, `advice/linker.rs`). A fast build is not looked into and gets none.

mod flags;
mod linker;
mod log;
mod traces;

use std::time::Duration;

use serde::Serialize;

use super::Built;
use super::child::Output;
use crate::project::{CargoPackage, CommandProject};
use flags::Flags;
use linker::Linker;
use log::{Log, Rebuilt};
use traces::Units;

/// A compiler run that is shorter needs no advice.
const SLOW: Duration = Duration::from_millis(300);
/// Linking counts from here on, if it is [`LINK_SHARE`] of the compiler's run.
const SLOW_LINK: Duration = Duration::from_millis(150);
const LINK_SHARE: f64 = 0.25;
/// The crate's own code counts from here on.
const SLOW_CODE: Duration = Duration::from_millis(700);
/// What other crates take before the plugin's own turn counts from here on.
const SLOW_OTHERS: Duration = Duration::from_millis(100);

/// A reason, and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// A word for scripts: `codegen_units`, `lto`, `incremental`, `debuginfo`, `linker`, `own_code`,
    /// `rebuilt` or `release`.
    pub what: &'static str,
    /// What was found and what mends it.
    pub message: String,
    /// Measured time of this build that the reason accounts for, ms; None where nobody measured it.
    pub costs_ms: Option<f64>,
}

impl Advice {
    fn new(what: &'static str, message: String, costs: Option<Duration>) -> Self {
        Self { what, message, costs_ms: costs.map(|time| time.as_secs_f64() * 1e3) }
    }
}

/// What is known of a build that compiled the plugin's crate.
#[derive(Debug, Default)]
struct Facts {
    /// The plugin's own compiler, from its start to its end.
    rustc: Duration,
    flags: Flags,
    /// The last part of it: from the last codegen unit to the library.
    link: Option<Duration>,
    linker: Option<Linker>,
    /// Those that a shell would find.
    installed: Vec<Linker>,
    units: Option<Units>,
    /// Lines of the package's own sources.
    n_lines: usize,
    rebuilt: Option<Rebuilt>,
}

/// What the author of a package can mend about a build that made `built`.
pub(super) fn of_cargo(package: &CargoPackage, built: &Built, output: &Output) -> Vec<Advice> {
    let log = Log::read(&output.lines, &package.target.replace('-', "_"));
    let Some(compiled) = log.compiled else {
        return Vec::new();
    };
    let rustc = output.ended.duration_since(compiled.at).unwrap_or_default();
    let mut facts =
        Facts { rustc, flags: compiled.flags, rebuilt: log.rebuilt, ..Facts::default() };
    if rustc >= SLOW {
        let trace = traces::read(&facts.flags, &package.target.replace('-', "_"), compiled.at);
        (facts.link, facts.units) = (trace.link, trace.units);
    }
    if slow_link(&facts).is_some() {
        facts.linker = linker::of(&std::fs::read(&built.artifact).unwrap_or_default());
        facts.installed = linker::installed();
    }
    if slow_code(&facts).is_some() {
        facts.n_lines = traces::lines(&built.sources, package.dir());
    }
    let name = &package.name;
    [of_rebuilt(&facts), of_linker(&facts), of_code(&facts)]
        .into_iter()
        .flatten()
        .chain(of_flags(&facts, name))
        .collect()
}

/// What is read from a command that builds with cargo, but not for reloads.
pub(super) fn of_command(project: &CommandProject, took: Duration) -> Vec<Advice> {
    let words: Vec<&str> = project.command.split_whitespace().collect();
    let is_cargo = words.first() == Some(&"cargo") && took >= SLOW;
    let is_release = words.iter().any(|word| ["--release", "-r"].contains(word))
        || words.windows(2).any(|pair| pair == ["--profile", "release"])
        || words.contains(&"--profile=release");
    if !(is_cargo && is_release) {
        return Vec::new();
    }
    let message = "the command builds with cargo's profile `release`, which is not incremental \
                   unless told so: give the crate instead of --build, and Retake builds it \
                   optimized and incrementally";
    vec![Advice::new("release", message.to_owned(), None)]
}

fn of_rebuilt(facts: &Facts) -> Option<Advice> {
    let rebuilt = facts.rebuilt.as_ref().filter(|rebuilt| rebuilt.took >= SLOW_OTHERS)?;
    let Rebuilt { names, package, why, took } = rebuilt;
    let what = match &names[..] {
        [] => "the build script ran again".to_owned(),
        [one] => format!("`{one}` was compiled again"),
        [first, second] => format!("`{first}` and `{second}` were compiled again"),
        [first, ..] => format!("`{first}` and {} more were compiled again", names.len() - 1),
    };
    let message = format!("{what} though not edited; cargo's reason, at `{package}`: {why}");
    Some(Advice::new("rebuilt", message, Some(*took)))
}

fn slow_link(facts: &Facts) -> Option<Duration> {
    let least = facts.rustc.mul_f64(LINK_SHARE).max(SLOW_LINK);
    facts.link.filter(|link| *link >= least)
}

fn of_linker(facts: &Facts) -> Option<Advice> {
    let (link, linker) = (slow_link(facts)?, facts.linker?);
    let (ms, all, name) = (link.as_millis(), facts.rustc.as_millis(), linker.name());
    let found = format!("linking took {ms} of {all} ms, with {name}");
    let fastest = facts.installed.iter().max().filter(|installed| **installed > linker);
    let mend = match (fastest.and_then(|linker| linker.word()), facts.flags.linker_choice()) {
        (Some(word), Some(chosen)) => format!("{word} is installed: replace `{chosen}`"),
        (Some(word), None) => format!("{word} is installed: `-C link-arg=-fuse-ld={word}`"),
        (None, _) if linker >= Linker::Lld => return None,
        (None, Some(chosen)) => format!("`{chosen}` chose it"),
        (None, None) => "none of lld, mold and wild is installed".to_owned(),
    };
    let message = format!("{found}; {mend} (RUSTFLAGS or .cargo/config.toml)");
    Some(Advice::new("linker", message, Some(link)))
}

/// The crate's own share of an incremental build; a first build compiles everything, and has none.
fn slow_code(facts: &Facts) -> Option<Duration> {
    let units = facts.units.as_ref()?;
    let code = facts.rustc.saturating_sub(facts.link?);
    (units.n_before > 0 && code >= SLOW_CODE).then_some(code)
}

fn of_code(facts: &Facts) -> Option<Advice> {
    let (code, units) = (slow_code(facts)?, facts.units.as_ref()?);
    let message = format!(
        "compiling the crate's own {} lines took {} ms before the link, {} of {} codegen units \
         anew: generic code is compiled where it is used; what is seldom edited compiles once in \
         a crate of its own",
        facts.n_lines,
        code.as_millis(),
        units.n_new,
        units.n_new + units.n_before,
    );
    Some(Advice::new("own_code", message, Some(code)))
}

/// Flags of the compiler that slow a rebuild down, whoever gave them.
fn of_flags(facts: &Facts, package: &str) -> Vec<Advice> {
    if facts.rustc < SLOW {
        return Vec::new();
    }
    let flags = &facts.flags;
    let costly = [
        ("codegen_units", "codegen-units", "compiles the crate in few pieces"),
        ("lto", "lto", "optimizes all crates once more at each link"),
        ("lto", "linker-plugin-lto", "optimizes all crates once more at each link"),
        ("debuginfo", "debuginfo", "writes more than the lines of a crash report need"),
    ];
    let mut advice = Vec::new();
    for (what, key, effect) in costly {
        if let Some(value) = flags.get(key).filter(|value| flags::is_costly(key, value)) {
            let flag = if value.is_empty() { key.to_owned() } else { format!("{key}={value}") };
            let is_profile = flags.count(key) == 1 && !key.ends_with("lto");
            let place = if is_profile {
                format!("`[profile.release.package.{package}]` in Cargo.toml")
            } else {
                "RUSTFLAGS or the `rustflags` of .cargo/config.toml".to_owned()
            };
            let message = format!("`{flag}` {effect}; it comes from {place}");
            advice.push(Advice::new(what, message, None));
        }
    }
    if flags.get("incremental").is_none() {
        let message = "the compiler was not told to be incremental, so every edit compiles the \
                       whole crate";
        advice.push(Advice::new("incremental", message.to_owned(), None));
    }
    advice
}

#[cfg(test)]
mod tests;
