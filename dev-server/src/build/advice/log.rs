//! What `cargo -v` says while it builds: what it takes for changed, why, and how it calls rustc.

use std::time::{Duration, SystemTime};

use super::Flags;
use crate::build::{cargo::status, child::Line};

/// A build, as cargo told it.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The call that made the plugin's library.
    pub(super) compiled: Option<Compiled>,
    pub(super) rebuilt: Option<Rebuilt>,
}

/// A call of the compiler.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) at: SystemTime,
    pub(super) flags: Flags,
}

/// Packages that cargo compiled again for another reason than an edit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rebuilt {
    /// All of them but the plugin's.
    pub(super) names: Vec<String>,
    /// The one where it began.
    pub(super) package: String,
    /// Cargo's words.
    pub(super) why: String,
    /// Until it was the plugin's own turn.
    pub(super) took: Duration,
}

impl Log {
    /// Reads the lines of a build whose library's crate has this name.
    pub(super) fn read(lines: &[Line], crate_name: &str) -> Self {
        let compiled = lines.iter().find_map(|line| {
            let call = of_verb(&line.text, "Running")?;
            let words = words(call.strip_prefix('`')?.strip_suffix('`')?);
            let is_ours = has_pair(&words, "--crate-name", crate_name)
                && has_pair(&words, "--crate-type", "cdylib");
            is_ours.then(|| Compiled { at: line.at, flags: Flags::read(&words) })
        });
        let rebuilt = compiled.as_ref().and_then(|compiled| rebuilt(lines, compiled, crate_name));
        Self { compiled, rebuilt }
    }
}

fn rebuilt(lines: &[Line], compiled: &Compiled, crate_name: &str) -> Option<Rebuilt> {
    let dirty: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            let what = of_verb(&line.text, "Dirty")?;
            let (package, why) = what.split_once(": ")?;
            Some((line.at, package.split(' ').next()?, why))
        })
        .collect();
    let (_, package, why) = dirty.iter().find(|(_, _, why)| !is_expected(why))?;
    let mut names: Vec<String> = dirty.iter().map(|(_, name, _)| (*name).to_owned()).collect();
    names.retain(|name| name.replace('-', "_") != crate_name);
    names.sort();
    names.dedup();
    Some(Rebuilt {
        names,
        package: (*package).to_owned(),
        why: (*why).to_owned(),
        took: compiled.at.duration_since(dirty[0].0).unwrap_or_default(),
    })
}

/// An edit, or what follows from another package's.
fn is_expected(why: &str) -> bool {
    let of_file = why.starts_with("the file `") && why.contains("` has changed");
    of_file || why.starts_with("the dependency ")
}

fn of_verb<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    status(line).filter(|(verb, _)| *verb == wanted).map(|(_, what)| what)
}

fn has_pair(words: &[String], first: &str, second: &str) -> bool {
    words.windows(2).any(|pair| pair[0] == first && pair[1] == second)
}

/// The words of a shell line, without their quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (_, c) => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
