//! What a compiler was told, read from the command line that `cargo -v` prints.

/// The codegen options (`-C`) of one call of rustc, in order; the last of a key counts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Flags {
    options: Vec<(String, String)>,
    out_dir: Option<String>,
}

impl Flags {
    /// Reads the words of a call.
    pub(super) fn read(words: &[String]) -> Self {
        let mut flags = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let option = match word.as_str() {
                "-C" | "--codegen" => words.next().map(String::as_str),
                "-g" => Some("debuginfo=2"),
                "--out-dir" => {
                    flags.out_dir = words.next().cloned();
                    None
                }
                word => word.strip_prefix("-C").or(word.strip_prefix("--codegen=")),
            };
            let Some(option) = option else { continue };
            let (key, value) = option.split_once('=').unwrap_or((option, ""));
            flags.options.push((key.replace('_', "-"), value.to_owned()));
        }
        flags
    }

    /// The value that counts.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.all(key).last()
    }

    /// How often it was said: cargo says each key once, by the profile.
    pub(super) fn count(&self, key: &str) -> usize {
        self.all(key).count()
    }

    /// Where the library goes.
    pub(super) fn out_dir(&self) -> Option<&str> {
        self.out_dir.as_deref()
    }

    /// The flag that took the choice of a linker from the compiler.
    pub(super) fn linker_choice(&self) -> Option<String> {
        let is_choice = |(key, value): &&(String, String)| match key.as_str() {
            "linker" | "linker-flavor" | "linker-features" | "link-self-contained" => true,
            "link-arg" | "link-args" => value.contains("-fuse-ld"),
            _ => false,
        };
        let (key, value) = self.options.iter().rfind(is_choice)?;
        Some(format!("-C {key}={value}"))
    }

    fn all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.options.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }
}

/// Whether the value makes a rebuild slower than the one of our profile.
pub(super) fn is_costly(key: &str, value: &str) -> bool {
    match key {
        "codegen-units" => value.parse().is_ok_and(|n: u32| n < 16),
        "debuginfo" => ["2", "full"].contains(&value),
        _ => !["off", "no", "n", "false"].contains(&value),
    }
}
