//! Cargo's dep-info: the make rule beside an artifact that names every file it was made from.

use std::path::{Path, PathBuf};

/// The files that `artifact` was made from; none when cargo wrote no dep-info.
pub(super) fn read(artifact: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(artifact.with_extension("d")).unwrap_or_default();
    sources(&text)
}

/// The right side of the first rule. Cargo escapes spaces as `\ ` and nothing else, so a backslash
/// elsewhere is part of a (Windows) path.
fn sources(text: &str) -> Vec<PathBuf> {
    let rule = text.lines().next().unwrap_or_default();
    let Some((_, right)) = rule.split_once(": ") else {
        return Vec::new();
    };
    let mut files = Vec::new();
    let mut file = String::new();
    for word in right.split(' ') {
        if let Some(head) = word.strip_suffix('\\') {
            file.push_str(head);
            file.push(' ');
            continue;
        }
        file.push_str(word);
        if !file.is_empty() {
            files.push(PathBuf::from(std::mem::take(&mut file)));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spaces_are_escaped() {
        let text = "/a\\ b/libx.so: /a\\ b/src/lib.rs /c\\ \\ d.rs  /e.rs\n\nother: /no.rs\n";
        let expected = ["/a b/src/lib.rs", "/c  d.rs", "/e.rs"].map(PathBuf::from);
        assert_eq!(sources(text), expected);
    }

    #[test]
    fn no_rule_no_files() {
        assert!(sources("").is_empty());
        assert!(sources("libx.so:\n").is_empty());
    }

    proptest! {
        #[test]
        fn what_cargo_writes_is_read_back(names in prop::collection::vec("/[a-z .:é]{0,8}[a-z]", 0..6)) {
            let escaped: Vec<_> = names.iter().map(|name| name.replace(' ', "\\ ")).collect();
            let text = format!("/target/libx.so: {}\n", escaped.join(" "));
            let expected: Vec<_> = names.iter().map(PathBuf::from).collect();
            prop_assert_eq!(sources(&text), expected);
        }
    }
}
