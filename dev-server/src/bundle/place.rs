//! Putting a finished bundle where an older one may be.

use std::{fs, io, path::Path};

/// Puts `new` at `place`, in one step where `place` is free or both are files. Otherwise what is
/// there is renamed to `place`.old first, and back if anything fails. Both paths lie on one file
/// system.
pub(super) fn replace(new: &Path, place: &Path) -> io::Result<()> {
    let is_in_the_way = is_directory(place) || is_directory(new) && place.exists();
    if !is_in_the_way {
        return fs::rename(new, place);
    }
    let old = place.with_added_extension("old");
    remove(&old)?;
    fs::rename(place, &old)?;
    fs::rename(new, place).inspect_err(|_| {
        // If this fails too, the old bundle is beside its place, and nobody removes it.
        let _ = fs::rename(&old, place);
    })?;
    remove(&old)
}

/// Removes whatever is there, if anything is.
fn remove(path: &Path) -> io::Result<()> {
    let removed = if is_directory(path) { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    #[test]
    fn files_and_directories_take_each_others_place() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("x.clap");
        let new = dir.path().join("aside/x.clap");
        let file = |content: &str| {
            fs::create_dir_all(new.parent().unwrap()).unwrap();
            fs::write(&new, content).unwrap();
        };
        let directory = |content: &str| {
            fs::create_dir_all(&new).unwrap();
            fs::write(new.join("inside"), content).unwrap();
        };
        let clean = || fs::remove_dir_all(dir.path().join("aside")).unwrap();
        file("1");
        replace(&new, &place).unwrap();
        clean();
        file("2");
        replace(&new, &place).unwrap();
        assert_eq!(text(&place).as_deref(), Some("2"));
        clean();
        for content in ["3", "4"] {
            directory(content);
            replace(&new, &place).unwrap();
            assert_eq!(text(&place.join("inside")).as_deref(), Some(content));
            clean();
        }
        file("5");
        replace(&new, &place).unwrap();
        assert_eq!(text(&place).as_deref(), Some("5"));
        assert!(!dir.path().join("x.clap.old").exists());
    }

    #[test]
    fn without_a_new_one_the_old_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("x.clap");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("inside"), "old").unwrap();
        replace(&dir.path().join("nothing"), &place).unwrap_err();
        assert_eq!(text(&place.join("inside")).as_deref(), Some("old"));
    }
}
