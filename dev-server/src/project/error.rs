//! Why there is nothing to hear: each message names the value, what is allowed, and the fix.

use std::path::PathBuf;

/// Why no project was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// The path does not exist.
    #[error(
        "`{}` does not exist; give a crate's directory, a .so/.dylib/.dll or a .clap", path.display()
    )]
    PathMissing {
        /// What was given.
        path: PathBuf,
    },
    /// A directory without a manifest.
    #[error(
        "`{}` is not a crate: it has no Cargo.toml; give the directory that has one, \
         or a .so/.dylib/.dll/.clap", path.display()
    )]
    NotACrate {
        /// What was given.
        path: PathBuf,
    },
    /// A file that is no library by its name.
    #[error("`{}` is not a plugin library; allowed endings: .so, .dylib, .dll, .clap", path.display())]
    NotALibrary {
        /// What was given.
        path: PathBuf,
    },
    /// No path was given and no crate is near.
    #[error(
        "no Cargo.toml in `{}` or above it, and no example-plugin below it; \
         run `retake` in a crate or give its path, or for another build system \
         `retake run PATH.clap --build CMD`", dir.display()
    )]
    NoCrateHere {
        /// The working directory.
        dir: PathBuf,
    },
    /// The crate (or no crate of the workspace) builds a library that can be loaded.
    #[error(
        "{what} has no cdylib target, so there is no library to load; add to `{}`:\n\n\
         [lib]\ncrate-type = [\"cdylib\"]\n", manifest.display()
    )]
    NoCdylib {
        /// The package, or the workspace.
        what: String,
        /// Where the lines belong.
        manifest: PathBuf,
    },
    /// A workspace with several plugins.
    #[error("the workspace has several cdylibs; choose one with -p: {}", packages.join(", "))]
    ManyCdylibs {
        /// The names `-p` takes.
        packages: Vec<String>,
    },
    /// `-p` names no package of the workspace.
    #[error(
        "no package `{given}` in the workspace{}; packages with a cdylib: {}",
        did_you_mean(nearest.as_deref()), list(packages)
    )]
    UnknownPackage {
        /// What was given.
        given: String,
        /// The names `-p` takes.
        packages: Vec<String>,
        /// The name that is most alike.
        nearest: Option<String>,
    },
    /// `-p` beside a library.
    #[error(
        "-p {package} chooses a package of a crate, but `{}` is a library; leave -p out", path.display()
    )]
    PackageOfLibrary {
        /// What was given.
        package: String,
        /// The library.
        path: PathBuf,
    },
    /// `--build` without the library it makes.
    #[error("--build needs PATH: the .so/.dylib/.dll/.clap that the command makes")]
    BuildWithoutPath,
    /// `--watch` without a command.
    #[error("--watch needs --build CMD: a crate's files are found by themselves")]
    WatchWithoutBuild,
    /// `--watch` names no directory.
    #[error("--watch `{}` is not a directory", path.display())]
    WatchDirMissing {
        /// What was given.
        path: PathBuf,
    },
    /// `cargo metadata` refused the crate; the text is cargo's own.
    #[error("cargo cannot read `{}`:\n{message}", manifest.display())]
    Metadata {
        /// The manifest that was asked about.
        manifest: PathBuf,
        /// What cargo said.
        message: String,
    },
    /// No place for a private target directory.
    #[error("no cache directory for builds: set HOME or XDG_CACHE_HOME")]
    NoCacheDir,
}

impl ProjectError {
    /// Whether the command line is wrong (exit code 2), not the crate or the machine (exit code 1).
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Metadata { .. } | Self::NoCacheDir)
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
