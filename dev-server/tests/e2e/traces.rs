//! What a process must not leave behind: children of any depth, private copies of libraries.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use crate::server::tmp;

/// An environment variable that all descendants inherit; those named `RETAKE_…` are kept from
/// plugins.
pub(crate) const MARK: &str = "E2E_RUN_OF_RETAKE";

/// A killed child is gone when the system gets round to it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where to look for one process's leftovers, or for those of several that share a user's cache.
#[derive(Clone)]
pub(crate) struct Traces {
    pub(crate) cache: PathBuf,
    pub(crate) mark: String,
}

impl Traces {
    pub(crate) fn new() -> Self {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let n = RUNS.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{n}", std::process::id());
        let cache = tmp("runs").join(&mark);
        fs::create_dir_all(&cache).unwrap();
        Self { cache, mark }
    }

    /// Private copies of libraries, at this moment.
    pub(crate) fn staged(&self) -> Vec<PathBuf> {
        let staged = self.cache.join("retake/staged");
        let dirs = entries(&staged);
        let files = dirs.iter().flat_map(entries);
        files.filter(|file| !file.ends_with("lock")).collect()
    }

    /// Processes that descend from the marked one, and itself.
    pub(crate) fn processes(&self) -> Vec<(u32, String)> {
        let mark = format!("{MARK}={}", self.mark);
        let is_marked = |dir: &PathBuf| {
            let environ = fs::read(dir.join("environ")).unwrap_or_default();
            environ.split(|&b| b == 0).any(|var| var == mark.as_bytes())
        };
        let name = |dir: PathBuf| {
            let line = fs::read_to_string(dir.join("cmdline")).unwrap_or_default();
            let pid = dir.file_name()?.to_str()?.parse().ok()?;
            Some((pid, line.replace('\0', " ")))
        };
        let all = entries(&PathBuf::from("/proc"));
        all.into_iter().filter(is_marked).filter_map(name).collect()
    }

    /// Files of libraries among the private copies: with an end in disorder the directory stays
    /// until the next start.
    pub(crate) fn libraries(&self) -> Vec<String> {
        let names = self.staged().into_iter().map(|file| file.display().to_string());
        names.filter(|name| name.contains(std::env::consts::DLL_SUFFIX)).collect()
    }

    /// No process is left.
    pub(crate) fn await_no_process(&self) {
        let until = Instant::now() + PATIENCE;
        while !self.processes().is_empty() {
            assert!(Instant::now() < until, "orphans: {:#?}", self.processes());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// No process and no copy is left.
    pub(crate) fn assert_gone(&self) {
        self.await_no_process();
        let left = entries(&self.cache.join("retake/staged"));
        assert!(left.is_empty(), "left behind: {left:#?}");
        // Nothing else of this run is of use to anyone.
        let _ = fs::remove_dir_all(&self.cache);
    }
}

fn entries(dir: &PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
