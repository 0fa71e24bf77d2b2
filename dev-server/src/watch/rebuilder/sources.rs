//! The files of a project under watch: from signals to changed contents.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher};

use crate::project::Project;
use crate::watch::contents::Contents;
use crate::watch::scope::{Scope, canonical};
use crate::watch::signal::Signal;

/// A file that vanished may be on its way back (a save by rename), and one that appeared may be on
/// its way out (the temporary half of such a save): they count when they stay so for this long.
pub(super) const GRACE: Duration = Duration::from_millis(50);

/// A path whose state is not yet believed.
#[derive(Debug)]
struct Unsettled {
    due: Instant,
    /// A build began since: what it became is no change any more.
    absorbed: bool,
}

/// The files, the watches on their directories, and what is known about both.
pub(super) struct Sources {
    project: Project,
    scope: Scope,
    contents: Contents,
    watcher: Box<dyn Watcher + Send>,
    watched: BTreeSet<PathBuf>,
    unsettled: HashMap<PathBuf, Unsettled>,
    /// What a command was seen to write itself: no change while it runs. An edit at rest counts, so
    /// that a source saved during the first build is not lost for good.
    products: HashSet<PathBuf>,
    building: bool,
    /// A command's first build: whatever changes is its product.
    learning: bool,
    manifest_changed: bool,
    failure: Option<String>,
}

impl Sources {
    /// Watches every directory of the project and remembers every content.
    pub(super) fn new(project: Project, watcher: Box<dyn Watcher + Send>) -> Self {
        let mut sources = Self {
            scope: Scope::new(&project),
            learning: matches!(project, Project::Command(_)),
            project,
            contents: Contents::default(),
            watcher,
            watched: BTreeSet::new(),
            unsettled: HashMap::new(),
            products: HashSet::new(),
            building: false,
            manifest_changed: false,
            failure: None,
        };
        sources.scan();
        sources.manifest_changed = false;
        sources
    }

    /// What the system's watcher last failed at.
    pub(super) fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// The files that `signal` shows to be changed.
    pub(super) fn see(&mut self, at: Instant, signal: Signal) -> Vec<PathBuf> {
        match signal {
            Signal::Written(path) if self.contents.knows(&path) => {
                self.look(path).into_iter().collect()
            }
            Signal::Written(path) | Signal::Appeared(path) | Signal::Gone(path) => {
                // The system drops the watch of a directory that goes.
                self.watched.remove(&path);
                self.unsettled.insert(path, Unsettled { due: at + GRACE, absorbed: false });
                Vec::new()
            }
            Signal::Lost => self.scan(),
            Signal::Error(error) => {
                self.failure = Some(error);
                Vec::new()
            }
        }
    }

    /// When to call [`settle`](Self::settle) next.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.unsettled.values().map(|unsettled| unsettled.due).min()
    }

    /// The files that have come or gone for good.
    pub(super) fn settle(&mut self, now: Instant) -> Vec<PathBuf> {
        let due: Vec<_> = self.unsettled.extract_if(|_, path| path.due <= now).collect();
        let mut changed = Vec::new();
        for (path, Unsettled { absorbed, .. }) in due {
            let files = self.believe(&path);
            if !absorbed {
                changed.extend(files);
            }
        }
        changed
    }

    /// A build begins: it sees every file as it is now. Returns what was unsettled and has changed.
    pub(super) fn begin_build(&mut self) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        let paths: Vec<_> = self.unsettled.keys().cloned().collect();
        for path in paths {
            if path.is_dir() || self.contents.knows(&path) {
                self.unsettled.remove(&path);
                changed.extend(self.believe(&path));
            } else if let Some(unsettled) = self.unsettled.get_mut(&path) {
                unsettled.absorbed = true;
            }
        }
        self.building = true;
        changed
    }

    /// The build is gone; `made_from` are the files it read. Returns what changed meanwhile and was
    /// not seen yet, without what the build wrote itself.
    pub(super) fn end_build(&mut self, made_from: Option<&[PathBuf]>) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        match &self.project {
            // A command may have written anywhere, and the signals of that may still be on the way.
            Project::Command(_) => changed = self.scan(),
            Project::Cargo(_) => {
                let lock = self.lock_file();
                self.contents.look(&lock);
            }
            Project::Library(_) => {}
        }
        self.building = false;
        if let Some(made_from) = made_from {
            self.learning = false;
            self.follow(made_from);
        }
        changed
    }

    /// Watches what a build was made from.
    fn follow(&mut self, made_from: &[PathBuf]) {
        let mut is_new = self.scope.add_sources(made_from);
        if std::mem::take(&mut self.manifest_changed)
            && let Project::Cargo(package) = &mut self.project
        {
            package.refresh_roots();
            self.scope = Scope::new(&self.project);
            self.scope.add_sources(made_from);
            is_new = true;
        }
        if is_new {
            let files = self.watch_found();
            // The build has just read them as they are.
            self.contents.learn(files);
        }
    }

    /// A path has stayed as it is for long enough: what changed with it?
    fn believe(&mut self, path: &Path) -> Vec<PathBuf> {
        if path.is_dir() {
            return if self.scope.covers(path) { self.scan() } else { Vec::new() };
        }
        // The file itself, or all that was in a directory that is gone.
        let mut files: Vec<_> =
            self.contents.files().filter(|file| file.starts_with(path)).cloned().collect();
        if files.is_empty() && self.scope.covers(path) {
            files.push(path.into());
        }
        files.into_iter().filter_map(|file| self.look(file)).collect()
    }

    /// The file, if its content changed and that is not our own build's doing.
    fn look(&mut self, path: PathBuf) -> Option<PathBuf> {
        let is_new = !self.contents.knows(&path);
        if !self.contents.look(&path) {
            return None;
        }
        // Someone else's library is only gone between two of their builds.
        let library = matches!(self.project, Project::Library(_));
        if !path.exists() && (library || !self.scope.misses(&path)) {
            return None;
        }
        let by_command = matches!(self.project, Project::Command(_));
        if self.building && by_command && (self.learning || is_new) {
            self.products.insert(path.clone());
        }
        if self.building && self.is_own(&path) {
            return None;
        }
        self.manifest_changed |= path.file_name().is_some_and(|name| name == "Cargo.toml");
        Some(path)
    }

    /// Whether our own builds write this file.
    fn is_own(&self, path: &Path) -> bool {
        match &self.project {
            Project::Cargo(_) => path == self.lock_file(),
            _ => self.products.contains(path),
        }
    }

    fn lock_file(&self) -> PathBuf {
        match &self.project {
            Project::Cargo(package) => canonical(&package.workspace_root.join("Cargo.lock")),
            _ => PathBuf::new(),
        }
    }

    /// Looks at every file again and watches every directory.
    fn scan(&mut self) -> Vec<PathBuf> {
        let mut files = self.watch_found();
        files.extend(self.contents.files().cloned());
        files.into_iter().filter_map(|file| self.look(file)).collect()
    }

    /// Watches the directories of all files and returns the files.
    fn watch_found(&mut self) -> BTreeSet<PathBuf> {
        let found = self.scope.walk();
        for dir in found.dirs {
            if self.watched.contains(&dir) {
                continue;
            }
            match self.watcher.watch(&dir, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(dir);
                }
                // Gone since the walk.
                Err(_) if !dir.exists() => {}
                Err(error) => self.failure = Some(error.to_string()),
            }
        }
        found.files
    }
}
