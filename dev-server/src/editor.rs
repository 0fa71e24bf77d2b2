//! Opens a place of the plugin's source in the user's editor, for the links of the page.
//!
//! Runs on the web threads, when someone clicks. The file must be one of the crate's once links and
//! `..` are resolved; the editor is started directly, without a shell, and gets the file as a whole
//! word, so that no name can mean anything else.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    str::FromStr,
};

use crate::{
    project::Project,
    web::{OpenHandle, OpenRefused},
};

/// Editors that are known by their name alone, and what they are given.
const KNOWN: [(&str, &[&str]); 6] = [
    ("code", &["--goto", "{file}:{line}"]),
    ("codium", &["--goto", "{file}:{line}"]),
    ("cursor", &["--goto", "{file}:{line}"]),
    ("zed", &["{file}:{line}"]),
    ("subl", &["{file}:{line}"]),
    ("gvim", &["+{line}", "{file}"]),
];
/// Editors that need a terminal, of which a page has none.
const IN_TERMINAL: [&str; 8] = ["vim", "nvim", "vi", "hx", "helix", "kak", "nano", "micro"];

/// A command that opens a file at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor {
    program: String,
    /// With `{file}` and `{line}` in it.
    args: Vec<String>,
}

impl FromStr for Editor {
    type Err = String;

    /// A name that is known, or a command with `{file}` in it. Quotes keep words together.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = split(text)?.into_iter();
        let program = words.next().ok_or("an empty command is no editor")?;
        let mut args: Vec<String> = words.collect();
        let name = Path::new(&program).file_stem().unwrap_or_default().to_string_lossy();
        if IN_TERMINAL.contains(&&*name) {
            return Err(format!(
                "{name} runs in a terminal, and the page has none: name an editor with a window \
                 (code, zed), or a terminal that runs it, such as \"kitty {name} +{{line}} {{file}}\""
            ));
        }
        if args.is_empty() {
            let known = KNOWN.iter().find(|(known, _)| *known == name);
            args.extend(known.iter().flat_map(|(_, args)| args.iter().map(|&arg| arg.to_owned())));
        }
        if !args.iter().any(|arg| arg.contains("{file}")) {
            return Err(format!("{text:?} does not say where the file goes: add {{file}}"));
        }
        Ok(Self { program, args })
    }
}

impl Editor {
    /// `--editor`, else `RETAKE_EDITOR`; the reason why there is none.
    fn choose(given: Option<Self>) -> Result<Self, String> {
        if let Some(editor) = given {
            return Ok(editor);
        }
        match std::env::var("RETAKE_EDITOR") {
            Ok(text) => text.parse().map_err(|why| format!("RETAKE_EDITOR: {why}")),
            Err(_) => Err("no editor is known: set RETAKE_EDITOR, or start with --editor CMD, \
                           such as --editor code"
                .to_owned()),
        }
    }

    fn words(&self, file: &str, line: u32) -> Vec<String> {
        // Placed in one pass: a file's name may hold braces too.
        let place = |arg: &String| {
            let pieces: Vec<String> = arg
                .split("{file}")
                .map(|piece| piece.replace("{line}", &line.to_string()))
                .collect();
            pieces.join(file)
        };
        self.args.iter().map(place).collect()
    }

    fn open(&self, file: &Path, line: u32) -> Result<(), OpenRefused> {
        let file = file.to_str().ok_or(OpenRefused::NotFound)?;
        let mut command = Command::new(&self.program);
        command.args(self.words(file, line));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Ctrl-C in our terminal is not meant for it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .spawn()
            .map_err(|error| OpenRefused::NoEditor(format!("{}: {error}", self.program)))?;
        // Someone has to wait for it, so that no zombie stays.
        drop(std::thread::spawn(move || child.wait()));
        Ok(())
    }
}

/// Words between spaces; quotes keep spaces.
fn split(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in text.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(format!("{text:?} has a quote without its end")) } else { Ok(words) }
}

/// The files that may be opened.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Below it a file must be; links resolved.
    root: PathBuf,
    /// Where relative names start: compilers and build commands each have their own.
    bases: Vec<PathBuf>,
}

