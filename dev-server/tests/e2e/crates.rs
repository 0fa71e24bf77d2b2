//! Plugins as a user has them: crates outside of this workspace, edited while they sound.
//!
//! They share one workspace below cargo's place for tests, so that the SDK compiles once for all.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use crate::server::tmp;

/// Every crate that a test edits; all are there from the start, because they share a workspace.
const NAMES: [&str; 17] = [
    "audited",
    "late",
    "law",
    "take",
    "saves",
    "broken",
    "pulse",
    "page",
    "many",
    "nan",
    "refused",
    "signals",
    "first",
    "hostile",
    "screenshot",
    "everything",
    "reports",
];

/// The SDK's examples, each with what it needs beside the SDK.
const EXAMPLES: [(&str, &str); 5] = [
    ("filter", ""),
    ("delay", ""),
    ("compressor", ""),
    ("synth", ""),
    ("analyzer", "realfft = \"3.5.1\"\n"),
];

/// A gain plugin whose source can be rewritten. One at a time: they share cargo's lock, and builds
/// beside each other would say nothing about the time between saves.
pub(crate) struct Crate {
    pub(crate) dir: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

/// The body of `process` that the crates begin with.
pub(crate) const UNITY: &str = "*sample *= gain;";

impl Crate {
    /// The crate of that name, as it was at first.
    pub(crate) fn new(name: &str) -> Self {
        assert!(NAMES.contains(&name), "add {name} to NAMES");
        let this = Self::below("", name);
        this.law(UNITY);
        this
    }

    fn below(folder: &str, name: &str) -> Self {
        static MADE: Once = Once::new();
        let alone = alone();
        MADE.call_once(make_workspace);
        Self { dir: tmp("plugins").join(folder).join(name), _alone: alone }
    }

    /// The SDK's example of that name, as it is in the repository.
    pub(crate) fn example(name: &str) -> Self {
        let this = Self::below("examples", name);
        this.save("src/lib.rs", &example_source(name));
        this
    }

    /// Replaces a part of the source that stands there once.
    pub(crate) fn edit(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.dir.join("src/lib.rs")).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {}", self.dir.display());
        self.save("src/lib.rs", &text.replace(old, new));
    }

    /// The directory, as a word of the command line.
    pub(crate) fn path(&self) -> &str {
        self.dir.to_str().unwrap()
    }

    /// Saves the plugin with this statement for each `sample` (with the smoothed `gain` at hand).
    pub(crate) fn law(&self, statement: &str) {
        self.save("src/lib.rs", &source(statement));
    }

    /// Saves a file in place.
    pub(crate) fn save(&self, file: &str, text: &str) {
        write(&self.dir.join(file), text);
    }

    /// Saves files as editors do, written aside, then renamed: all at once.
    pub(crate) fn save_by_rename(&self, files: &[(&str, &str)]) {
        let aside: Vec<_> = (0..files.len()).map(|n| tmp("aside").join(n.to_string())).collect();
        for (path, (_, text)) in aside.iter().zip(files) {
            fs::write(path, text).unwrap();
        }
        for (path, (file, _)) in aside.iter().zip(files) {
            fs::rename(path, self.dir.join(file)).unwrap();
        }
    }
}

/// Held while a plugin is edited and built.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The source of a gain plugin with this statement per sample.
pub(crate) fn source(statement: &str) -> String {
    format!(
        r#"//! A plugin under test.
#![forbid(unsafe_code)]
use retake_sdk::{{Block, Context, FloatParam, Params, Plugin, db_to_gain, export_plugin}};

#[derive(Debug, Params)]
pub struct GainParams {{
    #[param(name = "Gain", range = -60.0..=12.0, default = 0.0, unit = "dB", smoothing = linear_ms(15.0))]
    gain: FloatParam,
}}

#[derive(Debug, Default)]
pub struct Gain;

impl Plugin for Gain {{
    type Params = GainParams;
    const ID: &'static str = "org.retake.test-gain";
    const NAME: &'static str = "Test Gain";
    const VENDOR: &'static str = "Retake";

    fn process(&mut self, params: &mut GainParams, block: &mut Block<'_>, _ctx: &mut Context<'_>) {{
        block.each_frame(|frame| {{
            let gain = db_to_gain(params.gain.next());
            frame.for_each(|sample| {{ {statement} }});
        }});
    }}
}}

export_plugin!(Gain);
"#
    )
}

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn example_source(name: &str) -> String {
    fs::read_to_string(format!("{REPOSITORY}/plugin-sdk/examples/{name}/src/lib.rs")).unwrap()
}

fn make_workspace() {
    let root = tmp("plugins");
    let plugins = NAMES.iter().map(|name| ((*name).to_owned(), source(UNITY), ""));
    let examples = EXAMPLES
        .iter()
        .map(|(name, needs)| (format!("examples/{name}"), example_source(name), *needs));
    let crates: Vec<_> = plugins.chain(examples).collect();
    let members: Vec<String> = crates.iter().map(|(dir, ..)| format!("{dir:?}")).collect();
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    write(&root.join("Cargo.toml"), &manifest);
    // The same versions as ours, so that nothing has to be looked up.
    let lock = fs::read_to_string(format!("{REPOSITORY}/Cargo.lock")).unwrap();
    if !root.join("Cargo.lock").exists() {
        write(&root.join("Cargo.lock"), &lock);
    }
    for (dir, source, needs) in crates {
        let (dir, name) = (root.join(&dir), dir.rsplit('/').next().unwrap_or(&dir).to_owned());
        fs::create_dir_all(dir.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\nretake-sdk = {{ path = \"{REPOSITORY}/plugin-sdk\" }}\n{needs}"
        );
        write(&dir.join("Cargo.toml"), &manifest);
        write(&dir.join("src/lib.rs"), &source);
    }
}

/// Writes only what differs: a touch is no change, but tests should not lean on that.
pub(crate) fn write(path: &std::path::Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).unwrap();
}
