//! What is to be heard: which library, and how it comes to be.
//!
//! Runs once on the thread that starts the server, before anything else does; asks `cargo metadata`
//! and never writes a file. A wrong command line ends here, with one message that names the value,
//! what is allowed and the fix.

mod cargo;
mod error;

use std::path::{Path, PathBuf};

pub use cargo::CargoPackage;
pub(crate) use cargo::fnv1a;
pub use error::ProjectError;

/// Endings of file names that are plugin libraries.
const LIBRARY_EXTENSIONS: [&str; 4] = ["so", "dylib", "dll", "clap"];

/// What the command line says about the plugin's code.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// A crate's directory (or its `Cargo.toml`), or a library. None: the crate at
    /// [`working_dir`](Self::working_dir), else `example-plugin` below it.
    pub path: Option<PathBuf>,
    /// Where relative paths start.
    pub working_dir: PathBuf,
    /// `-p`: the package of a workspace.
    pub package: Option<String>,
    /// `--features`, one name each.
    pub features: Vec<String>,
    /// `--build`: a shell command that makes the library at `path`.
    pub build: Option<String>,
    /// `--watch`: the directory whose changes start the command. None: the working directory.
    pub watch: Option<PathBuf>,
    /// Holds the private target directories. None: the user's cache directory.
    pub cache_dir: Option<PathBuf>,
}

/// Where the plugin's library comes from.
#[derive(Debug, Clone)]
pub enum Project {
    /// A cargo package, built by us.
    Cargo(CargoPackage),
    /// A library that someone else builds: a change of its content is a new version.
    Library(PathBuf),
    /// A library that a shell command builds.
    Command(CommandProject),
}

/// A library made by a shell command.
#[derive(Debug, Clone)]
pub struct CommandProject {
    /// Given to `sh -c`, run in the working directory.
    pub command: String,
    /// Where the command runs.
    pub working_dir: PathBuf,
    /// A change below it starts the command.
    pub watch_dir: PathBuf,
    /// What the command makes. It need not exist before the first build.
    pub library: PathBuf,
}

impl Project {
    /// Finds what `request` means.
    ///
    /// # Errors
    /// One [`ProjectError`]; [`ProjectError::is_usage`] tells a wrong command line from a failure.
    pub fn find(request: &Request) -> Result<Self, ProjectError> {
        if let Some(command) = &request.build {
            return command_project(request, command).map(Self::Command);
        }
        if request.watch.is_some() {
            return Err(ProjectError::WatchWithoutBuild);
        }
        let path = match &request.path {
            Some(path) => absolute(request, path),
            None => default_crate(request)?,
        };
        if !path.exists() {
            return Err(ProjectError::PathMissing { path });
        }
        if is_library(&path) {
            return library(request, path);
        }
        let manifest = manifest_of(&path)?;
        cargo::select(&manifest, request).map(Self::Cargo)
    }
}

fn command_project(request: &Request, command: &str) -> Result<CommandProject, ProjectError> {
    let Some(path) = &request.path else {
        return Err(ProjectError::BuildWithoutPath);
    };
    let library = absolute(request, path);
    if !is_library(&library) {
        return Err(ProjectError::NotALibrary { path: library });
    }
    let watch = request.watch.as_deref().unwrap_or(Path::new("."));
    let watch_dir = absolute(request, watch);
    let watch_dir = watch_dir
        .canonicalize()
        .ok()
        .filter(|dir| dir.is_dir())
        .ok_or(ProjectError::WatchDirMissing { path: watch_dir })?;
    Ok(CommandProject {
        command: command.to_owned(),
        working_dir: request.working_dir.clone(),
        watch_dir,
        library,
    })
}

fn library(request: &Request, path: PathBuf) -> Result<Project, ProjectError> {
    if let Some(package) = &request.package {
        return Err(ProjectError::PackageOfLibrary { package: package.clone(), path });
    }
    path.canonicalize().map(Project::Library).map_err(|_| ProjectError::PathMissing { path })
}

/// The crate at the working directory, else the example below it, else what cargo finds here or above:
/// a workspace that is no crate itself does not hide its example.
fn default_crate(request: &Request) -> Result<PathBuf, ProjectError> {
    let dir = &request.working_dir;
    let here = dir.join("Cargo.toml");
    if is_crate(&here) || request.package.is_some() && here.is_file() {
        return Ok(here);
    }
    let example = dir.join("example-plugin/Cargo.toml");
    [example, here]
        .into_iter()
        .chain(dir.ancestors().skip(1).map(|up| up.join("Cargo.toml")))
        .find(|manifest| manifest.is_file())
        .ok_or_else(|| ProjectError::NoCrateHere { dir: dir.clone() })
}

fn is_crate(manifest: &Path) -> bool {
    std::fs::read_to_string(manifest)
        .is_ok_and(|text| text.lines().any(|line| line.trim_end() == "[package]"))
}

fn manifest_of(path: &Path) -> Result<PathBuf, ProjectError> {
    if path.is_dir() {
        let manifest = path.join("Cargo.toml");
        return if manifest.is_file() {
            Ok(manifest)
        } else {
            Err(ProjectError::NotACrate { path: path.into() })
        };
    }
    if path.file_name().is_some_and(|name| name == "Cargo.toml") {
        return Ok(path.into());
    }
    Err(ProjectError::NotALibrary { path: path.into() })
}

fn is_library(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| LIBRARY_EXTENSIONS.contains(&extension))
}

fn absolute(request: &Request, path: &Path) -> PathBuf {
    request.working_dir.join(path)
}
