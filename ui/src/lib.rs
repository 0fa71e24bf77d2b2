//! The page of Retake: plain ES modules under `static/`, embedded in the binary.
//!
//! Owns the bytes and content types of the page's files, and nothing else: it opens no socket and
//! knows no route but the file names. A debug build reads the files from disk at each call, so an
//! edited page needs a browser reload only; a release build carries them inside the binary. Any
//! thread may call it; it is never called on the audio path (it allocates, and reads files in debug).

use std::borrow::Cow;

/// The directory that is embedded. A path that was not there at build time does not exist in release.
#[derive(rust_embed::Embed)]
#[folder = "static/"]
struct Static;

/// One file of the page, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The file's bytes: borrowed from the binary in release, owned in debug.
    pub bytes: Cow<'static, [u8]>,
    /// The value of the `Content-Type` header. Exact, so that `nosniff` can be sent with it.
    pub content_type: &'static str,
}

/// The file of the page at `path` – a URL path without query, with or without its leading slash;
/// the empty path and `/` are `index.html`.
///
/// `None` for everything that is not a file of the page. Only plain names are accepted between the
/// slashes: no empty one, no `.` or `..`, nothing but letters, digits, `-`, `_` and `.` – so no
/// path can point outside the page's directory, in whatever way the system reads it.
pub fn file(path: &str) -> Option<Asset> {
    let name = match path.strip_prefix('/').unwrap_or(path) {
        "" => "index.html",
        name => name,
    };
    if !name.split('/').all(is_plain) {
        return None;
    }
    let content_type = content_type(name)?;
    let bytes = Static::get(name)?.data;
    Some(Asset { bytes, content_type })
}

/// Whether one piece of a path is a plain file or directory name; a leading dot hides a file.
fn is_plain(piece: &str) -> bool {
    !piece.is_empty()
        && !piece.starts_with('.')
        && piece.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The content type by extension; a kind of file that the page does not use is not served.
fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_page() {
        let page = file("/").unwrap();
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(page.bytes.starts_with(b"<!doctype html>"));
        assert_eq!(file("").unwrap(), page);
        assert_eq!(file("index.html").unwrap(), page);
        assert_eq!(file("/index.html").unwrap(), page);
    }

    #[test]
    fn modules_and_styles_have_types_a_browser_accepts() {
        assert_eq!(file("/app.js").unwrap().content_type, "text/javascript; charset=utf-8");
        assert_eq!(file("/style/tokens.css").unwrap().content_type, "text/css; charset=utf-8");
        assert_eq!(file("/icon.svg").unwrap().content_type, "image/svg+xml");
    }

    #[test]
    fn no_path_leaves_the_directory() {
        let outside = [
            "../Cargo.toml",
            "/../Cargo.toml",
            "//index.html",
            "lib/../index.html",
            "./index.html",
            "lib//socket.js",
            "..\\Cargo.toml",
            "lib\\socket.js",
            "/etc/passwd",
            "C:/index.html",
            "index.html\0",
            "%2e%2e/Cargo.toml",
            ".",
            "..",
            "lib",
            "lib/",
            "/index.html/",
            ".hidden.js",
            "../src/lib.rs",
            "../static/index.html",
        ];
        for path in outside {
            assert_eq!(file(path), None, "{path:?} must not be served");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_none() {
        assert_eq!(file("/nothing.js"), None);
    }

    /// The server sends `default-src 'self'`: one inline script, style or handler would be dead.
    #[test]
    fn the_page_is_written_for_a_strict_content_policy() {
        let page = file("/").unwrap();
        let html = std::str::from_utf8(&page.bytes).unwrap();
        for forbidden in [
            "<style",
            " style=",
            " onclick",
            " onload",
            " oninput",
            "javascript:",
            "http:",
            "https:",
            "src=\"//",
        ] {
            let found = html.find(forbidden).map(|at| &html[at..]);
            assert_eq!(found, None, "{forbidden:?} in index.html");
        }
        assert_eq!(
            html.matches("<script").count(),
            html.matches("<script type=\"module\" src=").count()
        );
    }

    /// Every file that the page or a module names is there: nothing is missing in a release build.
    #[test]
    fn every_name_in_the_page_is_served() {
        let page = file("/").unwrap();
        let html = std::str::from_utf8(&page.bytes).unwrap();
        let names = html.split('"').filter(|s| s.starts_with('/') && content_type(s).is_some());
        let mut count = 0;
        for name in names {
            assert!(file(name).is_some(), "{name} is named by index.html");
            count += 1;
        }
        assert!(count > 5, "only {count} names found");
    }
}
