//! The cargo command line of a reload, and what cargo's JSON messages say.
//!
//! The profile `retake` exists only on this command line, so the user's files stay untouched and
//! what they say about `dev` and `release` does not leak in. (A package without a `Cargo.lock` gets
//! one from cargo, as from any other cargo command.)

use std::process::Command;

use cargo_metadata::{Artifact, CrateType, Message};

use super::child::Output;
use super::{BuildOutcome, Built, Diagnostic, Level, advice, dep_info};
use crate::project::CargoPackage;

/// The endings of a library that can be loaded; a build also makes `.rlib`, `.pdb` and others.
const LOADABLE: [&str; 3] = ["so", "dylib", "dll"];

/// Every key that costs build time or sound quality, so that none of the user's is inherited.
///
/// `release` is the parent because build scripts and macros then stay unoptimized and C libraries
/// do not; a `[profile.dev.package."*"]` of the user has no effect. `lto = false` still merges the
/// crate's own codegen units; `"off"` would build a little faster and run many times slower.
const PROFILE: [&str; 11] = [
    "inherits=\"release\"",
    "opt-level=3",
    "debug=\"line-tables-only\"",
    "strip=\"none\"",
    "panic=\"unwind\"",
    "overflow-checks=false",
    "debug-assertions=false",
    "incremental=true",
    "codegen-units=256",
    "lto=false",
    "package.\"*\".debug=false",
];

/// `cargo build` of the package's library, exactly as a reload runs it.
pub fn command(package: &CargoPackage) -> Command {
    let mut command = cargo();
    command
        .current_dir(package.dir())
        .args(["build", "--lib", "--profile", "retake", "--verbose"])
        .args(["--message-format", "json-diagnostic-rendered-ansi"])
        .arg("--manifest-path")
        .arg(&package.manifest)
        .arg("--target-dir")
        .arg(&package.target_dir)
        // Build servers export 0, which would beat the profile: a rebuild is then 4 to 100 times slower.
        .env("CARGO_INCREMENTAL", "1");
    for key in PROFILE {
        command.args(["--config", &format!("profile.retake.{key}")]);
    }
    if !package.features.is_empty() {
        command.args(["--features", &package.features.join(",")]);
    }
    command
}

/// The user's cargo: under `cargo run` the variable names the very one that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A line of cargo's own: a verb that ends in the twelfth column. Its errors come as diagnostics.
pub(crate) fn status(line: &str) -> Option<(&str, &str)> {
    let (margin, what) = line.split_at_checked(12)?;
    let verb = margin.trim_start();
    let is_status = !verb.is_empty() && verb.chars().all(char::is_alphabetic);
    Some((verb, what.strip_prefix(' ')?)).filter(|_| is_status)
}

/// Whether cargo says this line only because we asked for all of them.
pub(super) fn is_verbose(line: &str) -> bool {
    status(line).is_some_and(|(verb, _)| ["Fresh", "Dirty", "Running"].contains(&verb))
}

/// Reads the messages of a cargo that ran to its end.
pub(super) fn outcome(package: &CargoPackage, output: &Output) -> BuildOutcome {
    let messages: Vec<_> = Message::parse_stream(output.stdout.as_bytes()).flatten().collect();
    let mut diagnostics: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            Message::CompilerMessage(said) => Diagnostic::from_rustc(&said.message),
            _ => None,
        })
        .collect();
    if output.status.success() {
        let built = messages.iter().find_map(|message| match message {
            Message::CompilerArtifact(artifact) => library(package, artifact),
            _ => None,
        });
        return match built {
            Some(built) => {
                let advice = advice::of_cargo(package, &built, output);
                BuildOutcome::Built(Built { warnings: diagnostics, advice, ..built })
            }
            None => no_library(package),
        };
    }
    if diagnostics.iter().all(|diagnostic| diagnostic.level != Level::Error) {
        let is_asked_for = |line: &&str| !is_verbose(line);
        let said: Vec<_> = output.stderr.lines().filter(is_asked_for).collect();
        let said = said.join("\n");
        diagnostics.push(Diagnostic::from_text(&said, "cargo failed and said nothing"));
    }
    BuildOutcome::Failed { exit: output.status.code(), diagnostics }
}

/// The artifact, if it is this package's library.
pub(crate) fn library(package: &CargoPackage, artifact: &Artifact) -> Option<Built> {
    let ours = artifact.target.name == package.target
        && artifact.target.crate_types.contains(&CrateType::CDyLib)
        && artifact.manifest_path == package.manifest;
    let file = artifact
        .filenames
        .iter()
        .find(|file| file.extension().is_some_and(|ending| LOADABLE.contains(&ending)))
        .filter(|_| ours)?;
    Some(Built {
        sources: dep_info::read(file.as_std_path()),
        fresh: artifact.fresh,
        ..Built::new(file.into())
    })
}

fn no_library(package: &CargoPackage) -> BuildOutcome {
    let message = format!(
        "cargo built `{}` but no library that can be loaded; allowed: {}",
        package.name,
        LOADABLE.join(", ")
    );
    BuildOutcome::Failed { exit: Some(0), diagnostics: vec![Diagnostic::error(message)] }
}
