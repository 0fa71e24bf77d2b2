//! The times that a compiler leaves in its files.
//!
//! An incremental rustc writes its last file of the session directory, `work-products.bin`, when
//! all codegen units are done, and calls the linker next: from there to the library's own time is
//! the link.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::Flags;

/// Clocks of files may lag behind by a tick of the system.
const TICK: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
pub(super) struct Traces {
    pub(super) link: Option<Duration>,
    pub(super) units: Option<Units>,
}

/// Codegen units of the crate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Units {
    /// Compiled in this run.
    pub(super) n_new: usize,
    /// Kept from an earlier one.
    pub(super) n_before: usize,
}

/// What a run of the compiler that began at `since` left; nothing of an earlier run counts.
pub(super) fn read(flags: &Flags, crate_name: &str, since: SystemTime) -> Traces {
    let since = since.checked_sub(TICK).unwrap_or(since);
    let Some((session, compiled)) = session(flags, crate_name).filter(|(_, at)| *at >= since)
    else {
        return Traces::default();
    };
    Traces { link: link(flags, crate_name, compiled), units: Some(units(&session, since)) }
}

/// Lines of the sources below `dir`.
pub(super) fn lines(sources: &[PathBuf], dir: &Path) -> usize {
    let ours = sources.iter().filter(|file| file.starts_with(dir));
    ours.map(|file| fs::read_to_string(file).unwrap_or_default().lines().count()).sum()
}

/// The newest session directory of the crate, and when its units were done.
fn session(flags: &Flags, crate_name: &str) -> Option<(PathBuf, SystemTime)> {
    let prefix = format!("{crate_name}-");
    let of_crate = |dir: &PathBuf| {
        dir.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
    };
    entries(Path::new(flags.get("incremental")?))
        .filter(of_crate)
        .flat_map(|dir| entries(&dir))
        .filter_map(|session| Some((modified(&session.join("work-products.bin"))?, session)))
        .max()
        .map(|(at, session)| (session, at))
}

fn link(flags: &Flags, crate_name: &str, compiled: SystemTime) -> Option<Duration> {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = Path::new(flags.out_dir()?).join(format!("{prefix}{crate_name}{suffix}"));
    modified(&library)?.duration_since(compiled).ok()
}

fn units(session: &Path, since: SystemTime) -> Units {
    let objects = entries(session).filter(|file| file.extension().is_some_and(|end| end == "o"));
    let times: Vec<_> = objects.filter_map(|file| modified(&file)).collect();
    let n_new = times.iter().filter(|at| **at >= since).count();
    Units { n_new, n_before: times.len() - n_new }
}

fn entries(dir: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).ok()
}
