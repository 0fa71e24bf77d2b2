//! What a new plugin is made of: files of this repository, with three words replaced.
//!
//! The words stand in the files as text that is valid there: `plugin-name`, `Plugin Name` and
//! `sdk-path`.

use std::{fs, io, path::Path};

use clap::ValueEnum;

use super::PluginName;

/// What to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// A tremolo: sound in, sound out.
    Effect,
    /// A synthesizer: notes in, sound out.
    Synth,
    /// An analyzer: sound in, probes and meters out.
    Analyzer,
    /// A gain in C, without the SDK.
    C,
}

/// What is filled in.
pub(super) struct Words<'a> {
    pub(super) name: &'a PluginName,
    pub(super) sdk: Option<&'a str>,
    /// A workspace around the crate would claim it.
    pub(super) is_in_workspace: bool,
}

struct File {
    path: &'static str,
    text: &'static str,
    is_program: bool,
}

const fn file(path: &'static str, text: &'static str) -> File {
    File { path, text, is_program: false }
}

const fn program(path: &'static str, text: &'static str) -> File {
    File { path, text, is_program: true }
}

/// The files of a crate: its code and its README; the rest is the same for all.
const fn rust(lib: &'static str, readme: &'static str) -> [File; 4] {
    [
        file("Cargo.toml", include_str!("../../templates/crate/Cargo.toml")),
        file(".gitignore", include_str!("../../templates/crate/gitignore")),
        file("README.md", readme),
        file("src/lib.rs", lib),
    ]
}

const EFFECT: &[File] = &rust(
    include_str!("../../templates/effect/lib.rs"),
    include_str!("../../templates/effect/README.md"),
);
const SYNTH: &[File] = &rust(
    include_str!("../../templates/synth/lib.rs"),
    include_str!("../../templates/synth/README.md"),
);
const ANALYZER: &[File] = &rust(
    include_str!("../../templates/analyzer/lib.rs"),
    include_str!("../../templates/analyzer/README.md"),
);
const C: &[File] = &[
    file("README.md", include_str!("../../templates/c/README.md")),
    file(".gitignore", include_str!("../../templates/c/gitignore")),
    program("build.sh", include_str!("../../templates/c/build.sh")),
    program("test.sh", include_str!("../../templates/c/test.sh")),
    file("src/plugin.c", include_str!("../../templates/c/src/plugin.c")),
    file("src/clap.h", include_str!("../../templates/c/src/clap.h")),
    file("tests/test.c", include_str!("../../templates/c/tests/test.c")),
];

/// Makes the crate its own workspace.
const STANDS_ALONE: &str = "
# This crate stands alone, although it lies inside of a workspace. To make it a member, remove this
# line and add the crate to that workspace's `members`.
[workspace]
";

impl Template {
    /// What it makes, in a few words.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Effect => "a tremolo",
            Self::Synth => "a synthesizer",
            Self::Analyzer => "an analyzer",
            Self::C => "a gain in C",
        }
    }

    /// The commands to go on with.
    pub(super) fn next(self, name: &PluginName) -> Vec<String> {
        let enter = format!("cd {name}");
        match self {
            Self::C => {
                let run = format!("retake run {name}.clap --build ./build.sh --watch src");
                vec![enter, run, "./test.sh".to_owned()]
            }
            _ => vec![enter, "retake".to_owned(), "cargo test".to_owned()],
        }
    }

    /// Writes all files below `dir`, which is made.
    pub(super) fn write(self, dir: &Path, words: &Words<'_>) -> io::Result<()> {
        for file in self.files() {
            let path = dir.join(file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut text = words.fill(file.text);
            if file.path == "Cargo.toml" && words.is_in_workspace {
                text.push_str(STANDS_ALONE);
            }
            fs::write(&path, text)?;
            if file.is_program {
                make_executable(&path)?;
            }
        }
        Ok(())
    }

    fn files(self) -> &'static [File] {
        match self {
            Self::Effect => EFFECT,
            Self::Synth => SYNTH,
            Self::Analyzer => ANALYZER,
            Self::C => C,
        }
    }
}

impl Words<'_> {
    fn fill(&self, text: &str) -> String {
        let text = text
            .replace("plugin-name", self.name.as_str())
            .replace("Plugin Name", &self.name.title());
        match self.sdk {
            // A JSON string is a TOML string.
            Some(sdk) => {
                let path = format!("path = {}", serde_json::Value::from(sdk));
                text.replace("path = \"sdk-path\"", &path)
            }
            None => text,
        }
    }
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = fs::metadata(path)?.permissions();
    // Whoever may read it may run it.
    permissions.set_mode(permissions.mode() | (permissions.mode() & 0o444) >> 2);
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_and_the_code_is_short() {
        let name: PluginName = "warm-delay".parse().unwrap();
        let words = Words { name: &name, sdk: Some("/a \"b\"\\c"), is_in_workspace: true };
        for template in [Template::Effect, Template::Synth, Template::Analyzer, Template::C] {
            let dir = tempfile::tempdir().unwrap();
            template.write(dir.path(), &words).unwrap();
            for file in template.files() {
                is_filled_and_short(file, &fs::read_to_string(dir.path().join(file.path)).unwrap());
            }
        }
    }

    fn is_filled_and_short(file: &File, text: &str) {
        let words = ["plugin-name", "Plugin Name", "sdk-path"];
        assert!(!words.iter().any(|word| text.contains(word)), "{}:\n{text}", file.path);
        let most = match file.path {
            "src/lib.rs" => 60,
            "README.md" => 10,
            _ => usize::MAX,
        };
        assert!(text.lines().count() <= most, "{}:\n{text}", file.path);
    }

    #[test]
    fn the_sdks_path_is_quoted_for_toml() {
        let name: PluginName = "x".parse().unwrap();
        let words = Words { name: &name, sdk: Some("/a \"b\"\\c"), is_in_workspace: false };
        let dir = tempfile::tempdir().unwrap();
        Template::Effect.write(dir.path(), &words).unwrap();
        let manifest = fs::read_to_string(dir.path().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(r#"path = "/a \"b\"\\c""#), "{manifest}");
        assert!(!manifest.contains("[workspace]"));
    }
}
