//! Which files count as sources of a project. Reads the file system when asked; keeps no hashes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::project::Project;

/// Files of a directory that steer cargo without being sources.
const STEERING: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain",
    "rust-toolchain.toml",
    ".cargo/config.toml",
    ".cargo/config",
];

/// Endings that a compiler writes, for commands that build inside their source directory.
const PRODUCTS: [&str; 14] =
    ["o", "obj", "a", "lib", "so", "dylib", "dll", "clap", "exe", "pdb", "ilk", "d", "dep", "log"];

/// What is walked and what is left out.
#[derive(Debug)]
pub(super) struct Scope {
    /// Directories whose files count unless they are ignored.
    roots: Vec<PathBuf>,
    /// Files that count wherever they are, ignored or not.
    files: BTreeSet<PathBuf>,
    /// Nothing below these counts.
    excluded: Vec<PathBuf>,
    /// Whether files with a product's ending are left out.
    skip_products: bool,
    /// Whether a file counts that vanishes without being one of `files`: until a build has told
    /// what it reads, any may be needed; afterwards it was some tool's temporary file.
    misses_any: bool,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) dirs: BTreeSet<PathBuf>,
    pub(super) files: BTreeSet<PathBuf>,
}

impl Scope {
    pub(super) fn new(project: &Project) -> Self {
        let mut scope = Self {
            roots: Vec::new(),
            files: BTreeSet::new(),
            excluded: Vec::new(),
            skip_products: false,
            misses_any: true,
        };
        match project {
            Project::Cargo(package) => {
                let workspace = canonical(&package.workspace_root);
                let steered = package.roots.iter().chain([&workspace]);
                scope.files = steered
                    .flat_map(|dir| STEERING.map(|file| canonical(&dir.join(file))))
                    .collect();
                scope.roots.clone_from(&package.roots);
                scope.excluded =
                    vec![canonical(&package.target_dir), canonical(&package.user_target_dir)];
            }
            Project::Library(path) if path.is_dir() => scope.roots = vec![path.clone()],
            Project::Library(path) => scope.files = [path.clone()].into(),
            Project::Command(project) => {
                scope.roots = vec![project.watch_dir.clone()];
                scope.excluded = vec![canonical(&project.library)];
                scope.skip_products = true;
            }
        }
        scope
    }

    /// Adds files that a build was made from.
    pub(super) fn add_sources(&mut self, sources: &[PathBuf]) -> bool {
        let n_before = self.files.len();
        self.misses_any &= sources.is_empty();
        for source in sources.iter().filter(|source| source.is_absolute()) {
            // A link and what it points to: either may be written.
            let link = canonical(source);
            let target = source.canonicalize().unwrap_or_else(|_| link.clone());
            self.files.extend(
                [link, target]
                    .into_iter()
                    .filter(|file| !self.excluded.iter().any(|dir| file.starts_with(dir))),
            );
        }
        self.files.len() != n_before
    }

    /// Whether a file that is gone leaves something to build.
    pub(super) fn misses(&self, path: &Path) -> bool {
        self.misses_any || self.files.contains(path)
    }

    /// Every file that counts and exists, and every directory to watch for them.
    pub(super) fn walk(&self) -> Found {
        let mut found = Found::default();
        let entries = self.roots.iter().flat_map(|root| self.walker(root).build().flatten());
        for entry in entries {
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            let path = entry.into_path();
            if is_dir {
                found.dirs.insert(path);
            } else if !self.is_noise(&path) {
                found.files.insert(path);
            }
        }
        for file in &self.files {
            found.dirs.extend(file.parent().filter(|dir| dir.is_dir()).map(PathBuf::from));
            if file.is_file() {
                found.files.insert(file.clone());
            }
        }
        found
    }

    /// Whether a path that a walk has not seen belongs here.
    pub(super) fn covers(&self, path: &Path) -> bool {
        if self.files.contains(path) || self.files.iter().any(|file| file.parent() == Some(path)) {
            return true;
        }
        let Some(dir) = path.parent() else {
            return false;
        };
        self.roots.iter().any(|root| path.starts_with(root))
            && !self.is_noise(path)
            && self
                .walker(dir)
                .max_depth(Some(1))
                .build()
                .flatten()
                .any(|entry| entry.path() == path)
    }

    fn walker(&self, dir: &Path) -> WalkBuilder {
        let excluded = self.excluded.clone();
        let mut walker = WalkBuilder::new(dir);
        walker.require_git(false).filter_entry(move |entry| {
            // The tag marks caches, such as the target directory of a crate beyond the workspace.
            !excluded.iter().any(|dir| entry.path().starts_with(dir))
                && !entry.path().join("CACHEDIR.TAG").exists()
        });
        walker
    }

    /// Backups and temporary files of editors, and what a compiler leaves beside its sources.
    fn is_noise(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        name.ends_with('~')
            || name.ends_with("___")
            || name.starts_with('#')
            || matches!(ending, "swp" | "swx" | "tmp" | "bak")
            || self.skip_products && PRODUCTS.contains(&ending)
    }
}

/// The path with its directory's links resolved, as the watcher's events name it; the file itself
/// need not exist.
pub(super) fn canonical(path: &Path) -> PathBuf {
    let Some((dir, name)) = path.parent().zip(path.file_name()) else {
        return path.into();
    };
    dir.canonicalize().unwrap_or_else(|_| dir.into()).join(name)
}
