//! The guides in `docs/`: their commands are run and their code is compiled.

use std::fs;

use crate::folder::{BRIEFLY, Folder};

/// A fenced block of a page.
struct Block {
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let path = format!("{}/../docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(path).unwrap();
    let fenced = page.split("```").skip(1).step_by(2);
    fenced
        .map(|block| {
            let (language, text) = block.split_once('\n').unwrap();
            Block { language: language.to_owned(), text: text.trim_end().to_owned() }
        })
        .collect()
}

/// A reader who does what the page says.
struct Reader {
    folder: Folder,
    dir: String,
    before: Option<String>,
}

impl Reader {
    fn new() -> Self {
        Self { folder: Folder::new(), dir: ".".to_owned(), before: None }
    }

    fn follow(&mut self, page: &str) {
        for block in blocks(page) {
            match block.language.as_str() {
                "sh" => block.text.lines().for_each(|line| self.run(line)),
                "rust" => self.edit(block.text),
                _ => {}
            }
        }
        assert!(self.before.is_none(), "a block of code without what it becomes");
    }

    fn run(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["cd", dir] => dir.clone_into(&mut self.dir),
            ["retake"] => self.retake(&["run"], &BRIEFLY),
            ["retake", "run", ..] => self.retake(&words[1..], &BRIEFLY),
            ["retake", ..] => self.retake(&words[1..], &[]),
            [program, ref args @ ..] => {
                self.folder.run(&self.dir, program, args).succeeded();
            }
            [] => {}
        }
    }

    fn retake(&self, args: &[&str], more: &[&str]) {
        self.folder.retake(&self.dir, &[args, more].concat()).succeeded();
    }

    /// The first block of a pair is in the source, once; the second takes its place.
    fn edit(&mut self, text: String) {
        let Some(before) = self.before.take() else {
            self.before = Some(text);
            return;
        };
        let file = format!("{}/src/lib.rs", self.dir);
        let source = self.folder.read(&file);
        assert_eq!(source.matches(&before).count(), 1, "{before:?} in\n{source}");
        self.folder.write(&file, &source.replace(&before, &text));
        self.folder.run(&self.dir, "cargo", &["test", "--locked"]).succeeded();
    }
}

#[test]
fn the_first_plugin_is_made_as_the_guide_says() {
    let mut reader = Reader::new();
    reader.follow("first-plugin.md");
    let bundled = format!("{}/new-plugins/bundled/wobble.clap", env!("CARGO_TARGET_TMPDIR"));
    assert!(fs::metadata(bundled).is_ok());
}

#[test]
fn the_foreign_plugin_is_made_as_the_guide_says() {
    let mut reader = Reader::new();
    reader.follow("foreign-plugins.md");
    assert!(reader.folder.path("in-c/in-c.clap").is_file());
}
