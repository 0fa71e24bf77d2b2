//! A crate without dependencies in a directory of its own, with a cache of its own.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use retake::project::{CargoPackage, Project, ProjectError, Request};
use tempfile::TempDir;

/// A manifest that makes a library to load.
pub(crate) const MANIFEST: &str = "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
    [lib]\ncrate-type = [\"cdylib\"]\n";

/// Code whose library differs for each `value`.
pub(crate) fn code(value: u32) -> String {
    format!("#[unsafe(no_mangle)]\npub extern \"C\" fn value() -> u32 {{\n    {value}\n}}\n")
}

/// A temporary directory with a crate `tiny`, a name with a space in its path.
pub(crate) struct Tiny {
    pub(crate) root: TempDir,
}

impl Tiny {
    pub(crate) fn new() -> Self {
        let tiny = Self::empty();
        tiny.write("Cargo.toml", MANIFEST);
        tiny.write("src/lib.rs", &code(1));
        tiny
    }

    /// The same without a file.
    pub(crate) fn empty() -> Self {
        let tiny = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(tiny.dir()).unwrap();
        tiny
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("a crate")
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir().join(file)
    }

    /// Writes in place, as `std::fs::write` does.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes beside and renames, as most editors do.
    pub(crate) fn write_by_rename(&self, file: &str, text: &str) {
        let path = self.path(file);
        let beside = path.with_extension("rs.new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, path).unwrap();
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            path: Some(PathBuf::from("a crate")),
            working_dir: self.root.path().canonicalize().unwrap(),
            cache_dir: Some(self.root.path().canonicalize().unwrap().join("cache")),
            ..Request::default()
        }
    }

    pub(crate) fn find(&self) -> Result<Project, ProjectError> {
        Project::find(&self.request())
    }

    pub(crate) fn project(&self) -> Project {
        self.find().unwrap()
    }

    pub(crate) fn package(&self) -> CargoPackage {
        match self.project() {
            Project::Cargo(package) => package,
            other => panic!("{other:?}"),
        }
    }

    /// Ids of the processes whose command line or environment names our directory.
    pub(crate) fn processes(&self) -> Vec<String> {
        let root = self.root.path().canonicalize().unwrap();
        processes_naming(&root)
    }

    /// Killed processes are gone when the system has come round to it; one that was missed stays.
    pub(crate) fn await_no_process(&self) {
        let begin = Instant::now();
        while !self.processes().is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{:?} live on", self.processes());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn processes_naming(root: &Path) -> Vec<String> {
    let needle = root.to_str().unwrap().as_bytes();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|entry| {
            ["cmdline", "environ"].iter().any(|file| {
                let text = fs::read(entry.path().join(file)).unwrap_or_default();
                text.windows(needle.len()).any(|window| window == needle)
            })
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .collect()
}
