//! The secret that lets a page in, and the file that keeps it between runs.
//!
//! Read and written once at start, on the caller's thread. The file is the user's alone (0600 from
//! its first byte) and changes atomically; one that others could read is replaced, not trusted.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::path::Path;

use super::WebError;
use crate::store::{make_directory, state_dir};

const BYTES: usize = 32;
const FILE: &str = "token";

/// 32 random bytes, written as 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// A token and where it came from.
#[derive(Debug)]
pub struct TokenFile {
    /// The token to serve with.
    pub token: Token,
    /// Something the user should know: why an old token was not used.
    pub note: Option<String>,
}

impl Token {
    /// A new token, kept nowhere.
    ///
    /// # Errors
    /// [`WebError::Random`].
    pub fn random() -> Result<Self, WebError> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(WebError::Random)?;
        Ok(Self(bytes.iter().fold(String::with_capacity(2 * BYTES), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })))
    }

    /// 64 lower-case hexadecimal digits, as in the URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `given` is this token, in a time that does not depend on where they differ.
    pub fn matches(&self, given: &[u8]) -> bool {
        if given.len() != self.0.len() {
            return false;
        }
        let pairs = self.0.bytes().zip(given);
        black_box(pairs.fold(0, |differs, (a, b)| black_box(differs | (a ^ b)))) == 0
    }

    fn parse(text: &str) -> Option<Self> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 2 * BYTES && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }
}

/// Never the secret itself: it would end in a log.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl TokenFile {
    /// The user's token: `retake/token` in the state directory, made if there is none or `renew`.
    ///
    /// # Errors
    /// [`WebError::NoStateDir`], [`WebError::TokenFile`], [`WebError::Random`].
    pub fn open(renew: bool) -> Result<Self, WebError> {
        Self::open_in(&state_dir().ok_or(WebError::NoStateDir)?, renew)
    }

    /// The same in a given directory, which is made (0700) if it is not there.
    ///
    /// # Errors
    /// [`WebError::TokenFile`], [`WebError::Random`].
    pub fn open_in(directory: &Path, renew: bool) -> Result<Self, WebError> {
        let path = directory.join(FILE);
        let failed = |source| WebError::TokenFile { path: path.clone(), source };
        let mut note = None;
        if !renew {
            match read(&path).map_err(failed)? {
                Found::Good(token) => return Ok(Self { token, note }),
                Found::Nothing => {}
                Found::Bad(why) => {
                    note = Some(format!("{} {why}: made a new token", path.display()));
                }
            }
        }
        let token = Token::random()?;
        make_directory(directory).map_err(failed)?;
        let replace = renew || note.is_some();
        let token = write(directory, &path, token, replace).map_err(failed)?;
        Ok(Self { token, note })
    }
}

enum Found {
    Good(Token),
    Nothing,
    Bad(&'static str),
}

fn read(path: &Path) -> io::Result<Found> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Ok(Found::Bad("is not a plain file"));
    }
    if others_may_read(&metadata) {
        return Ok(Found::Bad("could be read by other users"));
    }
    let text = String::from_utf8(fs::read(path)?).unwrap_or_default();
    Ok(Token::parse(text.trim_end()).map_or(Found::Bad("held no token"), Found::Good))
}

/// A whole file appears under the name, or none. Of two programs that start at once without a file
/// the first wins and the second takes its token, so that both serve the same one.
fn write(directory: &Path, path: &Path, token: Token, replace: bool) -> io::Result<Token> {
    // tempfile creates with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(file, "{}", token.as_str())?;
    file.as_file().sync_all()?;
    if replace {
        file.persist(path)?;
        return Ok(token);
    }
    match file.persist_noclobber(path) {
        Ok(_) => Ok(token),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => match read(path)? {
            Found::Good(theirs) => Ok(theirs),
            Found::Nothing | Found::Bad(_) => Err(lost.error),
        },
        Err(lost) => Err(lost.error),
    }
}

#[cfg(unix)]
fn others_may_read(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

/// The user's profile directory is closed to others by its own access list.
#[cfg(not(unix))]
fn others_may_read(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_between_runs_until_a_new_one_is_wanted() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("state/retake");
        let first = TokenFile::open_in(&directory, false).unwrap();
        assert_eq!(first.token.as_str().len(), 64);
        assert!(first.note.is_none());
        let second = TokenFile::open_in(&directory, false).unwrap();
        assert_eq!(second.token, first.token);
        let third = TokenFile::open_in(&directory, true).unwrap();
        assert_ne!(third.token, first.token);
        assert_eq!(TokenFile::open_in(&directory, false).unwrap().token, third.token);
        let names: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["token"], "nothing is left over");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("retake");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let leaked = TokenFile::open_in(&directory, false).unwrap().token;
        let path = directory.join("token");
        assert_eq!(mode(&directory), 0o700);
        for wrong in [0o644, 0o640, 0o602] {
            assert_eq!(mode(&path), 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(wrong)).unwrap();
            let repaired = TokenFile::open_in(&directory, false).unwrap();
            assert_ne!(repaired.token, leaked, "{wrong:o}");
            assert!(repaired.note.unwrap().contains("other users"), "{wrong:o}");
        }
    }

    #[test]
    fn what_is_no_token_is_replaced_and_said() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        let empty_of_digits = "g".repeat(64);
        for bad in ["", "abc", &empty_of_digits, &"A".repeat(64), &"0".repeat(65)] {
            TokenFile::open_in(home.path(), true).unwrap();
            fs::write(&path, bad).unwrap();
            let opened = TokenFile::open_in(home.path(), false).unwrap();
            assert!(opened.note.unwrap().contains("held no token"), "{bad}");
            let again = TokenFile::open_in(home.path(), false).unwrap();
            assert_eq!(again.token, opened.token);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let elsewhere = home.path().join("elsewhere");
        fs::write(&elsewhere, "0".repeat(64)).unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
        let path = home.path().join("token");
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let opened = TokenFile::open_in(home.path(), false).unwrap();
        assert!(!opened.token.matches(&[b'0'; 64]));
        assert!(opened.note.unwrap().contains("plain file"));
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read(&elsewhere).unwrap(), [b'0'; 64]);
    }

    #[test]
    fn programs_that_start_at_once_agree() {
        let home = tempfile::tempdir().unwrap();
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let directory = home.path().to_owned();
                std::thread::spawn(move || TokenFile::open_in(&directory, false).unwrap().token)
            })
            .collect();
        let tokens: Vec<Token> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert!(tokens.iter().all(|token| *token == tokens[0]));
    }

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::random().unwrap();
        let digits = token.as_str().as_bytes();
        assert!(token.matches(digits));
        assert!(!token.matches(&digits[..63]));
        assert!(!token.matches(b""));
        for at in 0..64 {
            let mut other = digits.to_vec();
            other[at] ^= 1;
            assert!(!token.matches(&other), "digit {at}");
        }
        assert!(!format!("{token:?}").contains(token.as_str()));
    }
}