impl Sources {
    /// Those of the plugin's crate, or below the directory that a build command watches; `None` for
    /// a library that is built elsewhere.
    pub fn of(project: &Project) -> Option<Self> {
        let (root, base) = match project {
            Project::Cargo(package) => (package.dir(), &package.workspace_root),
            Project::Command(command) => (&*command.watch_dir, &command.working_dir),
            Project::Library(_) => return None,
        };
        let root = root.canonicalize().ok()?;
        Some(Self { bases: vec![base.clone(), root.clone()], root })
    }

    fn find(&self, file: &str) -> Option<PathBuf> {
        let found = self.bases.iter().filter_map(|base| base.join(file).canonicalize().ok());
        found.into_iter().find(|file| file.starts_with(&self.root) && file.is_file())
    }
}

/// What the web side opens places with.
pub fn opener(given: Option<Editor>, sources: Option<Sources>) -> OpenHandle {
    let editor = Editor::choose(given);
    OpenHandle::new(move |file, line| {
        let file = sources.as_ref().and_then(|sources| sources.find(file));
        let file = file.ok_or(OpenRefused::NotFound)?;
        let editor = editor.as_ref().map_err(|why| OpenRefused::NoEditor(why.clone()))?;
        editor.open(&file, line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn words(command: &str, file: &str) -> Vec<String> {
        let editor: Editor = command.parse().unwrap();
        [vec![editor.program.clone()], editor.words(file, 12)].concat()
    }

    #[test]
    fn known_editors_need_no_more_than_their_name() {
        assert_eq!(words("code", "/a b/x.rs"), ["code", "--goto", "/a b/x.rs:12"]);
        assert_eq!(words("/opt/zed", "/x.rs"), ["/opt/zed", "/x.rs:12"]);
    }

    #[test]
    fn a_command_says_where_file_and_line_go() {
        let command = "kitty -- 'my editor' \"+{line}\" {file} ''";
        let expected = ["kitty", "--", "my editor", "+12", "/a b.rs", ""];
        assert_eq!(words(command, "/a b.rs"), expected);
        assert_eq!(words("e {file}:{line}", "/{line}{file}.rs"), ["e", "/{line}{file}.rs:12"]);
    }

    #[test]
    fn what_cannot_open_a_file_is_refused_with_the_reason() {
        for (bad, why) in [
            ("vim", "terminal"),
            ("/usr/bin/nvim +{line} {file}", "terminal"),
            ("hx", "terminal"),
            ("", "empty"),
            ("unheard-of", "{file}"),
            ("code --goto", "{file}"),
            ("code '{file}", "quote"),
        ] {
            let said = bad.parse::<Editor>().unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_files_below_the_crate_are_found() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let workspace = home.path().canonicalize().unwrap();
        let root = workspace.join("plugin");
        fs::create_dir_all(root.join("src")).unwrap();
        for file in ["plugin/src/lib.rs", "plugin-other.rs", "outside.rs"] {
            fs::write(workspace.join(file), "").unwrap();
        }
        symlink(workspace.join("outside.rs"), root.join("src/link.rs")).unwrap();
        symlink(root.join("src/lib.rs"), workspace.join("into.rs")).unwrap();
        let sources = Sources { root: root.clone(), bases: vec![workspace.clone(), root.clone()] };
        let found = Some(root.join("src/lib.rs"));
        let absolute = root.join("src/lib.rs");
        for good in ["src/lib.rs", "plugin/src/lib.rs", "src/../src/lib.rs", "into.rs"] {
            assert_eq!(sources.find(good), found, "{good}");
        }
        assert_eq!(sources.find(absolute.to_str().unwrap()), found);
        let outside = workspace.join("outside.rs");
        for bad in [
            "",
            ".",
            "src",
            "src/none.rs",
            "src/link.rs",
            "outside.rs",
            "../outside.rs",
            "plugin-other.rs",
            "/etc/passwd",
            "src/lib.rs\0",
            outside.to_str().unwrap(),
        ] {
            assert_eq!(sources.find(bad), None, "{bad}");
        }
    }
}
