//! `retake bundle`: the shipping `.clap` of a crate.
//!
//! Runs on the main thread and ends. The crate is built with the user's own release profile, laid
//! out aside, loaded once as a host would, and put in place as the last step: until then an older
//! bundle stays as it is.

mod layout;
mod place;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use anyhow::Context;
use cargo_metadata::Message;
use clap::Args;
use retake_host::PluginInfo;

use crate::{
    build::{self, cargo},
    control::Failure,
    project::{CargoPackage, Project, Request},
    report::{Tone, say},
};

pub use layout::{Entry, Platform, layout};

/// `retake bundle`.
#[derive(Debug, Clone, Args)]
pub struct Bundle {
    /// A crate's directory; by default the crate here, else ./example-plugin
    pub path: Option<PathBuf>,
    /// Which package of a workspace
    #[arg(short, long, value_name = "NAME")]
    pub package: Option<String>,
    /// Features to build with, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    pub features: Vec<String>,
    /// Where the bundle goes [default: `bundled` in the crate's target directory]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// A bundle in its place.
struct Bundled {
    path: PathBuf,
    n_bytes: u64,
    plugins: Vec<PluginInfo>,
}

/// Builds, checks and says what there is.
pub fn bundle(args: Bundle) -> ExitCode {
    match make(args) {
        Ok(bundled) => {
            for PluginInfo { id, name, version, .. } in &bundled.plugins {
                say(Tone::Plain, "Plugin", format!("{name} {version} ({id})"));
            }
            let kib = bundled.n_bytes.div_ceil(1024);
            say(Tone::Good, "Bundled", format!("{} ({kib} KiB)", bundled.path.display()));
            ExitCode::SUCCESS
        }
        Err(error) => crate::app::failed(&error),
    }
}

fn make(args: Bundle) -> anyhow::Result<Bundled> {
    let working_dir = env::current_dir().context("no working directory")?;
    let out = args.out.clone().map(|out| working_dir.join(out));
    let package = find(args, working_dir)?;
    let out = out.unwrap_or_else(|| package.user_target_dir.join("bundled"));
    let library = release(&package)?;
    fs::create_dir_all(&out).with_context(|| format!("cannot make `{}`", out.display()))?;
    let out = out.canonicalize().unwrap_or(out);
    put(&library, &package.name, &out).with_context(|| format!("no bundle in `{}`", out.display()))
}

fn find(args: Bundle, working_dir: PathBuf) -> Result<CargoPackage, Failure> {
    let request = Request {
        path: args.path,
        working_dir,
        package: args.package,
        features: args.features,
        // Nothing is built there.
        cache_dir: Some(env::temp_dir()),
        ..Request::default()
    };
    match Project::find(&request) {
        Ok(Project::Cargo(package)) => Ok(package),
        Ok(Project::Library(path)) => Err(Failure::usage(format!(
            "`{}` is built already; bundle takes a crate's directory",
            path.display()
        ))),
        Ok(Project::Command(_)) => Err(Failure::usage("bundle takes a crate's directory")),
        Err(error) if error.is_usage() => Err(Failure::usage(error)),
        Err(error) => Err(Failure::failed(error)),
    }
}

/// Builds as the user does: their profile, their target directory, cargo's own words on stderr.
fn release(package: &CargoPackage) -> anyhow::Result<PathBuf> {
    let mut command = cargo();
    command
        .current_dir(package.dir())
        .args(["build", "--release", "--lib", "--message-format", "json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(&package.manifest);
    if !package.features.is_empty() {
        command.args(["--features", &package.features.join(",")]);
    }
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        let message = format!("`{}` does not build; no bundle was touched", package.name);
        return Err(Failure::failed(message).into());
    }
    let built = Message::parse_stream(&output.stdout[..]).flatten().find_map(|said| match said {
        Message::CompilerArtifact(artifact) => build::library(package, &artifact),
        _ => None,
    });
    let built = built.with_context(|| format!("cargo made no library of `{}`", package.name))?;
    Ok(built.artifact)
}

/// Lays the bundle out aside, loads what will ship, and puts it in place.
fn put(library: &Path, name: &str, out: &Path) -> anyhow::Result<Bundled> {
    let aside = tempfile::Builder::new().prefix(".retake-bundle-").tempdir_in(out)?;
    // No package has such a name; Windows loads nothing without an ending.
    let shipped = aside.path().join(".library.clap");
    fs::copy(library, &shipped)?;
    let plugins = retake_host::inspect(&shipped)?;
    let platform = Platform::HERE;
    for (path, entry) in layout(platform, name, &plugins[0]) {
        let path = aside.path().join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match entry {
            Entry::Library => fs::rename(&shipped, path)?,
            Entry::Text(text) => fs::write(path, text)?,
        }
    }
    let bundle = format!("{name}.clap");
    let path = out.join(&bundle);
    place::replace(&aside.path().join(&bundle), &path)?;
    Ok(Bundled { n_bytes: size(&path)?, path, plugins })
}

/// Bytes of a file, or of all files below a directory.
fn size(path: &Path) -> std::io::Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    fs::read_dir(path)?.map(|entry| size(&entry?.path())).sum()
}
