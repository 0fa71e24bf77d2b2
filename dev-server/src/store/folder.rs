//! Which files there are. A name never becomes a path: it becomes a few safe letters and a hash.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::Serialize;

use super::{Saved, StoreError};

/// Longest name of a preset.
pub const NAME_CHARS: usize = 64;
/// Letters of a name that its file shows, for people who look.
const SHOWN_CHARS: usize = 32;

/// The directory of everything that outlives a session.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// A preset that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// When it was saved, in milliseconds since 1970.
    pub modified: u64,
}

/// The presets of a plugin.
#[derive(Debug, Default)]
pub struct Listing {
    /// Those that can be recalled, by name.
    pub presets: Vec<Entry>,
    /// The others.
    pub damaged: Vec<StoreError>,
}

impl Folder {
    /// The user's, where the system knows one.
    ///
    /// # Errors
    /// [`StoreError::NoDirectory`].
    pub fn of_user() -> Result<Self, StoreError> {
        super::state_dir().map(Self::at).ok_or(StoreError::NoDirectory)
    }

    /// This one; it is made when something is written.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The presets of `plugin`. What is damaged keeps no other from its use.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the directory cannot be read.
    pub fn list(&self, plugin: &str) -> Result<Listing, StoreError> {
        let directory = self.presets_of(plugin);
        let mut listing = Listing::default();
        let failed = |source| StoreError::Io { path: directory.clone(), source };
        let files = match fs::read_dir(&directory) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(failed(error)),
        };
        for file in files {
            let path = file.map_err(failed)?.path();
            // What a killed process left half written has another ending.
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            match read(&path).and_then(|saved| check_place(saved, &path, plugin)) {
                Ok(Saved { name, .. }) => {
                    listing.presets.push(Entry { name, modified: modified_ms(&path) });
                }
                Err(error) => listing.damaged.push(error),
            }
        }
        listing.presets.sort_by_cached_key(|entry| (entry.name.to_lowercase(), entry.name.clone()));
        Ok(listing)
    }

    /// Writes a preset; one of the same name is replaced.
    ///
    /// # Errors
    /// [`StoreError::BadName`], [`StoreError::Io`].
    pub fn save(&self, preset: &Saved) -> Result<(), StoreError> {
        let directory = self.presets_of(&preset.plugin);
        let path = directory.join(file_name(check_name(&preset.name)?));
        super::write_json(preset, &path).map_err(|source| StoreError::Io { path, source })
    }

    /// Reads a preset.
    ///
    /// # Errors
    /// [`StoreError::BadName`], [`StoreError::Unknown`], [`StoreError::Damaged`],
    /// [`StoreError::Io`].
    pub fn read(&self, plugin: &str, name: &str) -> Result<Saved, StoreError> {
        let path = self.presets_of(plugin).join(file_name(check_name(name)?));
        match read(&path) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Err(self.unknown(plugin, name))
            }
            found => found.and_then(|saved| check_place(saved, &path, plugin)),
        }
    }

    /// Deletes a preset.
    ///
    /// # Errors
    /// [`StoreError::BadName`], [`StoreError::Unknown`], [`StoreError::Io`].
    pub fn delete(&self, plugin: &str, name: &str) -> Result<(), StoreError> {
        let path = self.presets_of(plugin).join(file_name(check_name(name)?));
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(self.unknown(plugin, name)),
            done => done.map_err(|source| StoreError::Io { path, source }),
        }
    }

    /// The plugins that have presets.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn plugins(&self) -> Result<Vec<String>, StoreError> {
        let directory = self.root.join("presets");
        let failed = |source| StoreError::Io { path: directory.clone(), source };
        let mut ids = Vec::new();
        match fs::read_dir(&directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(ids),
            Err(error) => return Err(failed(error)),
            Ok(directories) => {
                for entry in directories {
                    ids.extend(plugin_of(&entry.map_err(failed)?.path()));
                }
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// Writes where the session of `saved.name` stands.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn save_session(&self, saved: &Saved) -> Result<(), StoreError> {
        let directory = self.root.join("sessions");
        let path = directory.join(file_name(&saved.name));
        super::write_json(saved, &path).map_err(|source| StoreError::Io { path, source })
    }

    /// Where the last session of `project` stood; `None` if there was none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn session(&self, project: &str) -> Result<Option<Saved>, StoreError> {
        match read(&self.root.join("sessions").join(file_name(project))) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            found => found.map(|saved| Some(saved).filter(|saved| saved.name == project)),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn presets_of(&self, plugin: &str) -> PathBuf {
        self.root.join("presets").join(safe(plugin))
    }

    fn unknown(&self, plugin: &str, name: &str) -> StoreError {
        let listing = self.list(plugin).unwrap_or_default();
        StoreError::Unknown {
            given: name.to_owned(),
            plugin: plugin.to_owned(),
            names: listing.presets.into_iter().map(|entry| entry.name).collect(),
        }
    }
}

fn read(path: &Path) -> Result<Saved, StoreError> {
    let damaged = |reason| StoreError::Damaged { path: path.to_owned(), reason };
    Saved::parse(&read_text(path)?).map_err(damaged)
}

fn read_text(path: &Path) -> Result<Vec<u8>, StoreError> {
    let failed = |source| StoreError::Io { path: path.to_owned(), source };
    let is_file = fs::metadata(path).map_err(failed)?.is_file();
    let text = if is_file { fs::read(path) } else { Err(io::Error::other("is no plain file")) };
    text.map_err(failed)
}

/// The text of a file that need not be there.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match read_text(path) {
        Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        text => text.map(Some),
    }
}

