//! A cargo package whose library can be loaded, and the directories its code lives in.
//!
//! `cargo metadata --no-deps` answers without resolving versions: no network, no `Cargo.lock`
//! written, and an answer even where a build would fail.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{CrateType, DependencyKind, Metadata, MetadataCommand, Package, Target};

use super::{ProjectError, Request};

/// Least likeness (0 to 1) for a "did you mean".
const ALIKE: f64 = 0.7;

/// A package with a cdylib target.
#[derive(Debug, Clone)]
pub struct CargoPackage {
    /// The package's name, as `-p` takes it.
    pub name: String,
    /// Its `Cargo.toml`.
    pub manifest: PathBuf,
    /// The name of its library target.
    pub target: String,
    /// Where `Cargo.lock` lives and relative file names of diagnostics start.
    pub workspace_root: PathBuf,
    /// Features to switch on.
    pub features: Vec<String>,
    /// Where our builds go; the user's own target directory is never touched.
    pub target_dir: PathBuf,
    /// The user's own target directory: its files are no sources.
    pub user_target_dir: PathBuf,
    /// Directories of the package and of all its path dependencies.
    pub roots: Vec<PathBuf>,
}

impl CargoPackage {
    /// The package's directory.
    pub fn dir(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("."))
    }

    /// Finds the path dependencies anew, after a manifest changed. Keeps the old ones when cargo
    /// cannot read it: the build will say why.
    pub fn refresh_roots(&mut self) {
        if let Ok(metadata) = metadata(&self.manifest) {
            self.roots = local_roots(&metadata, &self.manifest);
        }
    }
}

/// The package that `manifest` and the request's `-p` mean.
pub(super) fn select(manifest: &Path, request: &Request) -> Result<CargoPackage, ProjectError> {
    let metadata = metadata(manifest)?;
    let (package, target) = match &request.package {
        Some(name) => named(&metadata, name)?,
        None => unnamed(&metadata, manifest)?,
    };
    let manifest = package.manifest_path.as_std_path();
    let workspace_root = metadata.workspace_root.as_std_path();
    Ok(CargoPackage {
        name: package.name.to_string(),
        manifest: manifest.into(),
        target: target.name.clone(),
        workspace_root: workspace_root.into(),
        features: request.features.clone(),
        target_dir: private_target_dir(request, workspace_root)?,
        user_target_dir: metadata.target_directory.clone().into(),
        roots: local_roots(&metadata, manifest),
    })
}

fn metadata(manifest: &Path) -> Result<Metadata, ProjectError> {
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).no_deps();
    if let Some(dir) = manifest.parent() {
        command.current_dir(dir);
    }
    command.exec().map_err(|error| ProjectError::Metadata {
        manifest: manifest.into(),
        message: match error {
            cargo_metadata::Error::CargoMetadata { stderr } => stderr,
            other => other.to_string(),
        },
    })
}

fn named<'a>(
    metadata: &'a Metadata,
    name: &str,
) -> Result<(&'a Package, &'a Target), ProjectError> {
    match metadata.packages.iter().find(|package| package.name == name) {
        Some(package) => with_cdylib(package),
        None => Err(unknown(metadata, name)),
    }
}

fn unknown(metadata: &Metadata, given: &str) -> ProjectError {
    let packages: Vec<_> = cdylibs(metadata).map(|(package, _)| package.name.to_string()).collect();
    let nearest = packages
        .iter()
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.clone());
    ProjectError::UnknownPackage { given: given.to_owned(), packages, nearest }
}

/// The package at the manifest; at a workspace's root without one, the workspace's only cdylib.
fn unnamed<'a>(
    metadata: &'a Metadata,
    manifest: &Path,
) -> Result<(&'a Package, &'a Target), ProjectError> {
    let own = metadata.packages.iter().find(|package| same(&package.manifest_path, manifest));
    if let Some(found) = own.and_then(|package| Some((package, cdylib(package)?))) {
        return Ok(found);
    }
    let root = metadata.workspace_root.join("Cargo.toml");
    if let Some(package) = own
        && !same(&root, manifest)
    {
        return with_cdylib(package);
    }
    let mut all = cdylibs(metadata);
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(ProjectError::NoCdylib {
            what: own.map_or_else(|| "the workspace".to_owned(), describe),
            manifest: manifest.into(),
        }),
        (Some(_), Some(_)) => Err(ProjectError::ManyCdylibs {
            packages: cdylibs(metadata).map(|(package, _)| package.name.to_string()).collect(),
        }),
    }
}

fn with_cdylib(package: &Package) -> Result<(&Package, &Target), ProjectError> {
    let target = cdylib(package).ok_or_else(|| ProjectError::NoCdylib {
        what: describe(package),
        manifest: package.manifest_path.clone().into(),
    })?;
    Ok((package, target))
}

fn describe(package: &Package) -> String {
    format!("package `{}`", package.name)
}

fn cdylibs(metadata: &Metadata) -> impl Iterator<Item = (&Package, &Target)> {
    metadata.packages.iter().filter_map(|package| Some((package, cdylib(package)?)))
}

/// The package's library target, if it can be loaded. Examples and binaries are not asked.
fn cdylib(package: &Package) -> Option<&Target> {
    package
        .targets
        .iter()
        .find(|target| target.crate_types.contains(&CrateType::CDyLib) && !target.is_example())
}

/// Directories of the package at `manifest` and of everything it depends on by path.
fn local_roots(metadata: &Metadata, manifest: &Path) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let mut queue = vec![manifest.to_owned()];
    while let Some(manifest) = queue.pop() {
        let Some(dir) = manifest.parent().and_then(|dir| dir.canonicalize().ok()) else {
            continue;
        };
        if !seen.insert(dir) {
            continue;
        }
        queue.extend(path_dependencies(metadata, &manifest));
    }
    seen.into_iter().collect()
}

/// Manifests of the path dependencies of the package at `manifest`, in the workspace or beyond it.
fn path_dependencies(workspace: &Metadata, manifest: &Path) -> Vec<PathBuf> {
    let manifests = |metadata: &Metadata| {
        let package =
            metadata.packages.iter().find(|package| same(&package.manifest_path, manifest));
        package.map(|package| {
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind != DependencyKind::Development)
                .filter_map(|dependency| dependency.path.as_ref())
                .map(|dir| dir.join("Cargo.toml").into_std_path_buf())
                .collect()
        })
    };
    manifests(workspace).or_else(|| manifests(&metadata(manifest).ok()?)).unwrap_or_default()
}

fn same(a: impl AsRef<Path>, b: &Path) -> bool {
    let a = a.as_ref();
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// `CACHE/retake/target/NAME-HASH`: one per workspace, so that its flags never change.
fn private_target_dir(request: &Request, workspace_root: &Path) -> Result<PathBuf, ProjectError> {
    let cache =
        request.cache_dir.clone().or_else(user_cache_dir).ok_or(ProjectError::NoCacheDir)?;
    let root = workspace_root.canonicalize().unwrap_or_else(|_| workspace_root.into());
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let hash = fnv1a(root.as_os_str().as_encoded_bytes());
    Ok(cache.join("retake/target").join(format!("{name}-{hash:016x}")))
}

fn user_cache_dir() -> Option<PathBuf> {
    let var = |name| std::env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    if cfg!(windows) {
        return var("LOCALAPPDATA");
    }
    if cfg!(target_os = "macos") {
        return Some(std::env::home_dir()?.join("Library/Caches"));
    }
    var("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(".cache")))
}

/// FNV-1a, 64 bits: the same from release to release, unlike the standard library's hashers.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
