//! A folder of its own to work in, and the commands that a user types there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// Where cargo builds: crates share it, so that the SDK compiles once.
pub(crate) const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/new-plugins");

/// Where `retake` would go on until it is told to stop.
pub(crate) const BRIEFLY: [&str; 10] = [
    "--no-watch",
    "--duration",
    "0.1",
    "--port",
    "0",
    "--input",
    "virtual",
    "--output",
    "virtual",
    "--json",
];

/// A user's folder.
pub(crate) struct Folder {
    dir: TempDir,
    /// The user's other directories.
    home: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), home: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// Every file below it with its bytes.
    pub(crate) fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(self.dir.path(), &mut found);
        found
    }

    /// Runs a command in `dir` below it.
    pub(crate) fn run(&self, dir: &str, program: &str, args: &[&str]) -> Ran {
        let output = Command::new(program)
            .args(args)
            .current_dir(self.path(dir))
            .env("CARGO_TARGET_DIR", TARGET)
            .env("CARGO_INCREMENTAL", "0")
            .env("XDG_CACHE_HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran::new(&output)
    }

    pub(crate) fn retake(&self, dir: &str, args: &[&str]) -> Ran {
        self.run(dir, env!("CARGO_BIN_EXE_retake"), args)
    }
}

fn collect(dir: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            collect(&path, found);
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
}

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    code: Option<i32>,
    pub(crate) text: String,
}

impl Ran {
    fn new(output: &Output) -> Self {
        let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        Self { code: output.status.code(), text: text.concat() }
    }

    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self
    }

    /// It ended with this code and said all of these `words`.
    pub(crate) fn failed(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self.says(words);
    }

    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.text.contains(word), "{word:?} in\n{}", self.text);
        }
    }
}