/// A preset lies where its own name and plugin say: else it could be listed and not be recalled.
fn check_place(saved: Saved, path: &Path, plugin: &str) -> Result<Saved, StoreError> {
    let is_right =
        saved.plugin == plugin && path.file_name() == Some(file_name(&saved.name).as_ref());
    if is_right && check_name(&saved.name).is_ok() {
        return Ok(saved);
    }
    let reason =
        format!("holds the preset {:?} of {}, which belongs elsewhere", saved.name, saved.plugin);
    Err(StoreError::Damaged { path: path.to_owned(), reason })
}

fn check_name(name: &str) -> Result<&str, StoreError> {
    let is_good = (1..=NAME_CHARS).contains(&name.chars().count())
        && name.trim() == name
        && !name.chars().any(char::is_control);
    if is_good { Ok(name) } else { Err(StoreError::BadName { given: name.to_owned() }) }
}

/// Names that differ only in case are the same everywhere, as they are on two of three systems.
fn file_name(name: &str) -> String {
    format!("{}.json", safe(name))
}

fn safe(name: &str) -> String {
    let name = name.to_lowercase();
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let shown: String = name.chars().take(SHOWN_CHARS).map(letter).collect();
    format!("{shown}-{:016x}", crate::project::fnv1a(name.as_bytes()))
}

/// Whose presets lie here.
fn plugin_of(directory: &Path) -> Option<String> {
    let files = fs::read_dir(directory).ok()?;
    let presets = files.filter_map(|file| read(&file.ok()?.path()).ok());
    presets.map(|saved| saved.plugin).find(|id| directory.ends_with(safe(id)))
}

fn modified_ms(path: &Path) -> u64 {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let since = modified.ok().and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset(plugin: &str, name: &str) -> Saved {
        Saved::new(plugin, name, &[], Some(name.as_bytes().to_vec()))
    }

    fn names(folder: &Folder, plugin: &str) -> Vec<String> {
        let listing = folder.list(plugin).unwrap();
        assert!(listing.damaged.is_empty(), "{:?}", listing.damaged);
        listing.presets.into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn presets_are_kept_per_plugin() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("retake"));
        assert_eq!(names(&folder, "org.x"), [""; 0]);
        for name in ["warm", "Cold", "../../etc/passwd", "ünï /\\:*?", "con", "."] {
            folder.save(&preset("org.x", name)).unwrap();
            assert_eq!(folder.read("org.x", name).unwrap(), preset("org.x", name));
        }
        folder.save(&preset("org/../y", "other")).unwrap();
        let all = [".", "../../etc/passwd", "Cold", "con", "warm", "ünï /\\:*?"];
        assert_eq!(names(&folder, "org.x"), all);
        assert_eq!(folder.plugins().unwrap(), ["org.x", "org/../y"]);
        let outside: Vec<_> = fs::read_dir(home.path()).unwrap().collect();
        assert_eq!(outside.len(), 1, "nothing lies outside");
        folder.delete("org.x", "warm").unwrap();
        assert!(!names(&folder, "org.x").contains(&"warm".to_owned()));
        let gone = folder.delete("org.x", "warm").unwrap_err().to_string();
        assert!(gone.contains("no preset \"warm\" of org.x; saved are \".\","), "{gone}");
        let none = folder.read("org.z", "warm").unwrap_err().to_string();
        assert!(none.ends_with("none is saved yet"), "{none}");
    }

    #[test]
    fn a_name_is_the_same_in_any_case_and_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().to_owned());
        folder.save(&preset("org.x", "Warm")).unwrap();
        folder.save(&preset("org.x", "WARM")).unwrap();
        assert_eq!(names(&folder, "org.x"), ["WARM"]);
        assert_eq!(folder.read("org.x", "warm").unwrap().name, "WARM");
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_what_can() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().to_owned());
        let long = "ä".repeat(65);
        for bad in ["", " a", "a ", "a\nb", "a\0", &long] {
            let saved = folder.save(&preset("org.x", bad)).unwrap_err().to_string();
            assert!(saved.contains("1 to 64 characters"), "{saved}");
            assert!(matches!(folder.read("org.x", bad), Err(StoreError::BadName { .. })));
            assert!(matches!(folder.delete("org.x", bad), Err(StoreError::BadName { .. })));
        }
        folder.save(&preset("org.x", &long[2..])).unwrap();
    }

    #[test]
    fn a_damaged_file_leaves_the_others_usable() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().to_owned());
        for name in ["a", "b", "c"] {
            folder.save(&preset("org.x", name)).unwrap();
        }
        let directory = folder.presets_of("org.x");
        fs::write(directory.join(file_name("b")), b"{").unwrap();
        fs::copy(directory.join(file_name("a")), directory.join("copy.json")).unwrap();
        fs::write(directory.join(".tmpXYZ"), b"half").unwrap();
        let listing = folder.list("org.x").unwrap();
        let left: Vec<_> = listing.presets.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!((left, listing.damaged.len()), (vec!["a", "c"], 2));
        assert!(matches!(folder.read("org.x", "b"), Err(StoreError::Damaged { .. })));
        folder.delete("org.x", "b").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("retake"));
        folder.save(&preset("org.x", "a")).unwrap();
        let directory = folder.presets_of("org.x");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        assert_eq!(mode(&directory.join(file_name("a"))), 0o600);
        let names: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names.len(), 1, "nothing is left over: {names:?}");
    }

    #[test]
    fn a_session_is_found_by_its_project() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().to_owned());
        assert_eq!(folder.session("/a/b").unwrap(), None);
        folder.save_session(&preset("org.x", "/a/b")).unwrap();
        assert_eq!(folder.session("/a/b").unwrap(), Some(preset("org.x", "/a/b")));
        assert_eq!(folder.session("/a/B").unwrap(), None, "another directory on most systems");
    }
}
