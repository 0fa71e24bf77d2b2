//! Where the SDK is that a new crate depends on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The folder `plugin-sdk` of the checkout that this binary was built from.
const BUILT_WITH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin-sdk");

/// Why there is no SDK to depend on.
#[derive(Debug, thiserror::Error)]
pub(super) enum SdkError {
    /// The checkout moved or went.
    #[error(
        "the SDK that this retake was built with is gone (`{}`); say where it is: \
         --sdk DIR, a checkout of Retake or its folder plugin-sdk", path.display()
    )]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// `--sdk` names something else.
    #[error(
        "--sdk `{}` is not Retake's SDK: it has no Cargo.toml of the package `retake-sdk`; \
         give a checkout of Retake or its folder plugin-sdk", path.display()
    )]
    NotTheSdk {
        /// What was given.
        path: PathBuf,
    },
    /// A manifest is UTF-8 text.
    #[error("`{}` cannot be written into a Cargo.toml: it is not valid UTF-8", path.display())]
    NotText {
        /// What was given.
        path: PathBuf,
    },
}

/// A folder that holds the package `retake-sdk`.
#[derive(Debug)]
pub(super) struct Sdk {
    dir: String,
}

impl Sdk {
    /// The given one, else the one that this binary was built with.
    pub(super) fn find(given: Option<&Path>) -> Result<Self, SdkError> {
        let path = given.unwrap_or(Path::new(BUILT_WITH)).to_owned();
        let dir = [path.clone(), path.join("plugin-sdk")].into_iter().find(|dir| is_sdk(dir));
        let Some(dir) = dir.and_then(|dir| plain(&dir).ok()) else {
            return Err(match given {
                Some(_) => SdkError::NotTheSdk { path },
                None => SdkError::Gone { path },
            });
        };
        let dir = dir.into_os_string().into_string();
        dir.map(|dir| Self { dir }).map_err(|path| SdkError::NotText { path: path.into() })
    }

    /// Its absolute path.
    pub(super) fn dir(&self) -> &str {
        &self.dir
    }

    /// The lock file of its workspace, if it has one.
    pub(super) fn lock(&self) -> Option<PathBuf> {
        let dirs = Path::new(&self.dir).ancestors().take(2);
        dirs.map(|dir| dir.join("Cargo.lock")).find(|lock| lock.is_file())
    }
}

fn is_sdk(dir: &Path) -> bool {
    let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.replace(' ', "") == "name=\"retake-sdk\"")
}

/// Absolute, without links and dots, and on Windows without the prefix that cargo dislikes.
fn plain(dir: &Path) -> io::Result<PathBuf> {
    let dir = dir.canonicalize()?;
    Ok(dir.to_str().and_then(|dir| dir.strip_prefix(r"\\?\")).map_or(dir.clone(), PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_and_its_folder_are_the_same() {
        let built_with = Sdk::find(None).unwrap();
        let checkout = Path::new(BUILT_WITH).parent().unwrap();
        assert_eq!(Sdk::find(Some(checkout)).unwrap().dir(), built_with.dir());
        assert!(!built_with.dir().contains(".."));
        assert!(built_with.lock().is_some());
    }

    #[test]
    fn another_folder_is_refused_by_name() {
        let other = Path::new(env!("CARGO_MANIFEST_DIR"));
        let error = Sdk::find(Some(other)).unwrap_err().to_string();
        assert!(error.contains(env!("CARGO_MANIFEST_DIR")) && error.contains("plugin-sdk"));
    }
}
